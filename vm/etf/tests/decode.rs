//! Decoding of single terms, as the reference decodes them.

mod common;

use common::TestVm;
use etf::{DecodeError, DecodeOptions, decode};
use term::atom::Atom;
use term::boxed::FunKind;
use term::heap::Heap;
use term::term::{Term, View};

fn with<R>(bytes: &[u8], f: impl FnOnce(Result<(Term<'_>, usize), DecodeError>) -> R) -> R {
    let vm = TestVm::default();
    let heap = Heap::new();
    f(decode(bytes, &heap, &DecodeOptions::new(&vm)))
}
fn error(bytes: &[u8]) -> DecodeError {
    with(bytes, |r| r.expect_err("an error"))
}
fn int(bytes: &[u8]) -> i64 {
    with(bytes, |r| r.unwrap().0.as_i64().expect("an integer"))
}

#[test]
fn integers() {
    assert_eq!(int(&[131, 97, 200]), 200);
    assert_eq!(int(&[131, 98, 255, 255, 255, 254]), -2);
    assert_eq!(int(&[131, 110, 0, 1]), 0);
    assert_eq!(int(&[131, 110, 1, 7, 5]), -5);
    assert_eq!(int(&[131, 110, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), 1);
    assert_eq!(int(&[131, 110, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0x80]), i64::MIN);
    with(&[131, 111, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], |r| {
        assert_eq!(r.unwrap().0.as_big().unwrap().digits(), &[0, 1]);
    });
    assert_eq!(error(&[131, 111, 255, 255, 255, 255, 0]), DecodeError::BadValue);
    assert_eq!(error(&[131, 98, 0, 0, 0]), DecodeError::Truncated);
}

#[test]
fn atoms() {
    let name = |b: &[u8]| with(b, |r| r.unwrap().0.as_atom().unwrap().name());
    assert_eq!(name(b"\x83\x64\0\x02ok"), "ok");
    assert_eq!(name(b"\x83\x73\x02\xe5b"), "åb");
    assert_eq!(name(b"\x83\x77\x03\xe2\x82\xac"), "€");
    assert_eq!(name(b"\x83\x76\0\0"), "");
    assert_eq!(error(b"\x83\x77\x01\xe4"), DecodeError::BadAtom);
    assert_eq!(error(b"\x83\x76\0\x03\xed\xa0\x80"), DecodeError::BadAtom);
    let long = [&[131, 100, 1, 0][..], &[b'a'; 256]].concat();
    assert_eq!(error(&long), DecodeError::BadAtom);

    let (vm, heap) = (TestVm::default(), Heap::new());
    let safe = DecodeOptions { safe: true, ..DecodeOptions::new(&vm) };
    assert_eq!(decode(b"\x83\x77\x0cnever_before", &heap, &safe).err(), Some(DecodeError::BadAtom));
    assert!(decode(b"\x83\x77\x02ok", &heap, &safe).is_ok());
    assert!(decode(b"\x83\x71\x77\x02ok\x77\x02ok\x61\x01", &heap, &safe).is_err());
}

#[test]
fn lists_and_tuples() {
    // A list without elements is its tail.
    assert_eq!(int(&[131, 108, 0, 0, 0, 0, 97, 1]), 1);
    with(&[131, 108, 0, 0, 0, 2, 97, 1, 97, 2, 97, 3], |r| {
        let mut list = r.unwrap().0.iter_list();
        assert_eq!(list.by_ref().filter_map(Term::as_small).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(list.tail().as_small(), Some(3));
    });
    with(&[131, 104, 2, 104, 0, 107, 0, 2, 65, 66], |r| {
        let [empty, string] = r.unwrap().0.as_tuple_of().unwrap();
        assert_eq!(empty.as_tuple().unwrap().arity(), 0);
        assert_eq!(string.to_vec().unwrap()[1].as_small(), Some(66));
    });
    for tag in [105, 108, 116] {
        assert_eq!(error(&[131, tag, 255, 255, 255, 255, 106]), DecodeError::Truncated);
    }
    // Nesting deeper than any native stack.
    let mut deep = vec![131];
    deep.extend([108, 0, 0, 0, 1].repeat(1_000_000));
    deep.extend([106; 1_000_001]);
    with(&deep, |r| assert_eq!(r.unwrap().1, deep.len()));
}

#[test]
fn bitstrings() {
    let bits = |b: &[u8]| {
        with(b, |r| {
            let bits = r.unwrap().0.as_bits().unwrap();
            (bits.bit_len(), bits.padded_bytes())
        })
    };
    assert_eq!(bits(&[131, 109, 0, 0, 0, 2, 1, 2]), (16, vec![1, 2]));
    assert_eq!(bits(&[131, 77, 0, 0, 0, 1, 3, 255]), (3, vec![0xe0]));
    assert_eq!(bits(&[131, 77, 0, 0, 0, 1, 8, 1]), (8, vec![1]));
    assert_eq!(bits(&[131, 77, 0, 0, 0, 0, 0]), (0, vec![]));
    assert_eq!(error(&[131, 77, 0, 0, 0, 1, 0, 1]), DecodeError::BadValue);
    assert_eq!(error(&[131, 77, 0, 0, 0, 1, 9, 1]), DecodeError::BadValue);
    let long = [&[131, 77, 0, 0, 1, 0, 1][..], &[0xff; 256]].concat();
    let (n, bytes) = bits(&long);
    assert_eq!((n, bytes[255]), (255 * 8 + 1, 0x80));
}

#[test]
fn floats() {
    let text = |t: &str| {
        let mut b = [0; 33];
        b[..2].copy_from_slice(&[131, 99]);
        b[2..2 + t.len()].copy_from_slice(t.as_bytes());
        with(&b, |r| r.map(|(t, _)| t.as_float().unwrap()))
    };
    assert_eq!(text("1.5"), Ok(1.5));
    assert_eq!(text("1,5"), Ok(1.5));
    assert_eq!(text("1.00000000000000005551e-01"), Ok(0.1));
    for bad in [" 1.5", "1", "1.", "1.0e999", "+1.0e3xx"] {
        assert_eq!(text(bad), Err(DecodeError::BadFloat), "{bad}");
    }
    with(&[131, 70, 63, 248, 0, 0, 0, 0, 0, 0], |r| {
        assert_eq!(r.unwrap().0.as_float(), Some(1.5));
    });
    assert_eq!(error(&[131, 70, 127, 240, 0, 0, 0, 0, 0, 0]), DecodeError::BadFloat);
}

#[test]
fn identifiers() {
    let this = b"\x64\0\x0dnonode@nohost";
    let with_node = |head: &[u8], node: &[u8], tail: &[u8]| [&[131], head, node, tail].concat();
    with(&with_node(&[88], this, &[0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0]), |r| {
        assert_eq!(r.unwrap().0.as_pid().unwrap().local(), Some(9 | 1 << 28));
    });
    with(&with_node(&[88], this, &[0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 7]), |r| {
        assert_eq!(r.unwrap().0.as_pid().unwrap().node().unwrap().creation, 7);
    });
    with(
        &with_node(&[88], b"\x77\x01x", &[255, 255, 255, 254, 255, 255, 255, 253, 0, 0, 0, 1]),
        |r| {
            let data = r.unwrap().0.as_pid().unwrap().data();
            assert_eq!(term::boxed::pid_number(data), 0xffff_fffe);
            assert_eq!(term::boxed::pid_serial(data), 0xffff_fffd);
        },
    );
    assert_eq!(
        error(&with_node(&[103], this, &[0, 0, 0, 1, 0, 0, 0, 0, 4])),
        DecodeError::BadValue
    );
    with(&with_node(&[120], this, &[0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0]), |r| {
        assert_eq!(r.unwrap().0.as_port().unwrap().local(), Some(258));
    });
    with(&with_node(&[89], b"\x77\x01x", &[0, 0, 0, 5, 0, 0, 0, 0]), |r| {
        let port = r.unwrap().0.as_port().unwrap();
        assert_eq!((port.local(), port.data()), (None, 5));
    });
    let words = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    with(&with_node(&[90, 0, 3], this, &[&[0, 0, 0, 0], &words[..]].concat()), |r| {
        let reference = r.unwrap().0.as_reference().unwrap();
        assert!(reference.is_local());
        assert_eq!(reference.words(), ([1, 2, 3, 0, 0], 3));
    });
    with(&with_node(&[114, 0, 2], b"\x77\x01x", &[3, 0, 0, 0, 1, 0, 0, 0, 2]), |r| {
        assert_eq!(r.unwrap().0.as_reference().unwrap().words(), ([1, 2, 0, 0, 0], 2));
    });
    for count in [0, 4] {
        let tail = [&[0; 4][..], &[0; 16]].concat();
        assert_eq!(error(&with_node(&[90, 0, count], this, &tail)), DecodeError::BadValue);
    }
}

#[test]
fn funs() {
    with(b"\x83\x71\x64\0\x05lists\x64\0\x03map\x61\x02", |r| {
        let View::Fun(fun) = r.unwrap().0.view() else { panic!("no fun") };
        let FunKind::External(e) = fun.kind() else { panic!("not external") };
        assert_eq!((e.module, e.arity), (Atom::new("lists"), 2));
    });
    let mut fun = vec![131, 112, 0, 0, 0, 0, 1];
    fun.extend([7; 16]);
    fun.extend([0, 0, 0, 3, 0, 0, 0, 2]);
    fun.extend(b"\x77\x01m\x61\x03\x62\0\0\x10\0\x67\x77\x01n\0\0\0\x01\0\0\0\0\x01");
    fun.extend([97, 1, 97, 2]);
    with(&fun, |r| {
        let View::Fun(fun) = r.unwrap().0.view() else { panic!("no fun") };
        let FunKind::Local { entry, env, creator } = fun.kind() else { panic!("not local") };
        assert_eq!((entry.index, entry.old_uniq, entry.uniq), (3, 4096, [7; 16]));
        assert_eq!(env[1].as_small(), Some(2));
        assert!(creator.as_pid().is_some());
    });
}

#[test]
fn maps() {
    let mut two = vec![131, 116, 0, 0, 0, 2, 97, 1, 97, 2, 97, 3, 97, 4];
    with(&two, |r| {
        let map = r.unwrap().0.as_map().unwrap();
        assert_eq!(map.get(Term::small(3)).and_then(Term::as_small), Some(4));
    });
    two[11] = 1;
    assert_eq!(error(&two), DecodeError::DuplicateKey);
    // 33 keys and more are hashed.
    for twice in [false, true] {
        let mut many = vec![131, 116, 0, 0, 0, 100];
        (0..100).for_each(|k| many.extend([97, if twice { k / 2 } else { k }, 106]));
        with(&many, |r| match twice {
            false => assert_eq!(r.unwrap().0.as_map().unwrap().size(), 100),
            true => assert_eq!(r.err(), Some(DecodeError::DuplicateKey)),
        });
    }
}

#[test]
fn compressed() {
    let z = [120, 156, 75, 100, 4, 0, 0, 197, 0, 99]; // 97, 1
    let wrap = |size: u8, tail: &[u8]| [&[131, 80, 0, 0, 0, size][..], &z, tail].concat();
    with(&wrap(2, b"trailer"), |r| {
        let (one, used) = r.unwrap();
        assert_eq!((one.as_small(), used), (Some(1), 16));
    });
    assert_eq!(error(&wrap(1, &[])), DecodeError::BadCompression);
    assert_eq!(error(&wrap(3, &[])), DecodeError::BadCompression);
    assert_eq!(error(&[131, 80, 255, 255, 255, 255, 120, 156]), DecodeError::BadCompression);
    assert_eq!(error(&[131, 131, 97, 1]), DecodeError::BadTag(131));
    assert_eq!(error(&[]), DecodeError::BadVersion);
    assert_eq!(error(&[131]), DecodeError::Truncated);
}
