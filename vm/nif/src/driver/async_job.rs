//! Jobs that drivers have done on other threads: `driver_async`.
//!
//! A few threads, each with a queue; jobs of one key are done by one thread, in order. A job's result goes to its port as an event. If the
//! port is gone, the driver's own function frees the data.

use crate::driver::with_port;
use core::ffi::{c_long, c_uint, c_void};
use core::sync::atomic::{AtomicI64, Ordering};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use vm::port::Poster;

type Function = unsafe extern "C" fn(*mut c_void);

/// The data of a job that is done.
pub struct Done {
    data: *mut c_void,
    free: Option<Function>,
}

// SAFETY: C: the data go from thread to thread, one at a time.
unsafe impl Send for Done {}

impl Done {
    /// Gives the data to the driver.
    pub fn take(mut self) -> *mut c_void {
        self.free = None;
        self.data
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        if let Some(free) = self.free.take() {
            // SAFETY: C: nobody else has the data.
            unsafe { free(self.data) };
        }
    }
}

struct Job {
    invoke: Function,
    done: Done,
    port: Poster,
}

static THREADS: OnceLock<Vec<Sender<Job>>> = OnceLock::new();
static NEXT: AtomicI64 = AtomicI64::new(1);

/// How many threads there are, as the reference has without `+A`.
const COUNT: usize = 1;

fn threads() -> &'static [Sender<Job>] {
    THREADS.get_or_init(|| {
        (1..=COUNT)
            .filter_map(|i| {
                let (sender, jobs) = channel::<Job>();
                let body = move || {
                    for job in jobs {
                        // SAFETY: C.
                        unsafe { (job.invoke)(job.done.data) };
                        job.port.post(Box::new(job.done));
                    }
                };
                std::thread::Builder::new().name(format!("async_{i}")).spawn(body).ok()?;
                Some(sender)
            })
            .collect()
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_async(
    port: *mut c_void,
    key: *mut c_uint,
    invoke: Option<Function>,
    data: *mut c_void,
    free: Option<Function>,
) -> c_long {
    let (Some(invoke), Some(port)) = (invoke, with_port(port, |p, _| p.poster())) else {
        return -1;
    };
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    // SAFETY: C.
    let n = unsafe { key.as_ref() }.map_or(id as usize, |k| *k as usize);
    let all = threads();
    let job = Job { invoke, done: Done { data, free }, port };
    match all.get(n % all.len().max(1)).map(|t| t.send(job)) {
        Some(Ok(())) => id as c_long,
        _ => -1,
    }
}
