//! A small VM for tests: exports and fun entries are made on demand and kept.
#![allow(dead_code)] // each test file uses its part

use etf::Resolver;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicPtr;
use term::atom::{Atom, am};
use term::boxed::{Export, FunEntry};

type FunKey = (Atom, u32, [u8; 16], u32, u32, u32);

#[derive(Default)]
pub struct TestVm {
    exports: Mutex<HashMap<(Atom, Atom, u32), &'static Export>>,
    funs: Mutex<HashMap<FunKey, &'static FunEntry>>,
}

impl Resolver for TestVm {
    fn export(&self, module: Atom, function: Atom, arity: u32) -> &'static Export {
        self.exports.lock().unwrap().entry((module, function, arity)).or_insert_with(|| {
            Box::leak(Box::new(Export { cell: AtomicPtr::default(), module, function, arity }))
        })
    }
    fn active_export(&self, module: Atom, function: Atom, arity: u32) -> Option<&'static Export> {
        self.exports.lock().unwrap().get(&(module, function, arity)).copied()
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
        let key = (module, index, uniq, old_uniq, arity, num_free);
        self.funs.lock().unwrap().entry(key).or_insert_with(|| {
            Box::leak(Box::new(FunEntry {
                cell: AtomicPtr::default(),
                module,
                function: am::FUN,
                arity,
                num_free,
                index,
                old_uniq,
                uniq,
            }))
        })
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| char::from(c).to_digit(16).expect("a hex digit") as u8;
    text.as_bytes().as_chunks::<2>().0.iter().map(|&[a, b]| digit(a) << 4 | digit(b)).collect()
}

/// A seeded generator (xorshift64*).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 16) as usize % n.max(1)
    }
}
