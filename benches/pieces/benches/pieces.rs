//! The pieces that programs spend their time in, each alone: copying terms, collecting, the in-queue of a process, maps,
//! tables, decoding. Compare with an earlier run (criterion keeps it), not with other machines.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use term::gc::{HeapOptions, ProcHeap};
use term::{Atom, Heap, OwnedTerm, RawTerm, Term};
use vm::ets::{Object, Options, Protection, Registry, Type, WriteConcurrency};

/// `[{N, atom, "string", <<"binary">>, 1.5, #{k => N}}, …]`
fn sample(heap: &Heap, n: i64) -> Term<'_> {
    let (name, key) = (Term::atom(Atom::new("atom")), Term::atom(Atom::new("k")));
    let rows: Vec<Term<'_>> = (0..n)
        .map(|i| {
            let i = Term::small(i);
            let map = heap.map_from_pairs(&[(key, i)]);
            let parts =
                [i, name, heap.string("string"), heap.binary(b"binary"), heap.float(1.5), map];
            heap.tuple(&parts)
        })
        .collect();
    heap.list(&rows)
}

fn copy(c: &mut Criterion) {
    let heap = Heap::new();
    for n in [1, 100, 10_000] {
        let t = sample(&heap, n);
        c.bench_function(&format!("copy/{n} rows"), |b| {
            b.iter(|| black_box(OwnedTerm::copy_of(t)));
        });
    }
}

fn collect(c: &mut Criterion) {
    let options = HeapOptions {
        min_heap: 233,
        fullsweep_after: 65_535,
        min_vheap: 46_422,
        max_heap: 0,
        count_shared: false,
    };
    for n in [10, 1000, 100_000] {
        let fresh = || {
            let h = ProcHeap::new(options);
            let root = sample(&h.heap, n).raw();
            (h, root)
        };
        c.bench_function(&format!("collect/major, {n} rows"), |b| {
            let (mut h, mut root): (ProcHeap, RawTerm) = fresh();
            b.iter(|| h.collect_major(100, None, |t| t.root(&mut root)));
        });
        c.bench_function(&format!("collect/first minor, {n} rows"), |b| {
            b.iter_batched(
                fresh,
                |(mut h, mut root)| {
                    h.collect(100, |t| t.root(&mut root));
                    (h, root)
                },
                BatchSize::LargeInput,
            );
        });
    }
}

fn queue(c: &mut Criterion) {
    use vm::signal::queue::InQueue;
    let heap = Heap::new();
    let t = heap.tuple(&[Term::small(1), Term::small(2)]);
    c.bench_function("queue/100 messages in and out", |b| {
        let q = InQueue::new();
        b.iter(|| {
            for _ in 0..100 {
                q.push_message(term::envelope::Message::new(OwnedTerm::copy_of(t)));
            }
            drop(black_box(q.take_all()));
        });
    });
}

fn maps(c: &mut Criterion) {
    for n in [8, 32, 1000] {
        let heap = Heap::new();
        let pairs: Vec<_> = (0..n).map(|i| (Term::small(i), Term::small(i))).collect();
        let map = heap.map_from_pairs(&pairs);
        let m = map.as_map().expect("a map");
        c.bench_function(&format!("map/get of {n}"), |b| {
            b.iter(|| pairs.iter().filter(|(k, _)| m.get(*k).is_some()).count());
        });
        c.bench_function(&format!("map/put into {n}"), |b| {
            b.iter_batched(
                Heap::new,
                |to| {
                    black_box(to.map_put(m, Term::small(n / 2), Term::small(-1)).raw());
                    drop(to);
                },
                BatchSize::SmallInput,
            );
        });
    }
}

fn tables(c: &mut Criterion) {
    let registry = Registry::new();
    for kind in [Type::Set, Type::OrderedSet, Type::DuplicateBag] {
        let options = Options {
            kind,
            protection: Protection::Public,
            named: false,
            keypos: 1,
            write_concurrency: WriteConcurrency::Off,
            read_concurrency: false,
            decentralized_counters: false,
            compressed: false,
        };
        let table =
            registry.create((0, kind as u64), Atom::new("t"), options, 0, None).expect("a table");
        let heap = Heap::new();
        let rows: Vec<_> = (0..10_000i64)
            .map(|i| heap.tuple(&[Term::small(i * 7919 % 10_007), heap.string("value")]))
            .map(|t| t.as_tuple().expect("a tuple"))
            .collect();
        c.bench_function(&format!("ets/{kind:?} insert 10,000"), |b| {
            b.iter(|| {
                for t in &rows {
                    table.insert(0, Object::new(*t), false).expect("stored");
                }
                table.delete_all(0).expect("emptied")
            });
        });
        for t in &rows {
            table.insert(0, Object::new(*t), false).expect("stored");
        }
        c.bench_function(&format!("ets/{kind:?} lookup 10,000"), |b| {
            b.iter_batched(
                Heap::new,
                |to| {
                    for t in &rows {
                        black_box(table.lookup(0, t.get(0), &to).expect("found").raw());
                    }
                    drop(to);
                },
                BatchSize::LargeInput,
            );
        });
    }
}

/// Nothing in the samples asks it.
struct Nobody;

impl etf::Resolver for Nobody {
    fn export(&self, _: Atom, _: Atom, _: u32) -> &'static term::Export {
        unreachable!("the samples have no funs")
    }
    fn active_export(&self, _: Atom, _: Atom, _: u32) -> Option<&'static term::Export> {
        None
    }
    fn fun_entry(
        &self,
        _: Atom,
        _: u32,
        _: [u8; 16],
        _: u32,
        _: u32,
        _: u32,
    ) -> &'static term::FunEntry {
        unreachable!("the samples have no funs")
    }
}

fn external(c: &mut Criterion) {
    term::node::set_this(Atom::new("nonode@nohost"), 0);
    let heap = Heap::new();
    let t = sample(&heap, 1000);
    let encode = || {
        let mut bytes = Vec::new();
        etf::encode(t, &mut bytes, &etf::EncodeOptions::new(&Nobody)).expect("encoded");
        bytes
    };
    let bytes = encode();
    c.bench_function("external/encode 1000 rows", |b| b.iter(encode));
    c.bench_function("external/decode 1000 rows", |b| {
        b.iter_batched(
            Heap::new,
            |to| {
                let options = etf::DecodeOptions::new(&Nobody);
                black_box(etf::decode(&bytes, &to, &options).expect("decoded").0.raw());
                drop(to);
            },
            BatchSize::LargeInput,
        );
    });
}

criterion_group!(pieces, copy, collect, queue, maps, tables, external);
criterion_main!(pieces);
