//! Readiness of descriptors, one shot at a time.
//!
//! A thread loops on [`Poller::wait`]; everybody else arms descriptors from any thread. Arming asks for one report of each
//! direction: what was reported is disarmed until it is armed again (as the reference's check-io does for ports). Every descriptor
//! carries a token of the caller's choice, and an epoch of ours, so that an event of a descriptor that was forgotten, closed, or whose
//! number was used again in between never reaches the new owner.
//!
//! The system's queue is edge-triggered and is told of a descriptor once. What it reports of directions that are not armed is
//! remembered, and a descriptor that reports in vain twice is taken out. So arming again passes by the system, which then
//! looks at the readiness anew, only if there may be something that no edge will tell: unless the caller has just been
//! told that the call would block (`dry`), and nothing was reported since. What the system
//! refuses (regular files, `/dev/null`) never blocks and is reported ready at once.

mod queue;

use mio::unix::SourceFd;
use mio::{Poll, Registry, Token, Waker};
use queue::{Event, Events};
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};

/// Directions of interest or of readiness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    pub read: bool,
    pub write: bool,
}

impl Interest {
    pub const READ: Interest = Interest { read: true, write: false };
    pub const WRITE: Interest = Interest { read: false, write: true };
    pub const BOTH: Interest = Interest { read: true, write: true };
    const NONE: Interest = Interest { read: false, write: false };

    /// What either has.
    pub fn union(self, o: Interest) -> Interest {
        Interest { read: self.read || o.read, write: self.write || o.write }
    }

    /// What `o` has not.
    pub fn minus(self, o: Interest) -> Interest {
        Interest { read: self.read && !o.read, write: self.write && !o.write }
    }

    /// What both have.
    pub fn both(self, o: Interest) -> Interest {
        Interest { read: self.read && o.read, write: self.write && o.write }
    }

    /// Neither direction.
    pub fn is_empty(self) -> bool {
        self == Interest::NONE
    }

    fn to_mio(self) -> mio::Interest {
        // Urgent data cut reads short: one must know of them.
        #[cfg(target_os = "linux")]
        let read = mio::Interest::READABLE | mio::Interest::PRIORITY;
        #[cfg(not(target_os = "linux"))]
        let read = mio::Interest::READABLE;
        match (self.read, self.write) {
            (true, false) => read,
            (false, true) => mio::Interest::WRITABLE,
            _ => read | mio::Interest::WRITABLE,
        }
    }
}

/// One report of [`Poller::wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    pub fd: RawFd,
    /// What the caller gave when arming.
    pub token: u64,
    /// The armed directions that are ready; errors and hang-ups make both ready.
    pub interest: Interest,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    epoch: u32,
    token: u64,
    armed: Interest,
    /// What the system watches; nothing if it does not know the descriptor by this entry.
    watched: Interest,
    /// What it reported while it was not armed.
    pending: Interest,
    /// It reported an end or an error, which no further edge may tell.
    ended: bool,
    /// In the list of descriptors that are always ready.
    queued: bool,
}

impl Entry {
    fn registered(&self) -> bool {
        !self.watched.is_empty()
    }
}

#[derive(Default)]
struct Table {
    /// By descriptor number; the system keeps these small.
    entries: Vec<Entry>,
    /// Armed descriptors that the system refused to watch.
    always: Vec<RawFd>,
}

/// Descriptors in a set, those that are ready without asking the system, and the memory of the set.
#[derive(Clone, Copy, Debug, Default)]
pub struct PollState {
    pub watched: usize,
    pub active: usize,
    pub bytes: usize,
}

/// A set of watched descriptors.
pub struct Poller {
    poll: Mutex<(Poll, Events)>,
    registry: Registry,
    waker: Waker,
    table: Mutex<Table>,
    /// Descriptors that the system has been told of, and those that it refused.
    known: AtomicUsize,
}

const WAKE: Token = Token(usize::MAX);

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(|e| e.into_inner())
}

fn token_of(fd: RawFd, epoch: u32) -> Token {
    Token((u64::from(epoch & 0x7fff_ffff) << 32 | fd as u32 as u64) as usize)
}

impl Poller {
    /// An empty set. Fails when descriptors are out.
    pub fn new() -> io::Result<Poller> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(&registry, WAKE)?;
        let poll = Mutex::new((poll, Events::new()));
        Ok(Poller { poll, registry, waker, table: Mutex::default(), known: AtomicUsize::new(0) })
    }

    /// Asks for one report of each direction of `interest`, besides what is armed already. `token` replaces the earlier one.
    pub fn arm(&self, fd: RawFd, token: u64, interest: Interest) -> io::Result<()> {
        self.arm_dry(fd, token, interest, Interest::NONE)
    }

    /// As [`Poller::arm`]; in the directions of `dry` the last call on the descriptor has shown that the next would block.
    pub fn arm_dry(
        &self,
        fd: RawFd,
        token: u64,
        interest: Interest,
        dry: Interest,
    ) -> io::Result<()> {
        let Ok(index) = usize::try_from(fd) else {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        };
        if interest.is_empty() {
            return Ok(());
        }
        let mut table = lock(&self.table);
        let table = &mut *table;
        if table.entries.len() <= index {
            // A number that is not open must not grow the table.
            if !crate::fd::is_open(fd) {
                return Err(io::Error::from_raw_os_error(libc::EBADF));
            }
            table.entries.resize(index + 1, Entry::default());
        }
        let entry = &mut table.entries[index];
        let wanted = entry.armed.union(interest);
        let will_tell = entry.watched.both(dry).minus(entry.pending);
        if entry.ended || !interest.minus(will_tell).is_empty() {
            // Reading is watched on: it is wanted again soon, and seldom reported in vain.
            let read = Interest { write: false, ..entry.watched };
            match self.watch(fd, entry, wanted.union(read)) {
                Ok(()) => {}
                Err(e) if e.raw_os_error() == Some(libc::EPERM) => {
                    if !entry.queued {
                        entry.queued = true;
                        table.always.push(fd);
                        self.known.fetch_add(1, Ordering::SeqCst);
                    }
                    self.waker.wake()?;
                }
                Err(e) => return Err(e),
            }
        }
        entry.token = token;
        entry.armed = wanted;
        Ok(())
    }

    /// Tells the system; a number that was closed and opened again behind our back is put right here.
    fn watch(&self, fd: RawFd, entry: &mut Entry, what: Interest) -> io::Result<()> {
        let token = token_of(fd, entry.epoch);
        let source = &mut SourceFd(&fd);
        let interest = what.to_mio();
        let result = if entry.registered() {
            match self.registry.reregister(source, token, interest) {
                Err(e) if e.raw_os_error() == Some(libc::ENOENT) => {
                    self.registry.register(source, token, interest)
                }
                other => other,
            }
        } else {
            match self.registry.register(source, token, interest) {
                Err(e) if e.raw_os_error() == Some(libc::EEXIST) => {
                    self.registry.reregister(source, token, interest)
                }
                other => other,
            }
        };
        self.set_watched(entry, if result.is_ok() { what } else { Interest::NONE });
        // It looks anew.
        entry.pending = Interest::NONE;
        entry.ended = false;
        result
    }

    fn set_watched(&self, entry: &mut Entry, what: Interest) {
        match (entry.registered(), what.is_empty()) {
            (false, false) => _ = self.known.fetch_add(1, Ordering::SeqCst),
            (true, true) => _ = self.known.fetch_sub(1, Ordering::SeqCst),
            _ => {}
        }
        entry.watched = what;
    }

    /// Takes back what was armed. A report that a waiting thread has already taken may still be on its way.
    pub fn disarm(&self, fd: RawFd, interest: Interest) {
        let mut table = lock(&self.table);
        if let Some(entry) = usize::try_from(fd).ok().and_then(|i| table.entries.get_mut(i)) {
            entry.armed = entry.armed.minus(interest);
        }
    }

    /// As [`Poller::disarm`], unless somebody else has armed the descriptor since: `token` is not the latest.
    pub fn disarm_own(&self, fd: RawFd, token: u64, interest: Interest) {
        let mut table = lock(&self.table);
        let entry = usize::try_from(fd).ok().and_then(|i| table.entries.get_mut(i));
        if let Some(entry) = entry.filter(|e| e.token == token) {
            entry.armed = entry.armed.minus(interest);
        }
    }

    /// As [`Poller::forget`], unless somebody else has armed the descriptor since: `token` is not the latest.
    pub fn forget_own(&self, fd: RawFd, token: u64) {
        let table = lock(&self.table);
        let entry = usize::try_from(fd).ok().and_then(|i| table.entries.get(i));
        if entry.is_some_and(|e| e.token == token) {
            self.drop_entry(table, fd);
        }
    }

    /// Drops the descriptor from the set. To be called before it is closed.
    pub fn forget(&self, fd: RawFd) {
        self.drop_entry(lock(&self.table), fd);
    }

    fn drop_entry(&self, mut table: MutexGuard<'_, Table>, fd: RawFd) {
        let Some(entry) = usize::try_from(fd).ok().and_then(|i| table.entries.get_mut(i)) else {
            return;
        };
        if entry.registered() {
            // A descriptor that was closed already is gone from the system's set as well.
            let _ = self.registry.deregister(&mut SourceFd(&fd));
            self.set_watched(entry, Interest::NONE);
        }
        *entry =
            Entry { epoch: entry.epoch.wrapping_add(1), queued: entry.queued, ..Entry::default() };
    }

    /// Whether nothing can be reported.
    pub fn is_idle(&self) -> bool {
        self.known.load(Ordering::SeqCst) == 0
    }

    /// How many descriptors are in the set (`system_info(check_io)`).
    pub fn watched(&self) -> usize {
        self.state().watched
    }

    /// What the set holds and takes.
    pub fn state(&self) -> PollState {
        let table = lock(&self.table);
        let watched = table.entries.iter().filter(|e| e.registered() || e.queued).count();
        let active = table.entries.iter().filter(|e| e.queued).count();
        let bytes = table.entries.capacity() * size_of::<Entry>() + size_of::<Poller>();
        PollState { watched, active, bytes }
    }

    /// Makes a thread in [`Poller::wait`], or the next to enter, return.
    pub fn wake(&self) -> io::Result<()> {
        self.waker.wake()
    }

    /// Waits for reports and appends them to `out`, which is left empty on a wake-up or after `timeout_ns` nanoseconds
    /// (`None`: no limit). One thread waits at a time, others queue up behind it.
    pub fn wait(&self, timeout_ns: Option<u64>, out: &mut Vec<Ready>) -> io::Result<()> {
        self.wait_locked(lock(&self.poll), timeout_ns, out)
    }

    /// As [`Poller::wait`], unless another thread waits: then it returns `None` at once.
    pub fn try_wait(
        &self,
        timeout_ns: Option<u64>,
        out: &mut Vec<Ready>,
    ) -> Option<io::Result<()>> {
        let poll = match self.poll.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(e)) => e.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(self.wait_locked(poll, timeout_ns, out))
    }

    fn wait_locked(
        &self,
        mut poll: MutexGuard<'_, (Poll, Events)>,
        mut timeout_ns: Option<u64>,
        out: &mut Vec<Ready>,
    ) -> io::Result<()> {
        let (poll, events) = &mut *poll;
        if !lock(&self.table).always.is_empty() {
            timeout_ns = Some(0);
        }
        match events.wait(poll, timeout_ns) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        let mut table = lock(&self.table);
        for event in events.iter().filter(|e| e.token != WAKE) {
            match table.take(&event) {
                Taken::Nothing => {}
                Taken::Report(ready) => out.push(ready),
                Taken::InVain(fd) => {
                    let Some(entry) = table.entries.get_mut(fd as usize) else { continue };
                    let armed = entry.armed;
                    if armed.is_empty() || self.watch(fd, entry, armed).is_err() {
                        let _ = self.registry.deregister(&mut SourceFd(&fd));
                        self.set_watched(entry, Interest::NONE);
                    }
                }
            }
        }
        if !table.always.is_empty() {
            let before = table.always.len();
            table.take_always(out);
            self.known.fetch_sub(before, Ordering::SeqCst);
        }
        Ok(())
    }
}

/// What becomes of an event.
enum Taken {
    Nothing,
    Report(Ready),
    /// Nobody has waited for two in a row: only what is armed is to be watched.
    InVain(RawFd),
}

impl Table {
    /// The report that an event of the system stands for, if anybody waits for it still.
    fn take(&mut self, event: &Event) -> Taken {
        let fd = event.token.0 as u32 as RawFd;
        let entry = usize::try_from(fd).ok().and_then(|i| self.entries.get_mut(i));
        let Some(entry) = entry.filter(|e| token_of(fd, e.epoch) == event.token) else {
            return Taken::Nothing;
        };
        let interest = entry.armed.both(event.ready);
        entry.armed = entry.armed.minus(interest);
        entry.ended |= event.ended;
        let rest = event.ready.minus(interest);
        let again = !rest.both(entry.pending).is_empty();
        entry.pending = entry.pending.minus(interest).union(rest);
        if !interest.is_empty() {
            Taken::Report(Ready { fd, token: entry.token, interest })
        } else if again {
            Taken::InVain(fd)
        } else {
            Taken::Nothing
        }
    }

    fn take_always(&mut self, out: &mut Vec<Ready>) {
        for fd in std::mem::take(&mut self.always) {
            let Some(entry) = self.entries.get_mut(fd as usize) else { continue };
            entry.queued = false;
            let interest = std::mem::take(&mut entry.armed);
            if !interest.is_empty() && !entry.registered() {
                out.push(Ready { fd, token: entry.token, interest });
            } else {
                entry.armed = interest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fd;
    use std::os::fd::AsRawFd;
    use std::sync::Arc;
    use std::time::Duration;

    const NOW: Option<u64> = Some(0);
    const SOON: Option<u64> = Some(5_000_000_000);

    fn wait(p: &Poller, t: Option<u64>) -> Vec<Ready> {
        let mut v = Vec::new();
        p.wait(t, &mut v).unwrap();
        v
    }

    #[test]
    fn one_shot() {
        let p = Poller::new().unwrap();
        let (r, w) = fd::pipe().unwrap();
        p.arm(r.as_raw_fd(), 42, Interest::READ).unwrap();
        assert!(wait(&p, NOW).is_empty());
        fd::write(w.as_raw_fd(), b"x").unwrap();
        let ready = Ready { fd: r.as_raw_fd(), token: 42, interest: Interest::READ };
        assert_eq!(wait(&p, SOON), [ready]);
        fd::write(w.as_raw_fd(), b"y").unwrap();
        assert!(wait(&p, NOW).is_empty(), "disarmed");
        p.arm(r.as_raw_fd(), 43, Interest::READ).unwrap();
        assert_eq!(
            wait(&p, SOON),
            [Ready { token: 43, ..ready }],
            "ready already when armed again"
        );
        p.arm(r.as_raw_fd(), 44, Interest::READ).unwrap();
        p.disarm(r.as_raw_fd(), Interest::READ);
        assert!(wait(&p, NOW).is_empty());
        p.arm(w.as_raw_fd(), 45, Interest::BOTH).unwrap();
        assert_eq!(wait(&p, SOON)[0].interest, Interest::WRITE);
        drop(r);
        assert_eq!(wait(&p, SOON)[0].interest, Interest::READ, "error makes ready");
    }

    #[test]
    fn number_used_again() {
        let p = Poller::new().unwrap();
        let (r, w) = fd::pipe().unwrap();
        let n = r.as_raw_fd();
        p.arm(n, 1, Interest::READ).unwrap();
        fd::write(w.as_raw_fd(), b"x").unwrap();
        p.forget(n);
        assert!(wait(&p, NOW).is_empty());
        // Closed behind the poller's back: the old pipe's events stay silent, the new one's arrive.
        p.arm(n, 2, Interest::READ).unwrap();
        let (r2, w2) = fd::pipe().unwrap();
        fd::dup2(r2.as_raw_fd(), n).unwrap();
        p.arm(n, 3, Interest::READ).unwrap();
        assert!(wait(&p, NOW).is_empty());
        fd::write(w2.as_raw_fd(), b"x").unwrap();
        assert_eq!(wait(&p, SOON)[0].token, 3);
    }

    #[test]
    fn who_has_given_it_away_takes_nothing_back() {
        let p = Poller::new().unwrap();
        let (r, w) = fd::pipe().unwrap();
        let n = r.as_raw_fd();
        p.arm(n, 1, Interest::READ).unwrap();
        p.arm(n, 2, Interest::READ).unwrap();
        p.disarm_own(n, 1, Interest::READ);
        p.forget_own(n, 1);
        fd::write(w.as_raw_fd(), b"x").unwrap();
        assert_eq!(wait(&p, SOON)[0].token, 2);
        p.arm(n, 2, Interest::READ).unwrap();
        p.forget_own(n, 2);
        assert!(wait(&p, NOW).is_empty());
    }

    #[test]
    fn files_are_always_ready() {
        let p = Poller::new().unwrap();
        let f = std::fs::File::open("/dev/null").unwrap();
        for token in [7, 8] {
            p.arm(f.as_raw_fd(), token, Interest::READ).unwrap();
            let v = wait(&p, SOON);
            assert_eq!(v, [Ready { fd: f.as_raw_fd(), token, interest: Interest::READ }]);
        }
        p.arm(f.as_raw_fd(), 9, Interest::READ).unwrap();
        p.forget(f.as_raw_fd());
        assert!(wait(&p, NOW).is_empty());
        assert!(p.arm(-1, 0, Interest::READ).is_err());
        assert!(p.arm(i32::MAX, 0, Interest::READ).is_err());
    }

    #[test]
    fn wake_from_another_thread() {
        let p = Arc::new(Poller::new().unwrap());
        let q = p.clone();
        let t = std::thread::spawn(move || wait(&q, None));
        p.wake().unwrap();
        assert!(t.join().unwrap().is_empty());
    }

    #[test]
    fn wake_is_kept_for_the_next_wait() {
        let p = Poller::new().unwrap();
        p.wake().unwrap();
        assert!(wait(&p, None).is_empty());
    }

    #[test]
    fn dry_descriptors_tell_by_themselves() {
        let p = Poller::new().unwrap();
        let (r, w) = fd::pipe().unwrap();
        let n = r.as_raw_fd();
        let read = |len| fd::read_append(n, &mut Vec::new(), len).unwrap();
        p.arm(n, 1, Interest::READ).unwrap();
        for round in 2..5 {
            fd::write(w.as_raw_fd(), b"xy").unwrap();
            assert_eq!(wait(&p, SOON).len(), 1);
            assert_eq!(read(9), 2);
            // What comes while it is not armed is not lost.
            if round == 3 {
                fd::write(w.as_raw_fd(), b"xy").unwrap();
                assert!(wait(&p, NOW).is_empty());
                p.arm_dry(n, round, Interest::READ, Interest::READ).unwrap();
                assert_eq!(wait(&p, SOON)[0].token, round);
                assert_eq!(read(9), 2);
            }
            p.arm_dry(n, round, Interest::READ, Interest::READ).unwrap();
            assert!(wait(&p, NOW).is_empty());
        }
        // Nobody waits for it: it is taken out, and comes back when it is armed.
        p.disarm(n, Interest::READ);
        for _ in 0..3 {
            fd::write(w.as_raw_fd(), b"z").unwrap();
            assert!(wait(&p, NOW).is_empty());
        }
        assert!(p.is_idle());
        assert_eq!(read(9), 3);
        p.arm_dry(n, 9, Interest::READ, Interest::READ).unwrap();
        assert!(wait(&p, NOW).is_empty());
        // Data and the end at once: the end is told although the read was short.
        fd::write(w.as_raw_fd(), b"z").unwrap();
        drop(w);
        assert_eq!(wait(&p, SOON).len(), 1);
        assert_eq!(read(9), 1);
        p.arm_dry(n, 10, Interest::READ, Interest::READ).unwrap();
        assert_eq!(wait(&p, SOON)[0].token, 10);
    }

    #[test]
    fn short_waits_are_exact() {
        let p = Poller::new().unwrap();
        let start = std::time::Instant::now();
        for _ in 0..20 {
            assert!(wait(&p, Some(50_000)).is_empty());
        }
        assert!(start.elapsed() >= Duration::from_micros(950));
    }
}
