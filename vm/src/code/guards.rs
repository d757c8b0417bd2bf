//! Natives in guards and in bodies: the usual arithmetic as instructions of its own, the rest as calls of natives.

use super::ExportEntry;
use super::emit::{EmitError, Emitter};
use crate::bif::Bif;
use crate::interp::operand::*;
use crate::interp::{Handler, arith, length};
use isa::{Dst, Fail, Live, Src};
use term::atom::am;

impl Emitter<'_> {
    pub(super) fn guard(
        &mut self,
        bif: &'static Bif,
        fail: &Fail,
        live: Live,
        args: &[Src],
        dst: &Dst,
    ) {
        self.op(super::fuse::guard_handler(bif))
            .fail(fail)
            .dst_any(dst)
            .u32(live.0)
            .ptr(bif as *const _ as u64);
        for a in args {
            self.any(a);
        }
    }
    pub(super) fn bif(
        &mut self,
        import: isa::ImportIx,
        fail: &Fail,
        live: Live,
        args: &[Src],
        dst: &Dst,
    ) -> Result<(), EmitError> {
        let e = self.import(import)?;
        let name = if e.module == am::ERLANG { e.function.name() } else { "" };
        if let [a, b] = args {
            use arith::{band, bor, bsl, bsr, bxor, div, minus, plus, rem, times};
            let (ka, kb, kd) = (self.kind(a), self.kind(b), self.dst_kind(dst));
            let small = self.is_small(b) && ka != Kind::C;
            let h = match name {
                "+" if small => by_reg_small_dst!(ka, kd, plus),
                "-" if small => by_reg_small_dst!(ka, kd, minus),
                "*" if small => by_reg_small_dst!(ka, kd, times),
                "div" if small => by_reg_small_dst!(ka, kd, div),
                "rem" if small => by_reg_small_dst!(ka, kd, rem),
                "band" if small => by_reg_small_dst!(ka, kd, band),
                "bsl" if small => by_reg_small_dst!(ka, kd, bsl),
                "bsr" if small => by_reg_small_dst!(ka, kd, bsr),
                "+" => by_src2_dst!(ka, kb, kd, plus),
                "-" => by_src2_dst!(ka, kb, kd, minus),
                "*" => by_src2_dst!(ka, kb, kd, times),
                "div" => by_src2_dst!(ka, kb, kd, div),
                "rem" => by_src2_dst!(ka, kb, kd, rem),
                "band" => by_src2_dst!(ka, kb, kd, band),
                "bor" => by_src2_dst!(ka, kb, kd, bor),
                "bxor" => by_src2_dst!(ka, kb, kd, bxor),
                "bsl" => by_src2_dst!(ka, kb, kd, bsl),
                "bsr" => by_src2_dst!(ka, kb, kd, bsr),
                _ if self.comparison(name, a, b, dst) => return Ok(()),
                _ => {
                    let bif = self.guard_native(e)?;
                    self.guard(bif, fail, live, args, dst);
                    return Ok(());
                }
            };
            let at = self.out.len();
            self.op(h).fail(fail).dst(dst).u32(live.0).src(a).src(b);
            if kd == Kind::X {
                self.then = super::fuse::thens(name, ka, kb, small).map(|t| (at, t));
            }
            return Ok(());
        }
        let bif = self.guard_native(e)?;
        let first_extra = live.0 as usize + length::EXTRA;
        if let ("length", [list]) = (name, args)
            && first_extra < crate::interp::X_REGS / 2
        {
            let native = bif as *const _ as u64;
            self.op(length::length).fail(fail).dst_any(dst).u32(live.0).ptr(native).any(list);
            self.op(length::length_on).fail(fail).dst_any(dst).u32(live.0).ptr(native);
            return Ok(());
        }
        self.guard(bif, fail, live, args, dst);
        Ok(())
    }
    pub(super) fn guard_native(&self, e: &'static ExportEntry) -> Result<&'static Bif, EmitError> {
        e.bif().ok_or_else(|| {
            EmitError(format!("no native {}:{}/{}", e.module.name(), e.function.name(), e.arity))
        })
    }
}
