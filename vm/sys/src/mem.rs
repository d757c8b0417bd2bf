//! Memory of the machine and of this process, in bytes.

use std::fs;

/// The machine's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct System {
    pub total: u64,
    /// What could be used without swapping.
    pub available: u64,
}

/// What `/proc/meminfo` says; `None` where there is none.
pub fn system() -> Option<System> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let field = |name: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1024)
    };
    Some(System { total: field("MemTotal")?, available: field("MemAvailable")? })
}

/// The memory limit of our control group, if there is one.
pub fn limit() -> Option<u64> {
    crate::cpu::memory_limit()
}

/// Memory of this process that is present.
pub fn resident() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages = text.split(' ').nth(1)?.parse::<u64>().ok()?;
    pages.checked_mul(crate::mmap::page_size() as u64)
}

/// Has the allocator keep what is freed for the next that asks: giving it back and getting it again a moment later costs
/// more than all else about large blocks. [`release`] gives it back when nothing runs.
pub fn keep_freed() {
    #[cfg(target_env = "gnu")]
    // SAFETY: only sets parameters.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 2 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 8 << 20);
    }
}

/// Has the allocator give free memory back to the system, where it can.
pub fn release() {
    crate::large::release();
    #[cfg(target_env = "gnu")]
    // SAFETY: may be called at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn plausible() {
        let m = super::system().unwrap();
        assert!(m.total >= m.available && m.total > 64 << 20);
        let r = super::resident().unwrap();
        assert!(r > 100_000 && r < m.total);
        assert!(super::limit().is_none_or(|l| l > 1 << 20));
    }
}
