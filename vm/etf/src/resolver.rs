//! What the format needs to know of the VM around it: this node, its code, its live references.

use term::Heap;
use term::atom::Atom;
use term::boxed::{Export, FunEntry, Tuple};
use term::shared::MagicHandle;

/// The VM as the external term format sees it.
pub trait Resolver {
    /// Name and creation of this node.
    fn this_node(&self) -> (Atom, u32) {
        let node = term::node::this();
        (node.name, node.creation)
    }

    /// The export entry of a function, made if need be.
    fn export(&self, module: Atom, function: Atom, arity: u32) -> &'static Export;

    /// The export entry of a function that is loaded now; the only ones that safe decoding takes.
    fn active_export(&self, module: Atom, function: Atom, arity: u32) -> Option<&'static Export>;

    /// The entry of a `fun` of one version of a module, made if need be.
    fn fun_entry(
        &self,
        module: Atom,
        index: u32,
        uniq: [u8; 16],
        old_uniq: u32,
        arity: u32,
        num_free: u32,
    ) -> &'static FunEntry;

    /// What this node knows about a local reference of these words.
    fn local_reference(&self, words: [u32; 3]) -> LocalReference {
        let _ = words;
        LocalReference::Plain
    }

    /// Called when a magic reference is encoded, so that it can be found again when it comes back.
    fn keep_magic(&self, words: [u32; 3], magic: MagicHandle) {
        let _ = (words, magic);
    }

    /// Called when an alias is encoded, so that what is sent to it finds its process.
    fn keep_alias(&self, words: [u32; 3], pid: u64) {
        let _ = (words, pid);
    }

    /// Whether there are native records here (from OTP 29 on).
    fn has_records(&self) -> bool {
        false
    }

    /// The definition that a loaded module gives of its native record.
    fn record_definition<'h>(&self, heap: &'h Heap, module: Atom, name: Atom) -> Option<Tuple<'h>> {
        let _ = (heap, module, name);
        None
    }

    /// A number that no other incarnation of a node has: seals what `local` encoding writes. `None`
    /// where such terms do not exist (before OTP 26).
    fn local_seal(&self) -> Option<u64> {
        None
    }
}

/// What stands behind a local reference.
pub enum LocalReference {
    /// Nothing, or nothing any more.
    Plain,
    /// An alias of the process with this pid data.
    Process(u64),
    /// A native object.
    Magic(MagicHandle),
}
