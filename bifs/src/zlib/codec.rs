//! One bounded step of compressing or decompressing.

use super::State;
use crate::prim_file;
use sys::zlib::{Code, Direction, NO_FLUSH};
use term::Term;
use term::shared::BinHandle;
use vm::Cx;

/// Reductions of a time slice.
const SLICE: usize = 4000;

/// What a step came to; the terms are lists of no or one binary.
pub(super) enum Answer<'p> {
    /// All input is used and all output given.
    Finished(Term<'p>),
    Continue(Term<'p>),
    NeedDictionary(u32, Term<'p>),
}

/// Why there is no answer.
pub(super) enum ArgError {
    NotStarted,
    Library(Code),
}

impl From<Code> for ArgError {
    fn from(code: Code) -> ArgError {
        ArgError::Library(code)
    }
}

/// Works on up to `input_limit` bytes of the queue, gives up to `output_limit`, and flushes when the queue is empty.
pub(super) fn step<'p>(
    state: &mut State,
    cx: &Cx<'p>,
    input_limit: usize,
    output_limit: usize,
    flush: i32,
) -> Result<Answer<'p>, ArgError> {
    let mut bin = BinHandle::try_zeroed(output_limit).ok_or(Code::MEM_ERROR)?;
    let out = bin.bytes_mut().unwrap_or_default();
    let State { stream, input, raw, input_crc, output_crc, end_seen, .. } = state;
    let stream = stream.as_mut().ok_or(ArgError::NotStarted)?;
    let sum_input = *raw && stream.direction() == Direction::Deflate;
    let sum_output = *raw && stream.direction() == Direction::Inflate;

    let (mut code, mut consumed, mut produced) = (Code::OK, 0, 0);
    for run in input.iter() {
        if code != Code::OK || consumed >= input_limit {
            break;
        }
        let run = &run[..run.len().min(input_limit)];
        // Only the end of the input is flushed.
        let did = stream.step(run, &mut out[produced..], NO_FLUSH);
        code = did.code;
        consumed += did.consumed;
        produced += did.produced;
        if sum_input {
            *input_crc = num::checksum::crc32(*input_crc, &run[..did.consumed]);
        }
        let share = (100 * did.consumed / input_limit).clamp(1, 100);
        if !cx.bump(share * (SLICE / 100)) {
            break;
        }
    }
    input.skip(consumed);
    let remaining = input.size();
    if code == Code::OK && remaining == 0 && produced < output_limit {
        // Also without a flush wanted: the last call may have filled its output.
        let did = stream.step(&[], &mut out[produced..], flush);
        code = did.code;
        produced += did.produced;
    }
    if code.0 < 0 && code != Code::BUF_ERROR {
        return Err(code.into());
    }
    let checksum = stream.checksum();
    *end_seen |= code == Code::STREAM_END;
    if sum_output {
        *output_crc = num::checksum::crc32(*output_crc, &out[..produced]);
    }
    if consumed == 0 && produced == 0 && remaining != 0 {
        // No progress: nothing that well-formed input leads to.
        return Err(Code::DATA_ERROR.into());
    }
    let output = match produced {
        0 => Term::nil(),
        n => cx.heap().list(&[prim_file::shortened(cx, bin, n)]),
    };
    Ok(if remaining == 0 && produced < output_limit {
        Answer::Finished(output)
    } else if code != Code::NEED_DICT {
        Answer::Continue(output)
    } else {
        Answer::NeedDictionary(checksum, output)
    })
}
