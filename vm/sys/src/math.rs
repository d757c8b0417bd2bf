//! Functions of the C library that Rust's has not, or computes otherwise: results are to equal the reference's, which calls these.

mod c {
    unsafe extern "C" {
        pub safe fn acosh(x: f64) -> f64;
        pub safe fn asinh(x: f64) -> f64;
        pub safe fn atanh(x: f64) -> f64;
        pub safe fn erf(x: f64) -> f64;
        pub safe fn erfc(x: f64) -> f64;
    }
}

pub use c::{acosh, asinh, atanh, erf, erfc};
