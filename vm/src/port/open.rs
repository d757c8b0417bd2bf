//! `open_port/2` [erl_bif_port.c: open_port, io.c: erts_open_driver].

use super::core_lock::CoreLock;
use super::cx::State;
use super::driver::{DriverEntry, OpenOptions, PortName, StartError};
use super::line::LineBuffer;
use super::{BINARY, Core, PARALLELISM, Port, PortCx, SOFT_EOF, children, fd, file, spawn};
use crate::bif::Cx;
use crate::signal::relations::{LinkState, Peer};
use crate::vm::Vm;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use term::Term;
use term::atom::am;

/// Why a port was not opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpenError {
    BadArg,
    SystemLimit,
    /// The driver did not start, and gave no reason.
    Invalid,
    Errno(i32),
}

impl From<StartError> for OpenError {
    fn from(e: StartError) -> OpenError {
        match e {
            StartError::General => OpenError::Invalid,
            StartError::BadArg => OpenError::BadArg,
            StartError::Errno(n) => OpenError::Errno(n),
        }
    }
}

/// The drivers that are not found by name.
struct System {
    spawn: Arc<DriverEntry>,
    fd: Arc<DriverEntry>,
    file: Arc<DriverEntry>,
}

static SYSTEM: LazyLock<System> = LazyLock::new(|| System {
    spawn: Arc::new(spawn::entry()),
    fd: Arc::new(fd::entry()),
    file: Arc::new(file::entry()),
});

/// The driver for a command line: that of its first word's name.
fn named(vm: &'static Vm, command: &[u8]) -> Option<Arc<DriverEntry>> {
    let word = command.split(|b| *b == b' ').next()?;
    vm.ports.driver(std::str::from_utf8(word).ok()?)
}

fn driver_of(vm: &'static Vm, name: &PortName) -> Option<Arc<DriverEntry>> {
    match name {
        PortName::Spawn(command) => {
            Some(named(vm, command).unwrap_or_else(|| SYSTEM.spawn.clone()))
        }
        PortName::SpawnDriver(command) => named(vm, command),
        PortName::SpawnExecutable(_) => Some(SYSTEM.spawn.clone()),
        PortName::Fd(..) => Some(SYSTEM.fd.clone()),
        PortName::File(_) => Some(SYSTEM.file.clone()),
    }
}

/// Opens a port that the running process owns and is linked to; its number.
pub fn open(cx: &Cx<'_>, name: PortName, options: &OpenOptions) -> Result<u64, OpenError> {
    let is_spawn = matches!(
        name,
        PortName::Spawn(_) | PortName::SpawnDriver(_) | PortName::SpawnExecutable(_)
    );
    let executable = matches!(name, PortName::SpawnExecutable(_));
    if !executable && (options.args.is_some() || options.arg0.is_some()) {
        return Err(OpenError::BadArg);
    }
    if !is_spawn && options.exit_status {
        return Err(OpenError::BadArg);
    }
    let driver = driver_of(cx.vm(), &name).ok_or(OpenError::BadArg)?;
    if !driver.system && (options.exit_status || options.busy_port.is_some()) {
        return Err(OpenError::BadArg);
    }
    create(cx, driver, &name, options)
}

fn create(
    cx: &Cx<'_>,
    driver: Arc<DriverEntry>,
    name: &PortName,
    options: &OpenOptions,
) -> Result<u64, OpenError> {
    let vm = cx.vm();
    let mut flags = 0;
    let wanted = [
        (options.binary, BINARY),
        (options.eof, SOFT_EOF),
        (options.parallelism, PARALLELISM), //
    ];
    for (on, flag) in wanted {
        flags |= if on { flag } else { 0 };
    }
    let owner = cx.pid();
    let port = vm
        .ports
        .insert(|id| new_port(id, name.text().into_owned(), driver.clone(), 0, owner))
        .ok_or(OpenError::SystemLimit)?;
    if vm.tracing.new_ports.load(core::sync::atomic::Ordering::Acquire) {
        crate::trace::port::inherit(vm, &port.trace);
    }
    if port.trace.has(crate::trace::flag::PORTS) {
        crate::trace::port::opened(
            vm,
            port.id,
            &port.trace,
            owner,
            &String::from_utf8_lossy(&port.name),
        );
        crate::trace::port::event(
            vm,
            port.id,
            &port.trace,
            "getting_linked",
            Term::local_pid(owner),
        );
    }
    if crate::trace::event::own_procs(cx) {
        crate::trace::event::own_event(cx, "link", Term::local_port(port.id));
    }
    let started = {
        // Nobody else knows the port yet, but its descriptors may be ready at once.
        let mut core = port.core.lock();
        core.state.caller = owner;
        core.state.links.insert(owner, LinkState::default());
        let mut p = PortCx::new(vm, &port, &mut core.state);
        let result = (driver.start)(&mut p, name, options);
        // What a driver sends when it starts goes out as it comes.
        core.state.line = options.line.map(|max| Box::new(LineBuffer::new(max)));
        port.flags.fetch_or(flags, core::sync::atomic::Ordering::AcqRel);
        match result {
            Ok(d) => {
                core.driver = Some(d);
                let links = |p: &mut crate::process::Process| {
                    p.relations.tables().links.insert(Peer::Port(port.id), LinkState::default());
                };
                cx.with(links);
                port.after_callback(vm, &mut core);
                port.drain(vm, &mut core);
                Ok(port.id)
            }
            Err(e) => {
                core.state.links.take();
                PortCx::new(vm, &port, &mut core.state).forget_all();
                core.state.dead = true;
                port.set_flag(super::CLOSING, true);
                vm.ports.remove(port.id);
                Err(e.into())
            }
        }
    };
    port.settle(vm);
    started
}

/// Opens the port that every node has first.
pub(crate) fn open_first(vm: &'static Vm) {
    let driver = Arc::new(children::entry());
    let name = children::FORKER.as_bytes().to_vec();
    let made = vm.ports.insert(|id| new_port(id, name, driver.clone(), 0, 0));
    if let Some(port) = made {
        let mut core = port.core.lock();
        let mut p = PortCx::new(vm, &port, &mut core.state);
        let name = PortName::SpawnDriver(Vec::new());
        core.driver = (driver.start)(&mut p, &name, &OpenOptions::default()).ok();
    }
}

pub(super) fn new_port(
    id: u64,
    name: Vec<u8>,
    driver: Arc<DriverEntry>,
    flags: u32,
    owner: u64,
) -> Port {
    Port {
        trace: Default::default(),
        id,
        name,
        driver,
        flags: AtomicU32::new(flags),
        connected: AtomicU64::new(owner),
        registered: AtomicU32::new(0),
        core: CoreLock::new(Core { driver: None, state: State::new() }),
        inbox: Mutex::default(),
        waiting: AtomicUsize::new(0),
        data: Mutex::new(super::Data::Atom(am::UNDEFINED)),
        data_atom: AtomicU32::new(am::UNDEFINED.0 + 1),
        suspended: Mutex::default(),
        dist: OnceLock::new(),
    }
}
