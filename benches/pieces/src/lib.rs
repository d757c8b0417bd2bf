//! Nothing: see `benches/pieces.rs`.
