use std::cmp::Ordering;

use super::*;
use crate::golden::{Rng, bytes, float, hex, lines};

fn order(text: &str) -> Ordering {
    match text {
        "l" => Ordering::Less,
        "e" => Ordering::Equal,
        _ => Ordering::Greater,
    }
}

#[test]
fn integers_as_the_reference() {
    for line in lines("ints") {
        let f = |i: usize| line[i].as_str();
        let n = |i: usize| hex(f(i));
        let (a, b) = (n(0).unwrap(), n(1).unwrap());
        let (a, b) = (a.as_int(), b.as_int());
        assert_eq!(add(a, b), n(2).unwrap());
        assert_eq!(sub(a, b), n(3).unwrap());
        assert_eq!(mul(a, b), n(4).unwrap());
        assert_eq!(div(a, b), n(5));
        assert_eq!(rem(a, b), n(6));
        assert_eq!(band(a, b), n(7).unwrap());
        assert_eq!(bor(a, b), n(8).unwrap());
        assert_eq!(bxor(a, b), n(9).unwrap());
        assert_eq!(bnot(a), n(10).unwrap());
        let count = f(11).parse().unwrap();
        assert_eq!(shl(a, count, 1000), Ok(n(12).unwrap()));
        assert_eq!(shr(a, count), n(13).unwrap());
        let base = f(14).parse().unwrap();
        assert_eq!(to_text(a, base, true), f(15));
        assert_eq!(to_text(a, base, false), f(15).to_lowercase());
        assert_eq!(parse(f(15).as_bytes(), base).unwrap().as_int(), a);
        assert_eq!(to_text(a, 10, false), f(16));
        assert_eq!(parse(f(16).as_bytes(), 10).unwrap().as_int(), a);
        assert_eq!(to_f64(a), float(f(17)), "{a:?}");
        let mut out = vec![0xee; f(18).parse().unwrap()];
        to_bytes(a, Endian::Big, &mut out);
        assert_eq!(out, bytes(f(19)));
        assert_eq!(from_bytes(&out, Endian::Big, true), n(21).unwrap());
        to_bytes(a, Endian::Little, &mut out);
        assert_eq!(out, bytes(f(20)));
        assert_eq!(from_bytes(&out, Endian::Little, false), n(22).unwrap());
        assert_eq!(compare(a, b), order(f(25)));
    }
}

#[test]
fn integers_and_floats_as_the_reference() {
    for line in lines("mixed") {
        let f = float(&line[0]).unwrap();
        let n = hex(&line[1]).unwrap();
        assert_eq!(cmp_f64(n.as_int(), f), order(&line[2]), "{n:?} {f}");
        assert_eq!(from_f64(f), hex(&line[3]), "{f}");
    }
}

#[test]
fn edges_of_machine_integers() {
    for n in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX] {
        assert_eq!(Big::from(n).to_i64(), Some(n));
        assert_eq!(Word::from(n).int().to_i64(), Some(n));
        assert_eq!(parse(n.to_string().as_bytes(), 10).unwrap().to_i64(), Some(n));
        for m in [i64::MIN, -1, 0, 1, i64::MAX] {
            let (a, b) = (Word::from(n), Word::from(m));
            assert_eq!(add_i64(n, m), add(a.int(), b.int()));
            assert_eq!(sub_i64(n, m), sub(a.int(), b.int()));
            assert_eq!(mul_i64(n, m), mul(a.int(), b.int()));
            assert_eq!(compare(a.int(), b.int()), n.cmp(&m));
        }
    }
    assert_eq!(add_i64(i64::MAX, 1).to_i64(), None);
    assert_eq!(add_i64(i64::MAX, 1).to_u64(), Some(1 << 63));
    assert_eq!(sub_i64(i64::MIN, 1).to_i64(), None);
    assert!(Int::new(true, &[0, 0]) == Int::ZERO);
    assert_eq!(neg(Int::ZERO), Big::zero());
}

#[test]
fn limits() {
    let one = Word::from(1i64);
    assert_eq!(shl(one.int(), 64 * 5, 5), Err(TooBig));
    assert_eq!(shl(one.int(), 64 * 5 - 1, 5).map(|n| n.digits().len()), Ok(5));
    assert_eq!(shl(one.int(), u64::MAX, MAX_DIGITS), Err(TooBig));
    assert_eq!(shl(Int::ZERO, u64::MAX, 0), Ok(Big::zero()));
    assert_eq!(shr(Word::from(-5i64).int(), u64::MAX), Big::from(-1i64));
    assert_eq!(bit_length(Int::ZERO), 0);
    assert_eq!(bit_length(Int::new(false, &[0, 1])), 65);
    assert_eq!(div_rem(one.int(), Int::ZERO), None);
    for bad in ["", "-", "+", "1_0", "12z", " 1", "--1", "+-1"] {
        assert_eq!(parse(bad.as_bytes(), 10), None, "{bad}");
    }
    assert_eq!(parse_prefix(b"-12z", 10), Some((Big::from(-12i64), 3)));
    assert_eq!(parse(b"0000000000000000000000000000000000012", 10), Some(Big::from(12i64)));
    assert_eq!(parse(b"1", 1), None);
    assert_eq!(parse(b"1", 37), None);
    assert_eq!(from_f64(f64::INFINITY), None);
    assert_eq!(cmp_f64(Int::ZERO, -0.0), Ordering::Equal);
    assert_eq!(from_bytes(&[], Endian::Big, true), Big::zero());
}

#[test]
fn laws_hold_for_long_integers() {
    let mut rng = Rng(0x9e37_79b9_7f4a_7c15);
    for round in 0..600 {
        let max = if round % 10 == 0 { 300 } else { 70 };
        let (a, b) = (rng.big(max), rng.big(max));
        let (a, b) = (a.as_int(), b.as_int());
        let sum = add(a, b);
        assert_eq!(sub(sum.as_int(), b).as_int(), a);
        let product = mul(a, b);
        // (a + b)^2 = a^2 + b^2 + 2ab crosses the short and the long multiplication.
        let square = mul(sum.as_int(), sum.as_int());
        let (aa, bb) = (mul(a, a), mul(b, b));
        let twice = shl(product.as_int(), 1, MAX_DIGITS).unwrap();
        let total = add(add(aa.as_int(), bb.as_int()).as_int(), twice.as_int());
        assert_eq!(square, total);
        if !b.is_zero() {
            let (q, r) = div_rem(a, b).unwrap();
            assert_eq!(add(mul(q.as_int(), b).as_int(), r.as_int()).as_int(), a);
            assert_eq!(compare(r.as_int().magnitude(), b.magnitude()), Ordering::Less);
            assert!(r.is_zero() || r.is_negative() == a.is_negative());
            let (q, r) = div_rem(product.as_int(), b).unwrap();
            assert!(q.as_int() == a && r.is_zero());
        }
        let base = 2 + rng.below(35) as u32;
        assert_eq!(parse(to_text(a, base, round % 2 == 0).as_bytes(), base).unwrap().as_int(), a);
        let mut raw = vec![0; magnitude_len(a)];
        to_magnitude_le(a, &mut raw);
        assert_eq!(from_magnitude_le(a.is_negative(), &raw).as_int(), a);
        let both = add(band(a, b).as_int(), bor(a, b).as_int());
        assert_eq!(both, sum);
    }
}

#[test]
fn nearest_floats() {
    let big = |text: &str| parse(text.as_bytes(), 10).expect("an integer");
    let near = |text: &str| to_nearest_f64(big(text).as_int());
    assert_eq!(near("23103600909262978713932334836200192786"), Some(2.310360090926298e37));
    assert_eq!(near("-23103600909262978713932334836200192786"), Some(-2.310360090926298e37));
    // Ties go to the even one, unless something lies below.
    assert_eq!(near("36893488147419107329"), Some(36893488147419111424.0));
    assert_eq!(near("36893488147419107328"), Some(36893488147419103232.0));
    assert_eq!(near(&(u128::MAX.to_string())), Some(2f64.powi(128)));
    let most = to_nearest_f64(from_f64(f64::MAX).expect("finite").as_int());
    assert_eq!(most, Some(f64::MAX));
    let beyond = shl(from_f64(f64::MAX).expect("finite").as_int(), 1, 99).ok();
    assert_eq!(beyond.and_then(|b| to_nearest_f64(b.as_int())), None);
}
