//! Sockets by themselves, not ports: module `prim_socket` [prim_socket_nif.c].
//!
//! Nothing blocks: an operation that would returns `select`, and a message says when to try again. What `socket`
//! makes of that (timeouts, `nowait`, handles) is Erlang code.

mod address;
mod control;
mod error_queue;
mod handle;
mod info;
mod ioctl;
mod many;
mod option;
mod receive;
mod sctp;
mod send;
pub(crate) mod table;
mod tos;

pub(crate) use address::{decode, encode, family_term, kind_term};
pub(crate) use table::INTERFACE_FLAGS;

use handle::{Line, New, Requestor, Socket, SocketRef, State, flag};
use std::os::fd::{AsRawFd, RawFd};
use sys::poll::Interest;
use sys::socket::{self, names};
use term::atom::am;
use term::{Atom, Map, Term, atom};
use vm::{BifResult, BifTable, Cx};

/// The natives that `load_nif` installs in `prim_socket`.
pub fn tables() -> Vec<BifTable> {
    vec![
        TABLE,
        info::TABLE,
        ioctl::TABLE,
        many::TABLE,
        option::TABLE,
        receive::TABLE,
        sctp::TABLE,
        send::TABLE,
    ]
}

vm::bifs! { pub TABLE: "prim_socket" {
    /// A socket of a descriptor
    Plain "nif_open"/2 => open_fd(0, 1);
    /// A new socket
    Plain "nif_open"/4 => open(0, 1, 2, 3);
    Plain "nif_bind"/2 => bind(0, 1);
    /// After the message: whether the connection stands
    Plain "nif_connect"/1 => connected(0);
    Plain "nif_connect"/3 => connect(0, 1, 2);
    Plain "nif_listen"/2 => listen(0, 1);
    Plain "nif_accept"/2 => accept(0, 1);
    Plain "nif_close"/1 => close(0);
    DirtyIo "nif_finalize_close"/1 => finalize_close(0);
    Plain "nif_shutdown"/2 => shutdown(0, 1);
    Plain "nif_sockname"/1 => sockname(0);
    Plain "nif_peername"/1 => peername(0);
    Plain "nif_cancel"/3 => cancel(0, 1, 2);
} }

/// What an operation says when it has no value.
#[derive(Clone, Copy, Debug)]
enum Fail {
    /// `{error, Reason}`
    Posix(&'static str),
    /// `{invalid, What}`: the Erlang code says what it was.
    Invalid(&'static str),
    /// `{error, {invalid, What}}`
    ErrorInvalid(&'static str),
    /// `error:{invalid, What}`
    Raise(&'static str),
    /// `error:{invalid, {otp_socket_option, Number}}`
    NoOption(i32),
}

impl Fail {
    const CLOSED: Fail = Fail::Posix("closed");
}

impl From<std::io::Error> for Fail {
    fn from(e: std::io::Error) -> Fail {
        Fail::Posix(sys::errno::of(&e))
    }
}

type Done<T> = Result<T, Fail>;

fn error<'p>(cx: &Cx<'p>, reason: Term<'p>) -> Term<'p> {
    cx.heap().tuple(&[am::ERROR.into(), reason])
}
fn invalid<'p>(cx: &Cx<'p>, what: Term<'p>) -> Term<'p> {
    cx.heap().tuple(&[atom!("invalid").into(), what])
}
fn ok<'p>(cx: &Cx<'p>, value: Term<'p>) -> Term<'p> {
    cx.heap().tuple(&[am::OK.into(), value])
}

/// Makes the native's result of an operation's.
fn answer<'p>(cx: &Cx<'p>, done: Done<Term<'p>>) -> BifResult<'p> {
    let what = |s: &str| Term::atom(Atom::new(s));
    match done {
        Ok(t) => Ok(t),
        Err(Fail::Posix(s)) => Ok(error(cx, what(s))),
        Err(Fail::Invalid(s)) => Ok(invalid(cx, what(s))),
        Err(Fail::ErrorInvalid(s)) => Ok(error(cx, invalid(cx, what(s)))),
        Err(Fail::Raise(s)) => Err(cx.error_term(invalid(cx, what(s)))),
        Err(Fail::NoOption(n)) => {
            let pair = cx.heap().tuple(&[atom!("otp_socket_option").into(), Term::small(n.into())]);
            Err(cx.error_term(invalid(cx, pair)))
        }
    }
}
fn plain<'p>(cx: &Cx<'p>, done: Done<()>) -> BifResult<'p> {
    answer(cx, done.map(|()| am::OK.into()))
}

/// `error:{invalid, {integer_range, N}}` is an answer, what is no integer `badarg`.
fn range<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    if !t.is_integer() {
        return Err(cx.badarg());
    }
    let why = invalid(cx, cx.heap().tuple(&[atom!("integer_range").into(), t]));
    // OTP 26 and 27 say that it is an error.
    let is_error = matches!(cx.vm().config.release, 26 | 27);
    Ok(if is_error { error(cx, why) } else { why })
}

fn need_open(s: &State) -> Done<()> {
    if s.is_open() { Ok(()) } else { Err(Fail::CLOSED) }
}

fn flag_of(options: Map<'_>, name: Atom, otherwise: bool) -> bool {
    options.get(Term::atom(name)).and_then(address::bool_of).unwrap_or(otherwise)
}

fn new_socket(fd: RawFd, options: Map<'_>) -> New {
    New {
        fd,
        owned: None,
        domain: 0,
        kind: 0,
        protocol: 0,
        connected: false,
        buffer: handle::BUFFER,
        buffer_count: 0,
        receive_control: handle::CONTROL_BUFFER,
        send_control: handle::CONTROL_BUFFER,
        iow: false,
        debug: flag_of(options, atom!("debug"), info::debugs_sockets()),
        registered: flag_of(options, atom!("use_registry"), info::uses_registry()),
        made_of: None,
    }
}

fn open_fd<'p>(cx: &Cx<'p>, fd: i32, options: Map<'p>) -> BifResult<'p> {
    let of_system = |name| socket::get_int(fd, names::SOL_SOCKET, name).ok();
    let given = |name: Atom| options.get(Term::atom(name));
    let domain = of_system(names::SO_DOMAIN).or_else(|| address::family(given(atom!("domain"))?));
    let Some(domain) = domain else { return answer(cx, Err(Fail::Invalid("domain"))) };
    let kind = of_system(names::SO_TYPE).or_else(|| address::kind(given(atom!("type"))?));
    let Some(kind) = kind else { return answer(cx, Err(Fail::Invalid("type"))) };
    let protocol = of_system(names::SO_PROTOCOL)
        .or_else(|| i32::try_from(given(atom!("protocol"))?.as_small()?).ok())
        .unwrap_or(0);
    let mut new = new_socket(fd, options);
    new.made_of = Some(fd);
    if flag_of(options, atom!("dup"), true) {
        let own = match sys::fd::dup(fd) {
            Ok(own) => own,
            Err(e) => return answer(cx, Err(e.into())),
        };
        new.fd = own.as_raw_fd();
        new.owned = Some(own);
    }
    // The reference does not look whether this works.
    let _ = sys::fd::set_nonblocking(new.fd, true);
    let connected = socket::peer(new.fd).is_ok();
    let new = New { domain, kind, protocol, connected, ..new };
    let s = Socket::term(cx, new);
    Ok(ok(cx, s))
}

fn open<'p>(
    cx: &Cx<'p>,
    domain: Term<'p>,
    kind: Term<'p>,
    protocol: i32,
    options: Map<'p>,
) -> BifResult<'p> {
    let Some(domain) = address::family(domain) else {
        return answer(cx, Err(Fail::Invalid("domain")));
    };
    let Some(kind) = address::kind(kind) else {
        return answer(cx, Err(Fail::Invalid("type")));
    };
    let make = || socket::open(domain, kind, protocol);
    let netns = options.get(Term::atom(atom!("netns"))).and_then(|t| t.as_binary());
    let made = match netns.map(|n| std::ffi::CString::new(n.bytes().into_owned())) {
        Some(Ok(path)) => socket::in_namespace(&path, make),
        _ => make(),
    };
    let fd = match made {
        Ok(fd) => fd,
        Err(e) => return answer(cx, Err(e.into())),
    };
    let protocol = match protocol {
        0 => socket::get_int(fd.as_raw_fd(), names::SOL_SOCKET, names::SO_PROTOCOL).unwrap_or(0),
        n => n,
    };
    let new = new_socket(fd.as_raw_fd(), options);
    let s = Socket::term(cx, New { owned: Some(fd), domain, kind, protocol, ..new });
    Ok(ok(cx, s))
}

fn bind<'p>(cx: &Cx<'p>, s: SocketRef<'p>, addr: Term<'p>) -> BifResult<'p> {
    let Some(addr) = address::decode(addr) else {
        return answer(cx, Err(Fail::Invalid("sockaddr")));
    };
    let done = s.0.with(|st| {
        need_open(st)?;
        socket::bind(st.fd(), &addr)?;
        st.read |= flag::BOUND;
        Ok(())
    });
    plain(cx, done)
}

fn connect<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    reference: Term<'p>,
    addr: Term<'p>,
) -> BifResult<'p> {
    cx.need(reference.as_reference())?;
    let Some(addr) = address::decode(addr) else {
        return answer(cx, Err(Fail::Invalid("sockaddr")));
    };
    let pid = cx.pid();
    let done = s.0.with(|st| {
        need_open(st)?;
        if !st.writers.is_empty() {
            return Err(Fail::ErrorInvalid("state"));
        }
        if let Some(c) = &st.connector {
            if c.pid != pid {
                return Err(Fail::Posix("already"));
            }
            return finish_connect(st);
        }
        if socket::connect(st.fd(), &addr)? {
            st.write |= flag::CONNECTED;
            return Ok(am::OK);
        }
        st.arm(Interest::WRITE)?;
        st.connector = Some(st.requestor(pid, reference));
        st.write |= flag::CONNECTING;
        Ok(atom!("select"))
    });
    answer(cx, done.map(Term::atom))
}

fn finish_connect(st: &mut State) -> Done<Atom> {
    if let Some(c) = st.connector.take() {
        st.release(c);
    }
    st.write &= !flag::CONNECTING;
    socket::take_error(st.fd())?;
    st.write |= flag::CONNECTED;
    Ok(am::OK)
}

fn connected<'p>(cx: &Cx<'p>, s: SocketRef<'p>) -> BifResult<'p> {
    let pid = cx.pid();
    let done = s.0.with(|st| {
        need_open(st)?;
        if !st.writers.is_empty() {
            return Err(Fail::ErrorInvalid("state"));
        }
        match &st.connector {
            Some(c) if c.pid == pid => finish_connect(st),
            _ => Err(Fail::Raise("state")),
        }
    });
    answer(cx, done.map(Term::atom))
}

fn listen<'p>(cx: &Cx<'p>, s: SocketRef<'p>, backlog: Term<'p>) -> BifResult<'p> {
    let Some(n) = backlog.as_small().and_then(|n| i32::try_from(n).ok()) else {
        return range(cx, backlog);
    };
    let done = s.0.with(|st| {
        need_open(st)?;
        socket::listen(st.fd(), n)?;
        st.read |= flag::LISTENING;
        Ok(())
    });
    plain(cx, done)
}

/// An accepted connection, or that there is none yet.
enum Accepted {
    New(New),
    Wait,
}

fn accept<'p>(cx: &Cx<'p>, s: SocketRef<'p>, reference: Term<'p>) -> BifResult<'p> {
    let pid = cx.pid();
    let release = cx.vm().config.release;
    let done = s.0.with(|st| try_accept(st, pid, reference, release));
    match done {
        Ok(Accepted::New(new)) => Ok(ok(cx, Socket::term(cx, new))),
        other => answer(cx, other.map(|_| atom!("select").into())),
    }
}

fn try_accept(st: &mut State, pid: u64, reference: Term<'_>, release: u32) -> Done<Accepted> {
    need_open(st)?;
    if !st.readers.is_empty() {
        return Err(Fail::ErrorInvalid("state"));
    }
    if let Some(first) = st.acceptors.front()
        && first.pid != pid
    {
        if st.acceptors.iter().any(|a| a.pid == pid) {
            return Err(Fail::Raise("state"));
        }
        let r: Requestor = st.requestor(pid, reference);
        st.acceptors.push_back(r);
        return Ok(Accepted::Wait);
    }
    st.counters.acc_tries += 1;
    match socket::accept(st.fd()) {
        Ok((fd, _)) => {
            st.counters.acc_success += 1;
            // Before OTP 26 it is the listener that shows it, not the new socket.
            let new_shows = release >= 26;
            if !new_shows {
                st.write |= flag::CONNECTED;
            }
            let new = New { connected: new_shows, ..New::beside(st, fd) };
            st.next(Line::Accept);
            Ok(Accepted::New(new))
        }
        Err(e) if sys::fd::would_block(&e) => {
            if !st.acceptors.is_empty() {
                st.counters.acc_waits += 1;
            }
            st.set_current(Line::Accept, pid, reference);
            st.select(Line::Accept)?;
            st.read |= flag::ACCEPTING;
            Ok(Accepted::Wait)
        }
        Err(e) => {
            st.counters.acc_fails += 1;
            let reason = Term::atom(Atom::new(sys::errno::of(&e)));
            st.fail_line(Line::Accept, reason);
            Err(e.into())
        }
    }
}

fn close<'p>(cx: &Cx<'p>, s: SocketRef<'p>) -> BifResult<'p> {
    let pid = cx.pid();
    let done = s.0.with(|st| {
        need_open(st)?;
        st.closer = Some(pid);
        st.stop();
        Ok(())
    });
    plain(cx, done)
}

fn finalize_close<'p>(cx: &Cx<'p>, s: SocketRef<'p>) -> BifResult<'p> {
    let pid = cx.pid();
    let left = s.0.with(|st| {
        if st.read & flag::CLOSED != 0 {
            return Err(Fail::CLOSED);
        }
        if st.read & flag::CLOSING == 0 || st.closer != Some(pid) {
            return Err(Fail::Raise("state"));
        }
        let _ = sys::fd::set_nonblocking(st.fd(), false);
        Ok(st.give_up())
    });
    // Here, with option `linger`, the system waits for what it has to send; nobody else waits for the lock.
    let done = left.and_then(|fd| match fd.map_or(Ok(()), handle::close) {
        Err(e) if sys::fd::would_block(&e) => Err(Fail::Posix("timeout")),
        other => Ok(other?),
    });
    plain(cx, done)
}

fn shutdown<'p>(cx: &Cx<'p>, s: SocketRef<'p>, how: Term<'p>) -> BifResult<'p> {
    let code = match how.as_atom().map(|a| a.name()) {
        Some("read") => socket::SHUT_RD,
        Some("write") => socket::SHUT_WR,
        Some("read_write") => socket::SHUT_RDWR,
        _ => {
            let what = cx.heap().tuple(&[atom!("how").into(), how]);
            return Err(cx.error_term(invalid(cx, what)));
        }
    };
    let done = s.0.with(|st| {
        need_open(st)?;
        Ok(socket::shutdown(st.fd(), code)?)
    });
    plain(cx, done)
}

fn sockname<'p>(cx: &Cx<'p>, s: SocketRef<'p>) -> BifResult<'p> {
    let done = s.0.with(|st| {
        need_open(st)?;
        Ok(socket::name(st.fd())?)
    });
    answer(cx, done.map(|a| ok(cx, address::encode(cx.heap(), &a))))
}

fn peername<'p>(cx: &Cx<'p>, s: SocketRef<'p>) -> BifResult<'p> {
    let done = s.0.with(|st| {
        need_open(st)?;
        Ok(socket::peer(st.fd())?)
    });
    answer(cx, done.map(|a| ok(cx, address::encode(cx.heap(), &a))))
}

/// Takes an operation back: `ok`, `select_sent` or `not_found`.
fn cancel<'p>(cx: &Cx<'p>, s: SocketRef<'p>, op: Atom, reference: Term<'p>) -> BifResult<'p> {
    cx.need(reference.as_reference())?;
    let line = match op.name() {
        "connect" => None,
        "accept" => Some(Line::Accept),
        "send" | "sendto" | "sendmsg" | "sendmmsg" | "sendv" | "sendfile" => Some(Line::Write),
        "recv" | "recvfrom" | "recvmsg" | "recvmmsg" => Some(Line::Read),
        _ if s.0.with(|st| st.is_open()) => return Err(cx.badarg()),
        _ => return answer(cx, Err(Fail::CLOSED)),
    };
    let pid = cx.pid();
    let done = s.0.with(|st| {
        need_open(st)?;
        Ok(match line {
            None => cancel_connect(st, pid, reference),
            Some(line) => cancel_line(st, line, pid, reference),
        })
    });
    answer(cx, done.map(Term::atom))
}

fn is_of(r: &Requestor, pid: u64, reference: Term<'_>) -> bool {
    r.pid == pid && term::compare::eq_exact(r.reference.term(), reference)
}

fn taken_back(owed: bool) -> Atom {
    if owed { am::OK } else { atom!("select_sent") }
}

fn cancel_connect(st: &mut State, pid: u64, reference: Term<'_>) -> Atom {
    if !st.connector.as_ref().is_some_and(|c| is_of(c, pid, reference)) {
        return atom!("not_found");
    }
    let owed = st.disarm(Interest::WRITE);
    if let Some(c) = st.connector.take() {
        st.release(c);
    }
    st.write &= !flag::CONNECTING;
    taken_back(owed)
}

fn cancel_line(st: &mut State, line: Line, pid: u64, reference: Term<'_>) -> Atom {
    let all = st.line(line);
    let Some(i) = all.iter().position(|r| is_of(r, pid, reference)) else {
        return atom!("not_found");
    };
    if i > 0 {
        if let Some(r) = all.remove(i) {
            st.release(r);
        }
        return am::OK;
    }
    let interest = if line == Line::Write { Interest::WRITE } else { Interest::READ };
    let owed = st.disarm(interest);
    st.next(line);
    taken_back(owed)
}
