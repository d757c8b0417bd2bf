//! Natives of module `erlang`, one file a topic.

pub mod bits;
pub mod code;
pub mod compare;
pub mod list;
pub mod number;
pub mod time;
pub mod tuple;
pub mod unique;

use vm::BifTable;

pub fn tables() -> Vec<BifTable> {
    vec![
        bits::TABLE,
        code::TABLE,
        code::INTERNAL,
        compare::TABLE,
        list::TABLE,
        number::TABLE,
        time::TABLE,
        time::INTERNAL,
        tuple::TABLE,
        unique::TABLE,
    ]
}
