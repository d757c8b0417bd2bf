//! `erlang:load_nif/2` [erl_nif.c].
//!
//! A library is opened, asked for its entry, and checked; then its `load` runs, or its `upgrade` if an older version of the
//! module has a library: alone, for the two may share data. Only then are its functions callable.

use crate::abi::{DIRTY_CPU, DIRTY_IO, NifEntry};
use crate::env::Env;
use crate::library::{Entry, Library};
use crate::resource;
use crate::time::nif_version;
use core::ffi::c_int;
use core::sync::atomic::Ordering;
use std::sync::Arc;
use term::atom::am;
use term::{Atom, Term, atom};
use vm::bif::Held;
use vm::code::LoadedModule;
use vm::code::native::{Nif, NifFinish, NifFn, install, install_library};
use vm::{BifResult, Cx, Kind, Resume};

vm::bifs! { pub TABLE: "erlang" {
    /// Installs natives in the calling module.
    Heavy "load_nif"/2 => load_nif(0, 1);
} }

/// Why a library is not loaded: the class and the text.
struct Refused(&'static str, String);

fn bad_lib(text: String) -> Refused {
    Refused("bad_lib", text)
}

/// What a module version holds of its library.
struct Owned(Arc<Library>);

impl Drop for Owned {
    fn drop(&mut self) {
        resource::forget_types(Arc::as_ptr(&self.0));
    }
}

fn error<'p>(cx: &Cx<'p>, r: Refused) -> Term<'p> {
    let h = cx.heap();
    let pair = h.tuple(&[Atom::new(r.0).into(), h.string(&r.1)]);
    h.tuple(&[am::ERROR.into(), pair])
}

/// The path of a library without its ending: characters in lists that may be deep, or the whole bytes of a bitstring.
pub fn path_of(t: Term<'_>) -> Option<Vec<u8>> {
    let path = match t.as_bits() {
        Some(b) => {
            let mut bytes = b.bytes().into_owned();
            bytes.truncate(b.bit_len() / 8);
            bytes
        }
        None => {
            let (mut text, mut at, mut rest) = (String::new(), t, Vec::new());
            loop {
                if let Some(cell) = at.as_cons() {
                    if !cell.tail().is_nil() {
                        rest.push(cell.tail());
                    }
                    at = cell.head();
                    continue;
                }
                match at.as_small() {
                    // A character alone is no path.
                    Some(c) if at.raw() != t.raw() => {
                        text.push(char::from_u32(u32::try_from(c).ok()?)?)
                    }
                    _ if at.is_nil() => {}
                    _ => return None,
                }
                match rest.pop() {
                    // What follows in a list is a list.
                    Some(tail) if tail.is_list() => at = tail,
                    Some(_) => return None,
                    None => break,
                }
            }
            text.into_bytes()
        }
    };
    (!path.contains(&0)).then_some(path)
}

fn load_nif<'p>(cx: &Cx<'p>, path: Term<'p>, info: Term<'p>) -> BifResult<'p> {
    let vm = cx.vm();
    let path = cx.need(path_of(path))?;
    let native = vm.native(am::ERLANG, atom!("load_nif"), 2);
    let caller = cx
        .calling_module()
        .filter(|m| native.is_some_and(|native| cx.is_called_directly(m, native)));
    let Some(caller) = caller else {
        let text = "load_nif/2 must be explicitly called from the NIF module. \
                    It cannot be called through apply/3.";
        return Ok(error(cx, bad_lib(text.into())));
    };
    let natives = vm.nifs_of(caller.name);
    if !natives.is_empty() || caller.name == atom!("erl_tracer") {
        // OTP's own NIF modules are linked into the emulator.
        install(vm, caller, natives);
        return Ok(am::OK.into());
    }
    let (old, before) = versions(cx, caller);
    if old {
        let text = format!("Calling load_nif from old module '{}' not allowed", shown(caller.name));
        return Ok(error(cx, Refused("old_code", text)));
    }
    if cx.vm().code.seized.load(Ordering::Acquire) {
        let info = cx.hold(info);
        return Err(cx.yield_to(Later { caller, path, info }));
    }
    if before.is_none() {
        return Ok(attempt(cx, caller, &path, info));
    }
    let info = cx.hold(info);
    later(cx, caller, path, info)
}

/// A call that waits while code must not be changed.
struct Later {
    caller: &'static LoadedModule,
    path: Vec<u8>,
    info: Held,
}

impl Resume for Later {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        if cx.vm().code.seized.load(Ordering::Acquire) {
            return Err(cx.yield_to(*self));
        }
        later(cx, self.caller, self.path, self.info)
    }
    fn code(&self) -> Option<&'static LoadedModule> {
        Some(self.caller)
    }
}

/// Loads when nobody else runs.
fn later<'p>(
    cx: &Cx<'p>,
    caller: &'static LoadedModule,
    path: Vec<u8>,
    info: Held,
) -> BifResult<'p> {
    vm::sched::block::alone_then(cx, Box::new(move |cx| Ok(upgrade(cx, caller, &path, info))))
}

fn upgrade<'p>(cx: &Cx<'p>, caller: &'static LoadedModule, path: &[u8], info: Held) -> Term<'p> {
    let info = cx.get(info);
    attempt(cx, caller, path, info)
}

fn attempt<'p>(
    cx: &Cx<'p>,
    caller: &'static LoadedModule,
    path: &[u8],
    info: Term<'p>,
) -> Term<'p> {
    let _permission = cx.vm().code.permission.lock().unwrap_or_else(|e| e.into_inner());
    let (_, before) = versions(cx, caller);
    match load(cx, caller, path, info, before) {
        Ok(()) => am::OK.into(),
        Err(refused) => error(cx, refused),
    }
}

/// Whether the module version is old code, and the library of the version before it.
fn versions(cx: &Cx<'_>, m: &'static LoadedModule) -> (bool, Option<Arc<Library>>) {
    let modules = cx.vm().code.modules.read().unwrap_or_else(|e| e.into_inner());
    let Some(slot) = modules.get(&m.name) else { return (true, None) };
    let is = |other: Option<&'static LoadedModule>| other.is_some_and(|o| core::ptr::eq(o, m));
    let before = if is(slot.on_load) { slot.current.or(slot.old) } else { slot.old };
    let library = before
        .and_then(|b| b.loaded.get())
        .and_then(|l| l.with_library(|l| l.downcast_ref::<Owned>().map(|o| o.0.clone())).flatten());
    (is(slot.old) && !is(slot.on_load), library)
}

/// An atom as `%T` shows it.
fn shown(a: Atom) -> String {
    term::print::to_text(a.into())
}

fn lossy(b: &[u8]) -> String {
    b.iter().map(|b| char::from(*b)).collect()
}

fn load<'p>(
    cx: &Cx<'p>,
    caller: &'static LoadedModule,
    path: &[u8],
    info: Term<'p>,
    before: Option<Arc<Library>>,
) -> Result<(), Refused> {
    if caller.loaded.get().is_some() {
        let text = "NIF library already loaded (reload disallowed since OTP 20).";
        return Err(Refused("reload", text.into()));
    }
    let (handle, entry) = open(cx, caller, path)?;
    check(cx, caller, &entry)?;
    let functions = functions(caller, &entry)?;
    let library = Arc::new(Library::new(caller, entry, handle));
    if let Err(refused) = start(cx, &library, info, before) {
        resource::roll_back(&library);
        return Err(refused);
    }
    library.ready.store(true, Ordering::Release);
    resource::commit(&library);
    let address: *const () = Arc::as_ptr(&library).cast();
    let nifs = functions
        .into_iter()
        .map(|(index, kind, target)| {
            let (call, finish): (NifFn, Option<NifFinish>) = match kind {
                // In the checking mode all calls are ours.
                Kind::Plain if crate::check::on() => (crate::call::call, None),
                Kind::Plain => (crate::call::call, Some(crate::call::finish)),
                _ => (crate::call::call_dirty, None),
            };
            Nif::new(call, finish, kind, index, target, address)
        })
        .collect();
    install_library(cx.vm(), caller, nifs, Box::new(Owned(library)));
    Ok(())
}

/// Opens the library and asks for its entry.
fn open(
    cx: &Cx<'_>,
    caller: &'static LoadedModule,
    path: &[u8],
) -> Result<(libloading::Library, Entry), Refused> {
    let failed = |e: &libloading::Error| {
        let (text, path) = (e.to_string(), String::from_utf8_lossy(path).into_owned());
        let slogan = "Failed to load NIF library";
        let text = if text.contains(&path) {
            format!("{slogan}: '{text}'")
        } else {
            format!("{slogan} {path}: '{text}'")
        };
        Refused("load_failed", text)
    };
    let file = [path, b".so"].concat();
    // SAFETY: C: what runs at the library's opening is as good as its functions.
    let handle = unsafe { crate::open::open(&file) }.map_err(|e| failed(&e))?;
    type Init = unsafe extern "C" fn() -> *const NifEntry;
    // SAFETY: C: the function of this name has this type.
    let init = unsafe {
        handle.get::<Init>(b"nif_init\0").or_else(|_| handle.get::<Init>(b"_nif_init\0"))
    };
    let init = init.map_err(|e| bad_lib(format!("Failed to find library init function: '{e}'")))?;
    {
        let mut taints = cx.vm().taints.lock().unwrap_or_else(|e| e.into_inner());
        if !taints.contains(&caller.name) {
            taints.insert(0, caller.name);
        }
    }
    // SAFETY: C.
    let entry = unsafe { init() };
    if entry.is_null() {
        return Err(bad_lib("Library init-call unsuccessful".into()));
    }
    let newest = nif_version(cx.vm().release());
    // SAFETY: C: the first two fields never changed.
    let version = unsafe { ((*entry).major, (*entry).minor) };
    if version > newest {
        // SAFETY: C: newer entries have the fields of older ones.
        let min_erts = unsafe { crate::atom::c_bytes((*entry).min_erts) };
        return Err(bad_lib(format!(
            "That '{}' NIF library needs {} or newer. Either try to recompile the NIF lib or use a \
             newer erts runtime.",
            shown(caller.name),
            lossy(min_erts)
        )));
    }
    /// The first maps, which nobody else understands.
    const EXPERIMENTAL: (c_int, c_int) = (2, 5);
    if version.0 < 2 || version == EXPERIMENTAL {
        return Err(bad_lib(format!(
            "That old NIF library ({}.{}) is not compatible with this erts runtime ({}.{}). Try \
             recompile the NIF lib.",
            version.0, version.1, newest.0, newest.1
        )));
    }
    // SAFETY: C.
    Ok((handle.into(), unsafe { Entry::read(entry) }))
}

/// Whether the library is for this VM and this module.
fn check(_: &Cx<'_>, caller: &LoadedModule, entry: &Entry) -> Result<(), Refused> {
    const VARIANT: &str = "beam.vanilla";
    if let Some(v) = &entry.vm_variant
        && v != VARIANT.as_bytes()
    {
        return Err(bad_lib(format!(
            "Library ({}) not compiled for this vm variant ({VARIANT}).",
            lossy(v)
        )));
    }
    if lossy(&entry.name) != caller.name.name() {
        return Err(bad_lib(format!(
            "Library module name '{}' does not match calling module '{}'",
            lossy(&entry.name),
            shown(caller.name)
        )));
    }
    Ok(())
}

/// The module's function that each function stands for, how it is scheduled, and its address.
fn functions(
    caller: &LoadedModule,
    entry: &Entry,
) -> Result<Vec<(usize, Kind, *const ())>, Refused> {
    let mut all: Vec<(usize, Kind, *const ())> = Vec::new();
    for f in &entry.functions {
        let name = lossy(&f.name);
        let mfa = || format!("{}:{}/{}", shown(caller.name), name, f.arity);
        let same = |e: &term::Export| e.function.name() == name && e.arity == f.arity;
        let index = caller.functions.iter().position(|x| same(&x.entry));
        let (Some(index), Some(target)) = (index, f.function) else {
            return Err(bad_lib(format!("Function not found {}", mfa())));
        };
        if !caller.nifs.is_empty() && !caller.nifs.contains(&index) {
            return Err(bad_lib(format!("Function not declared as nif {}", mfa())));
        }
        let kind = match f.flags {
            0 => Kind::Plain,
            DIRTY_CPU => Kind::DirtyCpu,
            DIRTY_IO => Kind::DirtyIo,
            flags => {
                let text = format!("Illegal flags field value {} for NIF {}", flags as i32, mfa());
                return Err(bad_lib(text));
            }
        };
        if all.iter().any(|a| a.0 == index) {
            return Err(bad_lib(format!("Duplicate NIF entry for {}", mfa())));
        }
        all.push((index, kind, target as *const ()));
    }
    Ok(all)
}

/// Runs `load` or `upgrade`.
fn start<'p>(
    cx: &Cx<'p>,
    library: &Arc<Library>,
    info: Term<'p>,
    before: Option<Arc<Library>>,
) -> Result<(), Refused> {
    let mut env = Env::of_call(cx, Arc::as_ptr(library));
    let info = info.raw().0;
    let slot = library.priv_data_slot();
    if let Some(before) = before {
        let Some(upgrade) = library.entry.upgrade else {
            return Err(Refused("upgrade", "Upgrade not supported by this NIF library.".into()));
        };
        let old = before.priv_data();
        // SAFETY: C: nobody else runs; the places hold the private data of both.
        let veto = unsafe { upgrade(&mut env, slot, before.priv_data_slot(), info) };
        if veto != 0 {
            // SAFETY: as above.
            unsafe { before.priv_data_slot().write(old) };
            let text = format!("Library upgrade-call unsuccessful ({veto}).");
            return Err(Refused("upgrade", text));
        }
    } else if let Some(load) = library.entry.load {
        // SAFETY: C.
        let veto = unsafe { load(&mut env, slot, info) };
        if veto != 0 {
            return Err(Refused("load", format!("Library load-call unsuccessful ({veto}).")));
        }
    }
    Ok(())
}
