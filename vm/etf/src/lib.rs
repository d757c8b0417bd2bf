//! The external term format [external.c]: terms as bytes, for files, sockets and literals.
//!
//! [`decode`] reads, [`encode`](mod@encode) writes. Input is never trusted: every count is checked against the bytes
//! that are left before anything is made for it, nesting is kept on an explicit stack, and no input panics.

#![forbid(unsafe_code)]

pub mod atom_cache;
pub mod decode;
mod decoder;
pub mod encode;
mod encoder;
mod id;
mod input;
mod local;
mod map;
pub mod resolver;
mod sink;
pub mod tag;
mod writer;
mod zip;

pub use decode::{DecodeError, DecodeOptions, decode, decode_body};
pub use decoder::Decoder;
pub use encode::{
    DEFAULT_LEVEL, EncodeError, EncodeOptions, encode, encode_body, encode_iovec, external_size,
};
pub use encoder::{Encoded, Encoder};
pub use resolver::{LocalReference, Resolver};
pub use sink::{Iovec, Part};
