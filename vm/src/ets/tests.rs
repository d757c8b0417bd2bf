use super::select::{self, Job};
use super::*;
use crate::bif::Cx;
use crate::testing::{read, show, vm, with_cx};

fn options(kind: Type) -> Options {
    Options {
        kind,
        protection: Protection::Public,
        named: false,
        keypos: 1,
        write_concurrency: WriteConcurrency::Off,
        read_concurrency: false,
        decentralized_counters: false,
        compressed: false,
    }
}

fn make(cx: &Cx<'_>, options: Options) -> Arc<Table> {
    let name = Atom::new("t");
    vm().ets.create(crate::refs::next(), name, options, cx.pid(), None).expect("a table")
}

fn put(t: &Table, cx: &Cx<'_>, text: &str) {
    let o = Object::new(read(cx.heap(), text).as_tuple().expect("a tuple"));
    assert_eq!(t.insert(cx.pid(), o, false), Ok(true));
}

fn look(t: &Table, cx: &Cx<'_>, key: &str) -> String {
    show(t.lookup(cx.pid(), read(cx.heap(), key), cx.heap()).expect("readable"))
}

/// Objects in the order of `first` and `next`.
fn walk(t: &Table, cx: &Cx<'_>) -> Vec<String> {
    let pos = t.keypos();
    let mut seen = Vec::new();
    let mut key = t.end(cx.pid(), false, |o| cx.heap().copy(o.key(pos))).expect("readable");
    while let Some(k) = key {
        seen.push(show(k));
        key = t.beside(cx.pid(), k, false, |o| cx.heap().copy(o.key(pos))).expect("there");
    }
    seen
}

fn run(t: &Arc<Table>, cx: &Cx<'_>, spec: &str, job: Job) -> String {
    let id = t.reference(cx.heap());
    show(select::start(cx, id, read(cx.heap(), spec), job).expect("a result"))
}

const ALL: Job = Job::Select { reverse: false, chunk: 0 };

#[test]
fn types_keep_their_promises() {
    with_cx(|cx| {
        for (kind, one, two) in [
            (Type::Set, "[{1,c}]", "[{1.0,x}]"),
            (Type::OrderedSet, "[{1.0,x}]", "[{1.0,x}]"),
            (Type::Bag, "[{1,a},{1,b},{1,c}]", "[{1.0,x}]"),
            (Type::DuplicateBag, "[{1,a},{1,b},{1,b},{1,c}]", "[{1.0,x}]"),
        ] {
            let t = make(cx, options(kind));
            for o in ["{1,a}", "{1,b}", "{2,z}", "{1,b}", "{1,c}", "{1.0,x}"] {
                put(&t, cx, o);
            }
            assert_eq!(look(&t, cx, "1"), one, "{kind:?}");
            assert_eq!(look(&t, cx, "1.0"), two, "{kind:?}");
            assert_eq!(look(&t, cx, "3"), "[]");
            let n = t.len();
            assert_eq!(t.delete(cx.pid(), Term::small(2)), Ok(()));
            assert_eq!(t.len(), n - 1);
            assert_eq!(t.delete_all(cx.pid()), Ok(n - 1));
            assert!(t.is_empty());
            vm().ets.delete(vm(), &t).expect("once");
            assert_eq!(t.member(cx.pid(), Term::small(1)), Err(Error::Id));
        }
    });
}

#[test]
fn hash_tables_grow_and_shrink() {
    with_cx(|cx| {
        for concurrency in [WriteConcurrency::Off, WriteConcurrency::On] {
            let o = Options { write_concurrency: concurrency, ..options(Type::Set) };
            let t = make(cx, o);
            let n = 20_000;
            for i in 0..n {
                let pair = cx.heap().tuple(&[Term::small(i), Term::small(i * 2)]);
                let o = Object::new(pair.as_tuple().expect("a tuple"));
                assert_eq!(t.insert(cx.pid(), o, true), Ok(true));
            }
            let (chains, kept, _) = t.chains().expect("a hash table");
            assert_eq!((chains.len(), kept), (n as usize, 0));
            assert_eq!(chains.iter().sum::<usize>(), n as usize);
            let mut seen = walk(&t, cx);
            assert_eq!(seen.len(), n as usize);
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), n as usize);
            for i in 0..n - 10 {
                assert_eq!(t.delete(cx.pid(), Term::small(i)), Ok(()));
            }
            assert_eq!(t.len(), 10);
            let (chains, ..) = t.chains().expect("a hash table");
            assert!(chains.len() < 5000, "{}", chains.len());
            for i in n - 10..n {
                assert_eq!(look(&t, cx, &i.to_string()), format!("[{{{i},{}}}]", i * 2));
            }
            vm().ets.delete(vm(), &t).expect("once");
            assert_eq!(t.common.words(), 0);
        }
    });
}

#[test]
fn iteration_survives_deletion_while_fixed() {
    with_cx(|cx| {
        for kind in [Type::Set, Type::Bag, Type::OrderedSet] {
            let t = make(cx, options(kind));
            for i in 0..1000 {
                put(&t, cx, &format!("{{{i}}}"));
            }
            t.fix(vm(), cx.pid());
            let mut n = 0;
            let mut key = t.end(cx.pid(), false, |o| cx.heap().copy(o.key(1))).expect("readable");
            while let Some(k) = key {
                n += 1;
                t.delete(cx.pid(), k).expect("deleted");
                key = t.beside(cx.pid(), k, false, |o| cx.heap().copy(o.key(1))).expect("there");
            }
            assert_eq!((n, t.len()), (1000, 0));
            put(&t, cx, "{5}");
            assert_eq!(look(&t, cx, "5"), "[{5}]");
            assert!(t.common.is_fixed());
            t.unfix(vm(), cx.pid(), false);
            assert!(!t.common.is_fixed());
            assert_eq!(walk(&t, cx), ["5"]);
            if let Some((chains, kept, _)) = t.chains() {
                assert_eq!((chains.iter().sum::<usize>(), kept), (1, 0));
            }
        }
    });
}

#[test]
fn bags_bring_objects_back_in_order_of_insertion() {
    with_cx(|cx| {
        let t = make(cx, options(Type::Bag));
        put(&t, cx, "{k,1}");
        put(&t, cx, "{k,2}");
        t.fix(vm(), cx.pid());
        let gone = read(cx.heap(), "{k,1}").as_tuple().expect("a tuple");
        t.delete_object(cx.pid(), gone).expect("deleted");
        assert_eq!(look(&t, cx, "k"), "[{k,2}]");
        put(&t, cx, "{k,1}");
        assert_eq!(look(&t, cx, "k"), "[{k,2},{k,1}]");
        t.unfix(vm(), cx.pid(), false);
        assert_eq!(look(&t, cx, "k"), "[{k,2},{k,1}]");
    });
}

#[test]
fn selects() {
    with_cx(|cx| {
        for kind in [Type::Set, Type::OrderedSet] {
            let t = make(cx, options(kind));
            for i in 0..50 {
                put(&t, cx, &format!("{{{i},{}}}", i % 5));
            }
            let count = "[{{'_',3},[],[true]}]";
            assert_eq!(run(&t, cx, count, Job::Count), "10");
            assert_eq!(run(&t, cx, "[{{7,'$1'},[],['$1']}]", ALL), "[2]");
            assert_eq!(run(&t, cx, "[{{70,'$1'},[],['$1']}]", ALL), "[]");
            assert_eq!(
                run(&t, cx, "[{{'$1','$2'},[{'<','$1',2}],[{{'$1',{const,n}}}]}]", Job::Replace),
                "2"
            );
            assert_eq!(look(&t, cx, "1"), "[{1,n}]");
            assert_eq!(run(&t, cx, count, Job::Delete), "10");
            assert_eq!(run(&t, cx, count, Job::Count), "0");
            assert_eq!(t.len(), 40);
        }
    });
}

#[test]
fn chunks_cover_the_table_once() {
    with_cx(|cx| {
        for kind in [Type::Set, Type::DuplicateBag, Type::OrderedSet] {
            for concurrency in [WriteConcurrency::Off, WriteConcurrency::On] {
                let t = make(cx, Options { write_concurrency: concurrency, ..options(kind) });
                for i in 0..300 {
                    put(&t, cx, &format!("{{{i}}}"));
                }
                let id = t.reference(cx.heap());
                let spec = read(cx.heap(), "[{{'$1'},[],['$1']}]");
                let job = Job::Select { reverse: false, chunk: 7 };
                let mut r = select::start(cx, id, spec, job).expect("a chunk");
                let mut all = Vec::new();
                while let Some([list, next]) = r.as_tuple_of::<2>() {
                    let part: Vec<i64> = list.iter_list().filter_map(|t| t.as_small()).collect();
                    assert!(part.len() <= 7);
                    all.extend(part);
                    r = select::resume(cx, next).expect("a chunk");
                }
                assert!(r.is_atom_of(Atom::new("$end_of_table")));
                if kind != Type::OrderedSet {
                    all.sort();
                }
                assert_eq!(all, (0..300).collect::<Vec<_>>());
            }
        }
    });
}

#[test]
fn ordered_tables_search_ranges() {
    with_cx(|cx| {
        let t = make(cx, options(Type::OrderedSet));
        for a in ["a", "b", "c"] {
            for i in 0..3 {
                put(&t, cx, &format!("{{{{{a},{i}}},x}}"));
                put(&t, cx, &format!("{{[{a},{i}],y}}"));
            }
        }
        let keys = |pattern: &str, job| {
            run(&t, cx, &format!("[{{{{{pattern},'_'}},[],[{{element,1,'$_'}}]}}]"), job)
        };
        assert_eq!(keys("{b,'_'}", ALL), "[{b,0},{b,1},{b,2}]");
        let reverse = Job::Select { reverse: true, chunk: 0 };
        assert_eq!(keys("{b,'$1'}", reverse), "[{b,2},{b,1},{b,0}]");
        assert_eq!(keys("{'_',1}", ALL), "[{a,1},{b,1},{c,1}]");
        assert_eq!(keys("[c|'_']", ALL), "[[c,0],[c,1],[c,2]]");
        assert_eq!(keys("[d|'_']", ALL), "[]");
        assert_eq!(keys("{b}", ALL), "[]");
        assert_eq!(keys("[b,1]", ALL), "[[b,1]]");
    });
}

#[test]
fn rights_names_and_owners() {
    with_cx(|cx| {
        let name = Atom::new("a_named_table");
        let o = Options { named: true, protection: Protection::Private, ..options(Type::Set) };
        let id = crate::refs::next();
        let t = vm().ets.create(id, name, o.clone(), cx.pid(), None).expect("a table");
        assert_eq!(
            vm().ets.create(crate::refs::next(), name, o, cx.pid(), None).err(),
            Some(Error::AlreadyExists)
        );
        let other = cx.pid() + 1;
        assert_eq!(t.member(other, Term::small(1)), Err(Error::Access));
        t.common.set_protection(Protection::Protected);
        assert_eq!(t.member(other, Term::small(1)), Ok(false));
        assert_eq!(t.delete(other, Term::small(1)), Err(Error::Access));
        let new = Atom::new("another_name");
        vm().ets.rename(&t, cx.pid(), new).expect("renamed");
        assert_eq!(vm().ets.find(Term::atom(name)).err(), Some(Error::Id));
        assert_eq!(vm().ets.find(Term::atom(new)).expect("there").id, id);
        let plain = cx.heap().reference(id.0, id.1);
        assert_eq!(vm().ets.find(plain).expect("there").id, id);
        vm().ets.process_exits(vm(), cx.pid());
        assert_eq!(vm().ets.find(Term::atom(new)).err(), Some(Error::Id));
        assert!(t.common.is_deleted());
    });
}
