//! The terminal as OTP 26 and later use it: module `prim_tty` [prim_tty_nif.c].
//!
//! All that is shown and edited is Erlang; natives set modes, read, write, and know widths and capabilities. The mode is
//! put back when the process that set it ends, and at exit (`sys::tty`).

pub mod info;
mod select;

use select::ok;
use std::io;
use std::sync::{Mutex, PoisonError};
use sys::tty::{Change, Mode, Settings};
use term::atom::am;
use term::shared::Magic;
use term::{Atom, Map, Term, atom};
use vm::{BifResult, Cx, FromTerm};

vm::bifs! { pub TABLE: "prim_tty" {
    /// Whether `stdin`, `stdout` or `stderr` is a terminal; `ebadf` when it is closed
    Plain "isatty"/1 => isatty(0);
    Plain "tty_create"/0 => tty_create();
    Plain "tty_create"/1 => tty_create_for(0);
    /// Chooses a mode
    Plain "tty_init"/3 => tty_init3(0, 1, 2);
    /// Sets that mode
    Plain "tty_set"/1 => tty_set(0);
    /// Chooses and sets a mode
    Plain "tty_init"/2 => tty_init2(0, 1);
    Plain "tty_is_open"/2 => tty_is_open(0, 1);
    /// Whether the locale has UTF-8
    Plain "setlocale"/1 => setlocale(0);
    Plain "tty_select"/3 => tty_select3(0, 1, 2);
    Plain "tty_select"/2 => tty_select2(0, 1);
    Plain "tty_read_signal"/2 => tty_read_signal(0, 1);
    /// `{ok, {Columns, Rows}}`
    Plain "tty_window_size"/1 => tty_window_size(0);
    Plain "tty_encoding"/1 => tty_encoding(0);
    DirtyIo "write_nif"/2 => write(0, 1);
    DirtyIo "read_nif"/2 => read2(0, 1);
    DirtyIo "read_nif"/3 => read3(0, 1, 2);
    Plain "isprint"/1 => isprint(0);
    Plain "wcwidth"/1 => wcwidth(0);
    Plain "wcswidth"/1 => wcswidth(0);
    Plain "sizeof_wchar"/0 => sizeof_wchar();
} }

/// The most bytes that one call reads.
const READ: usize = 1024;
/// Binaries that are written together.
const SLICES: usize = 64;

struct Tty {
    /// Numbers of its reference.
    id: (u64, u64),
    /// Where output goes.
    out: i32,
    /// The mode at the start and the chosen one; `None` where output is no terminal.
    modes: Mutex<Option<Modes>>,
}

#[derive(Clone, Copy)]
struct Modes {
    before: Mode,
    chosen: Mode,
}

/// An argument that refers to a terminal.
#[derive(Clone, Copy)]
struct TtyRef<'p>(Term<'p>, &'p Tty);

impl<'p> FromTerm<'p> for TtyRef<'p> {
    fn from_term(t: Term<'p>) -> Option<Self> {
        t.as_reference()?.magic_ref()?.downcast().map(|tty| TtyRef(t, tty))
    }
}

impl Tty {
    fn modes(&self) -> std::sync::MutexGuard<'_, Option<Modes>> {
        self.modes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn posix(e: &io::Error) -> Term<'static> {
    Atom::new(sys::errno::of(e)).into()
}

/// `{error, Posix}`
fn error<'p>(cx: &Cx<'p>, why: Term<'p>) -> Term<'p> {
    cx.heap().tuple(&[am::ERROR.into(), why])
}

/// `{error, {Function, Posix}}`
fn error_in<'p>(cx: &Cx<'p>, function: &str, e: &io::Error) -> Term<'p> {
    let pair = cx.heap().tuple(&[Atom::new(function).into(), posix(e)]);
    error(cx, pair)
}

fn descriptor(name: Atom) -> Option<i32> {
    match name.name() {
        "stdin" => Some(0),
        "stdout" => Some(1),
        "stderr" => Some(2),
        _ => None,
    }
}

fn isatty<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    let fd = cx.need(descriptor(name))?;
    Ok(match (sys::fd::is_tty(fd), sys::fd::is_open(fd)) {
        (true, _) => Term::bool(true),
        (false, true) => Term::bool(false),
        _ => atom!("ebadf").into(),
    })
}

fn create<'p>(cx: &Cx<'p>, out: i32) -> Term<'p> {
    let modes = Mode::of(out).ok().map(|m| Modes { before: m, chosen: m });
    let id = vm::refs::next();
    let tty = Tty { id, out, modes: Mutex::new(modes) };
    ok(cx, cx.heap().magic_reference(id.0, id.1, Magic::handle(tty)))
}
fn tty_create<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(create(cx, 1))
}
fn tty_create_for<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    let out = cx.need(descriptor(name).filter(|fd| *fd != 0))?;
    Ok(create(cx, out))
}

fn change(options: Map<'_>, key: Atom) -> Change {
    match options.get(key.into()).and_then(|v| v.as_bool()) {
        Some(true) => Change::On,
        Some(false) => Change::Off,
        None => Change::Keep,
    }
}

fn tty_init3<'p>(cx: &Cx<'p>, tty: TtyRef<'p>, _: Term<'p>, options: Map<'p>) -> BifResult<'p> {
    let (canon, echo) = (atom!("canon"), atom!("echo"));
    if options.get(canon.into()).is_none() || options.get(echo.into()).is_none() {
        return Err(cx.badarg());
    }
    let before = match Mode::of(tty.1.out) {
        Ok(mode) => mode,
        Err(e) => return Ok(error_in(cx, "tcgetattr", &e)),
    };
    let settings = Settings {
        canonical: change(options, canon),
        echo: change(options, echo),
        signals: change(options, atom!("sig")),
        device: None,
    };
    let mut modes = tty.1.modes();
    // What was there first is what is put back.
    let before = modes.map_or(before, |m| m.before);
    *modes = Some(Modes { before, chosen: before.with(&settings) });
    Ok(am::OK.into())
}

/// Sets the chosen mode, and puts the first one back when this process ends.
fn set<'p>(cx: &Cx<'p>, tty: TtyRef<'p>) -> Option<Term<'p>> {
    let modes = (*tty.1.modes())?;
    if let Err(e) = modes.chosen.set(tty.1.out)
        // In the background: it is set when the program goes on in the foreground.
        && e.raw_os_error() != sys::errno::number("eio")
    {
        return Some(error_in(cx, "tcsetattr", &e));
    }
    if let Some(object) = tty.0.as_reference().and_then(|r| r.magic()) {
        cx.own(tty.1.id, object, |m| {
            if let Some(tty) = m.downcast::<Tty>()
                && let Some(modes) = *tty.modes()
            {
                let _ = modes.before.set(tty.out);
            }
        });
    }
    None
}

fn tty_set<'p>(cx: &Cx<'p>, tty: TtyRef<'p>) -> BifResult<'p> {
    Ok(set(cx, tty).unwrap_or(am::OK.into()))
}

fn tty_init2<'p>(cx: &Cx<'p>, tty: TtyRef<'p>, options: Map<'p>) -> BifResult<'p> {
    let input = cx.need(options.get(atom!("input").into()))?;
    let raw = input.is_atom_of(atom!("raw"));
    let mut modes = tty.1.modes();
    let Some(m) = modes.as_mut() else {
        let refused = || error(cx, atom!("enotsup").into());
        return Ok(if raw { refused() } else { am::OK.into() });
    };
    let settings = Settings { canonical: Change::Off, echo: Change::Off, ..Settings::default() };
    m.chosen = if raw { m.before.with(&settings) } else { m.before };
    drop(modes);
    Ok(set(cx, tty).unwrap_or(am::OK.into()))
}

fn tty_is_open<'p>(cx: &Cx<'p>, _: TtyRef<'p>, name: Atom) -> BifResult<'p> {
    let fd = cx.need(descriptor(name))?;
    match sys::fd::is_hung_up(fd) {
        Ok(closed) => Ok(Term::bool(!closed)),
        Err(_) => Err(cx.badarg()),
    }
}

fn setlocale<'p>(_: &Cx<'p>, _: Term<'p>) -> BifResult<'p> {
    Ok(Term::bool(sys::host::locale_charset().is_some_and(|c| c == "UTF-8")))
}
fn tty_encoding<'p>(_: &Cx<'p>, _: Term<'p>) -> BifResult<'p> {
    Ok(atom!("utf8").into())
}

fn select_input<'p>(cx: &Cx<'p>, tty: TtyRef<'p>, r: Term<'p>) -> Term<'p> {
    vm::port::line_editor_starts();
    match select::input(cx, tty.0, r) {
        Ok(()) => am::OK.into(),
        Err(e) => error(cx, posix(&e)),
    }
}
fn tty_select2<'p>(cx: &Cx<'p>, tty: TtyRef<'p>, r: Term<'p>) -> BifResult<'p> {
    Ok(select_input(cx, tty, r))
}
fn tty_select3<'p>(
    cx: &Cx<'p>,
    tty: TtyRef<'p>,
    signals: Term<'p>,
    input: Term<'p>,
) -> BifResult<'p> {
    vm::os_signal::watch_terminal(select::arrived);
    select::signals(cx, tty.0, signals);
    Ok(select_input(cx, tty, input))
}
fn tty_read_signal<'p>(cx: &Cx<'p>, tty: TtyRef<'p>, r: Term<'p>) -> BifResult<'p> {
    let next = select::next_signal();
    select::signals(cx, tty.0, r);
    Ok(match next {
        Some(signal) => ok(cx, signal.name()),
        None => error(cx, atom!("eagain").into()),
    })
}

fn tty_window_size<'p>(cx: &Cx<'p>, tty: TtyRef<'p>) -> BifResult<'p> {
    let size = sys::tty::window_size(0).or_else(|_| sys::tty::window_size(tty.1.out));
    let known = |n: u16| if n > 0 { i64::from(n) } else { -1 };
    Ok(match size.map(|(cols, rows)| (known(cols), known(rows))) {
        Ok((-1, -1)) | Err(_) => error(cx, atom!("enotsup").into()),
        Ok((cols, rows)) => ok(cx, cx.heap().tuple(&[Term::small(cols), Term::small(rows)])),
    })
}

fn write<'p>(cx: &Cx<'p>, tty: TtyRef<'p>, vector: Term<'p>) -> BifResult<'p> {
    let binaries = cx.need(vector.to_vec())?;
    for group in binaries.chunks(SLICES) {
        let mut bytes = Vec::new();
        for t in group {
            bytes.extend_from_slice(&cx.need(t.as_binary())?.bytes());
        }
        if let Err(e) = sys::fd::write_all(tty.1.out, &bytes) {
            return Ok(error(cx, posix(&e)));
        }
    }
    Ok(am::OK.into())
}

fn read<'p>(cx: &Cx<'p>, tty: TtyRef<'p>, r: Term<'p>, max: usize) -> BifResult<'p> {
    let mut buf = [0; READ];
    let n = match sys::fd::read(0, &mut buf[..max.min(READ)]) {
        Ok(0) => return Ok(error(cx, atom!("closed").into())),
        Ok(n) => n,
        Err(e) if sys::fd::would_block(&e) || e.kind() == io::ErrorKind::Interrupted => 0,
        Err(e) => return Ok(error_in(cx, "read", &e)),
    };
    if let Err(e) = select::input(cx, tty.0, r) {
        return Ok(error(cx, posix(&e)));
    }
    Ok(ok(cx, cx.heap().binary(&buf[..n])))
}
fn read2<'p>(cx: &Cx<'p>, tty: TtyRef<'p>, r: Term<'p>) -> BifResult<'p> {
    read(cx, tty, r, READ)
}
fn read3<'p>(cx: &Cx<'p>, tty: TtyRef<'p>, r: Term<'p>, n: usize) -> BifResult<'p> {
    read(cx, tty, r, n)
}

fn isprint<'p>(_: &Cx<'p>, c: i64) -> BifResult<'p> {
    Ok(Term::bool((32..127).contains(&c)))
}
fn width(c: i64) -> Option<i64> {
    let c = u32::try_from(c).ok().and_then(char::from_u32)?;
    if c == '\0' { Some(0) } else { sys::line::width(c).map(|w| w as i64) }
}
fn not_printable<'p>(cx: &Cx<'p>) -> Term<'p> {
    error(cx, atom!("not_printable").into())
}
fn wcwidth<'p>(cx: &Cx<'p>, c: i64) -> BifResult<'p> {
    Ok(width(c).map_or_else(|| not_printable(cx), Term::small))
}
/// Characters as C's `wchar_t`, four bytes each.
fn wcswidth<'p>(cx: &Cx<'p>, text: Term<'p>) -> BifResult<'p> {
    let bytes = cx.need(crate::iolist::to_vec(text))?;
    cx.bump(bytes.len() / 100);
    let mut all = 0;
    for c in bytes.as_chunks::<4>().0 {
        match u32::from_ne_bytes(*c) {
            0 => break,
            c => match width(c.into()) {
                Some(w) => all += w,
                None => return Ok(not_printable(cx)),
            },
        }
    }
    Ok(ok(cx, Term::small(all)))
}
fn sizeof_wchar<'p>(_: &Cx<'p>) -> BifResult<'p> {
    Ok(Term::small(4))
}
