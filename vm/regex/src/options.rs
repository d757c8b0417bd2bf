//! Options of an expression, as one number that can be stored.

use core::ops::BitOr;

/// How lines end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Newline {
    /// As the library was built: LF.
    Default,
    Cr,
    Lf,
    CrLf,
    Any,
    AnyCrLf,
}

/// A set of options.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Options(u32);

impl Options {
    pub const UNICODE: Options = Options(1);
    pub const ANCHORED: Options = Options(1 << 1);
    pub const CASELESS: Options = Options(1 << 2);
    pub const DOLLAR_ENDONLY: Options = Options(1 << 3);
    pub const DOTALL: Options = Options(1 << 4);
    pub const EXTENDED: Options = Options(1 << 5);
    pub const FIRSTLINE: Options = Options(1 << 6);
    pub const MULTILINE: Options = Options(1 << 7);
    pub const NO_AUTO_CAPTURE: Options = Options(1 << 8);
    pub const DUPNAMES: Options = Options(1 << 9);
    pub const UNGREEDY: Options = Options(1 << 10);
    pub const NO_START_OPTIMIZE: Options = Options(1 << 11);
    pub const UCP: Options = Options(1 << 12);
    pub const NEVER_UTF: Options = Options(1 << 13);
    pub const BSR_ANYCRLF: Options = Options(1 << 14);
    pub const BSR_UNICODE: Options = Options(1 << 15);
    /// Syntax and messages of PCRE 8.
    pub const PCRE8: Options = Options(1 << 19);

    const NEWLINE_SHIFT: u32 = 16;
    const NEWLINE: u32 = 7 << Self::NEWLINE_SHIFT;
    const ALL: u32 = (1 << 20) - 1;

    /// Whether all of `other` are set.
    pub fn has(self, other: Options) -> bool {
        self.0 & other.0 == other.0
    }
    pub fn set(&mut self, other: Options) {
        self.0 |= other.0;
    }
    /// Adds a way to end lines. Several are joined as bits, as in the library's interface.
    pub fn add_newline(&mut self, newline: Newline) {
        self.0 |= (newline as u32) << Self::NEWLINE_SHIFT;
    }
    /// How lines end; `None` if that was said in ways that do not go together.
    pub fn newline(self) -> Option<Newline> {
        Some(match (self.0 & Self::NEWLINE) >> Self::NEWLINE_SHIFT {
            0 => Newline::Default,
            1 => Newline::Cr,
            2 => Newline::Lf,
            3 => Newline::CrLf,
            4 => Newline::Any,
            5 => Newline::AnyCrLf,
            _ => return None,
        })
    }
    /// These options with the line ends and `\R` of `other`, where it says something about them.
    pub fn with_lines_of(self, other: Options) -> Options {
        let mut bits = self.0;
        let bsr = Options::BSR_ANYCRLF.0 | Options::BSR_UNICODE.0;
        for part in [Self::NEWLINE, bsr] {
            if other.0 & part != 0 {
                bits = bits & !part | other.0 & part;
            }
        }
        Options(bits)
    }
    pub fn bits(self) -> u32 {
        self.0
    }
    /// `None` if there are bits that mean nothing.
    pub fn from_bits(bits: u32) -> Option<Options> {
        (bits & !Self::ALL == 0).then_some(Options(bits))
    }
}

impl BitOr for Options {
    type Output = Options;
    fn bitor(self, other: Options) -> Options {
        Options(self.0 | other.0)
    }
}
