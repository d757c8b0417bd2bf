//! The zlib wrapping of compressed terms.

use crate::decode::DecodeError;
use crate::tag;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Bytes before the zlib data: the tag and the size.
const HEAD: usize = 5;

/// Output is made in pieces of at least this, so that a false size costs nothing.
const PIECE: usize = 64 * 1024;

/// Inflates zlib data that must yield exactly `size` bytes; also tells how many bytes it took.
pub(crate) fn inflate(zipped: &[u8], size: usize) -> Result<(Vec<u8>, usize), DecodeError> {
    let mut stream = Decompress::new(true);
    let mut out = Vec::new();
    loop {
        // One byte more than announced: to see the end of the stream, or that it goes on.
        let room = out.len().max(PIECE).min((size + 1).saturating_sub(out.len()));
        if room == 0 {
            return Err(DecodeError::BadCompression);
        }
        out.reserve(room);
        let rest = zipped.get(stream.total_in() as usize..).unwrap_or_default();
        let before = (stream.total_in(), out.len());
        match stream.decompress_vec(rest, &mut out, FlushDecompress::None) {
            Ok(Status::StreamEnd) if out.len() == size => {
                return Ok((out, stream.total_in() as usize));
            }
            Ok(Status::Ok | Status::BufError)
                if (stream.total_in(), out.len()) != before && out.len() <= size => {}
            _ => return Err(DecodeError::BadCompression),
        }
    }
}

/// The zlib data of a body behind its `COMPRESSED` head, unless that is longer than the body.
pub(crate) fn deflate(body: &[u8], level: u32) -> Option<Vec<u8>> {
    let size = u32::try_from(body.len()).ok()?;
    let room = body.len().checked_sub(HEAD)?;
    let mut out = Vec::with_capacity(body.len());
    out.push(tag::COMPRESSED);
    out.extend_from_slice(&size.to_be_bytes());
    let mut stream = Compress::new(Compression::new(level.min(9)), true);
    loop {
        let done = stream.total_in() as usize;
        let before = (done, out.len());
        let rest = body.get(done..)?;
        match stream.compress_vec(rest, &mut out, FlushCompress::Finish) {
            Ok(Status::StreamEnd) if out.len() <= HEAD + room => return Some(out),
            Ok(Status::Ok) if (stream.total_in() as usize, out.len()) != before => {}
            _ => return None,
        }
    }
}
