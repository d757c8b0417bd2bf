//! Running an expression over a subject.

use crate::Regex;
use crate::ffi::{Code, MatchState};
use core::sync::atomic::Ordering;
use pcre2_sys as sys;
use std::cell::RefCell;

/// What is searched.
#[derive(Clone, Copy)]
pub enum Subject<'a> {
    /// For an expression over UTF-8 they are checked first, which takes time.
    Bytes(&'a [u8]),
    /// Known to be UTF-8.
    Text(&'a str),
}

impl Subject<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Subject::Bytes(b) => b,
            Subject::Text(t) => t.as_bytes(),
        }
    }
}

/// How one match is done.
#[derive(Clone, Copy, Default)]
pub struct MatchOptions {
    /// Only at the start offset.
    pub anchored: bool,
    /// The subject does not begin a line, or end one.
    pub notbol: bool,
    pub noteol: bool,
    /// Not the empty string, or not at the start offset.
    pub notempty: bool,
    pub notempty_atstart: bool,
}

impl MatchOptions {
    fn bits(self) -> u32 {
        [
            (self.anchored, sys::PCRE2_ANCHORED),
            (self.notbol, sys::PCRE2_NOTBOL),
            (self.noteol, sys::PCRE2_NOTEOL),
            (self.notempty, sys::PCRE2_NOTEMPTY),
            (self.notempty_atstart, sys::PCRE2_NOTEMPTY_ATSTART),
        ]
        .iter()
        .fold(0, |bits, &(on, bit)| if on { bits | bit } else { bits })
    }
}

/// Steps and depth of backtracking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    pub steps: u32,
    pub depth: u32,
    /// Count exactly as the interpreter does.
    pub exact: bool,
}

impl Limits {
    pub const DEFAULT: Limits = Limits { steps: 10_000_000, depth: 10_000_000, exact: false };
}

/// Start and end of each group, up to the last that took part; the first is the whole match. With `\K` in an assertion
/// the end may lie before the start.
pub type Captures = Vec<Option<(usize, usize)>>;

/// How a match ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Exec {
    Match(Captures),
    NoMatch,
    /// A limit was reached before that was known.
    StepLimit,
    DepthLimit,
    /// The expression calls itself for ever.
    RecursionLoop,
    /// The subject is not UTF-8, or the offset is within a character.
    BadUtf,
    /// The offset is behind the end.
    BadOffset,
    /// Anything else: no memory, …
    Failed,
}

/// Kilobytes that backtracking may use.
const HEAP_LIMIT: u32 = 4 << 20;
/// Expressions with fewer groups share the thread's state.
const USUAL_PAIRS: usize = 32;
/// Memory of backtracking that a thread keeps for the next match.
const KEEP: usize = 1 << 18;
/// After so many runs an expression is translated to machine code; a long subject counts more.
const RUNS: u32 = 8;
const LONG: usize = 1 << 12;

thread_local! {
    static STATE: RefCell<Option<MatchState>> = const { RefCell::new(None) };
}

impl Regex {
    /// Looks for a match from byte `start` on.
    pub fn exec(
        &self,
        subject: Subject<'_>,
        start: usize,
        options: MatchOptions,
        limits: Limits,
    ) -> Exec {
        let bytes = subject.bytes();
        if start > bytes.len() {
            return Exec::BadOffset;
        }
        if self.utf {
            let text = match subject {
                Subject::Text(t) => t,
                Subject::Bytes(b) => match std::str::from_utf8(b) {
                    Ok(t) => t,
                    Err(_) => return Exec::BadUtf,
                },
            };
            if !text.is_char_boundary(start) {
                return Exec::BadUtf;
            }
        }
        let code = match limits.exact {
            true => None,
            false => self.machine_code(bytes.len() - start),
        };
        let run = |state: &mut MatchState| {
            state.limit(limits.steps, limits.depth, HEAP_LIMIT);
            let mut go = |code: &Code, bits: u32| {
                // SAFETY: for UTF, text and start were checked above.
                unsafe { state.run(code, bytes, start, bits) }
            };
            let bits = options.bits();
            let mut result = go(code.unwrap_or(&self.code), bits);
            if result == sys::PCRE2_ERROR_JIT_STACKLIMIT {
                result = go(&self.code, bits);
            }
            outcome(state, result)
        };
        let pairs = self.captures + 1;
        if pairs > USUAL_PAIRS {
            return MatchState::new(pairs).map_or(Exec::Failed, |mut state| run(&mut state));
        }
        STATE.with_borrow_mut(|place| {
            let mut state = match place.take() {
                Some(state) => state,
                None => match MatchState::new(USUAL_PAIRS) {
                    Some(state) => state,
                    None => return Exec::Failed,
                },
            };
            let result = run(&mut state);
            if state.kept_bytes() <= KEEP {
                *place = Some(state);
            }
            result
        })
    }

    fn machine_code(&self, len: usize) -> Option<&Code> {
        if let Some(fast) = self.fast.get() {
            return fast.as_ref();
        }
        let weight = if len > LONG { RUNS } else { 1 };
        if self.runs.fetch_add(weight, Ordering::Relaxed) < RUNS {
            return None;
        }
        self.fast.get_or_init(|| self.code.to_machine_code()).as_ref()
    }
}

fn outcome(state: &MatchState, result: i32) -> Exec {
    match result {
        sys::PCRE2_ERROR_NOMATCH => Exec::NoMatch,
        sys::PCRE2_ERROR_MATCHLIMIT | sys::PCRE2_ERROR_HEAPLIMIT => Exec::StepLimit,
        sys::PCRE2_ERROR_DEPTHLIMIT => Exec::DepthLimit,
        sys::PCRE2_ERROR_RECURSELOOP => Exec::RecursionLoop,
        sys::PCRE2_ERROR_BADOFFSET => Exec::BadOffset,
        sys::PCRE2_ERROR_BADUTFOFFSET => Exec::BadUtf,
        n if n > 0 => {
            let found = state.found(n as usize);
            Exec::Match(
                found
                    .chunks_exact(2)
                    .map(|p| (p[0] != sys::PCRE2_UNSET).then_some((p[0], p[1])))
                    .collect(),
            )
        }
        n if (sys::PCRE2_ERROR_UTF8_ERR21..=sys::PCRE2_ERROR_UTF8_ERR1).contains(&n) => {
            Exec::BadUtf
        }
        _ => Exec::Failed,
    }
}
