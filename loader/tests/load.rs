//! Containers, tables, and bytes that are not modules.

mod common;

use common::{Asm, container, f, list, u, words, x, y};
use loader::{Reason, load};

fn small() -> Asm {
    let mut asm = Asm::new();
    asm.literals.push(vec![131, 107, 0, 1, 65]);
    asm.strings.extend(b"hello");
    asm.lambdas.push([6, 1, 2, 0, 0, 0]);
    asm.extra.push((
        *b"Line",
        [words(&[0, 0, 1, 2, 1]), vec![0x51, 0x12, 0x91, 0, 3], b"a.h".to_vec()].concat(),
    ));
    asm.extra.push((*b"Type", [words(&[1, 1]), vec![0x1f, 0xff], vec![0; 16]].concat()));
    asm.function(2, 1);
    asm.op(153, &[u(1)]);
    asm.op(12, &[u(1), u(1)]).op(64, &[x(0), y(0)]).op(4, &[u(1), f(2)]);
    asm.op(16, &[u(3), u(1)]).op(164, &[x(0), list(&[x(0), y(0)])]);
    asm.op(125, &[f(0), u(1), u(0), x(0), y(0), x(0)]);
    asm.op(18, &[u(1)]).op(19, &[]);
    asm.function(6, 2);
    let other = asm.new_label();
    asm.op(59, &[x(0), f(other), list(&[x(1), f(other)])]).op(1, &[u(other)]);
    asm.op(153, &[u(2)]).op(78, &[u(1), u(1)]);
    asm
}

#[test]
fn tables() {
    let module = small().load().expect("small module");
    assert_eq!(module.exports.len(), 2);
    assert_eq!(module.lambdas.len(), 1);
    assert_eq!(module.types.len(), 1);
    let line = module.line_at(module.functions[1].ops.end - 1).expect("line");
    assert_eq!(module.location(line), Some((Some("a.h"), 9)));
    assert_eq!(module.function_of(4), Some(&module.functions[0]));
}

#[test]
fn not_modules() {
    let message = |bytes: &[u8]| {
        let error = load(bytes).expect_err("not a module");
        assert_eq!(error.reason, Reason::BadFile);
        error.message
    };
    assert_eq!(message(b""), "corrupt file header");
    assert_eq!(message(b"FOR1\0\0\0\x10BEAM"), "corrupt file header");
    assert_eq!(message(&container(&[])), "missing atom table");
    assert_eq!(message(&container(&[(*b"Atom", vec![])])), "obsolete atom table");
    let huge = [words(&[u32::MAX >> 1]), vec![1, 97]].concat();
    assert_eq!(message(&container(&[(*b"AtU8", huge)])), "corrupt atom table");
    let mut asm = small();
    asm.labels = u32::MAX;
    assert_eq!(message(&asm.bytes()), "corrupt code chunk");
    let mut asm = small();
    asm.extra.push((*b"Recs", vec![]));
    assert!(message(&asm.bytes()).contains("native records"));
}

#[test]
fn a_literal_table_cannot_claim_more_than_it_holds() {
    let mut asm = small();
    asm.literals.clear();
    asm.extra.push((*b"LitT", [words(&[1 << 30]), vec![0x78, 0x9c, 3, 0]].concat()));
    assert_eq!(asm.load().expect_err("bomb").message, "corrupt literal table");
}

/// A seed gives the same bytes everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(8) {
            0 => bytes.truncate(at.max(1)),
            1 => bytes.insert(at, random.below(256) as u8),
            2 => {
                bytes.remove(at);
                bytes.push(0);
            }
            3 => bytes[at] = 255,
            4 => {
                let from = random.below(bytes.len());
                bytes[at] = bytes[from];
            }
            5 => bytes[at] ^= 1 << random.below(8),
            _ => bytes[at] = random.below(256) as u8,
        }
    }
}

/// Loading mutated modules neither panics nor hangs, whatever the answer is.
fn survive(original: &[u8], rounds: usize, random: &mut Random) -> usize {
    let mut accepted = 0;
    for _ in 0..rounds {
        let mut bytes = original.to_vec();
        mutate(&mut bytes, random);
        accepted += usize::from(load(&bytes).is_ok());
    }
    accepted
}

#[test]
fn mutated_modules() {
    let accepted = survive(&small().bytes(), 20_000, &mut Random(1));
    // Some mutations hit names or values: the checks are not merely always refusing.
    assert!(accepted > 100, "{accepted}");
}

/// With `OTP_ROOT` set: every module of that tree loads, and mutations of some do no harm.
#[test]
fn modules_of_otp() {
    let Some(root) = std::env::var_os("OTP_ROOT") else { return };
    let mut files = Vec::new();
    find(std::path::Path::new(&root), &mut files);
    assert!(!files.is_empty(), "OTP_ROOT holds no .beam files");
    let mut random = Random(2);
    for (n, file) in files.iter().enumerate() {
        let Ok(bytes) = std::fs::read(file) else { continue };
        // Compressed files are the business of whoever reads them.
        if !bytes.starts_with(b"FOR1") {
            continue;
        }
        if let Err(error) = load(&bytes) {
            panic!("{}: {error}", file.display());
        }
        if n % 16 == 0 && bytes.len() < 100_000 {
            survive(&bytes, 50, &mut random);
        }
    }
}

fn find(path: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
    if let Ok(dir) = path.read_dir() {
        dir.flatten().for_each(|entry| find(&entry.path(), files));
    } else if path.extension().is_some_and(|ext| ext == "beam") {
        files.push(path.to_owned());
    }
}

/// Sizes that a hostile file can reach keep time and memory in bounds.
#[test]
fn hostile_shapes_end() {
    // Many labels under many nested tags.
    let mut asm = Asm::new();
    asm.function(2, 1);
    asm.op(12, &[u(1023), u(1)]);
    let handler = asm.new_label();
    for slot in 0..1000 {
        asm.op(104, &[y(slot), f(handler)]);
    }
    for _ in 0..20_000 {
        let label = asm.new_label();
        asm.op(104, &[y(1001), f(handler)]).op(52, &[f(label), x(0)]).op(1, &[u(label)]);
        asm.op(105, &[y(1001)]);
    }
    asm.op(1, &[u(handler)]).op(73, &[]);
    let _ = asm.load();

    // Many shared blocks.
    let mut asm = Asm::new();
    asm.function(2, 1);
    let labels: Vec<u64> = (0..20_000).map(|_| asm.new_label()).collect();
    for label in &labels {
        asm.op(52, &[f(*label), x(0)]);
    }
    asm.op(12, &[u(1), u(1)]);
    for label in &labels {
        asm.op(52, &[f(*label), x(0)]);
    }
    asm.op(73, &[]);
    for label in &labels {
        asm.op(1, &[u(*label)]).op(73, &[]);
    }
    let _ = asm.load();

    // Loops that forget a register at a time.
    let mut asm = Asm::new();
    asm.function(2, 255);
    let labels: Vec<u64> = (0..2_000).map(|_| asm.new_label()).collect();
    for (n, label) in labels.iter().enumerate() {
        asm.op(1, &[u(*label)]).op(16, &[u(1), u(255 - n as u64 % 255)]);
        asm.op(52, &[f(labels[(n * 7919) % labels.len()]), x(0)]);
    }
    asm.op(19, &[]);
    let _ = asm.load();
}
