use super::*;
use crate::compare::eq_exact;
use crate::testing;

fn words_used(t: &OwnedTerm) -> usize {
    t.single_piece().unwrap().1
}

#[test]
fn copies_are_equal_and_exact() {
    let lines: Vec<_> = testing::lines("hash.txt");
    for line in lines {
        let h = Heap::new();
        let t = testing::term(&h, &line[0]);
        let copy = OwnedTerm::copy_of(t);
        assert!(eq_exact(t, copy.term()), "{}", line[0]);
        assert_eq!(words_used(&copy), size_words(t));
        assert_eq!(copy.words(), size_words(t));
        let again = copy.clone();
        assert_eq!(words_used(&again), size_words(t));
        drop(h);
        assert!(eq_exact(again.term(), copy.term()), "{}", line[0]);
        let to = Heap::new();
        let third = to.copy_owned(&copy);
        drop(copy);
        assert!(eq_exact(again.term(), third), "{}", line[0]);
    }
}

#[test]
fn deep_terms_are_copied() {
    let h = Heap::new();
    let s = (0..(if cfg!(miri) { 200 } else { 1_000_000 })).fold(Term::nil(), |t, i| match i % 2 {
        0 => h.tuple(&[Term::small(i), t, h.float(1.0)]),
        _ => h.list(&[t, Term::small(i)]),
    });
    let copy = OwnedTerm::copy_of(s);
    assert!(eq_exact(copy.term(), s));
}

#[test]
fn shared_binaries_are_held() {
    let h = Heap::new();
    let bin = BinHandle::from_slice(&[7; 1000]);
    let whole = h.shared_binary(bin.clone());
    let part = h.sub_bits(whole.as_bits().unwrap(), 3, 800);
    let magic = Magic::handle(1u8);
    let t = h.list(&[whole, part, h.magic_reference(1, 2, magic.clone())]);
    let before = (bin.refc(), Arc::strong_count(&magic));
    let copy = OwnedTerm::copy_of(t);
    assert!(eq_exact(copy.term(), t));
    assert_eq!(off_heap_objects(copy.heap()), 3);
    assert_eq!(bin.refc(), before.0 + 2);
    assert_eq!(Arc::strong_count(&magic), before.1 + 1);
    let clone = copy.clone();
    assert_eq!(bin.refc(), before.0 + 4);
    drop((copy, clone));
    assert_eq!((bin.refc(), Arc::strong_count(&magic)), before);
}

#[test]
fn part_of_a_heap_binary_is_copied_alone() {
    let h = Heap::new();
    let bytes: Vec<u8> = (0..60).collect();
    let whole = h.binary(&bytes);
    for (start, bits) in [(0, 480), (8, 16), (3, 5), (3, 70), (479, 1), (0, 0)] {
        let part = h.sub_bits(whole.as_bits().unwrap(), start, bits);
        let copy = OwnedTerm::copy_of(part);
        assert!(eq_exact(copy.term(), part));
        assert_eq!(words_used(&copy), 2 + bits.div_ceil(64));
    }
}
