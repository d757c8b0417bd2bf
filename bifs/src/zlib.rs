//! Module `zlib`: compressing streams [zlib_nif.c].
//!
//! Input waits in a queue. Each call of `deflate_nif` or `inflate_nif` works on a bounded amount of it and says whether there is more
//! to do (`continue`), so that no call runs long; the Erlang side loops. A stream belongs to one process, which may hand
//! it on. The *stash* keeps one term between calls for the Erlang side.

mod codec;

use crate::prim_buffer::queue::Queue;
use codec::{Answer, ArgError};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use sys::zlib::{Code, Direction, Stream};
use term::atom::am;
use term::shared::Magic;
use term::{OwnedTerm, Pid, Term, atom};
use vm::{BifResult, Cx, FromTerm};

vm::bifs! { pub TABLE: "zlib" {
    Plain "open_nif"/0 => open();
    Plain "close_nif"/1 => close(0);
    Plain "set_controller_nif"/2 => set_controller(0, 1);
    /// Level, method, window bits, memory level, strategy
    Plain "deflateInit_nif"/6 => deflate_init(0, 1, 2, 3, 4, 5);
    /// The dictionary's checksum
    Plain "deflateSetDictionary_nif"/2 => deflate_set_dictionary(0, 1);
    Plain "deflateReset_nif"/1 => deflate_reset(0);
    Plain "deflateEnd_nif"/1 => deflate_end(0);
    Plain "deflateParams_nif"/3 => deflate_params(0, 1, 2);
    /// Input limit, output limit, flush: `{finished | continue, [Binary]}`
    Plain "deflate_nif"/4 => deflate(0, 1, 2, 3);
    /// Window bits, what to do with input after the end of the stream
    Plain "inflateInit_nif"/3 => inflate_init(0, 1, 2);
    Plain "inflateSetDictionary_nif"/2 => inflate_set_dictionary(0, 1);
    Plain "inflateGetDictionary_nif"/1 => inflate_get_dictionary(0);
    Plain "inflateReset_nif"/1 => inflate_reset(0);
    Plain "inflateEnd_nif"/1 => inflate_end(0);
    /// As `deflate_nif`, or `{need_dictionary, Checksum, [Binary]}`
    Plain "inflate_nif"/4 => inflate(0, 1, 2, 3);
    /// Checksum of the plain side of a raw stream
    Plain "crc32_nif"/1 => crc32(0);
    /// `{ok, Term}` or `empty`
    Plain "getStash_nif"/1 => get_stash(0);
    Plain "clearStash_nif"/1 => clear_stash(0);
    Plain "setStash_nif"/2 => set_stash(0, 1);
    Plain "getBufSize_nif"/1 => get_buf_size(0);
    Plain "setBufSize_nif"/2 => set_buf_size(0, 1);
    /// Adds a list of binaries: `ok`, or `{continue, Rest}` when it was long
    Plain "enqueue_nif"/2 => enqueue(0, 1);
} }

/// Binaries that one call of `enqueue_nif` takes.
const MAX_VECTOR: usize = 256;

struct Zlib {
    /// Pid data of the process that may use the stream.
    controller: AtomicU64,
    state: Mutex<State>,
}

/// What becomes of input after the end of a compressed stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum AfterEnd {
    /// A data error.
    Error,
    /// The next stream begins.
    Reset,
    /// It is dropped.
    Cut,
    /// It waits (the reference knows three numbers and takes all).
    Nothing,
}

struct State {
    stream: Option<Stream>,
    closed: bool,
    input: Queue,
    stash: Option<OwnedTerm>,
    after_end: AfterEnd,
    end_seen: bool,
    raw: bool,
    /// Checksums of the plain side, kept for raw streams.
    input_crc: u32,
    output_crc: u32,
    /// Kept for the Erlang side, which no longer uses it.
    buffer_size: i32,
}

impl State {
    /// Empties queue and stash.
    fn reset_input(&mut self) {
        self.input.clear();
        self.stash = None;
    }
    fn started(&mut self, stream: Stream, window_bits: i32) {
        self.stream = Some(stream);
        self.end_seen = false;
        self.raw = window_bits < 0;
        (self.input_crc, self.output_crc) = (0, 0);
    }
}

/// An argument that refers to a stream.
#[derive(Clone, Copy)]
struct ZRef<'p>(&'p Zlib);

impl<'p> FromTerm<'p> for ZRef<'p> {
    fn from_term(t: Term<'p>) -> Option<Self> {
        t.as_reference()?.magic_ref()?.downcast().map(ZRef)
    }
}

/// An integer of C's `int`.
#[derive(Clone, Copy)]
struct Int(i32);

impl<'p> FromTerm<'p> for Int {
    fn from_term(t: Term<'p>) -> Option<Self> {
        i32::try_from(t.as_small()?).ok().map(Int)
    }
}

impl<'p> ZRef<'p> {
    /// The state, if the caller is the controlling process.
    fn own(self, cx: &Cx<'p>) -> BifResult<'p, MutexGuard<'p, State>> {
        if self.0.controller.load(Ordering::Acquire) != cx.pid() {
            return Err(cx.error(atom!("not_on_controlling_process")));
        }
        Ok(self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
    /// The same, if the stream is started in this direction.
    fn started(self, cx: &Cx<'p>, direction: Direction) -> BifResult<'p, MutexGuard<'p, State>> {
        let state = self.own(cx)?;
        match &state.stream {
            Some(s) if s.direction() == direction => Ok(state),
            _ => Err(not_initialized(cx)),
        }
    }
}

fn not_initialized(cx: &Cx<'_>) -> vm::Stop {
    cx.error(atom!("not_initialized"))
}

/// What the library answered, as a term or an error.
fn answer<'p>(cx: &Cx<'p>, code: Code) -> BifResult<'p> {
    Ok(Term::atom(match code {
        Code::OK => am::OK,
        Code::STREAM_END => atom!("stream_end"),
        Code::STREAM_ERROR => return Err(cx.error(atom!("stream_error"))),
        Code::DATA_ERROR => return Err(cx.error(atom!("data_error"))),
        Code::MEM_ERROR => atom!("mem_error"),
        Code::BUF_ERROR => atom!("buf_error"),
        Code::VERSION_ERROR => atom!("version_error"),
        _ => atom!("unknown_error"),
    }))
}

fn open<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let state = State {
        stream: None,
        closed: false,
        input: Queue::default(),
        stash: None,
        after_end: AfterEnd::Cut,
        end_seen: false,
        raw: false,
        input_crc: 0,
        output_crc: 0,
        buffer_size: 4000,
    };
    let zlib = Zlib { controller: AtomicU64::new(cx.pid()), state: Mutex::new(state) };
    let (n0, n1) = vm::refs::next();
    Ok(cx.heap().magic_reference(n0, n1, Magic::handle(zlib)))
}

fn close<'p>(cx: &Cx<'p>, z: ZRef<'p>) -> BifResult<'p> {
    let mut state = z.own(cx)?;
    if state.closed {
        return Err(not_initialized(cx));
    }
    state.stream = None;
    state.stash = None;
    state.closed = true;
    Ok(am::OK.into())
}

fn set_controller<'p>(cx: &Cx<'p>, z: ZRef<'p>, pid: Pid<'p>) -> BifResult<'p> {
    let pid = cx.need(pid.local())?;
    let _state = z.own(cx)?;
    z.0.controller.store(pid, Ordering::Release);
    Ok(am::OK.into())
}

/// The state for starting a stream: neither started nor closed.
fn unstarted<'p>(cx: &Cx<'p>, z: ZRef<'p>) -> BifResult<'p, MutexGuard<'p, State>> {
    let state = z.own(cx)?;
    if state.stream.is_some() || state.closed {
        return Err(cx.error(atom!("already_initialized")));
    }
    Ok(state)
}

fn deflate_init<'p>(
    cx: &Cx<'p>,
    z: ZRef<'p>,
    level: Int,
    method: Int,
    window_bits: Int,
    mem_level: Int,
    strategy: Int,
) -> BifResult<'p> {
    let mut state = unstarted(cx, z)?;
    match Stream::deflate(level.0, method.0, window_bits.0, mem_level.0, strategy.0) {
        Ok(stream) => state.started(stream, window_bits.0),
        Err(code) => return answer(cx, code),
    }
    Ok(am::OK.into())
}

fn inflate_init<'p>(cx: &Cx<'p>, z: ZRef<'p>, window_bits: Int, after_end: Int) -> BifResult<'p> {
    let mut state = unstarted(cx, z)?;
    match Stream::inflate(window_bits.0) {
        Ok(stream) => state.started(stream, window_bits.0),
        Err(code) => return answer(cx, code),
    }
    state.after_end = match after_end.0 {
        0 => AfterEnd::Error,
        1 => AfterEnd::Reset,
        2 => AfterEnd::Cut,
        _ => AfterEnd::Nothing,
    };
    Ok(am::OK.into())
}

/// The bytes of an iolist.
fn bytes_of<'p>(cx: &Cx<'p>, list: Term<'p>) -> BifResult<'p, Vec<u8>> {
    cx.need(crate::iolist::to_vec(list))
}

fn deflate_set_dictionary<'p>(cx: &Cx<'p>, z: ZRef<'p>, dictionary: Term<'p>) -> BifResult<'p> {
    let dictionary = bytes_of(cx, dictionary)?;
    let mut state = z.started(cx, Direction::Deflate)?;
    let raw = state.raw;
    let Some(stream) = &mut state.stream else { return Err(not_initialized(cx)) };
    match stream.set_dictionary(&dictionary) {
        Code::OK => {
            // A raw stream keeps no checksum; this is the reference's substitute.
            let sum = if raw { num::checksum::adler32(0, &dictionary) } else { stream.checksum() };
            Ok(Term::small(i64::from(sum as i32)))
        }
        code => answer(cx, code),
    }
}

fn inflate_set_dictionary<'p>(cx: &Cx<'p>, z: ZRef<'p>, dictionary: Term<'p>) -> BifResult<'p> {
    let dictionary = bytes_of(cx, dictionary)?;
    let mut state = z.started(cx, Direction::Inflate)?;
    let Some(stream) = &mut state.stream else { return Err(not_initialized(cx)) };
    answer(cx, stream.set_dictionary(&dictionary))
}

fn inflate_get_dictionary<'p>(cx: &Cx<'p>, z: ZRef<'p>) -> BifResult<'p> {
    let mut state = z.started(cx, Direction::Inflate)?;
    let Some(stream) = &mut state.stream else { return Err(not_initialized(cx)) };
    match stream.dictionary() {
        Ok(bytes) => Ok(cx.heap().binary(&bytes)),
        Err(code) => answer(cx, code),
    }
}

fn reset<'p>(cx: &Cx<'p>, z: ZRef<'p>, direction: Direction) -> BifResult<'p> {
    let mut state = z.started(cx, direction)?;
    let Some(stream) = &mut state.stream else { return Err(not_initialized(cx)) };
    let code = stream.reset();
    (state.input_crc, state.output_crc, state.end_seen) = (0, 0, false);
    state.reset_input();
    answer(cx, code)
}

fn deflate_reset<'p>(cx: &Cx<'p>, z: ZRef<'p>) -> BifResult<'p> {
    reset(cx, z, Direction::Deflate)
}

fn inflate_reset<'p>(cx: &Cx<'p>, z: ZRef<'p>) -> BifResult<'p> {
    reset(cx, z, Direction::Inflate)
}

/// Ends the stream: a data error when something was left to do.
fn end<'p>(cx: &Cx<'p>, z: ZRef<'p>, direction: Direction) -> BifResult<'p> {
    let mut state = z.started(cx, direction)?;
    let Some(stream) = state.stream.take() else { return Err(not_initialized(cx)) };
    let mut code = stream.end();
    let unfinished = direction == Direction::Inflate && !state.end_seen;
    if code == Code::OK && (unfinished || state.input.size() > 0) {
        code = Code::DATA_ERROR;
    }
    state.reset_input();
    answer(cx, code)
}

fn deflate_end<'p>(cx: &Cx<'p>, z: ZRef<'p>) -> BifResult<'p> {
    end(cx, z, Direction::Deflate)
}

fn inflate_end<'p>(cx: &Cx<'p>, z: ZRef<'p>) -> BifResult<'p> {
    end(cx, z, Direction::Inflate)
}

fn deflate_params<'p>(cx: &Cx<'p>, z: ZRef<'p>, level: Int, strategy: Int) -> BifResult<'p> {
    let mut state = z.started(cx, Direction::Deflate)?;
    let Some(stream) = &mut state.stream else { return Err(not_initialized(cx)) };
    answer(cx, stream.set_params(level.0, strategy.0))
}

fn deflate<'p>(
    cx: &Cx<'p>,
    z: ZRef<'p>,
    input_limit: Int,
    output_limit: Int,
    flush: Int,
) -> BifResult<'p> {
    let mut state = z.started(cx, Direction::Deflate)?;
    run(cx, &mut state, input_limit, output_limit, flush)
}

fn inflate<'p>(
    cx: &Cx<'p>,
    z: ZRef<'p>,
    input_limit: Int,
    output_limit: Int,
    flush: Int,
) -> BifResult<'p> {
    let mut state = z.started(cx, Direction::Inflate)?;
    if state.end_seen && state.input.size() > 0 {
        match state.after_end {
            AfterEnd::Error => return answer(cx, Code::DATA_ERROR),
            AfterEnd::Reset => {
                let Some(stream) = &mut state.stream else { return Err(not_initialized(cx)) };
                match stream.reset() {
                    Code::OK => state.end_seen = false,
                    code => return answer(cx, code),
                }
            }
            AfterEnd::Cut => state.reset_input(),
            AfterEnd::Nothing => {}
        }
    }
    run(cx, &mut state, input_limit, output_limit, flush)
}

fn run<'p>(
    cx: &Cx<'p>,
    state: &mut State,
    input_limit: Int,
    output_limit: Int,
    flush: Int,
) -> BifResult<'p> {
    // A negative number is a huge one to C.
    let input = usize::try_from(input_limit.0).unwrap_or(usize::MAX);
    let Ok(output) = usize::try_from(output_limit.0) else {
        return answer(cx, Code::MEM_ERROR);
    };
    match codec::step(state, cx, input, output, flush.0) {
        Ok(Answer::Finished(out)) => Ok(cx.heap().tuple(&[atom!("finished").into(), out])),
        Ok(Answer::Continue(out)) => Ok(cx.heap().tuple(&[am::CONTINUE.into(), out])),
        Ok(Answer::NeedDictionary(sum, out)) => {
            let sum = Term::small(i64::from(sum as i32));
            Ok(cx.heap().tuple(&[atom!("need_dictionary").into(), sum, out]))
        }
        Err(ArgError::NotStarted) => Err(not_initialized(cx)),
        Err(ArgError::Library(code)) => answer(cx, code),
    }
}

fn crc32<'p>(cx: &Cx<'p>, z: ZRef<'p>) -> BifResult<'p> {
    let state = z.own(cx)?;
    match state.stream.as_ref().map(Stream::direction) {
        Some(Direction::Deflate) => Ok(Term::small(i64::from(state.input_crc))),
        Some(Direction::Inflate) => Ok(Term::small(i64::from(state.output_crc))),
        None => Err(not_initialized(cx)),
    }
}

fn get_stash<'p>(cx: &Cx<'p>, z: ZRef<'p>) -> BifResult<'p> {
    let state = z.own(cx)?;
    match &state.stash {
        Some(t) => Ok(cx.heap().tuple(&[am::OK.into(), cx.heap().copy_owned(t)])),
        None => Ok(atom!("empty").into()),
    }
}

fn clear_stash<'p>(cx: &Cx<'p>, z: ZRef<'p>) -> BifResult<'p> {
    match z.own(cx)?.stash.take() {
        Some(_) => Ok(am::OK.into()),
        None => Err(cx.error(am::ERROR)),
    }
}

fn set_stash<'p>(cx: &Cx<'p>, z: ZRef<'p>, term: Term<'p>) -> BifResult<'p> {
    let mut state = z.own(cx)?;
    if state.stash.is_some() {
        return Err(cx.error(am::ERROR));
    }
    state.stash = Some(OwnedTerm::whole_copy_of(term));
    Ok(am::OK.into())
}

fn get_buf_size<'p>(cx: &Cx<'p>, z: ZRef<'p>) -> BifResult<'p> {
    Ok(Term::small(i64::from(z.own(cx)?.buffer_size)))
}

fn set_buf_size<'p>(cx: &Cx<'p>, z: ZRef<'p>, size: Term<'p>) -> BifResult<'p> {
    let mut state = z.own(cx)?;
    state.buffer_size = cx.need(Int::from_term(size))?.0;
    Ok(am::OK.into())
}

fn enqueue<'p>(cx: &Cx<'p>, z: ZRef<'p>, list: Term<'p>) -> BifResult<'p> {
    let mut state = z.own(cx)?;
    if state.stream.is_none() {
        return Err(not_initialized(cx));
    }
    let mut rest = list.iter_list();
    let parts: Option<Vec<_>> = rest.by_ref().take(MAX_VECTOR).map(|t| t.as_binary()).collect();
    let parts = cx.need(parts.filter(|_| rest.tail().is_list()))?;
    parts.into_iter().for_each(|p| state.input.push(p));
    if rest.tail().is_nil() {
        return Ok(am::OK.into());
    }
    Ok(cx.heap().tuple(&[am::CONTINUE.into(), rest.tail()]))
}
