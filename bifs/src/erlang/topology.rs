//! How processors lie, as records `{cpu, Node, Processor, ProcessorNode, Core, Thread, Logical}`: functions of `erlang`
//! turn these into nested lists and back [erl_cpu_topology.c].

use sys::cpu::Cpu;
use term::atom::am;
use term::{Heap, Term, atom};

/// The records, or `undefined`. What does not apply is -1.
pub fn term<'h>(h: &'h Heap, cpus: Option<&[Cpu]>) -> Term<'h> {
    let Some(cpus) = cpus else { return am::UNDEFINED.into() };
    let n = |n: u32| Term::small(n.into());
    let maybe = |n: Option<u32>| n.map_or(Term::small(-1), |n| Term::small(n.into()));
    let row = |c: &Cpu| {
        let tag = atom!("cpu").into();
        let (node, inner) = (maybe(c.node), maybe(c.processor_node));
        h.tuple(&[tag, node, n(c.processor), inner, n(c.core), n(c.thread), n(c.logical)])
    };
    h.list(&cpus.iter().map(row).collect::<Vec<_>>())
}

/// Reads a list of records. Every logical processor may be there once.
pub fn read(t: Term<'_>) -> Option<Vec<Cpu>> {
    let number = |t: Term<'_>| u32::try_from(t.as_small()?).ok();
    let maybe = |t: Term<'_>| match t.as_small()? {
        -1 => Some(None),
        n => u32::try_from(n).ok().map(Some),
    };
    let mut cpus = Vec::new();
    for t in t.to_vec()? {
        let [tag, node, processor, inner, core, thread, logical] = t.as_tuple_of::<7>()?;
        tag.is_atom_of(atom!("cpu")).then_some(())?;
        cpus.push(Cpu {
            node: maybe(node)?,
            processor: number(processor)?,
            processor_node: maybe(inner)?,
            core: number(core)?,
            thread: number(thread)?,
            logical: number(logical)?,
        });
    }
    let mut logical: Vec<u32> = cpus.iter().map(|c| c.logical).collect();
    logical.sort_unstable();
    let unique = logical.windows(2).all(|w| w[0] != w[1]);
    (!cpus.is_empty() && unique).then_some(cpus)
}
