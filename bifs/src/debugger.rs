//! Natives of `erl_debugger` (OTP 28 and later) [erl_debugger.c]. Without `+D` they are not there.

use term::atom::am;
use term::{Atom, Heap, Pid, RawTerm, Term, atom};
use vm::debugger::{self, Place, Refusal, Slot};
use vm::inspect::still;
use vm::process::Process;
use vm::{BifResult, Cx, Stop, Vm};

vm::bifs! { pub TABLE: "erl_debugger" {
    Plain "supported"/0 => supported();
    Plain "instrumentations"/0 => instrumentations();
    Plain "toggle_instrumentations"/1 => toggle(0);
    Plain "register"/1 => register(0);
    Plain "unregister"/2 => unregister(0, 1);
    Plain "whereis"/0 => whereis();
    Plain "breakpoint"/3 => breakpoint(0, 1, 2);
    Plain "breakpoints"/1 => breakpoints(0);
    Plain "breakpoints"/3 => breakpoints_of(0, 1, 2);
    /// The frames of a suspended process, the youngest first.
    Plain "stack_frames"/2 => stack_frames(0, 1);
    Plain "peek_stack_frame_slot"/4 => peek_slot(0, 1, 2, 3);
    Plain "xregs_count"/1 => registers(0);
    Plain "peek_xreg"/3 => peek_register(0, 1, 2);
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// Tells the debugger: `{breakpoint, Pid, {M, F, A}, Line, Resume}`.
    Plain "notify_breakpoint_hit"/3 => notify(0, 1, 2);
} }

fn on(cx: &Cx<'_>) -> Result<(), Stop> {
    if cx.vm().debugger.is_supported() { Ok(()) } else { Err(cx.error(atom!("undef"))) }
}

fn supported<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(Term::bool(cx.vm().debugger.is_supported()))
}

fn one<'p>(h: &'p Heap, key: Term<'p>, value: Term<'p>) -> Term<'p> {
    put(h, h.map_new(), key, value)
}
fn put<'p>(h: &'p Heap, map: Term<'p>, key: Term<'p>, value: Term<'p>) -> Term<'p> {
    map.as_map().map_or(map, |m| h.map_put(m, key, value))
}

fn instrumentations<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    on(cx)?;
    let lines = cx.vm().debugger.instruments();
    Ok(one(cx.heap(), atom!("line_breakpoint").into(), Term::bool(lines)))
}

fn toggle<'p>(cx: &Cx<'p>, map: Term<'p>) -> BifResult<'p> {
    on(cx)?;
    let map = cx.need(map.as_map())?;
    if map.size() > 0 {
        let value = map.get(atom!("line_breakpoint").into()).filter(|_| map.size() == 1);
        let lines = cx.need(value.and_then(|t| t.as_bool()))?;
        cx.vm().debugger.instrument(lines);
    }
    Ok(am::OK.into())
}

fn register<'p>(cx: &Cx<'p>, pid: Term<'p>) -> BifResult<'p> {
    on(cx)?;
    let pid = cx.need(pid.as_pid().and_then(|p| p.local()))?;
    let (tag, value) = match cx.vm().debugger.register(cx.vm(), pid) {
        Some(session) => (am::OK, Term::small(session.into())),
        None => (am::ERROR, atom!("already_exists").into()),
    };
    Ok(cx.heap().tuple(&[tag.into(), value]))
}

fn unregister<'p>(cx: &Cx<'p>, pid: Term<'p>, session: Term<'p>) -> BifResult<'p> {
    on(cx)?;
    let pid = cx.need(pid.as_pid().and_then(|p| p.local()))?;
    let session = cx.need(session.as_i64())?;
    cx.need(cx.vm().debugger.unregister(pid, session).then_some(am::OK.into()))
}

fn whereis<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    on(cx)?;
    Ok(cx.vm().debugger.pid(cx.vm()).map_or(am::UNDEFINED.into(), Term::local_pid))
}

fn breakpoint<'p>(cx: &Cx<'p>, module: Term<'p>, line: Term<'p>, flag: Term<'p>) -> BifResult<'p> {
    on(cx)?;
    let name = cx.need(module.as_atom())?;
    let number = cx.need(line.as_i64().filter(|n| *n > 0))?;
    let flag = cx.need(flag.as_bool())?;
    let (why, what) =
        match debugger::set(cx.vm(), name, u32::try_from(number).unwrap_or(u32::MAX), flag) {
            Ok(()) => return Ok(am::OK.into()),
            Err(Refusal::NoModule) => ("badkey", module),
            Err(Refusal::NoPlaces) => ("unsupported", module),
            Err(Refusal::NoLine) => ("badkey", line),
            Err(Refusal::NoPlaceOnLine) => ("unsupported", line),
        };
    let h = cx.heap();
    Ok(h.tuple(&[am::ERROR.into(), h.tuple(&[Atom::new(why).into(), what])]))
}

fn lines<'p>(h: &'p Heap, all: &[(u32, bool)]) -> Term<'p> {
    all.iter().fold(h.map_new(), |map, (line, on)| {
        put(h, map, Term::small((*line).into()), Term::bool(*on))
    })
}

fn breakpoints<'p>(cx: &Cx<'p>, module: Term<'p>) -> BifResult<'p> {
    on(cx)?;
    let module = cx.need(module.as_atom())?;
    let h = cx.heap();
    let Some(all) = debugger::breakpoints(cx.vm(), module) else {
        return Ok(h.tuple(&[am::ERROR.into(), atom!("badkey").into()]));
    };
    cx.bump(all.len());
    let map = all.iter().fold(h.map_new(), |map, (f, a, all)| {
        put(h, map, h.tuple(&[Term::atom(*f), Term::small((*a).into())]), lines(h, all))
    });
    Ok(h.tuple(&[am::OK.into(), map]))
}

fn breakpoints_of<'p>(
    cx: &Cx<'p>,
    module: Term<'p>,
    name: Term<'p>,
    arity: Term<'p>,
) -> BifResult<'p> {
    on(cx)?;
    let (module, name) = (cx.need(module.as_atom())?, cx.need(name.as_atom())?);
    let n = cx.need(arity.as_i64())?;
    let h = cx.heap();
    let bad = |what| {
        let why = h.tuple(&[atom!("badkey").into(), what]);
        Ok(h.tuple(&[am::ERROR.into(), why]))
    };
    let Some(all) = debugger::breakpoints(cx.vm(), module) else { return bad(module.into()) };
    match all.iter().find(|(f, a, _)| *f == name && i64::from(*a) == n) {
        Some((_, _, all)) => Ok(h.tuple(&[am::OK.into(), lines(h, all)])),
        None => bad(h.tuple(&[name.into(), arity])),
    }
}

// Frames and registers.

/// Has `look` look into another process, if that is suspended.
fn look<'p>(
    cx: &Cx<'p>,
    pid: Pid<'p>,
    look: impl for<'q> FnOnce(&Cx<'q>, &Process) -> Term<'q> + Send + 'static,
) -> BifResult<'p> {
    let pid = cx.need(pid.local().filter(|p| *p != cx.pid()))?;
    still(
        cx,
        Box::new(move |cx, still| {
            Ok(match still.suspended(pid, |p| look(cx, p)) {
                Some(t) => t,
                None => atom!("running").into(),
            })
        }),
    )
}

fn count<'p>(cx: &Cx<'p>, t: Term<'p>) -> Result<usize, Stop> {
    cx.need(t.as_i64().and_then(|n| usize::try_from(n).ok()))
}

fn place<'p>(h: &'p Heap, place: &Place) -> Term<'p> {
    match *place {
        Place::Special(name) => Atom::new(name).into(),
        Place::Code(m, f, a, line) => {
            let line = if line == 0 { am::UNDEFINED.into() } else { Term::small(line.into()) };
            let mfa = h.tuple(&[m.into(), f.into(), Term::small(a.into())]);
            put(h, one(h, atom!("function").into(), mfa), atom!("line").into(), line)
        }
    }
}

fn value<'p>(vm: &Vm, h: &'p Heap, w: RawTerm, most: usize) -> Term<'p> {
    let (tag, t) = match debugger::slot(h, w, most) {
        Slot::Value(t) => (atom!("value"), t),
        Slot::TooLarge(n) => (atom!("too_large"), h.uint(n as u64)),
        Slot::Catch(at) => (atom!("catch"), place(h, &debugger::catch_place(vm, at))),
    };
    h.tuple(&[tag.into(), t])
}

fn stack_frames<'p>(cx: &Cx<'p>, pid: Term<'p>, most: Term<'p>) -> BifResult<'p> {
    on(cx)?;
    let pid = cx.need(pid.as_pid())?;
    let most = count(cx, most)?;
    look(cx, pid, move |cx, p| {
        let (vm, h) = (cx.vm(), cx.heap());
        let frames = debugger::frames(vm, p);
        let last = frames.len().saturating_sub(1);
        let rows: Vec<Term> = frames
            .iter()
            .enumerate()
            .map(|(i, (at, address, words))| {
                let slots: Vec<Term> = words.iter().map(|w| value(vm, h, *w, most)).collect();
                let info = one(h, atom!("code").into(), h.uint(*address));
                let info = put(h, info, atom!("slots").into(), h.list(&slots));
                h.tuple(&[Term::small((last - i) as i64), place(h, at), info])
            })
            .collect();
        h.list(&rows)
    })
}

fn peek_slot<'p>(
    cx: &Cx<'p>,
    pid: Term<'p>,
    frame: Term<'p>,
    slot: Term<'p>,
    most: Term<'p>,
) -> BifResult<'p> {
    on(cx)?;
    let pid = cx.need(pid.as_pid())?;
    let (frame, slot, most) = (count(cx, frame)?, count(cx, slot)?, count(cx, most)?);
    look(cx, pid, move |cx, p| {
        let frames = debugger::frames(cx.vm(), p);
        let words = frames.iter().rev().nth(frame).map(|f| &f.2);
        match words.and_then(|w| w.get(slot)) {
            Some(w) => value(cx.vm(), cx.heap(), *w, most),
            None => am::UNDEFINED.into(),
        }
    })
}

fn registers<'p>(cx: &Cx<'p>, pid: Term<'p>) -> BifResult<'p> {
    on(cx)?;
    let pid = cx.need(pid.as_pid())?;
    look(cx, pid, |_, p| Term::small(debugger::registers(p).len() as i64))
}

fn peek_register<'p>(cx: &Cx<'p>, pid: Term<'p>, x: Term<'p>, most: Term<'p>) -> BifResult<'p> {
    on(cx)?;
    let pid = cx.need(pid.as_pid())?;
    let (x, most) = (count(cx, x)?, count(cx, most)?);
    look(cx, pid, move |cx, p| match debugger::registers(p).get(x) {
        Some(w) => value(cx.vm(), cx.heap(), *w, most),
        None => am::UNDEFINED.into(),
    })
}

fn notify<'p>(cx: &Cx<'p>, mfa: Term<'p>, line: Term<'p>, resume: Term<'p>) -> BifResult<'p> {
    on(cx)?;
    let [m, f, a] = cx.need(mfa.as_tuple_of::<3>())?;
    cx.need((m.as_atom().is_some() && f.as_atom().is_some()).then_some(()))?;
    cx.need(a.as_i64().and(line.as_i64()))?;
    cx.need(resume.as_fun().filter(|f| f.arity() == 0).map(drop))?;
    let vm = cx.vm();
    // Whoever debugs is not stopped.
    if vm.debugger.pid(vm) == Some(cx.pid()) {
        return Ok(atom!("abort").into());
    }
    let who = Term::local_pid(cx.pid());
    let event = cx.heap().tuple(&[atom!("breakpoint").into(), who, mfa, line, resume]);
    let told = vm.debugger.tell(vm, cx.pid(), event);
    Ok(if told { am::OK.into() } else { atom!("noproc").into() })
}
