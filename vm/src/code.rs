//! Loaded code: exports, modules, funs, and what an address belongs to [code_ix, export, beam_ranges].
//!
//! A module is prepared off to the side ([`load`]) and committed by storing its addresses into the
//! entry cells of its exports. Entry cells live for ever; module code is freed by a purge.

pub mod breakpoint;
pub mod emit;
pub mod funs;
mod fuse;
mod guards;
pub mod load;
pub mod native;
mod ops;
pub mod preload;
pub mod purge;
mod recent;
pub mod record;
mod record_ops;
mod select;
mod shape;

pub(crate) use ops::need_words;

use crate::bif::Bif;
use crate::interp::{self, Handler, ReturnPoint};
use crate::literal_area::LiteralArea;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::collections::HashMap;
use std::sync::{Mutex, RwLock};
use term::boxed::{Export, FunEntry};
use term::quick::QuickMap;
use term::{Atom, RawTerm, Term};

/// A function of one loaded module: its entry cell and where its code lies.
#[repr(C)]
pub struct Function {
    /// First, so that calls treat it as any entry.
    pub entry: Export,
    /// Slots in the module's code, from its `func_info` on.
    pub start: u32,
    pub end: u32,
}

/// An export with the code it runs while its module is not loaded.
#[repr(C)]
pub struct ExportEntry {
    pub export: Export,
    stub: [u32; 6],
    bif: Option<&'static Bif>,
    /// Where calls from outside go while they are traced.
    point: std::sync::OnceLock<Box<crate::trace::point::Point>>,
    /// The how manieth export it is: lists of exports show the youngest first.
    pub index: u32,
    /// Whose it is ([`CodeServer::number`]).
    server: u32,
}

// SAFETY: the stub is written once, before the entry is shared.
unsafe impl Sync for ExportEntry {}
// SAFETY: as above.
unsafe impl Send for ExportEntry {}

impl std::ops::Deref for ExportEntry {
    type Target = Export;
    fn deref(&self) -> &Export {
        &self.export
    }
}

impl ExportEntry {
    pub fn bif(&self) -> Option<&'static Bif> {
        self.bif
    }
    /// Natives, and `apply/2,3`, which are instructions: a module cannot replace them.
    pub fn is_fixed(&self) -> bool {
        self.bif.is_some()
            || self.export.module == term::atom::am::ERLANG
                && self.export.function == term::atom!("apply")
                && matches!(self.export.arity, 2 | 3)
    }
    /// The trace point of calls from outside, made if need be.
    pub(crate) fn point(&self) -> &crate::trace::point::Point {
        use crate::trace::point::Point;
        self.point.get_or_init(|| {
            let mut p = Box::new(Point::new(&raw const self.export, false));
            p.fix();
            p
        })
    }
    pub(crate) fn existing_point(&self) -> Option<&crate::trace::point::Point> {
        self.point.get().map(|p| &**p)
    }
    /// Leads calls from outside to this code, through the trace point if there is one in between.
    pub(crate) fn lead(&self, code: *mut u32) {
        match self.existing_point().filter(|p| p.is_installed()) {
            Some(p) => p.covered.store(code, Ordering::Release),
            None => self.export.cell.store(code, Ordering::Release),
        }
    }
    fn stub_ptr(&self) -> *mut u32 {
        self.stub.as_ptr() as *mut u32
    }
}

/// One version of a module.
pub struct LoadedModule {
    pub name: Atom,
    pub functions: Box<[Function]>,
    pub code: Box<[u32]>,
    pub returns: Box<[ReturnPoint]>,
    /// (slot, location index): the location holds from that slot on.
    pub lines: Vec<(u32, u32)>,
    pub locations: Vec<Option<(u32, u32)>>,
    pub files: Vec<String>,
    pub literals: Option<LiteralArea>,
    pub literal_terms: Vec<RawTerm>,
    pub md5: [u8; 16],
    /// The file has information for a debugger.
    pub debug_info: bool,
    /// Places of breakpoints (slot, location, function), if it was loaded with such.
    pub debug_lines: Option<Vec<(u32, u32, usize)>>,
    attributes: RawTerm,
    compile_info: RawTerm,
    pub exports: Vec<(Atom, u32, usize)>,
    pub lambdas: Vec<(&'static FunEntry, usize)>,
    pub on_load: Option<usize>,
    pub strings: Box<[u8]>,
    /// The native records that it defines.
    pub records: Box<[record::RecordDefinition]>,
    /// Functions with a `nif_start` mark.
    pub nifs: Vec<usize>,
    /// The NIF library of this version, if it has loaded one.
    pub loaded: std::sync::OnceLock<native::Loaded>,
    /// Where traced calls of natives in tail positions return to.
    pub traced_returns: Mutex<Vec<Box<ReturnPoint>>>,
    /// Where calls of traced functions, or of those with breakpoints, go.
    pub breakpoints: std::sync::OnceLock<breakpoint::Stubs>,
}

// SAFETY: immutable but for the entry cells, which are atomic; terms are literals.
unsafe impl Sync for LoadedModule {}
// SAFETY: as above.
unsafe impl Send for LoadedModule {}

impl LoadedModule {
    /// Whether an address lies in the code, or in that of its NIFs or breakpoints.
    pub fn owns(&self, addr: u64) -> bool {
        self.contains(addr)
            || self.loaded.get().is_some_and(|l| l.contains(addr))
            || self.breakpoints.get().is_some_and(|b| b.contains(addr))
    }
    /// Whether an address lies in the code.
    pub fn contains(&self, addr: u64) -> bool {
        let r = self.code.as_ptr_range();
        (r.start as u64..r.end as u64).contains(&addr)
    }
    /// Whether a continuation word returns into the code.
    pub fn contains_return(&self, word: u64) -> bool {
        let r = self.returns.as_ptr_range();
        (r.start as u64..r.end as u64).contains(&(word & !7)) || {
            let traced = self.traced_returns.lock().unwrap_or_else(|e| e.into_inner());
            traced.iter().any(|p| &raw const **p as u64 == word & !7)
        }
    }
    /// The point that a traced call of a native in a tail position returns to, with `frame` slots.
    pub(crate) fn traced_return(&self, ip: *const u32, frame: u32) -> *const ReturnPoint {
        let mut traced = self.traced_returns.lock().unwrap_or_else(|e| e.into_inner());
        let at = match traced.iter().position(|p| p.ip == ip) {
            Some(at) => at,
            None => {
                let function = self.functions.as_ptr();
                traced.push(Box::new(ReturnPoint { ip, function, line: 0, frame }));
                traced.len() - 1
            }
        };
        &raw const *traced[at]
    }
    pub fn attributes(&self) -> Term<'_> {
        // SAFETY: literals live as long as the module.
        unsafe { self.attributes.brand() }
    }
    pub fn compile_info(&self) -> Term<'_> {
        // SAFETY: as above.
        unsafe { self.compile_info.brand() }
    }
    /// Whether the instruction at this address names the native.
    pub(crate) fn names_native_at(&self, addr: u64, native: &Bif) -> bool {
        /// Slots of the longest instruction that calls a native.
        const SLOTS: usize = 16;
        if !self.contains(addr) {
            return false;
        }
        let from = (addr - self.code.as_ptr() as u64) as usize / 4;
        let slots = &self.code[from..self.code.len().min(from + SLOTS)];
        slots.windows(2).any(|w| w == ptr_words(native))
    }
    /// Whether the function runs a native instead of its code.
    pub fn is_native(&self, f: &Function) -> bool {
        let code = f.entry.cell.load(Ordering::Acquire);
        let covered = self.breakpoints.get().and_then(|b| b.covered(code as u64));
        !self.contains(covered.unwrap_or(code) as u64)
    }
    fn function_at(&self, slot: u32) -> Option<&Function> {
        let i = self.functions.partition_point(|f| f.end <= slot);
        self.functions.get(i).filter(|f| f.start <= slot)
    }
    /// File and line that hold at a slot.
    fn line_at(&self, slot: u32) -> Option<(String, u32)> {
        let i = self.lines.partition_point(|l| l.0 <= slot).checked_sub(1)?;
        let (file, line) = (*self.locations.get(self.lines[i].1 as usize)?)?;
        let file = match (file as usize).checked_sub(1).and_then(|i| self.files.get(i)) {
            Some(f) => f.clone(),
            None => format!("{}.erl", self.name.name()),
        };
        Some((file, line))
    }
}

/// A module's versions.
#[derive(Default)]
pub struct ModuleSlot {
    pub current: Option<&'static LoadedModule>,
    pub old: Option<&'static LoadedModule>,
    /// Loaded, but its `-on_load` function has not finished.
    pub on_load: Option<&'static LoadedModule>,
}

/// What an address is.
pub struct Location {
    pub module: Atom,
    pub function: Atom,
    pub arity: u32,
    pub file: String,
    /// 0: unknown.
    pub line: u32,
}

/// Bytes of code and of what leads to it.
pub struct Sizes {
    pub code: usize,
    pub module_table: usize,
    pub export_table: usize,
    pub fun_table: usize,
}

/// See the module head.
pub struct CodeServer {
    /// No other of this program has it.
    number: u32,
    exports: RwLock<QuickMap<(Atom, Atom, u32), &'static ExportEntry>>,
    pub modules: RwLock<QuickMap<Atom, ModuleSlot>>,
    funs: Mutex<QuickMap<(Atom, u32, [u8; 16]), &'static FunEntry>>,
    records: RwLock<QuickMap<(Atom, Atom), &'static record::RecordEntry>>,
    /// Code ranges in ascending order.
    ranges: RwLock<Vec<&'static LoadedModule>>,
    natives: HashMap<(Atom, Atom, usize), &'static Bif>,
    pub code_bytes: AtomicUsize,
    /// One loader at a time (`erts_try_seize_code_mod_permission`).
    pub permission: Mutex<()>,
    /// A test keeps code from being changed: natives that would do so try again later.
    pub seized: AtomicBool,
    purge: Mutex<purge::PurgeState>,
    leaving: Mutex<purge::Leaving>,
}

pub(crate) fn words(h: Handler) -> [u32; 2] {
    let w = h as usize as u64;
    [w as u32, (w >> 32) as u32]
}
pub(crate) fn ptr_words<T>(p: *const T) -> [u32; 2] {
    let w = p as u64;
    [w as u32, (w >> 32) as u32]
}

/// The names of the instructions that code may be made of.
pub fn op_names() -> &'static [&'static str] {
    isa::Op::NAMES
}

impl CodeServer {
    pub fn new(natives: HashMap<(Atom, Atom, usize), &'static Bif>) -> CodeServer {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = CodeServer {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            exports: RwLock::default(),
            modules: RwLock::default(),
            funs: Mutex::default(),
            records: RwLock::default(),
            ranges: RwLock::default(),
            natives,
            code_bytes: AtomicUsize::new(0),
            permission: Mutex::new(()),
            seized: AtomicBool::new(false),
            purge: Mutex::default(),
            leaving: Mutex::default(),
        };
        let keys: Vec<_> = server.natives.keys().copied().collect();
        for (m, f, a) in keys {
            server.export(m, f, a as u32);
        }
        server
    }

    /// The export, made if need be.
    pub fn export(&self, module: Atom, function: Atom, arity: u32) -> &'static ExportEntry {
        if let Some(e) = recent::find(self.number, module, function, arity) {
            return e;
        }
        let key = (module, function, arity);
        let found = self.exports.read().unwrap_or_else(|e| e.into_inner()).get(&key).copied();
        let e = found.unwrap_or_else(|| {
            let mut exports = self.exports.write().unwrap_or_else(|e| e.into_inner());
            let index = exports.len() as u32;
            exports.entry(key).or_insert_with(|| self.make_export(module, function, arity, index))
        });
        recent::keep(e);
        e
    }
    fn make_export(
        &self,
        module: Atom,
        function: Atom,
        arity: u32,
        index: u32,
    ) -> &'static ExportEntry {
        let bif = self.natives.get(&(module, function, arity as usize)).copied();
        let cell = AtomicPtr::new(core::ptr::null_mut());
        let entry = Box::leak(Box::new(ExportEntry {
            export: Export { cell, module, function, arity },
            stub: [0; 6],
            bif,
            point: Default::default(),
            index,
            server: self.number,
        }));
        let me = entry as *const ExportEntry;
        let is_apply = module == term::atom::am::ERLANG && function == term::atom!("apply");
        match bif {
            _ if is_apply && arity == 3 => {
                entry.stub[..2].copy_from_slice(&words(interp::call::apply_list))
            }
            _ if is_apply && arity == 2 => {
                entry.stub[..2].copy_from_slice(&words(interp::call::apply_fun_list));
            }
            Some(bif) => {
                entry.stub[..2].copy_from_slice(&words(interp::native::bif_entry));
                entry.stub[2..4].copy_from_slice(&ptr_words(bif));
                entry.stub[4..].copy_from_slice(&ptr_words(me));
            }
            None => {
                entry.stub[..2].copy_from_slice(&words(interp::native::undefined));
                entry.stub[2..4].copy_from_slice(&ptr_words(me));
            }
        }
        entry.export.cell.store(entry.stub_ptr(), Ordering::Release);
        entry
    }
    /// The export if anyone has named it.
    pub fn existing_export(
        &self,
        module: Atom,
        function: Atom,
        arity: u32,
    ) -> Option<&'static ExportEntry> {
        let key = (module, function, arity);
        self.exports.read().unwrap_or_else(|e| e.into_inner()).get(&key).copied()
    }
    pub fn all_exports(&self) -> Vec<&'static ExportEntry> {
        self.exports.read().unwrap_or_else(|e| e.into_inner()).values().copied().collect()
    }
    /// The export whose stub starts at this address.
    pub fn export_of_stub(&self, address: u64) -> Option<&'static ExportEntry> {
        let exports = self.exports.read().unwrap_or_else(|e| e.into_inner());
        exports.values().copied().find(|e| e.stub_ptr() as u64 == address)
    }
    /// Whether a call of it would run loaded code or a native.
    pub fn is_loaded(&self, e: &ExportEntry) -> bool {
        let is_stub = e.export.cell.load(Ordering::Acquire) == e.stub_ptr();
        !is_stub || e.is_fixed()
    }
    /// Names and arities of all natives.
    pub fn natives(&self) -> Vec<(Atom, Atom, usize)> {
        self.natives.keys().copied().collect()
    }
    pub fn native(&self, module: Atom, function: Atom, arity: u32) -> Option<&'static Bif> {
        self.natives.get(&(module, function, arity as usize)).copied()
    }
    /// Sends calls of an export to the error handler again.
    pub(crate) fn unload_export(&self, e: &ExportEntry) {
        e.export.cell.store(e.stub_ptr(), Ordering::Release);
    }

    /// The entry of a fun, made if need be; unloaded it calls the error handler.
    #[allow(clippy::too_many_arguments)]
    pub fn fun_entry(
        &self,
        module: Atom,
        function: Atom,
        index: u32,
        uniq: [u8; 16],
        old_uniq: u32,
        arity: u32,
        num_free: u32,
    ) -> &'static FunEntry {
        let mut funs = self.funs.lock().unwrap_or_else(|e| e.into_inner());
        funs.entry((module, index, uniq)).or_insert_with(|| {
            funs::make(FunEntry {
                cell: funs::no_code(),
                module,
                function,
                arity,
                num_free,
                index,
                old_uniq,
                uniq,
            })
        })
    }

    /// Bytes of code and tables.
    pub fn sizes(&self) -> Sizes {
        let lock = |e: std::sync::PoisonError<_>| e.into_inner();
        let modules = self.modules.read().unwrap_or_else(lock).len();
        let exports = self.exports.read().unwrap_or_else(|e| e.into_inner()).len();
        let funs = self.funs.lock().unwrap_or_else(|e| e.into_inner()).len();
        Sizes {
            code: self.code_bytes.load(Ordering::Relaxed),
            module_table: modules * (size_of::<ModuleSlot>() + size_of::<Atom>()),
            export_table: exports * (size_of::<ExportEntry>() + 24),
            fun_table: funs * (size_of::<FunEntry>() + 72),
        }
    }
    /// All modules with a current version, by name.
    pub fn loaded(&self) -> Vec<(&'static LoadedModule, Option<&'static LoadedModule>)> {
        let modules = self.modules.read().unwrap_or_else(|e| e.into_inner());
        let mut all: Vec<_> =
            modules.values().filter_map(|s| Some((s.current.or(s.old)?, s.old))).collect();
        all.sort_by_key(|m| m.0.name.name());
        all
    }
    /// All fun entries.
    pub fn all_funs(&self) -> Vec<&'static FunEntry> {
        self.funs.lock().unwrap_or_else(|e| e.into_inner()).values().copied().collect()
    }
    /// The old version of a module that is being purged or may be.
    pub fn old(&self, module: Atom) -> Option<&'static LoadedModule> {
        self.modules.read().unwrap_or_else(|e| e.into_inner()).get(&module)?.old
    }
    pub fn current(&self, module: Atom) -> Option<&'static LoadedModule> {
        self.modules.read().unwrap_or_else(|e| e.into_inner()).get(&module)?.current
    }
    pub(crate) fn add_range(&self, m: &'static LoadedModule) {
        let mut r = self.ranges.write().unwrap_or_else(|e| e.into_inner());
        let at = r.partition_point(|o| o.code.as_ptr() < m.code.as_ptr());
        r.insert(at, m);
        self.code_bytes.fetch_add(m.code.len() * 4, Ordering::Relaxed);
    }
    pub(crate) fn remove_range(&self, m: &LoadedModule) {
        let mut r = self.ranges.write().unwrap_or_else(|e| e.into_inner());
        r.retain(|o| !core::ptr::eq(*o, m));
        self.code_bytes.fetch_sub(m.code.len() * 4, Ordering::Relaxed);
    }
    /// The module version that an address lies in.
    pub fn module_at(&self, addr: u64) -> Option<&'static LoadedModule> {
        let r = self.ranges.read().unwrap_or_else(|e| e.into_inner());
        let i = r.partition_point(|m| m.code.as_ptr() as u64 <= addr).checked_sub(1)?;
        Some(r[i]).filter(|m| m.contains(addr))
    }
    /// Function and line of a code address; bit 0 marks a return address.
    pub fn locate(&self, address: u64) -> Option<Location> {
        let is_return = address & 1;
        let m = self.module_at((address & !1) - is_return)?;
        let slot = ((address & !1) - m.code.as_ptr() as u64) / 4;
        let slot = (slot - is_return) as u32;
        let f = m.function_at(slot)?;
        let (file, line) = m.line_at(slot).unwrap_or_default();
        Some(Location {
            module: f.entry.module,
            function: f.entry.function,
            arity: f.entry.arity,
            file,
            line,
        })
    }
}
