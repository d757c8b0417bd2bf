//! Maps.

use crate::abi::{MapIterator, Word};
use crate::check;
use crate::env::{Env, env, put, term, terms};
use core::ffi::c_int;
use term::{Map, Term};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_new_map(e: *mut Env) -> Word {
    // SAFETY: C.
    unsafe { env(e) }.heap().map_new().raw().0
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_map_from_arrays(
    e: *mut Env,
    keys: *const Word,
    values: *const Word,
    n: usize,
    to: *mut Word,
) -> c_int {
    // SAFETY: C.
    unsafe {
        check::array(e, keys, n);
        check::array(e, values, n);
    }
    // SAFETY: C.
    let (heap, keys, values) = unsafe { (env(e).heap(), terms(keys, n), terms(values, n)) };
    let pairs: Vec<(Term, Term)> = keys.iter().copied().zip(values.iter().copied()).collect();
    match heap.map_from_unique(&pairs) {
        // SAFETY: C.
        Some(map) => unsafe { put(to, map.raw().0) },
        None => 0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_map_size(_: *mut Env, t: Word, to: *mut usize) -> c_int {
    // SAFETY: C.
    match unsafe { term(t) }.as_map() {
        // SAFETY: C.
        Some(m) => unsafe { put(to, m.size()) },
        None => 0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_map_value(
    _: *mut Env,
    map: Word,
    key: Word,
    to: *mut Word,
) -> c_int {
    // SAFETY: C.
    match unsafe { term(map).as_map().and_then(|m| m.get(term(key))) } {
        // SAFETY: C.
        Some(v) => unsafe { put(to, v.raw().0) },
        None => 0,
    }
}

unsafe fn put_changed<'e>(
    map: Word,
    to: *mut Word,
    f: impl FnOnce(Map<'e>) -> Option<Term<'e>>,
) -> c_int {
    // SAFETY: C.
    match unsafe { term(map) }.as_map().and_then(f) {
        // SAFETY: C.
        Some(m) => unsafe { put(to, m.raw().0) },
        None => 0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_map_put(
    e: *mut Env,
    map: Word,
    key: Word,
    value: Word,
    to: *mut Word,
) -> c_int {
    check::parts(e, &[map, key, value]);
    // SAFETY: C.
    unsafe { put_changed(map, to, |m| Some(env(e).heap().map_put(m, term(key), term(value)))) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_map_update(
    e: *mut Env,
    map: Word,
    key: Word,
    value: Word,
    to: *mut Word,
) -> c_int {
    // SAFETY: C.
    unsafe {
        put_changed(map, to, |m| {
            m.contains_key(term(key)).then(|| env(e).heap().map_put(m, term(key), term(value)))
        })
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_map_remove(
    e: *mut Env,
    map: Word,
    key: Word,
    to: *mut Word,
) -> c_int {
    // SAFETY: C.
    unsafe { put_changed(map, to, |m| Some(env(e).heap().map_remove(m, term(key)))) }
}

// Iterators. A flat map is indexed; the pairs of a hash map are gathered when the iterator is made.

/// `ERL_NIF_MAP_ITERATOR_FIRST`, `_LAST`
const FIRST: c_int = 1;
const LAST: c_int = 2;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_map_iterator_create(
    _: *mut Env,
    t: Word,
    it: *mut MapIterator,
    entry: c_int,
) -> c_int {
    // SAFETY: C.
    let Some(map) = unsafe { term(t) }.as_map() else { return 0 };
    let size = map.size() as u64;
    let index = match entry {
        FIRST => 1,
        LAST => size,
        _ => return 0,
    };
    let pairs = if map.is_flat() {
        core::ptr::null_mut()
    } else {
        let all: Vec<_> = map.iter().map(|(k, v)| (k.raw().0, v.raw().0)).collect();
        Box::into_raw(Box::new(all))
    };
    let none = core::ptr::null_mut();
    let made = MapIterator { map: t, size, index, pairs, unused: none, spare: [none; 2] };
    // SAFETY: C.
    unsafe { put(it, made) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_map_iterator_destroy(_: *mut Env, it: *mut MapIterator) {
    // SAFETY: C; the pairs are a box of ours.
    unsafe {
        if !(*it).pairs.is_null() {
            drop(Box::from_raw((*it).pairs));
            (*it).pairs = core::ptr::null_mut();
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_map_iterator_is_head(_: *mut Env, it: *mut MapIterator) -> c_int {
    // SAFETY: C.
    unsafe { crate::env::truth((*it).index == 0 || (*it).size == 0) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_map_iterator_is_tail(_: *mut Env, it: *mut MapIterator) -> c_int {
    // SAFETY: C.
    unsafe { crate::env::truth((*it).index > (*it).size) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_map_iterator_next(_: *mut Env, it: *mut MapIterator) -> c_int {
    // SAFETY: C.
    unsafe {
        (*it).index = ((*it).index + 1).min((*it).size + 1);
        crate::env::truth((*it).index <= (*it).size)
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_map_iterator_prev(_: *mut Env, it: *mut MapIterator) -> c_int {
    // SAFETY: C.
    unsafe {
        (*it).index = (*it).index.saturating_sub(1);
        crate::env::truth((*it).index > 0)
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_map_iterator_get_pair(
    _: *mut Env,
    it: *mut MapIterator,
    key: *mut Word,
    value: *mut Word,
) -> c_int {
    // SAFETY: C.
    let it = unsafe { &*it };
    let Some(i) = (it.index as usize).checked_sub(1) else { return 0 };
    // SAFETY: the pairs live until the iterator is destroyed, the map as long as its environment.
    let pair = unsafe {
        match it.pairs.as_ref() {
            Some(all) => all.get(i).copied(),
            None => term(it.map)
                .as_map()
                .and_then(|m| m.flat_parts())
                .and_then(|(ks, vs)| Some((ks.get(i)?.raw().0, vs.get(i)?.raw().0))),
        }
    };
    let Some((k, v)) = pair else { return 0 };
    // SAFETY: C.
    unsafe {
        put(key, k);
        put(value, v)
    }
}
