//! Files and directories by name.

use super::io::by_name;
use super::{Done, Posix, int, ok_or_error, path, value_or_error};
use std::fs::{Metadata, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;
use term::atom::am;
use term::{Atom, Term, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "prim_file" {
    DirtyIo "make_hard_link_nif"/2 => make_hard_link(0, 1);
    DirtyIo "make_soft_link_nif"/2 => make_soft_link(0, 1);
    DirtyIo "rename_nif"/2 => rename(0, 1);
    /// `#file_info{}` with times in seconds since 1970; the second argument follows links if not 0
    Plain "read_info_nif"/2 => read_info(0, 1);
    DirtyIo "set_permissions_nif"/2 => set_permissions(0, 1);
    /// Owner and group; -1 keeps what is
    DirtyIo "set_owner_nif"/3 => set_owner(0, 1, 2);
    /// Times of access, modification and (not here) creation, in seconds since 1970
    DirtyIo "set_time_nif"/4 => set_time(0, 1, 2, 3);
    /// `{ok, RawName}`
    DirtyIo "read_link_nif"/1 => read_link(0);
    /// `{ok, [RawName]}`
    Plain "list_dir_nif"/1 => list_dir(0);
    DirtyIo "make_dir_nif"/1 => make_dir(0);
    DirtyIo "del_file_nif"/1 => del_file(0);
    DirtyIo "del_dir_nif"/1 => del_dir(0);
    Plain "get_device_cwd_nif"/1 => get_device_cwd(0);
    DirtyIo "set_cwd_nif"/1 => set_cwd(0);
    /// `{ok, RawName}`; asked from the system's memory, so not worth another thread
    Plain "get_cwd_nif"/0 => get_cwd();
    /// There are no short names here: `{error, enotsup}`
    Plain "altname_nif"/1 => altname(0);
} }

/// 1902-01-01, the earliest time that converts between universal, local and Posix time everywhere.
const EARLIEST: i64 = -2_145_916_800;

/// What a process may do with a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Access {
    read: bool,
    write: bool,
}

/// What the mode bits grant to this process.
pub(super) fn granted(m: &Metadata) -> Access {
    let (user, group) = sys::host::effective_ids();
    granted_to(user, group, m.mode(), m.uid(), m.gid())
}

fn granted_to(user: u32, group: u32, mode: u32, uid: u32, gid: u32) -> Access {
    let bits = match () {
        () if uid == user => mode >> 6,
        () if gid == group => mode >> 3,
        () => mode,
    };
    Access { read: bits & 4 != 0, write: bits & 2 != 0 }
}

/// `#file_info{}`
pub(super) fn info<'p>(cx: &Cx<'p>, m: &Metadata, access: Access) -> Term<'p> {
    let h = cx.heap();
    let kind = m.file_type();
    let kind: Atom = if kind.is_file() {
        atom!("regular")
    } else if kind.is_dir() {
        atom!("directory")
    } else if kind.is_symlink() {
        atom!("symlink")
    } else if kind.is_char_device() || kind.is_block_device() {
        atom!("device")
    } else {
        atom!("other")
    };
    let access = match access {
        Access { read: true, write: true } => atom!("read_write"),
        Access { read: true, .. } => atom!("read"),
        Access { write: true, .. } => atom!("write"),
        _ => am::NONE,
    };
    let time = |t: i64| h.int(t.max(EARLIEST));
    // C's unsigned int cuts these off.
    let uint = |n: u64| Term::small(i64::from(n as u32));
    h.tuple(&[
        atom!("file_info").into(),
        h.uint(m.len()),
        kind.into(),
        access.into(),
        time(m.atime()),
        time(m.mtime()),
        time(m.ctime()),
        uint(u64::from(m.mode())),
        uint(m.nlink()),
        uint(m.dev()),
        uint(m.rdev()),
        uint(m.ino()),
        uint(u64::from(m.uid())),
        uint(u64::from(m.gid())),
    ])
}

fn read_info<'p>(cx: &Cx<'p>, name: Term<'p>, follow: Term<'p>) -> BifResult<'p> {
    cx.need(int(follow))?;
    by_name(cx, [name, follow], |cx, [name, follow]| do_read_info(cx, name, follow))
}

fn do_read_info<'p>(cx: &Cx<'p>, name: Term<'p>, follow: Term<'p>) -> BifResult<'p> {
    let follow = cx.need(int(follow))? != 0;
    let found = path(name).and_then(|path| {
        let m = if follow { std::fs::metadata(&path)? } else { std::fs::symlink_metadata(&path)? };
        let access = Access {
            read: sys::file::access(&path, true, false, false).is_ok(),
            write: sys::file::access(&path, false, true, false).is_ok(),
        };
        Ok(info(cx, &m, access))
    });
    Ok(found.unwrap_or_else(|e| e.term(cx)))
}

fn set_permissions<'p>(cx: &Cx<'p>, name: Term<'p>, mode: Term<'p>) -> BifResult<'p> {
    const SET_IDS: u32 = 0o6000;
    let mode = cx.need(mode.as_u64().and_then(|n| u32::try_from(n).ok()))? & (SET_IDS | 0o777);
    let done = path(name).and_then(|path| {
        let set = |mode| std::fs::set_permissions(&path, Permissions::from_mode(mode));
        // Without the right to set ids, the rest is done.
        Ok(set(mode).or_else(|_| set(mode & !SET_IDS))?)
    });
    Ok(ok_or_error(cx, done))
}

fn set_owner<'p>(cx: &Cx<'p>, name: Term<'p>, uid: Term<'p>, gid: Term<'p>) -> BifResult<'p> {
    let (uid, gid) = (cx.need(int(uid))?, cx.need(int(gid))?);
    let id = |n: i32| (n != -1).then_some(n as u32);
    let done = path(name).and_then(|p| Ok(std::os::unix::fs::chown(p, id(uid), id(gid))?));
    Ok(ok_or_error(cx, done))
}

fn set_time<'p>(
    cx: &Cx<'p>,
    name: Term<'p>,
    accessed: i64,
    modified: i64,
    _created: i64,
) -> BifResult<'p> {
    let done = path(name).and_then(|p| Ok(sys::file::set_times(&p, accessed, modified)?));
    Ok(ok_or_error(cx, done))
}

fn raw_name<'p>(cx: &Cx<'p>, name: &Path) -> Term<'p> {
    cx.heap().binary(name.as_os_str().as_bytes())
}

fn read_link<'p>(cx: &Cx<'p>, name: Term<'p>) -> BifResult<'p> {
    let target = path(name).and_then(|p| Ok(std::fs::read_link(p)?));
    Ok(value_or_error(cx, target.map(|t| raw_name(cx, &t))))
}

fn list_dir<'p>(cx: &Cx<'p>, name: Term<'p>) -> BifResult<'p> {
    by_name(cx, [name], |cx, [name]| do_list_dir(cx, name))
}

fn do_list_dir<'p>(cx: &Cx<'p>, name: Term<'p>) -> BifResult<'p> {
    let names = path(name).and_then(|p| {
        let entries = std::fs::read_dir(p)?.map_while(Result::ok);
        Ok(entries.fold(Term::nil(), |list, entry| {
            cx.heap().cons(raw_name(cx, Path::new(&entry.file_name())), list)
        }))
    });
    Ok(value_or_error(cx, names))
}

fn two_paths(a: Term<'_>, b: Term<'_>) -> Done<[std::path::PathBuf; 2]> {
    Ok([path(a)?, path(b)?])
}

fn rename<'p>(cx: &Cx<'p>, old: Term<'p>, new: Term<'p>) -> BifResult<'p> {
    let done = two_paths(old, new).and_then(|[old, new]| {
        std::fs::rename(&old, new).map_err(|e| match Posix::from(e) {
            Posix("enotempty") => Posix("eexist"),
            // The systems disagree on how to refuse this.
            _ if old.as_os_str() == "/" => Posix::EINVAL,
            e => e,
        })
    });
    Ok(ok_or_error(cx, done))
}

fn make_hard_link<'p>(cx: &Cx<'p>, existing: Term<'p>, new: Term<'p>) -> BifResult<'p> {
    let done = two_paths(existing, new).and_then(|[a, b]| Ok(std::fs::hard_link(a, b)?));
    Ok(ok_or_error(cx, done))
}

fn make_soft_link<'p>(cx: &Cx<'p>, target: Term<'p>, new: Term<'p>) -> BifResult<'p> {
    let done = two_paths(target, new).and_then(|[a, b]| Ok(std::os::unix::fs::symlink(a, b)?));
    Ok(ok_or_error(cx, done))
}

fn make_dir<'p>(cx: &Cx<'p>, name: Term<'p>) -> BifResult<'p> {
    Ok(ok_or_error(cx, path(name).and_then(|p| Ok(std::fs::create_dir(p)?))))
}

fn del_file<'p>(cx: &Cx<'p>, name: Term<'p>) -> BifResult<'p> {
    let done = path(name).and_then(|p| {
        std::fs::remove_file(p).map_err(|e| match Posix::from(e) {
            // Linux says this of directories, Posix eperm.
            Posix("eisdir") => Posix("eperm"),
            e => e,
        })
    });
    Ok(ok_or_error(cx, done))
}

fn del_dir<'p>(cx: &Cx<'p>, name: Term<'p>) -> BifResult<'p> {
    let done = path(name).and_then(|p| {
        std::fs::remove_dir(&p).map_err(|e| match Posix::from(e) {
            Posix("enotempty" | "eexist") if is_cwd(&p) => Posix::EINVAL,
            Posix("enotempty") => Posix("eexist"),
            e => e,
        })
    });
    Ok(ok_or_error(cx, done))
}

fn is_cwd(path: &Path) -> bool {
    let id = |p: &Path| std::fs::metadata(p).ok().map(|m| (m.dev(), m.ino()));
    id(path).is_some_and(|dir| id(Path::new(".")) == Some(dir))
}

fn get_device_cwd<'p>(cx: &Cx<'p>, device: Term<'p>) -> BifResult<'p> {
    cx.need(int(device))?;
    Ok(Posix::ENOTSUP.term(cx))
}

fn set_cwd<'p>(cx: &Cx<'p>, name: Term<'p>) -> BifResult<'p> {
    Ok(ok_or_error(cx, path(name).and_then(|p| Ok(std::env::set_current_dir(p)?))))
}

fn get_cwd<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let dir = std::env::current_dir().map_err(Posix::from);
    Ok(value_or_error(cx, dir.map(|d| raw_name(cx, &d))))
}

fn altname<'p>(cx: &Cx<'p>, name: Term<'p>) -> BifResult<'p> {
    Ok(path(name).err().unwrap_or(Posix::ENOTSUP).term(cx))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_by_mode_bits() {
        let a = |mode, uid, gid| {
            let Access { read, write } = granted_to(7, 8, mode, uid, gid);
            (read, write)
        };
        assert_eq!(a(0o600, 7, 0), (true, true));
        assert_eq!(a(0o477, 7, 8), (true, false));
        assert_eq!(a(0o620, 0, 8), (false, true));
        assert_eq!(a(0o664, 0, 0), (true, false));
    }
}
