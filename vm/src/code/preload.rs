//! Loading what the system starts with.
//!
//! Decoding and checking, the greater part, knows of no running system; so several threads share it while the modules
//! are committed in their order. That order shows: in `erlang:pre_loaded/0`, and in what numbers atoms get.

use crate::vm::Vm;
use core::sync::atomic::{AtomicUsize, Ordering};
use loader::Module;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard};

/// A module, or why there is none.
type Loaded = Result<Module, String>;

struct Shared<'a> {
    files: &'a [PathBuf],
    /// The first file that nobody has taken.
    next: AtomicUsize,
    /// By file.
    loaded: Mutex<Vec<Option<Loaded>>>,
    more: Condvar,
}

impl Shared<'_> {
    fn loaded(&self) -> MutexGuard<'_, Vec<Option<Loaded>>> {
        self.loaded.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Loads a file that nobody has taken; `false` if there is none.
    fn load_one(&self) -> bool {
        let i = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(file) = self.files.get(i) else { return false };
        let module = std::fs::read(file)
            .map_err(|e| e.to_string())
            .and_then(|bytes| loader::load(&bytes).map_err(|e| e.to_string()));
        if let Some(place) = self.loaded().get_mut(i) {
            *place = Some(module);
        }
        self.more.notify_all();
        true
    }

    /// The module of a file. Meanwhile others are loaded.
    fn module(&self, i: usize) -> Loaded {
        loop {
            let mut loaded = self.loaded();
            if let Some(module) = loaded.get_mut(i).and_then(Option::take) {
                return module;
            }
            if self.next.load(Ordering::Relaxed) >= self.files.len() {
                drop(self.more.wait(loaded).unwrap_or_else(|e| e.into_inner()));
            } else {
                drop(loaded);
                self.load_one();
            }
        }
    }
}

/// Loads the files with the help of so many threads; says what was wrong with one.
pub fn preload(vm: &'static Vm, files: &[PathBuf], helpers: usize) -> Result<(), String> {
    let shared = Shared {
        files,
        next: AtomicUsize::new(0),
        loaded: Mutex::new(files.iter().map(|_| None).collect()),
        more: Condvar::new(),
    };
    std::thread::scope(|threads| {
        for _ in 0..helpers {
            // Without a helper it only takes longer.
            let _ =
                std::thread::Builder::new().spawn_scoped(threads, || while shared.load_one() {});
        }
        for (i, file) in files.iter().enumerate() {
            let module = shared.module(i);
            let done = module.and_then(|m| vm.preload(&m).map_err(|e| e.to_string()));
            if let Err(e) = done {
                shared.next.store(files.len(), Ordering::Relaxed);
                return Err(format!("{}: {e}", file.display()));
            }
        }
        Ok(())
    })
}
