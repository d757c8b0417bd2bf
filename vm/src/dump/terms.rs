//! Terms of processes in the dump's format: each object on a line with its address, so that a viewer finds
//! what a word refers to [erl_process_dump.c].

use super::info::pid_text;
use super::process::readable;
use crate::code::load::VmResolver;
use crate::interp::ReturnPoint;
use crate::process::Process;
use crate::vm::Vm;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};
use term::shared::BinHandle;
use term::{RawTerm, Term, View};

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base 64 with padding.
fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for c in bytes.chunks(3) {
        let n = c.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - c.len()));
        for i in 0..4 {
            if i <= c.len() {
                out.push(char::from(DIGITS[(n >> (18 - 6 * i)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// A term in external format.
pub(super) fn external(resolver: &VmResolver, t: Term<'_>) -> String {
    let mut bytes = Vec::new();
    let _ = etf::encode(t, &mut bytes, &etf::EncodeOptions::new(resolver));
    base64(&bytes)
}

/// Shared binaries that were referred to, by address.
type Binaries = BTreeMap<u64, BinHandle>;

struct Dumper<'a, W> {
    f: &'a mut W,
    resolver: VmResolver,
    /// Objects of this process that were written.
    seen: HashSet<u64>,
    binaries: Binaries,
}

fn address(t: Term<'_>) -> u64 {
    t.raw().ptr() as u64
}

/// A word: an immediate, or the address of an object.
fn element(t: Term<'_>) -> String {
    match t.view() {
        View::Nil => "N".into(),
        View::Small(n) => format!("I{n}"),
        View::Atom(a) => format!("A{:X}:{}", a.name().len(), a.name()),
        View::Pid(p) if p.local().is_some() => format!("P{}", pid_text(p.local().unwrap_or(0))),
        View::Port(p) if p.local().is_some() => format!("p<0.{}>", p.local().unwrap_or(0)),
        _ if t.is_immediate() => "N".into(),
        _ => format!("H{:X}", address(t)),
    }
}

impl<W: Write> Dumper<'_, W> {
    /// Writes everything below a term that was not written yet.
    fn heap(&mut self, t: Term<'_>) -> io::Result<()> {
        let mut work = vec![t];
        while let Some(t) = work.pop() {
            if t.is_immediate() || !self.seen.insert(address(t)) {
                continue;
            }
            write!(self.f, "{:X}:", address(t))?;
            let line = match t.view() {
                View::Cons(c) => {
                    work.extend([c.tail(), c.head()]);
                    format!("l{}|{}", element(c.head()), element(c.tail()))
                }
                View::Tuple(e) => {
                    work.extend(e.elements().iter().rev());
                    let all: Vec<String> = e.elements().iter().map(|e| element(*e)).collect();
                    format!("t{:X}:{}", all.len(), all.join(","))
                }
                View::Float(x) => {
                    let text = format!("{x:.20e}");
                    format!("F{:X}:{text}", text.len())
                }
                View::Big(_) => format!("B{}", term::print::to_text(t)),
                View::Pid(_) => format!("P{}", term::print::to_text(t)),
                View::Port(_) => format!("p{}", term::print::to_text(t).replace("#Port", "")),
                View::Bits(b) if b.is_binary() => self.binary(b),
                _ => {
                    let mut bytes = Vec::new();
                    let options = etf::EncodeOptions::new(&self.resolver);
                    let _ = etf::encode(t, &mut bytes, &options);
                    format!("E{:X}:{}", bytes.len(), base64(&bytes))
                }
            };
            writeln!(self.f, "{line}")?;
        }
        Ok(())
    }

    fn binary(&mut self, b: term::Bits<'_>) -> String {
        let size = b.byte_len();
        if let (Some(handle), Some(bytes)) = (b.handle(), b.aligned_bytes()) {
            let key = handle.data_ptr() as u64;
            let offset = (bytes.as_ptr() as u64).wrapping_sub(key);
            self.binaries.insert(key, handle);
            return format!("Yc{key:X}:{offset:X}:{size:X}");
        }
        format!("Yh{size:X}:{}", base64(&b.bytes()))
    }
}

/// Messages, dictionary, stack and heap of every process that may be read.
pub(super) fn processes(
    vm: &'static Vm,
    running: Option<u64>,
    f: &mut impl Write,
) -> io::Result<()> {
    let mut pids = vm.processes.pids();
    pids.sort_unstable();
    let mut binaries = Binaries::new();
    for pid in pids {
        let Some(p) = vm.processes.lookup(pid).filter(|p| readable(p, running)) else { continue };
        let resolver = VmResolver(vm);
        let mut d = Dumper { f, resolver, seen: HashSet::new(), binaries };
        // SAFETY: the schedulers stand still, or the caller runs the process.
        let r = one(vm, unsafe { &*p.as_ptr() }, &mut d);
        binaries = d.binaries;
        r?;
    }
    for (key, b) in &binaries {
        let bytes = b.bytes();
        writeln!(f, "=binary:{key:X}\n{:X}:{}", bytes.len(), base64(bytes))?;
    }
    Ok(())
}

/// The viewer expects pairs of the dictionary as objects: they get addresses where no memory is.
fn pair_address(i: usize) -> u64 {
    0xffff_0000_0000_0000 + 32 * i as u64
}

fn one<W: Write>(vm: &Vm, p: &Process, d: &mut Dumper<'_, W>) -> io::Result<()> {
    if p.flags.sensitive {
        return Ok(());
    }
    let pid = pid_text(p.pid());
    // SAFETY: terms of a process that stands still are alive.
    let brand = |t: RawTerm| -> Term<'_> { unsafe { t.brand() } };
    let mut roots = Vec::new();
    if !p.messages.is_empty() {
        writeln!(d.f, "=proc_messages:{pid}")?;
        for m in p.messages.iter() {
            writeln!(d.f, "{}:N", element(brand(m)))?;
            roots.push(m);
        }
    }
    if let Some(dict) = &p.dict {
        writeln!(d.f, "=proc_dictionary:{pid}")?;
        for (i, (k, v)) in dict.raw_entries().enumerate() {
            writeln!(d.f, "H{:X}", pair_address(i))?;
            roots.extend([k, v]);
        }
    }
    writeln!(d.f, "=proc_stack:{pid}")?;
    let (mut e, end, mut y) = (p.heap.stack, p.heap.stack_end(), 0);
    let place = |at: u64| match vm.code.locate(at) {
        Some(l) => format!("{}:{}/{}", l.module.name(), l.function.name(), l.arity),
        None => "<terminate process normally>".into(),
    };
    while e < end {
        // SAFETY: the stack's words are initialised.
        let w = RawTerm(unsafe { *e });
        if w.is_cont() {
            // SAFETY: a continuation points to a return point of loaded code.
            let at = unsafe { (*((w.0 & !7) as *const ReturnPoint)).ip } as u64;
            writeln!(d.f, "{:#018x}:SReturn addr 0x{at:X} ({})", e as u64, place(at | 1))?;
            y = 0;
        } else {
            if w.is_catch() {
                let at = w.payload();
                writeln!(d.f, "y{y}:SCatch 0x{at:X} ({})", place(at))?;
            } else {
                writeln!(d.f, "y{y}:{}", element(brand(w)))?;
                roots.push(w);
            }
            y += 1;
        }
        e = e.wrapping_add(1);
    }
    writeln!(d.f, "=proc_heap:{pid}")?;
    if let Some(dict) = &p.dict {
        for (i, (k, v)) in dict.raw_entries().enumerate() {
            let (k, v) = (element(brand(k)), element(brand(v)));
            writeln!(d.f, "{:X}:t2:{k},{v}", pair_address(i))?;
        }
    }
    roots.into_iter().try_for_each(|t| d.heap(brand(t)))
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_padded() {
        assert_eq!(base64(b""), "");
        assert_eq!(base64(b"e"), "ZQ==");
        assert_eq!(base64(b"er"), "ZXI=");
        assert_eq!(base64(b"erl"), "ZXJs");
        assert_eq!(base64(&[255, 255, 254]), "///+");
    }
}
