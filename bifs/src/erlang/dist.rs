//! Distribution: what `kernel` and carriers ask of the VM, and who knows which nodes [dist.c].

use term::atom::am;
use term::{Atom, Map, Pid, Reference, Term, View, atom};
use vm::bif::List;
use vm::dist::channel::{self, Created};
use vm::dist::{self, Connection, Controller, census, flags, nodes, relation, spawn};
use vm::process::relation as local;
use vm::{BifResult, Cx};

use std::sync::Arc;

vm::bifs! { pub TABLE: "erlang" {
    Plain "setnode"/2 => setnode(0, 1);
    /// `{ok, Received, Sent, Waiting}`
    Plain "dist_get_stat"/1 => get_stat(0);
    Plain "dist_ctrl_input_handler"/2 => input_handler(0, 1);
    Plain "dist_ctrl_put_data"/2 => put_data(0, 1);
    Plain "dist_ctrl_get_data"/1 => get_data(0);
    Plain "dist_ctrl_get_data_notification"/1 => notification(0);
    Plain "dist_ctrl_get_opt"/2 => get_opt(0, 1);
    Plain "dist_ctrl_set_opt"/3 => set_opt(0, 1, 2);
    Plain "monitor_node"/2 => monitor_node(0, 1);
    Plain "monitor_node"/3 => monitor_node_with(0, 1, 2);
    Guard "node"/0 => node();
    Guard "node"/1 => node_of(0);
    Plain "nodes"/0 => nodes_visible();
    Plain "nodes"/1 => nodes_of(0);
    Plain "nodes"/2 => nodes_with(0, 1);
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// `{ok, Handle}`, `{message, Ref}` or an atom that says what is wrong
    Heavy "create_dist_channel"/3 => create_channel(0, 1, 2);
    Plain "get_dflags"/0 => get_dflags();
    Plain "get_creation"/0 => get_creation();
    Plain "new_connection"/1 => new_connection(0);
    Plain "abort_pending_connection"/2 => abort(0, 1);
    Heavy "dist_spawn_request"/4 => spawn_request(0, 1, 2, 3);
} }

fn setnode<'p>(cx: &Cx<'p>, name: Atom, creation: u64) -> BifResult<'p> {
    let creation = cx.need(u32::try_from(creation).ok())?;
    if cx.vm().dist.set_node(cx, name, creation) { Ok(am::TRUE.into()) } else { Err(cx.badarg()) }
}

fn create_channel<'p>(
    cx: &Cx<'p>,
    node: Term<'p>,
    controller: Term<'p>,
    how: Term<'p>,
) -> BifResult<'p> {
    let controller = match controller.view() {
        View::Pid(p) => p.local().map(Controller::Process),
        View::Port(p) => p.local().map(Controller::Port),
        _ => None,
    };
    let how = how.as_tuple_of::<2>().and_then(|[flags, creation]| {
        Some((flags.as_u64()?, u32::try_from(creation.as_u64()?).ok()?))
    });
    let (Some(node), Some(controller), Some((flags, creation))) = (node.as_atom(), controller, how)
    else {
        return Ok(am::BADARG.into());
    };
    let h = cx.heap();
    Ok(match cx.vm().dist.create_channel(cx, node, controller, flags, creation) {
        // The caller lives as long as the connection, and needs nothing of its handshake any more.
        Some(Created::Up(c)) => {
            let up = h.tuple(&[am::OK.into(), dist::handle(&c, h)]);
            return Err(cx.collect(true, up));
        }
        Some(Created::Later((n0, n1))) => h.tuple(&[atom!("message").into(), h.reference(n0, n1)]),
        None => am::BADARG.into(),
    })
}

fn get_dflags<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let release = cx.vm().release();
    let h = cx.heap();
    let offered = h.uint(flags::offered(release));
    let mandatory = h.uint(flags::mandatory(release));
    let (rejectable, ordered) = (h.uint(flags::REJECTABLE), h.uint(flags::STRICT_ORDER));
    let tag = atom!("erts_dflags").into();
    Ok(h.tuple(&[tag, offered, mandatory, offered, rejectable, ordered]))
}

fn get_creation<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(match term::node::this().creation {
        0 => am::UNDEFINED.into(),
        n => cx.heap().uint(n.into()),
    })
}

fn new_connection<'p>(cx: &Cx<'p>, node: Atom) -> BifResult<'p> {
    let c = cx.need(cx.vm().dist.new_connection(node))?;
    Ok(dist::handle(&c, cx.heap()))
}

fn abort<'p>(cx: &Cx<'p>, node: Atom, handle: Term<'p>) -> BifResult<'p> {
    let c = cx.need(dist::of_handle(handle).filter(|c| c.name == node))?;
    Ok(Term::bool(c.abort(cx.vm())))
}

fn get_stat<'p>(cx: &Cx<'p>, handle: Term<'p>) -> BifResult<'p> {
    let c = cx.need(dist::of_handle(handle).filter(|c| c.is_open()))?;
    let (received, sent, waiting) = c.statistics();
    let h = cx.heap();
    Ok(h.tuple(&[am::OK.into(), h.uint(received), h.uint(sent), h.uint(waiting as u64)]))
}

// Carriers that are processes.

/// The connection of a handle, if the caller carries it.
fn carried<'p>(cx: &Cx<'p>, handle: Term<'p>) -> BifResult<'p, Arc<Connection>> {
    let Some(mine) = channel::carried(cx) else { return Err(cx.error(am::NOTSUP)) };
    cx.need(dist::of_handle(handle).filter(|c| Arc::ptr_eq(c, &mine)))
}

fn input_handler<'p>(cx: &Cx<'p>, handle: Term<'p>, pid: Term<'p>) -> BifResult<'p> {
    let c = carried(cx, handle)?;
    c.set_handler(cx.need(pid.as_pid().and_then(|p| p.local()))?);
    Ok(am::OK.into())
}

fn put_data<'p>(cx: &Cx<'p>, handle: Term<'p>, data: Term<'p>) -> BifResult<'p> {
    let c = cx.need(dist::of_handle(handle))?;
    let mut data = cx.need(vm::port::IoQueue::of_iodata(data))?;
    if c.handler() != cx.pid() {
        return Err(cx.error(am::NOTSUP));
    }
    let bytes = data.take_vec();
    cx.bump(5 + bytes.len() / 256);
    c.put_data(cx.vm(), &bytes);
    Ok(am::OK.into())
}

fn get_data<'p>(cx: &Cx<'p>, handle: Term<'p>) -> BifResult<'p> {
    let c = carried(cx, handle)?;
    cx.bump(5);
    let Some(packet) = c.get_data(cx.vm()) else { return Ok(am::NONE.into()) };
    let h = cx.heap();
    let size = packet.len();
    let data = packet.into_list(h);
    Ok(if c.get_size() { h.tuple(&[h.uint(size as u64), data]) } else { data })
}

fn notification<'p>(cx: &Cx<'p>, handle: Term<'p>) -> BifResult<'p> {
    carried(cx, handle)?.notify_carrier(cx.vm());
    Ok(am::OK.into())
}

fn get_opt<'p>(cx: &Cx<'p>, handle: Term<'p>, option: Term<'p>) -> BifResult<'p> {
    let c = carried(cx, handle)?;
    cx.need(option.as_atom().filter(|a| *a == atom!("get_size")))?;
    Ok(Term::bool(c.get_size()))
}

fn set_opt<'p>(cx: &Cx<'p>, handle: Term<'p>, option: Term<'p>, value: Term<'p>) -> BifResult<'p> {
    let c = carried(cx, handle)?;
    cx.need(option.as_atom().filter(|a| *a == atom!("get_size")))?;
    let on = cx.need(value.as_bool())?;
    let old = c.get_size();
    c.set_get_size(on);
    Ok(Term::bool(old))
}

// Nodes.

fn node<'p>(_: &Cx<'p>) -> BifResult<'p> {
    Ok(Term::atom(term::node::this().name))
}
fn node_of<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    let n = match t.view() {
        View::Pid(p) => p.node(),
        View::Port(p) => p.node(),
        View::Ref(r) => r.node(),
        _ => return Err(cx.badarg()),
    };
    Ok(Term::atom(n.unwrap_or_else(|| term::node::this()).name))
}

/// Kinds of nodes that are asked for.
#[derive(Default)]
struct Kinds {
    visible: bool,
    hidden: bool,
    this: bool,
    known: bool,
}

fn kinds<'p>(cx: &Cx<'p>, which: Term<'p>) -> BifResult<'p, Kinds> {
    let all = if which.is_list() { cx.need(which.to_vec())? } else { vec![which] };
    let mut k = Kinds::default();
    for a in all {
        match cx.need(a.as_atom())?.name() {
            "visible" => k.visible = true,
            "hidden" => k.hidden = true,
            "connected" => (k.visible, k.hidden) = (true, true),
            "this" => k.this = true,
            "known" => k = Kinds { visible: true, hidden: true, this: true, known: true },
            _ => return Err(cx.badarg()),
        }
    }
    Ok(k)
}

/// Name, type, connection number of the nodes asked for.
fn nodes_of_kinds(cx: &Cx<'_>, k: &Kinds) -> Vec<(Atom, Atom, Option<u32>)> {
    let mut all = Vec::new();
    let this = term::node::this().name;
    let mut known = if k.known { census::known(cx.vm()) } else { Default::default() };
    for e in cx.vm().dist.entries().into_iter().filter(|e| e.name != this) {
        let Some(c) = e.current().filter(|c| c.is_connected()) else { continue };
        known.remove(&e.name);
        if c.is_visible() && k.visible {
            all.push((e.name, atom!("visible"), Some(c.id)));
        } else if !c.is_visible() && k.hidden {
            all.push((e.name, atom!("hidden"), Some(c.id)));
        }
    }
    all.extend(known.into_iter().map(|name| (name, atom!("known"), None)));
    if k.this {
        all.push((this, atom!("this"), None));
    }
    cx.bump(all.len() / 10);
    all
}

/// Forgets nodes that nobody refers to, if all that are known are asked for and some may be forgotten; then answers.
fn answer<'p>(
    cx: &Cx<'p>,
    k: Kinds,
    f: impl for<'q> Fn(&Cx<'q>, &Kinds) -> Term<'q> + Send + 'static,
) -> BifResult<'p> {
    if k.known && census::is_due(cx.vm()) {
        return census::forget(cx, move |cx| Ok(f(cx, &k)));
    }
    Ok(f(cx, &k))
}

fn names<'p>(cx: &Cx<'p>, k: Kinds) -> BifResult<'p> {
    answer(cx, k, |cx, k| {
        let all: Vec<Term> = nodes_of_kinds(cx, k).into_iter().map(|n| n.0.into()).collect();
        cx.heap().list(&all)
    })
}
fn nodes_visible<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    names(cx, Kinds { visible: true, ..Kinds::default() })
}
fn nodes_of<'p>(cx: &Cx<'p>, which: Term<'p>) -> BifResult<'p> {
    names(cx, kinds(cx, which)?)
}
fn nodes_with<'p>(cx: &Cx<'p>, which: Term<'p>, options: Map<'p>) -> BifResult<'p> {
    let k = kinds(cx, which)?;
    let (mut with_id, mut with_type) = (false, false);
    for (key, value) in options.iter() {
        let wanted = cx.need(value.as_bool())?;
        match cx.need(key.as_atom())? {
            a if a == atom!("connection_id") => with_id = wanted,
            a if a == atom!("node_type") => with_type = wanted,
            _ => return Err(cx.badarg()),
        }
    }
    answer(cx, k, move |cx, k| {
        let h = cx.heap();
        let one = |(name, kind, id): (Atom, Atom, Option<u32>)| {
            let mut info: Vec<(Term, Term)> = Vec::new();
            if with_id {
                let id = id.map_or(am::UNDEFINED.into(), |id| h.uint(id.into()));
                info.push((atom!("connection_id").into(), id));
            }
            if with_type {
                info.push((atom!("node_type").into(), kind.into()));
            }
            h.tuple(&[name.into(), h.map_from_pairs(&info)])
        };
        let all: Vec<Term> = nodes_of_kinds(cx, k).into_iter().map(one).collect();
        h.list(&all)
    })
}

fn monitor_node<'p>(cx: &Cx<'p>, node: Term<'p>, on: Term<'p>) -> BifResult<'p> {
    monitor_node_with(cx, node, on, List(Term::nil()))
}

fn monitor_node_with<'p>(
    cx: &Cx<'p>,
    node: Term<'p>,
    on: Term<'p>,
    options: List<'p>,
) -> BifResult<'p> {
    let mut connect = true;
    let badopt = || cx.badarg_cause(atom!("badopt").into());
    for o in options.0.to_vec().ok_or_else(badopt)? {
        if !o.is_atom_of(atom!("allow_passive_connect")) {
            return Err(badopt());
        }
        connect = false;
    }
    let name = cx.need(node.as_atom())?;
    if name != am::NONODE_NOHOST && !dist::is_named_or_will_be(cx) {
        return Err(cx.error(atom!("notalive")));
    }
    let on = cx.need(on.as_bool())?;
    if !on {
        relation::demonitor_node(cx, name);
        return Ok(am::TRUE.into());
    }
    if name == term::node::this().name || relation::monitor_node(cx, name, connect) {
        return Ok(am::TRUE.into());
    }
    Err(cx.trap(am::ERLANG, atom!("dmonitor_node"), &[node, am::TRUE.into(), options.0]))
}

/// `process_flag(monitor_nodes, On)` and `process_flag({monitor_nodes, Options}, On)`.
pub fn monitor_nodes<'p>(cx: &Cx<'p>, options: Term<'p>, on: Term<'p>) -> BifResult<'p> {
    let on = cx.need(on.as_bool())?;
    let o = cx.need(nodes_options(options))?;
    Ok(Term::small(nodes::subscribe(cx, o, on).into()))
}

fn nodes_options(options: Term<'_>) -> Option<nodes::Options> {
    let mut o = nodes::Options::default();
    if options.is_nil() {
        return Some(o);
    }
    o.map = true;
    for (k, v) in options.as_map()?.iter() {
        match (k.as_atom()?.name(), v.as_atom()?.name()) {
            ("list", "true") => o.map = false,
            ("node_type", "visible") => o.visible = true,
            ("node_type", "hidden") => o.hidden = true,
            ("node_type", "all") => (o.visible, o.hidden) = (true, true),
            ("nodedown_reason", "true") => o.reason = true,
            ("connection_id", "true") => o.connection_id = true,
            ("nodedown_reason" | "connection_id", "false") => {}
            _ => return None,
        }
    }
    Some(o)
}

/// Whether the node of this pid takes Unicode in I/O requests.
pub fn unicode_io<'p>(cx: &Cx<'p>, pid: Pid<'p>) -> BifResult<'p> {
    let Some(node) = pid.node() else { return Ok(am::TRUE.into()) };
    let c = cx.vm().dist.find(node.name).and_then(|e| e.current());
    Ok(Term::bool(c.is_some_and(|c| c.has(flags::UNICODE_IO))))
}

// Spawning on another node.

/// Options of a request to another node.
struct Asked<'p> {
    pending: spawn::Pending,
    monitor: Option<super::relation::Options<'p>>,
    /// What the other node is to see.
    options: Vec<Term<'p>>,
    good: bool,
}

fn asked<'p>(cx: &Cx<'p>, node: Atom, list: Term<'p>, request: bool) -> Option<Asked<'p>> {
    let pending = spawn::Pending {
        node,
        id: 0,
        tag: term::OwnedTerm::immediate(Term::atom(atom!("spawn_reply"))),
        link: false,
        monitor: false,
        on_success: true,
        on_error: true,
        abandoned: false,
        alias: None,
        monitor_tag: None,
    };
    let mut a = Asked { pending, monitor: None, options: Vec::new(), good: true };
    for t in list.to_vec()? {
        let pair = t.as_tuple_of::<2>();
        match pair.and_then(|[k, v]| Some((k.as_atom()?, v))) {
            Some((k, v)) if k == atom!("reply_tag") && request => {
                a.pending.tag = term::OwnedTerm::whole_copy_of(v);
            }
            Some((am::REPLY, v)) if request => {
                (a.pending.on_success, a.pending.on_error) = match v.as_atom().map(Atom::name) {
                    Some("yes") => (true, true),
                    Some("no") => (false, false),
                    Some("success_only") => (true, false),
                    Some("error_only") => (false, true),
                    _ => {
                        a.good = false;
                        continue;
                    }
                };
            }
            Some((k, _)) if k == atom!("reply_tag") || k == am::REPLY => a.good = false,
            Some((am::MONITOR, v)) => match super::relation::monitor_options(cx, v) {
                Some(o) => {
                    a.monitor = Some(o);
                    a.options.push(am::MONITOR.into());
                }
                None => a.good = false,
            },
            _ => {
                a.pending.link |= t.is_atom_of(am::LINK);
                if t.is_atom_of(am::MONITOR) {
                    a.monitor = Some((None, None, false));
                }
                a.options.push(t);
            }
        }
    }
    a.pending.monitor = a.monitor.is_some();
    if let Some((alias, tag, _)) = a.monitor {
        a.pending.alias = alias;
        a.pending.monitor_tag = tag.map(term::OwnedTerm::whole_copy_of);
    }
    Some(a)
}

/// A reference, or (for `spawn_opt`) one with whether there is a monitor; `badarg`.
fn spawn_request<'p>(
    cx: &Cx<'p>,
    node: Term<'p>,
    mfa: Term<'p>,
    options: Term<'p>,
    what: Atom,
) -> BifResult<'p> {
    let bad = Ok(am::BADARG.into());
    let request = what == atom!("spawn_request");
    let Some(node) = node.as_atom().filter(|n| *n != term::node::this().name) else { return bad };
    let mfa = mfa.as_tuple_of::<3>().and_then(|[m, f, args]| {
        args.list_len()?;
        Some((m.as_atom()?, f.as_atom()?, args))
    });
    let (Some((module, function, args)), Some(a)) = (mfa, asked(cx, node, options, request)) else {
        return bad;
    };
    if !a.good && !request {
        return bad;
    }
    let alias = a.pending.alias;
    let reference = spawn::fresh(alias);
    let r = spawn::term(cx, reference, alias);
    let h = cx.heap();
    let result = match request {
        true => r,
        false => h.tuple(&[r, Term::bool(a.pending.monitor)]),
    };
    if !a.good {
        spawn::refuse(cx, reference, a.pending, atom!("badopt"));
        return Ok(result);
    }
    let wanted = spawn::Wanted { module, function, args, options: h.list(&a.options) };
    spawn::request(cx, node, reference, a.pending, wanted, result)?;
    Ok(result)
}

/// `spawn_request_abandon/1`
pub fn abandon<'p>(cx: &Cx<'p>, r: Reference<'p>) -> BifResult<'p> {
    let done = r.local_id().is_some_and(|id| {
        let done = spawn::abandon(cx, id);
        if done {
            local::unalias(cx, id);
        }
        done
    });
    Ok(Term::bool(done))
}
