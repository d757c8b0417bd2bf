//! Module `zstd` (OTP 28): contexts that compress and decompress, and dictionaries [zstd_nif.c].
//!
//! A call works on one piece of input as long as the output has room for it; the Erlang side loops. A context
//! belongs to the process that made it.

use crate::iolist;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use sys::zstd::{
    self, CompressDictionary, Compressor, DecompressDictionary, Decompressor, End, Error,
    Parameter, Step,
};
use term::atom::am;
use term::shared::Magic;
use term::{Bits, Term, atom};
use vm::{BifResult, Cx, FromTerm, Stop};

vm::bifs! { pub TABLE: "zstd" {
    Plain "init_compress_nif"/0 => init_compress();
    DirtyCpu "load_compress_dictionary_nif"/2 => load_compress_dictionary(0, 1);
    Plain "ref_compress_dictionary_nif"/2 => ref_compress_dictionary(0, 1);
    Plain "set_compress_parameter_nif"/3 => set_compress_parameter(0, 1, 2);
    Plain "get_compress_parameter_nif"/2 => get_compress_parameter(0, 1);
    Plain "set_pledged_src_size_nif"/2 => set_pledged_src_size(0, 1);
    Plain "compress_stream_nif"/3 => compress_stream(0, 1, 2);
    Plain "compress_reset_nif"/1 => compress_reset(0);
    Plain "compress_close_nif"/1 => compress_close(0);
    Plain "init_decompress_nif"/0 => init_decompress();
    DirtyCpu "load_decompress_dictionary_nif"/2 => load_decompress_dictionary(0, 1);
    Plain "ref_decompress_dictionary_nif"/2 => ref_decompress_dictionary(0, 1);
    Plain "set_decompress_parameter_nif"/3 => set_decompress_parameter(0, 1, 2);
    Plain "get_decompress_parameter_nif"/2 => get_decompress_parameter(0, 1);
    Plain "decompress_stream_nif"/3 => decompress_stream(0, 1, 2);
    Plain "decompress_reset_nif"/1 => decompress_reset(0);
    Plain "decompress_close_nif"/1 => decompress_close(0);
    /// A dictionary's bytes and the level of compression
    DirtyCpu "create_cdict_nif"/2 => create_cdict(0, 1);
    DirtyCpu "create_ddict_nif"/1 => create_ddict(0);
    Plain "getDictId_fromCDict_nif"/1 => cdict_id(0);
    Plain "getDictId_fromDDict_nif"/1 => ddict_id(0);
    Plain "getDictId_fromDict_nif"/1 => dict_id(0);
    Plain "getDictId_fromFrame_nif"/1 => frame_dict_id(0);
    Plain "get_frame_header_nif"/1 => get_frame_header(0);
} }

/// Bytes of input that a reduction pays for.
const BYTES_PER_REDUCTION: usize = 256;

/// A context with its owner's pid data. Closed: none.
struct Context<T> {
    owner: u64,
    state: Mutex<Option<T>>,
}

struct Decompress {
    context: Decompressor,
    /// It is within a frame.
    in_use: bool,
}

/// An argument that refers to a native object of this module.
struct Ref<'p, T>(&'p T);

impl<T> Clone for Ref<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Ref<'_, T> {}

impl<'p, T: Send + Sync + 'static> FromTerm<'p> for Ref<'p, T> {
    fn from_term(t: Term<'p>) -> Option<Self> {
        t.as_reference()?.magic_ref()?.downcast().map(Ref)
    }
}

type Compress = Context<Compressor>;
type Decompression = Context<Decompress>;

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'p, T> Ref<'p, Context<T>> {
    /// Does something with the open context, if the caller owns it.
    fn with<R>(
        self,
        cx: &Cx<'p>,
        work: impl FnOnce(&mut T) -> BifResult<'p, R>,
    ) -> BifResult<'p, R> {
        let mut state = lock(&self.0.state);
        let open = state.as_mut().ok_or_else(|| cx.badarg())?;
        if self.0.owner != cx.pid() {
            return Err(cx.error(atom!("not_on_controlling_process")));
        }
        work(open)
    }
    /// Does something if that is possible; not an error if it is not closed already.
    fn end(self, cx: &Cx<'p>, work: impl FnOnce(&mut Option<T>)) -> BifResult<'p> {
        self.with(cx, |_| Ok(()))?;
        work(&mut lock(&self.0.state));
        Ok(am::OK.into())
    }
}

fn object<'p, T: Send + Sync + 'static>(cx: &Cx<'p>, value: T) -> Term<'p> {
    let (n0, n1) = vm::refs::next();
    cx.heap().magic_reference(n0, n1, Magic::handle(value))
}

/// `{zstd_error, Text}`.
fn failed<'p>(cx: &Cx<'p>, error: Error) -> Stop {
    let text = cx.heap().binary(error.text().as_bytes());
    cx.error_term(cx.heap().tuple(&[atom!("zstd_error").into(), text]))
}

fn done<'p>(cx: &Cx<'p>, result: Result<(), Error>) -> BifResult<'p> {
    result.map(|()| am::OK.into()).map_err(|e| failed(cx, e))
}

/// `{badarg, {What, Term}}`.
fn invalid<'p>(cx: &Cx<'p>, what: &str, t: Term<'p>) -> Stop {
    let heap = cx.heap();
    let place = heap.tuple(&[term::Atom::new(what).into(), t]);
    cx.error_term(heap.tuple(&[am::BADARG.into(), place]))
}

fn int(t: Term<'_>) -> Option<i32> {
    i32::try_from(t.as_small()?).ok()
}

fn bytes_of<'p>(cx: &Cx<'p>, data: Term<'p>) -> BifResult<'p, Vec<u8>> {
    iolist::to_vec(data).ok_or_else(|| cx.badarg())
}

// Contexts that compress.

fn init_compress<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let context = Compressor::new().map_err(|e| failed(cx, e))?;
    Ok(object(cx, Context { owner: cx.pid(), state: Mutex::new(Some(context)) }))
}

fn load_compress_dictionary<'p>(
    cx: &Cx<'p>,
    z: Ref<'p, Compress>,
    dictionary: Term<'p>,
) -> BifResult<'p> {
    z.with(cx, |c| done(cx, c.load_dictionary(&bytes_of(cx, dictionary)?)))
}

fn ref_compress_dictionary<'p>(
    cx: &Cx<'p>,
    z: Ref<'p, Compress>,
    dictionary: Ref<'p, Arc<CompressDictionary>>,
) -> BifResult<'p> {
    z.with(cx, |c| done(cx, c.refer_to(dictionary.0.clone())))
}

fn parameter<'p>(cx: &Cx<'p>, key: Term<'p>) -> BifResult<'p, (&'static str, Parameter)> {
    let name = key.as_atom().map(|a| a.name());
    let found = name.and_then(|n| Some((n, Parameter::of(n)?)));
    found.ok_or_else(|| invalid(cx, "invalid_key", key))
}

const STRATEGIES: [&str; 10] = [
    "default", "fast", "dfast", "greedy", "lazy", "lazy2", "btlazy2", "btopt", "btultra",
    "btultra2",
];

fn is_flag(name: &str) -> bool {
    let flags = ["enableLongDistanceMatching", "contentSizeFlag", "checksumFlag", "dictIDFlag"];
    flags.contains(&name)
}

fn set_compress_parameter<'p>(
    cx: &Cx<'p>,
    z: Ref<'p, Compress>,
    key: Term<'p>,
    value: Term<'p>,
) -> BifResult<'p> {
    z.with(cx, |c| {
        let (name, parameter) = parameter(cx, key)?;
        let number = match name {
            "strategy" => value
                .as_atom()
                .and_then(|a| STRATEGIES.iter().position(|s| *s == a.name()).map(|i| i as i32)),
            flag if is_flag(flag) => value.as_bool().map(i32::from),
            _ => int(value),
        };
        let number = number.ok_or_else(|| invalid(cx, "invalid_value", value))?;
        done(cx, c.set(parameter, number))
    })
}

fn get_compress_parameter<'p>(cx: &Cx<'p>, z: Ref<'p, Compress>, key: Term<'p>) -> BifResult<'p> {
    z.with(cx, |c| {
        let (name, parameter) = parameter(cx, key)?;
        let value = c.get(parameter).map_err(|e| failed(cx, e))?;
        Ok(match name {
            "strategy" => {
                let name = usize::try_from(value).ok().and_then(|i| STRATEGIES.get(i));
                term::Atom::new(name.ok_or_else(|| cx.badarg())?).into()
            }
            // The reference always says so, whatever was set.
            flag if is_flag(flag) => Term::bool(false),
            _ => Term::small(value.into()),
        })
    })
}

fn set_pledged_src_size<'p>(cx: &Cx<'p>, z: Ref<'p, Compress>, size: Term<'p>) -> BifResult<'p> {
    z.with(cx, |c| done(cx, c.pledge(size.as_u64().ok_or_else(|| cx.badarg())?)))
}

fn directive<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p, End> {
    match t.as_small() {
        Some(0) => Ok(End::Continue),
        Some(1) => Ok(End::Flush),
        Some(2) => Ok(End::End),
        _ => Err(cx.badarg()),
    }
}

fn compress_stream<'p>(
    cx: &Cx<'p>,
    z: Ref<'p, Compress>,
    data: Term<'p>,
    end: Term<'p>,
) -> BifResult<'p> {
    z.with(cx, |c| {
        let result = directive(cx, end)
            .and_then(|end| stream(cx, data, end, Compressor::room(), |i, o| c.step(i, o, end)));
        if result.is_err() {
            c.reset();
        }
        result
    })
}

fn compress_reset<'p>(cx: &Cx<'p>, z: Ref<'p, Compress>) -> BifResult<'p> {
    z.end(cx, |c| {
        if let Some(c) = c {
            c.reset();
        }
    })
}

fn compress_close<'p>(cx: &Cx<'p>, z: Ref<'p, Compress>) -> BifResult<'p> {
    z.end(cx, |c| *c = None)
}

/// Works until the input is used up or there is no more room: `{done | flush | continue, Output}`, or
/// `{continue, Rest, Output}`.
fn stream<'p>(
    cx: &Cx<'p>,
    data: Term<'p>,
    end: End,
    room: usize,
    mut step: impl FnMut(&[u8], &mut [u8]) -> Result<Step, Error>,
) -> BifResult<'p> {
    let heap = cx.heap();
    let input = data.as_binary().ok_or_else(|| cx.badarg())?;
    let bytes = input.bytes();
    let mut output = vec![0; room];
    let (mut read, mut written) = (0, 0);
    let remaining = loop {
        let s = step(&bytes[read..], &mut output[written..]).map_err(|e| failed(cx, e))?;
        (read, written) = (read + s.consumed, written + s.produced);
        if read >= bytes.len() || written >= room {
            break s.remaining;
        }
    };
    cx.bump(1 + read / BYTES_PER_REDUCTION);
    let out = heap.binary(&output[..written]);
    if read < bytes.len() {
        let rest = rest_of(cx, input, read);
        return Ok(heap.tuple(&[atom!("continue").into(), rest, out]));
    }
    let tag = match end {
        End::Continue => atom!("continue"),
        _ if written == room && remaining > 0 => atom!("flush"),
        _ => atom!("done"),
    };
    Ok(heap.tuple(&[tag.into(), out]))
}

fn rest_of<'p>(cx: &Cx<'p>, input: Bits<'p>, from: usize) -> Term<'p> {
    cx.heap().sub_bits(input, from * 8, input.bit_len() - from * 8)
}

// Contexts that decompress.

fn init_decompress<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let context = Decompressor::new().map_err(|e| failed(cx, e))?;
    let state = Mutex::new(Some(Decompress { context, in_use: false }));
    Ok(object(cx, Context { owner: cx.pid(), state }))
}

fn load_decompress_dictionary<'p>(
    cx: &Cx<'p>,
    z: Ref<'p, Decompression>,
    dictionary: Term<'p>,
) -> BifResult<'p> {
    z.with(cx, |d| done(cx, d.context.load_dictionary(&bytes_of(cx, dictionary)?)))
}

fn ref_decompress_dictionary<'p>(
    cx: &Cx<'p>,
    z: Ref<'p, Decompression>,
    dictionary: Ref<'p, Arc<DecompressDictionary>>,
) -> BifResult<'p> {
    z.with(cx, |d| done(cx, d.context.refer_to(dictionary.0.clone())))
}

fn window_key<'p>(cx: &Cx<'p>, key: Term<'p>) -> BifResult<'p, ()> {
    if key.is_atom_of(atom!("windowLogMax")) {
        return Ok(());
    }
    Err(invalid(cx, "invalid_key", key))
}

fn set_decompress_parameter<'p>(
    cx: &Cx<'p>,
    z: Ref<'p, Decompression>,
    key: Term<'p>,
    value: Term<'p>,
) -> BifResult<'p> {
    z.with(cx, |d| {
        let number = int(value).ok_or_else(|| cx.badarg())?;
        window_key(cx, key)?;
        done(cx, d.context.set_window(number))
    })
}

fn get_decompress_parameter<'p>(
    cx: &Cx<'p>,
    z: Ref<'p, Decompression>,
    key: Term<'p>,
) -> BifResult<'p> {
    z.with(cx, |d| {
        window_key(cx, key)?;
        d.context.window().map(|n| Term::small(n.into())).map_err(|e| failed(cx, e))
    })
}

fn decompress_stream<'p>(
    cx: &Cx<'p>,
    z: Ref<'p, Decompression>,
    data: Term<'p>,
    end: Term<'p>,
) -> BifResult<'p> {
    z.with(cx, |d| {
        let end = directive(cx, end)?;
        let mut room = Decompressor::room();
        if !d.in_use {
            let input = data.as_binary().ok_or_else(|| cx.badarg())?;
            // As much room as a small content wants.
            let size = zstd::decompressed_size(&input.bytes());
            if let Some(n) = size.and_then(|n| usize::try_from(n).ok()) {
                room = room.min(n);
            }
            d.in_use = true;
        }
        let result = stream(cx, data, end, room, |i, o| d.context.step(i, o));
        if result.is_err() {
            d.context.reset();
            d.in_use = false;
        }
        result
    })
}

fn decompress_reset<'p>(cx: &Cx<'p>, z: Ref<'p, Decompression>) -> BifResult<'p> {
    z.end(cx, |d| {
        if let Some(d) = d {
            d.context.reset();
            d.in_use = false;
        }
    })
}

fn decompress_close<'p>(cx: &Cx<'p>, z: Ref<'p, Decompression>) -> BifResult<'p> {
    z.end(cx, |d| *d = None)
}

// Dictionaries and headers.

fn create_cdict<'p>(cx: &Cx<'p>, bytes: Bits<'p>, level: Term<'p>) -> BifResult<'p> {
    let level = int(level).filter(|_| bytes.is_binary()).ok_or_else(|| cx.badarg())?;
    Ok(match CompressDictionary::new(&bytes.bytes(), level) {
        Some(d) => object(cx, Arc::new(d)),
        None => cx.heap().tuple(&[am::ERROR.into(), atom!("invalid_compress_dict").into()]),
    })
}

fn create_ddict<'p>(cx: &Cx<'p>, bytes: Bits<'p>) -> BifResult<'p> {
    if !bytes.is_binary() {
        return Err(cx.badarg());
    }
    Ok(match DecompressDictionary::new(&bytes.bytes()) {
        Some(d) => object(cx, Arc::new(d)),
        None => cx.heap().tuple(&[am::ERROR.into(), atom!("invalid_decompress_dict").into()]),
    })
}

fn cdict_id<'p>(_: &Cx<'p>, d: Ref<'p, Arc<CompressDictionary>>) -> BifResult<'p> {
    Ok(Term::small(d.0.id().into()))
}

fn ddict_id<'p>(_: &Cx<'p>, d: Ref<'p, Arc<DecompressDictionary>>) -> BifResult<'p> {
    Ok(Term::small(d.0.id().into()))
}

fn dict_id<'p>(cx: &Cx<'p>, data: Term<'p>) -> BifResult<'p> {
    Ok(Term::small(zstd::dictionary_id(&bytes_of(cx, data)?).into()))
}

fn frame_dict_id<'p>(cx: &Cx<'p>, data: Term<'p>) -> BifResult<'p> {
    Ok(Term::small(zstd::frame_dictionary_id(&bytes_of(cx, data)?).into()))
}

fn get_frame_header<'p>(cx: &Cx<'p>, data: Term<'p>) -> BifResult<'p> {
    let heap = cx.heap();
    let h = zstd::frame_header(&bytes_of(cx, data)?).map_err(|e| failed(cx, e))?;
    let number = |n: u64| match i64::try_from(n) {
        Ok(n) => heap.int(n),
        Err(_) => heap.big(false, &[n]),
    };
    let kind = if h.is_skippable { atom!("ZSTD_skippableFrame") } else { atom!("ZSTD_frame") };
    let map = heap.map_from_pairs(&[
        (atom!("frameContentSize").into(), h.content_size.map_or(am::UNDEFINED.into(), number)),
        (atom!("windowSize").into(), number(h.window_size)),
        (atom!("blockSizeMax").into(), number(h.block_size_max.into())),
        (atom!("frameType").into(), kind.into()),
        (atom!("headerSize").into(), number(h.header_size.into())),
        (atom!("dictID").into(), number(h.dictionary.into())),
        (atom!("checksumFlag").into(), Term::bool(h.checksum)),
    ]);
    Ok(heap.tuple(&[am::OK.into(), map]))
}
