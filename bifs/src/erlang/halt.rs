//! Stopping the emulator.

use core::time::Duration;
use term::atom::am;
use term::{Term, View};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Heavy "halt"/2 => halt(0, 1);
} }

/// `true` for flushing, and how long that may take; nothing is for ever.
fn options(cx: &Cx<'_>, list: Term<'_>) -> Option<(bool, Option<Duration>)> {
    let config = &cx.vm().config;
    let (mut flush, mut limit) = (true, config.halt_flush_timeout.map(Duration::from_millis));
    for o in list.to_vec()? {
        let [k, v] = o.as_tuple_of::<2>()?;
        match k.as_atom()? {
            am::FLUSH => flush = v.as_bool()?,
            a if a.name() == "flush_timeout" && cx.vm().release() >= 27 => {
                limit = match v.as_atom() {
                    Some(am::INFINITY) => None,
                    Some(_) => return None,
                    None => Some(Duration::from_millis(v.as_u64()?)),
                };
            }
            _ => return None,
        }
    }
    Some((flush, limit))
}

fn halt<'p>(cx: &Cx<'p>, status: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    let (flush, limit) = options(cx, list).ok_or_else(|| cx.bad("badopt"))?;
    use vm::halt::Halt;
    let how = match status.view() {
        View::Small(n) if n >= 0 => Halt::Status((n & 0xff) as i32),
        View::Big(b) if !b.is_negative() => Halt::Status((b.digits()[0] & 0xff) as i32),
        View::Atom(a) if a.name() == "abort" => Halt::Abort,
        View::Nil | View::Cons(_) => {
            let text: Option<String> = status
                .to_vec()
                .and_then(|v| v.iter().map(|c| char::from_u32(c.as_u64()? as u32)).collect());
            Halt::Dump(cx.need(text)?.chars().take(1023).collect())
        }
        _ => return Err(cx.badarg()),
    };
    let flush = flush.then_some(limit);
    vm::halt::halt(cx.vm(), how, flush, cx.scheduler())
}
