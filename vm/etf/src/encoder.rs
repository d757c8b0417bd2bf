//! Encoding in steps, for natives that yield.
//!
//! Between steps the encoder holds plain data only; the terms that it still needs are in a vector
//! that the caller keeps among its roots, so the process may be collected. A single binary is
//! copied within one step, and a single map taken apart (and sorted, if asked for).

use crate::encode::{EncodeError, EncodeOptions, encode_body};
use crate::sink::{Iovec, Sink};
use crate::tag;
use crate::writer::{Kept, Writer};
use crate::zip::Deflate;
use term::term::Term;

/// Encodes one term with version byte; see [`crate::encode()`] for doing it at once.
pub struct Encoder {
    kept: Kept,
    stage: Stage,
}

enum Stage {
    Bytes(Vec<u8>),
    Iovec(Iovec),
    /// The uncompressed form, and the compressed one as far as it is.
    Deflate(Vec<u8>, Deflate),
    Done(Encoded),
}

/// What an encoder makes.
pub enum Encoded {
    Bytes(Vec<u8>),
    Iovec(Iovec),
}

impl Encoder {
    /// For one run of bytes.
    pub fn bytes() -> Encoder {
        Encoder { kept: Kept::start(), stage: Stage::Bytes(vec![tag::VERSION]) }
    }
    /// For a list of segments; never compressed.
    pub fn iovec() -> Encoder {
        let mut out = Iovec::default();
        out.byte(tag::VERSION);
        Encoder { kept: Kept::start(), stage: Stage::Iovec(out) }
    }

    /// Encodes the terms that `terms` will hold without version byte after these bytes, and refers to binaries of more
    /// than so many bytes.
    pub fn after(bytes: Vec<u8>, copied: usize) -> Encoder {
        Encoder { kept: Kept::default(), stage: Stage::Iovec(Iovec::after(bytes, copied)) }
    }
    /// The first step of [`Encoder::after`]: what it does not get done of `term` is left in `terms`.
    pub fn begin<'p>(
        &mut self,
        term: Term<'p>,
        terms: &mut Vec<Term<'p>>,
        opts: &EncodeOptions<'_>,
        budget: &mut usize,
    ) -> Result<bool, EncodeError> {
        let Stage::Iovec(out) = &mut self.stage else { return Err(EncodeError::NotATerm) };
        let mut writer = Writer::new(term);
        let done = writer.run(out, opts, budget)?;
        if done {
            self.stage = Stage::Done(Encoded::Iovec(std::mem::take(out)));
        } else {
            writer.suspend(&mut self.kept, terms);
        }
        Ok(done)
    }

    /// Goes on until all is encoded (true) or the budget is spent. One unit is a subterm or some
    /// bytes; the reference does about 32 a reduction. At the first step `terms` holds the term to
    /// encode; later it must hold, unchanged but for collections, what the last step left in it.
    pub fn step<'p>(
        &mut self,
        terms: &mut Vec<Term<'p>>,
        opts: &EncodeOptions<'_>,
        budget: &mut usize,
    ) -> Result<bool, EncodeError> {
        loop {
            match &mut self.stage {
                Stage::Bytes(out) if opts.local => {
                    let root = terms.pop().ok_or(EncodeError::NotATerm)?;
                    encode_body(root, out, opts)?;
                    self.after_bytes(opts);
                }
                Stage::Bytes(out) => {
                    if !write(&mut self.kept, terms, out, opts, budget)? {
                        return Ok(false);
                    }
                    self.after_bytes(opts);
                }
                Stage::Iovec(out) => {
                    if !write(&mut self.kept, terms, out, opts, budget)? {
                        return Ok(false);
                    }
                    self.stage = Stage::Done(Encoded::Iovec(std::mem::take(out)));
                }
                Stage::Deflate(plain, deflate) => {
                    let before = deflate.consumed();
                    let done = deflate.step(plain.get(1..).unwrap_or_default());
                    *budget = budget.saturating_sub((deflate.consumed() - before) / 4 + 1);
                    match done {
                        None if *budget == 0 => return Ok(false),
                        None => {}
                        Some(shorter) => {
                            let mut out = std::mem::take(plain);
                            if shorter {
                                out.truncate(1);
                                out.extend_from_slice(&deflate.out);
                            }
                            self.stage = Stage::Done(Encoded::Bytes(out));
                        }
                    }
                }
                Stage::Done(_) => return Ok(true),
            }
        }
    }

    fn after_bytes(&mut self, opts: &EncodeOptions<'_>) {
        if let Stage::Bytes(out) = &mut self.stage {
            let out = std::mem::take(out);
            let body = out.len() - 1;
            self.stage = match Deflate::new(body, opts.compress) {
                Some(deflate) => Stage::Deflate(out, deflate),
                None => Stage::Done(Encoded::Bytes(out)),
            };
        }
    }

    /// What was made; `None` before the last step.
    pub fn finish(self) -> Option<Encoded> {
        match self.stage {
            Stage::Done(encoded) => Some(encoded),
            _ => None,
        }
    }
}

fn write<'p, S: Sink>(
    kept: &mut Kept,
    terms: &mut Vec<Term<'p>>,
    out: &mut S,
    opts: &EncodeOptions<'_>,
    budget: &mut usize,
) -> Result<bool, EncodeError> {
    let mut writer = Writer::resume(kept, terms)?;
    let done = writer.run(out, opts, budget)?;
    writer.suspend(kept, terms);
    Ok(done)
}
