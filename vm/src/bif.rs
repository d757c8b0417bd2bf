//! Natives: what they are given, what they return, how they are declared.
//!
//! A native runs in a *turn*: its terms are `Term<'p>`, it allocates through [`Cx`] and cannot
//! collect. `bifs!` declares natives in tables; the list is a file's table of contents:
//!
//! ```text
//! bifs! { pub TABLE: "erlang" {
//!     /// The elements of `Tuple`, as a list.
//!     Plain "tuple_to_list"/1 => tuple_to_list(0);
//! } }
//! fn tuple_to_list<'p>(cx: &Cx<'p>, tuple: Tuple<'p>) -> BifResult<'p> { … }
//! ```
//!
//! The numbers are the arguments to pass, converted by [`FromTerm`]; one that does not convert is
//! `badarg`.

use crate::process::{Owned, Process};
use crate::stop::{Class, Raise, Resume, Stop, Why};
use crate::vm::Vm;
use core::marker::PhantomData;
use core::ops::Deref;
use term::atom::am;
use term::shared::{Magic, MagicHandle};
use term::{Atom, Big, Bits, Cons, Fun, Heap, Map, Pid, Port, RawTerm, Reference, Term, Tuple};

pub type BifResult<'p, T = Term<'p>> = Result<T, Stop>;
pub type BifFn = for<'p> fn(&Cx<'p>, &[Term<'p>]) -> BifResult<'p>;

/// How a native is scheduled and called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An ordinary native.
    Plain,
    /// Allowed in guards: does nothing but compute, may only fail.
    Guard,
    /// May run long, trap or change the process in ways that a guard cannot.
    Heavy,
    DirtyCpu,
    DirtyIo,
}

/// One native.
pub struct Bif {
    pub module: &'static str,
    pub function: &'static str,
    pub arity: usize,
    pub kind: Kind,
    pub call: BifFn,
    /// Calls of it are traced: instructions of its own go through the export.
    pub traced: core::sync::atomic::AtomicBool,
}

/// A table of natives.
pub type BifTable = &'static [Bif];

/// Declares a table of natives; see the module head.
#[macro_export]
macro_rules! bifs {
    ($vis:vis $table:ident: $module:literal {
        $( $(#[$meta:meta])* $kind:ident $name:literal / $arity:literal => $f:ident ( $($i:literal),* ); )*
    }) => {
        /// The natives of this file.
        $vis static $table: $crate::bif::BifTable = {
            static ALL: [$crate::bif::Bif; [$($arity as usize),*].len()] = [ $(
            $crate::bif::Bif {
                module: $module,
                function: $name,
                arity: $arity,
                kind: $crate::bif::Kind::$kind,
                call: {
                    fn call<'p>(
                        cx: &$crate::bif::Cx<'p>,
                        args: &[term::Term<'p>],
                    ) -> $crate::bif::BifResult<'p> {
                        let _ = args;
                        $f(cx, $( cx.arg(args, $i)? ),*)
                    }
                    call
                },
                traced: ::core::sync::atomic::AtomicBool::new(false),
            },
        )* ];
            &ALL
        };
    };
}

/// A term that survives a yield: an index into the process's root list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held(usize);

/// What a native works with during one turn: its process, its heap, the VM.
pub struct Cx<'p> {
    process: *mut Process,
    vm: &'static Vm,
    heap: &'p Heap,
    /// Index of the scheduler, from 1; 0 on a dirty thread.
    scheduler: usize,
    _turn: PhantomData<&'p mut Process>,
}

impl<'p> Deref for Cx<'p> {
    type Target = Heap;
    fn deref(&self) -> &Heap {
        self.heap
    }
}

impl<'p> Cx<'p> {
    /// Starts a turn.
    /// # Safety
    /// `process` is run by this thread alone, and nothing collects or frees its memory for `'p`.
    pub(crate) unsafe fn new(process: *mut Process, vm: &'static Vm, scheduler: usize) -> Cx<'p> {
        // SAFETY: alive and exclusive by the caller's word; `Heap` is made of cells.
        let heap = unsafe { &(*process).heap.heap };
        Cx { process, vm, heap, scheduler, _turn: PhantomData }
    }
    /// The process's heap: terms built on it are good for the turn.
    #[inline(always)]
    pub fn heap(&self) -> &'p Heap {
        self.heap
    }
    pub fn vm(&self) -> &'static Vm {
        self.vm
    }
    pub fn scheduler(&self) -> usize {
        self.scheduler
    }
    #[inline]
    pub(crate) fn process(&self) -> *mut Process {
        self.process
    }
    /// Runs the work of a dirty native that touches nothing of the process but the heap that it builds on: signals are
    /// handled meanwhile, and the process may end.
    pub fn apart<R>(&self, work: impl FnOnce() -> R) -> R {
        crate::process::apart::run(self, work)
    }
    /// Access to the owner's side of the process.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(&mut Process) -> R) -> R {
        // SAFETY: this thread alone runs the process, and the closure cannot keep the reference.
        f(unsafe { &mut *self.process })
    }
    /// Data of the process's own pid.
    pub fn pid(&self) -> u64 {
        // SAFETY: the process is alive for the turn.
        unsafe { (*self.process).shared.pid }
    }
    pub fn self_pid(&self) -> Term<'p> {
        Term::local_pid(self.pid())
    }
    pub fn group_leader(&self) -> Term<'p> {
        let t = self.with(|p| p.group_leader);
        self.brand(t)
    }
    pub fn set_group_leader(&self, leader: Term<'p>) {
        self.with(|p| p.group_leader = leader.raw());
    }
    /// A term that the process holds (dictionary, group leader, …), good for this turn.
    pub(crate) fn brand(&self, t: RawTerm) -> Term<'p> {
        // SAFETY: roots of the process stay where they are during a turn.
        unsafe { t.brand() }
    }

    // Stopping.

    #[cold]
    fn stop(&self, why: Why) -> Stop {
        self.with(|p| p.why = Some(why));
        Stop::recorded()
    }
    #[cold]
    fn raise_with(&self, class: Class, reason: Term<'p>, cause: Term<'p>) -> Stop {
        self.stop(Why::Raise(Raise {
            class,
            reason: reason.raw(),
            stacktrace: RawTerm::NONE,
            cause: cause.raw(),
            args: RawTerm::NONE,
            error_info: RawTerm::NONE,
        }))
    }
    /// `error:badarg`.
    #[cold]
    pub fn badarg(&self) -> Stop {
        self.error(am::BADARG)
    }
    /// `error:badarg` with a cause for `error_info`.
    #[cold]
    pub fn badarg_cause(&self, cause: Term<'p>) -> Stop {
        self.raise_with(Class::Error, am::BADARG.into(), cause)
    }
    /// `error:badarg` with an atom as its cause.
    #[cold]
    pub fn bad(&self, cause: &str) -> Stop {
        self.badarg_cause(Atom::new(cause).into())
    }
    /// `error:Reason` with a cause for `error_info`.
    #[cold]
    pub fn error_cause(&self, reason: Term<'p>, cause: Term<'p>) -> Stop {
        self.raise_with(Class::Error, reason, cause)
    }
    #[cold]
    pub fn error(&self, reason: Atom) -> Stop {
        self.raise_with(Class::Error, reason.into(), Term::NONE)
    }
    #[cold]
    pub fn error_term(&self, reason: Term<'p>) -> Stop {
        self.raise_with(Class::Error, reason, Term::NONE)
    }
    #[cold]
    pub fn system_limit(&self) -> Stop {
        self.error(am::SYSTEM_LIMIT)
    }
    /// Any class, without a cause.
    #[cold]
    pub fn throw_class(&self, class: Class, reason: Term<'p>) -> Stop {
        self.raise_with(class, reason, Term::NONE)
    }
    /// Full control, for `erlang:raise/3` and `erlang:error/2,3`.
    #[cold]
    pub fn raise(&self, raise: Raise) -> Stop {
        self.stop(Why::Raise(raise))
    }
    /// Goes on in an Erlang function (a tail call).
    pub fn trap(&self, module: Atom, function: Atom, args: &[Term<'p>]) -> Stop {
        let args = args.iter().map(|t| t.raw()).collect();
        self.stop(Why::Trap { module, function, args })
    }
    /// Goes on in this function of a module version that need not be the current one.
    pub fn trap_function(&self, f: &'static crate::code::Function, args: &[Term<'p>]) -> Stop {
        let args = args.iter().map(|t| t.raw()).collect();
        self.stop(Why::TrapFunction { function: f, args })
    }
    /// The module version whose code called this native.
    pub fn calling_module(&self) -> Option<&'static crate::code::LoadedModule> {
        let ip = self.with(|p| p.caller);
        self.vm.code.module_at(ip)
    }
    /// Whether the native was called by an instruction of its own, not through `apply`.
    pub fn is_called_directly(&self, m: &crate::code::LoadedModule, native: &Bif) -> bool {
        m.names_native_at(self.with(|p| p.caller), native)
    }
    /// `error:Reason` that shows these arguments of the calling function.
    pub fn error_with_args(&self, reason: Term<'p>, args: Term<'p>) -> Stop {
        self.raise(Raise {
            class: Class::Error,
            reason: reason.raw(),
            stacktrace: RawTerm::NONE,
            cause: RawTerm::NONE,
            args: if args.is_list() { args.raw() } else { RawTerm::NONE },
            error_info: RawTerm::NONE,
        })
    }
    pub fn hibernate(&self, module: Atom, function: Atom, args: &[Term<'p>]) -> Stop {
        let args = args.iter().map(|t| t.raw()).collect();
        self.stop(Why::Hibernate { module, function, args })
    }
    /// Lets others run, then polls `rest`.
    pub fn yield_to(&self, rest: impl Resume + 'static) -> Stop {
        self.stop(Why::Yield(Box::new(rest)))
    }
    /// Sleeps until a signal arrives (or the process's timer fires), then polls `rest`.
    pub fn wait(&self, rest: impl Resume + 'static) -> Stop {
        self.stop(Why::Wait(Box::new(rest)))
    }
    /// Says that it waits because of something busy, and so shows as suspended; or that it does not any more.
    pub fn held_up(&self, waits: bool) {
        use crate::process::state::HELD_UP;
        self.with(
            |p| if waits { p.shared.state.set(HELD_UP) } else { p.shared.state.clear(HELD_UP) },
        );
    }
    /// The same with a heap made as small as it can be.
    pub fn doze(&self, rest: impl Resume + 'static) -> Stop {
        self.stop(Why::Doze(Box::new(rest)))
    }
    /// Polls `rest` on another kind of scheduler (`DirtyCpu`, `DirtyIo`, or `Plain` for normal).
    pub fn reschedule(&self, kind: Kind, rest: impl Resume + 'static) -> Stop {
        self.stop(Why::Reschedule(kind, Box::new(rest)))
    }
    /// Runs `f`, which may block for a moment, while another scheduler looks after this one's processes. `None`: it
    /// did not run, and belongs on a dirty scheduler.
    pub fn aside<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        use crate::sched::aside;
        aside::aside(self, aside::SLOW, f)
    }
    /// The same with work that takes a moment however fast the system is, at most a millisecond.
    pub fn work_aside<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        use crate::sched::aside;
        aside::aside(self, i64::MAX, f)
    }
    /// Runs the native again from its start when the process is next scheduled in.
    pub fn again(&self) -> Stop {
        self.stop(Why::Again)
    }
    /// Returns `value` after giving up the rest of the time slice.
    pub fn yield_return(&self, value: Term<'p>) -> Stop {
        self.stop(Why::YieldReturn(value.raw()))
    }
    /// Collects after the turn, then returns `value`.
    pub fn collect(&self, major: bool, value: Term<'p>) -> Stop {
        self.stop(Why::Collect { major, value: value.raw() })
    }
    /// Counts `n` reductions. `false`: they are used up, stop with [`Cx::yield_to`].
    #[inline]
    pub fn bump(&self, n: usize) -> bool {
        self.with(|p| {
            p.reds_left = p.reds_left.saturating_sub_unsigned(n as u64);
            p.reds_left > 0
        })
    }
    /// Counts so many percent of the time slice, whatever its length. `true`: it is over.
    pub fn consume_timeslice(&self, percent: i32) -> bool {
        self.with(|p| p.consume_timeslice(percent))
    }
    /// Whether a signal has come that will end the process when this native has ended.
    pub fn is_exiting(&self) -> bool {
        use crate::signal::Body;
        self.with(|p| {
            let trap = p.flags.trap_exit;
            let ends = |s: &crate::signal::Signal| match &s.body {
                Body::Exit(x) => x.kill || !trap && !x.reason.term().is_atom_of(am::NORMAL),
                _ => false,
            };
            p.shared.state.has(crate::process::state::EXITING)
                || p.exit_reason.is_some()
                // SAFETY: this thread runs the process, and so is the queue's consumer.
                || unsafe { p.shared.in_queue.any(ends) }
        })
    }
    /// Uses up the time slice.
    pub fn bump_all(&self) {
        self.with(|p| p.end_slice());
    }
    /// Reductions left in this time slice.
    pub fn reductions_left(&self) -> i64 {
        self.with(|p| p.reds_left)
    }

    // What ends with the process.

    /// Keeps a native object alive until [`Cx::disown`] or the end of the process, which calls `on_exit` on the thread that
    /// ran it. `id` is the number of the object's reference.
    pub fn own(&self, id: (u64, u64), object: MagicHandle, on_exit: fn(&Magic)) {
        self.with(|p| p.extra().owned.insert(id, Owned { object, on_exit }));
    }
    /// Forgets an object given to [`Cx::own`] by this process.
    pub fn disown(&self, id: (u64, u64)) {
        self.with(|p| p.extra.as_mut().and_then(|e| e.owned.remove(&id)));
    }

    // What survives a yield.

    pub fn hold(&self, t: Term<'p>) -> Held {
        self.with(|p| {
            p.held.push(t.raw());
            Held(p.held.len() - 1)
        })
    }
    /// Lets go of everything held: when a resumed native has taken all it needs.
    pub fn release_held(&self) {
        self.with(|p| p.held.clear());
    }
    pub fn get(&self, h: Held) -> Term<'p> {
        let t = self.with(|p| p.held[h.0]);
        self.brand(t)
    }
    pub fn set(&self, h: Held, t: Term<'p>) {
        self.with(|p| p.held[h.0] = t.raw());
    }
    /// Holds `t` in a place that is made at the first call. Held terms are let go when a resumed native
    /// ends, so what may end without a yield holds only when it yields.
    pub fn keep(&self, place: &mut Option<Held>, t: Term<'p>) {
        match *place {
            Some(h) => self.set(h, t),
            None => *place = Some(self.hold(t)),
        }
    }

    /// Argument `i` (from 0) as a `T`; else `badarg`.
    #[inline(always)]
    pub fn arg<T: FromTerm<'p>>(&self, args: &[Term<'p>], i: usize) -> BifResult<'p, T> {
        match T::from_term(args[i]) {
            Some(v) => Ok(v),
            None => Err(self.badarg()),
        }
    }
    /// `Some` or `badarg`.
    #[inline(always)]
    pub fn need<T>(&self, v: Option<T>) -> BifResult<'p, T> {
        match v {
            Some(v) => Ok(v),
            None => Err(self.badarg()),
        }
    }
}

/// Conversion of an argument.
pub trait FromTerm<'p>: Sized {
    fn from_term(t: Term<'p>) -> Option<Self>;
}

macro_rules! from_term {
    ($($ty:ty = $f:expr;)*) => { $(
        impl<'p> FromTerm<'p> for $ty {
            #[inline(always)]
            fn from_term(t: Term<'p>) -> Option<Self> {
                let f: fn(Term<'p>) -> Option<$ty> = $f;
                f(t)
            }
        }
    )* };
}

/// A cons cell or nil.
#[derive(Clone, Copy)]
pub struct List<'p>(pub Term<'p>);
/// A bitstring of whole bytes.
#[derive(Clone, Copy)]
pub struct Binary<'p>(pub Bits<'p>);

from_term! {
    Term<'p> = Some;
    Atom = |t| t.as_atom();
    bool = |t| t.as_bool();
    i32 = |t| i32::try_from(t.as_small()?).ok();
    u32 = |t| u32::try_from(t.as_small()?).ok();
    i64 = |t| t.as_i64();
    u64 = |t| t.as_u64();
    usize = |t| t.as_usize();
    f64 = |t| t.as_float();
    Tuple<'p> = |t| t.as_tuple();
    Cons<'p> = |t| t.as_cons();
    Map<'p> = |t| t.as_map();
    Bits<'p> = |t| t.as_bits();
    Big<'p> = |t| t.as_big();
    Fun<'p> = |t| t.as_fun();
    Pid<'p> = |t| t.as_pid();
    Port<'p> = |t| t.as_port();
    Reference<'p> = |t| t.as_reference();
    List<'p> = |t| if t.is_list() { Some(List(t)) } else { None };
    Binary<'p> = |t| t.as_binary().map(Binary);
}
