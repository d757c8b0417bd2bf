//! Terms in formats (`%T`): for the functions of `variadic.c`.

use crate::abi::Word;
use crate::env::term;

/// Writes what fits of the term's text, and a zero. The length of the whole text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxbeam_print_term(t: Word, to: *mut u8, size: usize) -> usize {
    // SAFETY: C.
    let text = ::term::print::to_text(unsafe { term(t) });
    let n = text.len().min(size.saturating_sub(1));
    if size > 0 {
        // SAFETY: C: `to` has room for `size` bytes.
        unsafe {
            core::ptr::copy_nonoverlapping(text.as_ptr(), to, n);
            *to.add(n) = 0;
        }
    }
    text.len()
}
