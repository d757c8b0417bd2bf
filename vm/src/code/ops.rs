//! Each generic op to its specialised instruction. One arm an op; what is missing here does not
//! compile.

use super::emit::{EmitError, Emitter};
use crate::interp::operand::*;
use crate::interp::{
    Handler, arith, call, check, compare, data, debug, except, frame, map, native, receive, select,
};
use crate::interp::{bits_build, bits_match};
use isa::{Dst, Fail, FmoveDst, FmoveSrc, FunHint, Label, Live, Op, RecordHint, Src};
use term::RawTerm;
use term::atom::am;
use term::term::Subtag;

type Done = Result<usize, EmitError>;

const WORDS_PER_FLOAT: u32 = 2;
const WORDS_PER_FUN: u32 = 3;

pub(crate) fn need_words(n: &isa::Need) -> u32 {
    n.words + n.floats * WORDS_PER_FLOAT + n.funs * WORDS_PER_FUN
}

impl Emitter<'_> {
    /// Emits the op at `i`, and those after it that are fused with it; gives the index of the next.
    pub(crate) fn emit(&mut self, i: usize) -> Done {
        let module = self.module;
        let ops = &module.code;
        let op = &ops[i];
        if let Some(check) = module.check(i as u32) {
            check::emit(self, check);
        }
        // What is checked on its own is not fused with what is before it.
        let next = ops.get(i + 1).filter(|_| module.check(i as u32 + 1).is_none());
        match op {
            Op::Label { label } => {
                self.labels[*label as usize] = self.out.len() as u32;
                if let Some(&f) = self.entries.get(label) {
                    self.function = f;
                }
            }
            Op::FuncInfo { .. } => {
                // The function is the one whose entry label comes next.
                if let Some(Op::Label { label }) = next
                    && let Some(&f) = self.entries.get(label)
                {
                    self.function = f;
                }
                let entry = self.functions.wrapping_add(self.function) as u64;
                self.op(except::func_info).ptr(entry);
            }
            Op::IntCodeEnd {} => {}
            Op::Line { line } => {
                let here = self.out.len() as u32;
                if self.lines.last().is_none_or(|l| l.1 != line.0) {
                    self.lines.push((here, line.0));
                }
            }
            Op::DebugLine { kind, line, live, .. } => {
                if self.line_breakpoints && self.atom(kind.0) != term::atom!("entry") {
                    let here = self.out.len() as u32;
                    self.lines.push((here, line.0));
                    self.debug_lines.push((here, line.0, self.function));
                    self.op(debug::line).u32(0).u32(live.0).continuation();
                    self.returns_here(0);
                }
            }
            Op::ExecutableLine { .. } | Op::OnLoad {} | Op::NifStart {} => {}

            // Calls.
            Op::Call { target, .. } => {
                let entry = self.local(*target)?;
                self.op(call::call).ptr(entry).continuation();
                self.returns_here(0);
            }
            Op::CallOnly { target, .. } => {
                let entry = self.local(*target)?;
                self.op(call::call_only).ptr(entry);
            }
            Op::CallLast { target, words, .. } => {
                let entry = self.local(*target)?;
                self.op(call::call_last).ptr(entry).u32(words * 8);
            }
            Op::CallExt { import, .. } => {
                let e = self.import(*import)?;
                match e.bif() {
                    Some(bif) if !is_dirty(bif) => {
                        self.op(native::call_bif::<true>)
                            .ptr(bif as *const _ as u64)
                            .ptr(e as *const _ as u64);
                    }
                    _ => {
                        self.op(call::call).ptr(e as *const _ as u64);
                    }
                }
                self.continuation();
                self.returns_here(0);
            }
            Op::CallExtOnly { import, .. } => self.call_ext_last(*import, 0)?,
            Op::CallExtLast { import, words, .. } => self.call_ext_last(*import, *words)?,
            Op::Return {} => {
                self.op(call::return_);
            }
            Op::CallFun { arity } => {
                return self.call_fun(i, *arity, &Src::X(*arity as u16, isa::Ty(0)));
            }
            Op::CallFun2 { hint, arity, fun } => {
                let _ = matches!(hint, FunHint::Safe);
                return self.call_fun(i, *arity, fun);
            }
            Op::Apply { arity } => {
                self.op(call::apply).u32(*arity).continuation();
                self.returns_here(0);
            }
            Op::ApplyLast { arity, words } => {
                self.op(call::apply_last).u32(*arity).u32(words * 8);
            }
            Op::MakeFun2 { lambda } => {
                let entry = self.lambdas[lambda.0 as usize];
                let n = entry.num_free;
                let h = self.zealous(frame::test_heap);
                self.op(h).u32(0).u32(WORDS_PER_FUN + n).u32(n);
                self.op(call::make_fun).dst_any(&Dst::X(0)).ptr(entry as *const _ as u64).u32(n);
                for x in 0..n {
                    self.any(&Src::X(x as u16, isa::Ty(0)));
                }
            }
            Op::MakeFun3 { lambda, dst, free } => {
                let entry = self.lambdas[lambda.0 as usize];
                self.op(call::make_fun)
                    .dst_any(dst)
                    .ptr(entry as *const _ as u64)
                    .u32(free.len() as u32);
                for s in free {
                    self.any(s);
                }
            }

            // Frames.
            Op::Allocate { words, live } | Op::AllocateZero { words, live } => {
                return Ok(self.frame(i, *words, 0, live.0));
            }
            Op::AllocateHeap { words, need, live } | Op::AllocateHeapZero { words, need, live } => {
                return Ok(self.frame(i, *words, need_words(need), live.0));
            }
            Op::TestHeap { need, live } => {
                let h = self.zealous(frame::test_heap);
                self.op(h).u32(0).u32(need_words(need)).u32(live.0);
            }
            // Frames are filled with nil when they are made; only slots used before need this.
            Op::Init { dst } => {
                self.op(frame::init_yregs).u32(1).u32(u32::from(dst.0));
            }
            Op::InitYregs { list } => {
                let fresh =
                    i > 0 && matches!(ops[i - 1], Op::Allocate { .. } | Op::AllocateHeap { .. });
                if !fresh {
                    self.op(frame::init_yregs).u32(list.len() as u32);
                    for y in list {
                        self.u32(u32::from(y.0));
                    }
                }
            }
            Op::Deallocate { words } => {
                if let Some(Op::Return {}) = next {
                    self.op(call::deallocate_return).u32(words * 8);
                    return Ok(i + 2);
                }
                self.op(frame::deallocate).u32(words * 8);
            }
            Op::Trim { words, .. } => {
                self.op(frame::deallocate).u32(words * 8);
            }

            // Data.
            Op::Move { src, dst } => {
                if let (Dst::X(0), Some(Op::Return {})) = (dst, next) {
                    self.op(by_src!(self.kind(src), move_return)).src(src);
                    return Ok(i + 2);
                }
                if let Some(after) = self.fused_move(i, src, dst) {
                    return Ok(after);
                }
                self.move_(src, dst);
            }
            Op::Swap { a, b } => {
                self.op(data::swap).dst_any(a).dst_any(b).any(&a.src()).any(&b.src());
            }
            Op::GetList { src, head, tail } => {
                if self.kind(src) == Kind::C {
                    self.op(data::get_list_any).dst_any(head).dst_any(tail).any(src);
                } else {
                    use data::get_list;
                    let h = match (self.kind(src), self.dst_kind(head), self.dst_kind(tail)) {
                        (Kind::X, Kind::X, Kind::X) => get_list::<X, X, X> as Handler,
                        (Kind::X, Kind::X, _) => get_list::<X, X, Y> as Handler,
                        (Kind::X, _, Kind::X) => get_list::<X, Y, X> as Handler,
                        (Kind::X, _, _) => get_list::<X, Y, Y> as Handler,
                        (_, Kind::X, Kind::X) => get_list::<Y, X, X> as Handler,
                        (_, Kind::X, _) => get_list::<Y, X, Y> as Handler,
                        (_, _, Kind::X) => get_list::<Y, Y, X> as Handler,
                        (_, _, _) => get_list::<Y, Y, Y> as Handler,
                    };
                    self.op(h).src(src).dst(head).dst(tail);
                }
            }
            Op::GetHd { src, head } => {
                if self.kind(src) == Kind::C {
                    self.op(data::get_word_any).dst_any(head).u32(0).any(src);
                } else {
                    use data::get_hd;
                    self.op(by_src_dst!(self.kind(src), self.dst_kind(head), get_hd))
                        .src(src)
                        .dst(head);
                }
            }
            Op::GetTl { src, tail } => {
                if self.kind(src) == Kind::C {
                    self.op(data::get_word_any).dst_any(tail).u32(1).any(src);
                } else {
                    use data::get_tl;
                    self.op(by_src_dst!(self.kind(src), self.dst_kind(tail), get_tl))
                        .src(src)
                        .dst(tail);
                }
            }
            Op::PutList { head, tail, dst } => {
                use data::put_list;
                let h =
                    by_src2_dst!(self.kind(head), self.kind(tail), self.dst_kind(dst), put_list);
                self.op(h).dst(dst).src(head).src(tail);
            }
            Op::GetTupleElement { src, index, dst } => {
                if self.kind(src) == Kind::C {
                    self.op(data::get_word_any).dst_any(dst).u32(index + 1).any(src);
                    return Ok(i + 1);
                }
                if let Some(Op::GetTupleElement { src: s2, index: i2, dst: d2 }) = next
                    && *i2 == index + 1
                    && same_register(src, s2)
                    && !same_register(&dst.src(), src)
                    && dst != d2
                {
                    use data::get_two_elements;
                    let h = match (self.kind(src), self.dst_kind(dst), self.dst_kind(d2)) {
                        (Kind::X, Kind::X, Kind::X) => get_two_elements::<X, X, X> as Handler,
                        (Kind::X, Kind::X, _) => get_two_elements::<X, X, Y> as Handler,
                        (Kind::X, _, Kind::X) => get_two_elements::<X, Y, X> as Handler,
                        (Kind::X, _, _) => get_two_elements::<X, Y, Y> as Handler,
                        (_, Kind::X, Kind::X) => get_two_elements::<Y, X, X> as Handler,
                        (_, Kind::X, _) => get_two_elements::<Y, X, Y> as Handler,
                        (_, _, Kind::X) => get_two_elements::<Y, Y, X> as Handler,
                        (_, _, _) => get_two_elements::<Y, Y, Y> as Handler,
                    };
                    self.op(h).dst(dst).dst(d2).u32((index + 1) * 8).src(src);
                    return Ok(i + 2);
                }
                use data::get_tuple_element;
                let h = by_src_dst!(self.kind(src), self.dst_kind(dst), get_tuple_element);
                self.op(h).dst(dst).u32((index + 1) * 8).src(src);
            }
            Op::SetTupleElement { value, tuple, index } => {
                self.op(data::set_tuple_element).u32(index + 1).any(value).any(tuple);
            }
            Op::PutTuple2 { dst, elements } => {
                use data::put_tuple;
                self.op(by_reg!(self.dst_kind(dst), put_tuple)).dst(dst).u32(elements.len() as u32);
                for e in elements {
                    self.any(e);
                }
            }
            Op::UpdateRecord { hint, size, src, dst, updates } => {
                let reuse = u32::from(matches!(hint, RecordHint::Reuse));
                self.op(data::update_record)
                    .dst_any(dst)
                    .u32(*size)
                    .u32(updates.len() as u32)
                    .u32(reuse);
                self.any(src);
                for (index, v) in updates {
                    self.u32(*index).any(v);
                }
            }

            // Tests.
            Op::IsLt { fail, a, b } => {
                let h = if self.is_small(b) && self.kind(a) != Kind::C {
                    by_reg_small!(self.kind(a), is_lt)
                } else {
                    by_src2!(self.kind(a), self.kind(b), is_lt)
                };
                self.compare(h, fail, a, b)
            }
            Op::IsGe { fail, a, b } => {
                let h = if self.is_small(b) && self.kind(a) != Kind::C {
                    by_reg_small!(self.kind(a), is_ge)
                } else {
                    by_src2!(self.kind(a), self.kind(b), is_ge)
                };
                self.compare(h, fail, a, b)
            }
            Op::IsEq { fail, a, b } => {
                self.compare(by_src2!(self.kind(a), self.kind(b), is_eq), fail, a, b)
            }
            Op::IsNe { fail, a, b } => {
                self.compare(by_src2!(self.kind(a), self.kind(b), is_ne), fail, a, b)
            }
            Op::IsEqExact { fail, a, b } => {
                let imm = |s: &Self, x: &Src| s.constant(x).is_some_and(|c| c.is_immediate());
                if imm(self, b) {
                    self.compare(by_src!(self.kind(a), is_eq_imm), fail, a, b);
                } else if imm(self, a) {
                    self.compare(by_src!(self.kind(b), is_eq_imm), fail, b, a);
                } else {
                    self.compare(by_src2!(self.kind(a), self.kind(b), is_eq_exact), fail, a, b);
                }
            }
            Op::IsNeExact { fail, a, b } => {
                let imm = |s: &Self, x: &Src| s.constant(x).is_some_and(|c| c.is_immediate());
                if imm(self, b) {
                    self.compare(by_src!(self.kind(a), is_ne_imm), fail, a, b);
                } else if imm(self, a) {
                    self.compare(by_src!(self.kind(b), is_ne_imm), fail, b, a);
                } else {
                    self.compare(by_src2!(self.kind(a), self.kind(b), is_ne_exact), fail, a, b);
                }
            }
            Op::IsInteger { fail, src } => {
                self.test(by_src!(self.kind(src), is_integer), fail, src)
            }
            Op::IsFloat { fail, src } => self.test(by_src!(self.kind(src), is_float), fail, src),
            Op::IsNumber { fail, src } => self.test(by_src!(self.kind(src), is_number), fail, src),
            Op::IsAtom { fail, src } => self.test(by_src!(self.kind(src), is_atom), fail, src),
            Op::IsPid { fail, src } => self.test(by_src!(self.kind(src), is_pid), fail, src),
            Op::IsReference { fail, src } => {
                self.test(by_src!(self.kind(src), is_reference), fail, src)
            }
            Op::IsPort { fail, src } => self.test(by_src!(self.kind(src), is_port), fail, src),
            Op::IsNil { fail, src } => self.test(by_src!(self.kind(src), is_nil), fail, src),
            Op::IsBinary { fail, src } => self.test(by_src!(self.kind(src), is_binary), fail, src),
            Op::IsBitstr { fail, src } => self.test(by_src!(self.kind(src), is_bitstr), fail, src),
            Op::IsList { fail, src } => self.test(by_src!(self.kind(src), is_list), fail, src),
            Op::IsNonemptyList { fail, src } => {
                if let Some(after) = self.fused_list(i, fail, src) {
                    return Ok(after);
                }
                self.test(by_src!(self.kind(src), is_nonempty_list), fail, src);
            }
            Op::IsTuple { fail, src } => {
                if let Some(Op::TestArity { fail: f2, src: s2, arity }) = next
                    && f2 == fail
                    && same_register(src, s2)
                {
                    self.test(by_src!(self.kind(src), is_tuple_of_arity), fail, src);
                    self.ptr(RawTerm::header(Subtag::Tuple, *arity as usize).0);
                    return Ok(i + 2);
                }
                self.test(by_src!(self.kind(src), is_tuple), fail, src);
            }
            Op::IsFunction { fail, src } => {
                self.test(by_src!(self.kind(src), is_function), fail, src)
            }
            Op::IsBoolean { fail, src } => {
                self.test(by_src!(self.kind(src), is_boolean), fail, src)
            }
            Op::IsMap { fail, src } => self.test(by_src!(self.kind(src), is_map), fail, src),
            Op::IsFunction2 { fail, src, arity } => {
                self.op(compare::is_function2).fail(fail).any(src).any(arity);
            }
            Op::TestArity { fail, src, arity } => {
                self.test(by_src!(self.kind(src), test_arity), fail, src);
                self.ptr(RawTerm::header(Subtag::Tuple, *arity as usize).0);
            }
            Op::IsTaggedTuple { fail, src, arity, tag } => {
                self.test(by_src!(self.kind(src), is_tagged_tuple), fail, src);
                let tag = RawTerm::atom(self.atom(tag.0));
                self.ptr(RawTerm::header(Subtag::Tuple, *arity as usize).0).ptr(tag.0);
            }

            // Branches.
            Op::Jump { target } => {
                self.op(select::jump).branch(*target);
            }
            Op::SelectVal { src, fail, pairs } => self.select_val(src, fail, pairs),
            Op::SelectTupleArity { src, fail, pairs } => {
                self.op(select::select_tuple_arity).fail(fail).u32(pairs.len() as u32).any(src);
                for (n, _) in pairs {
                    self.u32(*n);
                }
                for (_, l) in pairs {
                    self.branch(*l);
                }
            }

            // Arithmetic and guard natives.
            Op::Bif0 { import, dst } => {
                let m = self.import(*import)?;
                match m.bif() {
                    _ if m.module == am::ERLANG && m.function == term::atom!("self") => {
                        self.op(native::self_).dst_any(dst);
                    }
                    Some(bif) => self.guard(bif, &Fail(None), Live(0), &[], dst),
                    None => return Err(EmitError(format!("no native for {m:?}", m = m.export))),
                }
            }
            Op::Bif1 { fail, import, a, dst } => self.bif(*import, fail, Live(0), &[*a], dst)?,
            Op::Bif2 { fail, import, a, b, dst } => {
                self.bif(*import, fail, Live(0), &[*a, *b], dst)?
            }
            Op::Bif3 { fail, import, a, b, c, dst } => {
                self.bif(*import, fail, Live(0), &[*a, *b, *c], dst)?;
            }
            Op::GcBif1 { fail, live, import, a, dst } => {
                self.bif(*import, fail, *live, &[*a], dst)?
            }
            Op::GcBif2 { fail, live, import, a, b, dst } => {
                self.bif(*import, fail, *live, &[*a, *b], dst)?;
            }
            Op::GcBif3 { fail, live, import, a, b, c, dst } => {
                self.bif(*import, fail, *live, &[*a, *b, *c], dst)?;
            }

            // Floats.
            Op::Fclearerror {} | Op::Fcheckerror { .. } => {}
            Op::Fmove { src, dst } => match (src, dst) {
                (FmoveSrc::F(a), FmoveDst::F(b)) => {
                    self.op(arith::fmove_ff).u32(a.0.into()).u32(b.0.into());
                }
                (FmoveSrc::F(a), FmoveDst::Reg(d)) => {
                    use arith::fstore;
                    self.op(by_reg!(self.dst_kind(d), fstore)).u32(a.0.into()).dst(d);
                }
                (FmoveSrc::Term(s), FmoveDst::F(b)) => {
                    use arith::fload;
                    self.op(by_src!(self.kind(s), fload)).u32(b.0.into()).src(s);
                }
                (FmoveSrc::Term(s), FmoveDst::Reg(d)) => self.move_(s, d),
            },
            Op::Fconv { src, dst } => {
                self.op(arith::fconv).u32(dst.0.into()).any(src);
            }
            Op::Fadd { a, b, dst, .. } => self.float(arith::fadd, a.0, b.0, dst.0),
            Op::Fsub { a, b, dst, .. } => self.float(arith::fsub, a.0, b.0, dst.0),
            Op::Fmul { a, b, dst, .. } => self.float(arith::fmul, a.0, b.0, dst.0),
            Op::Fdiv { a, b, dst, .. } => self.float(arith::fdiv, a.0, b.0, dst.0),
            Op::Fnegate { src, dst, .. } => {
                self.op(arith::fnegate).u32(src.0.into()).u32(dst.0.into());
            }

            // Maps.
            Op::PutMapAssoc { fail, map, dst, live, pairs } => {
                if !self.new_map(map, dst, live, pairs) {
                    self.put_map(map::put_map_assoc, fail, map, dst, live, pairs);
                }
            }
            Op::PutMapExact { fail, map, dst, live, pairs } => {
                self.put_map(map::put_map_exact, fail, map, dst, live, pairs);
            }
            Op::HasMapFields { fail, map, keys } => {
                self.op(map::has_map_fields).fail(fail).u32(keys.len() as u32).any(map);
                for k in keys {
                    self.any(k);
                }
            }
            Op::GetMapElements { fail, map, pairs } => {
                self.op(map::get_map_elements).fail(fail).u32(pairs.len() as u32).any(map);
                for (k, d) in pairs {
                    self.any(k).dst_any(d);
                }
            }

            // Receive.
            Op::Send {} => {
                let e = self.server.export(am::ERLANG, term::atom!("send"), 2);
                let Some(bif) = e.bif() else {
                    return Err(EmitError("no native for send".into()));
                };
                self.op(native::call_bif::<false>)
                    .ptr(bif as *const _ as u64)
                    .ptr(e as *const _ as u64);
                self.continuation();
                self.returns_here(0);
            }
            Op::RemoveMessage {} => {
                self.op(receive::remove_message);
            }
            Op::Timeout {} => {
                self.op(receive::timeout);
            }
            Op::LoopRec { fail, dst } => match self.message_shapes(i, dst) {
                Some([shape, others @ ..]) => {
                    let one = others.iter().all(|s| *s == shape);
                    let h = if one { receive::loop_rec_shape } else { receive::loop_rec_shapes };
                    self.op(h).fail(fail).dst_any(dst).ptr(shape);
                    for shape in others.iter().filter(|_| !one) {
                        self.ptr(*shape);
                    }
                }
                None => {
                    self.op(receive::loop_rec).fail(fail).dst_any(dst);
                }
            },
            Op::LoopRecEnd { target } => {
                self.op(receive::loop_rec_end).branch(*target);
            }
            Op::Wait { target } => {
                self.op(receive::wait).branch(*target);
            }
            Op::WaitTimeout { target, time } => {
                self.op(receive::wait_timeout).branch(*target).any(time);
            }
            // Marks of OTP 23 and older named a label, not a reference; without them a receive
            // only looks at more messages.
            Op::RecvMark { .. } | Op::RecvSet { .. } => {}
            Op::RecvMarkerReserve { dst } => {
                self.op(receive::recv_marker_reserve).dst_any(dst);
            }
            Op::RecvMarkerBind { marker, reference } => {
                self.op(receive::recv_marker_bind).any(marker).any(reference);
            }
            Op::RecvMarkerClear { reference } => {
                self.op(receive::recv_marker_clear).any(reference);
            }
            Op::RecvMarkerUse { reference } => {
                self.op(receive::recv_marker_use).any(reference);
            }

            // Exceptions.
            Op::Catch { slot, handler } | Op::Try { slot, handler } => {
                self.op(except::catch).u32(u32::from(slot.0) * 8);
                let at = self.out.len() as u32;
                self.tags.push((at, *handler));
                self.ptr(0);
            }
            Op::CatchEnd { slot } => {
                self.op(except::catch_end).u32(u32::from(slot.0) * 8);
            }
            Op::TryEnd { slot } => {
                self.op(except::try_end).u32(u32::from(slot.0) * 8);
            }
            Op::TryCase { slot } => {
                self.op(except::try_case).u32(u32::from(slot.0) * 8);
            }
            Op::TryCaseEnd { src } => {
                self.op(except::try_case_end).any(src);
            }
            Op::Raise { trace, reason } => {
                self.op(except::raise).any(trace).any(reason);
            }
            Op::RawRaise {} => {
                self.op(except::raw_raise);
            }
            Op::BuildStacktrace {} => {
                self.op(except::build_stacktrace);
            }
            Op::Badmatch { src } => {
                self.op(except::badmatch).any(src);
            }
            Op::CaseEnd { src } => {
                self.op(except::case_end).any(src);
            }
            Op::Badrecord { src } => {
                self.op(except::badrecord).any(src);
            }
            Op::IfEnd {} => {
                self.op(except::if_end);
            }

            // Bit syntax.
            Op::BsStartMatch3 { .. }
            | Op::BsStartMatch4 { .. }
            | Op::BsGetInteger2 { .. }
            | Op::BsGetFloat2 { .. }
            | Op::BsGetBinary2 { .. }
            | Op::BsSkipBits2 { .. }
            | Op::BsTestTail2 { .. }
            | Op::BsTestUnit { .. }
            | Op::BsMatchString { .. }
            | Op::BsGetUtf8 { .. }
            | Op::BsSkipUtf8 { .. }
            | Op::BsGetUtf16 { .. }
            | Op::BsSkipUtf16 { .. }
            | Op::BsGetUtf32 { .. }
            | Op::BsSkipUtf32 { .. }
            | Op::BsGetTail { .. }
            | Op::BsGetPosition { .. }
            | Op::BsSetPosition { .. }
            | Op::BsMatch { .. } => return Ok(i + bits_match::emit(self, op, next)?),
            Op::BsCreateBin { .. }
            | Op::BsInitWritable { .. }
            | Op::BsInit2 { .. }
            | Op::BsInitBits { .. }
            | Op::BsAdd { .. }
            | Op::BsAppend { .. }
            | Op::BsPrivateAppend { .. }
            | Op::BsPutInteger { .. }
            | Op::BsPutBinary { .. }
            | Op::BsPutFloat { .. }
            | Op::BsPutString { .. }
            | Op::BsUtf8Size { .. }
            | Op::BsPutUtf8 { .. }
            | Op::BsUtf16Size { .. }
            | Op::BsPutUtf16 { .. }
            | Op::BsPutUtf32 { .. } => bits_build::emit(self, op)?,

            Op::IsAnyNativeRecord { fail, src } => {
                self.test(by_src!(self.kind(src), is_any_native_record), fail, src)
            }
            Op::IsNativeRecord { .. }
            | Op::GetRecordElements { .. }
            | Op::PutRecord { .. }
            | Op::IsRecordAccessible { .. }
            | Op::GetRecordField { .. } => super::record_ops::emit(self, op)?,
        }
        Ok(i + 1)
    }

    /// The handler, or the one that always collects in gc_zeal mode.
    fn zealous(&self, h: Handler) -> Handler {
        if self.zeal { frame::allocate_zeal } else { h }
    }
    pub(super) fn local(&self, l: Label) -> Result<u64, EmitError> {
        match self.entries.get(&l.0) {
            Some(&f) => Ok(self.functions.wrapping_add(f) as u64),
            None => Err(EmitError(format!("call to label {} that is no function", l.0))),
        }
    }
    pub(super) fn import(
        &self,
        i: isa::ImportIx,
    ) -> Result<&'static super::ExportEntry, EmitError> {
        let imp = self.module.import(i).ok_or_else(|| EmitError("no such import".into()))?;
        let (m, f) = (self.atom(imp.module.0), self.atom(imp.function.0));
        Ok(self.server.export(m, f, imp.arity))
    }
    fn call_ext_last(&mut self, import: isa::ImportIx, words: u32) -> Result<(), EmitError> {
        let e = self.import(import)?;
        match e.bif() {
            Some(bif) if !is_dirty(bif) => {
                self.op(native::call_bif_last)
                    .ptr(bif as *const _ as u64)
                    .ptr(e as *const _ as u64);
                self.u32(words * 8);
                // Where the call returns to while it is traced: it is no tail call then.
                match words {
                    0 => self.op(call::return_),
                    _ => self.op(call::deallocate_return).u32(words * 8),
                };
            }
            _ if e.module == am::ERLANG && e.function == term::atom!("apply") && e.arity == 3 => {
                self.op(call::apply_list_last).ptr(e as *const _ as u64).u32(words * 8);
            }
            _ if words == 0 => {
                self.op(call::call_only).ptr(e as *const _ as u64);
            }
            _ => {
                self.op(call::call_last).ptr(e as *const _ as u64).u32(words * 8);
            }
        }
        Ok(())
    }
    /// A fun call whose frame goes right after it is a tail call.
    fn call_fun(&mut self, i: usize, arity: u32, fun: &Src) -> Done {
        let ops = &self.module.code;
        if let (Some(Op::Deallocate { words }), Some(Op::Return {})) =
            (ops.get(i + 1), ops.get(i + 2))
        {
            self.op(call::call_fun_last).u32(arity).u32(words * 8).any(fun);
            return Ok(i + 3);
        }
        self.op(call::call_fun).u32(arity).continuation().any(fun);
        self.returns_here(0);
        Ok(i + 1)
    }
    pub(super) fn is_small(&self, s: &Src) -> bool {
        self.constant(s).is_some_and(|c| c.is_small())
    }
    pub(crate) fn move_(&mut self, src: &Src, dst: &Dst) {
        use data::move_;
        self.op(by_src_dst!(self.kind(src), self.dst_kind(dst), move_)).dst(dst).src(src);
    }
    fn test(&mut self, h: Handler, fail: &Fail, src: &Src) {
        self.op(h).fail(fail).src(src);
    }
    fn compare(&mut self, h: Handler, fail: &Fail, a: &Src, b: &Src) {
        self.op(h).fail(fail).src(a).src(b);
    }
    fn float(&mut self, h: Handler, a: u16, b: u16, dst: u16) {
        self.op(h).u32(a.into()).u32(b.into()).u32(dst.into());
    }
    /// A map made from nothing of keys that are known. Whether it was one.
    fn new_map(&mut self, map: &Src, dst: &Dst, live: &Live, pairs: &[(Src, Src)]) -> bool {
        if !matches!(map, Src::Lit(l) if self.literals[*l as usize].is_boxed()) {
            return false;
        }
        // SAFETY: a literal of the module that is being loaded.
        let empty = self.constant(map).and_then(|m| unsafe { m.brand() }.as_map());
        if empty.is_none_or(|m| m.size() != 0) {
            return false;
        }
        let keyed = pairs.iter().map(|(k, v)| Some((self.constant(k)?, v)));
        let Some(mut keyed) = keyed.collect::<Option<Vec<_>>>() else { return false };
        // SAFETY: as above, or immediates.
        keyed.sort_by(|a, b| unsafe { term::compare::compare_map_keys(a.0.brand(), b.0.brand()) });
        let keys: Box<[RawTerm]> = keyed.iter().map(|(k, _)| *k).collect();
        let Some(tuple) = self.map_keys.get(&keys) else { return false };
        // The handler may collect before it reads the values.
        if !pairs.iter().all(|(_, v)| !matches!(v, Src::X(x, _) if u32::from(*x) >= live.0)) {
            return false;
        }
        let h = if self.zeal { map::new_map_collected as Handler } else { map::new_map };
        self.op(h).u32(0).dst_any(dst).u32(live.0).u32(pairs.len() as u32).ptr(tuple.0);
        for (_, v) in keyed {
            self.any(v);
        }
        true
    }
    fn put_map(
        &mut self,
        h: Handler,
        fail: &Fail,
        map: &Src,
        dst: &Dst,
        live: &Live,
        pairs: &[(Src, Src)],
    ) {
        // The first missing key in the order of keys is the one to blame; only literal ones have an order here.
        let mut pairs: Vec<&(Src, Src)> = pairs.iter().collect();
        let keys = || pairs.iter().map(|(k, _)| self.constant(k)).collect::<Option<Vec<RawTerm>>>();
        if pairs.len() > 1 && keys().is_some() {
            let key = |(k, _): &(Src, Src)| self.constant(k).unwrap_or(RawTerm::NIL);
            // SAFETY: constants are immediates and literals of the module that is being loaded.
            pairs.sort_by(|a, b| unsafe {
                term::compare::compare_map_keys(key(a).brand(), key(b).brand())
            });
        }
        self.op(h).fail(fail).dst_any(dst).u32(live.0).u32(pairs.len() as u32).any(map);
        for (k, v) in pairs {
            self.any(k).any(v);
        }
    }
}

pub(super) fn same_register(a: &Src, b: &Src) -> bool {
    match (a, b) {
        (Src::X(m, _), Src::X(n, _)) | (Src::Y(m, _), Src::Y(n, _)) => m == n,
        _ => false,
    }
}

fn is_dirty(bif: &crate::bif::Bif) -> bool {
    matches!(bif.kind, crate::bif::Kind::DirtyCpu | crate::bif::Kind::DirtyIo)
}

use call::move_return;
use compare::{
    is_any_native_record, is_atom, is_binary, is_bitstr, is_boolean, is_eq, is_eq_exact, is_eq_imm,
    is_float, is_function, is_ge, is_integer, is_list, is_lt, is_map, is_ne, is_ne_exact,
    is_ne_imm, is_nil, is_nonempty_list, is_number, is_pid, is_port, is_reference, is_tagged_tuple,
    is_tuple, is_tuple_of_arity, test_arity,
};
