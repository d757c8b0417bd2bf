use super::*;
use crate::golden::{Rng, bytes, float, lines};

fn text(write: impl FnOnce(&mut Vec<u8>) -> bool) -> String {
    let mut out = Vec::new();
    if write(&mut out) { String::from_utf8(out).unwrap() } else { "badarg".to_owned() }
}

#[test]
fn texts_as_the_reference() {
    for line in lines("floats") {
        let f = float(&line[0]).unwrap();
        let short = text(|out| {
            write_short(f, out);
            true
        });
        assert_eq!(short, line[1]);
        assert_eq!(short, line[2]);
        assert_eq!(parse(short.as_bytes()).map(f64::to_bits), Some(f.to_bits()));
        let default = text(|out| {
            write_default(f, out);
            true
        });
        assert_eq!(default, line[3]);
        let decimals = line[4].parse().unwrap();
        let what = format!("{short} {decimals}");
        assert_eq!(text(|out| write_decimals(f, decimals, false, out)), line[5], "{what}");
        assert_eq!(text(|out| write_decimals(f, decimals, true, out)), line[6], "{what}");
        let decimals = line[7].parse().unwrap();
        let what = format!("{short} {decimals}");
        assert_eq!(text(|out| write_scientific(f, decimals, out)), line[8], "{what}");
    }
}

#[test]
fn reads_as_the_reference() {
    let bits = |f: Option<f64>| f.map(f64::to_bits);
    for line in lines("float_texts") {
        let raw = bytes(&line[0]);
        assert_eq!(bits(parse(&raw)), bits(float(&line[1])), "{raw:?}");
        let prefix = parse_prefix(&raw);
        assert_eq!(bits(prefix.map(|(f, _)| f)), bits(float(&line[2])), "{raw:?}");
        assert_eq!(prefix.map_or(0, |(_, len)| len).to_string(), line[3], "{raw:?}");
    }
}

#[test]
fn odd_options() {
    assert_eq!(text(|out| write_scientific(1.0, -1, out)), "1.000000e+00");
    assert_eq!(text(|out| write_scientific(1.0, i64::MAX, out)), "badarg");
    assert_eq!(text(|out| write_decimals(1.0, -1, false, out)), "badarg");
    assert_eq!(text(|out| write_decimals(1.0, i64::MAX, false, out)), "badarg");
    assert_eq!(text(|out| write_decimals(1.0e18, 0, true, out)), "1");
    assert_eq!(text(|out| write_decimals(100.0, 0, true, out)), "100");
}

#[test]
fn ties_round_to_even_where_digits_are_exact() {
    let cases = [
        (2.5, 0, "2e+00"),
        (3.5, 0, "4e+00"),
        (1.25, 1, "1.2e+00"),
        (1.75, 1, "1.8e+00"),
        (9.5, 0, "1e+01"),
        (8.5, 0, "8e+00"),
        (99.5, 1, "1.0e+02"),
        (0.0009765625, 5, "9.76562e-04"),
    ];
    for (f, decimals, want) in cases {
        assert_eq!(text(|out| write_scientific(f, decimals, out)), want);
    }
    let ulp = 1.0 / f64::from(1 << 20);
    let cases = [
        (ulp, 19, "0.0000009536743164062"),
        (3.0 * ulp, 19, "0.0000028610229492188"),
        (5.0 * ulp / 2.0, 20, "0.00000238418579101562"),
        (7.0 * ulp / 4.0, 21, "0.000001668930053710938"),
        (9007199254740992.0, 3, "9007199254740992.000"),
        (4503599627370495.5, 0, "4503599627370496"),
    ];
    for (f, decimals, want) in cases {
        assert_eq!(text(|out| write_decimals(f, decimals, false, out)), want);
    }
}

#[test]
fn shortest_texts_read_back() {
    let mut rng = Rng(42);
    let mut checked = 0;
    while checked < 20_000 {
        let f = f64::from_bits(rng.next());
        if f.is_finite() {
            let mut out = Vec::new();
            write_short(f, &mut out);
            assert_eq!(parse(&out).map(f64::to_bits), Some(f.to_bits()));
            checked += 1;
        }
    }
}
