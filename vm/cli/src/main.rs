//! The multi-call program.
#![forbid(unsafe_code)]

mod emulator;
mod erlexec;
mod otp;
mod word;

fn main() {}
