//! Receiving, waiting, hibernating.

use super::operand::*;
use super::{Outcome, Regs, collect, go, leave, save};
use crate::process::state;
use crate::signal::inner::{SHAPES, Shapes};
use term::{Atom, RawTerm};

/// Slots: 2 branch when no message is left, 3 destination.
pub unsafe extern "C" fn loop_rec(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = (*r).process;
    if let Some(t) = (*p).messages.peek_opened() {
        put_any(r, e, ip.add(3), t);
        go!(r, ip.add(4), htop, e, fc)
    }
    return loop_rec_slow(r, ip, htop, e, fc);
}
#[inline(never)]
unsafe extern "C" fn loop_rec_slow(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = save(r, htop, e, fc);
    // Before the next message is opened: what came with those before it is mostly dead by now, and what comes with
    // this one is not yet part of the heap, so that it need not be copied.
    // Binaries too: nothing else may ask for them in a loop that only receives.
    if has_many_fragments(p) || (*p).heap.vheap_full() {
        if super::frame::is_long_collection(r) && !(*p).heap.zeal {
            (*p).collect_dirty = Some((0, false));
            (*p).next_dirty = crate::bif::Kind::DirtyCpu;
            super::call::save_x(r, 0);
            leave!(r, Outcome::Dirty, ip, htop, e, fc)
        }
        collect(r, htop, e, 0, 0);
    }
    if !(*p).messages.open_next(&(*p).heap.heap) {
        if (*p).shared.in_queue.is_empty() {
            go!(r, target_at(ip, 2), (*p).heap.heap.top(), (*p).heap.stack, fc)
        }
        // Requests that are answered now ask where the process stands, and may collect.
        ((*r).bs_at, (*r).bs_end) = (0, 0);
        (*p).ip = ip;
        crate::signal::handle::fetch(&mut *p, (*r).vm, (*r).scheduler);
        if (*p).exit_reason.is_some() || (*p).shared.state.has(state::SUSPENDED) {
            // It ends, or stands still, before it looks at the messages.
            super::call::save_x(r, 0);
            leave!(r, Outcome::Yielded, ip, (*p).heap.heap.top(), (*p).heap.stack, (*p).reds_left)
        }
        if !(*p).messages.open_next(&(*p).heap.heap) {
            go!(r, target_at(ip, 2), (*p).heap.heap.top(), (*p).heap.stack, fc)
        }
    }
    // This message alone may be too much for the process's limit.
    if (*p).heap.zeal || (*p).heap.options.max_heap != 0 && has_many_fragments(p) {
        collect(r, (*p).heap.heap.top(), (*p).heap.stack, 0, 0);
    }
    go!(r, ip, (*p).heap.heap.top(), (*p).heap.stack, fc)
}
/// Whether messages that became part of the heap take more than its block. SAFETY: of the caller: it runs the process.
unsafe fn has_many_fragments(p: *const crate::process::Process) -> bool {
    let most = (*p).heap.block_words().max((*p).heap.options.min_heap);
    (*p).heap.heap.fragment_words() > most
}
/// `loop_rec` where the message must have a shape: slots 2 branch when none is left, 3 destination, 4 shape.
pub unsafe extern "C" fn loop_rec_shape(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = (*r).process;
    if let Some(t) = (*p).messages.peek_opened_of(u64_at(ip, 4)) {
        put_any(r, e, ip.add(3), t);
        go!(r, ip.add(6), htop, e, fc)
    }
    return loop_rec_shape_slow(r, ip, htop, e, fc);
}
/// The same where it may have one of several: slots 2 branch when none is left, 3 destination, 4 shapes.
pub unsafe extern "C" fn loop_rec_shapes(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = (*r).process;
    if let Some((t, shape)) = (*p).messages.peek_opened_shape() {
        let [a, b, c, d] = [u64_at(ip, 4), u64_at(ip, 6), u64_at(ip, 8), u64_at(ip, 10)];
        if shape == a || shape == b || shape == c || shape == d {
            put_any(r, e, ip.add(3), t);
            go!(r, ip.add(12), htop, e, fc)
        }
    }
    return loop_rec_shapes_slow(r, ip, htop, e, fc);
}
#[inline(always)]
unsafe fn shapes_at(ip: *const u32) -> Shapes {
    core::array::from_fn(|i| u64_at(ip, 4 + 2 * i))
}
/// Messages passed for one reduction.
const PASSED_PER_REDUCTION: usize = 16;
#[inline(never)]
unsafe extern "C" fn loop_rec_shape_slow(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let fc = pass(r, &[u64_at(ip, 4); SHAPES], fc);
    if fc <= 0 {
        super::call::save_x(r, 0);
        leave!(r, Outcome::Yielded, ip, htop, e, fc)
    }
    return loop_rec_slow(r, ip, htop, e, fc);
}
#[inline(never)]
unsafe extern "C" fn loop_rec_shapes_slow(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let fc = pass(r, &shapes_at(ip), fc);
    if fc <= 0 {
        super::call::save_x(r, 0);
        leave!(r, Outcome::Yielded, ip, htop, e, fc)
    }
    return loop_rec_slow(r, ip, htop, e, fc);
}
/// Passes messages that have none of the shapes; the reductions that are left.
unsafe fn pass(r: *mut Regs, shapes: &Shapes, fc: i64) -> i64 {
    let most = fc.max(1) as usize * PASSED_PER_REDUCTION;
    let passed = (*(*r).process).messages.skip_to_shape(shapes, most);
    fc - (passed / PASSED_PER_REDUCTION) as i64
}
/// Slot 2: back to the loop.
pub unsafe extern "C" fn loop_rec_end(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    (*(*r).process).messages.advance();
    let fc = fc - 1;
    if fc <= 0 {
        super::call::save_x(r, 0);
        leave!(r, Outcome::Yielded, target_at(ip, 2), htop, e, fc)
    }
    go!(r, target_at(ip, 2), htop, e, fc)
}
pub unsafe extern "C" fn remove_message(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = (*r).process;
    if (*p).messages.has_tokens() {
        return remove_with_token(r, ip, htop, e, fc);
    }
    (*p).messages.remove_current();
    crate::timer::cancel_receive(&mut *p);
    go!(r, ip.add(2), htop, e, fc)
}
/// The same when messages, or the process, have a token of sequential tracing.
#[cold]
#[inline(never)]
unsafe extern "C" fn remove_with_token(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = save(r, htop, e, fc);
    take_token(r);
    (*p).messages.remove_current();
    crate::timer::cancel_receive(&mut *p);
    go!(r, ip.add(2), (*p).heap.heap.top(), e, fc)
}
#[inline(never)]
unsafe fn take_token(r: *mut Regs) {
    let p = &mut *(*r).process;
    if let Some((message, token)) = p.messages.take_token(!p.seq_trace_token.is_nil()) {
        crate::trace::seq::received(p, (*r).vm, token, message);
    }
}
pub unsafe extern "C" fn timeout(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = (*r).process;
    (*p).messages.rewind();
    crate::timer::cancel_receive(&mut *p);
    if (*p).shared.trace.has(crate::trace::flag::RECEIVE) {
        return timeout_told(r, ip, htop, e, fc);
    }
    go!(r, ip.add(2), htop, e, fc)
}
#[cold]
#[inline(never)]
unsafe extern "C" fn timeout_told(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = save(r, htop, e, fc);
    crate::trace::event::timeout(&mut *p, (*r).vm, (*r).scheduler);
    go!(r, ip.add(2), (*p).heap.heap.top(), (*p).heap.stack, fc)
}
/// Slot 2: where to look again when something arrives.
pub unsafe extern "C" fn wait(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    super::call::save_x(r, 0);
    leave!(r, Outcome::Waiting, target_at(ip, 2), htop, e, fc)
}
/// Slots: 2 where to look again, 3 time (any). Goes on behind it when the time is up.
pub unsafe extern "C" fn wait_timeout(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = (*r).process;
    if (*p).receive_timer.fired {
        go!(r, ip.add(5), htop, e, fc)
    }
    if !(*p).receive_timer.set {
        let time = A::get(r, e, ip.add(3));
        if time == RawTerm::atom(term::atom::am::INFINITY) {
            // It may be looked at again, and be in a register.
            let keep = <A as super::bits_match::Reg>::keep(ip.add(3));
            for x in 0..keep.saturating_sub(1) {
                (*r).x[x] = RawTerm::NIL;
            }
            super::call::save_x(r, keep);
            leave!(r, Outcome::Waiting, target_at(ip, 2), htop, e, fc)
        }
        match time.brand().as_u64() {
            Some(0) => go!(r, ip.add(5), htop, e, fc),
            Some(ms) if ms <= u64::from(u32::MAX) => {
                crate::timer::set_receive(&mut *p, (*r).vm, ms);
            }
            _ => {
                // The next receive begins with the first message.
                (*p).messages.rewind();
                save(r, htop, e, fc);
                super::except::error(r, ip, RawTerm::atom(term::atom::am::TIMEOUT_VALUE));
                return;
            }
        }
    }
    // What is fetched while the timer runs leads back to `loop_rec`; a timeout leads here.
    super::call::save_x(r, 0);
    leave!(r, Outcome::Waiting, target_at(ip, 2), htop, e, fc)
}

/// Slots: 2 destination.
pub unsafe extern "C" fn recv_marker_reserve(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = (*r).process;
    // What is in the in-queue now was sent before the reference exists.
    let serial = (*p).messages.reserve_mark();
    put_any(r, e, ip.add(2), RawTerm::small(serial as i64));
    go!(r, ip.add(3), htop, e, fc)
}
// Identifiers of references lie in memory, so each of these has a frame of its own.

unsafe fn local_id(t: RawTerm) -> Option<(u64, u64)> {
    t.brand().as_reference().and_then(|t| t.local_id())
}
#[inline(never)]
unsafe fn bind_mark(r: *mut Regs, marker: RawTerm, reference: RawTerm) {
    if let (true, Some(id)) = (marker.is_small(), local_id(reference)) {
        (*(*r).process).messages.bind_mark(marker.small_value() as u64, id);
    }
}
#[inline(never)]
unsafe fn clear_mark(r: *mut Regs, t: RawTerm) {
    let p = (*r).process;
    if t.is_small() {
        (*p).messages.clear_mark_serial(t.small_value() as u64);
    } else if let Some(id) = local_id(t) {
        (*p).messages.clear_mark(id);
    }
}
#[inline(never)]
unsafe fn use_mark(r: *mut Regs, t: RawTerm) {
    if let Some(id) = local_id(t) {
        (*(*r).process).messages.use_mark(id);
    }
}

/// Slots: 2 marker, 4 reference.
pub unsafe extern "C" fn recv_marker_bind(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    bind_mark(r, A::get(r, e, ip.add(2)), A::get(r, e, ip.add(4)));
    go!(r, ip.add(6), htop, e, fc)
}
/// Slot 2: reference.
pub unsafe extern "C" fn recv_marker_clear(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    clear_mark(r, A::get(r, e, ip.add(2)));
    go!(r, ip.add(4), htop, e, fc)
}
/// Slot 2: reference.
pub unsafe extern "C" fn recv_marker_use(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    use_mark(r, A::get(r, e, ip.add(2)));
    go!(r, ip.add(4), htop, e, fc)
}

/// Throws the stack away, collects, and waits for a message to go on in this call.
pub(crate) unsafe fn hibernate(r: *mut Regs, m: Atom, f: Atom, args: Vec<RawTerm>) {
    let p = (*r).process;
    (*p).heap.stack = (*p).heap.stack_end().sub(1);
    *(*p).heap.stack = super::builtin::exit_continuation();
    (*p).heap.reset_area((*p).heap.heap.top());
    let mut x = args;
    let n = x.len();
    (*p).saved.clear();
    (*p).collect_and_shrink((*r).vm, &mut x);
    for (i, t) in x.iter().enumerate() {
        (*r).x[i] = *t;
    }
    drop(x);
    super::call::save_x(r, n);
    (*p).messages.rewind();
    let export = (*r).vm.code.export(m, f, n as u32);
    let entry = export as *const _ as *const term::boxed::Export;
    let ip = (*entry).cell.load(core::sync::atomic::Ordering::Acquire);
    if !(*p).messages.is_empty() || !(*p).shared.in_queue.is_empty() {
        leave!(r, Outcome::Yielded, ip, (*p).heap.heap.top(), (*p).heap.stack, (*p).reds_left)
    }
    (*p).shared.state.set(state::HIBERNATING);
    leave!(r, Outcome::Waiting, ip, (*p).heap.heap.top(), (*p).heap.stack, (*p).reds_left)
}
