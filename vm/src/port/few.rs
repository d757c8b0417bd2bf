//! A map that usually has no entry or one: what a port knows of processes.
//!
//! A port is linked with its owner and with nobody else, and few are watched: a hash table for each would be most of a
//! socket's memory. It is a table while there are two or more.

use std::collections::HashMap;
use std::hash::Hash;

/// See the module head.
#[derive(Default)]
pub(super) enum Few<K, V> {
    #[default]
    None,
    One(K, V),
    #[allow(clippy::box_collection, reason = "few have many, and all others are to be small")]
    Many(Box<HashMap<K, V>>),
}

impl<K: Eq + Hash, V> Few<K, V> {
    /// The value that the key had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self {
            Few::None => *self = Few::One(key, value),
            Few::One(k, v) if *k == key => return Some(std::mem::replace(v, value)),
            Few::One(..) => {
                let mut all: HashMap<K, V> = self.take().into_iter().collect();
                all.insert(key, value);
                *self = Few::Many(Box::new(all));
            }
            Few::Many(all) => return all.insert(key, value),
        }
        None
    }
    pub fn remove(&mut self, key: &K) -> Option<V> {
        match self {
            Few::One(k, _) if k == key => self.take().pop().map(|(_, v)| v),
            Few::Many(all) => {
                let value = all.remove(key);
                // A new owner is linked before the old one goes.
                if all.len() == 1
                    && let Some((k, v)) = self.take().pop()
                {
                    *self = Few::One(k, v);
                }
                value
            }
            _ => None,
        }
    }
    pub fn get(&self, key: &K) -> Option<&V> {
        match self {
            Few::One(k, v) if k == key => Some(v),
            Few::Many(all) => all.get(key),
            _ => None,
        }
    }
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        match self {
            Few::One(k, v) if k == key => Some(v),
            Few::Many(all) => all.get_mut(key),
            _ => None,
        }
    }
    pub fn len(&self) -> usize {
        match self {
            Few::None => 0,
            Few::One(..) => 1,
            Few::Many(all) => all.len(),
        }
    }
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (one, many) = match self {
            Few::None => (None, None),
            Few::One(k, v) => (Some((k, v)), None),
            Few::Many(all) => (None, Some(all.iter())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, v)| v)
    }
    /// Everything; nothing is left.
    pub fn take(&mut self) -> Vec<(K, V)> {
        match std::mem::take(self) {
            Few::None => Vec::new(),
            Few::One(k, v) => vec![(k, v)],
            Few::Many(all) => all.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn none_one_many() {
        let mut f = Few::default();
        assert!(f.get(&1).is_none() && f.remove(&1).is_none() && f.len() == 0);
        assert_eq!(f.insert(1, 'a'), None);
        assert_eq!(f.insert(1, 'b'), Some('a'));
        assert_eq!(f.remove(&2), None);
        assert_eq!(f.remove(&1), Some('b'));
        assert!(matches!(f, Few::None));
        for i in 0..10 {
            assert_eq!(f.insert(i, 'c'), None);
        }
        *f.get_mut(&3).unwrap() = 'd';
        assert_eq!(
            (f.len(), f.get(&3), f.values().filter(|v| **v == 'c').count()),
            (10, Some(&'d'), 9)
        );
        assert_eq!((f.remove(&3), f.len()), (Some('d'), 9));
        for i in [0, 1, 2, 4, 5, 6, 7, 8] {
            f.remove(&i);
        }
        assert!(matches!(f, Few::One(9, 'c')));
        assert_eq!((f.take(), f.len()), (vec![(9, 'c')], 0));
    }
}
