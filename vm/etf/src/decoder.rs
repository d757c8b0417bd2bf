//! Decoding in steps, for natives that yield.
//!
//! The term grows in a [`Workshop`], not on the heap of a process, so the process may be collected
//! between steps; the caller keeps the input and shows it again at each step. A single binary is
//! copied within one step, and a single map built.

use crate::decode::{DecodeError, DecodeOptions, Reader};
use crate::input::Input;
use crate::zip::Inflate;
use crate::{local, tag};
use term::heap::OwnedTerm;
use term::workshop::Workshop;

/// Decodes one term with version byte; see [`crate::decode()`] for doing it at once.
#[derive(Default)]
pub struct Decoder {
    shop: Workshop,
    reader: Reader,
    stage: Stage,
    /// Position in the bytes that are decoded.
    at: usize,
    /// Inflated bytes, if the input is compressed.
    plain: Option<Vec<u8>>,
    /// Length of the compressed form.
    zipped: usize,
    /// Where sealed bytes begin, and their seal.
    seal: Option<(usize, u32)>,
}

#[derive(Default)]
enum Stage {
    #[default]
    Start,
    Inflate(Inflate),
    Head,
    Read,
    Done,
}

impl Decoder {
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Goes on until the term is complete (true) or the budget is spent. One unit is a subterm or a
    /// few bytes; the reference does about 128 a reduction. `bytes` is the same at each step.
    pub fn step(
        &mut self,
        bytes: &[u8],
        opts: &DecodeOptions<'_>,
        budget: &mut usize,
    ) -> Result<bool, DecodeError> {
        loop {
            match &mut self.stage {
                Stage::Start => match bytes {
                    [tag::VERSION, tag::COMPRESSED, a, b, c, d, ..] => {
                        let size = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
                        self.stage = Stage::Inflate(Inflate::new(size));
                    }
                    [tag::VERSION, ..] => {
                        self.at = 1;
                        self.stage = Stage::Head;
                    }
                    _ => return Err(DecodeError::BadVersion),
                },
                Stage::Inflate(inflate) => {
                    let zipped = bytes.get(6..).unwrap_or_default();
                    let before = inflate.out.len();
                    let done = inflate.step(zipped)?;
                    let spent = (inflate.out.len() - before) / 8 + 1;
                    *budget = budget.saturating_sub(spent);
                    if let Some(used) = done {
                        self.zipped = 6 + used;
                        self.plain = Some(std::mem::take(&mut inflate.out));
                        self.stage = Stage::Head;
                    } else if *budget == 0 {
                        return Ok(false);
                    }
                }
                Stage::Head => {
                    let body = self.plain.as_deref().unwrap_or(bytes).get(self.at..);
                    if let Some([tag::LOCAL, a, b, c, d, ..]) = body
                        && opts.resolver.local_seal().is_some()
                    {
                        self.at += 5;
                        self.seal = Some((self.at, u32::from_be_bytes([*a, *b, *c, *d])));
                    }
                    self.stage = Stage::Read;
                }
                Stage::Read => {
                    let all = self.plain.as_deref().unwrap_or(bytes);
                    let mut input = Input::new(all.get(self.at..).unwrap_or_default());
                    let reader = &mut self.reader;
                    let opts = &DecodeOptions { sealed: self.seal.is_some(), ..*opts };
                    let done = self.shop.work(|heap, values| {
                        let term = reader.run(&mut input, values, heap, opts, budget)?;
                        values.extend(term);
                        Ok(term.is_some())
                    })?;
                    self.at = all.len() - input.left();
                    if !done {
                        return Ok(false);
                    }
                    if let Some((from, seal)) = self.seal {
                        let sealed = all.get(from..self.at).unwrap_or_default();
                        local::check(seal, sealed, opts.resolver)?;
                    }
                    self.stage = Stage::Done;
                }
                Stage::Done => return Ok(true),
            }
        }
    }

    /// How many bytes of the input the complete term took.
    pub fn used(&self) -> usize {
        if self.plain.is_some() { self.zipped } else { self.at }
    }

    /// The complete term.
    pub fn finish(self) -> OwnedTerm {
        self.shop.finish()
    }
}
