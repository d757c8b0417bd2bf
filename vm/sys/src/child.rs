//! Programs that the VM starts (`open_port({spawn, …})` and `spawn_executable`).
//!
//! The reference keeps a small process for forking, because forking a large one is slow. Here the child borrows the VM's memory until
//! it executes its program (`clone` with CLONE_VM and CLONE_VFORK, as posix_spawn does it): nothing is copied, and only the calling
//! thread waits. Done by hand because posix_spawn cannot close other descriptors, report a bad directory, or put signal
//! dispositions back.
//!
//! What a child sees equals the reference: a session of its own, descriptors 0 to 2 (or also 3 and 4) and no others, no signal
//! blocked, no handler. A program that cannot be executed ends with the error number as its exit status. Children are not ended
//! with the VM; they see their pipes close.

use crate::fd;
use crate::poll::{Interest, Poller, Ready};
use crate::signal;
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, Once};

/// What to run.
#[derive(Clone, Debug)]
pub enum Program {
    /// A command line for `/bin/sh -c "exec …"`.
    Shell(Vec<u8>),
    /// A file, with the arguments after the zeroth, and the zeroth if it is not the file's name.
    Executable { path: Vec<u8>, args: Vec<Vec<u8>>, arg0: Option<Vec<u8>> },
}

/// How to run it.
#[derive(Clone, Debug)]
pub struct Spec {
    pub program: Program,
    /// The whole environment, as `NAME=value`; see [`environment`].
    pub env: Vec<CString>,
    /// The directory to start in, if not the VM's.
    pub cwd: Option<Vec<u8>>,
    /// The VM reads what the child writes to its descriptor 1 (4 without `use_stdio`).
    pub read: bool,
    /// The VM writes what the child reads from its descriptor 0 (3 without `use_stdio`).
    pub write: bool,
    /// Pipes at 0 and 1; otherwise at 3 and 4, and 0 and 1 are the VM's.
    pub use_stdio: bool,
    /// Errors (descriptor 2) go where the output goes.
    pub stderr_to_stdout: bool,
}

/// A started program. Hand it to [`Children::watch`], or its process entry stays until the VM ends.
#[derive(Debug)]
pub struct Child {
    pub pid: i32,
    /// The VM reads here; non-blocking.
    pub input: Option<OwnedFd>,
    /// The VM writes here; non-blocking.
    pub output: Option<OwnedFd>,
}

/// The base environment with changes: a value replaces or adds a variable, `None` removes it.
pub fn environment<'a>(
    base: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    changes: &'a [(Vec<u8>, Option<Vec<u8>>)],
) -> io::Result<Vec<CString>> {
    let last: HashMap<&[u8], Option<&[u8]>> =
        changes.iter().map(|(k, v)| (k.as_slice(), v.as_deref())).collect();
    let kept = base.into_iter().filter(|(k, _)| !last.contains_key(k));
    let set = changes.iter().rev().filter_map(|(k, _)| Some((k.as_slice(), last[k.as_slice()]?)));
    let mut seen = std::collections::HashSet::new();
    kept.chain(set)
        .filter(|(k, _)| seen.insert(*k))
        .map(|(k, v)| c_string([k, b"=", v].concat()))
        .collect()
}

fn c_string(bytes: Vec<u8>) -> io::Result<CString> {
    CString::new(bytes).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

/// The status that Erlang's `exit_status` shows: the exit code, or 128 and the signal's number.
fn erlang_status(status: i32) -> i32 {
    if libc::WIFSIGNALED(status) { 128 + libc::WTERMSIG(status) } else { libc::WEXITSTATUS(status) }
}

type OnExit = dyn Fn(u64, i32, i32) + Send + Sync;

struct Shared {
    poller: Poller,
    /// By number of the descriptor that stands for the process.
    watched: Mutex<HashMap<RawFd, (OwnedFd, i32, u64)>>,
    on_exit: Box<OnExit>,
}

/// The started programs whose ends are waited for.
pub struct Children {
    shared: Arc<Shared>,
    thread: Once,
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(|e| e.into_inner())
}

impl Children {
    /// `on_exit(token, pid, status)` is called on a thread of its own whenever a watched program has ended.
    pub fn new(on_exit: impl Fn(u64, i32, i32) + Send + Sync + 'static) -> io::Result<Children> {
        // Ignored SIGCHLD, which may be inherited, would lose exit statuses.
        if signal::initially_ignored() & (1 << libc::SIGCHLD) != 0 {
            signal::set(libc::SIGCHLD, signal::Action::Default)?;
        }
        let shared = Shared {
            poller: Poller::new()?,
            watched: Mutex::default(),
            on_exit: Box::new(on_exit),
        };
        Ok(Children { shared: Arc::new(shared), thread: Once::new() })
    }

    /// Reports the end of `pid`, a child of [`spawn`], under `token`; at once if it has ended already.
    pub fn watch(&self, pid: i32, token: u64) -> io::Result<()> {
        let shared = self.shared.clone();
        match process_descriptor(pid) {
            Ok(pidfd) => {
                let mut started = Ok(());
                self.thread.call_once(|| {
                    let shared = shared.clone();
                    started = helper("erts_children", move || shared.reap());
                });
                started?;
                let raw = pidfd.as_raw_fd();
                lock(&shared.watched).insert(raw, (pidfd, pid, token));
                shared.poller.arm(raw, 0, Interest::READ)
            }
            // An old kernel, or no descriptor left: a thread waits for this one child.
            Err(_) => helper("erts_child", move || {
                if let Some(status) = wait(pid, 0) {
                    (shared.on_exit)(token, pid, status);
                }
            }),
        }
    }
}

fn helper(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.into()).stack_size(256 << 10).spawn(body).map(drop)
}

/// Collects a child: its Erlang status, or `None` when it still runs (with WNOHANG).
fn wait(pid: i32, flags: i32) -> Option<i32> {
    let mut status = 0;
    // SAFETY: `status` is a valid place for the answer.
    match fd::retry(|| fd::check(unsafe { libc::waitpid(pid, &mut status, flags) })) {
        Ok(0) => None,
        Ok(_) => Some(erlang_status(status)),
        // Somebody else collected it: its status is lost.
        Err(_) => Some(255),
    }
}

#[cfg(target_os = "linux")]
fn process_descriptor(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: a system call without memory arguments; the descriptor is new and ours.
    unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, pid, 0);
        fd::check(fd as i32).map(|fd| OwnedFd::from_raw_fd(fd))
    }
}

#[cfg(not(target_os = "linux"))]
fn process_descriptor(_: i32) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Shared {
    fn reap(&self) {
        let mut ready: Vec<Ready> = Vec::new();
        while self.poller.wait(None, &mut ready).is_ok() {
            for r in ready.drain(..) {
                let Some((pidfd, pid, token)) = lock(&self.watched).remove(&r.fd) else { continue };
                match wait(pid, libc::WNOHANG) {
                    Some(status) => {
                        self.poller.forget(r.fd);
                        drop(pidfd);
                        (self.on_exit)(token, pid, status);
                    }
                    None => {
                        lock(&self.watched).insert(r.fd, (pidfd, pid, token));
                        let _ = self.poller.arm(r.fd, 0, Interest::READ);
                    }
                }
            }
        }
    }
}

/// Everything that the child needs, prepared beforehand: between clone and exec it may not allocate.
struct Plan {
    path: CString,
    argv: Vec<*const libc::c_char>,
    envp: Vec<*const libc::c_char>,
    cwd: Option<CString>,
    no_cwd: Vec<u8>,
    /// (from, to), in this order; every `from` is at least 5.
    dups: Vec<(RawFd, RawFd)>,
    close_from: u32,
    ignored: u64,
}

/// The numbers below this are what a child may find open.
const FIRST_FREE: RawFd = 5;

/// Starts a program. Errors are those of setting up: no such file, not executable, out of descriptors, out of processes.
pub fn spawn(spec: &Spec) -> io::Result<Child> {
    let (path, args) = match &spec.program {
        Program::Shell(line) => {
            let line = c_string([b"exec ".as_slice(), line].concat())?;
            (c"/bin/sh".to_owned(), vec![c"sh".to_owned(), c"-c".to_owned(), line])
        }
        Program::Executable { path, args, arg0 } => {
            let path = c_string(path.clone())?;
            // SAFETY: the path is terminated.
            fd::check(unsafe { libc::access(path.as_ptr(), libc::X_OK) })?;
            let zeroth = arg0.clone().map_or(Ok(path.clone()), c_string);
            let rest = args.iter().map(|a| c_string(a.clone()));
            (path, std::iter::once(zeroth).chain(rest).collect::<io::Result<_>>()?)
        }
    };
    let pointers = |v: &[CString]| -> Vec<_> {
        v.iter().map(|s| s.as_ptr()).chain(std::iter::once(ptr::null())).collect()
    };
    let cwd = spec.cwd.clone().map(c_string).transpose()?;
    let cwd_text = cwd.as_deref().map_or(&b""[..], CStr::to_bytes);

    let (input, child_out) = fd::pipe()?;
    let (child_in, output) = fd::pipe()?;
    fd::set_nonblocking(input.as_raw_fd(), true)?;
    fd::set_nonblocking(output.as_raw_fd(), true)?;
    // Out of the way of the numbers that they are copied to.
    let child_out = fd::dup_from(child_out.as_raw_fd(), FIRST_FREE)?;
    let child_in = fd::dup_from(child_in.as_raw_fd(), FIRST_FREE)?;

    let (at_in, at_out) = if spec.use_stdio { (0, 1) } else { (3, 4) };
    let mut dups = Vec::new();
    if spec.write {
        dups.push((child_in.as_raw_fd(), at_in));
    }
    if spec.read {
        dups.push((child_out.as_raw_fd(), at_out));
    }
    if spec.stderr_to_stdout {
        dups.push((child_out.as_raw_fd(), 2));
    }
    let plan = Plan {
        argv: pointers(&args),
        envp: pointers(&spec.env),
        path,
        no_cwd: [b"spawn: Could not cd to ", cwd_text, b"\r\n"].concat(),
        cwd,
        dups,
        close_from: if spec.use_stdio { 3 } else { FIRST_FREE as u32 },
        ignored: signal::initially_ignored(),
    };
    let pid = clone_and_exec(&plan)?;
    Ok(Child { pid, input: spec.read.then_some(input), output: spec.write.then_some(output) })
}

/// Runs in the child, in the VM's memory: system calls only, no allocation, no unwinding, no return.
///
/// # Safety
/// `plan` points to a [`Plan`] whose pointers are valid; the caller is a fresh child with all signals blocked.
unsafe extern "C" fn run_child(plan: *mut libc::c_void) -> i32 {
    // SAFETY: by the contract above; every call is async-signal-safe and its pointers come from the plan.
    unsafe {
        let plan = &*plan.cast::<Plan>();
        for &signal in signal::ALL {
            let ignored = plan.ignored & (1 << signal) != 0;
            let _ = signal::set_raw(signal, if ignored { libc::SIG_IGN } else { libc::SIG_DFL });
        }
        if let Some(cwd) = &plan.cwd
            && libc::chdir(cwd.as_ptr()) < 0
        {
            let errno = *signal::errno_place();
            libc::write(2, plan.no_cwd.as_ptr().cast(), plan.no_cwd.len());
            libc::_exit(errno);
        }
        for &(from, to) in &plan.dups {
            if libc::dup2(from, to) < 0 {
                libc::_exit(*signal::errno_place());
            }
        }
        // Ours are close-on-exec anyway; this is for what libraries have opened, and may fail on an old kernel.
        #[cfg(target_os = "linux")]
        libc::syscall(libc::SYS_close_range, plan.close_from, u32::MAX, 0);
        libc::setsid();
        crate::limits::restore_fd_limit();
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::pthread_sigmask(libc::SIG_SETMASK, &none, ptr::null_mut());
        libc::execve(plan.path.as_ptr(), plan.argv.as_ptr(), plan.envp.as_ptr());
        libc::_exit(*signal::errno_place())
    }
}

fn clone_and_exec(plan: &Plan) -> io::Result<i32> {
    let arg = ptr::from_ref(plan).cast_mut().cast::<libc::c_void>();
    // SAFETY: signals are blocked in this thread across the clone, so no handler runs in the child, which has the VM's memory but a
    // copy of the signal table. The child runs on a stack of its own, in `run_child`, while this thread stands still, so
    // `plan` and the stack outlive its use of them.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut old: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut old);
        let result = start_child(arg);
        libc::pthread_sigmask(libc::SIG_SETMASK, &old, ptr::null_mut());
        result
    }
}

/// # Safety
/// As for [`run_child`].
#[cfg(target_os = "linux")]
unsafe fn start_child(plan: *mut libc::c_void) -> io::Result<i32> {
    const STACK: usize = 64 << 10;
    let mut stack: Vec<u128> = Vec::with_capacity(STACK / 16);
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    extern "C" fn enter(plan: *mut libc::c_void) -> i32 {
        // Before it can end.
        // SAFETY: a system call.
        signal::started(unsafe { libc::getpid() });
        // SAFETY: called by clone below with the plan.
        unsafe { run_child(plan) }
    }
    // SAFETY: the top of the stack is one past the end of its allocation, aligned to 16; the rest by the contract.
    unsafe {
        let top = stack.as_mut_ptr().add(STACK / 16).cast();
        fd::check(libc::clone(enter, top, flags, plan))
    }
}

/// # Safety
/// As for [`run_child`].
#[cfg(not(target_os = "linux"))]
unsafe fn start_child(plan: *mut libc::c_void) -> io::Result<i32> {
    // SAFETY: the child calls nothing but async-signal-safe functions.
    unsafe {
        match libc::fork() {
            0 => {
                run_child(plan);
                libc::_exit(127)
            }
            pid => {
                signal::started(pid);
                fd::check(pid)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    fn spec(program: Program) -> Spec {
        let base: Vec<_> = [("PATH", "/usr/bin:/bin"), ("A", "1"), ("B", "2")]
            .map(|(k, v)| (k.as_bytes(), v.as_bytes()))
            .to_vec();
        let changes = [(b"A".to_vec(), None), (b"C".to_vec(), Some(b"3".to_vec()))];
        Spec {
            program,
            env: environment(base, &changes).unwrap(),
            cwd: None,
            read: true,
            write: true,
            use_stdio: true,
            stderr_to_stdout: false,
        }
    }

    fn shell(line: &str) -> Spec {
        spec(Program::Shell(line.into()))
    }

    /// Runs to the end: (output, status).
    fn run(spec: &Spec, send: &[u8]) -> (String, i32) {
        let (tx, rx) = mpsc::channel();
        let tx = Mutex::new(tx);
        let report = move |token, pid, status| lock(&tx).send((token, pid, status)).unwrap_or(());
        let children = Children::new(report).unwrap();
        let child = spawn(spec).unwrap();
        children.watch(child.pid, 77).unwrap();
        if let Some(out) = child.output {
            fd::write_all(out.as_raw_fd(), send).unwrap();
        }
        let mut text = Vec::new();
        if let Some(input) = child.input {
            loop {
                fd::wait_ready(input.as_raw_fd(), true, false, Some(10_000)).unwrap();
                if fd::read_append(input.as_raw_fd(), &mut text, 4096).unwrap() == 0 {
                    break;
                }
            }
        }
        let (token, pid, status) = rx.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!((token, pid), (77, child.pid));
        (String::from_utf8(text).unwrap(), status)
    }

    #[test]
    fn shell_and_statuses() {
        assert_eq!(run(&shell("cat"), b"hello"), ("hello".into(), 0));
        assert_eq!(run(&shell("sh -c 'exit 7'"), b"").1, 7);
        assert_eq!(run(&shell("sh -c 'kill -9 $$'"), b"").1, 137);
        assert_eq!(run(&shell("/nonexistent/program 2>/dev/null"), b"").1, 127);
    }

    #[test]
    fn executable() {
        let exe = |path: &str, args: &[&str], arg0: Option<&str>| {
            spec(Program::Executable {
                path: path.into(),
                args: args.iter().map(|a| a.as_bytes().to_vec()).collect(),
                arg0: arg0.map(Into::into),
            })
        };
        let zero = exe("/bin/sh", &["-c", "echo $0; echo $C $A $B"], None);
        assert_eq!(run(&zero, b"").0, "/bin/sh\n3 2\n");
        let named = exe("/bin/sh", &["-c", "cat /proc/$$/cmdline | tr '\\0' ' '"], Some("me"));
        assert!(run(&named, b"").0.starts_with("me -c "));
        let missing = spawn(&exe("/nonexistent", &[], None)).unwrap_err();
        assert_eq!(missing.raw_os_error(), Some(libc::ENOENT));
        let plain = spawn(&exe("/etc/passwd", &[], None)).unwrap_err();
        // root may "execute" nothing without an x bit either
        assert_eq!(plain.raw_os_error(), Some(libc::EACCES));
        assert_eq!(run(&exe("/etc", &[], None), b"").1, libc::EACCES);
        let nul = spawn(&exe("/bin/s\0h", &[], None)).unwrap_err();
        assert_eq!(nul.raw_os_error(), Some(libc::EINVAL));
    }

    #[test]
    fn wiring() {
        let mut s = shell("sh -c 'cat <&3 >&4'");
        s.use_stdio = false;
        assert_eq!(run(&s, b"three to four").0, "three to four");
        let mut s = shell("sh -c 'echo out; echo err >&2'");
        s.stderr_to_stdout = true;
        assert_eq!(run(&s, b"").0, "out\nerr\n");
        let mut s = shell("pwd");
        s.cwd = Some(b"/usr".to_vec());
        assert_eq!(run(&s, b"").0, "/usr\n");
        s.cwd = Some(b"/nonexistent".to_vec());
        s.read = false;
        s.write = false;
        assert_eq!(run(&s, b"").1, libc::ENOENT);
    }

    #[test]
    fn nothing_leaks() {
        // A descriptor that a careless library left open.
        let f = std::fs::File::open("/dev/null").unwrap();
        fd::set_cloexec(f.as_raw_fd(), false).unwrap();
        let (text, _) =
            run(&shell("sh -c 'ls /proc/$$/fd; exec grep SigBlk /proc/self/status'"), b"");
        assert_eq!(text, "0\n1\n2\nSigBlk:\t0000000000000000\n");
        let (text, _) = run(&shell("sh -c 'cut -d\" \" -f5,6 /proc/$$/stat; echo $$'"), b"");
        let mut lines = text.lines();
        let (ids, pid) = (lines.next().unwrap(), lines.next().unwrap());
        assert_eq!(ids, format!("{pid} {pid}"), "group and session of its own");
    }
}
