//! Pids, ports and references: local ones become local terms again.

use crate::decode::{DecodeError, DecodeOptions, atom_of};
use crate::input::Input;
use crate::resolver::LocalReference;
use crate::tag;
use term::atom::Atom;
use term::boxed::{MAX_REF_WORDS, pid_data};
use term::heap::Heap;
use term::node::Node;
use term::term::Term;

/// Numbers below this are possible for pids of this node; serials have their own bound.
const LOCAL_NUMBERS: u32 = 1 << 28;
const LOCAL_SERIALS: u32 = 1 << 30;
const LOCAL_PORTS: u64 = 1 << 58;
/// Bound of the first word of references that this node made, and of those in the old formats.
const FIRST_WORDS: u32 = 1 << 18;
/// Words of a reference that this node made.
const LOCAL_WORDS: usize = 3;

/// The one-byte creations of the old formats have two bits.
fn old_creation(input: &mut Input<'_>) -> Result<u32, DecodeError> {
    match input.u8()? {
        c @ 0..=3 => Ok(c.into()),
        _ => Err(DecodeError::BadValue),
    }
}

/// The name of a node; `None` where a sealed term says that it is this one, whatever its name is now.
fn node_name(input: &mut Input<'_>, opts: &DecodeOptions<'_>) -> Result<Option<Atom>, DecodeError> {
    match input.u8()? {
        tag::NIL if opts.sealed => Ok(None),
        t => atom_of(t, input, opts).map(Some),
    }
}

/// The node, if it is another one.
fn other_node(
    name: Option<Atom>,
    creation: u32,
    opts: &DecodeOptions<'_>,
) -> Option<&'static Node> {
    let name = name.filter(|name| opts.resolver.this_node() != (*name, creation))?;
    Some(Node::intern(name, creation))
}

pub(crate) fn pid<'h>(
    tag: u8,
    input: &mut Input<'_>,
    heap: &'h Heap,
    opts: &DecodeOptions<'_>,
) -> Result<Term<'h>, DecodeError> {
    let name = node_name(input, opts)?;
    let (number, serial) = (input.u32()?, input.u32()?);
    let creation = if tag == tag::PID { old_creation(input)? } else { input.u32()? };
    if let Some(node) = other_node(name, creation, opts) {
        return Ok(heap.external_pid(node, pid_data(number, serial)));
    }
    if number >= LOCAL_NUMBERS || serial >= LOCAL_SERIALS {
        return Err(DecodeError::BadValue);
    }
    Ok(Term::local_pid(pid_data(number, serial)))
}

pub(crate) fn port<'h>(
    tag: u8,
    input: &mut Input<'_>,
    heap: &'h Heap,
    opts: &DecodeOptions<'_>,
) -> Result<Term<'h>, DecodeError> {
    let name = node_name(input, opts)?;
    let id = if tag == tag::V4_PORT { input.u64()? } else { input.u32()?.into() };
    let creation = if tag == tag::PORT { old_creation(input)? } else { input.u32()? };
    if let Some(node) = other_node(name, creation, opts) {
        return Ok(heap.external_port(node, id));
    }
    if id >= LOCAL_PORTS {
        return Err(DecodeError::BadValue);
    }
    Ok(Term::local_port(id))
}

pub(crate) fn reference<'h>(
    tag: u8,
    input: &mut Input<'_>,
    heap: &'h Heap,
    opts: &DecodeOptions<'_>,
) -> Result<Term<'h>, DecodeError> {
    let count = if tag == tag::REFERENCE { 1 } else { usize::from(input.u16()?) };
    if count == 0 || count > MAX_REF_WORDS {
        return Err(DecodeError::BadValue);
    }
    let name = node_name(input, opts)?;
    let mut words = [0u32; MAX_REF_WORDS];
    let creation = match tag {
        tag::REFERENCE => {
            words[0] = input.u32()?;
            old_creation(input)?
        }
        _ => {
            let creation =
                if tag == tag::NEW_REFERENCE { old_creation(input)? } else { input.u32()? };
            for word in &mut words[..count] {
                *word = input.u32()?;
            }
            creation
        }
    };
    let other = other_node(name, creation, opts);
    if words[0] >= FIRST_WORDS && (other.is_none() || tag != tag::NEWER_REFERENCE) {
        return Err(DecodeError::BadValue);
    }
    if let Some(node) = other {
        return Ok(heap.external_reference(node, &words[..count]));
    }
    if count > LOCAL_WORDS {
        return Err(DecodeError::BadValue);
    }
    let [a, b, c, ..] = words;
    let (n0, n1) = (u64::from(a) | u64::from(b) << 32, u64::from(c));
    Ok(match opts.resolver.local_reference([a, b, c]) {
        LocalReference::Plain => heap.reference(n0, n1),
        LocalReference::Process(pid) => heap.pid_reference(n0, n1, pid),
        LocalReference::Magic(magic) => heap.magic_reference(n0, n1, magic),
    })
}
