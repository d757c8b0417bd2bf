//! A stack for walking terms: user data may nest ten million deep, so nothing that follows terms
//! may recurse natively. The first entries live on the native stack, the rest in a vector.

use core::mem::MaybeUninit;

pub(crate) struct Work<T: Copy, const N: usize = 16> {
    near: [MaybeUninit<T>; N],
    len: usize,
    far: Vec<T>,
}

impl<T: Copy, const N: usize> Work<T, N> {
    #[inline(always)]
    pub fn new() -> Self {
        Work { near: [const { MaybeUninit::uninit() }; N], len: 0, far: Vec::new() }
    }
    #[inline(always)]
    pub fn push(&mut self, t: T) {
        if self.len < N {
            self.near[self.len] = MaybeUninit::new(t);
            self.len += 1;
        } else {
            self.push_far(t);
        }
    }
    #[cold]
    fn push_far(&mut self, t: T) {
        self.far.push(t);
    }
    #[inline(always)]
    pub fn pop(&mut self) -> Option<T> {
        if self.len == N
            && let Some(t) = self.far.pop()
        {
            return Some(t);
        }
        self.len = self.len.checked_sub(1)?;
        // SAFETY: entries below `len` were written by `push`.
        Some(unsafe { self.near[self.len].assume_init() })
    }
}
