//! Pure arithmetic on big integers and text of floats: no terms, no heap. See `bignum` and `float`.
