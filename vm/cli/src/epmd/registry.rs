//! The names that epmd knows: those of living nodes, and past ones for their creation counters.
//!
//! A node that comes back under its name gets the next creation, so that what remembers the earlier node's pids can
//! tell them apart. Past names are kept for that; the oldest go first when there are too many.

use std::collections::VecDeque;

/// The longest name and the longest extra data, in bytes: 255 characters of UTF-8.
pub const MAX_NAME: usize = 255 * 4;
/// The longest name in characters.
const MAX_CHARACTERS: usize = 255;
/// How many past names are kept, and how many when debugging.
const KEPT: usize = 1000;
const KEPT_DEBUGGING: usize = 5;

/// What a node tells about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    pub name: Vec<u8>,
    pub port: u16,
    /// 77 for normal nodes, 72 for hidden ones.
    pub kind: u8,
    pub protocol: u8,
    /// The distribution versions it speaks; from 6 on creations have 32 bits.
    pub high: u16,
    pub low: u16,
    pub extra: Vec<u8>,
}

/// A registered node.
#[derive(Debug, Clone)]
pub struct Node {
    pub node: Announcement,
    /// The descriptor of the connection that keeps it registered.
    pub connection: i32,
    counter: u32,
}

impl Node {
    /// The creation: 1 to 3 for nodes of old versions, else any number from 4 on.
    pub fn creation(&self) -> u32 {
        if self.node.high >= 6 { self.counter } else { self.counter % 3 + 1 }
    }
}

/// Why a node is not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    TooLong,
    BadEncoding,
    Occupied,
}

/// All names.
#[derive(Debug, Default)]
pub struct Registry {
    /// Newest first.
    live: Vec<Node>,
    /// Oldest first.
    past: VecDeque<Node>,
    kept: usize,
}

impl Registry {
    pub fn new(debugging: bool) -> Self {
        let kept = if debugging { KEPT_DEBUGGING } else { KEPT };
        Self { kept, ..Self::default() }
    }

    /// Registers a node; `now` in seconds seeds the creation of a new name.
    pub fn register(
        &mut self,
        node: Announcement,
        connection: i32,
        now: u32,
    ) -> Result<&Node, Refused> {
        if node.name.len() > MAX_NAME || node.extra.len() > MAX_NAME {
            return Err(Refused::TooLong);
        }
        let name = std::str::from_utf8(&node.name).map_err(|_| Refused::BadEncoding)?;
        if name.chars().count() > MAX_CHARACTERS {
            return Err(Refused::TooLong);
        }
        if self.find(&node.name).is_some() {
            return Err(Refused::Occupied);
        }
        let before = self.past.iter().position(|past| past.node.name == node.name);
        let counter = before.and_then(|at| self.past.remove(at)).map_or(now, |past| past.counter);
        // Zero means "not known" and 1 to 3 are for old versions.
        let counter = counter.wrapping_add(1).max(4);
        self.live.insert(0, Node { node, connection, counter });
        self.live.first().ok_or(Refused::TooLong)
    }

    /// The living node of that name.
    pub fn find(&self, name: &[u8]) -> Option<&Node> {
        self.live.iter().find(|node| node.node.name == name)
    }

    /// Ends what a connection kept registered.
    pub fn end_connection(&mut self, connection: i32) -> Option<&Node> {
        let at = self.live.iter().position(|node| node.connection == connection)?;
        self.end(at)
    }

    /// Ends a name; its connection is told.
    pub fn end_name(&mut self, name: &[u8]) -> Option<i32> {
        let at = self.live.iter().position(|node| node.node.name == name)?;
        self.end(at).map(|node| node.connection)
    }

    fn end(&mut self, at: usize) -> Option<&Node> {
        while self.past.len() >= self.kept.max(1) {
            self.past.pop_front();
        }
        self.past.push_back(self.live.remove(at));
        self.past.back()
    }

    /// Living nodes, newest first.
    pub fn live(&self) -> &[Node] {
        &self.live
    }

    /// Past nodes, oldest first.
    pub fn past(&self) -> impl Iterator<Item = &Node> {
        self.past.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn node(name: &[u8], high: u16) -> Announcement {
        Announcement {
            name: name.to_vec(),
            port: 1234,
            kind: 77,
            protocol: 0,
            high,
            low: 5,
            extra: Vec::new(),
        }
    }

    #[test]
    fn creations_count_up() {
        let mut all = Registry::new(false);
        assert_eq!(all.register(node(b"a", 6), 5, 100).map(Node::creation), Ok(101));
        assert_eq!(all.register(node(b"a", 6), 6, 100).err(), Some(Refused::Occupied));
        assert_eq!(all.end_connection(5).map(|n| n.connection), Some(5));
        assert_eq!(all.register(node(b"a", 6), 7, 900).map(Node::creation), Ok(102));
        assert_eq!(all.end_name(b"a"), Some(7));
        let old = all.register(node(b"a", 5), 8, 0).map(Node::creation).expect("registered");
        assert!((1..=3).contains(&old));
    }

    #[test]
    fn names_are_checked() {
        let mut all = Registry::new(false);
        let long = "é".repeat(256);
        assert_eq!(all.register(node(long.as_bytes(), 6), 1, 0).err(), Some(Refused::TooLong));
        assert_eq!(all.register(node(&[b'x'; 1021], 6), 1, 0).err(), Some(Refused::TooLong));
        assert_eq!(all.register(node(&[0xff], 6), 1, 0).err(), Some(Refused::BadEncoding));
        assert!(all.register(node("é".repeat(255).as_bytes(), 6), 1, 0).is_ok());
        let extra = Announcement { extra: vec![0; 1021], ..node(b"b", 6) };
        assert_eq!(all.register(extra, 1, 0).err(), Some(Refused::TooLong));
    }

    #[test]
    fn past_names_are_bounded() {
        let mut all = Registry::new(true);
        for n in 0..20 {
            let name = format!("n{n}");
            assert!(all.register(node(name.as_bytes(), 6), n, 7).is_ok());
            assert!(all.end_connection(n).is_some());
        }
        assert_eq!(all.past().count(), 5);
        assert!(all.live().is_empty());
    }
}
