//! The multi-call program.
fn main() {}
