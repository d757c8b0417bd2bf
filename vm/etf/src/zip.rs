//! The zlib wrapping of compressed terms.

use crate::decode::DecodeError;
use flate2::{Decompress, FlushDecompress, Status};

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
