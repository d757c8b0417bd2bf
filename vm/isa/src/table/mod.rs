//! The op tables, one file a group. A row reads
//! `number name Variant { field: Operand, .. } [effects];` with its documentation above it.
//!
//! Each group is a macro in continuation style: it appends its rows to what it was given and
//! passes everything to the next macro. That is how rows in many files become one enum.

#[macro_use]
mod call;
#[macro_use]
mod frame;
#[macro_use]
mod data;
#[macro_use]
mod compare;
#[macro_use]
mod select;
#[macro_use]
mod arith;
#[macro_use]
mod float;
#[macro_use]
mod bs_match;
#[macro_use]
mod bs_build;
#[macro_use]
mod map;
#[macro_use]
mod record;
#[macro_use]
mod receive;
#[macro_use]
mod except;
#[macro_use]
mod mark;
#[macro_use]
mod obsolete;

/// Calls `$cb! { [] rows.. }` with the rows of every loadable op.
#[macro_export]
macro_rules! for_each_op {
    ($($cb:tt)*) => {
        $crate::call_ops! { [
            [$crate::frame_ops] [$crate::data_ops] [$crate::compare_ops] [$crate::select_ops]
            [$crate::arith_ops] [$crate::float_ops] [$crate::bs_match_ops] [$crate::bs_build_ops]
            [$crate::map_ops] [$crate::record_ops] [$crate::receive_ops] [$crate::except_ops]
            [$crate::mark_ops] [$($cb)*]
        ] }
    };
}
