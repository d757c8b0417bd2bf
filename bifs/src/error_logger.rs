//! Natives of module `error_logger`.

use term::atom;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "error_logger" {
    /// What warnings are logged as (`+W`).
    Plain "warning_map"/0 => warning_map();
} }

fn warning_map<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let flag = cx.vm().config.flags.get("warnings").map(String::as_str);
    Ok(match flag {
        Some("e") => atom!("error"),
        Some("i") => atom!("info"),
        _ => atom!("warning"),
    }
    .into())
}
