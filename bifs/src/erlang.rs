//! Natives of module `erlang`, one file a topic.

pub mod tuple;

use vm::BifTable;

pub fn tables() -> Vec<BifTable> {
    vec![tuple::TABLE]
}
