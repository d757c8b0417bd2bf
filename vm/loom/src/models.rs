//! What must hold in every interleaving.

use crate::progress::Progress;
use crate::signal::Signal;
use crate::signal::queue::{InQueue, Item};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

fn signal(n: u64) -> Box<Signal> {
    let body = UnsafeCell::new(0);
    // Written apart from the creation, so that loom sees that the reader comes after it.
    // SAFETY: ours until it is pushed.
    body.with_mut(|body| unsafe { *body = n });
    Box::new(Signal { next: core::ptr::null_mut(), body })
}

fn number(item: Item) -> u64 {
    match item {
        // SAFETY: taken from the queue: ours.
        Item::Signal(signal) => signal.body.with(|body| unsafe { *body }),
        Item::Message(message) => message.term().as_u64().expect("a number"),
    }
}

fn message(n: u64) -> crate::signal::Message {
    crate::signal::Message::new(term::OwnedTerm::build(|_| term::Term::small(n as i64)))
}

/// Two producers and a consumer: nothing is lost or seen twice, each producer's order holds, and
/// what was pushed at once is taken at once.
pub fn queue_keeps_the_order_of_each_producer() {
    loom::model(|| {
        let queue = Arc::new(InQueue::new());
        let producers: Vec<_> = [10, 20]
            .map(|base| {
                let queue = queue.clone();
                thread::spawn(move || {
                    queue.push(signal(base));
                    queue.push_all(vec![Item::Message(message(base + 1)), Item::Signal(signal(base + 2))]);
                })
            })
            .into_iter()
            .collect();
        let mut seen = Vec::new();
        let early: Vec<u64> = queue.take_all().map(number).collect();
        for base in [10, 20] {
            assert_eq!(early.contains(&(base + 1)), early.contains(&(base + 2)));
        }
        seen.extend(early);
        producers.into_iter().for_each(|producer| producer.join().expect("ends"));
        seen.extend(queue.take_all().map(number));
        for base in [10, 20] {
            let own: Vec<u64> = seen.iter().copied().filter(|n| n / 10 == base / 10).collect();
            assert_eq!(own, [base, base + 1, base + 2]);
        }
        assert!(queue.is_empty());
    });
}

/// What was taken out of a table is freed when no slice can still see it.
pub fn nothing_is_freed_that_a_slice_may_see() {
    loom::model(|| {
        let progress = Arc::new(Progress::new(1, 1));
        let table = Arc::new(AtomicUsize::new(1));
        let object = Arc::new(UnsafeCell::new(1));
        let reader = {
            let (progress, table, object) = (progress.clone(), table.clone(), object.clone());
            thread::spawn(move || {
                progress.enter(0);
                if table.load(Ordering::Relaxed) == 1 {
                    // SAFETY: what is in the table when a slice reads it stays until the slice ends.
                    object.with(|object| assert_eq!(unsafe { *object }, 1));
                }
                progress.leave(0);
            })
        };
        table.store(0, Ordering::Relaxed);
        let mut waiting = progress.now(0, true);
        while !progress.passed(&mut waiting) {
            thread::yield_now();
        }
        // SAFETY: that is what is tried here.
        object.with_mut(|object| unsafe { *object = 0 });
        reader.join().expect("ends");
    });
}
