use super::*;
use crate::heap::Heap;
use crate::testing;

#[test]
fn portable_hashes_equal_those_of_the_reference() {
    let h = Heap::new();
    for line in testing::lines("hash.txt") {
        let t = testing::term(&h, &line[0]);
        assert_eq!(phash2(t).to_string(), line[1], "phash2 of {}", line[0]);
        assert_eq!((phash(t) as u64 + 1).to_string(), line[2], "phash of {}", line[0]);
    }
}

#[test]
fn hashes_of_equal_terms_are_equal() {
    let h = Heap::new();
    for line in testing::lines("hash.txt") {
        let (a, b) = (testing::term(&h, &line[0]), testing::term(&h, &line[0]));
        assert_eq!(internal(a, 7), internal(b, 7), "{}", line[0]);
        assert_eq!(strong(a, 7), strong(b, 7), "{}", line[0]);
    }
    assert_eq!(internal(h.float(0.0), 0), internal(h.float(-0.0), 0));
    assert_eq!(strong(h.float(0.0), 0), strong(h.float(-0.0), 0));
}

#[test]
fn large_maps_iterate_as_in_the_reference() {
    let h = Heap::new();
    for line in testing::lines("map.txt") {
        let keys = testing::term(&h, &line[0]).to_vec().unwrap();
        let map = h.map_from_iter(keys.into_iter().map(|k| (k, Term::small(0))));
        let expected = testing::term(&h, &line[1]);
        let got = h.map_keys(map.as_map().unwrap());
        assert!(crate::compare::eq_exact(got, expected), "{}", &line[0][..60]);
    }
}
