//! File operations that std does not have.

use crate::fd::{check, retry};
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{FromRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

/// How [`open`] opens a file. With neither `read` nor `write` it fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenMode {
    pub read: bool,
    /// Makes the file if it is not there; empties it unless `read` or `append` is given too.
    pub write: bool,
    /// Every write goes to the end.
    pub append: bool,
    /// Fails when the file is there already.
    pub exclusive: bool,
    /// Writes last on the disk when they return.
    pub sync: bool,
    /// Fails unless it is a directory.
    pub directory: bool,
}

/// Opens a file as `prim_file` does.
pub fn open(path: &Path, mode: OpenMode) -> io::Result<File> {
    let mut extra = 0;
    let wanted = [
        (mode.append, libc::O_APPEND),
        (mode.exclusive, libc::O_EXCL),
        (mode.sync, libc::O_SYNC),
        (mode.directory, libc::O_DIRECTORY),
    ];
    for (on, flag) in wanted {
        if on {
            extra |= flag;
        }
    }
    File::options()
        .read(mode.read)
        .write(mode.write)
        .create(mode.write)
        .truncate(mode.write && !mode.read && !mode.append)
        .custom_flags(extra)
        .mode(if mode.directory { 0o777 } else { 0o666 })
        .open(path)
}

/// Takes over an open descriptor: it is closed with the file, so whoever opened it must not use it further.
pub fn adopt(fd: RawFd) -> io::Result<File> {
    if !crate::fd::is_open(fd) {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: it is open, and by the caller's word nobody else closes it.
    Ok(unsafe { File::from_raw_fd(fd) })
}

/// May the real user read (write, execute) the file? `Ok` also means that it exists.
pub fn access(path: &Path, read: bool, write: bool, execute: bool) -> io::Result<()> {
    let path = c_path(path)?;
    let mut mode = libc::F_OK;
    for (wanted, bit) in [(read, libc::R_OK), (write, libc::W_OK), (execute, libc::X_OK)] {
        if wanted {
            mode |= bit;
        }
    }
    // SAFETY: the path is terminated.
    check(unsafe { libc::access(path.as_ptr(), mode) }).map(drop)
}

/// Sets access and modification times, in seconds since 1970.
pub fn set_times(path: &Path, accessed: i64, modified: i64) -> io::Result<()> {
    let path = c_path(path)?;
    let at = |tv_sec| libc::timespec { tv_sec, tv_nsec: 0 };
    let times = [at(accessed), at(modified)];
    // SAFETY: the path is terminated, and there are two times.
    check(unsafe { libc::utimensat(libc::AT_FDCWD, path.as_ptr(), times.as_ptr(), 0) }).map(drop)
}

/// What a reader intends (`file:advise/4`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    Normal,
    Random,
    Sequential,
    WillNeed,
    DontNeed,
    NoReuse,
}

/// Tells the system how `[offset, offset+len)` will be used; a length of 0 is to the end.
#[cfg(target_os = "linux")]
pub fn advise(fd: RawFd, offset: i64, len: i64, advice: Advice) -> io::Result<()> {
    let advice = match advice {
        Advice::Normal => libc::POSIX_FADV_NORMAL,
        Advice::Random => libc::POSIX_FADV_RANDOM,
        Advice::Sequential => libc::POSIX_FADV_SEQUENTIAL,
        Advice::WillNeed => libc::POSIX_FADV_WILLNEED,
        Advice::DontNeed => libc::POSIX_FADV_DONTNEED,
        Advice::NoReuse => libc::POSIX_FADV_NOREUSE,
    };
    // SAFETY: no memory is involved.
    match unsafe { libc::posix_fadvise(fd, offset, len, advice) } {
        0 => Ok(()),
        e => Err(io::Error::from_raw_os_error(e)),
    }
}

/// The system takes no advice: accepted and ignored.
#[cfg(not(target_os = "linux"))]
pub fn advise(_: RawFd, _: i64, _: i64, _: Advice) -> io::Result<()> {
    Ok(())
}

/// Allocates space for `[offset, offset+len)`; a smaller file grows to its end.
#[cfg(target_os = "linux")]
pub fn allocate(fd: RawFd, offset: i64, len: i64) -> io::Result<()> {
    // SAFETY: no memory is involved.
    retry(|| check(unsafe { libc::fallocate(fd, 0, offset, len) })).map(drop)
}

#[cfg(not(target_os = "linux"))]
pub fn allocate(_: RawFd, _: i64, _: i64) -> io::Result<()> {
    Err(io::Error::from_raw_os_error(libc::ENOTSUP))
}

/// Copies up to `count` bytes of file `from`, from `offset` on, to the descriptor `to`; gives how many, 0 at the end.
#[cfg(target_os = "linux")]
pub fn send(to: RawFd, from: RawFd, offset: u64, count: usize) -> io::Result<usize> {
    let invalid = |_| io::Error::from_raw_os_error(libc::EINVAL);
    let mut offset = libc::off_t::try_from(offset).map_err(invalid)?;
    retry(|| {
        // SAFETY: `offset` is a valid place.
        let n = unsafe { libc::sendfile(to, from, &mut offset, count) };
        usize::try_from(n).map_err(|_| io::Error::last_os_error())
    })
}

/// Makes a FIFO.
pub fn make_fifo(path: &Path, mode: u32) -> io::Result<()> {
    let path = c_path(path)?;
    // SAFETY: the path is terminated.
    check(unsafe { libc::mkfifo(path.as_ptr(), mode as libc::mode_t) }).map(drop)
}

/// Whether files of the file system with device number `device`, which holds the file `fd`, lie on a disk or in memory
/// of this machine: working with them waits for nobody else. What the kernel or other programs make up as it is read does
/// not, nor does what lies behind a network.
#[cfg(target_os = "linux")]
pub fn is_local(device: u64, fd: impl FnOnce() -> Option<RawFd>) -> bool {
    use std::sync::Mutex;
    const MOST: usize = 32;
    static KNOWN: Mutex<Vec<(u64, bool)>> = Mutex::new(Vec::new());
    let known = || KNOWN.lock().unwrap_or_else(|e| e.into_inner());
    if let Some((_, local)) = known().iter().find(|(d, _)| *d == device) {
        return *local;
    }
    let Some(fd) = fd() else { return false };
    let mut told = std::mem::MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: `told` is a valid place for the answer, which a successful call has filled in.
    let told = unsafe {
        if libc::fstatfs(fd, told.as_mut_ptr()) != 0 {
            return false;
        }
        told.assume_init()
    };
    #[allow(clippy::unnecessary_cast, reason = "the field's type differs between C libraries")]
    let kind = told.f_type as i64;
    // ext2 to ext4, xfs, btrfs, f2fs, zfs, tmpfs, ramfs, overlay, squashfs.
    const LOCAL: [i64; 9] = [
        0xef53,
        0x5846_5342,
        0x9123_683e,
        0xf2f5_2010,
        0x2fc1_2fc1,
        0x0102_1994,
        0x8584_58f6,
        0x794c_7630,
        0x7371_7368,
    ];
    let local = LOCAL.contains(&(kind & 0xffff_ffff));
    let mut all = known();
    if all.len() >= MOST {
        all.clear();
    }
    all.push((device, local));
    local
}

/// Not known elsewhere.
#[cfg(not(target_os = "linux"))]
pub fn is_local(_: u64, _: impl FnOnce() -> Option<RawFd>) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn on_a_file() {
        let dir = std::env::temp_dir().join(format!("sys-file-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("f");
        std::fs::write(&path, b"hello world").unwrap();
        access(&path, true, true, false).unwrap();
        let no = access(&path, false, false, true).unwrap_err();
        assert_eq!(no.raw_os_error(), Some(libc::EACCES));
        set_times(&path, -5, 1_000_000_000).unwrap();
        let m = std::fs::metadata(&path).unwrap();
        assert_eq!((m.atime(), m.mtime()), (-5, 1_000_000_000));

        let f = std::fs::File::open(&path).unwrap();
        advise(f.as_raw_fd(), 0, 0, Advice::Sequential).unwrap();
        let (r, w) = crate::fd::pipe().unwrap();
        #[cfg(target_os = "linux")]
        {
            let e = advise(r.as_raw_fd(), 0, 0, Advice::Normal).unwrap_err();
            assert_eq!(e.raw_os_error(), Some(libc::ESPIPE));
            assert_eq!(send(w.as_raw_fd(), f.as_raw_fd(), 6, 100).unwrap(), 5);
            let mut buf = [0; 16];
            let n = crate::fd::read(r.as_raw_fd(), &mut buf).unwrap();
            assert_eq!(&buf[..n], b"world");
            assert!(send(w.as_raw_fd(), f.as_raw_fd(), u64::MAX, 1).is_err());
        }
        drop((r, w));
        assert!(allocate(f.as_raw_fd(), 0, 10).is_err(), "opened for reading");
        let both = OpenMode { read: true, write: true, ..OpenMode::default() };
        let g = open(&path, both).unwrap();
        #[cfg(target_os = "linux")]
        {
            allocate(g.as_raw_fd(), 0, 20).unwrap();
            assert_eq!(g.metadata().unwrap().len(), 20);
        }
        let new = OpenMode { write: true, exclusive: true, ..OpenMode::default() };
        assert_eq!(open(&path, new).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let cut = OpenMode { write: true, ..OpenMode::default() };
        assert_eq!(open(&path, cut).unwrap().metadata().unwrap().len(), 0);
        assert_eq!(adopt(-1).unwrap_err().raw_os_error(), Some(libc::EBADF));
        make_fifo(&dir.join("p"), 0o600).unwrap();
        assert!(make_fifo(&dir.join("p"), 0o600).is_err());
        let nul = access(Path::new("a\0b"), true, false, false).unwrap_err();
        assert_eq!(nul.raw_os_error(), Some(libc::EINVAL));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
