//! A small assembler of `.beam` bytes.

#![allow(dead_code)]

/// Operands in compact form.
pub fn term(tag: u8, n: u64) -> Vec<u8> {
    match n {
        0..16 => vec![(n as u8) << 4 | tag],
        16..2048 => vec![((n >> 8) as u8 * 32) | 8 | tag, n as u8],
        _ => {
            let mut bytes = n.to_be_bytes().to_vec();
            while bytes.len() > 2 && bytes[0] == 0 && bytes[1] < 128 {
                bytes.remove(0);
            }
            bytes.insert(0, (bytes.len() as u8 - 2) << 5 | 24 | tag);
            bytes
        }
    }
}
pub fn u(n: u64) -> Vec<u8> {
    term(0, n)
}
pub fn i(n: u64) -> Vec<u8> {
    term(1, n)
}
pub fn a(n: u64) -> Vec<u8> {
    term(2, n)
}
pub fn x(n: u64) -> Vec<u8> {
    term(3, n)
}
pub fn y(n: u64) -> Vec<u8> {
    term(4, n)
}
pub fn f(n: u64) -> Vec<u8> {
    term(5, n)
}
pub fn lit(n: u64) -> Vec<u8> {
    [vec![0x47], u(n)].concat()
}
pub fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [vec![0x17], u(items.len() as u64), items.concat()].concat()
}

/// A module `m` in the making. Atoms: 1 `m`, 2 `f`, 3 `erlang`, 4 `+`, 5 `error`, 6 `g`,
/// then those added. Imports: 0 `erlang:+/2`, 1 `erlang:error/1`.
pub struct Asm {
    pub atoms: Vec<String>,
    pub code: Vec<u8>,
    pub labels: u32,
    pub functions: u32,
    pub exports: Vec<[u32; 3]>,
    pub lambdas: Vec<[u32; 6]>,
    pub literals: Vec<Vec<u8>>,
    pub strings: Vec<u8>,
    pub extra: Vec<([u8; 4], Vec<u8>)>,
}

impl Asm {
    pub fn new() -> Asm {
        let atoms = ["m", "f", "erlang", "+", "error", "g"].map(String::from).to_vec();
        Asm {
            atoms,
            code: Vec::new(),
            labels: 1,
            functions: 0,
            exports: Vec::new(),
            lambdas: Vec::new(),
            literals: Vec::new(),
            strings: Vec::new(),
            extra: Vec::new(),
        }
    }

    pub fn op(&mut self, number: u8, operands: &[Vec<u8>]) -> &mut Asm {
        self.code.push(number);
        self.code.extend(operands.concat());
        self
    }

    /// Head of function `name/arity`; gives the entry label, which is one more than the label of
    /// `func_info`.
    pub fn function(&mut self, name: u32, arity: u32) -> u64 {
        let info = self.new_label();
        self.op(1, &[u(info)]);
        self.op(2, &[a(1), a(u64::from(name)), u(u64::from(arity))]);
        let entry = self.new_label();
        self.op(1, &[u(entry)]);
        self.functions += 1;
        self.exports.push([name, arity, entry as u32]);
        entry
    }

    /// A label number to define with op 1.
    pub fn new_label(&mut self) -> u64 {
        self.labels += 1;
        u64::from(self.labels - 1)
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut code = self.code.clone();
        code.push(3);
        let header = [16, 0, 191, self.labels, self.functions];
        let mut chunks: Vec<([u8; 4], Vec<u8>)> = vec![
            (*b"AtU8", {
                let mut out = (self.atoms.len() as u32).to_be_bytes().to_vec();
                for atom in &self.atoms {
                    out.push(atom.len() as u8);
                    out.extend(atom.as_bytes());
                }
                out
            }),
            (*b"Code", [words(&header), code].concat()),
            (*b"StrT", self.strings.clone()),
            (*b"ImpT", words(&[2, 3, 4, 2, 3, 5, 1])),
            (*b"ExpT", rows(self.exports.iter().map(|r| r.as_slice()))),
        ];
        if !self.lambdas.is_empty() {
            chunks.push((*b"FunT", rows(self.lambdas.iter().map(|r| r.as_slice()))));
        }
        if !self.literals.is_empty() {
            let mut out = words(&[0, self.literals.len() as u32]);
            for literal in &self.literals {
                out.extend(words(&[literal.len() as u32]));
                out.extend(literal);
            }
            chunks.push((*b"LitT", out));
        }
        chunks.extend(self.extra.iter().cloned());
        container(&chunks)
    }

    pub fn load(&self) -> Result<loader::Module, loader::LoadError> {
        loader::load(&self.bytes())
    }
}

pub fn container(chunks: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut form = b"BEAM".to_vec();
    for (id, data) in chunks {
        form.extend(id);
        form.extend(words(&[data.len() as u32]));
        form.extend(data);
        form.resize(form.len().next_multiple_of(4), 0);
    }
    [b"FOR1".to_vec(), words(&[form.len() as u32]), form].concat()
}

pub fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_be_bytes()).collect()
}

fn rows<'a>(rows: impl ExactSizeIterator<Item = &'a [u32]>) -> Vec<u8> {
    let mut out = words(&[rows.len() as u32]);
    rows.for_each(|row| out.extend(words(row)));
    out
}
