//! The VM's own environment variables [erl_osenv.c].
//!
//! `os:putenv/2` changes this table, not the process's environment, which C code on other threads may read at any time.
//! Programs that the VM starts get the table.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt;
use std::sync::{LazyLock, PoisonError, RwLock};

type Table = BTreeMap<Vec<u8>, Vec<u8>>;

static TABLE: LazyLock<RwLock<Table>> = LazyLock::new(|| {
    let vars = std::env::vars_os().map(|(k, v)| (k.into_vec(), v.into_vec()));
    RwLock::new(vars.collect())
});

/// Takes a copy of the process's environment; the first question for a variable does it otherwise.
pub fn init() {
    LazyLock::force(&TABLE);
}

/// The value of a variable.
pub fn get(name: &[u8]) -> Option<Vec<u8>> {
    TABLE.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
}

/// Sets a variable. Names without `=` and NUL are the caller's duty.
pub fn set(name: Vec<u8>, value: Vec<u8>) {
    TABLE.write().unwrap_or_else(PoisonError::into_inner).insert(name, value);
}

/// Removes a variable, if it is there.
pub fn unset(name: &[u8]) {
    TABLE.write().unwrap_or_else(PoisonError::into_inner).remove(name);
}

/// All variables with their values, ordered by name.
pub fn all() -> Vec<(Vec<u8>, Vec<u8>)> {
    let table = TABLE.read().unwrap_or_else(PoisonError::into_inner);
    table.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}
