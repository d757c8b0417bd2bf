//! Natives of module `erlang`, one file a topic.

pub mod atom;
pub mod bits;
mod build_info;
pub mod code;
pub mod compare;
pub mod convert;
pub mod dictionary;
pub mod display;
pub mod dist;
pub mod dynamic_trace;
pub mod error;
pub mod etf;
pub mod fun;
pub mod gc;
pub mod halt;
pub mod hash;
pub mod list;
pub mod memory;
pub mod number;
pub mod packet;
pub mod port;
pub mod process;
pub mod process_info;
pub mod purge;
pub mod relation;
pub mod send;
pub mod seq_trace;
pub mod spawn_request;
pub mod statistics;
pub mod suspend;
pub mod suspend_all;
pub mod system_flag;
pub mod system_info;
pub mod system_items;
pub mod system_monitor;
pub mod time;
pub mod timer;
mod topology;
pub mod trace;
pub mod tuple;
pub mod unique;

use vm::BifTable;

pub fn tables() -> Vec<BifTable> {
    vec![
        atom::TABLE,
        bits::TABLE,
        code::TABLE,
        code::INTERNAL,
        compare::TABLE,
        compare::INTERNAL,
        convert::TABLE,
        convert::STRING,
        convert::INTERNAL,
        display::TABLE,
        display::DEBUG,
        display::INTERNAL,
        fun::TABLE,
        hash::TABLE,
        etf::TABLE,
        list::TABLE,
        number::TABLE,
        packet::TABLE,
        time::TABLE,
        time::INTERNAL,
        dictionary::TABLE,
        dist::TABLE,
        dist::INTERNAL,
        error::TABLE,
        port::TABLE,
        memory::INTERNAL,
        port::INTERNAL,
        process::TABLE,
        process_info::TABLE,
        purge::INTERNAL,
        purge::COLLECTOR,
        seq_trace::TABLE,
        trace::TABLE,
        trace::INTERNAL,
        trace::SESSIONS,
        trace::CLEANER,
        spawn_request::TABLE,
        spawn_request::INTERNAL,
        statistics::TABLE,
        statistics::INTERNAL,
        suspend::TABLE,
        suspend_all::INTERNAL,
        system_flag::TABLE,
        system_monitor::TABLE,
        system_monitor::INTERNAL,
        suspend::INTERNAL,
        process::INTERNAL,
        relation::TABLE,
        send::TABLE,
        halt::TABLE,
        timer::TABLE,
        gc::INTERNAL,
        system_info::TABLE,
        dynamic_trace::TABLE,
        tuple::TABLE,
        unique::TABLE,
    ]
}
