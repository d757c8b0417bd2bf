//! Drivers in libraries: `erl_driver.h`.
//!
//! A loaded driver is a [`NativeDriver`]; each of its ports has a [`CDriver`], which the port calls with its lock held.
//! What a driver calls back refers to its port by number ([`handle_of`]). A function that works on the port finds it among the callbacks
//! that run on this thread ([`with_port`]); from elsewhere it fails, as the header says.
//!
//! Drivers that do not ask for port locking are called for one port at a time (`DriverLock`).

pub mod abi;
mod async_job;
mod binary;
pub mod ddll;
mod misc;
mod output;
pub mod port;
mod queue;
mod term;

use crate::ioq::SysIoVec;
use ::term::OwnedTerm;
use abi::{DriverCall, DriverEntryC, ErlIoVec, PORT_LOCKING, SOFT_BUSY};
use core::cell::Cell;
use core::ffi::{c_char, c_uint, c_void};
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::any::Any;
use std::collections::HashMap;
use std::ffi::CString;
use std::os::fd::RawFd;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::ThreadId;
use vm::port::{Control, Driver, DriverEntry, Few, IoQueue, PortCx, PortName, StartError};
use vm::signal::RefId;

/// A lock for all ports of a driver, which its holder may take again.
#[derive(Default)]
struct DriverLock {
    holder: Mutex<(Option<ThreadId>, usize)>,
    free: Condvar,
}

impl DriverLock {
    fn lock(&self) {
        let me = Some(std::thread::current().id());
        let mut h = self.holder.lock().unwrap_or_else(|e| e.into_inner());
        while h.1 > 0 && h.0 != me {
            h = self.free.wait(h).unwrap_or_else(|e| e.into_inner());
        }
        *h = (me, h.1 + 1);
    }
    fn unlock(&self) {
        let mut h = self.holder.lock().unwrap_or_else(|e| e.into_inner());
        h.1 -= 1;
        if h.1 == 0 {
            h.0 = None;
            self.free.notify_one();
        }
    }
}

/// A driver of a library.
pub struct NativeDriver {
    pub name: String,
    entry: *const DriverEntryC,
    lock: Option<DriverLock>,
    /// Ports that are open.
    pub ports: AtomicUsize,
    /// Which loading of the driver this is: [`ddll`]; 0 for one that was added by `add_driver_entry`.
    pub serial: u64,
}

// SAFETY: C: the entry is not changed and lives as long as the library; callbacks may run on any thread.
unsafe impl Send for NativeDriver {}
// SAFETY: as above.
unsafe impl Sync for NativeDriver {}

impl NativeDriver {
    /// # Safety
    /// C: the entry of a driver, of this version of the header.
    pub unsafe fn new(name: String, entry: *const DriverEntryC, serial: u64) -> NativeDriver {
        // SAFETY: C.
        let flags = unsafe { (*entry).driver_flags };
        let lock = (flags & PORT_LOCKING == 0).then(DriverLock::default);
        NativeDriver { name, entry, lock, ports: AtomicUsize::new(0), serial }
    }
    pub fn entry(&self) -> &DriverEntryC {
        // SAFETY: C: as long as the library.
        unsafe { &*self.entry }
    }
    /// As the table of drivers knows it.
    pub fn port_driver(self: &Arc<Self>) -> DriverEntry {
        let me = self.clone();
        DriverEntry {
            soft_busy: self.entry().driver_flags & SOFT_BUSY != 0,
            driver_lock: self.lock.is_some(),
            vectored: self.entry().outputv.is_some(),
            ..DriverEntry::new(&self.name, move |p, name, _| start(&me, p, name))
        }
    }
}

/// What the functions of the header know of a port, besides the port itself.
pub struct Shared {
    pub driver: Arc<NativeDriver>,
    data: Cell<*mut c_void>,
    /// Control operations answer with binaries.
    binary_control: Cell<bool>,
    monitors: Mutex<HashMap<RefId, u64>>,
    /// What `driver_peekq` showed last.
    shown: Cell<Vec<SysIoVec>>,
    pdl: Cell<*mut port::PortDataLock>,
}

/// A port's driver instance.
pub struct CDriver {
    shared: Box<Shared>,
}

// SAFETY: used with the port's lock held, by one thread at a time.
unsafe impl Send for CDriver {}

/// A callback under way on this thread.
pub struct Frame {
    port: u64,
    cx: *mut c_void,
    shared: *const Shared,
    outer: *const Frame,
}

thread_local! {
    static FRAME: Cell<*const Frame> = const { Cell::new(core::ptr::null()) };
}

/// The word by which a driver knows a port.
pub fn handle_of(port: u64) -> *mut c_void {
    (port as usize + 1) as *mut c_void
}
/// The number of a port.
pub fn port_of(handle: *mut c_void) -> u64 {
    (handle as u64).wrapping_sub(1)
}

/// The port of a callback that runs on this thread.
pub fn with_port<R>(
    handle: *mut c_void,
    f: impl FnOnce(&mut PortCx<'_>, &Shared) -> R,
) -> Option<R> {
    let port = port_of(handle);
    let mut at = FRAME.get();
    // SAFETY: frames are on the stacks of callbacks that have not returned; a driver's call back is nested
    // in its callback, which does not use the port meanwhile.
    unsafe {
        while let Some(frame) = at.as_ref() {
            if frame.port == port {
                return Some(f(&mut *frame.cx.cast::<PortCx<'_>>(), &*frame.shared));
            }
            at = frame.outer;
        }
    }
    None
}

impl Shared {
    /// Runs a callback of the driver for this port.
    fn enter<R>(&self, p: &mut PortCx<'_>, f: impl FnOnce(&DriverEntryC, *mut c_void) -> R) -> R {
        if let Some(lock) = &self.driver.lock {
            lock.lock();
        }
        let frame = Frame {
            port: p.id(),
            cx: core::ptr::from_mut(p).cast(),
            shared: self,
            outer: FRAME.get(),
        };
        FRAME.set(&frame);
        let r = f(self.driver.entry(), self.data.get());
        FRAME.set(frame.outer);
        if let Some(lock) = &self.driver.lock {
            lock.unlock();
        }
        r
    }
}

impl CDriver {
    fn new(driver: &Arc<NativeDriver>, data: *mut c_void) -> CDriver {
        driver.ports.fetch_add(1, Ordering::AcqRel);
        CDriver {
            shared: Box::new(Shared {
                driver: driver.clone(),
                data: Cell::new(data),
                binary_control: Cell::new(false),
                monitors: Mutex::default(),
                shown: Cell::default(),
                pdl: Cell::new(null_mut()),
            }),
        }
    }
}

impl Drop for CDriver {
    fn drop(&mut self) {
        let pdl = self.shared.pdl.get();
        if !pdl.is_null() {
            // SAFETY: the port's own count.
            unsafe { port::driver_pdl_dec_refc(pdl) };
        }
        let d = &self.shared.driver;
        d.ports.fetch_sub(1, Ordering::AcqRel);
        ddll::port_gone(d);
    }
}

fn start(
    driver: &Arc<NativeDriver>,
    p: &mut PortCx<'_>,
    name: &PortName,
) -> Result<Box<dyn Driver>, StartError> {
    if !ddll::may_open(driver) {
        return Err(StartError::BadArg);
    }
    let d = CDriver::new(driver, null_mut());
    let command = CString::new(name.text().into_owned()).map_err(|_| StartError::BadArg)?;
    let handle = handle_of(p.id());
    let started = d.shared.enter(p, |entry, _| {
        let Some(start) = entry.start else { return Ok(null_mut()) };
        // SAFETY: C.
        let data = unsafe { start(handle, command.as_ptr().cast_mut()) };
        match data as isize {
            -1 => Err(StartError::General),
            -2 => Err(std::io::Error::last_os_error().into()),
            -3 => Err(StartError::BadArg),
            _ => Ok(data),
        }
    });
    let data = started?;
    if d.shared.data.get().is_null() {
        d.shared.data.set(data);
    }
    ddll::port_opened(driver, p.poster());
    Ok(Box::new(d))
}

/// Has the port end because its driver is unloaded.
pub struct Unloaded;

/// Output of up to so many bytes is copied to the stack.
const COPIED: usize = 1024;

/// Size of the buffer that drivers may answer in.
const ANSWER: usize = 64;

impl Driver for CDriver {
    fn command(&mut self, p: &mut PortCx<'_>, mut data: IoQueue) {
        self.shared.enter(p, |entry, d| {
            if let Some(outputv) = entry.outputv {
                // The first element is the driver's, for a header.
                let none = SysIoVec { base: null_mut(), len: 0 };
                let size = data.len();
                let parts = data.slices(usize::MAX);
                let parts = parts
                    .iter()
                    .map(|s| SysIoVec { base: s.as_ptr().cast_mut().cast(), len: s.len() });
                let mut iov: Vec<SysIoVec> = core::iter::once(none).chain(parts).collect();
                let mut bins = vec![null_mut(); iov.len()];
                let mut ev = ErlIoVec {
                    count: iov.len() as i32,
                    size,
                    iov: iov.as_mut_ptr(),
                    binaries: bins.as_mut_ptr(),
                };
                // SAFETY: C: good for the call.
                unsafe { outputv(d, &mut ev) };
            } else if let Some(output) = entry.output {
                let mut bytes = data.take_vec();
                // SAFETY: C: good for the call.
                unsafe { output(d, bytes.as_mut_ptr().cast(), bytes.len()) };
            }
        });
    }
    fn command_bytes(&mut self, p: &mut PortCx<'_>, bytes: &[u8]) {
        let entry = self.shared.driver.entry();
        let (None, Some(output)) = (entry.outputv, entry.output) else {
            let mut data = IoQueue::new();
            data.push_slice(bytes);
            return self.command(p, data);
        };
        // The driver may write to what it gets.
        let mut own = [MaybeUninit::<u8>::uninit(); COPIED];
        let Some(own) = own.get_mut(..bytes.len()) else {
            let mut own = bytes.to_vec();
            // SAFETY: C: good for the call.
            return self.shared.enter(p, |_, d| unsafe {
                output(d, own.as_mut_ptr().cast(), own.len());
            });
        };
        let own = own.write_copy_of_slice(bytes);
        // SAFETY: C: good for the call.
        self.shared.enter(p, |_, d| unsafe { output(d, own.as_mut_ptr().cast(), own.len()) });
    }
    fn control(&mut self, p: &mut PortCx<'_>, op: u32, data: &[u8]) -> Option<Control> {
        let binary = &self.shared.binary_control;
        self.shared.enter(p, |entry, d| {
            let control = entry.control?;
            let mut own = [0u8; ANSWER];
            let own: *mut c_char = own.as_mut_ptr().cast();
            let mut answer = own;
            let from = data.as_ptr().cast_mut().cast();
            // SAFETY: C: the answer is in our buffer, or in one of the driver's that is ours then.
            unsafe {
                let n = control(d, op, from, data.len(), &mut answer, ANSWER);
                let n = usize::try_from(n).ok()?;
                if answer.is_null() {
                    return Some(Control::List(Vec::new()));
                }
                if answer == own {
                    let bytes = crate::atom::bytes(answer, n.min(ANSWER));
                    let list = !binary.get();
                    if list && let Some(few) = Few::of(&[bytes]) {
                        return Some(Control::Few(few));
                    }
                    let bytes = bytes.to_vec();
                    return Some(if list { Control::List(bytes) } else { Control::Binary(bytes) });
                }
                if binary.get() {
                    // The whole binary, whatever number was returned.
                    let handle = binary::handed_over(&mut *(answer as *mut binary::DrvBinary));
                    return Some(Control::Shared(handle));
                }
                let bytes = crate::atom::bytes(answer, n).to_vec();
                libc::free(answer.cast());
                Some(Control::List(bytes))
            }
        })
    }
    fn call(&mut self, p: &mut PortCx<'_>, op: u32, data: OwnedTerm) -> Option<OwnedTerm> {
        let call: DriverCall = self.shared.driver.entry().call?;
        let vm = p.vm();
        let resolver = vm::code::load::VmResolver(vm);
        let options = etf::EncodeOptions::of_release(&resolver, vm.release());
        let mut bytes = Vec::new();
        etf::encode(data.term(), &mut bytes, &options).ok()?;
        self.shared.enter(p, |_, d| {
            let mut own = [0u8; ANSWER];
            let own: *mut c_char = own.as_mut_ptr().cast();
            let mut answer = own;
            let mut flags: c_uint = 0;
            // SAFETY: C: as for `control`.
            unsafe {
                let from = bytes.as_mut_ptr().cast();
                let n = call(d, op, from, bytes.len(), &mut answer, ANSWER, &mut flags);
                let n = usize::try_from(n).ok()?;
                let mut good = true;
                let t = OwnedTerm::build(|h| {
                    let options = etf::DecodeOptions::new(&resolver);
                    match etf::decode(crate::atom::bytes(answer, n), h, &options) {
                        Ok((t, _)) => t,
                        Err(_) => {
                            good = false;
                            ::term::Term::nil()
                        }
                    }
                });
                const KEEP_BUFFER: c_uint = 1;
                if answer != own && flags & KEEP_BUFFER == 0 {
                    libc::free(answer.cast());
                }
                good.then_some(t)
            }
        })
    }
    fn ready_input(&mut self, p: &mut PortCx<'_>, fd: RawFd) {
        self.shared.enter(p, |entry, d| {
            if let Some(f) = entry.ready_input {
                // SAFETY: C.
                unsafe { f(d, fd as isize as *mut c_void) };
            }
        });
    }
    fn ready_output(&mut self, p: &mut PortCx<'_>, fd: RawFd) {
        self.shared.enter(p, |entry, d| {
            if let Some(f) = entry.ready_output {
                // SAFETY: C.
                unsafe { f(d, fd as isize as *mut c_void) };
            }
        });
    }
    fn timeout(&mut self, p: &mut PortCx<'_>) {
        self.shared.enter(p, |entry, d| {
            if let Some(f) = entry.timeout {
                // SAFETY: C.
                unsafe { f(d) };
            }
        });
    }
    fn event(&mut self, p: &mut PortCx<'_>, event: Box<dyn Any + Send>) {
        let event = match event.downcast::<async_job::Done>() {
            Ok(done) => {
                let data = done.take();
                return self.shared.enter(p, |entry, d| {
                    if let Some(f) = entry.ready_async {
                        // SAFETY: C: the job's data go back to the driver.
                        unsafe { f(d, data) };
                    }
                });
            }
            Err(event) => event,
        };
        if event.is::<Unloaded>() {
            p.fail_atom(::term::atom!("driver_unloaded"));
        }
    }
    fn process_exit(&mut self, p: &mut PortCx<'_>, id: RefId) {
        self.shared.monitors.lock().unwrap_or_else(|e| e.into_inner()).remove(&id);
        self.shared.enter(p, |entry, d| {
            if let Some(f) = entry.process_exit {
                let mut m = crate::abi::NifMonitor { id, spare: [0; 2] };
                // SAFETY: C.
                unsafe { f(d, &mut m) };
            }
        });
    }
    fn flush(&mut self, p: &mut PortCx<'_>) {
        self.shared.enter(p, |entry, d| {
            if let Some(f) = entry.flush {
                // SAFETY: C.
                unsafe { f(d) };
            }
        });
    }
    fn stop(&mut self, p: &mut PortCx<'_>) {
        self.shared.enter(p, |entry, d| {
            if let Some(f) = entry.stop {
                // SAFETY: C.
                unsafe { f(d) };
            }
        });
    }
}
