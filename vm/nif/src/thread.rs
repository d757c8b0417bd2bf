//! Threads, locks and thread specific data of libraries, on POSIX threads.
//!
//! `enif_*` and `erl_drv_*` are the same functions under two names. Every object is a box of ours with its name.

use crate::check;
use core::cell::Cell;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::null_mut;
use std::cell::RefCell;
use std::ffi::CString;
use std::sync::Mutex;

macro_rules! both {
    ($( fn $nif:ident, $drv:ident($($a:ident: $t:ty),*) $(-> $r:ty)? $body:block )*) => { $(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $nif($($a: $t),*) $(-> $r)? $body
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $drv($($a: $t),*) $(-> $r)? {
            // SAFETY: C.
            unsafe { $nif($($a),*) }
        }
    )* };
}

/// Tells the checks of a lock that was taken, if it was.
fn taken(result: c_int, lock: *const c_void, name: &CStr) -> c_int {
    if result == 0 {
        check::locked(lock, name);
    }
    result
}

/// A copy of a name that may be null.
unsafe fn own_name(name: *const c_char) -> CString {
    if name.is_null() {
        return CString::default();
    }
    // SAFETY: C.
    unsafe { CStr::from_ptr(name) }.to_owned()
}

pub struct LibMutex {
    lock: libc::pthread_mutex_t,
    name: CString,
}
pub struct LibCond {
    bell: libc::pthread_cond_t,
    name: CString,
}
pub struct LibRwLock {
    lock: libc::pthread_rwlock_t,
    name: CString,
}

both! {
    fn enif_mutex_create, erl_drv_mutex_create(name: *const c_char) -> *mut LibMutex {
        // SAFETY: C.
        let name = unsafe { own_name(name) };
        Box::into_raw(Box::new(LibMutex { lock: libc::PTHREAD_MUTEX_INITIALIZER, name }))
    }
    fn enif_mutex_destroy, erl_drv_mutex_destroy(m: *mut LibMutex) {
        if !m.is_null() {
            // SAFETY: C: made above, used no more.
            unsafe {
                libc::pthread_mutex_destroy(&raw mut (*m).lock);
                drop(Box::from_raw(m));
            }
        }
    }
    fn enif_mutex_trylock, erl_drv_mutex_trylock(m: *mut LibMutex) -> c_int {
        // SAFETY: C.
        unsafe {
            let r = libc::pthread_mutex_trylock(&raw mut (*m).lock);
            taken(r, m.cast(), &(*m).name)
        }
    }
    fn enif_mutex_lock, erl_drv_mutex_lock(m: *mut LibMutex) {
        // SAFETY: C.
        unsafe {
            libc::pthread_mutex_lock(&raw mut (*m).lock);
            taken(0, m.cast(), &(*m).name);
        }
    }
    fn enif_mutex_unlock, erl_drv_mutex_unlock(m: *mut LibMutex) {
        // SAFETY: C.
        unsafe { libc::pthread_mutex_unlock(&raw mut (*m).lock) };
        check::unlocked(m.cast());
    }
    fn enif_mutex_name, erl_drv_mutex_name(m: *mut LibMutex) -> *const c_char {
        if m.is_null() {
            return core::ptr::null();
        }
        // SAFETY: C.
        unsafe { (*m).name.as_ptr() }
    }
    fn enif_cond_create, erl_drv_cond_create(name: *const c_char) -> *mut LibCond {
        // SAFETY: C.
        let name = unsafe { own_name(name) };
        Box::into_raw(Box::new(LibCond { bell: libc::PTHREAD_COND_INITIALIZER, name }))
    }
    fn enif_cond_destroy, erl_drv_cond_destroy(c: *mut LibCond) {
        if !c.is_null() {
            // SAFETY: C: made above, used no more.
            unsafe {
                libc::pthread_cond_destroy(&raw mut (*c).bell);
                drop(Box::from_raw(c));
            }
        }
    }
    fn enif_cond_signal, erl_drv_cond_signal(c: *mut LibCond) {
        // SAFETY: C.
        unsafe { libc::pthread_cond_signal(&raw mut (*c).bell) };
    }
    fn enif_cond_broadcast, erl_drv_cond_broadcast(c: *mut LibCond) {
        // SAFETY: C.
        unsafe { libc::pthread_cond_broadcast(&raw mut (*c).bell) };
    }
    fn enif_cond_wait, erl_drv_cond_wait(c: *mut LibCond, m: *mut LibMutex) {
        // SAFETY: C: the caller holds the mutex.
        unsafe { libc::pthread_cond_wait(&raw mut (*c).bell, &raw mut (*m).lock) };
    }
    fn enif_cond_name, erl_drv_cond_name(c: *mut LibCond) -> *const c_char {
        if c.is_null() {
            return core::ptr::null();
        }
        // SAFETY: C.
        unsafe { (*c).name.as_ptr() }
    }
    fn enif_rwlock_create, erl_drv_rwlock_create(name: *const c_char) -> *mut LibRwLock {
        // SAFETY: C.
        let name = unsafe { own_name(name) };
        Box::into_raw(Box::new(LibRwLock { lock: libc::PTHREAD_RWLOCK_INITIALIZER, name }))
    }
    fn enif_rwlock_destroy, erl_drv_rwlock_destroy(l: *mut LibRwLock) {
        if !l.is_null() {
            // SAFETY: C: made above, used no more.
            unsafe {
                libc::pthread_rwlock_destroy(&raw mut (*l).lock);
                drop(Box::from_raw(l));
            }
        }
    }
    fn enif_rwlock_tryrlock, erl_drv_rwlock_tryrlock(l: *mut LibRwLock) -> c_int {
        // SAFETY: C.
        unsafe {
            let r = libc::pthread_rwlock_tryrdlock(&raw mut (*l).lock);
            taken(r, l.cast(), &(*l).name)
        }
    }
    fn enif_rwlock_rlock, erl_drv_rwlock_rlock(l: *mut LibRwLock) {
        // SAFETY: C.
        unsafe {
            libc::pthread_rwlock_rdlock(&raw mut (*l).lock);
            taken(0, l.cast(), &(*l).name);
        }
    }
    fn enif_rwlock_runlock, erl_drv_rwlock_runlock(l: *mut LibRwLock) {
        // SAFETY: C.
        unsafe { libc::pthread_rwlock_unlock(&raw mut (*l).lock) };
        check::unlocked(l.cast());
    }
    fn enif_rwlock_tryrwlock, erl_drv_rwlock_tryrwlock(l: *mut LibRwLock) -> c_int {
        // SAFETY: C.
        unsafe {
            let r = libc::pthread_rwlock_trywrlock(&raw mut (*l).lock);
            taken(r, l.cast(), &(*l).name)
        }
    }
    fn enif_rwlock_rwlock, erl_drv_rwlock_rwlock(l: *mut LibRwLock) {
        // SAFETY: C.
        unsafe {
            libc::pthread_rwlock_wrlock(&raw mut (*l).lock);
            taken(0, l.cast(), &(*l).name);
        }
    }
    fn enif_rwlock_rwunlock, erl_drv_rwlock_rwunlock(l: *mut LibRwLock) {
        // SAFETY: C.
        unsafe { libc::pthread_rwlock_unlock(&raw mut (*l).lock) };
        check::unlocked(l.cast());
    }
    fn enif_rwlock_name, erl_drv_rwlock_name(l: *mut LibRwLock) -> *const c_char {
        if l.is_null() {
            return core::ptr::null();
        }
        // SAFETY: C.
        unsafe { (*l).name.as_ptr() }
    }
}

// Thread specific data: keys are numbers; each thread has a table of its own.

/// Names of the keys in use.
static KEYS: Mutex<Vec<Option<CString>>> = Mutex::new(Vec::new());

thread_local! {
    static DATA: RefCell<Vec<*mut c_void>> = const { RefCell::new(Vec::new()) };
}

both! {
    fn enif_tsd_key_create, erl_drv_tsd_key_create(name: *const c_char, key: *mut c_int) -> c_int {
        // SAFETY: C.
        let name = unsafe { own_name(name) };
        let mut keys = KEYS.lock().unwrap_or_else(|e| e.into_inner());
        let free = keys.iter().position(Option::is_none);
        let i = free.unwrap_or_else(|| {
            keys.push(None);
            keys.len() - 1
        });
        keys[i] = Some(name);
        // SAFETY: C.
        unsafe { key.write(i as c_int) };
        0
    }
    fn enif_tsd_key_destroy, erl_drv_tsd_key_destroy(key: c_int) {
        let mut keys = KEYS.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(k) = usize::try_from(key).ok().and_then(|i| keys.get_mut(i)) {
            *k = None;
        }
    }
    fn enif_tsd_set, erl_drv_tsd_set(key: c_int, data: *mut c_void) {
        let Ok(i) = usize::try_from(key) else { return };
        DATA.with_borrow_mut(|all| {
            if all.len() <= i {
                all.resize(i + 1, null_mut());
            }
            all[i] = data;
        });
    }
    fn enif_tsd_get, erl_drv_tsd_get(key: c_int) -> *mut c_void {
        let i = usize::try_from(key).unwrap_or(usize::MAX);
        DATA.with_borrow(|all| all.get(i).copied().unwrap_or(null_mut()))
    }
}

// Threads.

type Body = unsafe extern "C" fn(*mut c_void) -> *mut c_void;

/// `ErlNifThreadOpts`
#[repr(C)]
pub struct ThreadOpts {
    /// In kilowords; negative: the usual.
    suggested_stack_size: c_int,
}

/// What an `ErlNifTid` points to. Freed when the thread is joined.
pub struct LibThread {
    id: Cell<libc::pthread_t>,
    name: CString,
    body: Option<Body>,
    arg: *mut c_void,
}

thread_local! {
    static THIS: Cell<*mut LibThread> = const { Cell::new(null_mut()) };
}

unsafe extern "C" fn run_thread(t: *mut c_void) -> *mut c_void {
    let t = t.cast::<LibThread>();
    THIS.set(t);
    // SAFETY: C: the thread's object lives until it is joined.
    unsafe {
        match (*t).body {
            Some(f) => f((*t).arg),
            None => null_mut(),
        }
    }
}

both! {
    fn enif_thread_opts_create, erl_drv_thread_opts_create(_name: *const c_char) -> *mut ThreadOpts {
        Box::into_raw(Box::new(ThreadOpts { suggested_stack_size: -1 }))
    }
    fn enif_thread_opts_destroy, erl_drv_thread_opts_destroy(o: *mut ThreadOpts) {
        if !o.is_null() {
            // SAFETY: C: made above.
            drop(unsafe { Box::from_raw(o) });
        }
    }
    fn enif_thread_create, erl_drv_thread_create(
        name: *const c_char,
        tid: *mut *mut LibThread,
        body: Option<Body>,
        arg: *mut c_void,
        opts: *const ThreadOpts
    ) -> c_int {
        // SAFETY: C; the object lives until the thread is joined, the attributes until they are destroyed here.
        unsafe {
            let name = own_name(name);
            let t = Box::into_raw(Box::new(LibThread { id: Cell::new(0), name, body, arg }));
            let mut attr: libc::pthread_attr_t = core::mem::zeroed();
            libc::pthread_attr_init(&mut attr);
            if let Some(o) = opts.as_ref()
                && let Ok(kilowords @ 1..) = usize::try_from(o.suggested_stack_size)
            {
                let size = (kilowords * 1024 * size_of::<usize>()).max(libc::PTHREAD_STACK_MIN);
                libc::pthread_attr_setstacksize(&mut attr, size.next_multiple_of(4096));
            }
            let mut id = 0;
            // OS signals are for the VM's own threads.
            let mut all: libc::sigset_t = core::mem::zeroed();
            let mut old: libc::sigset_t = core::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut old);
            let error = libc::pthread_create(&mut id, &attr, start(), t.cast());
            libc::pthread_sigmask(libc::SIG_SETMASK, &old, null_mut());
            libc::pthread_attr_destroy(&mut attr);
            if error != 0 {
                drop(Box::from_raw(t));
                return error;
            }
            (*t).id.set(id);
            tid.write(t);
            0
        }
    }
    fn enif_thread_self, erl_drv_thread_self() -> *mut LibThread {
        if THIS.get().is_null() {
            // One of the VM's threads: its object is never freed.
            let name = std::thread::current().name().and_then(|n| CString::new(n).ok());
            // SAFETY: has no condition.
            let id = Cell::new(unsafe { libc::pthread_self() });
            let t = LibThread { id, name: name.unwrap_or_default(), body: None, arg: null_mut() };
            THIS.set(Box::into_raw(Box::new(t)));
        }
        THIS.get()
    }
    fn enif_equal_tids, erl_drv_equal_tids(a: *mut LibThread, b: *mut LibThread) -> c_int {
        c_int::from(a == b)
    }
    fn enif_thread_exit, erl_drv_thread_exit(result: *mut c_void) {
        // SAFETY: C: a thread of the library's own.
        unsafe { libc::pthread_exit(result) }
    }
    fn enif_thread_join, erl_drv_thread_join(t: *mut LibThread, result: *mut *mut c_void) -> c_int {
        // SAFETY: C: made by `enif_thread_create` and not joined yet.
        unsafe {
            let mut r = null_mut();
            let error = libc::pthread_join((*t).id.get(), &mut r);
            if error != 0 {
                return error;
            }
            if !result.is_null() {
                result.write(r);
            }
            drop(Box::from_raw(t));
            0
        }
    }
    fn enif_thread_name, erl_drv_thread_name(t: *mut LibThread) -> *const c_char {
        if t.is_null() {
            return core::ptr::null();
        }
        // SAFETY: C.
        unsafe { (*t).name.as_ptr() }
    }
}

fn start() -> extern "C" fn(*mut c_void) -> *mut c_void {
    // SAFETY: the same function; the type of the C library leaves the word `unsafe` out.
    unsafe { core::mem::transmute(run_thread as Body) }
}
