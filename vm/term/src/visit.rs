//! Looking through memory for what refers to other nodes and to native objects [erl_node_tables.c: insert_offheap].
//!
//! Memory is read word by word, as it lies, without following terms: what is on a heap counts, whether a term still leads
//! there or not, until it is collected. A word that looks like the header of an external pid, port or reference may be
//! something else (part of a binary, say), so whoever visits checks that the word behind it is the address of a node.

use crate::boxed::MAX_REF_WORDS;
use crate::envelope::Message;
use crate::gc::ProcHeap;
use crate::heap::{Fragment, Heap, OwnedTerm, magic_objects};
use crate::packed::PackedTuple;
use crate::shared::Magic;
use crate::term::{RawTerm, Subtag};

/// Who is told what was found.
pub trait Visit {
    /// What should be the address of a node.
    fn node(&mut self, address: u64);
    /// A magic reference.
    fn magic(&mut self, object: &Magic);
}

/// Words of an external reference behind its header.
const REF_ARITY: usize = 2 + MAX_REF_WORDS / 2;

/// Every address of a node in these words.
/// # Safety
/// They may be read.
pub unsafe fn words(from: *const u64, to: *const u64, v: &mut dyn Visit) {
    let header = |subtag, arity| RawTerm::header(subtag, arity).0;
    let (pid, port) = (header(Subtag::ExtPid, 2), header(Subtag::ExtPort, 2));
    let reference = header(Subtag::ExtRef, REF_ARITY);
    let mut p = from;
    while p < to {
        // SAFETY: by the caller's word.
        let w = unsafe { *p };
        p = p.wrapping_add(1);
        if (w == pid || w == port || w == reference) && p < to {
            // SAFETY: as above.
            v.node(unsafe { *p });
        }
    }
}

/// The same in a chain of fragments, from `skip` words in the first on.
/// # Safety
/// The chain is live.
unsafe fn fragments(first: *mut Fragment, skip: usize, v: &mut dyn Visit) {
    for (i, (at, bytes)) in Fragment::pieces(first).enumerate() {
        let skip = if i == 0 { (skip * 8).min(bytes) } else { 0 };
        let end = (at as *const u64).wrapping_byte_add(bytes);
        // SAFETY: by the caller's word the fragment's words may be read.
        unsafe { words((at as *const u64).wrapping_byte_add(skip), end, v) };
    }
}

impl Heap {
    /// What its fragments hold.
    pub fn visit(&self, v: &mut dyn Visit) {
        // SAFETY: the chain is ours, and live.
        unsafe { fragments(self.fragments(), 0, v) };
        magic_objects(self.off_heap(), |m| v.magic(m));
    }
}

impl OwnedTerm {
    pub fn visit(&self, v: &mut dyn Visit) {
        self.heap().visit(v);
    }
}

impl ProcHeap {
    pub fn visit(&self, v: &mut dyn Visit) {
        self.heap.visit(v);
        self.blocks(|from, to| {
            // SAFETY: words in use of a live heap.
            unsafe { words(from, to, v) };
        });
        if let Some(chain) = self.old_off_heap() {
            magic_objects(chain, |m| v.magic(m));
        }
    }
}

impl Message {
    /// What it holds itself, if that is not part of a process's heap.
    pub fn visit(&self, v: &mut dyn Visit) {
        if let Some((first, skip, off_heap)) = self.own_memory() {
            // SAFETY: a live chain, of which the envelope takes the first words.
            unsafe { fragments(first, skip, v) };
            magic_objects(off_heap, |m| v.magic(m));
        }
        if let Some(token) = self.token() {
            token.visit(v);
        }
    }
}

impl<H> PackedTuple<H> {
    pub fn visit(&self, v: &mut dyn Visit) {
        let (from, n, off_heap) = self.memory();
        // SAFETY: its own words.
        unsafe { words(from, from.wrapping_add(n), v) };
        magic_objects(off_heap, |m| v.magic(m));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atom::Atom;
    use crate::copy::Literals;
    use crate::node::Node;

    #[derive(Default)]
    struct Found(Vec<u64>, usize);

    impl Visit for Found {
        fn node(&mut self, address: u64) {
            self.0.push(address);
        }
        fn magic(&mut self, _: &Magic) {
            self.1 += 1;
        }
    }

    #[test]
    fn all_kinds_are_found_wherever_they_lie() {
        let node = Node::intern(Atom::new("visited@host"), 3);
        let heap = Heap::new();
        let elements = [
            heap.external_pid(node, 17),
            heap.list(&[heap.external_port(node, 4), heap.external_reference(node, &[1, 2, 3])]),
            heap.magic_reference(1, 2, Magic::handle(7)),
            heap.float(1.5),
        ];
        let t = heap.tuple(&elements);
        let expected = vec![node as *const Node as u64; 3];
        let check = |visit: &dyn Fn(&mut Found)| {
            let mut f = Found::default();
            visit(&mut f);
            assert_eq!((&f.0, f.1), (&expected, 1));
        };
        check(&|f| heap.visit(f));
        check(&|f| OwnedTerm::copy_of(t).visit(f));
        check(&|f| Message::copy_of(t).visit(f));
        check(&|f| Message::new(OwnedTerm::copy_with(t, Literals::Copy)).visit(f));
        let tuple = t.as_tuple().expect("a tuple");
        check(&|f| PackedTuple::new((), tuple).visit(f));
    }
}
