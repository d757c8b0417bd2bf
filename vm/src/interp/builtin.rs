//! Code that no module holds: where processes start and end, how pending natives go on.

use super::{Handler, Regs, ReturnPoint};
use std::sync::LazyLock;

/// A piece of code of one instruction without operands.
pub(crate) fn one(h: Handler) -> &'static [u32] {
    let w = h as usize as u64;
    Box::leak(Box::new([w as u32, (w >> 32) as u32]))
}

struct Builtin {
    resume: &'static [u32],
    apply: &'static [u32],
    apply_fun: &'static [u32],
    after_dirty: &'static [u32],
    exit: &'static ReturnPoint,
}

static BUILTIN: LazyLock<Builtin> = LazyLock::new(|| {
    let exit = one(normal_exit);
    Builtin {
        resume: one(super::native::resume),
        apply: one(super::call::apply_list),
        apply_fun: one(super::call::apply_fun_list),
        after_dirty: one(super::native::after_dirty),
        exit: Box::leak(Box::new(ReturnPoint {
            ip: exit.as_ptr(),
            function: core::ptr::null(),
            line: 0,
            frame: 0,
        })),
    }
});

/// Polls the pending native.
pub(crate) fn resume() -> *const u32 {
    BUILTIN.resume.as_ptr()
}
/// `apply(x0, x1, x2)`.
pub(crate) fn apply() -> *const u32 {
    BUILTIN.apply.as_ptr()
}
/// `apply(x0, x1)`.
pub(crate) fn apply_fun() -> *const u32 {
    BUILTIN.apply_fun.as_ptr()
}
/// Acts on what a dirty native left behind.
pub(crate) fn after_dirty() -> *const u32 {
    BUILTIN.after_dirty.as_ptr()
}
/// The word at the bottom of every stack.
pub(crate) fn exit_continuation() -> u64 {
    BUILTIN.exit as *const ReturnPoint as u64 | 7
}

/// The first function returned: exit with `normal`.
unsafe extern "C" fn normal_exit(
    r: *mut Regs,
    _: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    super::save(r, htop, e, fc);
    (*r).outcome = crate::process::exit::normal(r);
}
