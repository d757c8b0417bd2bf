//! Maps, the one place that depends on how they are built and walked.

use crate::decode::DecodeError;
use term::boxed::{FLAT_MAX, Map};
use term::compare::compare_exact;
use term::heap::Heap;
use term::term::Term;

/// The map of `[key, value, key, value, …]`; a key that comes twice is an error.
pub(crate) fn build<'h>(heap: &'h Heap, flat: &[Term<'h>]) -> Result<Term<'h>, DecodeError> {
    let (pairs, _) = flat.as_chunks::<2>();
    // Most come in order.
    if let Some(map) = heap.map_from_ordered(pairs) {
        return Ok(map);
    }
    let pairs = pairs.iter().map(|&[k, v]| (k, v));
    let n = pairs.len();
    let map = if n <= FLAT_MAX {
        let mut few = [(Term::nil(), Term::nil()); FLAT_MAX];
        few.iter_mut().zip(pairs).for_each(|(to, pair)| *to = pair);
        heap.map_from_unique(&few[..n])
    } else {
        heap.map_from_unique(&pairs.collect::<Vec<_>>())
    };
    map.ok_or(DecodeError::DuplicateKey)
}

/// Keys and values onto `to`, such that popping yields them in order: the map's own as
/// `maps:to_list/1` has it, or that of the keys if asked for.
pub(crate) fn push_reversed<'p>(map: Map<'p>, sorted: bool, to: &mut Vec<Term<'p>>) {
    if sorted {
        let mut pairs: Vec<_> = map.iter().collect();
        pairs.sort_by(|a, b| compare_exact(b.0, a.0));
        to.extend(pairs.into_iter().flat_map(|(k, v)| [v, k]));
    } else if let Some((keys, values)) = map.flat_parts() {
        to.extend(keys.iter().zip(values).rev().flat_map(|(&k, &v)| [v, k]));
    } else {
        // Slots of hash maps are written from the last one on.
        to.extend(map.iter().flat_map(|(k, v)| [v, k]));
    }
}
