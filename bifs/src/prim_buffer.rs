//! Buffers that several calls fill and drain: module `prim_buffer` [prim_buffer_nif.c].
//!
//! Small writes are gathered in an accumulator; long ones go to the queue as they are. A buffer is for one process at a time,
//! which `try_lock` and `unlock` help with; a call that meets another waits.

pub(crate) mod queue;

use queue::Queue;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use term::atom::am;
use term::shared::Magic;
use term::{Bits, Term, atom};
use vm::bif::Held;
use vm::{BifResult, Cx, FromTerm, Kind, Resume};

vm::bifs! { pub TABLE: "prim_buffer" {
    Plain "new"/0 => new();
    /// Bytes in the buffer
    Plain "size"/1 => size(0);
    /// A binary at the start of the buffer, which stays there
    Plain "peek_head"/1 => peek_head(0);
    /// That many bytes, copied and removed
    Plain "copying_read"/2 => copying_read(0, 1);
    /// Adds a list of binaries
    Plain "write"/2 => write(0, 1);
    Plain "skip"/2 => skip(0, 1);
    /// `{ok, Index}` or `not_found`
    Plain "find_byte_index"/2 => find_byte_index(0, 1);
    /// `acquired` or `busy`
    Plain "try_lock"/1 => try_lock(0);
    Plain "unlock"/1 => unlock(0);
} }

/// Writes are gathered up to this size.
const ACCUMULATOR: usize = 2 << 10;
/// Binaries that one turn takes from a list.
const MAX_VECTOR: usize = 64;
/// From here on a search is a job for a dirty scheduler; below, it costs its share of a time slice.
const LONG_SEARCH: usize = 1 << 20;
/// Reductions of a time slice.
const SLICE: usize = 4000;

#[derive(Default)]
struct Buffer {
    content: Mutex<Content>,
    locked: AtomicBool,
}

#[derive(Default)]
struct Content {
    queue: Queue,
    accumulator: Vec<u8>,
}

impl Content {
    fn size(&self) -> usize {
        self.queue.size() + self.accumulator.len()
    }
    /// Moves the gathered bytes into the queue.
    fn settle(&mut self) -> &mut Queue {
        if !self.accumulator.is_empty() {
            self.queue.push_bytes(&self.accumulator);
            self.accumulator.clear();
        }
        &mut self.queue
    }
    fn write(&mut self, parts: &[Bits<'_>]) {
        let size: usize = parts.iter().map(|p| p.byte_len()).sum();
        let full = self.accumulator.len() + size >= ACCUMULATOR;
        if full {
            self.settle();
        }
        if full && size >= ACCUMULATOR / 2 {
            parts.iter().for_each(|p| self.queue.push(*p));
        } else {
            parts.iter().for_each(|p| self.accumulator.extend_from_slice(&p.bytes()));
        }
    }
    fn find(&self, byte: u8) -> Option<usize> {
        let mut at = 0;
        for run in self.queue.iter().chain([self.accumulator.as_slice()]) {
            if let Some(i) = run.iter().position(|&b| b == byte) {
                return Some(at + i);
            }
            at += run.len();
        }
        None
    }
}

/// An argument that refers to a buffer.
#[derive(Clone, Copy)]
struct BufferRef<'p>(&'p Buffer);

impl<'p> FromTerm<'p> for BufferRef<'p> {
    fn from_term(t: Term<'p>) -> Option<Self> {
        t.as_reference()?.magic_ref()?.downcast().map(BufferRef)
    }
}

impl<'p> BufferRef<'p> {
    fn content(self) -> MutexGuard<'p, Content> {
        self.0.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn new<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let (n0, n1) = vm::refs::next();
    Ok(cx.heap().magic_reference(n0, n1, Magic::handle(Buffer::default())))
}

fn size<'p>(cx: &Cx<'p>, buffer: BufferRef<'p>) -> BifResult<'p> {
    Ok(cx.heap().uint(buffer.content().size() as u64))
}

fn peek_head<'p>(cx: &Cx<'p>, buffer: BufferRef<'p>) -> BifResult<'p> {
    cx.need(buffer.content().settle().head(cx.heap()))
}

fn copying_read<'p>(cx: &Cx<'p>, buffer: BufferRef<'p>, n: usize) -> BifResult<'p> {
    let mut content = buffer.content();
    let queue = content.settle();
    if queue.size() < n {
        return Err(cx.badarg());
    }
    cx.bump(n / 1024);
    Ok(cx.heap().binary_with(n, |to| queue.read(to)))
}

fn skip<'p>(cx: &Cx<'p>, buffer: BufferRef<'p>, n: usize) -> BifResult<'p> {
    let mut content = buffer.content();
    let queue = content.settle();
    if queue.size() < n {
        return Err(cx.badarg());
    }
    queue.skip(n);
    Ok(am::OK.into())
}

fn write<'p>(cx: &Cx<'p>, buffer: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    let content = cx.need(BufferRef::from_term(buffer))?;
    let mut rest = list;
    loop {
        let mut iter = rest.iter_list();
        let parts: Option<Vec<Bits<'p>>> =
            iter.by_ref().take(MAX_VECTOR).map(|t| t.as_binary()).collect();
        rest = iter.tail();
        let parts = cx.need(parts.filter(|_| rest.is_list()))?;
        content.content().write(&parts);
        let go_on = cx.bump(1 + parts.len());
        if rest.is_nil() {
            return Ok(am::OK.into());
        }
        if !go_on {
            return Err(cx.yield_to(Write { buffer: cx.hold(buffer), rest: cx.hold(rest) }));
        }
    }
}

/// The rest of a long write.
struct Write {
    buffer: Held,
    rest: Held,
}

impl Resume for Write {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        write(cx, cx.get(self.buffer), cx.get(self.rest))
    }
}

fn find_byte_index<'p>(cx: &Cx<'p>, buffer: Term<'p>, byte: Term<'p>) -> BifResult<'p> {
    let content = cx.need(BufferRef::from_term(buffer))?;
    let byte = cx.need(byte.as_u64().and_then(|n| u8::try_from(n).ok()))?;
    let size = content.content().size();
    if size >= LONG_SEARCH {
        return Err(cx.reschedule(Kind::DirtyCpu, Find { buffer: cx.hold(buffer), byte }));
    }
    cx.bump(size / (LONG_SEARCH / SLICE));
    Ok(found(cx, content, byte))
}

fn found<'p>(cx: &Cx<'p>, buffer: BufferRef<'p>, byte: u8) -> Term<'p> {
    match buffer.content().find(byte) {
        Some(i) => cx.heap().tuple(&[am::OK.into(), cx.heap().uint(i as u64)]),
        None => atom!("not_found").into(),
    }
}

/// A long search.
struct Find {
    buffer: Held,
    byte: u8,
}

impl Resume for Find {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let buffer = cx.need(BufferRef::from_term(cx.get(self.buffer)))?;
        Ok(found(cx, buffer, self.byte))
    }
}

fn try_lock<'p>(_: &Cx<'p>, buffer: BufferRef<'p>) -> BifResult<'p> {
    let free = !buffer.0.locked.swap(true, Ordering::Acquire);
    Ok(Term::atom(if free { atom!("acquired") } else { am::BUSY }))
}

fn unlock<'p>(cx: &Cx<'p>, buffer: BufferRef<'p>) -> BifResult<'p> {
    if buffer.0.locked.swap(false, Ordering::Release) {
        Ok(am::OK.into())
    } else {
        Err(cx.error(atom!("lock_order_violation")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use term::Heap;

    #[test]
    fn small_writes_gather() {
        let h = Heap::new();
        let part = |n: usize| h.binary(&vec![7; n]).as_binary().expect("binary");
        let mut c = Content::default();
        c.write(&[part(10), part(1000)]);
        assert_eq!((c.accumulator.len(), c.queue.size()), (1010, 0));
        c.write(&[part(1020)]);
        assert_eq!((c.accumulator.len(), c.queue.size()), (2030, 0));
        c.write(&[part(500)]);
        assert_eq!((c.accumulator.len(), c.queue.size()), (500, 2030));
        c.write(&[part(5000)]);
        assert_eq!((c.accumulator.len(), c.queue.size()), (0, 7530));
        c.write(&[h.binary(b"ab").as_binary().expect("binary")]);
        assert_eq!((c.find(7), c.find(b'b'), c.find(0)), (Some(0), Some(7531), None));
        assert_eq!(c.settle().size(), 7532);
    }
}
