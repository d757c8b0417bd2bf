//! The VM: everything that lives as long as the emulator.

use crate::bif::{Bif, BifTable};
use crate::process::ProcTable;
use std::collections::HashMap;
use std::sync::OnceLock;
use term::Atom;

/// What the command line decides.
#[derive(Clone, Debug)]
pub struct Config {
    pub schedulers: usize,
    pub schedulers_online: usize,
    pub dirty_cpu: usize,
    pub dirty_io: usize,
    pub max_processes: usize,
    pub max_ports: usize,
    pub max_atoms: usize,
    pub min_heap: usize,
    pub min_vheap: usize,
    pub max_heap: usize,
    pub fullsweep_after: usize,
    pub gc_zeal: bool,
    /// Root of the OTP tree.
    pub root: std::path::PathBuf,
    /// Arguments for `init`: what stands after the emulator's flags.
    pub init_args: Vec<Vec<u8>>,
    /// Program name (`-progname`) and the like are in `init_args`; this is `argv[0]`.
    pub program: String,
    /// Flags by name that `system_info` and others show, as given.
    pub flags: HashMap<String, String>,
}

/// See the module head. Made once, never freed: `&'static Vm` goes everywhere.
pub struct Vm {
    pub config: Config,
    pub processes: ProcTable,
    natives: HashMap<(Atom, Atom, usize), &'static Bif>,
    nif_modules: HashMap<Atom, Vec<&'static Bif>>,
    pub(crate) code: OnceLock<()>,
}

impl Vm {
    /// A VM with these natives; `nif_modules` are installed by `erlang:load_nif/2`.
    pub fn new(config: Config, natives: &[BifTable], nif_modules: &[BifTable]) -> &'static Vm {
        term::atom::set_limit(config.max_atoms);
        let mut map = HashMap::new();
        for bif in natives.iter().flat_map(|t| t.iter()) {
            map.insert((Atom::new(bif.module), Atom::new(bif.function), bif.arity), bif);
        }
        let mut nifs: HashMap<Atom, Vec<&'static Bif>> = HashMap::new();
        for bif in nif_modules.iter().flat_map(|t| t.iter()) {
            nifs.entry(Atom::new(bif.module)).or_default().push(bif);
        }
        Box::leak(Box::new(Vm {
            processes: ProcTable::new(config.max_processes),
            config,
            natives: map,
            nif_modules: nifs,
            code: OnceLock::new(),
        }))
    }
    /// The native of this name, if we have it.
    pub fn native(&self, module: Atom, function: Atom, arity: usize) -> Option<&'static Bif> {
        self.natives.get(&(module, function, arity)).copied()
    }
    pub fn natives(&self) -> impl Iterator<Item = &'static Bif> {
        self.natives.values().copied()
    }
    /// The natives that `load_nif` installs in this module.
    pub fn nifs_of(&self, module: Atom) -> &[&'static Bif] {
        self.nif_modules.get(&module).map_or(&[], |v| v)
    }
}
