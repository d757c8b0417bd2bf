//! Open files: what a file's reference stands for.
//!
//! A file is closed by `close_nif` or by the end of the process that opened it; until then the process keeps it open, also when
//! its reference is no longer used. An operation that is under way when the owner ends finishes first, and closes the
//! file itself. The reference leaves closing to a helper process, for it may block; here the thread that ran the owner does it.

use super::{Done, Posix};
use std::fs::{File, Metadata};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, TryLockError};
use term::Term;
use term::shared::Magic;
use vm::{Cx, FromTerm};

/// An open file, or one that was closed.
pub struct FileHandle {
    /// Locked by the one operation that may be under way.
    file: Mutex<Option<File>>,
    /// It holds data on a disk, so that reading and writing do not wait for anybody else.
    regular: bool,
    /// The number of its reference.
    id: (u64, u64),
    /// The owner is gone: whoever has the file closes it.
    orphaned: AtomicBool,
}

impl FileHandle {
    /// A reference to an open file that belongs to the calling process.
    pub(super) fn term<'p>(cx: &Cx<'p>, file: File) -> Term<'p> {
        let id = vm::refs::next();
        let local = |m: &Metadata| sys::file::is_local(m.dev(), || Some(file.as_raw_fd()));
        let regular = file.metadata().is_ok_and(|m| m.is_file() && local(&m));
        let file = Mutex::new(Some(file));
        let magic =
            Magic::handle(FileHandle { file, regular, id, orphaned: AtomicBool::new(false) });
        cx.own(id, magic.clone(), on_owner_exit);
        cx.heap().magic_reference(id.0, id.1, magic)
    }

    pub(super) fn is_regular(&self) -> bool {
        self.regular
    }

    /// Runs an operation on the open file. A closed file, or one that is in use, is `einval`.
    pub(super) fn with<T>(&self, operation: impl FnOnce(&File) -> Done<T>) -> Done<T> {
        let result = {
            let guard = match self.file.try_lock() {
                Ok(guard) => guard,
                Err(TryLockError::Poisoned(e)) => e.into_inner(),
                Err(TryLockError::WouldBlock) => return Err(Posix::EINVAL),
            };
            operation(guard.as_ref().ok_or(Posix::EINVAL)?)
        };
        if self.orphaned.load(Ordering::SeqCst) {
            drop(self.take());
        }
        result
    }

    /// Takes the file, unless it is closed or in use.
    fn take(&self) -> Option<File> {
        match self.file.try_lock() {
            Ok(mut guard) => guard.take(),
            Err(TryLockError::Poisoned(e)) => e.into_inner().take(),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Closes the file; what the system then says about earlier writes is the answer.
    pub(super) fn close(&self, cx: &Cx<'_>) -> Done<()> {
        let file = self.take().ok_or(Posix::EINVAL)?;
        cx.disown(self.id);
        sys::fd::close(file.into_raw_fd())?;
        Ok(())
    }
}

/// The process that opened the file has ended: closes it, now or when its operation under way is done. May block.
fn on_owner_exit(object: &Magic) {
    if let Some(handle) = object.downcast::<FileHandle>() {
        handle.orphaned.store(true, Ordering::SeqCst);
        drop(handle.take());
    }
}

/// An argument that refers to a file.
#[derive(Clone, Copy)]
pub(super) struct FileRef<'p>(pub &'p FileHandle);

impl<'p> FromTerm<'p> for FileRef<'p> {
    fn from_term(t: Term<'p>) -> Option<Self> {
        t.as_reference()?.magic_ref()?.downcast().map(FileRef)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> FileHandle {
        let file = File::open("/dev/null").expect("there is always /dev/null");
        FileHandle {
            file: Mutex::new(Some(file)),
            regular: false,
            id: (0, 0),
            orphaned: AtomicBool::new(false),
        }
    }

    #[test]
    fn closed_once() {
        let h = open();
        assert!(h.with(|_| Ok(())).is_ok());
        assert!(h.take().is_some());
        assert!(h.take().is_none());
        assert_eq!(h.with(|_| Ok(())).map_err(|e| e.0), Err("einval"));
    }

    #[test]
    fn owner_ends_during_an_operation() {
        let magic = Magic::handle(open());
        let h: &FileHandle = magic.downcast().expect("just made");
        let done = h.with(|_| {
            on_owner_exit(&magic);
            assert!(h.take().is_none(), "in use");
            Ok(7)
        });
        assert_eq!(done.map_err(|e| e.0), Ok(7));
        assert!(h.take().is_none(), "closed after the operation");
    }
}
