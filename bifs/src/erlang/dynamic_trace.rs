//! User tags for dynamic trace, in a VM without it: what the reference does when it was built so.

use term::Term;
use term::atom::am;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Plain "dt_put_tag"/1 => undefined(0);
    Plain "dt_get_tag"/0 => no_tag();
    Plain "dt_get_tag_data"/0 => no_tag();
    Plain "dt_spread_tag"/1 => yes(0);
    Plain "dt_restore_tag"/1 => yes(0);
    Plain "dt_prepend_vm_tag_data"/1 => same(0);
    Plain "dt_append_vm_tag_data"/1 => same(0);
} }

fn undefined<'p>(_: &Cx<'p>, _tag: Term<'p>) -> BifResult<'p> {
    Ok(am::UNDEFINED.into())
}
fn no_tag<'p>(_: &Cx<'p>) -> BifResult<'p> {
    Ok(am::UNDEFINED.into())
}
fn yes<'p>(_: &Cx<'p>, _: Term<'p>) -> BifResult<'p> {
    Ok(am::TRUE.into())
}
fn same<'p>(_: &Cx<'p>, data: Term<'p>) -> BifResult<'p> {
    Ok(data)
}
