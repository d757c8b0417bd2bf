//! The zlib wrapping of compressed terms.

use crate::decode::DecodeError;
use crate::tag;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Bytes before the zlib data: the tag and the size.
const HEAD: usize = 5;

/// Output is made in pieces of this, so that a false size costs nothing.
const PIECE: usize = 64 * 1024;

/// Compressed output of one step; what goes into it may be a thousand times as long.
const DEFLATE_PIECE: usize = 4 * 1024;

/// Zlib data on its way to exactly `size` bytes.
pub(crate) struct Inflate {
    stream: Decompress,
    size: usize,
    pub out: Vec<u8>,
}

impl Inflate {
    pub fn new(size: usize) -> Inflate {
        Inflate { stream: Decompress::new(true), size, out: Vec::new() }
    }
    /// Inflates a piece; when the end is reached, how many bytes of input that took.
    pub fn step(&mut self, zipped: &[u8]) -> Result<Option<usize>, DecodeError> {
        // One byte more than announced: to see the end of the stream, or that it goes on.
        let room = PIECE.min((self.size + 1).saturating_sub(self.out.len()));
        let from = self.out.len();
        // The vector grows by doubling, but only as output really comes.
        self.out.resize(from + room, 0);
        let rest = zipped.get(self.stream.total_in() as usize..).unwrap_or_default();
        let before = (self.stream.total_in(), self.stream.total_out());
        let status = self.stream.decompress(rest, &mut self.out[from..], FlushDecompress::None);
        self.out.truncate(self.stream.total_out() as usize);
        match status {
            Ok(Status::StreamEnd) if self.out.len() == self.size => {
                Ok(Some(self.stream.total_in() as usize))
            }
            Ok(Status::Ok | Status::BufError)
                if (self.stream.total_in(), self.stream.total_out()) != before
                    && self.out.len() <= self.size =>
            {
                Ok(None)
            }
            _ => Err(DecodeError::BadCompression),
        }
    }
}

/// Inflates zlib data that must yield exactly `size` bytes; also tells how many bytes it took.
pub(crate) fn inflate(zipped: &[u8], size: usize) -> Result<(Vec<u8>, usize), DecodeError> {
    let mut inflate = Inflate::new(size);
    loop {
        if let Some(used) = inflate.step(zipped)? {
            return Ok((inflate.out, used));
        }
    }
}

/// A body on its way to its compressed form, which is given up when it gets longer than the body.
pub(crate) struct Deflate {
    stream: Compress,
    /// The form so far, with its `COMPRESSED` head.
    pub out: Vec<u8>,
    limit: usize,
}

impl Deflate {
    /// `None` if there is nothing to gain: level 0, or a body too short.
    pub fn new(body: usize, level: u32) -> Option<Deflate> {
        let size = u32::try_from(body).ok()?;
        if level == 0 || body < HEAD {
            return None;
        }
        let mut out = vec![tag::COMPRESSED];
        out.extend_from_slice(&size.to_be_bytes());
        let stream = Compress::new(Compression::new(level.min(9)), true);
        Some(Deflate { stream, out, limit: body })
    }
    /// Bytes of the body that are done.
    pub fn consumed(&self) -> usize {
        self.stream.total_in() as usize
    }
    /// Compresses a piece. `Some` at the end: whether the compressed form is to be used.
    pub fn step(&mut self, body: &[u8]) -> Option<bool> {
        let from = self.out.len();
        let room = DEFLATE_PIECE.min(self.limit - from);
        self.out.resize(from + room, 0);
        let rest = body.get(self.consumed()..).unwrap_or_default();
        // All input at once and little output: how the input is cut shall not show in the result.
        let status = self.stream.compress(rest, &mut self.out[from..], FlushCompress::Finish);
        self.out.truncate(HEAD + self.stream.total_out() as usize);
        match status {
            Ok(Status::StreamEnd) => Some(true),
            Ok(Status::Ok) if self.out.len() > from && self.out.len() < self.limit => None,
            _ => Some(false),
        }
    }
}

/// The compressed form of a body with its head, if it is shorter.
pub(crate) fn deflate(body: &[u8], level: u32) -> Option<Vec<u8>> {
    let mut deflate = Deflate::new(body.len(), level)?;
    loop {
        if let Some(shorter) = deflate.step(body) {
            return shorter.then_some(deflate.out);
        }
    }
}
