//! The process dictionary [erl_process_dict.c]: an open-addressed table, part of the roots.

use term::RawTerm;

/// Keys and values, found by hash; keys stay in insertion order for `get/0`.
#[derive(Default)]
pub struct Dictionary {
    pub(crate) entries: Vec<(RawTerm, RawTerm)>,
}

impl Dictionary {
    pub(crate) fn roots(&mut self, t: &mut term::gc::Tracer) {
        for (k, v) in &mut self.entries {
            t.root(k);
            t.root(v);
        }
    }
}
