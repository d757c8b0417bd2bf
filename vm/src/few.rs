//! A map that usually has no entry or one: whom a process or a port is linked with.
//!
//! Most processes are linked with their supervisor, a port with its owner, and with nobody else; few ports are watched. A hash
//! table for each would be most of a socket's memory. It is a table while there are two or more.

use std::collections::hash_map;
use std::hash::Hash;
use term::quick::QuickMap;

/// See the module head.
#[derive(Default)]
pub enum Few<K, V> {
    #[default]
    None,
    One(K, V),
    #[allow(clippy::box_collection, reason = "few have many, and all others are to be small")]
    Many(Box<QuickMap<K, V>>),
}

impl<K: Eq + Hash, V> Few<K, V> {
    /// The value that the key had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self {
            Few::None => *self = Few::One(key, value),
            Few::One(k, v) if *k == key => return Some(std::mem::replace(v, value)),
            Few::One(..) => {
                let mut all: QuickMap<K, V> = self.take().into_iter().collect();
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
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    pub fn len(&self) -> usize {
        match self {
            Few::None => 0,
            Few::One(..) => 1,
            Few::Many(all) => all.len(),
        }
    }
    pub fn iter(&self) -> Iter<'_, K, V> {
        match self {
            Few::None => Iter(None, None),
            Few::One(k, v) => Iter(Some((k, v)), None),
            Few::Many(all) => Iter(None, Some(all.iter())),
        }
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

/// The entries of a [`Few`].
pub struct Iter<'a, K, V>(Option<(&'a K, &'a V)>, Option<hash_map::Iter<'a, K, V>>);

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);
    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().or_else(|| self.1.as_mut()?.next())
    }
}

impl<'a, K: Eq + Hash, V> IntoIterator for &'a Few<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;
    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn none_one_many() {
        let mut f = Few::default();
        assert!(f.get(&1).is_none() && f.remove(&1).is_none() && f.is_empty());
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
