//! Preparing a module off to the side, and committing it.

use super::emit::{EmitError, Emitter};
use super::record::RecordDefinition;
use super::{Function, LoadedModule};
use crate::interp::ReturnPoint;
use crate::literal_area::LiteralArea;
use crate::refs;
use crate::vm::Vm;
use core::sync::atomic::{AtomicPtr, Ordering};
use etf::{DecodeOptions, LocalReference, Resolver};
use isa::Op;
use loader::{Literal, LoadError, Module};
use std::collections::{HashMap, HashSet};
use term::boxed::{Export, FunEntry};
use term::shared::MagicHandle;
use term::{Atom, RawTerm, Term};

/// Why a module was refused.
#[derive(Debug)]
pub enum PrepareError {
    Load(LoadError),
    Emit(EmitError),
    Literal,
    AtomTableFull,
    NoMemory,
}

impl From<EmitError> for PrepareError {
    fn from(e: EmitError) -> Self {
        PrepareError::Emit(e)
    }
}

impl std::fmt::Display for PrepareError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PrepareError::Load(e) => write!(f, "{e}"),
            PrepareError::Emit(e) => f.write_str(&e.0),
            PrepareError::Literal => f.write_str("a literal is malformed"),
            PrepareError::AtomTableFull => f.write_str("no more index entries in atom table"),
            PrepareError::NoMemory => f.write_str("no address space for literals"),
        }
    }
}

/// How external terms find this VM's exports and funs.
pub struct VmResolver(pub &'static Vm);

impl Resolver for VmResolver {
    fn this_node(&self) -> (Atom, u32) {
        let n = term::node::this();
        (n.name, n.creation)
    }
    fn export(&self, module: Atom, function: Atom, arity: u32) -> &'static Export {
        &self.0.code.export(module, function, arity).export
    }
    fn active_export(&self, module: Atom, function: Atom, arity: u32) -> Option<&'static Export> {
        let e = self.0.code.existing_export(module, function, arity)?;
        self.0.code.is_loaded(e).then_some(&e.export)
    }
    fn fun_entry(
        &self,
        module: Atom,
        index: u32,
        uniq: [u8; 16],
        old_uniq: u32,
        arity: u32,
        num_free: u32,
    ) -> &'static FunEntry {
        let unnamed = Atom::new("");
        self.0.code.fun_entry(module, unnamed, index, uniq, old_uniq, arity, num_free)
    }
    fn local_reference(&self, words: [u32; 3]) -> LocalReference {
        if refs::is_magic(words) {
            return self.0.written.find(words).map_or(LocalReference::Plain, LocalReference::Magic);
        }
        if refs::is_pid(words)
            && let Some(pid) = self.0.written.aliases.find(words)
        {
            return LocalReference::Process(pid);
        }
        LocalReference::Plain
    }
    fn keep_alias(&self, words: [u32; 3], pid: u64) {
        self.0.written.aliases.keep(words, pid);
    }
    fn keep_magic(&self, words: [u32; 3], magic: MagicHandle) {
        self.0.written.keep(words, &magic);
    }
    fn has_records(&self) -> bool {
        self.0.config.release >= 28
    }
    fn record_definition<'h>(
        &self,
        heap: &'h term::Heap,
        module: Atom,
        name: Atom,
    ) -> Option<term::Tuple<'h>> {
        _ = heap;
        let entry = self.0.code.existing_record(module, name)?;
        // SAFETY: decoding happens within a turn, and a literal lives on while a heap refers to it.
        unsafe { entry.current()?.definition.brand::<'h>() }.as_tuple()
    }
    fn local_seal(&self) -> Option<u64> {
        (self.0.config.release >= 26).then_some(self.0.written.seal)
    }
}

/// A module that is ready to be committed. Dropped without a commit it leaves nothing behind.
pub struct Prepared {
    pub module: Box<LoadedModule>,
    literals: Unused,
}

impl Prepared {
    fn leak(mut self) -> &'static LoadedModule {
        self.module.literals = self.literals.area.take();
        Box::leak(self.module)
    }
}

/// The literals of code that was not loaded: nothing refers to them.
struct Unused {
    vm: &'static Vm,
    area: Option<LiteralArea>,
}

impl Drop for Unused {
    fn drop(&mut self) {
        if let Some(area) = self.area.take() {
            self.vm.literals.free(area);
        }
    }
}

/// Decodes, checks and translates a `.beam` file.
pub fn prepare(vm: &'static Vm, bytes: &[u8]) -> Result<Prepared, PrepareError> {
    let module = loader::load(bytes).map_err(PrepareError::Load)?;
    translate(vm, &module)
}

pub(crate) fn translate(vm: &'static Vm, module: &Module) -> Result<Prepared, PrepareError> {
    let atoms: Vec<Atom> = module
        .atoms
        .iter()
        .map(|a| Atom::try_new(a).ok_or(PrepareError::AtomTableFull))
        .collect::<Result<_, _>>()?;
    let at = |i: isa::AtomIx| atoms[i.0 as usize - 1];
    let name = Atom::new(&module.name);
    let big_values = big_operands(module);
    let (area, literals) = vm
        .literals
        .build(literal_words(module, &big_values), |heap| {
            literals(vm, heap, module, &atoms, &big_values)
        })
        .map_err(|_| PrepareError::NoMemory)?;
    let unused = Unused { vm, area: Some(area) };
    let Built { terms, attributes, compile_info, big, records, map_keys } = literals?;

    let functions: Box<[Function]> = module
        .functions
        .iter()
        .map(|f| Function {
            entry: Export {
                cell: AtomicPtr::new(core::ptr::null_mut()),
                module: name,
                function: at(f.name),
                arity: f.arity,
            },
            start: 0,
            end: 0,
        })
        .collect();
    let lambdas: Vec<&'static FunEntry> = module
        .lambdas
        .iter()
        .map(|l| {
            let arity = l.arity - l.num_free.min(l.arity);
            vm.code.fun_entry(
                name,
                at(l.function),
                l.index,
                module.md5,
                l.old_uniq,
                arity,
                l.num_free,
            )
        })
        .collect();
    let entries: HashMap<u32, usize> =
        module.functions.iter().enumerate().map(|(i, f)| (f.entry.0, i)).collect();
    let calls = module.code.len();
    let mut returns: Vec<ReturnPoint> = Vec::with_capacity(calls);
    let strings = module.strings.clone();
    let mut e = Emitter {
        server: &vm.code,
        zeal: vm.config.gc_zeal,
        module,
        atoms: &atoms,
        literals: &terms,
        lambdas: &lambdas,
        records: &records,
        big: &big,
        map_keys: &map_keys,
        strings: strings.as_ptr(),
        functions: functions.as_ptr(),
        returns: returns.as_mut_ptr(),
        return_count: 0,
        return_slots: Vec::new(),
        return_points: Vec::new(),
        out: Vec::with_capacity(module.code.len() * 6),
        labels: vec![u32::MAX; module.label_count as usize],
        branches: Vec::new(),
        tags: Vec::new(),
        lines: Vec::new(),
        line_breakpoints: vm.debugger.instruments(),
        debug_lines: Vec::new(),
        entries,
        function: 0,
        start: 0,
        then: None,
    };
    let mut i = 0;
    let mut starts = vec![0u32; module.functions.len()];
    let mut next_function = 0;
    while i < module.code.len() {
        while next_function < module.functions.len()
            && module.functions[next_function].ops.start as usize <= i
        {
            starts[next_function] = e.out.len() as u32;
            // Locations do not carry over from one function to the next.
            let here = e.out.len() as u32;
            e.lines.push((here, 0));
            next_function += 1;
        }
        let first = i;
        i = e.emit(i)?;
        if (first + 1..i).any(|fused| module.check(fused as u32).is_some()) {
            return Err(EmitError("a check was fused away".into()).into());
        }
    }
    // A last slot, so that the end of the last function is inside the code.
    e.out.push(0);
    let Emitter {
        mut out,
        labels,
        branches,
        tags,
        lines,
        line_breakpoints,
        debug_lines,
        return_points,
        entries,
        ..
    } = e;
    for (slot, start, l) in branches {
        let target = *labels.get(l.0 as usize).unwrap_or(&u32::MAX);
        if target == u32::MAX {
            return Err(EmitError(format!("label {} is missing", l.0)).into());
        }
        out[slot as usize] = (i64::from(target) - i64::from(start)) as i32 as u32;
    }
    let mut code = out.into_boxed_slice();
    let base = code.as_ptr();
    for (slot, l) in tags {
        let target = base.wrapping_add(labels[l.0 as usize] as usize) as u64;
        let w = RawTerm::catch(target).0;
        code[slot as usize] = w as u32;
        code[slot as usize + 1] = (w >> 32) as u32;
    }
    let mut functions = functions;
    let n = functions.len();
    for (k, f) in functions.iter_mut().enumerate() {
        f.start = starts[k];
        f.end = if k + 1 < n { starts[k + 1] } else { code.len() as u32 };
    }
    for (label, k) in &entries {
        let at = labels[*label as usize] as usize;
        let entry = base.wrapping_add(at) as *mut u32;
        functions[*k].entry.cell.store(entry, Ordering::Release);
    }
    let room = returns.capacity();
    let where_ = returns.as_ptr();
    for (index, slot, line, frame, f) in return_points {
        debug_assert_eq!(index, returns.len());
        returns.push(ReturnPoint {
            ip: base.wrapping_add(slot as usize),
            function: functions.as_ptr().wrapping_add(f),
            line,
            frame,
        });
    }
    // The addresses are in the code already: the points must not move.
    assert!(returns.capacity() == room && returns.as_ptr() == where_);
    let returns: Box<[ReturnPoint]> = keep_in_place(returns);
    let index_of = |label: isa::Label| entries.get(&label.0).copied();
    let exports = module
        .exports
        .iter()
        .filter_map(|x| Some((at(x.function), x.arity, index_of(x.label)?)))
        .collect();
    let lambdas = lambdas
        .iter()
        .zip(&module.lambdas)
        .filter_map(|(e, l)| Some((*e, index_of(l.label)?)))
        .collect();
    let (locations, files) = match &module.lines {
        Some(t) => (
            t.locations.iter().map(|l| l.map(|l| (l.file, l.line))).collect(),
            t.files.iter().map(|f| f.to_string()).collect(),
        ),
        None => (Vec::new(), Vec::new()),
    };
    let module = Box::new(LoadedModule {
        name,
        functions,
        code,
        returns,
        lines: if vm.config.line_info { lines } else { Vec::new() },
        locations,
        files,
        literals: None,
        literal_terms: terms,
        md5: module.md5,
        debug_info: module.debug_info,
        debug_lines: line_breakpoints.then_some(debug_lines),
        attributes,
        compile_info,
        exports,
        lambdas,
        on_load: module.on_load,
        strings,
        records,
        nifs: module.functions.iter().enumerate().filter(|f| f.1.nif).map(|f| f.0).collect(),
        loaded: Default::default(),
        traced_returns: Default::default(),
        breakpoints: Default::default(),
    });
    Ok(Prepared { module, literals: unused })
}

/// A boxed slice at the same address: the spare capacity stays with it.
fn keep_in_place(mut v: Vec<ReturnPoint>) -> Box<[ReturnPoint]> {
    let spare = v.capacity() - v.len();
    for _ in 0..spare {
        v.push(ReturnPoint {
            ip: core::ptr::null(),
            function: core::ptr::null(),
            line: 0,
            frame: 0,
        });
    }
    v.into_boxed_slice()
}

/// More words than the module's literals take: a byte of external format becomes two words at the most.
fn literal_words(module: &Module, big_values: &[i64]) -> usize {
    let term = |bytes: &[u8]| 2 * bytes.len() + 16;
    let literals = module.literals.iter().map(|l| match l {
        Literal::Term(bytes) => term(bytes),
        Literal::BigInt { bytes, .. } => bytes.len() / 8 + 16,
    });
    let lists = [&module.attributes, &module.compile_info];
    let lists = lists.into_iter().flatten().map(|b| term(b));
    // Of a default: the key, and an integer too large for a word.
    let records = module.records.iter().map(|r| 5 + 3 * r.fields.len());
    let map_keys = module.code.iter().map(|op| match op {
        Op::PutMapAssoc { pairs, .. } => pairs.len() + 1,
        _ => 0,
    });
    literals.chain(lists).chain(records).chain(map_keys).sum::<usize>() + big_values.len() * 2
}

struct Built {
    terms: Vec<RawTerm>,
    attributes: RawTerm,
    compile_info: RawTerm,
    big: HashMap<i64, RawTerm>,
    records: Box<[RecordDefinition]>,
    map_keys: MapKeys,
}

/// The key tuples of maps that code makes from nothing, by the keys in their order.
pub(crate) type MapKeys = HashMap<Box<[RawTerm]>, RawTerm>;

/// The keys of a map that an op makes from nothing, in their order, if they are known: immediate and all different.
fn new_map_keys(op: &Op, atoms: &[Atom], literals: &[RawTerm]) -> Option<Box<[RawTerm]>> {
    let Op::PutMapAssoc { map: isa::Src::Lit(map), pairs, .. } = op else { return None };
    // SAFETY: a literal of the module that is being loaded.
    let map: Term = unsafe { literals.get(*map as usize)?.brand() };
    if map.as_map()?.size() != 0 || pairs.len() > term::boxed::FLAT_MAX {
        return None;
    }
    let key = |k: &isa::Src| match *k {
        isa::Src::Int(n) => {
            let small = (term::term::SMALL_MIN..=term::term::SMALL_MAX).contains(&n);
            small.then(|| RawTerm::small(n))
        }
        isa::Src::Atom(a) => atoms.get(a as usize - 1).map(|a| RawTerm::atom(*a)),
        _ => None,
    };
    let mut keys: Vec<RawTerm> = pairs.iter().map(|(k, _)| key(k)).collect::<Option<_>>()?;
    // SAFETY: immediates.
    keys.sort_by(|a, b| unsafe { term::compare::compare_map_keys(a.brand(), b.brand()) });
    keys.windows(2).all(|w| w[0] != w[1]).then(|| keys.into())
}

/// Integer operands that are no small integers.
fn big_operands(module: &Module) -> Vec<i64> {
    struct Find(Vec<i64>);
    impl isa::Visit for Find {
        fn src(&mut self, s: isa::Src) {
            if let isa::Src::Int(n) = s
                && !(term::term::SMALL_MIN..=term::term::SMALL_MAX).contains(&n)
            {
                self.0.push(n);
            }
        }
    }
    let mut f = Find(Vec::new());
    for op in &module.code {
        op.visit(&mut f);
    }
    f.0
}

fn literals(
    vm: &'static Vm,
    heap: &term::Heap,
    module: &Module,
    atoms: &[Atom],
    big_values: &[i64],
) -> Result<Built, PrepareError> {
    let resolver = VmResolver(vm);
    let opts = DecodeOptions::new(&resolver);
    let decode = |bytes: &[u8]| match etf::decode(bytes, heap, &opts) {
        Ok((t, _)) => Ok(t.raw()),
        Err(etf::DecodeError::AtomTableFull) => Err(PrepareError::AtomTableFull),
        Err(_) => Err(PrepareError::Literal),
    };
    let mut terms = Vec::with_capacity(module.literals.len());
    for l in &module.literals {
        terms.push(match l {
            Literal::Term(bytes) => decode(bytes)?,
            Literal::BigInt { negative, bytes } => {
                let digits: Vec<u64> = bytes
                    .rchunks(8)
                    .map(|c| c.iter().fold(0u64, |a, b| a << 8 | u64::from(*b)))
                    .collect();
                heap.big(*negative, &digits).raw()
            }
        });
    }
    let list = |bytes: &Option<Box<[u8]>>| match bytes {
        Some(b) => decode(b),
        None => Ok(Term::NIL.raw()),
    };
    let attributes = list(&module.attributes)?;
    let compile_info = list(&module.compile_info)?;
    let big = big_values.iter().map(|n| (*n, heap.int(*n).raw())).collect();
    let records = module.records.iter().map(|r| record(heap, module, atoms, &terms, r)).collect();
    let mut map_keys = MapKeys::new();
    for op in &module.code {
        if let Some(keys) = new_map_keys(op, atoms, &terms) {
            map_keys.entry(keys).or_insert_with_key(|keys| {
                // SAFETY: immediates.
                let keys: Vec<Term> = keys.iter().map(|k| unsafe { k.brand() }).collect();
                heap.tuple(&keys).raw()
            });
        }
    }
    Ok(Built { terms, attributes, compile_info, big, records, map_keys })
}

/// A native record's definition and defaults, as literals.
fn record(
    heap: &term::Heap,
    module: &Module,
    atoms: &[Atom],
    terms: &[RawTerm],
    row: &loader::isa::RecordRow,
) -> RecordDefinition {
    let at = |i: isa::AtomIx| atoms[i.0 as usize - 1];
    let keys: Vec<Term> = row.fields.iter().map(|f| at(f.0).into()).collect();
    let name = at(row.name);
    let definition =
        heap.record_definition(Atom::new(&module.name), name, row.exported, &keys).term().raw();
    let default = |src: &Option<isa::Src>| match *src {
        Some(isa::Src::Int(n)) => heap.int(n).raw(),
        Some(isa::Src::Atom(a)) => RawTerm::atom(atoms[a as usize - 1]),
        Some(isa::Src::Nil) => RawTerm::NIL,
        Some(isa::Src::Lit(l)) => terms[l as usize],
        Some(isa::Src::X(..) | isa::Src::Y(..)) | None => RawTerm::NONE,
    };
    let defaults = row.fields.iter().map(|f| default(&f.1)).collect();
    RecordDefinition { name, definition, defaults }
}

/// Makes a prepared module the current one. What was current becomes old (there must be no old
/// one). The caller holds the code permission.
pub fn commit(vm: &'static Vm, prepared: Prepared) -> &'static LoadedModule {
    let m = prepared.leak();
    vm.code.add_range(m);
    let replaced = stop_tracing(vm, m.name);
    let mut modules = vm.code.modules.write().unwrap_or_else(|e| e.into_inner());
    make_current(vm, modules.entry(m.name).or_default(), m);
    drop(modules);
    replaced_by(vm, replaced, m);
    m
}

/// The current version is about to be replaced.
fn stop_tracing(vm: &'static Vm, name: Atom) -> Option<&'static LoadedModule> {
    let current = vm.code.current(name)?;
    crate::trace::pattern::replaced(vm, current);
    Some(current)
}

/// The new current version: calls go to it from here on. Who finds the module loaded finds its functions too, for they are
/// exported before others may look at the slot.
fn make_current(vm: &'static Vm, slot: &mut super::ModuleSlot, m: &'static LoadedModule) {
    publish(vm, m);
    let replaced = slot.current.replace(m);
    if replaced.is_some() {
        slot.old = replaced;
    }
}

/// What only the replaced version exports is undefined.
fn replaced_by(vm: &'static Vm, replaced: Option<&'static LoadedModule>, m: &'static LoadedModule) {
    if let Some(old) = replaced {
        unexport(vm, old, Some(m));
    }
    crate::trace::pattern::loaded(vm, m);
}

/// Keeps a prepared module with an `-on_load` function aside until the function has finished.
pub fn stage(vm: &'static Vm, prepared: Prepared) -> &'static LoadedModule {
    let m = prepared.leak();
    vm.code.add_range(m);
    let mut modules = vm.code.modules.write().unwrap_or_else(|e| e.into_inner());
    modules.entry(m.name).or_default().on_load = Some(m);
    m
}

/// The staged module's `-on_load` function ended: makes it current, or drops it.
pub fn finish_on_load(vm: &'static Vm, name: Atom, keep: bool) -> bool {
    let replaced = if keep { stop_tracing(vm, name) } else { None };
    let mut modules = vm.code.modules.write().unwrap_or_else(|e| e.into_inner());
    let Some(slot) = modules.get_mut(&name) else { return false };
    // What is dropped stays staged until it is purged: processes may run in it.
    let Some(staged) = slot.on_load.take_if(|_| keep) else { return slot.on_load.is_some() };
    make_current(vm, slot, staged);
    drop(modules);
    replaced_by(vm, replaced, staged);
    true
}

/// Points exports and funs at the module's code.
pub fn publish(vm: &'static Vm, m: &'static LoadedModule) {
    for (f, arity, index) in &m.exports {
        let e = vm.code.export(m.name, *f, *arity);
        if e.is_fixed() {
            // Natives stay: the file only holds a body that says it was not replaced.
            let code = e.export.cell.load(Ordering::Acquire);
            m.functions[*index].entry.cell.store(code, Ordering::Release);
            continue;
        }
        let code = m.functions[*index].entry.cell.load(Ordering::Acquire);
        e.export.cell.store(code, Ordering::Release);
    }
    vm.code.publish_records(m);
    for (entry, index) in &m.lambdas {
        let code = m.functions[*index].entry.cell.load(Ordering::Acquire);
        entry.cell.store(code, Ordering::Release);
    }
}

/// Undefines what a version exports, but for what `unless` exports too.
fn unexport(vm: &'static Vm, m: &LoadedModule, unless: Option<&LoadedModule>) {
    vm.code.withdraw_records(m);
    let kept: HashSet<(Atom, u32)> =
        unless.map_or_else(HashSet::new, |u| u.exports.iter().map(|x| (x.0, x.1)).collect());
    for (f, arity, _) in m.exports.iter().filter(|x| !kept.contains(&(x.0, x.1))) {
        if let Some(e) = vm.code.existing_export(m.name, *f, *arity)
            && !e.is_fixed()
        {
            vm.code.unload_export(e);
        }
    }
}

/// Makes the current code old (`erlang:delete_module/1`).
pub fn delete(vm: &'static Vm, name: Atom) -> Option<bool> {
    if let Some(current) = vm.code.current(name).filter(|_| vm.code.old(name).is_none()) {
        crate::trace::pattern::replaced(vm, current);
    }
    let mut modules = vm.code.modules.write().unwrap_or_else(|e| e.into_inner());
    let slot = modules.get_mut(&name)?;
    let current = slot.current?;
    if slot.old.is_some() {
        return Some(false);
    }
    unexport(vm, current, None);
    slot.old = slot.current.take();
    Some(true)
}
