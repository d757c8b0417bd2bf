//! The library's functions, each in a safe wrapper with an owner for what it allocates.

use crate::options::{Newline, Options};
use crate::{Name, classic, tables};
use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};
use pcre2_sys as sys;

/// A compiled pattern.
pub struct Code(NonNull<sys::pcre2_code_8>);

// SAFETY: compiled code is never written after its making (machine code is added to a copy before anyone else sees it).
unsafe impl Send for Code {}
// SAFETY: as above; matching keeps its state elsewhere.
unsafe impl Sync for Code {}

impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: ours, and not used again.
        unsafe { sys::pcre2_code_free_8(self.0.as_ptr()) }
    }
}

/// What the library says about a bad pattern.
pub struct RawError {
    pub code: i32,
    pub offset: usize,
}

impl RawError {
    pub fn message(&self) -> String {
        let mut text = [0u8; 256];
        // SAFETY: the buffer is as long as told; the text ends in zero.
        let n = unsafe { sys::pcre2_get_error_message_8(self.code, text.as_mut_ptr(), text.len()) };
        let n = usize::try_from(n).unwrap_or(0).min(text.len());
        String::from_utf8_lossy(&text[..n]).into_owned()
    }
}

/// Options of the compiler, freed at the end.
struct CompileContext(NonNull<sys::pcre2_compile_context_8>);

impl Drop for CompileContext {
    fn drop(&mut self) {
        // SAFETY: ours, and not used again.
        unsafe { sys::pcre2_compile_context_free_8(self.0.as_ptr()) }
    }
}

const OUT_OF_MEMORY: i32 = sys::PCRE2_ERROR_HEAP_FAILED as i32;

const BITS: [(Options, u32); 14] = [
    (Options::UNICODE, sys::PCRE2_UTF),
    (Options::ANCHORED, sys::PCRE2_ANCHORED),
    (Options::CASELESS, sys::PCRE2_CASELESS),
    (Options::DOLLAR_ENDONLY, sys::PCRE2_DOLLAR_ENDONLY),
    (Options::DOTALL, sys::PCRE2_DOTALL),
    (Options::EXTENDED, sys::PCRE2_EXTENDED),
    (Options::FIRSTLINE, sys::PCRE2_FIRSTLINE),
    (Options::MULTILINE, sys::PCRE2_MULTILINE),
    (Options::NO_AUTO_CAPTURE, sys::PCRE2_NO_AUTO_CAPTURE),
    (Options::DUPNAMES, sys::PCRE2_DUPNAMES),
    (Options::UNGREEDY, sys::PCRE2_UNGREEDY),
    (Options::NO_START_OPTIMIZE, sys::PCRE2_NO_START_OPTIMIZE),
    (Options::UCP, sys::PCRE2_UCP),
    (Options::NEVER_UTF, sys::PCRE2_NEVER_UTF),
];

/// `bad_escapes`: an escape that means nothing is the escaped character itself.
pub fn compile(pattern: &[u8], options: Options, bad_escapes: bool) -> Result<Code, RawError> {
    let bits = BITS.iter().filter(|b| options.has(b.0)).fold(0, |bits, b| bits | b.1);
    let no_memory = RawError { code: OUT_OF_MEMORY, offset: 0 };
    // SAFETY: a null argument means the standard allocator.
    let context = unsafe { sys::pcre2_compile_context_create_8(ptr::null_mut()) };
    let Some(context) = NonNull::new(context) else { return Err(no_memory) };
    let context = CompileContext(context);
    let (mut code, mut offset) = (0 as c_int, 0usize);
    // SAFETY: the context is alive; the tables live for ever; the pattern is as long as told.
    let compiled = unsafe {
        let c = context.0.as_ptr();
        sys::pcre2_set_character_tables_8(c, tables::latin1().as_ptr());
        match options.newline() {
            Some(Newline::Default) | None => {}
            Some(newline) => {
                sys::pcre2_set_newline_8(c, newline as u32);
            }
        }
        if options.has(Options::BSR_ANYCRLF) {
            sys::pcre2_set_bsr_8(c, sys::PCRE2_BSR_ANYCRLF);
        } else if options.has(Options::BSR_UNICODE) {
            sys::pcre2_set_bsr_8(c, sys::PCRE2_BSR_UNICODE);
        }
        if options.has(Options::PCRE8) {
            // Lookbehinds have a fixed length; \K may stand in assertions.
            sys::pcre2_set_max_varlookbehind_8(c, 0);
            sys::pcre2_set_parens_nest_limit_8(c, classic::NESTING);
            let mut extra = sys::PCRE2_EXTRA_ALLOW_LOOKAROUND_BSK;
            if bad_escapes {
                extra |= sys::PCRE2_EXTRA_BAD_ESCAPE_IS_LITERAL;
            }
            sys::pcre2_set_compile_extra_options_8(c, extra);
        }
        sys::pcre2_compile_8(pattern.as_ptr(), pattern.len(), bits, &mut code, &mut offset, c)
    };
    match NonNull::new(compiled) {
        Some(compiled) => {
            let code = Code(compiled);
            code.admit_latin1();
            Ok(code)
        }
        None => Err(RawError { code, offset: offset.min(pattern.len()) }),
    }
}

impl Code {
    fn info<T: Default>(&self, what: u32) -> T {
        let mut value = T::default();
        // SAFETY: callers ask for what is of type `T`.
        unsafe {
            sys::pcre2_pattern_info_8(self.0.as_ptr(), what, (&raw mut value).cast::<c_void>());
        }
        value
    }
    fn number(&self, what: u32) -> usize {
        self.info::<u32>(what) as usize
    }
    pub fn is_utf(&self) -> bool {
        self.info::<u32>(sys::PCRE2_INFO_ALLOPTIONS) & sys::PCRE2_UTF != 0
    }
    pub fn is_ucp(&self) -> bool {
        self.info::<u32>(sys::PCRE2_INFO_ALLOPTIONS) & sys::PCRE2_UCP != 0
    }
    pub fn capture_count(&self) -> usize {
        self.number(sys::PCRE2_INFO_CAPTURECOUNT)
    }
    pub fn newline(&self) -> Newline {
        match self.info::<u32>(sys::PCRE2_INFO_NEWLINE) {
            sys::PCRE2_NEWLINE_CR => Newline::Cr,
            sys::PCRE2_NEWLINE_CRLF => Newline::CrLf,
            sys::PCRE2_NEWLINE_ANY => Newline::Any,
            sys::PCRE2_NEWLINE_ANYCRLF => Newline::AnyCrLf,
            _ => Newline::Lf,
        }
    }
    pub fn names(&self) -> Vec<Name> {
        let count = self.number(sys::PCRE2_INFO_NAMECOUNT);
        let size = self.number(sys::PCRE2_INFO_NAMEENTRYSIZE);
        let mut table: *const u8 = ptr::null();
        // SAFETY: this item is a pointer to bytes.
        unsafe {
            let place = (&raw mut table).cast::<c_void>();
            sys::pcre2_pattern_info_8(self.0.as_ptr(), sys::PCRE2_INFO_NAMETABLE, place);
        }
        if table.is_null() || size < 3 {
            return Vec::new();
        }
        // SAFETY: the table has `count` entries of `size` bytes and lives as long as the code.
        let table = unsafe { core::slice::from_raw_parts(table, count * size) };
        // An entry is the group's number in two bytes, then the name, which ends in zero.
        table
            .chunks_exact(size)
            .map(|entry| Name {
                group: usize::from(entry[0]) << 8 | usize::from(entry[1]),
                name: entry[2..].split(|&b| b == 0).next().unwrap_or_default().into(),
            })
            .collect()
    }
    /// The library's filter on first bytes forgets that `\w` may be a letter of Latin-1, which is two bytes in UTF-8. To let
    /// more through does no harm.
    fn admit_latin1(&self) {
        if !self.is_utf() || self.is_ucp() {
            return;
        }
        let mut bitmap: *mut u8 = ptr::null_mut();
        // SAFETY: this item is a pointer to 32 bytes of the code or null; the code is not shared yet.
        unsafe {
            let place = (&raw mut bitmap).cast::<c_void>();
            sys::pcre2_pattern_info_8(self.0.as_ptr(), sys::PCRE2_INFO_FIRSTBITMAP, place);
            if !bitmap.is_null() {
                for lead in [0xc2, 0xc3] {
                    *bitmap.add(lead / 8) |= 1 << (lead % 8);
                }
            }
        }
    }
    /// The same code as machine code; `None` where that is not possible.
    pub fn to_machine_code(&self) -> Option<Code> {
        // SAFETY: the code is alive; the copy is ours alone until it is returned.
        unsafe {
            let copy = Code(NonNull::new(sys::pcre2_code_copy_8(self.0.as_ptr()))?);
            let failed = sys::pcre2_jit_compile_8(copy.0.as_ptr(), sys::PCRE2_JIT_COMPLETE);
            (failed == 0).then_some(copy)
        }
    }
}

/// The library's tables, for ASCII.
pub fn ascii_tables() -> Box<[u8; tables::LENGTH]> {
    let mut copy = Box::new([0; tables::LENGTH]);
    // SAFETY: the library makes tables of this length, and takes them back.
    unsafe {
        let made = sys::pcre2_maketables_8(ptr::null_mut());
        if !made.is_null() {
            copy.copy_from_slice(core::slice::from_raw_parts(made, tables::LENGTH));
            sys::pcre2_maketables_free_8(ptr::null_mut(), made);
        }
    }
    copy
}

pub fn version() -> String {
    let mut text = [0u8; 64];
    // SAFETY: the text is some twenty bytes long and ends in zero.
    let n = unsafe { sys::pcre2_config_8(sys::PCRE2_CONFIG_VERSION, text.as_mut_ptr().cast()) };
    let n = usize::try_from(n).unwrap_or(0).saturating_sub(1).min(text.len());
    String::from_utf8_lossy(&text[..n]).into_owned()
}

/// Where the library puts what a match found, and what it needs besides.
pub struct MatchState {
    data: NonNull<sys::pcre2_match_data_8>,
    context: NonNull<sys::pcre2_match_context_8>,
    /// For machine code; may be missing.
    stack: *mut sys::pcre2_jit_stack_8,
    pairs: usize,
}

/// Bytes of the stack of machine code: at first, at most.
const STACK: (usize, usize) = (32 << 10, 1 << 20);

impl MatchState {
    /// With room for this many groups, the whole match counted. `None` if there is no memory.
    pub fn new(pairs: usize) -> Option<MatchState> {
        let count = u32::try_from(pairs).ok()?;
        // SAFETY: null arguments mean the standard allocator; what was made is freed by `drop`, also after a failure.
        unsafe {
            let data = NonNull::new(sys::pcre2_match_data_create_8(count, ptr::null_mut()))?;
            let context = sys::pcre2_match_context_create_8(ptr::null_mut());
            let Some(context) = NonNull::new(context) else {
                sys::pcre2_match_data_free_8(data.as_ptr());
                return None;
            };
            let stack = sys::pcre2_jit_stack_create_8(STACK.0, STACK.1, ptr::null_mut());
            if !stack.is_null() {
                sys::pcre2_jit_stack_assign_8(context.as_ptr(), None, stack.cast());
            }
            Some(MatchState { data, context, stack, pairs })
        }
    }
    /// Limits of backtracking: steps, depth, kilobytes.
    pub fn limit(&mut self, matches: u32, depth: u32, heap: u32) {
        // SAFETY: the context is alive.
        unsafe {
            let c = self.context.as_ptr();
            sys::pcre2_set_match_limit_8(c, matches);
            sys::pcre2_set_depth_limit_8(c, depth);
            sys::pcre2_set_heap_limit_8(c, heap);
        }
    }
    /// Runs a match; the library's result. UTF-8 is not checked, so for a UTF expression the subject must have been.
    /// # Safety
    /// If the code is for UTF, `subject` is UTF-8 and `start` is at the beginning of a character of it or its end.
    pub unsafe fn run(&mut self, code: &Code, subject: &[u8], start: usize, options: u32) -> i32 {
        // SAFETY: everything is alive and of the told length; `start` is checked by the library.
        unsafe {
            sys::pcre2_match_8(
                code.0.as_ptr(),
                subject.as_ptr(),
                subject.len(),
                start,
                options | sys::PCRE2_NO_UTF_CHECK,
                self.data.as_ptr(),
                self.context.as_ptr(),
            )
        }
    }
    /// Start and end of the first `count` groups, `usize::MAX` where a group took no part.
    pub fn found(&self, count: usize) -> &[usize] {
        // SAFETY: the vector has two words for each pair and lives as long as the data.
        unsafe {
            let v = sys::pcre2_get_ovector_pointer_8(self.data.as_ptr());
            core::slice::from_raw_parts(v, 2 * count.min(self.pairs))
        }
    }
    /// Bytes that backtracking needed so far, kept for the next match.
    pub fn kept_bytes(&self) -> usize {
        // SAFETY: the data is alive.
        unsafe { sys::pcre2_get_match_data_heapframes_size_8(self.data.as_ptr()) }
    }
}

impl Drop for MatchState {
    fn drop(&mut self) {
        // SAFETY: all ours, and not used again.
        unsafe {
            sys::pcre2_match_data_free_8(self.data.as_ptr());
            sys::pcre2_match_context_free_8(self.context.as_ptr());
            if !self.stack.is_null() {
                sys::pcre2_jit_stack_free_8(self.stack);
            }
        }
    }
}
