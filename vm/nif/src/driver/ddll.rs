//! Loading and unloading drivers: the natives of `erl_ddll` [erl_bif_ddll.c].
//!
//! A driver is held by the processes that loaded it and by its open ports. When nobody holds it any more it is unloaded, and
//! loaded anew if that was asked for. Processes may wait to be told of either. Everything is in one table under one lock, which
//! is not held while a driver runs, except for its `init` and `finish`.

use crate::driver::abi::{DriverEntryC, MARKER};
use crate::driver::{NativeDriver, Unloaded};
use crate::time::DRIVER_VERSION;
use core::ffi::CStr;
use core::sync::atomic::{AtomicU64, Ordering};
use libloading::os::unix::Library;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use term::atom::am;
use term::shared::Magic;
use term::{Atom, Heap, OwnedTerm, Term, atom};
use vm::port::Poster;
use vm::signal::{RefId, Sender};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erl_ddll" {
    Heavy "try_load"/3 => try_load(0, 1, 2);
    Heavy "try_unload"/2 => try_unload(0, 1);
    Plain "loaded_drivers"/0 => loaded_drivers();
    Plain "info"/2 => info(0, 1);
    Plain "format_error_int"/1 => format_error(0);
    Plain "monitor"/2 => monitor(0, 1);
    Plain "demonitor"/1 => demonitor(0);
} }

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    Fine,
    Unload,
    ForceUnload,
    Reload,
    ForceReload,
    Permanent,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Loaded,
    AwaitUnload,
    AwaitUnloadOnly,
    AwaitLoad,
}

/// What a process has to do with a driver.
struct Entry {
    pid: u64,
    what: What,
    /// The monitor of one who waits.
    id: RefId,
    /// Does not hold the driver.
    dereferenced: bool,
}

struct Wanted {
    path: Vec<u8>,
    kill_ports: bool,
}

/// A loaded driver.
struct Handle {
    path: Vec<u8>,
    kill_ports: bool,
    status: Status,
    /// The latest first.
    entries: Vec<Entry>,
    reload: Option<Wanted>,
    driver: Arc<NativeDriver>,
    ports: Vec<Poster>,
    /// Closed after `finish`.
    library: Library,
}

impl Handle {
    fn count(&self, what: What) -> usize {
        self.entries.iter().filter(|e| e.what == what).count()
    }
    fn add(&mut self, pid: u64, what: What, id: RefId, dereferenced: bool) {
        self.entries.insert(0, Entry { pid, what, id, dereferenced });
    }
    /// Takes out one loading of a process.
    fn take_loaded(&mut self, pid: u64) -> bool {
        match self.entries.iter().position(|e| e.pid == pid && e.what == What::Loaded) {
            Some(i) => {
                self.entries.remove(i);
                true
            }
            None => false,
        }
    }
    /// Tells those who wait for this, who then wait no more.
    fn notify(&mut self, name: &str, what: What, kind: Atom, tag: Atom) {
        for e in self.entries.extract_if(.., |e| e.what == what) {
            tell(&e, name, kind, |_| tag.into());
        }
    }
    fn held(&self) -> bool {
        self.entries.iter().any(|e| e.what == What::Loaded && !e.dereferenced)
            || self.driver.ports.load(Ordering::Acquire) > 0
    }
    fn is_pending(&self) -> bool {
        !matches!(self.status, Status::Fine | Status::Permanent)
    }
}

type Table = HashMap<String, Handle>;

static TABLE_: Mutex<Option<Table>> = Mutex::new(None);
static SERIAL: AtomicU64 = AtomicU64::new(1);

fn lock() -> MutexGuard<'static, Option<Table>> {
    TABLE_.lock().unwrap_or_else(|e| e.into_inner())
}

/// `{'UP' | 'DOWN', Ref, driver, Name, Tag}`
fn tell(e: &Entry, name: &str, kind: Atom, tag: impl for<'h> FnOnce(&'h Heap) -> Term<'h>) {
    let m = OwnedTerm::build(|h| {
        let name = Atom::try_new(name).unwrap_or(am::UNDEFINED);
        let parts =
            [kind.into(), h.reference(e.id.0, e.id.1), atom!("driver").into(), name.into(), tag(h)];
        h.tuple(&parts)
    });
    crate::vm().send_message(Sender::System, e.pid, m);
}

/// Why a driver was not loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Failure {
    NoInit,
    InitFailed,
    BadName,
    BadVersion,
    /// What the system said: the number under which it is kept.
    Open(usize),
}

/// Texts of failed openings, by number.
static TEXTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Numbers of such failures begin here.
const FIRST_TEXT: i64 = -10;

impl Failure {
    fn open(text: String) -> Failure {
        let mut texts = TEXTS.lock().unwrap_or_else(|e| e.into_inner());
        let i = texts.iter().position(|t| *t == text).unwrap_or_else(|| {
            texts.push(text);
            texts.len() - 1
        });
        Failure::Open(i)
    }
    fn term<'h>(&self, h: &'h Heap) -> Term<'h> {
        match self {
            Failure::NoInit => atom!("no_driver_init").into(),
            Failure::InitFailed => atom!("driver_init_failed").into(),
            Failure::BadName => atom!("bad_driver_name").into(),
            Failure::BadVersion => atom!("driver_incorrect_version").into(),
            Failure::Open(i) => {
                h.tuple(&[atom!("open_error").into(), Term::small(FIRST_TEXT - *i as i64)])
            }
        }
    }
}

/// `system_info(taints)` shows the driver from here on.
fn taint(name: &str) {
    let Some(name) = Atom::try_new(name) else { return };
    let mut taints = crate::vm().taints.lock().unwrap_or_else(|e| e.into_inner());
    if !taints.contains(&name) {
        taints.insert(0, name);
    }
}

/// Opens the library and starts the driver.
fn load(name: &str, path: &[u8]) -> Result<(Library, Arc<NativeDriver>), Failure> {
    let file = [path, b".so"].concat();
    // SAFETY: C: what runs at the library's opening is as good as its functions.
    let library = unsafe { crate::open::open(&file) }.map_err(|e| Failure::open(e.to_string()))?;
    type Init = unsafe extern "C" fn() -> *const DriverEntryC;
    // SAFETY: C: the function of this name has this type; the entry lives as long as the library.
    let driver = unsafe {
        let init = library.get::<Init>(b"driver_init\0").map_err(|_| Failure::NoInit)?;
        taint(name);
        let entry = init();
        if entry.is_null() {
            return Err(Failure::InitFailed);
        }
        const OLDEST: i32 = 2;
        let version = ((*entry).major_version, (*entry).minor_version);
        if (*entry).extended_marker != MARKER || version.0 < OLDEST || version > DRIVER_VERSION {
            return Err(Failure::BadVersion);
        }
        if CStr::from_ptr((*entry).driver_name).to_bytes() != name.as_bytes() {
            return Err(Failure::BadName);
        }
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        NativeDriver::new(name.into(), entry, serial)
    };
    let driver = Arc::new(driver);
    if let Some(init) = driver.entry().init {
        // SAFETY: C.
        if unsafe { init() } != 0 {
            return Err(Failure::InitFailed);
        }
    }
    if !crate::vm().ports.add_driver(driver.port_driver()) {
        return Err(Failure::InitFailed);
    }
    Ok((library, driver))
}

/// Unloads, and loads anew, what nobody holds any more.
fn settle(all: &mut Table, name: &str) {
    let Some(h) = all.get(name) else { return };
    if h.held() || !h.is_pending() {
        return;
    }
    let Some(mut h) = all.remove(name) else { return };
    crate::vm().ports.remove_driver(name);
    if let Some(finish) = h.driver.entry().finish {
        // SAFETY: C: no port is left.
        unsafe { finish() };
    }
    h.notify(name, What::AwaitUnload, atom!("DOWN"), atom!("unloaded"));
    h.notify(name, What::AwaitUnloadOnly, atom!("DOWN"), atom!("unloaded"));
    let Handle { entries, reload, library, .. } = h;
    drop(library);
    let Some(wanted) = reload else { return };
    match load(name, &wanted.path) {
        Ok((library, driver)) => {
            let mut fresh = Handle {
                path: wanted.path,
                kill_ports: wanted.kill_ports,
                status: Status::Fine,
                entries,
                reload: None,
                driver,
                ports: Vec::new(),
                library,
            };
            fresh.entries.iter_mut().for_each(|e| e.dereferenced = false);
            fresh.notify(name, What::AwaitLoad, atom!("UP"), atom!("loaded"));
            all.insert(name.into(), fresh);
        }
        Err(f) => {
            for e in entries.iter().filter(|e| e.what == What::AwaitLoad) {
                tell(e, name, atom!("DOWN"), |h| {
                    h.tuple(&[atom!("load_failure").into(), f.term(h)])
                });
            }
        }
    }
}

fn settle_now(name: &str) {
    if let Some(all) = lock().as_mut() {
        settle(all, name);
    }
}

// What ports tell.

/// Whether ports may be opened: not while the driver is being forced out.
pub fn may_open(d: &NativeDriver) -> bool {
    let t = lock();
    let found = t.as_ref().and_then(|t| t.get(&d.name)).filter(|h| h.driver.serial == d.serial);
    found.is_none_or(|h| !matches!(h.status, Status::ForceUnload | Status::ForceReload))
}
pub fn port_opened(d: &NativeDriver, port: Poster) {
    if let Some(h) = lock().as_mut().and_then(|t| t.get_mut(&d.name)) {
        // Those that are gone leave when the room is used up; afterwards half of it is free.
        if h.ports.len() == h.ports.capacity() {
            h.ports.retain(Poster::is_alive);
            let n = h.ports.len();
            if n * 2 > h.ports.capacity() {
                h.ports.reserve(n + 1);
            }
        }
        h.ports.push(port);
    }
}
/// A port of the driver is gone. It may be the last that held it: seen to when the port has let go of it.
pub fn port_gone(d: &Arc<NativeDriver>) {
    if d.serial == 0 || d.ports.load(Ordering::Acquire) > 0 {
        return;
    }
    fn look(name: usize) {
        // SAFETY: a box of ours, made below.
        let name = unsafe { Box::from_raw(name as *mut String) };
        settle_now(&name);
    }
    crate::vm().sched.later(look, Box::into_raw(Box::new(d.name.clone())) as usize);
}
pub fn is_loaded(name: &str) -> bool {
    lock().as_ref().is_some_and(|t| t.contains_key(name))
}
/// The driver is never unloaded again.
pub fn make_permanent(name: &str, serial: u64) -> bool {
    let mut t = lock();
    let Some(h) = t.as_mut().and_then(|t| t.get_mut(name)) else { return false };
    if h.driver.serial != serial {
        return false;
    }
    h.status = Status::Permanent;
    for what in [What::AwaitUnload, What::AwaitUnloadOnly, What::AwaitLoad] {
        h.notify(name, what, atom!("UP"), atom!("permanent"));
    }
    h.entries.clear();
    true
}

fn kill_ports(ports: Vec<Poster>) {
    for p in ports {
        p.post(Box::new(Unloaded));
    }
}

/// A process that used these natives ends.
fn process_exits(pid: u64) {
    let mut killed = Vec::new();
    let names: Vec<String> = {
        let mut t = lock();
        let Some(all) = t.as_mut() else { return };
        let mut names = Vec::new();
        for (name, h) in all.iter_mut().filter(|(_, h)| h.status != Status::Permanent) {
            let before = h.entries.len();
            h.entries.retain(|e| e.pid != pid);
            if h.entries.len() == before || h.count(What::Loaded) > 0 {
                continue;
            }
            if h.reload.take().is_some() {
                h.notify(name, What::AwaitLoad, atom!("DOWN"), atom!("load_cancelled"));
            }
            h.status = Status::Unload;
            if h.kill_ports && h.driver.ports.load(Ordering::Acquire) > 0 {
                h.status = Status::ForceUnload;
                killed.append(&mut h.ports);
            }
            names.push(name.clone());
        }
        names
    };
    kill_ports(killed);
    names.iter().for_each(|n| settle_now(n));
}

/// Has [`process_exits`] called.
fn watch(cx: &Cx<'_>) {
    struct User(u64);
    fn gone(m: &Magic) {
        if let Some(u) = m.downcast::<User>() {
            process_exits(u.0);
        }
    }
    // Not the number of any reference.
    const USES_DRIVERS: RefId = (u64::MAX, 1);
    cx.own(USES_DRIVERS, Magic::handle(User(cx.pid())), gone);
}

// The natives.

fn name_of(t: Term<'_>) -> Option<String> {
    let name = match t.as_atom() {
        Some(a) => a.name().to_owned(),
        None => String::from_utf8(crate::binary::flatten(t)?).ok()?,
    };
    (!name.is_empty() && !name.contains('\0')).then_some(name)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pending {
    Driver,
    Any,
}

fn pending(t: Term<'_>) -> Option<Pending> {
    match t.as_atom()?.name() {
        "pending_driver" => Some(Pending::Driver),
        "pending" => Some(Pending::Any),
        _ => None,
    }
}

#[derive(Default)]
struct Options {
    kill_ports: bool,
    monitor: Option<Pending>,
    reload: Option<Pending>,
}

fn load_options(t: Term<'_>) -> Option<Options> {
    let mut o = Options::default();
    for opt in t.to_vec()? {
        let [key, value] = opt.as_tuple_of::<2>()?;
        match key.as_atom()?.name() {
            "driver_options" => {
                for d in value.to_vec()? {
                    d.is_atom_of(atom!("kill_ports")).then_some(())?;
                    o.kill_ports = true;
                }
            }
            "monitor" => o.monitor = Some(pending(value)?),
            "reload" => o.reload = Some(pending(value)?),
            _ => return None,
        }
    }
    Some(o)
}

/// `{ok, Status}`, with a monitor's reference if one is wanted.
fn ok<'p>(cx: &Cx<'p>, status: Atom, id: Option<RefId>) -> Term<'p> {
    let h = cx.heap();
    match id {
        Some((a, b)) => h.tuple(&[am::OK.into(), status.into(), h.reference(a, b)]),
        None => h.tuple(&[am::OK.into(), status.into()]),
    }
}
fn error<'p>(cx: &Cx<'p>, reason: Term<'p>) -> Term<'p> {
    cx.heap().tuple(&[am::ERROR.into(), reason])
}

fn try_load<'p>(cx: &Cx<'p>, path: Term<'p>, name: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    let o = cx.need(load_options(options))?;
    let name = cx.need(name_of(name))?;
    let dir = match path.as_atom() {
        Some(a) => Some(a.name().as_bytes().to_vec()),
        None => crate::load::path_of(path),
    };
    let mut path = cx.need(dir)?;
    while matches!(path.last(), Some(b'/' | b'\\')) {
        path.pop();
    }
    path.push(b'/');
    path.extend_from_slice(name.as_bytes());
    let mut killed = Vec::new();
    let answer = {
        let mut t = lock();
        let all = t.get_or_insert_default();
        let r = load_or_join(cx, all, &name, path, &o, &mut killed);
        match r {
            Ok((status, wait)) => {
                watch(cx);
                let id = wait.then(vm::refs::next);
                if let (Some(id), Some(h)) = (id, all.get_mut(&name)) {
                    h.add(cx.pid(), What::AwaitLoad, id, false);
                }
                ok(cx, status, id)
            }
            Err(reason) => error(cx, reason),
        }
    };
    kill_ports(killed);
    settle_now(&name);
    Ok(answer)
}

/// Status, and whether the caller gets a monitor; or why not.
fn load_or_join<'p>(
    cx: &Cx<'p>,
    all: &mut Table,
    name: &str,
    path: Vec<u8>,
    o: &Options,
    killed: &mut Vec<Poster>,
) -> Result<(Atom, bool), Term<'p>> {
    let me = cx.pid();
    let none = (0, 0);
    let Some(h) = all.get_mut(name) else {
        if cx.vm().ports.driver(name).is_some() {
            return Err(atom!("linked_in_driver").into());
        }
        if o.reload.is_some() {
            return Err(atom!("not_loaded").into());
        }
        let (library, driver) = load(name, &path).map_err(|f| f.term(cx.heap()))?;
        let mut h = Handle {
            path,
            kill_ports: o.kill_ports,
            status: Status::Fine,
            entries: Vec::new(),
            reload: None,
            driver,
            ports: Vec::new(),
            library,
        };
        h.add(me, What::Loaded, none, false);
        all.insert(name.into(), h);
        return Ok((atom!("loaded"), false));
    };
    let inconsistent = || Err(atom!("inconsistent").into());
    match h.status {
        Status::Permanent => Err(atom!("permanent").into()),
        Status::Fine => {
            let Some(reload) = o.reload else {
                if h.path != path || h.kill_ports != o.kill_ports {
                    return inconsistent();
                }
                h.add(me, What::Loaded, none, false);
                return Ok((atom!("already_loaded"), false));
            };
            let mine = h.entries.iter().filter(|e| e.what == What::Loaded && e.pid == me).count();
            if reload == Pending::Driver && (mine != 1 || h.count(What::Loaded) != 1) {
                return Err(atom!("pending_process").into());
            }
            if h.kill_ports != o.kill_ports {
                return inconsistent();
            }
            if !h.take_loaded(me) {
                return Err(atom!("not_loaded_by_this_process").into());
            }
            h.entries
                .iter_mut()
                .filter(|e| e.what == What::Loaded)
                .for_each(|e| e.dereferenced = true);
            h.add(me, What::Loaded, none, true);
            h.status = Status::Reload;
            h.reload = Some(Wanted { path, kill_ports: o.kill_ports });
            if h.kill_ports {
                h.status = Status::ForceReload;
                killed.append(&mut h.ports);
            }
            let status =
                if reload == Pending::Driver { "pending_driver" } else { "pending_process" };
            Ok((Atom::new(status), o.monitor.is_some()))
        }
        Status::Unload | Status::ForceUnload => {
            if o.reload.is_some() {
                return Err(atom!("not_loaded_by_this_process").into());
            }
            if h.path != path || h.kill_ports != o.kill_ports {
                return inconsistent();
            }
            h.status = Status::Fine;
            h.notify(name, What::AwaitUnload, atom!("UP"), atom!("unload_cancelled"));
            h.add(me, What::Loaded, none, false);
            Ok((atom!("already_loaded"), false))
        }
        Status::Reload | Status::ForceReload => {
            if o.reload.is_some() {
                return Err(atom!("pending_reload").into());
            }
            let same = h.reload.as_ref();
            if same.is_none_or(|w| w.path != path || w.kill_ports != o.kill_ports) {
                return inconsistent();
            }
            h.add(me, What::Loaded, none, true);
            Ok((atom!("pending_driver"), true))
        }
    }
}

fn try_unload<'p>(cx: &Cx<'p>, name: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    let mut kill = false;
    let mut wait = None;
    for opt in cx.need(options.to_vec())? {
        if opt.is_atom_of(atom!("kill_ports")) {
            kill = true;
            continue;
        }
        let pair = cx.need(opt.as_tuple_of::<2>())?;
        let monitor = pair[0].is_atom_of(atom!("monitor"));
        wait = Some(cx.need(pending(pair[1]).filter(|_| monitor))?);
    }
    let name = cx.need(name_of(name))?;
    let mut killed = Vec::new();
    let answer = {
        let mut t = lock();
        let all = t.get_or_insert_default();
        let Some(h) = all.get_mut(&name) else {
            let linked = cx.vm().ports.driver(&name).is_some();
            let why = if linked { atom!("linked_in_driver") } else { atom!("not_loaded") };
            return Ok(error(cx, why.into()));
        };
        if h.status == Status::Permanent {
            return Ok(error(cx, atom!("permanent").into()));
        }
        kill |= h.kill_ports;
        if !h.take_loaded(cx.pid()) && h.count(What::Loaded) > 0 {
            return Ok(error(cx, atom!("not_loaded_by_this_process").into()));
        }
        let (status, monitors) = if h.count(What::Loaded) > 0 {
            (atom!("pending_process"), wait == Some(Pending::Any))
        } else {
            if h.reload.take().is_some() {
                h.notify(&name, What::AwaitLoad, atom!("DOWN"), atom!("load_cancelled"));
            }
            h.status = Status::Unload;
            if kill && h.driver.ports.load(Ordering::Acquire) > 0 {
                h.status = Status::ForceUnload;
                killed.append(&mut h.ports);
            }
            (atom!("pending_driver"), wait.is_some())
        };
        watch(cx);
        let id = monitors.then(vm::refs::next);
        if let Some(id) = id {
            h.add(cx.pid(), What::AwaitUnload, id, false);
        }
        ok(cx, status, id)
    };
    kill_ports(killed);
    settle_now(&name);
    Ok(answer)
}

fn loaded_drivers<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let h = cx.heap();
    let names = cx.vm().ports.driver_names();
    let names: Vec<Term> = names.iter().map(|n| h.byte_list(n.as_bytes())).collect();
    Ok(h.tuple(&[am::OK.into(), h.list(&names)]))
}

fn info<'p>(cx: &Cx<'p>, name: Term<'p>, item: Atom) -> BifResult<'p> {
    let name = cx.need(name_of(name))?;
    let h = cx.heap();
    let t = lock();
    let what = match item.name() {
        "processes" => Some(What::Loaded),
        "awaiting_load" => Some(What::AwaitLoad),
        "awaiting_unload" => Some(What::AwaitUnload),
        "driver_options" | "port_count" | "linked_in_driver" | "permanent" => None,
        _ => return Err(cx.badarg()),
    };
    let Some(d) = t.as_ref().and_then(|t| t.get(&name)) else {
        cx.need(cx.vm().ports.driver(&name))?;
        return Ok(match item.name() {
            "linked_in_driver" => am::TRUE.into(),
            "permanent" => am::FALSE.into(),
            _ => atom!("linked_in_driver").into(),
        });
    };
    let permanent = d.status == Status::Permanent;
    Ok(match item.name() {
        "driver_options" if d.kill_ports => h.list(&[atom!("kill_ports").into()]),
        "driver_options" => Term::nil(),
        "linked_in_driver" => am::FALSE.into(),
        "permanent" => Term::bool(permanent),
        _ if permanent => atom!("permanent").into(),
        "port_count" => h.uint(d.driver.ports.load(Ordering::Acquire) as u64),
        _ => {
            let mut counts: Vec<(u64, i64)> = Vec::new();
            for e in &d.entries {
                let kind = match e.what {
                    What::AwaitUnloadOnly => What::AwaitUnload,
                    other => other,
                };
                if Some(kind) != what {
                    continue;
                }
                match counts.iter_mut().find(|c| c.0 == e.pid) {
                    Some(c) => c.1 += 1,
                    None => counts.push((e.pid, 1)),
                }
            }
            let all: Vec<Term> = counts
                .iter()
                .rev()
                .map(|(pid, n)| h.tuple(&[Term::local_pid(*pid), Term::small(*n)]))
                .collect();
            h.list(&all)
        }
    })
}

fn text_of(code: Term<'_>) -> Option<String> {
    if let Some([tag, n]) = code.as_tuple_of::<2>() {
        tag.is_atom_of(atom!("open_error")).then_some(())?;
        let i = usize::try_from(FIRST_TEXT - n.as_small()?).ok()?;
        return TEXTS.lock().unwrap_or_else(|e| e.into_inner()).get(i).cloned();
    }
    let text = match code.as_atom()?.name() {
        "inconsistent" => {
            "Driver name and/or driver options are inconsistent with currently loaded driver"
        }
        "linked_in_driver" => "Driver is statically linked and cannot be loaded/unloaded",
        "permanent" => "DDLL driver is permanent an cannot be unloaded/loaded",
        "not_loaded" => "DDLL driver is not loaded",
        "not_loaded_by_this_process" => "DDLL driver was not loaded by this process",
        "not_pending" => "DDLL load not pending for this driver name",
        "already_loaded" => "DDLL driver is already loaded successfully",
        "pending_reload" => "Driver reloading is already pending",
        "pending_process" => {
            "Driver is loaded by others when attempting option {reload, pending_driver}"
        }
        "no_error" => "No error",
        "no_driver_init" => "No driver init in dynamic library",
        "driver_init_failed" => "Driver init failed",
        "bad_driver_name" => "Bad driver name",
        "driver_name_to_long" => "Driver name to long",
        "driver_incorrect_version" => "Driver compiled with incorrect version of erl_driver.h",
        "no_ddll_available" => "DDLL functionality not available on this platform",
        "unspecified_error" => "Unspecified dynamic library error",
        "symbol_not_found" => "Symbol not found in dynamic library",
        _ => return None,
    };
    Some(text.into())
}

fn format_error<'p>(cx: &Cx<'p>, code: Term<'p>) -> BifResult<'p> {
    let text = cx.need(text_of(code))?;
    Ok(cx.heap().byte_list(text.as_bytes()))
}

/// Also what `erlang:monitor(driver, _)` would be.
fn monitor<'p>(cx: &Cx<'p>, kind: Atom, item: Term<'p>) -> BifResult<'p> {
    let [name, when] = cx.need(item.as_tuple_of::<2>().filter(|_| kind == atom!("driver")))?;
    let name = cx.need(name_of(name))?;
    let when = cx.need(when.as_atom())?;
    let what = match when.name() {
        "loaded" => What::AwaitLoad,
        "unloaded" => What::AwaitUnload,
        "unloaded_only" => What::AwaitUnloadOnly,
        _ => return Err(cx.badarg()),
    };
    let id = vm::refs::next();
    let mut t = lock();
    let now = match t.as_mut().and_then(|t| t.get_mut(&name)) {
        None if cx.vm().ports.driver(&name).is_some() => Some(("UP", "permanent")),
        None => Some(("DOWN", "unloaded")),
        Some(h) => match (what, h.status) {
            (_, Status::Permanent) => Some(("UP", "permanent")),
            (What::AwaitLoad, Status::Fine) => Some(("UP", "loaded")),
            (What::AwaitLoad, Status::Unload | Status::ForceUnload) => {
                Some(("DOWN", "load_cancelled"))
            }
            _ => {
                h.add(cx.pid(), what, id, false);
                None
            }
        },
    };
    if let Some((kind, tag)) = now {
        let e = Entry { pid: cx.pid(), what, id, dereferenced: false };
        tell(&e, &name, Atom::new(kind), |_| Atom::new(tag).into());
    } else {
        watch(cx);
    }
    Ok(cx.heap().reference(id.0, id.1))
}

fn demonitor<'p>(cx: &Cx<'p>, reference: Term<'p>) -> BifResult<'p> {
    let id = cx.need(reference.as_reference().and_then(|r| r.local_id()))?;
    if let Some(all) = lock().as_mut() {
        for h in all.values_mut() {
            h.entries.retain(|e| e.pid != cx.pid() || e.what == What::Loaded || e.id != id);
        }
    }
    Ok(am::TRUE.into())
}
