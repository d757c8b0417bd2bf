//! Maps, the one place that depends on how they are built.

use crate::decode::DecodeError;
use crate::encode::EncodeError;
use term::boxed::Map;
use term::heap::Heap;
use term::term::Term;

/// The map of `[key, value, key, value, …]`; a key that comes twice is an error.
pub(crate) fn build<'h>(heap: &'h Heap, flat: &[Term<'h>]) -> Result<Term<'h>, DecodeError> {
    let _ = (heap, flat);
    Err(DecodeError::BadTag(crate::tag::MAP))
}

/// Keys and values onto `to`, such that popping yields them in order: the map's own, or that of the
/// keys if asked for.
pub(crate) fn push_reversed<'p>(
    map: Map<'p>,
    sorted: bool,
    to: &mut Vec<Term<'p>>,
) -> Result<(), EncodeError> {
    let _ = (map, sorted, to);
    Err(EncodeError::NotATerm)
}
