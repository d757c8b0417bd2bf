//! The operating system as the VM sees it, behind safe faces: memory, clocks, polling, file descriptors, child
//! programs, signals, the terminal, and what the machine is like.
//!
//! No Erlang term appears here. Errors are `std::io::Error`; `errno::name` gives the atom that Erlang code sees for one.

pub mod blocks;
pub mod child;
pub mod clock;
pub mod cpu;
pub mod daemon;
pub mod errno;
pub mod fd;
pub mod file;
pub mod host;
pub mod large;
pub mod limits;
pub mod line;
pub mod localtime;
pub mod math;
pub mod mem;
pub mod mmap;
pub mod net;
pub mod oom;
pub mod poll;
pub mod pty;
pub mod random;
pub mod resolve;
pub mod sample;
pub mod signal;
pub mod socket;
pub mod startup;
pub mod terminfo;
pub mod tty;
pub mod zlib;
pub mod zstd;
