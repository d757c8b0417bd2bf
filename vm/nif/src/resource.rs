//! Resources: objects of a library that terms refer to.
//!
//! An object is one block, of which the library sees the data. Its count is that of the [`Magic`] object behind the terms; the
//! library's own references are counts too. When the last goes the block is queued: its destructor runs on a scheduler
//! between slices, never inside of whatever let go.
//!
//! Types are found by module and name. A type's callbacks may be taken over by another library; each type
//! with callbacks holds a count of its library.

use crate::abi::{Dtor, ResourceTypeInit, Word};
use crate::atom::{atom_of, c_bytes};
use crate::check;
use crate::env::{Env, env, put, term};
use crate::library::Library;
use crate::monitor::Monitors;
use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ptr::NonNull;
use std::alloc::{Layout, alloc, dealloc};
use std::sync::{Arc, Mutex, RwLock};
use term::Atom;
use term::shared::{Magic, MagicHandle};

/// Where a type's objects are taken care of.
#[derive(Clone)]
pub struct Callbacks {
    pub init: ResourceTypeInit,
    /// Held while there is a callback.
    pub library: Option<Arc<Library>>,
}

const NO_CALLBACKS: ResourceTypeInit =
    ResourceTypeInit { dtor: None, stop: None, down: None, members: 0, dyncall: None };

impl Callbacks {
    const NONE: Callbacks = Callbacks { init: NO_CALLBACKS, library: None };
    /// For calling one of them.
    pub fn env(&self) -> Env {
        Env::independent(self.library.as_ref().map_or(core::ptr::null(), Arc::as_ptr))
    }
}

/// `ErlNifResourceType`
pub struct ResourceType {
    module: Atom,
    name: Atom,
    callbacks: RwLock<Callbacks>,
}

impl ResourceType {
    pub fn callbacks(&self) -> Callbacks {
        self.callbacks.read().unwrap_or_else(|e| e.into_inner()).clone()
    }
}

/// A type that `load` or `upgrade` opened: it becomes valid if that succeeds.
pub struct Opening {
    resource_type: Arc<ResourceType>,
    init: ResourceTypeInit,
}

/// Types with the library that owns them (its address).
static TYPES: Mutex<Vec<(Arc<ResourceType>, usize)>> = Mutex::new(Vec::new());

fn types() -> std::sync::MutexGuard<'static, Vec<(Arc<ResourceType>, usize)>> {
    TYPES.lock().unwrap_or_else(|e| e.into_inner())
}

/// `load` or `upgrade` has succeeded: its types are valid.
pub fn commit(library: &Arc<Library>) {
    let opened = core::mem::take(&mut *library.opening.lock().unwrap_or_else(|e| e.into_inner()));
    let owner = Arc::as_ptr(library) as usize;
    for o in opened {
        let i = &o.init;
        let any = i.dtor.is_some() || i.stop.is_some() || i.down.is_some() || i.dyncall.is_some();
        let fresh = Callbacks { init: o.init, library: any.then(|| library.clone()) };
        let old = {
            let mut c = o.resource_type.callbacks.write().unwrap_or_else(|e| e.into_inner());
            core::mem::replace(&mut *c, fresh)
        };
        let mut all = types();
        match all.iter_mut().find(|t| Arc::ptr_eq(&t.0, &o.resource_type)) {
            Some(t) => t.1 = owner,
            None => all.push((o.resource_type, owner)),
        }
        drop(all);
        // May close the library that had it before.
        drop(old);
    }
}

/// `load` or `upgrade` has failed.
pub fn roll_back(library: &Library) {
    library.opening.lock().unwrap_or_else(|e| e.into_inner()).clear();
}

/// The module version of the library was purged: its types are found no more.
pub fn forget_types(library: *const Library) {
    let gone: Vec<_> = types().extract_if(.., |t| t.1 == library as usize).collect();
    // May close the library.
    drop(gone);
}

/// `ERL_NIF_RT_CREATE`, `ERL_NIF_RT_TAKEOVER`
const CREATE: c_uint = 1;
const TAKEOVER: c_uint = 2;

unsafe fn open(
    e: *mut Env,
    name: *const c_char,
    init: ResourceTypeInit,
    flags: c_uint,
    tried: *mut c_uint,
) -> *const ResourceType {
    // SAFETY: C.
    let (e, name) = unsafe { (env(e), c_bytes(name)) };
    // SAFETY: C: only called by `load` and `upgrade`.
    let Some(library) = (unsafe { e.library().as_ref() }) else { return core::ptr::null() };
    let Some(name) = atom_of(name) else { return core::ptr::null() };
    let module = library.module;
    let found =
        types().iter().find(|t| t.0.module == module && t.0.name == name).map(|t| t.0.clone());
    let (op, resource_type) = match found {
        Some(t) if flags & TAKEOVER != 0 => (TAKEOVER, Some(t)),
        None if flags & CREATE != 0 => {
            let callbacks = RwLock::new(Callbacks::NONE);
            (CREATE, Some(Arc::new(ResourceType { module, name, callbacks })))
        }
        _ => (flags, None),
    };
    if !tried.is_null() {
        // SAFETY: C.
        unsafe { put(tried, op) };
    }
    let Some(resource_type) = resource_type else { return core::ptr::null() };
    let address = Arc::as_ptr(&resource_type);
    let opened = Opening { resource_type, init };
    library.opening.lock().unwrap_or_else(|e| e.into_inner()).push(opened);
    address
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_open_resource_type(
    e: *mut Env,
    _module: *const c_char,
    name: *const c_char,
    dtor: Option<Dtor>,
    flags: c_uint,
    tried: *mut c_uint,
) -> *const ResourceType {
    // SAFETY: C.
    unsafe { open(e, name, ResourceTypeInit { dtor, ..NO_CALLBACKS }, flags, tried) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_open_resource_type_x(
    e: *mut Env,
    name: *const c_char,
    init: *const ResourceTypeInit,
    flags: c_uint,
    tried: *mut c_uint,
) -> *const ResourceType {
    // SAFETY: C: three callbacks; older structures end there.
    unsafe {
        let init = ResourceTypeInit {
            dtor: (*init).dtor,
            stop: (*init).stop,
            down: (*init).down,
            ..NO_CALLBACKS
        };
        open(e, name, init, flags, tried)
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_init_resource_type(
    e: *mut Env,
    name: *const c_char,
    init: *const ResourceTypeInit,
    flags: c_uint,
    tried: *mut c_uint,
) -> *const ResourceType {
    // SAFETY: C: as many callbacks as it says.
    unsafe {
        let n = (*init).members;
        let init = ResourceTypeInit {
            dtor: if n >= 1 { (*init).dtor } else { None },
            stop: if n >= 2 { (*init).stop } else { None },
            down: if n >= 3 { (*init).down } else { None },
            members: n,
            dyncall: if n >= 4 { (*init).dyncall } else { None },
        };
        open(e, name, init, flags, tried)
    }
}

/// What stands before the data of an object.
#[repr(C, align(16))]
pub struct Block {
    pub resource_type: Arc<ResourceType>,
    /// The object behind the terms: it holds this block.
    magic: *const Magic,
    id: (u64, u64),
    size: usize,
    pub monitors: Monitors,
}

/// What a magic reference to a resource holds.
pub struct Resource(NonNull<Block>);

// SAFETY: the block's fields are shared safely; the data are the library's.
unsafe impl Send for Resource {}
// SAFETY: as above.
unsafe impl Sync for Resource {}

impl Drop for Resource {
    fn drop(&mut self) {
        // SAFETY: the last reference is gone; the destructor gets the block.
        unsafe { self.0.as_ref() }.monitors.clear();
        crate::vm().sched.later(destroy, self.0.as_ptr() as usize);
    }
}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size_of::<Block>().checked_add(size)?, align_of::<Block>()).ok()
}

/// The block of an object.
/// # Safety
/// C: an object of ours.
pub unsafe fn block<'a>(object: *mut c_void) -> &'a Block {
    // SAFETY: C: the data follow the block.
    unsafe { &*object.cast::<Block>().sub(1) }
}

fn data(block: *mut Block) -> *mut c_void {
    block.wrapping_add(1).cast()
}

/// Another count of an object.
/// # Safety
/// C: an object of ours.
pub unsafe fn handle_of(object: *mut c_void) -> MagicHandle {
    // SAFETY: C: the object lives, so its count is not zero.
    unsafe {
        let magic = block(object).magic;
        Arc::increment_strong_count(magic);
        Arc::from_raw(magic)
    }
}

/// The term of the object behind a handle.
pub fn reference<'h>(h: &'h term::Heap, handle: MagicHandle) -> Option<term::Term<'h>> {
    let block = handle.downcast::<Resource>()?.0;
    // SAFETY: the handle keeps the block.
    let (n0, n1) = unsafe { block.as_ref() }.id;
    Some(h.magic_reference(n0, n1, handle))
}

/// Calls the destructor and frees the block.
fn destroy(block: usize) {
    let p = block as *mut Block;
    // SAFETY: queued once, when the last reference was gone.
    let b = unsafe { &*p };
    let c = b.resource_type.callbacks();
    if let Some(dtor) = c.init.dtor {
        let mut env = c.env();
        // SAFETY: C.
        unsafe { dtor(&mut env, data(p)) };
    }
    let size = b.size;
    check::resource_gone(data(p));
    // SAFETY: allocated with this layout; nobody refers to it.
    unsafe {
        core::ptr::drop_in_place(p);
        if let Some(l) = layout(size) {
            dealloc(p.cast(), l);
        }
    }
    // May close the library.
    drop(c);
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_alloc_resource(t: *const ResourceType, size: usize) -> *mut c_void {
    let Some(l) = layout(size) else { return core::ptr::null_mut() };
    // SAFETY: C: the type is alive; the layout is not of size zero. The block is written before anyone sees it.
    unsafe {
        let p = alloc(l).cast::<Block>();
        let Some(at) = NonNull::new(p) else { return core::ptr::null_mut() };
        Arc::increment_strong_count(t);
        p.write(Block {
            resource_type: Arc::from_raw(t),
            magic: core::ptr::null(),
            id: vm::refs::next_magic(),
            size,
            monitors: Monitors::default(),
        });
        // The library's count.
        (*p).magic = Arc::into_raw(Magic::handle(Resource(at)));
        check::resource_made(data(p));
        data(p)
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_keep_resource(object: *mut c_void) -> c_int {
    // SAFETY: C.
    unsafe { Arc::increment_strong_count(block(object).magic) };
    check::resource_kept(object);
    1
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_release_resource(object: *mut c_void) {
    if !check::resource_released(object) {
        return;
    }
    // SAFETY: C: a count of the library.
    unsafe { Arc::decrement_strong_count(block(object).magic) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_sizeof_resource(object: *mut c_void) -> usize {
    // SAFETY: C.
    unsafe { block(object) }.size
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_resource(e: *mut Env, object: *mut c_void) -> Word {
    // SAFETY: C.
    unsafe {
        let (n0, n1) = block(object).id;
        env(e).heap().magic_reference(n0, n1, handle_of(object)).raw().0
    }
}

/// The object behind a term.
unsafe fn object_of(t: Word) -> Option<*mut Block> {
    // SAFETY: C.
    let t = unsafe { term(t) };
    if let Some(b) = t.as_bits() {
        // A binary made of the object's memory stands for it, too.
        return Some(b.handle()?.object()?.downcast::<Resource>()?.0.as_ptr());
    }
    let magic = t.as_reference()?.magic_ref()?;
    Some(magic.downcast::<Resource>()?.0.as_ptr())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_resource(
    _: *mut Env,
    t: Word,
    resource_type: *const ResourceType,
    to: *mut *mut c_void,
) -> c_int {
    // SAFETY: C.
    unsafe {
        match object_of(t) {
            Some(b) if Arc::as_ptr(&(*b).resource_type) == resource_type => put(to, data(b)),
            _ => 0,
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_dynamic_resource_call(
    e: *mut Env,
    module: Word,
    name: Word,
    t: Word,
    call_data: *mut c_void,
) -> c_int {
    // SAFETY: C.
    unsafe {
        let Some(b) = object_of(t).filter(|_| term(t).as_reference().is_some()) else {
            return 1;
        };
        let rt = &(*b).resource_type;
        if term(module).as_atom() != Some(rt.module) || term(name).as_atom() != Some(rt.name) {
            return 1;
        }
        let c = rt.callbacks();
        let Some(dyncall) = c.init.dyncall else { return 1 };
        dyncall(e, data(b), call_data);
        0
    }
}
