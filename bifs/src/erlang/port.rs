//! Ports: `open_port/2` and what is done with them [erl_bif_port.c].
//!
//! The natives of `erts_internal` answer with atoms for errors; `erlang.erl` makes exceptions of them.

use crate::file_name::to_native;
use term::atom::am;
use term::{Atom, Term, View, atom};
use vm::port::{self, Item, Limits, OpenError, OpenOptions, PortName, Sending};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    /// All open ports
    Plain "ports"/0 => ports();
    Plain "port_set_data"/2 => set_data(0, 1);
    Plain "port_get_data"/1 => get_data(0);
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// The port, or an atom that says what is wrong
    Plain "open_port"/2 => open_port(0, 1);
    /// `true`, `false` for a busy port, a reference, or an atom that says what is wrong
    Plain "port_command"/3 => command(0, 1, 2);
    Plain "port_control"/3 => control(0, 1, 2);
    Plain "port_call"/3 => call_driver(0, 1, 2);
    Plain "port_close"/1 => close(0);
    Plain "port_connect"/2 => connect(0, 1);
    Plain "port_info"/1 => info(0);
    Plain "port_info"/2 => info_item(0, 1);
} }

fn ports<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let all = cx.vm().ports.open_ids();
    let all: Vec<Term> = all.into_iter().map(Term::local_port).collect();
    cx.bump(all.len() / 8);
    Ok(cx.heap().list(&all))
}

fn set_data<'p>(cx: &Cx<'p>, port: Term<'p>, data: Term<'p>) -> BifResult<'p> {
    let port = cx.need(port::lookup(cx, port))?;
    if port::set_data(&port, data) { Ok(am::TRUE.into()) } else { Err(cx.badarg()) }
}

fn get_data<'p>(cx: &Cx<'p>, port: Term<'p>) -> BifResult<'p> {
    let port = cx.need(port::lookup(cx, port))?;
    cx.need(port::get_data(cx, &port))
}

fn open_port<'p>(cx: &Cx<'p>, name: Term<'p>, settings: Term<'p>) -> BifResult<'p> {
    let Some(options) = options(settings) else { return Ok(atom!("badopt").into()) };
    let Some(name) = port_name(name) else { return Ok(am::BADARG.into()) };
    let Some(options) = options.directory() else { return Ok(am::BADARG.into()) };
    Ok(match port::open(cx, name, &options) {
        Ok(id) => Term::local_port(id),
        Err(OpenError::BadArg) => am::BADARG.into(),
        Err(OpenError::SystemLimit) => am::SYSTEM_LIMIT.into(),
        Err(OpenError::Invalid) => atom!("einval").into(),
        Err(OpenError::Errno(n)) => Atom::new(sys::errno::name(n)).into(),
    })
}

/// A name as the system takes it: not empty, no zero bytes.
fn native(t: Term<'_>, empty: bool) -> Option<Vec<u8>> {
    to_native(t, true).filter(|s| !s.contains(&0) && (empty || !s.is_empty()))
}

fn port_name(name: Term<'_>) -> Option<PortName> {
    if let Some(t) = name.as_tuple() {
        return match (t.elements().first()?.as_atom()?.name(), t.elements()) {
            ("spawn", [_, c]) => Some(PortName::Spawn(native(*c, false)?)),
            ("spawn_driver", [_, c]) => Some(PortName::SpawnDriver(native(*c, false)?)),
            ("spawn_executable", [_, c]) => Some(PortName::SpawnExecutable(native(*c, false)?)),
            ("fd", [_, i, o]) => {
                // Numbers beyond those of descriptors are none.
                let fd = |t: Term| t.as_small().map(|n| i32::try_from(n).unwrap_or(i32::MAX));
                Some(PortName::Fd(fd(*i)?, fd(*o)?))
            }
            _ => None,
        };
    }
    let text = match name.view() {
        View::Atom(a) => a.name().as_bytes().to_vec(),
        View::Cons(_) => {
            let chars = name.to_vec()?;
            chars.iter().map(|c| u8::try_from(c.as_small()?).ok()).collect::<Option<Vec<u8>>>()?
        }
        _ => return None,
    };
    Some(PortName::File(text))
}

/// Options, and the directory, which is looked at later.
struct Parsed<'p> {
    options: OpenOptions,
    cwd: Option<Term<'p>>,
}

impl<'p> Parsed<'p> {
    fn directory(self) -> Option<OpenOptions> {
        let mut options = self.options;
        if let Some(dir) = self.cwd.filter(|d| !d.is_nil()) {
            options.cwd = Some(native(dir, false)?);
        }
        Some(options)
    }
}

fn options(settings: Term<'_>) -> Option<Parsed<'_>> {
    let mut o = OpenOptions { read: false, write: false, ..OpenOptions::default() };
    let mut cwd = None;
    for s in settings.to_vec()? {
        if let Some([key, value]) = s.as_tuple_of::<2>() {
            match key.as_atom()?.name() {
                "packet" => {
                    o.packet = match value.as_small()? {
                        n @ (1 | 2 | 4) => n as u8,
                        _ => return None,
                    }
                }
                "line" => {
                    o.line = Some(usize::try_from(value.as_small()?).ok().filter(|n| *n > 0)?)
                }
                "env" => o.env = environment(value)?,
                "args" => {
                    let all = value.to_vec()?;
                    o.args = Some(all.into_iter().map(|a| native(a, true)).collect::<Option<_>>()?);
                }
                "arg0" => o.arg0 = Some(native(value, true)?),
                "cd" => cwd = Some(value),
                "parallelism" => o.parallelism = value.as_bool()?,
                "busy_limits_port" => o.busy_port = Some(limits(value)?),
                "busy_limits_msgq" => o.busy_msgq = Some(limits(value)?),
                _ => return None,
            }
            continue;
        }
        match s.as_atom()?.name() {
            "stream" => o.packet = 0,
            "use_stdio" => o.use_stdio = true,
            "nouse_stdio" => o.use_stdio = false,
            "stderr_to_stdout" => o.stderr_to_stdout = true,
            "line" => o.line = Some(512),
            "binary" => o.binary = true,
            "in" => o.read = true,
            "out" => o.write = true,
            "eof" => o.eof = true,
            "exit_status" => o.exit_status = true,
            // These concern windows of another system.
            "hide" | "overlapped_io" => {}
            _ => return None,
        }
    }
    if !o.read && !o.write {
        (o.read, o.write) = (true, true);
    }
    if (o.line.is_some() && o.packet != 0) || (o.stderr_to_stdout && !o.use_stdio) {
        return None;
    }
    Some(Parsed { options: o, cwd })
}

/// `[{Name, Value | false}]`
fn environment(list: Term<'_>) -> Option<Vec<(Vec<u8>, Option<Vec<u8>>)>> {
    let variable = |t: Term<'_>| {
        let [name, value] = t.as_tuple_of::<2>()?;
        let name = crate::file_name::list_to_native(name)?;
        if name.contains(&b'=') {
            return None;
        }
        if value.is_nil() || value.is_atom_of(am::FALSE) {
            return Some((name, None));
        }
        Some((name, Some(crate::file_name::list_to_native(value)?)))
    };
    list.to_vec()?.into_iter().map(variable).collect()
}

/// `{Low, High} | disabled`
fn limits(t: Term<'_>) -> Option<Limits> {
    if t.as_atom().is_some_and(|a| a.name() == "disabled") {
        return Some(Limits::DISABLED);
    }
    let [low, high] = t.as_tuple_of::<2>()?;
    let size = |t: Term<'_>| t.as_usize().filter(|n| (1..usize::MAX).contains(n));
    let (low, high) = (size(low)?, size(high)?);
    Some(Limits { low: low.min(high), high })
}

fn command<'p>(cx: &Cx<'p>, port: Term<'p>, data: Term<'p>, how: Term<'p>) -> BifResult<'p> {
    let mut sending = Sending::default();
    let words = if how.is_nil() { Some(Vec::new()) } else { how.to_vec() };
    let Some(words) = words else { return Ok(atom!("badopt").into()) };
    for o in words {
        match o.as_atom().map(Atom::name) {
            Some("force") => sending.force = true,
            Some("nosuspend") => sending.nosuspend = true,
            _ => return Ok(atom!("badopt").into()),
        }
    }
    match port::lookup(cx, port) {
        Some(port) => port::command(cx, &port, data, sending),
        None => Ok(am::BADARG.into()),
    }
}

fn control<'p>(cx: &Cx<'p>, port: Term<'p>, op: Term<'p>, data: Term<'p>) -> BifResult<'p> {
    let op = op.as_u64().and_then(|n| u32::try_from(n).ok());
    Ok(match (port::lookup(cx, port), op) {
        (Some(port), Some(op)) => port::control(cx, &port, op, data),
        _ => am::BADARG.into(),
    })
}

fn call_driver<'p>(cx: &Cx<'p>, port: Term<'p>, op: Term<'p>, data: Term<'p>) -> BifResult<'p> {
    let op = op.as_u64().and_then(|n| u32::try_from(n).ok());
    Ok(match (port::lookup(cx, port), op) {
        (Some(port), Some(op)) => port::call(cx, &port, op, data),
        _ => am::BADARG.into(),
    })
}

fn close<'p>(cx: &Cx<'p>, port: Term<'p>) -> BifResult<'p> {
    Ok(match port::lookup(cx, port) {
        Some(port) => port::close(cx, &port),
        None => am::BADARG.into(),
    })
}

fn connect<'p>(cx: &Cx<'p>, port: Term<'p>, to: Term<'p>) -> BifResult<'p> {
    Ok(match port::lookup(cx, port) {
        Some(port) => port::connect(cx, &port, to),
        None => am::BADARG.into(),
    })
}

/// What a port that is not there gives: `undefined`, or `wrong` for what cannot be a port of this node.
fn no_port<'p>(port: Term<'p>, wrong: Atom) -> Term<'p> {
    let undefined = match port.view() {
        View::Atom(_) => true,
        View::Port(p) => p.node().is_none_or(|n| n.name == term::node::this().name),
        _ => false,
    };
    if undefined { am::UNDEFINED.into() } else { wrong.into() }
}

fn info<'p>(cx: &Cx<'p>, port: Term<'p>) -> BifResult<'p> {
    Ok(match port::lookup(cx, port) {
        Some(port) => port::info(cx, &port, Item::All),
        None => no_port(port, am::BADARG),
    })
}

fn info_item<'p>(cx: &Cx<'p>, port: Term<'p>, item: Term<'p>) -> BifResult<'p> {
    Ok(match (port::lookup(cx, port), item.as_atom()) {
        (Some(port), Some(item)) => port::info(cx, &port, Item::One(item)),
        (Some(_), None) => am::BADARG.into(),
        (None, _) => no_port(port, atom!("badtype")),
    })
}
