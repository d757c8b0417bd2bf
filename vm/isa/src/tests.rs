//! Decoder and table tests.

use crate::*;

struct Cx;

impl DecodeCx for Cx {
    fn atoms(&self) -> u32 {
        8
    }
    fn word(&self, atom: u32) -> Option<Word> {
        const WORDS: [&str; 8] =
            ["m", "no_fail", "all", "=:=", "integer", "string", "safe", "ensure_at_least"];
        let index = usize::try_from(atom.checked_sub(1)?).ok()?;
        WORDS.get(index).map(|w| Word::of(w))
    }
    fn literals(&self) -> u32 {
        3
    }
    fn literal_flags(&self, literal: u32) -> Option<BsFlags> {
        (literal == 1).then_some(BsFlags(BsFlags::LITTLE))
    }
    fn types(&self) -> u32 {
        4
    }
}

fn decode(bytes: &[u8]) -> Result<(Op, Vec<BigInt>), DecodeError> {
    let mut r = Reader::new(bytes, &Cx);
    let mut ops = Vec::new();
    Op::decode(&mut r, &mut ops)?;
    let op = ops.pop().expect("an op");
    assert!(r.at_end(), "{op} left bytes");
    Ok((op, r.into_bigs()))
}

fn shown(bytes: &[u8]) -> String {
    decode(bytes).map_or_else(|e| e.to_string(), |(op, _)| op.to_string())
}

#[test]
fn every_opcode_is_in_the_table() {
    for (i, op) in OPCODES.iter().enumerate().skip(1) {
        assert_eq!(usize::from(op.number), i);
        assert!(!op.name.is_empty());
    }
    assert_eq!(OPCODES.iter().filter(|op| op.loadable).count(), 155);
    assert_eq!(OPCODES[39].name, "is_lt");
    assert_eq!(OPCODES[125].arity, 6);
    assert!(OPCODES[19].effects.has(Effects::END));
}

#[test]
fn operands() {
    assert_eq!(shown(&[64, 0x13, 0x24]), "move x1, y2");
    assert_eq!(shown(&[64, 0x02, 0x03]), "move [], x0");
    assert_eq!(shown(&[64, 0x09, 0xff, 0x03]), "move 255, x0");
    assert_eq!(shown(&[64, 0x19, 0xff, 0xfe, 0x03]), "move -2, x0");
    assert_eq!(shown(&[64, 0x57, 0x23, 0x10, 0x03]), "move x2:t1, x0");
    assert_eq!(shown(&[64, 0x57, 0x23, 0x40, 0x03]), "type out of range");
    assert_eq!(shown(&[64, 0x47, 0x20, 0x03]), "move lit2, x0");
    assert_eq!(shown(&[64, 0x47, 0x30, 0x03]), "literal out of range");
    assert_eq!(shown(&[39, 0x05, 0x03, 0x13]), "is_lt L0, x0, x1");
    assert_eq!(
        shown(&[16, 0x37, 0x20, 0x00, 0x40, 0x10, 0x30, 0x10]),
        "test_heap need 4+3floats+0funs, live 1"
    );
    assert_eq!(shown(&[178, 0x72, 0x10, 0x13]), "call_fun2 safe, 1, x1");
    assert_eq!(shown(&[177]), "the code ends inside an instruction");
    assert_eq!(shown(&[27]), "obsolete opcode 27 (m_plus)");
    assert_eq!(shown(&[192]), "invalid opcode 192");
}

#[test]
fn large_integers_become_literals() {
    let mut bytes = vec![64, 0xf9, 0x00];
    bytes.extend([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0x03]);
    let (op, bigs) = decode(&bytes).expect("nine bytes");
    assert_eq!(op, Op::Move { src: Src::Lit(3), dst: Dst::X(0) });
    assert_eq!(bigs, [BigInt { negative: true, bytes: vec![128, 0, 0, 0, 0, 0, 0, 0, 0] }]);
    let mut bytes = vec![64, 0xf9, 0x80];
    bytes.extend([0xff; 17]);
    bytes.push(0x03);
    let (_, bigs) = decode(&bytes).expect("17 bytes");
    assert_eq!(bigs, [BigInt { negative: true, bytes: vec![1] }]);
}

#[test]
fn match_commands() {
    // ensure_at_least 8 unit 1, =:= 8 bits 65
    let bytes = [182, 0x05, 0x03, 0x17, 0x70, 0x82, 0x80, 0x10, 0x42, 0x02, 0x80, 0x08, 0x41];
    let (op, _) = decode(&bytes).expect("bs_match");
    let commands =
        vec![BsCmd::EnsureAtLeast { stride: 8, unit: 1 }, BsCmd::Equal { bits: 8, value: 65 }];
    assert_eq!(op, Op::BsMatch { fail: Fail(None), ctx: Src::X(0, Ty(0)), commands });
}

#[test]
fn no_bytes_panic() {
    let mut seed = 1u64;
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..24)
            .map(|_| {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (seed >> 56) as u8
            })
            .collect();
        let mut r = Reader::new(&bytes, &Cx);
        let mut ops = Vec::new();
        while Op::decode(&mut r, &mut ops).is_ok() {}
        assert!(ops.iter().all(|op| !op.to_string().is_empty()));
    }
}
