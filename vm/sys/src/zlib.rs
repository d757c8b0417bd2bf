//! zlib streams, with everything that `zlib` lets Erlang code choose.
//!
//! The C library itself is used, for its output is compared byte by byte with the reference's, and because wrappers of it leave
//! out memory levels, strategies and dictionaries. A stream lives in a box: the library keeps its address.

use libz_sys as z;
use std::ffi::{c_int, c_uint};
use std::mem::{MaybeUninit, size_of};

/// What the library answered: 0 is good, 1 the end of the stream, 2 a wanted dictionary, below 0 an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub i32);

impl Code {
    pub const OK: Code = Code(z::Z_OK);
    pub const STREAM_END: Code = Code(z::Z_STREAM_END);
    pub const NEED_DICT: Code = Code(z::Z_NEED_DICT);
    pub const ERRNO: Code = Code(z::Z_ERRNO);
    pub const STREAM_ERROR: Code = Code(z::Z_STREAM_ERROR);
    pub const DATA_ERROR: Code = Code(z::Z_DATA_ERROR);
    pub const MEM_ERROR: Code = Code(z::Z_MEM_ERROR);
    pub const BUF_ERROR: Code = Code(z::Z_BUF_ERROR);
    pub const VERSION_ERROR: Code = Code(z::Z_VERSION_ERROR);

    fn ok(self) -> Result<(), Code> {
        if self == Code::OK { Ok(()) } else { Err(self) }
    }
}

/// Flush nothing.
pub const NO_FLUSH: i32 = z::Z_NO_FLUSH;

/// The largest dictionary that [`Stream::dictionary`] gives, in bytes.
const WINDOW: usize = 1 << 15;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Deflate,
    Inflate,
}

/// A stream that compresses or decompresses.
pub struct Stream {
    z: Box<z::z_stream>,
    direction: Direction,
}

// SAFETY: the library keeps no state but what the stream owns.
unsafe impl Send for Stream {}

/// What one step did.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub code: Code,
    pub consumed: usize,
    pub produced: usize,
}

unsafe extern "C" {
    // Missing in libz-sys.
    fn inflateGetDictionary(strm: z::z_streamp, dictionary: *mut u8, len: *mut c_uint) -> c_int;
}

/// Makes a stream with one of the library's two init functions.
fn start(init: impl FnOnce(z::z_streamp) -> c_int) -> Result<Box<z::z_stream>, Code> {
    // Zeroes are what the library wants to find: no input, no output, its own allocator.
    let mut z = Box::new(MaybeUninit::<z::z_stream>::zeroed());
    Code(init(z.as_mut_ptr())).ok()?;
    // SAFETY: the library has put its allocator's functions in place of the null pointers.
    Ok(unsafe { z.assume_init() })
}

fn version() -> *const std::ffi::c_char {
    // SAFETY: gives a constant string.
    unsafe { z::zlibVersion() }
}

const SIZE: c_int = size_of::<z::z_stream>() as c_int;

/// As many bytes as the library takes at once.
fn clip(len: usize) -> c_uint {
    c_uint::try_from(len).unwrap_or(c_uint::MAX)
}

impl Stream {
    /// A stream that compresses, with the arguments of `deflateInit2`.
    pub fn deflate(
        level: i32,
        method: i32,
        window_bits: i32,
        mem_level: i32,
        strategy: i32,
    ) -> Result<Stream, Code> {
        let z = start(|z| {
            // SAFETY: a zeroed stream, which stays where it is if this succeeds.
            unsafe {
                z::deflateInit2_(
                    z,
                    level,
                    method,
                    window_bits,
                    mem_level,
                    strategy,
                    version(),
                    SIZE,
                )
            }
        })?;
        Ok(Stream { z, direction: Direction::Deflate })
    }

    /// A stream that decompresses, with the argument of `inflateInit2`.
    pub fn inflate(window_bits: i32) -> Result<Stream, Code> {
        // SAFETY: a zeroed stream, which stays where it is if this succeeds.
        let z = start(|z| unsafe { z::inflateInit2_(z, window_bits, version(), SIZE) })?;
        Ok(Stream { z, direction: Direction::Inflate })
    }

    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Works on some input and output.
    pub fn step(&mut self, input: &[u8], output: &mut [u8], flush: i32) -> Step {
        let (avail_in, avail_out) = (clip(input.len()), clip(output.len()));
        self.z.next_in = input.as_ptr().cast_mut();
        self.z.avail_in = avail_in;
        self.z.next_out = output.as_mut_ptr();
        self.z.avail_out = avail_out;
        // SAFETY: the stream is initialised for its direction, and both ranges are valid; input is only read.
        let code = unsafe {
            match self.direction {
                Direction::Deflate => z::deflate(&mut *self.z, flush),
                Direction::Inflate => z::inflate(&mut *self.z, flush),
            }
        };
        Step {
            code: Code(code),
            consumed: (avail_in - self.z.avail_in) as usize,
            produced: (avail_out - self.z.avail_out) as usize,
        }
    }

    /// Starts anew with the same settings.
    pub fn reset(&mut self) -> Code {
        // SAFETY: the stream is initialised for its direction.
        Code(unsafe {
            match self.direction {
                Direction::Deflate => z::deflateReset(&mut *self.z),
                Direction::Inflate => z::inflateReset(&mut *self.z),
            }
        })
    }

    /// Sets the dictionary; the stream's checksum is then that of the dictionary, but for raw streams.
    pub fn set_dictionary(&mut self, bytes: &[u8]) -> Code {
        // SAFETY: the stream is initialised for its direction; the range is valid and only read.
        Code(unsafe {
            match self.direction {
                Direction::Deflate => {
                    z::deflateSetDictionary(&mut *self.z, bytes.as_ptr(), clip(bytes.len()))
                }
                Direction::Inflate => {
                    z::inflateSetDictionary(&mut *self.z, bytes.as_ptr(), clip(bytes.len()))
                }
            }
        })
    }

    /// What a decompressing stream remembers of its output.
    pub fn dictionary(&mut self) -> Result<Vec<u8>, Code> {
        if self.direction != Direction::Inflate {
            return Err(Code::STREAM_ERROR);
        }
        let mut bytes = vec![0; WINDOW];
        let mut len = 0;
        // SAFETY: the stream is initialised for inflating, whose window is never larger than the buffer.
        Code(unsafe { inflateGetDictionary(&mut *self.z, bytes.as_mut_ptr(), &mut len) }).ok()?;
        bytes.truncate(len as usize);
        Ok(bytes)
    }

    /// Changes level and strategy of a compressing stream. What was given before is compressed the old way into one byte of
    /// room: it should have been flushed.
    pub fn set_params(&mut self, level: i32, strategy: i32) -> Code {
        if self.direction != Direction::Deflate {
            return Code::STREAM_ERROR;
        }
        let mut spare = 0u8;
        self.z.next_in = std::ptr::null_mut();
        self.z.avail_in = 0;
        self.z.next_out = &mut spare;
        self.z.avail_out = 1;
        // SAFETY: the stream is initialised for deflating, and has one byte of room.
        let code = unsafe { z::deflateParams(&mut *self.z, level, strategy) };
        self.z.next_out = std::ptr::null_mut();
        if self.z.avail_out == 0 { Code::STREAM_ERROR } else { Code(code) }
    }

    /// The checksum of the data so far, or of the dictionary that is wanted.
    pub fn checksum(&self) -> u32 {
        self.z.adler as u32
    }

    /// Ends the stream: a data error when output was left.
    pub fn end(mut self) -> Code {
        // What `drop` would free is gone then: the library refuses streams without state.
        self.free()
    }

    fn free(&mut self) -> Code {
        // SAFETY: the stream is initialised, or ended already, which the library notices.
        Code(unsafe {
            match self.direction {
                Direction::Deflate => z::deflateEnd(&mut *self.z),
                Direction::Inflate => z::inflateEnd(&mut *self.z),
            }
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.free();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let text: Vec<u8> = (0..20_000u32).flat_map(|i| (i * i % 977).to_le_bytes()).collect();
        let mut out = vec![0; 100_000];
        let mut d = Stream::deflate(9, 8, 15, 8, 0).unwrap();
        assert_eq!(d.set_dictionary(b"dictionary"), Code::OK);
        let wanted = d.checksum();
        let first = d.step(&text, &mut out, 0);
        assert_eq!((first.code, first.consumed), (Code::OK, text.len()));
        let last = d.step(&[], &mut out[first.produced..], 4);
        assert_eq!(last.code, Code::STREAM_END);
        let packed = &out[..first.produced + last.produced];
        assert_eq!(d.end(), Code::OK);

        let mut i = Stream::inflate(15).unwrap();
        let mut back = vec![0; text.len()];
        let step = i.step(packed, &mut back, 0);
        assert_eq!((step.code, i.checksum()), (Code::NEED_DICT, wanted));
        assert_eq!(i.set_dictionary(b"wrong"), Code::DATA_ERROR);
        assert_eq!(i.set_dictionary(b"dictionary"), Code::OK);
        let half = text.len() / 2;
        let one = i.step(&packed[step.consumed..], &mut back[..half], 0);
        assert_eq!((one.code, one.produced), (Code::OK, half));
        assert!(i.dictionary().unwrap() == text[half - WINDOW..half]);
        let two = i.step(&packed[step.consumed + one.consumed..], &mut back[half..], 0);
        assert_eq!((two.code, two.produced), (Code::STREAM_END, text.len() - half));
        assert!(back == text);
        assert_eq!(i.set_params(1, 0), Code::STREAM_ERROR);
        assert_eq!(i.end(), Code::OK);
    }

    #[test]
    fn bad_settings_and_data() {
        assert_eq!(Stream::deflate(10, 8, 15, 8, 0).err(), Some(Code::STREAM_ERROR));
        assert_eq!(Stream::inflate(99).err(), Some(Code::STREAM_ERROR));
        let mut i = Stream::inflate(15).unwrap();
        assert_eq!(i.step(b"nonsense", &mut [0; 10], 0).code, Code::DATA_ERROR);
        let mut d = Stream::deflate(6, 8, 15, 8, 0).unwrap();
        d.step(b"something", &mut [0; 1], 0);
        assert_eq!(d.end(), Code::DATA_ERROR, "not finished");
    }
}
