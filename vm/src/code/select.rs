//! `select_val`: a table, a linear or a binary search, or exact comparison where a value is boxed.

use super::emit::Emitter;
use crate::interp::operand::*;
use crate::interp::{Handler, select};
use isa::{Fail, Label, Src};
use term::RawTerm;

impl Emitter<'_> {
    pub(super) fn select_val(&mut self, src: &Src, fail: &Fail, pairs: &[(Src, Label)]) {
        use select::{select_binary, select_linear, select_table};
        let mut values: Vec<(RawTerm, Label)> =
            pairs.iter().filter_map(|(v, l)| Some((self.constant(v)?, *l))).collect();
        if !values.iter().all(|v| v.0.is_immediate()) {
            self.op(select::select_exact).fail(fail).u32(values.len() as u32).any(src);
            self.values(&values);
            return;
        }
        // The first of equal values wins.
        values.sort_by_key(|v| v.0.0);
        values.dedup_by_key(|v| v.0.0);
        let smalls = values.iter().all(|v| v.0.is_small());
        values.sort_by_key(|v| v.0.0 as i64);
        if let (true, [first, .., last]) = (smalls, &values[..]) {
            let span = last.0.small_value().abs_diff(first.0.small_value()) as usize + 1;
            if span <= values.len() * 2 + 8 && values.len() > 3 {
                let start = first.0;
                self.op(by_src!(self.kind(src), select_table)).fail(fail).u32(span as u32).src(src);
                self.ptr(start.0);
                for k in 0..span as i64 {
                    let v = RawTerm::small(start.small_value() + k);
                    match values.iter().find(|p| p.0 == v) {
                        Some((_, l)) => self.branch(*l),
                        None => self.fail(fail),
                    };
                }
                return;
            }
        }
        values.sort_by_key(|v| v.0.0);
        let h = if values.len() <= 8 {
            by_src!(self.kind(src), select_linear)
        } else {
            by_src!(self.kind(src), select_binary)
        };
        self.op(h).fail(fail).u32(values.len() as u32).src(src);
        self.values(&values);
    }
    pub(super) fn values(&mut self, values: &[(RawTerm, Label)]) {
        for (v, _) in values {
            self.ptr(v.0);
        }
        for (_, l) in values {
            self.branch(*l);
        }
    }
}
