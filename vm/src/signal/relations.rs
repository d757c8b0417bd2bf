//! Links, monitors and aliases of one process [erl_monitor_link.c].

use super::RefId;
use crate::dist::op::Watched;
use crate::dist::peer::{RemotePid, RemoteRef};
use crate::dist::spawn::Pending;
use crate::few::Few;
use std::collections::HashSet;
use term::Atom;
use term::quick::QuickMap;

/// Who is watched, or linked to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Peer {
    Process(u64),
    Port(u64),
    Remote(RemotePid),
    /// Whoever has a name on this other node.
    RemoteName(Atom),
    /// `erlang:monitor(time_offset, clock_service)`
    TimeOffset,
    /// A port of this node in an earlier life.
    FormerPort(RemotePid),
    /// A registered name on this or another node that had no holder.
    Nobody,
    /// An object of a native library watches ([`Hooks`](crate::vm::Hooks)).
    Native,
}

/// What this process watches.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    pub target: Peer,
    /// Watched by name: `{Name, Node}` is shown in the DOWN message.
    pub name: Option<Atom>,
    /// The tag instead of `'DOWN'` is kept in [`Rare`].
    pub tag: Option<usize>,
    pub alias: Option<AliasKind>,
    /// Its message comes before ordinary ones (OTP 28).
    pub priority: bool,
    /// Number of the connection that it goes through; 0 on this node.
    pub connection: u32,
}

/// How an alias ends by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AliasKind {
    ExplicitUnalias,
    Demonitor,
    ReplyDemonitor,
    /// `alias([reply])`
    Reply,
}

/// Who watches this process.
#[derive(Clone, Copy, Debug)]
pub struct Watcher {
    pub watcher: Peer,
    pub name: Option<Atom>,
}

/// A link, with the unlink that is under way.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkState {
    /// Id of an unlink that waits for its acknowledgement: the link is dead from here.
    pub unlinking: u64,
    /// Number of the connection that it goes through; 0 on this node.
    pub connection: u32,
}

/// A process of another node that watches this one.
#[derive(Clone, Copy, Debug)]
pub struct RemoteWatcher {
    pub watcher: RemotePid,
    pub shown: Watched,
    /// The connection.
    pub node: Atom,
    pub id: u32,
}

/// Links, monitors, aliases. Empty tables cost one pointer.
#[derive(Default)]
pub struct Relations(Option<Box<Tables>>);

#[derive(Default)]
pub struct Tables {
    pub links: Few<Peer, LinkState>,
    pub watches: QuickMap<RefId, Watch>,
    pub watchers: QuickMap<RefId, Watcher>,
    pub aliases: QuickMap<RefId, AliasKind>,
    pub unlink_serial: u64,
    pub rare: Option<Box<Rare>>,
    /// What only those have who deal with other nodes.
    pub remote: Option<Box<Remote>>,
}

/// What few have.
#[derive(Default)]
pub struct Rare {
    /// Of monitors, instead of `'DOWN'`.
    pub tags: QuickMap<RefId, term::OwnedTerm>,
    /// Aliases that let priority messages through.
    pub priority_aliases: HashSet<RefId>,
    /// Links whose exit messages come before ordinary messages (OTP 28).
    pub priority_links: HashSet<Peer>,
}

#[derive(Default)]
pub struct Remote {
    pub watchers: QuickMap<RemoteRef, RemoteWatcher>,
    /// Processes asked for over there.
    pub spawns: QuickMap<RefId, Pending>,
    /// `monitor_node/2`: how often, by node and number of its connection.
    pub nodes: QuickMap<(Atom, u32), u32>,
}

impl Tables {
    /// Whether there was such an alias.
    pub fn drop_alias(&mut self, vm: &crate::vm::Vm, alias: RefId) -> bool {
        let was = self.aliases.remove(&alias).is_some();
        if was {
            if let Some(rare) = &mut self.rare {
                rare.priority_aliases.remove(&alias);
            }
            vm.written.aliases.forget(alias);
        }
        was
    }
    pub fn has_priority_alias(&self, alias: &RefId) -> bool {
        self.rare.as_ref().is_some_and(|r| r.priority_aliases.contains(alias))
    }
    pub fn remove_priority_link(&mut self, peer: &Peer) -> bool {
        self.rare.as_mut().is_some_and(|r| r.priority_links.remove(peer))
    }
    pub fn tag(&self, watch: &RefId) -> Option<&term::OwnedTerm> {
        self.rare.as_ref()?.tags.get(watch)
    }
    pub fn remove_tag(&mut self, watch: &RefId) -> Option<term::OwnedTerm> {
        self.rare.as_mut()?.tags.remove(watch)
    }
    pub fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
    pub fn remote(&mut self) -> &mut Remote {
        self.remote.get_or_insert_default()
    }
}

impl Relations {
    pub fn get(&self) -> Option<&Tables> {
        self.0.as_deref()
    }
    pub fn tables(&mut self) -> &mut Tables {
        self.0.get_or_insert_default()
    }
    pub fn get_mut(&mut self) -> Option<&mut Tables> {
        self.0.as_deref_mut()
    }
    pub fn take(&mut self) -> Option<Box<Tables>> {
        self.0.take()
    }
}
