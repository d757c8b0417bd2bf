//! Stopping the emulator.

use term::atom::am;
use term::{Term, View};
use vm::bif::List;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Heavy "halt"/2 => halt(0, 1);
} }

fn halt<'p>(cx: &Cx<'p>, status: Term<'p>, options: List<'p>) -> BifResult<'p> {
    let mut flush = true;
    for o in cx.need(options.0.to_vec())? {
        match o.as_tuple_of::<2>() {
            Some([k, v]) if k.is_atom_of(am::FLUSH) => flush = cx.need(v.as_bool())?,
            Some([k, v]) if k.as_atom().is_some_and(|a| a.name() == "flush_timeout") => {
                let _ = v;
            }
            _ => return Err(cx.badarg()),
        }
    }
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
    vm::halt::halt(cx.vm(), how, flush, cx.scheduler())
}
