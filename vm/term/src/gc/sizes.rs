//! Growth policy of heaps: the sizes that the reference uses, so that `process_info` shows the same
//! numbers. Fibonacci-like at first, then 20 % steps.

use std::sync::LazyLock;

static SIZES: LazyLock<Vec<usize>> = LazyLock::new(|| {
    let mut v = vec![12usize, 38];
    while v.len() < 23 {
        let n = v.len();
        v.push(v[n - 1] + v[n - 2] + 1);
    }
    while *v.last().unwrap_or(&0) < 1 << 50 {
        let l = v[v.len() - 1];
        v.push(l + l / 5);
    }
    v
});

/// The smallest size in the series that holds `words`.
pub fn size_for(words: usize) -> usize {
    let i = SIZES.partition_point(|&s| s < words);
    SIZES.get(i).copied().unwrap_or(words)
}

/// The next size above `words`.
pub fn next_size(words: usize) -> usize {
    size_for(words + 1)
}
