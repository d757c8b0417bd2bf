//! Zstandard contexts and dictionaries, with what module `zstd` lets Erlang code choose.
//!
//! The C library itself is used: it writes the bytes that the reference writes, and it alone has all the
//! parameters. A context keeps the dictionary that it refers to.

use std::ffi::{CStr, c_int, c_void};
use std::ptr::NonNull;
use std::sync::Arc;
use zstd_sys as z;

/// What the library says of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error(usize);

impl Error {
    pub const NO_MEMORY: Error = Error(0usize.wrapping_sub(64));
    /// A frame's header is cut off.
    pub const SOURCE_SIZE: Error = Error(0usize.wrapping_sub(72));

    pub fn text(self) -> &'static str {
        // SAFETY: gives constant strings, whatever the code is.
        let text = unsafe { CStr::from_ptr(z::ZSTD_getErrorName(self.0)) };
        text.to_str().unwrap_or("")
    }
}

/// The library's results are sizes, the largest of which are errors.
fn checked(n: usize) -> Result<usize, Error> {
    // SAFETY: looks at a number.
    if unsafe { z::ZSTD_isError(n) } == 0 { Ok(n) } else { Err(Error(n)) }
}

/// Parameters of compression by their names in module `zstd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter(z::ZSTD_cParameter);

impl Parameter {
    pub fn of(name: &str) -> Option<Parameter> {
        use z::ZSTD_cParameter as P;
        Some(Parameter(match name {
            "compressionLevel" => P::ZSTD_c_compressionLevel,
            "windowLog" => P::ZSTD_c_windowLog,
            "hashLog" => P::ZSTD_c_hashLog,
            "chainLog" => P::ZSTD_c_chainLog,
            "searchLog" => P::ZSTD_c_searchLog,
            "minMatch" => P::ZSTD_c_minMatch,
            "targetLength" => P::ZSTD_c_targetLength,
            "strategy" => P::ZSTD_c_strategy,
            // `targetCBlockSize`, which has this place among the experimental ones.
            "targetCBlockSize" => P::ZSTD_c_targetCBlockSize,
            "enableLongDistanceMatching" => P::ZSTD_c_enableLongDistanceMatching,
            "ldmHashLog" => P::ZSTD_c_ldmHashLog,
            "ldmMinMatch" => P::ZSTD_c_ldmMinMatch,
            "ldmBucketSizeLog" => P::ZSTD_c_ldmBucketSizeLog,
            "ldmHashRateLog" => P::ZSTD_c_ldmHashRateLog,
            "contentSizeFlag" => P::ZSTD_c_contentSizeFlag,
            "checksumFlag" => P::ZSTD_c_checksumFlag,
            "dictIDFlag" => P::ZSTD_c_dictIDFlag,
            _ => return None,
        }))
    }
}

/// What one step did.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub consumed: usize,
    pub produced: usize,
    /// What the library has still to write, or a hint of what it wants to read.
    pub remaining: usize,
}

/// What becomes of data that a compressor still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Continue,
    Flush,
    End,
}

/// A dictionary made ready for compression.
pub struct CompressDictionary(NonNull<z::ZSTD_CDict>);
/// A dictionary made ready for decompression.
pub struct DecompressDictionary(NonNull<z::ZSTD_DDict>);

// SAFETY: a dictionary is never changed once made.
unsafe impl Send for CompressDictionary {}
// SAFETY: as above.
unsafe impl Sync for CompressDictionary {}
// SAFETY: as above.
unsafe impl Send for DecompressDictionary {}
// SAFETY: as above.
unsafe impl Sync for DecompressDictionary {}

impl CompressDictionary {
    pub fn new(bytes: &[u8], level: i32) -> Option<CompressDictionary> {
        // SAFETY: the library copies the bytes.
        let d = unsafe { z::ZSTD_createCDict(bytes.as_ptr() as *const c_void, bytes.len(), level) };
        NonNull::new(d).map(CompressDictionary)
    }
    pub fn id(&self) -> u32 {
        // SAFETY: alive.
        unsafe { z::ZSTD_getDictID_fromCDict(self.0.as_ptr()) }
    }
}

impl DecompressDictionary {
    pub fn new(bytes: &[u8]) -> Option<DecompressDictionary> {
        // SAFETY: the library copies the bytes.
        let d = unsafe { z::ZSTD_createDDict(bytes.as_ptr() as *const c_void, bytes.len()) };
        NonNull::new(d).map(DecompressDictionary)
    }
    pub fn id(&self) -> u32 {
        // SAFETY: alive.
        unsafe { z::ZSTD_getDictID_fromDDict(self.0.as_ptr()) }
    }
}

impl Drop for CompressDictionary {
    fn drop(&mut self) {
        // SAFETY: made by the library; contexts that refer to it hold it.
        unsafe { z::ZSTD_freeCDict(self.0.as_ptr()) };
    }
}

impl Drop for DecompressDictionary {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { z::ZSTD_freeDDict(self.0.as_ptr()) };
    }
}

/// A context that compresses.
pub struct Compressor {
    c: NonNull<z::ZSTD_CCtx>,
    dictionary: Option<Arc<CompressDictionary>>,
}

// SAFETY: the library keeps no state but what the context owns.
unsafe impl Send for Compressor {}

impl Compressor {
    pub fn new() -> Result<Compressor, Error> {
        // SAFETY: makes a context, or gives null.
        let c = NonNull::new(unsafe { z::ZSTD_createCCtx() }).ok_or(Error::NO_MEMORY)?;
        Ok(Compressor { c, dictionary: None })
    }
    pub fn load_dictionary(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let data = bytes.as_ptr() as *const c_void;
        // SAFETY: the library copies the bytes.
        checked(unsafe { z::ZSTD_CCtx_loadDictionary(self.c.as_ptr(), data, bytes.len()) })?;
        self.dictionary = None;
        Ok(())
    }
    pub fn refer_to(&mut self, dictionary: Arc<CompressDictionary>) -> Result<(), Error> {
        // SAFETY: the dictionary is held as long as the context refers to it.
        checked(unsafe { z::ZSTD_CCtx_refCDict(self.c.as_ptr(), dictionary.0.as_ptr()) })?;
        self.dictionary = Some(dictionary);
        Ok(())
    }
    pub fn set(&mut self, parameter: Parameter, value: i32) -> Result<(), Error> {
        // SAFETY: the library checks the value.
        checked(unsafe { z::ZSTD_CCtx_setParameter(self.c.as_ptr(), parameter.0, value) })?;
        Ok(())
    }
    pub fn get(&self, parameter: Parameter) -> Result<i32, Error> {
        let mut value: c_int = 0;
        // SAFETY: writes an integer.
        checked(unsafe { z::ZSTD_CCtx_getParameter(self.c.as_ptr(), parameter.0, &mut value) })?;
        Ok(value)
    }
    pub fn pledge(&mut self, size: u64) -> Result<(), Error> {
        // SAFETY: takes a number.
        checked(unsafe { z::ZSTD_CCtx_setPledgedSrcSize(self.c.as_ptr(), size) })?;
        Ok(())
    }
    pub fn reset(&mut self) {
        let session = z::ZSTD_ResetDirective::ZSTD_reset_session_only;
        // SAFETY: alive.
        unsafe { z::ZSTD_CCtx_reset(self.c.as_ptr(), session) };
    }
    /// One step from `input` to `output`.
    pub fn step(&mut self, input: &[u8], output: &mut [u8], end: End) -> Result<Step, Error> {
        let how = match end {
            End::Continue => z::ZSTD_EndDirective::ZSTD_e_continue,
            End::Flush => z::ZSTD_EndDirective::ZSTD_e_flush,
            End::End => z::ZSTD_EndDirective::ZSTD_e_end,
        };
        // SAFETY: the buffers are what the slices are.
        step(input, output, |o, i| unsafe { z::ZSTD_compressStream2(self.c.as_ptr(), o, i, how) })
    }
    /// Room for what one step may write.
    pub fn room() -> usize {
        // SAFETY: gives a constant.
        unsafe { z::ZSTD_CStreamOutSize() }
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        // SAFETY: made by the library, and the dictionary is still held.
        unsafe { z::ZSTD_freeCCtx(self.c.as_ptr()) };
    }
}

/// A context that decompresses.
pub struct Decompressor {
    d: NonNull<z::ZSTD_DCtx>,
    dictionary: Option<Arc<DecompressDictionary>>,
}

// SAFETY: the library keeps no state but what the context owns.
unsafe impl Send for Decompressor {}

const WINDOW: z::ZSTD_dParameter = z::ZSTD_dParameter::ZSTD_d_windowLogMax;

impl Decompressor {
    pub fn new() -> Result<Decompressor, Error> {
        // SAFETY: makes a context, or gives null.
        let d = NonNull::new(unsafe { z::ZSTD_createDCtx() }).ok_or(Error::NO_MEMORY)?;
        Ok(Decompressor { d, dictionary: None })
    }
    pub fn load_dictionary(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let data = bytes.as_ptr() as *const c_void;
        // SAFETY: the library copies the bytes.
        checked(unsafe { z::ZSTD_DCtx_loadDictionary(self.d.as_ptr(), data, bytes.len()) })?;
        self.dictionary = None;
        Ok(())
    }
    pub fn refer_to(&mut self, dictionary: Arc<DecompressDictionary>) -> Result<(), Error> {
        // SAFETY: the dictionary is held as long as the context refers to it.
        checked(unsafe { z::ZSTD_DCtx_refDDict(self.d.as_ptr(), dictionary.0.as_ptr()) })?;
        self.dictionary = Some(dictionary);
        Ok(())
    }
    pub fn set_window(&mut self, value: i32) -> Result<(), Error> {
        // SAFETY: the library checks the value.
        checked(unsafe { z::ZSTD_DCtx_setParameter(self.d.as_ptr(), WINDOW, value) })?;
        Ok(())
    }
    pub fn window(&self) -> Result<i32, Error> {
        let mut value: c_int = 0;
        // SAFETY: writes an integer.
        checked(unsafe { z::ZSTD_DCtx_getParameter(self.d.as_ptr(), WINDOW, &mut value) })?;
        Ok(value)
    }
    pub fn reset(&mut self) {
        let session = z::ZSTD_ResetDirective::ZSTD_reset_session_only;
        // SAFETY: alive.
        unsafe { z::ZSTD_DCtx_reset(self.d.as_ptr(), session) };
    }
    pub fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Error> {
        // SAFETY: the buffers are what the slices are.
        step(input, output, |o, i| unsafe { z::ZSTD_decompressStream(self.d.as_ptr(), o, i) })
    }
    pub fn room() -> usize {
        // SAFETY: gives a constant.
        unsafe { z::ZSTD_DStreamOutSize() }
    }
}

impl Drop for Decompressor {
    fn drop(&mut self) {
        // SAFETY: made by the library, and the dictionary is still held.
        unsafe { z::ZSTD_freeDCtx(self.d.as_ptr()) };
    }
}

fn step(
    input: &[u8],
    output: &mut [u8],
    run: impl FnOnce(*mut z::ZSTD_outBuffer, *mut z::ZSTD_inBuffer) -> usize,
) -> Result<Step, Error> {
    let mut o =
        z::ZSTD_outBuffer { dst: output.as_mut_ptr() as *mut c_void, size: output.len(), pos: 0 };
    let mut i =
        z::ZSTD_inBuffer { src: input.as_ptr() as *const c_void, size: input.len(), pos: 0 };
    let remaining = checked(run(&mut o, &mut i))?;
    Ok(Step { consumed: i.pos, produced: o.pos, remaining })
}

/// The size of what all of these frames hold, if they say it.
pub fn decompressed_size(bytes: &[u8]) -> Option<u64> {
    // SAFETY: reads the bytes.
    match unsafe { z::ZSTD_findDecompressedSize(bytes.as_ptr() as *const c_void, bytes.len()) } {
        // "Unknown" and "error".
        u64::MAX | 0xffff_ffff_ffff_fffe => None,
        n => Some(n),
    }
}

/// The dictionary's number; 0: none.
pub fn dictionary_id(dictionary: &[u8]) -> u32 {
    // SAFETY: reads the bytes.
    unsafe { z::ZSTD_getDictID_fromDict(dictionary.as_ptr() as *const c_void, dictionary.len()) }
}

/// The number of the dictionary that a frame wants; 0: none.
pub fn frame_dictionary_id(frame: &[u8]) -> u32 {
    // SAFETY: reads the bytes.
    unsafe { z::ZSTD_getDictID_fromFrame(frame.as_ptr() as *const c_void, frame.len()) }
}

/// What the header of a frame says.
#[derive(Clone, Copy, Debug)]
pub struct FrameHeader {
    pub content_size: Option<u64>,
    pub window_size: u64,
    pub block_size_max: u32,
    pub is_skippable: bool,
    pub header_size: u32,
    pub dictionary: u32,
    pub checksum: bool,
}

pub fn frame_header(frame: &[u8]) -> Result<FrameHeader, Error> {
    let mut h = std::mem::MaybeUninit::<z::ZSTD_FrameHeader>::zeroed();
    // SAFETY: reads the bytes, and writes the header when the result is zero.
    let missing = checked(unsafe {
        z::ZSTD_getFrameHeader(h.as_mut_ptr(), frame.as_ptr() as *const c_void, frame.len())
    })?;
    if missing > 0 {
        return Err(Error::SOURCE_SIZE);
    }
    // SAFETY: just written.
    let h = unsafe { h.assume_init() };
    Ok(FrameHeader {
        content_size: Some(h.frameContentSize).filter(|n| *n != u64::MAX),
        window_size: h.windowSize,
        block_size_max: h.blockSizeMax,
        is_skippable: h.frameType == z::ZSTD_FrameType_e::ZSTD_skippableFrame,
        header_size: h.headerSize,
        dictionary: h.dictID,
        checksum: h.checksumFlag != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let text = b"zstandard ".repeat(1000);
        let mut c = Compressor::new().unwrap();
        let mut packed = vec![0; Compressor::room()];
        let done = c.step(&text, &mut packed, End::End).unwrap();
        assert_eq!((done.consumed, done.remaining), (text.len(), 0));
        packed.truncate(done.produced);
        let mut d = Decompressor::new().unwrap();
        let mut out = vec![0; text.len()];
        assert_eq!(d.step(&packed, &mut out).unwrap().produced, text.len());
        assert_eq!(out, text);
    }

    #[test]
    fn bad_data_has_a_reason() {
        let e = Decompressor::new().unwrap().step(b"not a frame", &mut [0; 64]).unwrap_err();
        assert_eq!(e.text(), "Unknown frame descriptor");
        assert_eq!(frame_header(&[40, 181]).unwrap_err().text(), "Src size is incorrect");
    }
}
