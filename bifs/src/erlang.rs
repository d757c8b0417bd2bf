//! Natives of module `erlang`, one file a topic.

pub mod time;
pub mod tuple;

use vm::BifTable;

pub fn tables() -> Vec<BifTable> {
    vec![time::TABLE, time::INTERNAL, tuple::TABLE]
}
