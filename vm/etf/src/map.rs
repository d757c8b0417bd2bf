//! Maps, the one place that depends on how they are built.

use crate::decode::DecodeError;
use term::heap::Heap;
use term::term::Term;

/// The map of `[key, value, key, value, …]`; a key that comes twice is an error.
pub(crate) fn build<'h>(heap: &'h Heap, flat: &[Term<'h>]) -> Result<Term<'h>, DecodeError> {
    let _ = (heap, flat);
    Err(DecodeError::BadTag(crate::tag::MAP))
}
