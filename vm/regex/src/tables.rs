//! Kinds of bytes that are not UTF-8: Latin-1, as the reference has it.

use core::ops::RangeInclusive;
use std::sync::OnceLock;

const LOWER: usize = 0;
const FLIP: usize = 256;
const CLASSES: usize = 512;
/// Bit sets of 32 bytes each, in this order: space, hexadecimal digit, digit, upper, lower, word, graph, print, punct, cntrl.
const UPPER_CLASS: usize = 3;
const LOWER_CLASS: usize = 4;
const WORD_CLASS: usize = 5;
const GRAPH_CLASS: usize = 6;
const PRINT_CLASS: usize = 7;
const PUNCT_CLASS: usize = 8;
const CNTRL_CLASS: usize = 9;
const TYPES: usize = CLASSES + 10 * 32;
pub const LENGTH: usize = TYPES + 256;

/// Letters without a counterpart in Latin-1 are lower case.
const UPPER: [RangeInclusive<u8>; 2] = [192..=214, 216..=222];
const LOWER_LETTERS: [RangeInclusive<u8>; 5] =
    [170..=170, 181..=181, 186..=186, 223..=246, 248..=255];

fn is_in(c: u8, ranges: &[RangeInclusive<u8>]) -> bool {
    ranges.iter().any(|r| r.contains(&c))
}

/// The library's tables for ASCII, extended.
fn extend(tables: &mut [u8; LENGTH]) {
    let (upper_type, lower_type) =
        (tables[TYPES + usize::from(b'Z')], tables[TYPES + usize::from(b'z')]);
    for c in 128..=255u8 {
        let i = usize::from(c);
        let mut class = |n: usize| tables[CLASSES + n * 32 + i / 8] |= 1 << (i % 8);
        if c < 160 {
            class(CNTRL_CLASS);
            continue;
        }
        class(GRAPH_CLASS);
        class(PRINT_CLASS);
        let (upper, lower) = (is_in(c, &UPPER), is_in(c, &LOWER_LETTERS));
        class(if upper {
            UPPER_CLASS
        } else if lower {
            LOWER_CLASS
        } else {
            PUNCT_CLASS
        });
        if upper || lower {
            class(WORD_CLASS);
            tables[TYPES + i] = if upper { upper_type } else { lower_type };
        }
        if upper {
            tables[LOWER + i] = c + 32;
            tables[FLIP + i] = c + 32;
            tables[FLIP + i + 32] = c;
        }
    }
}

/// Tables for the compiler; they live as long as the program.
pub fn latin1() -> &'static [u8; LENGTH] {
    static TABLES: OnceLock<Box<[u8; LENGTH]>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let mut tables = crate::ffi::ascii_tables();
        extend(&mut tables);
        tables
    })
}
