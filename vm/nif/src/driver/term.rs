//! Terms that drivers send, from their description as an array of words.

use crate::abi::Word;
use crate::atom::bytes;
use crate::driver::binary::{DrvBinary, shared};
use crate::driver::{port_of, with_port};
use core::ffi::{c_char, c_int, c_void};
use etf::DecodeOptions;
use term::heap::HEAP_BIN_MAX;
use term::{Heap, OwnedTerm, RawTerm, Term};
use vm::code::load::VmResolver;
use vm::signal::Sender;

/// Reads the words of a description.
struct Words<'a>(core::slice::Iter<'a, Word>);

impl Words<'_> {
    fn next(&mut self) -> Option<Word> {
        self.0.next().copied()
    }
    fn size(&mut self) -> Option<usize> {
        usize::try_from(self.next()?).ok()
    }
    /// Bytes at an address.
    unsafe fn bytes<'b>(&mut self) -> Option<&'b [u8]> {
        let at = self.next()? as *const c_char;
        let len = self.size()?;
        if at.is_null() && len > 0 {
            return None;
        }
        // SAFETY: C.
        Some(unsafe { bytes(at, len) })
    }
}

/// The last `n` terms of the stack.
fn take<'h>(stack: &mut Vec<Term<'h>>, n: usize) -> Option<Vec<Term<'h>>> {
    let from = stack.len().checked_sub(n)?;
    Some(stack.split_off(from))
}

/// The term that the words describe. `None`: they do not.
unsafe fn build<'h>(h: &'h Heap, words: &[Word]) -> Option<Term<'h>> {
    let mut w = Words(words.iter());
    let mut stack: Vec<Term<'h>> = Vec::new();
    while let Some(tag) = w.next() {
        // SAFETY: C: addresses in the description are good for their lengths.
        let t = unsafe {
            match tag {
                1 => Term::nil(),
                2 => {
                    let a = RawTerm(w.next()?);
                    Term::atom(a.as_atom()?)
                }
                3 => h.int(w.next()? as i64),
                4 => {
                    let p = RawTerm(w.next()?);
                    p.is_local_port().then(|| Term::local_port(p.payload()))?
                }
                5 => {
                    let b = w.next()? as *mut DrvBinary;
                    let (len, from) = (w.size()?, w.size()?);
                    if b.is_null() {
                        if len > 0 {
                            return None;
                        }
                        h.binary(&[])
                    } else {
                        let whole = shared(b);
                        let part = whole.bytes().get(from..from.checked_add(len)?)?;
                        if len <= HEAP_BIN_MAX {
                            h.binary(part)
                        } else {
                            h.shared_bits(whole, from * 8, len * 8)
                        }
                    }
                }
                6 => h.byte_list(w.bytes()?),
                7 => {
                    let n = w.size()?;
                    h.tuple(&take(&mut stack, n)?)
                }
                8 => {
                    // The last is the tail.
                    let n = w.size()?;
                    let mut all = take(&mut stack, n)?;
                    let tail = all.pop()?;
                    h.list_onto(&all, tail)
                }
                9 => {
                    let s = w.bytes()?;
                    let tail = stack.pop()?;
                    s.iter().rev().fold(tail, |t, b| h.cons(Term::small((*b).into()), t))
                }
                10 => {
                    let p = RawTerm(w.next()?);
                    p.is_local_pid().then(|| Term::local_pid(p.payload()))?
                }
                11 => {
                    let f = *(w.next()? as *const f64).as_ref()?;
                    f.is_finite().then(|| h.float(f))?
                }
                12 => {
                    let resolver = VmResolver(crate::vm());
                    etf::decode(w.bytes()?, h, &DecodeOptions::new(&resolver)).ok()?.0
                }
                13 => h.uint(w.next()?),
                14 => h.binary(w.bytes()?),
                15 => h.int(*(w.next()? as *const i64).as_ref()?),
                16 => h.uint(*(w.next()? as *const u64).as_ref()?),
                17 => {
                    let n = w.size()?;
                    let all = take(&mut stack, n.checked_mul(2)?)?;
                    let pairs: Vec<_> = all.chunks(2).map(|p| (p[0], p[1])).collect();
                    h.map_from_unique(&pairs)?
                }
                _ => return None,
            }
        };
        stack.push(t);
    }
    let t = stack.pop()?;
    stack.is_empty().then_some(t)
}

/// Sends the described term. 1: sent; 0: nobody there; -1: no good description.
unsafe fn send(from: u64, to: u64, data: *const Word, n: c_int) -> c_int {
    let Ok(n) = usize::try_from(n) else { return -1 };
    let vm = crate::vm();
    let mut good = true;
    let m = OwnedTerm::build(|h| {
        // SAFETY: C.
        let words = if n == 0 { &[] } else { unsafe { core::slice::from_raw_parts(data, n) } };
        // SAFETY: C.
        match unsafe { build(h, words) } {
            Some(t) => t,
            None => {
                good = false;
                Term::nil()
            }
        }
    });
    if !good {
        return -1;
    }
    // Only what schedulers do is told of.
    if vm::sched::thread_kind() == vm::sched::ThreadKind::Normal
        && let Some(port) = vm.ports.get(from)
        && port.trace.has(vm::trace::flag::SEND)
    {
        vm::trace::port::sent(vm, from, &port.trace, to, m.term());
    }
    let Some(p) = crate::process::process(RawTerm::local_pid(to).0) else { return 0 };
    vm.send_to(Sender::Port(from), &p, m);
    1
}

/// The owner of a port, asked from anywhere.
fn owner(port: u64) -> Option<u64> {
    let handle = crate::driver::handle_of(port);
    with_port(handle, |p, _| p.owner()).or_else(|| crate::vm().ports.get(port).map(|p| p.owner()))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_output_term(
    port: *mut c_void,
    data: *const Word,
    n: c_int,
) -> c_int {
    let Some(to) = owner(port_of(port)) else { return 0 };
    // SAFETY: C.
    unsafe { send(port_of(port), to, data, n) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_send_term(
    port: *mut c_void,
    to: Word,
    data: *const Word,
    n: c_int,
) -> c_int {
    // SAFETY: C.
    unsafe { erl_drv_send_term(RawTerm::local_port(port_of(port)).0, to, data, n) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn erl_drv_output_term(port: Word, data: *const Word, n: c_int) -> c_int {
    let port = RawTerm(port);
    let Some(to) = port.is_local_port().then(|| owner(port.payload())).flatten() else { return 0 };
    // SAFETY: C.
    unsafe { send(port.payload(), to, data, n) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn erl_drv_send_term(
    port: Word,
    to: Word,
    data: *const Word,
    n: c_int,
) -> c_int {
    let (port, to) = (RawTerm(port), RawTerm(to));
    if !port.is_local_port() || !to.is_local_pid() {
        return 0;
    }
    // SAFETY: C.
    unsafe { send(port.payload(), to.payload(), data, n) }
}
