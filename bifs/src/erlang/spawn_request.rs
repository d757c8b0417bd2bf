//! Options of spawning, and spawning by request: the outcome comes as a message [bif.c, erl_process.c].

use super::dist::abandon;
use term::atom::am;
use term::{Atom, OwnedTerm, Term, View, atom};
use vm::process::relation::{self, MonitorOptions};
use vm::process::spawn::{self, SpawnOptions, Start};
use vm::process::spawn_options;
use vm::signal::relations::Peer;
use vm::signal::{Message, Sender};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Plain "spawn_request_abandon"/1 => abandon(0);
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// A reference that the reply and the monitor carry; `badarg` or `badopt`.
    Heavy "spawn_request"/4 => spawn_request(0, 1, 2, 3);
} }

/// Options as given.
pub struct Options<'p> {
    pub spawn: SpawnOptions,
    /// How the child is watched, if it is.
    pub monitor: Option<MonitorOptions<'p>>,
    /// First element of the reply.
    tag: Term<'p>,
    on_success: bool,
    on_error: bool,
}

/// Why options are refused.
pub enum Bad {
    /// Not a proper list.
    List,
    Option,
}

/// `request`: options about the reply are allowed.
pub fn parse<'p>(cx: &Cx<'p>, list: Term<'p>, request: bool) -> Result<Options<'p>, Bad> {
    let mut o = Options {
        spawn: SpawnOptions::new(cx.vm()),
        monitor: None,
        tag: atom!("spawn_reply").into(),
        on_success: true,
        on_error: true,
    };
    for t in list.to_vec().ok_or(Bad::List)? {
        one(cx, &mut o, t, request).ok_or(Bad::Option)?;
    }
    Ok(o)
}

fn one<'p>(cx: &Cx<'p>, o: &mut Options<'p>, t: Term<'p>, request: bool) -> Option<()> {
    if spawn_options::parse(cx.vm(), &mut o.spawn, t)? {
        return Some(());
    }
    let plain = || MonitorOptions { name: None, alias: None, tag: None, priority: false };
    match t.view() {
        View::Atom(am::LINK) => o.spawn.link = true,
        View::Atom(am::MONITOR) => o.monitor = Some(plain()),
        View::Tuple(pair) => {
            let &[k, v] = pair.elements() else { return None };
            match k.as_atom()? {
                am::MONITOR => {
                    let (alias, tag, priority) = super::relation::monitor_options(cx, v)?;
                    o.monitor = Some(MonitorOptions { name: None, alias, tag, priority });
                }
                a if request && a == atom!("reply_tag") => o.tag = v,
                am::REPLY if request => {
                    (o.on_success, o.on_error) = match v.as_atom()?.name() {
                        "yes" => (true, true),
                        "no" => (false, false),
                        "success_only" => (true, false),
                        "error_only" => (false, true),
                        _ => return None,
                    };
                }
                _ => return None,
            }
        }
        _ => return None,
    }
    Some(())
}

fn spawn_request<'p>(
    cx: &Cx<'p>,
    m: Term<'p>,
    f: Term<'p>,
    args: Term<'p>,
    options: Term<'p>,
) -> BifResult<'p> {
    let (Some(m), Some(f), Some(n)) = (m.as_atom(), f.as_atom(), args.list_len()) else {
        return Ok(am::BADARG.into());
    };
    let fail = |tag: Term<'p>, tell: bool, why: Atom| {
        let (n0, n1) = vm::refs::next();
        let r = cx.heap().reference(n0, n1);
        if tell {
            reply(cx, tag, r, am::ERROR, why.into());
        }
        Ok(r)
    };
    let mut o = match parse(cx, options, true) {
        Ok(o) => o,
        Err(Bad::List) => return Ok(atom!("badopt").into()),
        Err(Bad::Option) => {
            let (tag, tell) = tag_of(options);
            return fail(tag, tell, atom!("badopt"));
        }
    };
    if n > 255 {
        return fail(o.tag, o.on_error, am::SYSTEM_LIMIT);
    }
    o.spawn.request = true;
    let start = Start::Call(m, f, args);
    let Some(p) = spawn::create(cx.vm(), Some(cx), start, cx.group_leader(), &o.spawn) else {
        return fail(o.tag, o.on_error, am::SYSTEM_LIMIT);
    };
    let r = match o.monitor {
        Some(how) => relation::monitor(cx, Peer::Process(p.pid), how),
        None => {
            let (n0, n1) = vm::refs::next();
            cx.heap().reference(n0, n1)
        }
    };
    let token = match vm::trace::seq::has_token(cx) {
        true => spawn::pass_token(cx, &p, start, r, options, o.tag),
        false => None,
    };
    // Before anything that the child sends.
    if o.on_success {
        let m = answer(o.tag, r, am::OK, Term::local_pid(p.pid));
        let m = Message::new(m).with_token(token);
        if let Some(me) = cx.vm().processes.lookup(cx.pid()) {
            cx.vm().send_to(Sender::Process(cx.pid()), &me, m);
        }
    }
    cx.vm().schedule(&p);
    Ok(r)
}

/// The reply tag among options of which some are bad, and whether errors are told.
fn tag_of(options: Term<'_>) -> (Term<'_>, bool) {
    let (mut tag, mut tell) = (atom!("spawn_reply").into(), true);
    for t in options.iter_list() {
        if let Some([k, v]) = t.as_tuple_of::<2>() {
            if k.is_atom_of(atom!("reply_tag")) {
                tag = v;
            } else if k.is_atom_of(am::REPLY) {
                tell = !v.as_atom().is_some_and(|a| matches!(a.name(), "no" | "success_only"));
            }
        }
    }
    (tag, tell)
}

fn answer(tag: Term<'_>, r: Term<'_>, what: Atom, result: Term<'_>) -> OwnedTerm {
    OwnedTerm::build(|h| h.tuple(&[h.copy(tag), h.copy(r), what.into(), h.copy(result)]))
}

fn reply(cx: &Cx<'_>, tag: Term<'_>, r: Term<'_>, what: Atom, result: Term<'_>) {
    let m = answer(tag, r, what, result);
    cx.vm().send_message(Sender::Process(cx.pid()), cx.pid(), m);
}
