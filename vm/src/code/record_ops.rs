//! Native records as instructions.

use super::emit::{EmitError, Emitter};
use crate::interp::record;
use isa::{Op, Src};
use term::{Atom, RawTerm, Term};

pub fn emit(e: &mut Emitter<'_>, op: &Op) -> Result<(), EmitError> {
    match op {
        Op::IsNativeRecord { fail, src, module, name } => {
            let (module, name) = (e.atom(module.0), e.atom(name.0));
            e.op(record::is_native_record).fail(fail).u32(module.0).u32(name.0).any(src);
        }
        Op::IsRecordAccessible { fail, src, scope } => {
            let own = match e.atom(scope.0).name() {
                "auto_local" => e.atom(1).0 + 1,
                _ => 0,
            };
            e.op(record::is_record_accessible).fail(fail).u32(own).any(src);
        }
        Op::GetRecordElements { fail, src, fields } => {
            e.op(record::get_record_elements).fail(fail).u32(fields.len() as u32).any(src);
            for (key, dst) in fields {
                e.ptr(RawTerm::atom(e.atom(key.0)).0).dst_any(dst);
            }
        }
        Op::GetRecordField { fail, src, id, field, dst } => {
            let field = RawTerm::atom(e.atom(field.0));
            e.op(record::get_record_field).fail(fail).dst_any(dst).any(src).any(id).ptr(field.0);
        }
        Op::PutRecord { fail, id, src, dst, live, fields } => {
            let source = match src {
                Src::Nil => match name(e, id)? {
                    (None, name) => {
                        let found = e.records.iter().find(|r| r.name == name);
                        let own = found.ok_or_else(|| {
                            EmitError(format!("native record {} is not defined", name.name()))
                        })?;
                        e.op(record::create_record);
                        own as *const _ as u64
                    }
                    (Some(module), name) => {
                        let entry = e.server.record(module, name) as *const _ as u64;
                        e.op(record::create_remote_record);
                        entry
                    }
                },
                _ => {
                    e.op(record::update_record);
                    e.any_word(src)
                }
            };
            e.fail(fail).dst_any(dst).u32(live.0).u32(fields.len() as u32).ptr(source);
            for (key, value) in fields {
                e.ptr(RawTerm::atom(e.atom(key.0)).0).any(value);
            }
        }
        _ => {}
    }
    Ok(())
}

/// Module and name that an identity gives; no module: the record is the module's own.
fn name(e: &Emitter<'_>, id: &Src) -> Result<(Option<Atom>, Atom), EmitError> {
    let constant = e.constant(id);
    // SAFETY: constants are immediate or literals of the module in the making.
    let constant: Option<Term> = constant.map(|t| unsafe { t.brand() });
    let bad = || EmitError("a native record has no name".into());
    let t = constant.ok_or_else(bad)?;
    if let Some(name) = t.as_atom() {
        return Ok((None, name));
    }
    let [module, name] = t.as_tuple_of::<2>().ok_or_else(bad)?;
    Ok((Some(module.as_atom().ok_or_else(bad)?), name.as_atom().ok_or_else(bad)?))
}
