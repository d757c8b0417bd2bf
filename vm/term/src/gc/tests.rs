use super::*;
use crate::term::Term;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

fn options() -> HeapOptions {
    HeapOptions {
        min_heap: 233,
        fullsweep_after: 5,
        min_vheap: 46422,
        max_heap: 0,
        count_shared: false,
    }
}

/// Builds `n` nested cons cells `[n, n-1, …]` each with a tuple and a binary, and checks them.
fn check(t: Term<'_>, n: i64) {
    let mut want = n;
    for e in t.iter_list() {
        let [i, b] = e.as_tuple_of::<2>().unwrap();
        assert_eq!(i.as_small(), Some(want));
        let len = (want % 200) as usize;
        assert_eq!(&*b.as_binary().unwrap().bytes(), &vec![want as u8; len][..]);
        want -= 1;
    }
    assert_eq!(want, 0);
}

#[test]
fn live_data_survives_many_collections() {
    let mut h = ProcHeap::new(options());
    let mut root = RawTerm::NIL;
    for i in 1..(if cfg!(miri) { 60 } else { 2000i64 }) {
        {
            // SAFETY: the root is of this heap, which is not collected in this block.
            let tail = unsafe { root.brand() };
            let len = (i % 200) as usize;
            let b = h.heap.binary(&vec![i as u8; len]);
            let e = h.heap.tuple(&[Term::small(i), b]);
            root = h.heap.cons(e, tail).raw();
            // Garbage.
            h.heap.binary(&[0; 100]);
        }
        if i % 7 == 0 {
            h.collect(10, |t| t.root(&mut root));
        }
        if i % 50 == 0 {
            // SAFETY: as above.
            check(unsafe { root.brand() }, i);
        }
    }
    root = RawTerm::NIL;
    h.collect_major(0, None, |t| t.root(&mut root));
    assert_eq!(h.young_words(), 0);
    assert_eq!(h.old_words(), 0);
}

#[test]
fn the_stack_moves_with_the_block() {
    let mut h = ProcHeap::new(options());
    // SAFETY: the fresh block has room for one word on the stack.
    unsafe {
        h.stack = h.stack.sub(1);
        h.reset_area(h.heap.top());
        let f = h.heap.float(1.5).raw();
        *h.stack = f.0;
        for _ in 0..20 {
            h.collect(1000, |_| {});
            assert_eq!(RawTerm(*h.stack).brand().as_float(), Some(1.5));
            assert!(h.free_words() >= 1000);
        }
    }
}

#[test]
fn sizes_follow_the_reference() {
    assert_eq!(size_for(200), 233);
    assert_eq!(size_for(234), 376);
    assert_eq!(next_size(233), 376);
    assert_eq!(size_for(2500), 2586);
}

#[test]
fn an_area_of_literals_is_copied_and_left_alone() {
    // Never freed: the range stays the literal range for the tests that run beside this one.
    static AREA: AtomicPtr<Heap> = AtomicPtr::new(core::ptr::null_mut());
    AREA.store(Box::into_raw(Box::new(Heap::with_capacity(64))), Relaxed);
    // SAFETY: just made, never freed; no other thread reads the static.
    let area: &'static Heap = unsafe { &*AREA.load(Relaxed) };
    let bin = area.binary(&[7; 100]);
    let pair = area.tuple(&[bin, Term::small(1)]);
    let list = area.list(&[pair, pair]);
    let base = crate::heap::Fragment::data_of(area) as u64;
    crate::literal::set_range(base, 64 * 8);
    // SAFETY: the area lives and is in use by this thread alone.
    let used = unsafe { (*area.fragments()).used };
    assert!(used > 0);
    let before: Vec<u64> = (0..used)
        // SAFETY: so many words are written.
        .map(|i| unsafe { *(base as *const u64).add(i) })
        .collect();
    let mut h = ProcHeap::new(options());
    let mut root = h.heap.tuple(&[list, pair]).raw();
    assert!(h.may_refer_to(base, 64 * 8));
    h.collect_major(0, Some((base, 64 * 8)), |t| t.root(&mut root));
    assert!(!h.may_refer_to(base, 64 * 8));
    // SAFETY: the root is of this heap.
    let t: Term = unsafe { root.brand() };
    let [l, p] = t.as_tuple_of::<2>().unwrap();
    let items = l.to_vec().unwrap();
    assert!(items[0].is_same(items[1]) && items[0].is_same(p));
    assert_eq!(h.shared_binaries().len(), 1);
    assert_eq!(h.shared_binaries()[0].2, 2);
    for (i, w) in before.iter().enumerate() {
        // SAFETY: as above.
        assert_eq!(unsafe { *(base as *const u64).add(i) }, *w);
    }
    // Miri looks for leaks, and runs one test after the other.
    if cfg!(miri) {
        drop(h);
        crate::literal::set_range(0, 0);
        // SAFETY: made from a box above; nothing refers to it any more.
        drop(unsafe { Box::from_raw(AREA.load(Relaxed)) });
    }
}

/// The old generation is renewed only when it has doubled, and what lives in it is then copied once.
#[test]
#[cfg_attr(miri, ignore = "too much for Miri")]
fn what_lives_long_is_seldom_copied() {
    let mut h = ProcHeap::new(HeapOptions { fullsweep_after: 65535, ..options() });
    let mut roots = [RawTerm::NIL; 2];
    let (mut majors, mut copied) = (0, 0);
    for i in 1..60_000i64 {
        {
            // SAFETY: the roots are of this heap, which is not collected in this block.
            let tail = unsafe { roots[usize::from(i > 10_000)].brand() };
            let b = h.heap.binary(&vec![i as u8; (i % 200) as usize]);
            let e = h.heap.tuple(&[Term::small(i), b]);
            // At first what lives long grows, then other lists that all die after a while.
            let list = h.heap.cons(e, tail).raw();
            roots[usize::from(i > 10_000)] =
                if i > 10_000 && i % 3000 == 0 { RawTerm::NIL } else { list };
        }
        if h.heap.room() < 500 || h.heap.has_fragments() {
            let result = h.collect(500, |t| t.roots(&mut roots));
            majors += usize::from(result.major);
            copied += if result.major { result.copied } else { 0 };
        }
        if i % 5000 == 0 {
            // SAFETY: as above.
            check(unsafe { roots[0].brand() }, i.min(10_000));
        }
    }
    assert!(h.old_words() > 50_000 && majors > 1 && majors < 12, "{majors} of {}", h.old_words());
    assert!(copied < majors * 250_000, "{copied} in {majors}");
    let lists = roots;
    h.collect_major(0, None, |t| t.roots(&mut roots));
    assert!(h.old_words() == 0 && roots[0] != lists[0]);
    roots = [RawTerm::NIL; 2];
    h.collect(0, |t| t.roots(&mut roots));
    assert!(h.shared_binaries().is_empty());
}
