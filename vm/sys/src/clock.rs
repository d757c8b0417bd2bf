//! Clocks, in nanoseconds.

use std::mem::MaybeUninit;

/// The clocks that the VM reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Never goes back; slewed by NTP. What Erlang's monotonic time is made of.
    Monotonic,
    /// As `Monotonic`, but untouched by NTP.
    Raw,
    /// Nanoseconds since 1970, as the system believes.
    System,
    /// CPU time of the calling thread.
    ThreadCpu,
    /// CPU time of all threads.
    ProcessCpu,
}

impl Clock {
    fn id(self) -> libc::clockid_t {
        match self {
            Clock::Monotonic => libc::CLOCK_MONOTONIC,
            Clock::Raw => libc::CLOCK_MONOTONIC_RAW,
            Clock::System => libc::CLOCK_REALTIME,
            Clock::ThreadCpu => libc::CLOCK_THREAD_CPUTIME_ID,
            Clock::ProcessCpu => libc::CLOCK_PROCESS_CPUTIME_ID,
        }
    }

    /// The name of the OS clock, as `system_info(os_monotonic_time_source)` reports it.
    pub fn name(self) -> &'static str {
        match self {
            Clock::Monotonic => "CLOCK_MONOTONIC",
            Clock::Raw => "CLOCK_MONOTONIC_RAW",
            Clock::System => "CLOCK_REALTIME",
            Clock::ThreadCpu => "CLOCK_THREAD_CPUTIME_ID",
            Clock::ProcessCpu => "CLOCK_PROCESS_CPUTIME_ID",
        }
    }

    /// The time now, in nanoseconds. These clocks exist on every supported system, so a failure reads as 0.
    #[inline]
    pub fn now(self) -> i64 {
        let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `ts` is a valid place for the answer.
        unsafe { libc::clock_gettime(self.id(), &mut ts) };
        nanoseconds(&ts)
    }

    /// The smallest step of the clock, in nanoseconds, at least 1.
    pub fn resolution(self) -> i64 {
        let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 1 };
        // SAFETY: `ts` is a valid place for the answer.
        unsafe { libc::clock_getres(self.id(), &mut ts) };
        nanoseconds(&ts).max(1)
    }
}

fn nanoseconds(ts: &libc::timespec) -> i64 {
    ts.tv_sec.saturating_mul(1_000_000_000).saturating_add(ts.tv_nsec)
}

/// [`Clock::Monotonic`] now.
#[inline]
pub fn monotonic_ns() -> i64 {
    Clock::Monotonic.now()
}

/// [`Clock::System`] now.
#[inline]
pub fn system_ns() -> i64 {
    Clock::System.now()
}

/// [`Clock::ThreadCpu`] now.
pub fn thread_cpu_ns() -> i64 {
    Clock::ThreadCpu.now()
}

/// CPU time of the process and of its ended children, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTimes {
    pub user_us: i64,
    pub system_us: i64,
    pub child_user_us: i64,
    pub child_system_us: i64,
}

/// How often the calling thread has waited for something; `None` where the system cannot tell.
pub fn thread_waits() -> Option<i64> {
    #[cfg(target_os = "linux")]
    {
        let mut ru = MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: `ru` is a valid place for the answer, which a successful call has filled in.
        unsafe {
            if libc::getrusage(libc::RUSAGE_THREAD, ru.as_mut_ptr()) == 0 {
                return Some(ru.assume_init().ru_nvcsw);
            }
        }
    }
    None
}

/// What `getrusage` says about CPU time.
pub fn process_cpu() -> CpuTimes {
    let us = |t: libc::timeval| t.tv_sec * 1_000_000 + t.tv_usec;
    let read = |who| {
        let mut ru = MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: `ru` is a valid place for the answer, and all zeroes is a valid rusage should the call fail.
        unsafe {
            libc::getrusage(who, ru.as_mut_ptr());
            ru.assume_init()
        }
    };
    let (own, child) = (read(libc::RUSAGE_SELF), read(libc::RUSAGE_CHILDREN));
    CpuTimes {
        user_us: us(own.ru_utime),
        system_us: us(own.ru_stime),
        child_user_us: us(child.ru_utime),
        child_system_us: us(child.ru_stime),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_move() {
        let a = monotonic_ns();
        let cpu = thread_cpu_ns();
        let mut x = 0u64;
        for i in 0..200_000u64 {
            x = std::hint::black_box(x ^ i);
        }
        assert!(monotonic_ns() > a);
        assert!(thread_cpu_ns() > cpu);
        assert!(system_ns() > 1_600_000_000_000_000_000);
        assert!(Clock::Monotonic.resolution() < 100_000_000);
        let t = process_cpu();
        assert!(t.user_us >= 0 && t.system_us >= 0);
    }
}
