//! Choosing fused instructions (`interp::fused`) for ops that often follow each other.
//!
//! A label is an op of its own, so that ops next to each other in the list are never branched to in
//! between; lines may stand between a move and a call.

use super::emit::Emitter;
use crate::interp::Handler;
use crate::interp::frame::{self, allocate_then_move};
use crate::interp::fused::{self, *};
use crate::interp::native;
use crate::interp::operand::*;
use isa::{Dst, Fail, Op, Src};

/// Sources and destinations of moves that are fused: the instance for two of them.
macro_rules! by_two_moves {
    ($a:expr, $b:expr) => {{
        macro_rules! second {
            ($s1:ty, $d1:ty) => {
                match $b {
                    (Kind::X, Kind::X) => move_two::<$s1, $d1, X, X> as Handler,
                    (Kind::Y, Kind::X) => move_two::<$s1, $d1, Y, X> as Handler,
                    (Kind::C, Kind::X) => move_two::<$s1, $d1, C, X> as Handler,
                    (Kind::X, _) => move_two::<$s1, $d1, X, Y> as Handler,
                    (Kind::Y, _) => move_two::<$s1, $d1, Y, Y> as Handler,
                    (Kind::C, _) => move_two::<$s1, $d1, C, Y> as Handler,
                }
            };
        }
        match $a {
            (Kind::X, Kind::X) => second!(X, X),
            (Kind::Y, Kind::X) => second!(Y, X),
            (Kind::C, Kind::X) => second!(C, X),
            (Kind::X, _) => second!(X, Y),
            (Kind::Y, _) => second!(Y, Y),
            (Kind::C, _) => second!(C, Y),
        }
    }};
}

/// Handlers of what may come next, and those that do both.
pub(crate) type Thens = &'static [(Handler, Handler)];

/// What additions and subtractions with a result in an X register are done together with.
pub(super) fn thens(name: &str, a: Kind, b: Kind, small: bool) -> Option<Thens> {
    use crate::interp::arith::{minus_then, plus_then};
    use crate::interp::call::{call_last, call_only};
    macro_rules! calls {
        ($f:ident, $p:ty, $q:ty $(, $n:literal $m:literal)*) => {
            &[
                (call_only as Handler, $f::<$p, $q, CallOnly> as Handler),
                (call_last, $f::<$p, $q, CallLast>),
                (move_call_only::<X>, $f::<$p, $q, MoveCallOnly<X>>),
                (move_call_last::<X>, $f::<$p, $q, MoveCallLast<X>>),
                (move_call_last::<Y>, $f::<$p, $q, MoveCallLast<Y>>),
                $((allocate_then_move::<$n, $m>, $f::<$p, $q, Frame<$n, $m>>),)*
            ]
        };
    }
    macro_rules! kinds {
        ($f:ident) => {
            match (a, b) {
                (Kind::X, _) if small => calls!($f, X, K, 1 1, 2 1, 2 2, 3 1, 3 2, 3 3),
                (Kind::Y, _) if small => calls!($f, Y, K),
                (Kind::X, Kind::X) => calls!($f, X, X),
                (Kind::X, Kind::Y) => calls!($f, X, Y),
                (Kind::Y, Kind::X) => calls!($f, Y, X),
                _ => return None,
            }
        };
    }
    Some(match name {
        "+" => kinds!(plus_then),
        "-" => kinds!(minus_then),
        _ => return None,
    })
}

impl Emitter<'_> {
    /// Emits the frame made at `i` with the moves into it that follow; the index of the next op.
    pub(super) fn frame(&mut self, i: usize, words: u32, need: u32, live: u32) -> usize {
        if self.zeal {
            self.op(frame::allocate_zeal).u32(words).u32(need).u32(live);
            return i + 1;
        }
        let module = self.module;
        let mut next = i + 1;
        // The frame is filled with nil, or with what is moved.
        if let Some(Op::InitYregs { .. }) = module.code.get(next) {
            next += 1;
        }
        let mut moves = Vec::new();
        while moves.len() < 4
            && let Some(Op::Move { src: src @ Src::X(..), dst: Dst::Y(y) }) = module.code.get(next)
            && module.check(next as u32).is_none()
        {
            moves.push((*src, *y));
            next += 1;
        }
        let different = (1..moves.len()).all(|k| moves[..k].iter().all(|m| m.1 != moves[k].1));
        let handler: Handler = match (if different { words } else { 0 }, moves.len()) {
            (1, 0) => allocate_then_move::<1, 0>,
            (1, 1) => allocate_then_move::<1, 1>,
            (2, 0) => allocate_then_move::<2, 0>,
            (2, 1) => allocate_then_move::<2, 1>,
            (2, 2) => allocate_then_move::<2, 2>,
            (3, 0) => allocate_then_move::<3, 0>,
            (3, 1) => allocate_then_move::<3, 1>,
            (3, 2) => allocate_then_move::<3, 2>,
            (3, 3) => allocate_then_move::<3, 3>,
            (4, 0) => allocate_then_move::<4, 0>,
            (4, 1) => allocate_then_move::<4, 1>,
            (4, 2) => allocate_then_move::<4, 2>,
            (4, 3) => allocate_then_move::<4, 3>,
            (4, 4) => allocate_then_move::<4, 4>,
            (_, 1) => allocate_then_move::<0, 1>,
            (_, 2) => allocate_then_move::<0, 2>,
            (_, 3) => allocate_then_move::<0, 3>,
            (_, 4) => allocate_then_move::<0, 4>,
            _ => frame::allocate,
        };
        self.op(handler).u32(words).u32(need).u32(live);
        for (src, y) in moves {
            self.src(&src).dst(&Dst::Y(y));
        }
        next
    }
    /// Emits the move at `i` with what follows it; the index of the next op, or nothing if it stands alone.
    pub(super) fn fused_move(&mut self, i: usize, src: &Src, dst: &Dst) -> Option<usize> {
        let ops = &self.module.code;
        if let Op::Move { src: s2, dst: d2 } = ops.get(i + 1)? {
            let h = by_two_moves!(
                (self.kind(src), self.dst_kind(dst)),
                (self.kind(s2), self.dst_kind(d2))
            );
            // The second goes with a result or a call that follows it.
            let last = matches!(
                (d2, ops.get(i + 2)?, ops.get(i + 3)),
                (Dst::X(0), Op::Return {}, _)
                    | (Dst::X(0), Op::Deallocate { .. }, Some(Op::Return {}))
            );
            if last {
                return None;
            }
            self.op(h).dst(dst).dst(d2).src(src).src(s2);
            return Some(i + 2);
        }
        if let (Dst::X(0), Op::Deallocate { words }, Some(Op::Return {})) =
            (dst, ops.get(i + 1)?, ops.get(i + 2))
        {
            self.op(by_src!(self.kind(src), move_deallocate_return)).u32(words * 8).src(src);
            return Some(i + 3);
        }
        let Dst::X(_) = dst else { return None };
        let (line, at) = match ops.get(i + 1)? {
            Op::Line { line } => (Some(line.0), i + 2),
            _ => (None, i + 1),
        };
        match ops.get(at)? {
            Op::Call { target, .. } => {
                let entry = self.local(*target).ok()?;
                self.line(line);
                self.op(by_src!(self.kind(src), move_call)).ptr(entry).continuation();
                self.dst(dst).src(src);
                self.returns_here(0);
            }
            Op::CallOnly { target, .. } => {
                let entry = self.local(*target).ok()?;
                self.line(line);
                self.op(by_src!(self.kind(src), move_call_only)).ptr(entry).dst(dst).src(src);
            }
            Op::CallLast { target, words, .. } => {
                let entry = self.local(*target).ok()?;
                self.line(line);
                self.op(by_src!(self.kind(src), move_call_last)).ptr(entry).u32(words * 8);
                self.dst(dst).src(src);
            }
            _ => return None,
        }
        Some(at + 1)
    }
    fn line(&mut self, line: Option<u32>) {
        let here = self.out.len() as u32;
        if let Some(line) = line
            && self.lines.last().is_none_or(|l| l.1 != line)
        {
            self.lines.push((here, line));
        }
    }
    /// `is_nonempty_list` and the `get_list` that follows it.
    pub(super) fn fused_list(&mut self, i: usize, fail: &Fail, src: &Src) -> Option<usize> {
        let Op::GetList { src: s2, head, tail } = self.module.code.get(i + 1)? else { return None };
        if self.kind(src) == Kind::C || !super::ops::same_register(src, s2) {
            return None;
        }
        let h = match (self.kind(src), self.dst_kind(head), self.dst_kind(tail)) {
            (Kind::X, Kind::X, Kind::X) => nonempty_get_list::<X, X, X> as Handler,
            (Kind::X, Kind::X, _) => nonempty_get_list::<X, X, Y> as Handler,
            (Kind::X, _, Kind::X) => nonempty_get_list::<X, Y, X> as Handler,
            (Kind::X, _, _) => nonempty_get_list::<X, Y, Y> as Handler,
            (_, Kind::X, Kind::X) => nonempty_get_list::<Y, X, X> as Handler,
            (_, Kind::X, _) => nonempty_get_list::<Y, X, Y> as Handler,
            (_, _, Kind::X) => nonempty_get_list::<Y, Y, X> as Handler,
            (_, _, _) => nonempty_get_list::<Y, Y, Y> as Handler,
        };
        self.op(h).fail(fail).src(src).dst(head).dst(tail);
        Some(i + 2)
    }
    /// A comparison as a value. Whether it was one.
    pub(super) fn comparison(&mut self, name: &str, a: &Src, b: &Src, dst: &Dst) -> bool {
        let h = match name {
            "=:=" => fused::equal_exact as Handler,
            "=/=" => fused::differ_exact,
            "==" => fused::equal,
            "/=" => fused::differ,
            "<" => fused::less,
            "=<" => fused::at_most,
            ">" => fused::greater,
            ">=" => fused::at_least,
            _ => return false,
        };
        self.op(h).dst_any(dst).any(a).any(b);
        true
    }
}

/// The handler of a guard native.
pub(super) fn guard_handler(bif: &crate::bif::Bif) -> Handler {
    if bif.module != "erlang" {
        return native::guard_bif;
    }
    match (bif.function, bif.arity) {
        ("hd", 1) => fused::hd,
        ("tl", 1) => fused::tl,
        ("tuple_size", 1) => fused::tuple_size,
        ("element", 2) => fused::element,
        ("not", 1) => fused::not,
        _ => native::guard_bif,
    }
}
