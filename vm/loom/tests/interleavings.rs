//! The models of this crate, one a test.
#![cfg(loom)]

use interleavings::models;

#[test]
fn queue() {
    models::queue_keeps_the_order_of_each_producer();
}

#[test]
fn progress() {
    models::nothing_is_freed_that_a_slice_may_see();
}
