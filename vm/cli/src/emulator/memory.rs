//! `+M`: switches of the reference's memory allocators.
//!
//! They tune allocators that do not exist here, so they are checked as the reference checks them and then forgotten.

use super::flags::Complaint;
use super::values::{boolean, exact};
use crate::word::show;

/// What a switch takes.
#[derive(Clone, Copy)]
enum Takes {
    /// A whole number that is not negative.
    Amount,
    /// A percentage, at most 100.
    Percent,
    /// A percentage or `de`.
    PercentOrDefault,
    /// An amount or `max`.
    AmountOrMax,
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An allocator's letter, `:` or `@`.
    Pool,
    /// `true` or `false`, kept for other builds of the reference.
    Anything,
}

/// Allocators with switches of their own; `u` is all of them, and `M`, `I`, `Y` have others besides.
const ALLOCATORS: &[u8] = b"uBIDEFHLRSTZ";

const STRATEGIES: &[&str] = &[
    "bf",
    "aobf",
    "aoff",
    "aoffcbf",
    "aoffcaobf",
    "ageffcaoff",
    "ageffcbf",
    "ageffcaobf",
    "gf",
    "af",
];

/// Switches of one allocator. The name in a complaint about `as` lacks its last letter.
const SWITCHES: &[(&str, Takes)] = &[
    ("asbcst", Takes::Amount),
    ("atags", Takes::Boolean),
    ("acul", Takes::PercentOrDefault),
    ("acnl", Takes::Amount),
    ("acfml", Takes::Amount),
    ("as", Takes::Word(STRATEGIES)),
    ("cp", Takes::Pool),
    ("e", Takes::Boolean),
    ("lmbcs", Takes::Amount),
    ("mbcgs", Takes::Amount),
    ("mbsd", Takes::Amount),
    ("mmbcs", Takes::Amount),
    ("mmmbc", Takes::Amount),
    ("mmsbc", Takes::Amount),
    ("ramv", Takes::Boolean),
    ("rmbcmt", Takes::Amount),
    ("rsbcmt", Takes::Amount),
    ("rsbcst", Takes::Amount),
    ("sbct", Takes::Amount),
    ("smbcs", Takes::Amount),
    ("t", Takes::Boolean),
];

/// Switches that name what they are about in full.
const OTHERS: &[(&str, Takes)] = &[
    ("uycs", Takes::Amount),
    ("ummc", Takes::Amount),
    ("usac", Takes::Boolean),
    ("umadtn", Takes::Boolean),
    ("ea", Takes::Word(&["r9c", "r10b", "r11b", "min", "max", "config"])),
    ("Mamcbf", Takes::Amount),
    ("Mrmcbf", Takes::Amount),
    ("Mmcs", Takes::Amount),
    ("Mscrfsd", Takes::Amount),
    ("Mscrpm", Takes::Boolean),
    ("Mscs", Takes::Amount),
    ("Msco", Takes::Boolean),
    ("Iscs", Takes::Amount),
    ("lpm", Takes::Word(&["all", "no"])),
    ("dai", Takes::AmountOrMax),
    ("Ye", Takes::Boolean),
    ("Ym", Takes::Anything),
    ("Ytp", Takes::Percent),
    ("Ytt", Takes::Amount),
];

/// A recognized switch: how it is named in complaints, and what it takes.
pub struct Switch {
    shown: &'static str,
    letter: Option<u8>,
    takes: Takes,
    /// The length of the switch within the word, `-M` not counted.
    pub length: usize,
}

/// Finds the switch that `text` (behind `-M`) begins with.
pub fn switch(text: &[u8]) -> Result<Switch, Complaint> {
    let other = OTHERS.iter().find(|(name, _)| text.starts_with(name.as_bytes()));
    if let Some(&(name, takes)) = other {
        return Ok(Switch { shown: name, letter: None, takes, length: name.len() });
    }
    let letter = text.first().copied().filter(|l| ALLOCATORS.contains(l) || *l == b'M');
    let Some(letter) = letter else {
        return Err(Complaint::Usage("bad \"M\" parameter".into()));
    };
    let rest = text.get(1..).unwrap_or_default();
    let found =
        SWITCHES.iter().find(|(name, _)| letter != b'M' && rest.starts_with(name.as_bytes()));
    match found {
        Some(&(name, takes)) => {
            let shown = if name == "as" { "a" } else { name };
            Ok(Switch { shown, letter: Some(letter), takes, length: name.len() + 1 })
        }
        None => {
            let letter = char::from(letter);
            Err(Complaint::Usage(format!("bad \"M{letter}\" parameter")))
        }
    }
}

impl Switch {
    /// Checks the switch's value.
    pub fn check(&self, value: &[u8]) -> Result<(), Complaint> {
        let amount = exact(value).filter(|n| *n >= 0);
        let good = match self.takes {
            Takes::Amount => amount.is_some(),
            Takes::Percent => amount.is_some_and(|n| n <= 100),
            Takes::PercentOrDefault => value == b"de" || amount.is_some_and(|n| n <= 100),
            Takes::AmountOrMax => value == b"max" || amount.is_some(),
            Takes::Boolean => boolean(value).is_some(),
            Takes::Word(list) => list.iter().any(|w| w.as_bytes() == value),
            Takes::Pool => matches!(value, [b] if b":@".contains(b) || ALLOCATORS.contains(b)),
            Takes::Anything => true,
        };
        if good {
            return Ok(());
        }
        let letter = self.letter.map(char::from);
        let name: String = letter.into_iter().chain(self.shown.chars()).collect();
        Err(Complaint::Usage(if name == "ea" {
            "bad \"Mea\" parameter".into()
        } else {
            format!("bad \"M{name}\" value: {}", show(value))
        }))
    }
}
