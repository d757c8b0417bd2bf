//! Maps [erl_map.c]. Up to [`FLAT_MAX`] keys: a sorted key tuple and values. Above: a hash array
//! mapped trie of 16-way nodes whose leaves are cons cells `[Key|Value]`.

use crate::term::{Subtag, Term};

/// Most keys of a flat map.
pub const FLAT_MAX: usize = 32;

#[derive(Clone, Copy)]
pub struct Map<'p>(pub(crate) Term<'p>);

impl<'p> Map<'p> {
    /// Number of associations.
    pub fn size(self) -> usize {
        self.0.elem(1).raw().small_value() as usize
    }
    pub fn is_flat(self) -> bool {
        self.0.is_box(Subtag::FlatMap)
    }
    pub fn term(self) -> Term<'p> {
        self.0
    }
}
