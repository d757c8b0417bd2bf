//! Random terms there and back, at once and in steps; mutated bytes, which must never panic.

mod common;

use common::{Random, TestVm, hex};
use etf::{
    DecodeError, DecodeOptions, Decoder, EncodeOptions, Encoded, Encoder, Resolver, decode, encode,
    encode_iovec, external_size,
};
use term::atom::Atom;
use term::boxed::pid_data;
use term::heap::Heap;
use term::node::Node;
use term::term::Term;

/// A random term of about `size` nodes.
fn term<'h>(r: &mut Random, heap: &'h Heap, vm: &TestVm, size: usize) -> Term<'h> {
    let kind = if size == 0 { r.below(14) } else { r.below(22) };
    let node = || Node::intern(Atom::new("a@b"), 7);
    match kind {
        0 => Term::small(r.below(300) as i64 - 10),
        1 => heap.int(r.next() as i64 >> r.below(64)),
        2 => {
            let digits: Vec<u64> = (0..r.below(40)).map(|_| r.next() >> r.below(64)).collect();
            heap.big(r.below(2) == 0, &digits)
        }
        3 => heap.float(f64::from_bits(r.next() & !(1 << 62))),
        4 | 5 => Term::atom(Atom::new(["", "ok", "å", "€uro", "a@b", "undefined"][r.below(6)])),
        6 => Term::nil(),
        7 | 8 => {
            let bits = [r.below(64), r.below(1500)][r.below(2)];
            let mut fill = Random(r.next());
            heap.bits_with(bits, |to| to.iter_mut().for_each(|b| *b = fill.next() as u8))
        }
        9 => {
            let whole = heap.binary_with(200, |to| to.fill(0x5a));
            let start = r.below(300);
            heap.sub_bits(whole.as_bits().unwrap(), start, r.below(1600 - start))
        }
        10 => match r.below(2) {
            0 => Term::local_pid(pid_data(r.below(1 << 28) as u32, r.below(1 << 30) as u32)),
            _ => heap.external_pid(node(), r.next()),
        },
        11 => match r.below(2) {
            0 => Term::local_port(r.next() >> 6),
            _ => heap.external_port(node(), r.next() >> r.below(64)),
        },
        12 => match r.below(2) {
            0 => heap.reference(r.next() & !0xfffc_0000, r.next() >> 32),
            _ => {
                let words: Vec<u32> = (0..1 + r.below(5)).map(|_| r.next() as u32).collect();
                heap.external_reference(node(), &words)
            }
        },
        13 => {
            let [m, f] = ["lists", "map"].map(Atom::new);
            heap.export_fun(vm.export(m, f, r.below(300) as u32))
        }
        14 => heap.byte_list(&vec![65; r.below(300)]),
        _ => {
            let n = r.below(size.min(300)) + 1;
            let parts: Vec<Term<'h>> = (0..n).map(|_| term(r, heap, vm, size / (n + 1))).collect();
            match kind {
                15 => heap.list(&parts),
                16 => heap.list_onto(&parts[1..], parts[0]),
                17 | 18 => heap.tuple(&parts),
                19 | 20 => {
                    let pairs: Vec<_> = parts.iter().map(|&k| (k, parts[0])).collect();
                    heap.map_from_pairs(&pairs)
                }
                _ => {
                    let env = &parts[..n.min(200)];
                    let uniq = [r.below(256) as u8; 16];
                    let free = env.len() as u32;
                    let entry = vm.fun_entry(Atom::new("m"), 3, uniq, r.next() as u32, 2, free);
                    heap.fun(entry, Term::local_pid(5), env)
                }
            }
        }
    }
}

fn bytes_of(t: Term<'_>, opts: &EncodeOptions<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    encode(t, &mut out, opts).unwrap();
    out
}

fn in_steps(t: Term<'_>, opts: &EncodeOptions<'_>, budget: usize) -> Vec<u8> {
    let (mut encoder, mut terms) = (Encoder::bytes(), vec![t]);
    while !encoder.step(&mut terms, opts, &mut { budget }).unwrap() {}
    match encoder.finish() {
        Some(Encoded::Bytes(out)) => out,
        _ => panic!("no bytes"),
    }
}

fn decode_in_steps(bytes: &[u8], vm: &TestVm, budget: usize) -> Result<Vec<u8>, DecodeError> {
    let mut decoder = Decoder::new();
    while !decoder.step(bytes, &DecodeOptions::new(vm), &mut { budget })? {}
    assert!(decoder.used() <= bytes.len());
    Ok(bytes_of(decoder.finish().term(), &EncodeOptions::new(vm)))
}

#[test]
fn there_and_back() {
    let vm = TestVm::default();
    let plain = EncodeOptions::new(&vm);
    let mut r = Random(1);
    for i in 0..2000 {
        let heap = Heap::new();
        let t = term(&mut r, &heap, &vm, [10, 100, 1000][i % 3]);
        let bytes = bytes_of(t, &plain);
        let size = external_size(t, &plain).unwrap();
        assert!(size >= bytes.len());
        for opts in [
            plain,
            plain.minor_version(2).unwrap(),
            EncodeOptions { compress: 1 + i as u32 % 9, ..plain },
        ] {
            let form = bytes_of(t, &opts);
            assert_eq!(in_steps(t, &opts, 1 + r.below(100)), form);
            let (back, used) = decode(&form, &heap, &DecodeOptions::new(&vm)).unwrap();
            assert_eq!(used, form.len());
            assert_eq!(hex(&bytes_of(back, &plain)), hex(&bytes));
            assert_eq!(decode_in_steps(&form, &vm, 1 + r.below(100)).as_deref(), Ok(&bytes[..]));
        }
        let parts = encode_iovec(t, &plain).unwrap().into_list(&heap).to_vec().unwrap();
        let joined: Vec<u8> =
            parts.iter().flat_map(|p| p.as_binary().unwrap().bytes().into_owned()).collect();
        assert_eq!(joined, bytes);
    }
}

#[test]
fn cut_off() {
    let vm = TestVm::default();
    let mut r = Random(2);
    for _ in 0..300 {
        let heap = Heap::new();
        let t = term(&mut r, &heap, &vm, 30);
        let bytes = bytes_of(t, &EncodeOptions::new(&vm));
        for n in 0..bytes.len() {
            assert!(decode(&bytes[..n], &heap, &DecodeOptions::new(&vm)).is_err());
        }
    }
}

#[test]
fn mutated() {
    let vm = TestVm::default();
    let plain = EncodeOptions::new(&vm);
    // No new atoms: mutations would fill the table.
    let opts = DecodeOptions { safe: true, ..DecodeOptions::new(&vm) };
    let mut r = Random(3);
    let mut good = 0;
    for i in 0..1500 {
        let heap = Heap::new();
        let t = term(&mut r, &heap, &vm, 40);
        let compress = if i % 8 == 0 { 6 } else { 0 };
        let original = bytes_of(t, &EncodeOptions { compress, ..plain });
        for _ in 0..40 {
            let mut bytes = original.clone();
            for _ in 0..=r.below(4) {
                let at = r.below(bytes.len());
                match r.below(6) {
                    0 => bytes[at] = r.next() as u8,
                    1 => bytes[at] = 97 + r.below(24) as u8,
                    2 => bytes[at] ^= 1 << r.below(8),
                    3 => bytes.truncate(at.max(1)),
                    4 => bytes.insert(at, r.next() as u8),
                    _ => bytes[at] = [0, 255, 67, 70, 77, 80, 82, 88, 90, 131][r.below(10)],
                }
            }
            let heap = Heap::new();
            let once = decode(&bytes, &heap, &opts);
            let mut decoder = Decoder::new();
            let steps = loop {
                match decoder.step(&bytes, &opts, &mut { 1 + r.below(20) }) {
                    Ok(false) => {}
                    other => break other.map(|_| decoder.used()),
                }
            };
            assert_eq!(steps, once.map(|(_, used)| used));
            if let Ok((t, used)) = once {
                good += 1;
                assert!(used <= bytes.len());
                let again = bytes_of(t, &plain);
                let (back, _) = decode(&again, &heap, &opts).unwrap();
                assert_eq!(bytes_of(back, &plain), again);
            }
        }
    }
    assert!(good > 1000, "only {good} mutations were terms");
}

#[test]
fn local_terms() {
    struct Sealed(TestVm, u64);
    impl Resolver for Sealed {
        fn export(&self, m: Atom, f: Atom, a: u32) -> &'static term::Export {
            self.0.export(m, f, a)
        }
        fn active_export(&self, m: Atom, f: Atom, a: u32) -> Option<&'static term::Export> {
            self.0.active_export(m, f, a)
        }
        fn fun_entry(
            &self,
            module: Atom,
            index: u32,
            uniq: [u8; 16],
            old_uniq: u32,
            arity: u32,
            num_free: u32,
        ) -> &'static term::FunEntry {
            self.0.fun_entry(module, index, uniq, old_uniq, arity, num_free)
        }
        fn local_seal(&self) -> Option<u64> {
            Some(self.1)
        }
    }
    let (here, there) = (Sealed(TestVm::default(), 1), Sealed(TestVm::default(), 2));
    let heap = Heap::new();
    let t = heap.tuple(&[Term::small(1), heap.string("abc")]);
    let opts = EncodeOptions { local: true, ..EncodeOptions::new(&here) };
    let mut bytes = bytes_of(t, &opts);
    assert_eq!(in_steps(t, &opts, 1), bytes);
    bytes.extend(b"rest");
    let (back, used) = decode(&bytes, &heap, &DecodeOptions::new(&here)).unwrap();
    assert_eq!((back.as_tuple().unwrap().arity(), used), (2, bytes.len() - 4));
    let wrong = DecodeOptions::new(&there);
    assert_eq!(decode(&bytes, &heap, &wrong).err(), Some(DecodeError::NotLocal));
    let before = TestVm::default();
    let old = DecodeOptions::new(&before);
    assert_eq!(decode(&bytes, &heap, &old).err(), Some(DecodeError::BadTag(121)));
}
