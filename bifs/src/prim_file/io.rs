//! Reading and writing open files.

use crate::long;

use super::handle::{FileHandle, FileRef};
use super::{Done, Posix, fs, int, int64, ok_or_error, path, uint63, value_or_error};
use std::fs::{File, Metadata};
use std::io::{ErrorKind, IoSlice, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use sys::file::OpenMode;
use term::Term;
use term::atom::am;
use term::heap::HEAP_BIN_MAX;
use term::shared::BinHandle;
use vm::bif::{Held, Kind, List};
use vm::stop::Resume;
use vm::{BifResult, Cx, FromTerm};

vm::bifs! { pub TABLE: "prim_file" {
    /// `{ok, File}`
    Plain "open_nif"/2 => open(0, 1);
    Plain "close_nif"/1 => close(0);
    /// `{ok, Binary}` or `eof`
    Plain "read_nif"/2 => read(0, 1);
    /// `ok`, or `{continue, Rest}` when the vector was long
    Plain "write_nif"/2 => write(0, 1);
    Plain "pread_nif"/3 => pread(0, 1, 2);
    /// `ok`, or `{continue, Written, Rest}`
    Plain "pwrite_nif"/3 => pwrite(0, 1, 2);
    /// `{ok, Position}`; only a number changes, so there is nothing to wait for
    Plain "seek_nif"/3 => seek(0, 1, 2);
    DirtyIo "sync_nif"/2 => sync(0, 1);
    DirtyIo "truncate_nif"/1 => truncate(0);
    DirtyIo "allocate_nif"/3 => allocate(0, 1, 2);
    DirtyIo "advise_nif"/4 => advise(0, 1, 2, 3);
    Plain "read_handle_info_nif"/1 => read_handle_info(0);
    /// Reads a pointer of 8 bytes (size, position), and then what it points to: `{ok, {Size, Position, Binary | eof}}` or `eof`
    DirtyIo "ipread_s32bu_p32bu_nif"/3 => ipread(0, 1, 2);
    /// `{ok, Binary}`: the whole file
    Plain "read_file_nif"/1 => read_file(0);
    /// The descriptor's number as the four bytes of a C `int`
    Plain "get_handle_nif"/1 => get_handle(0);
    /// Closes a file whose owner has ended
    DirtyIo "delayed_close_nif"/1 => delayed_close(0);
    /// `{ok, File}` for an open descriptor's number
    DirtyIo "file_desc_to_ref_nif"/1 => file_desc_to_ref(0);
} }

/// The most binaries that one write takes.
const MAX_VECTOR: usize = 64;

fn open<'p>(cx: &Cx<'p>, name: Term<'p>, modes: Term<'p>) -> BifResult<'p> {
    cx.need(List::from_term(modes))?;
    by_name(cx, [name, modes], |cx, [name, modes]| {
        do_open(cx, name, cx.need(List::from_term(modes))?)
    })
}

fn do_open<'p>(cx: &Cx<'p>, name: Term<'p>, modes: List<'p>) -> BifResult<'p> {
    let mut mode = OpenMode::default();
    let mut any_type = false;
    for m in modes.0.iter_list() {
        match m.as_atom().map_or("", |a| a.name()) {
            "read" => mode.read = true,
            "write" => mode.write = true,
            "exclusive" => mode.exclusive = true,
            "append" => mode.append = true,
            "sync" => mode.sync = true,
            "skip_type_check" => any_type = true,
            "directory" => mode.directory = true,
            // The Erlang side deals with all others.
            _ => {}
        }
    }
    mode.write |= mode.append || mode.exclusive;
    mode.read |= !mode.write;
    let opened = path(name).and_then(|path| {
        let file = sys::file::open(&path, mode)?;
        // The system opens directories for reading; Erlang wants that to be asked for.
        if !any_type && !mode.directory && file.metadata().is_ok_and(|m| m.is_dir()) {
            return Err(Posix("eisdir"));
        }
        Ok(FileHandle::term(cx, file))
    });
    Ok(value_or_error(cx, opened))
}

fn file_desc_to_ref<'p>(cx: &Cx<'p>, number: Term<'p>) -> BifResult<'p> {
    let number = cx.need(int(number))?;
    let file = sys::file::adopt(number).map_err(Posix::from);
    Ok(value_or_error(cx, file.map(|file| FileHandle::term(cx, file))))
}

fn close<'p>(cx: &Cx<'p>, file: Term<'p>) -> BifResult<'p> {
    let f = cx.need(FileRef::from_term(file))?;
    here_or_dirty(cx, f, Some(0), &[file], |cx, args| match *args {
        [file] => do_close(cx, cx.need(FileRef::from_term(file))?),
        _ => Err(cx.badarg()),
    })
}

fn do_close<'p>(cx: &Cx<'p>, file: FileRef<'p>) -> BifResult<'p> {
    Ok(ok_or_error(cx, file.0.close(cx)))
}

fn delayed_close<'p>(cx: &Cx<'p>, file: FileRef<'p>) -> BifResult<'p> {
    // Nobody is left to be told of an error, and it may be closed already.
    let _ = file.0.close(cx);
    Ok(am::OK.into())
}

fn get_handle<'p>(cx: &Cx<'p>, file: FileRef<'p>) -> BifResult<'p> {
    match file.0.with(|f| Ok(f.as_raw_fd())) {
        Ok(number) => Ok(cx.heap().binary(&number.to_ne_bytes())),
        Err(e) => Ok(e.term(cx)),
    }
}

/// Reads until the buffer is full or nothing more comes; gives how much.
fn fill(
    buf: &mut [u8],
    mut read: impl FnMut(&mut [u8], u64) -> std::io::Result<usize>,
) -> Done<usize> {
    let mut done = 0;
    while let Some(rest) = buf.get_mut(done..).filter(|r| !r.is_empty()) {
        match read(rest, done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(done)
}

/// A binary of up to `size` bytes from `read`; `None` at the end of the file.
fn read_binary<'p>(
    cx: &Cx<'p>,
    size: u64,
    mut read: impl FnMut(&mut [u8], u64) -> std::io::Result<usize>,
) -> Done<Option<Term<'p>>> {
    let size = usize::try_from(size).map_err(|_| Posix::ENOMEM)?;
    if size == 0 {
        // The system says whether the file may be read.
        read(&mut [], 0)?;
    }
    if size <= HEAP_BIN_MAX {
        let mut buf = [0; HEAP_BIN_MAX];
        let n = fill(&mut buf[..size], read)?;
        return Ok((n > 0).then(|| cx.heap().binary(&buf[..n])));
    }
    let mut bin = BinHandle::try_zeroed(size).ok_or(Posix::ENOMEM)?;
    let n = fill(bin.bytes_mut().unwrap_or_default(), read)?;
    Ok((n > 0).then(|| shortened(cx, bin, n)))
}

/// The first `n` bytes of a fresh binary, as a term.
pub(crate) fn shortened<'p>(cx: &Cx<'p>, mut bin: BinHandle, n: usize) -> Term<'p> {
    if n <= HEAP_BIN_MAX {
        return cx.heap().binary(bin.bytes().get(..n).unwrap_or_default());
    }
    if n < bin.bytes().len() {
        bin.resize(n, n);
    }
    cx.heap().shared_binary(bin)
}

/// `{ok, Binary}`, `eof` or `{error, Posix}`
fn read_result<'p>(cx: &Cx<'p>, read: Done<Option<Term<'p>>>) -> Term<'p> {
    match read {
        Ok(None) => am::EOF.into(),
        Ok(Some(data)) => value_or_error(cx, Ok(data)),
        Err(e) => e.term(cx),
    }
}

/// The most bytes that a scheduler reads or writes itself.
const SHORT: u64 = 1 << 18;

/// What directories take that a scheduler lists itself.
const SHORT_DIRECTORY: u64 = 1 << 14;

type Work = for<'p> fn(&Cx<'p>, &[Term<'p>]) -> BifResult<'p>;

/// Work that goes on on a dirty scheduler, with its arguments.
struct Later(Work, Vec<Held>);

impl Resume for Later {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let args: Vec<Term<'p>> = self.1.iter().map(|h| cx.get(*h)).collect();
        (self.0)(cx, &args)
    }
}

/// Does the work here if it is on a regular file, of this many bytes, and other schedulers go on; else on a
/// dirty one.
fn here_or_dirty<'p>(
    cx: &Cx<'p>,
    file: FileRef<'p>,
    bytes: Option<u64>,
    args: &[Term<'p>],
    work: Work,
) -> BifResult<'p> {
    if file.0.is_regular()
        && bytes.is_some_and(|n| n <= SHORT)
        && let Some(done) = cx.aside(|| work(cx, args))
    {
        cx.bump(20);
        return done;
    }
    let held = args.iter().map(|t| cx.hold(*t)).collect();
    Err(cx.reschedule(Kind::DirtyIo, Later(work, held)))
}

/// Whether work with what has this name takes a moment only: files and directories of this machine that are not large, and
/// names of nothing. Others may block for as long as they like.
fn is_quick(name: Term<'_>) -> bool {
    let Ok(path) = path(name) else { return true };
    match std::fs::metadata(&path) {
        Ok(m) => {
            let short = m.is_file() && m.len() <= SHORT || m.is_dir() && m.len() <= SHORT_DIRECTORY;
            short && is_local(&m, &path)
        }
        Err(e) => e.kind() == ErrorKind::NotFound && would_be_local(&path),
    }
}

fn is_local(m: &Metadata, path: &Path) -> bool {
    // Opening such a file or directory for reading does not block, and happens once for each file system.
    let file = || File::open(path).ok();
    let mut opened = None;
    sys::file::is_local(m.dev(), || {
        opened = file();
        opened.as_ref().map(|f| f.as_raw_fd())
    })
}

/// Whether the directory in which there is no such file is of this machine.
fn would_be_local(path: &Path) -> bool {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match std::fs::metadata(parent) {
        Ok(m) => m.is_dir() && is_local(&m, parent),
        Err(e) => e.kind() == ErrorKind::NotFound,
    }
}

/// The same with the name of a file, which comes first.
pub(super) fn by_name<'p, const N: usize>(
    cx: &Cx<'p>,
    args: [Term<'p>; N],
    work: for<'q> fn(&Cx<'q>, [Term<'q>; N]) -> BifResult<'q>,
) -> BifResult<'p> {
    let quick = cx.aside(|| args.first().is_some_and(|n| is_quick(*n)).then(|| work(cx, args)));
    if let Some(done) = quick.flatten() {
        cx.bump(20);
        return done;
    }
    Err(long::blocking(cx, args, work))
}

/// Of a closed file nothing else is said, whatever the arguments are.
fn wrong<'p>(cx: &Cx<'p>, file: FileRef<'p>) -> BifResult<'p> {
    match file.0.with(|_| Ok(())) {
        Ok(()) => Err(cx.badarg()),
        Err(e) => Ok(e.term(cx)),
    }
}

fn read<'p>(cx: &Cx<'p>, file: Term<'p>, size: Term<'p>) -> BifResult<'p> {
    let f = cx.need(FileRef::from_term(file))?;
    let Some(bytes) = uint63(size) else { return wrong(cx, f) };
    let bytes = bytes.ok();
    here_or_dirty(cx, f, bytes, &[file, size], |cx, args| match *args {
        [file, size] => do_read(cx, cx.need(FileRef::from_term(file))?, size),
        _ => Err(cx.badarg()),
    })
}

fn do_read<'p>(cx: &Cx<'p>, file: FileRef<'p>, size: Term<'p>) -> BifResult<'p> {
    let size = cx.need(uint63(size))?;
    let data = file.0.with(|mut f| read_binary(cx, size?, |buf, _| f.read(buf)));
    Ok(read_result(cx, data))
}

fn pread<'p>(cx: &Cx<'p>, file: Term<'p>, offset: Term<'p>, size: Term<'p>) -> BifResult<'p> {
    let f = cx.need(FileRef::from_term(file))?;
    let (Some(_), Some(bytes)) = (uint63(offset), uint63(size)) else { return wrong(cx, f) };
    let bytes = bytes.ok();
    here_or_dirty(cx, f, bytes, &[file, offset, size], |cx, args| match *args {
        [file, offset, size] => do_pread(cx, cx.need(FileRef::from_term(file))?, offset, size),
        _ => Err(cx.badarg()),
    })
}

fn do_pread<'p>(cx: &Cx<'p>, file: FileRef<'p>, offset: Term<'p>, size: Term<'p>) -> BifResult<'p> {
    let (offset, size) = (cx.need(uint63(offset))?, cx.need(uint63(size))?);
    let data = file.0.with(|f| {
        let offset = offset?;
        read_binary(cx, size?, |buf, done| f.read_at(buf, offset.saturating_add(done)))
    });
    Ok(read_result(cx, data))
}

/// The first binaries of a list, and the rest of it. `None`: something else is among them.
type Vector<'p> = (Vec<std::borrow::Cow<'p, [u8]>>, Term<'p>);

fn vector(list: Term<'_>) -> Option<Vector<'_>> {
    let mut parts = Vec::new();
    let mut rest = list.iter_list();
    for part in rest.by_ref().take(MAX_VECTOR) {
        parts.push(part.as_binary()?.bytes());
    }
    rest.tail().is_list().then(|| (parts, rest.tail()))
}

fn vector_bytes(v: &Vector<'_>) -> u64 {
    v.0.iter().map(|part| part.len() as u64).sum()
}

fn write<'p>(cx: &Cx<'p>, file: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    let f = cx.need(FileRef::from_term(file))?;
    let Some(parts) = vector(list) else { return wrong(cx, f) };
    let bytes = vector_bytes(&parts);
    here_or_dirty(cx, f, Some(bytes), &[file, list], |cx, args| match *args {
        [file, list] => do_write(cx, cx.need(FileRef::from_term(file))?, list),
        _ => Err(cx.badarg()),
    })
}

fn do_write<'p>(cx: &Cx<'p>, file: FileRef<'p>, list: Term<'p>) -> BifResult<'p> {
    let (parts, rest) = cx.need(vector(list))?;
    let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|p| IoSlice::new(p)).collect();
    let mut left: usize = slices.iter().map(|s| s.len()).sum();
    let written = file.0.with(|mut f| {
        let mut slices = slices.as_mut_slice();
        while left > 0 {
            match f.write_vectored(slices) {
                Ok(0) => break,
                Ok(n) => {
                    left = left.saturating_sub(n);
                    IoSlice::advance_slices(&mut slices, n);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    });
    Ok(match written {
        Ok(()) if !rest.is_nil() => cx.heap().tuple(&[am::CONTINUE.into(), rest]),
        done => ok_or_error(cx, done),
    })
}

fn pwrite<'p>(cx: &Cx<'p>, file: Term<'p>, offset: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    let f = cx.need(FileRef::from_term(file))?;
    let (Some(_), Some(parts)) = (uint63(offset), vector(list)) else { return wrong(cx, f) };
    let bytes = vector_bytes(&parts);
    here_or_dirty(cx, f, Some(bytes), &[file, offset, list], |cx, args| match *args {
        [file, offset, list] => do_pwrite(cx, cx.need(FileRef::from_term(file))?, offset, list),
        _ => Err(cx.badarg()),
    })
}

fn do_pwrite<'p>(
    cx: &Cx<'p>,
    file: FileRef<'p>,
    offset: Term<'p>,
    list: Term<'p>,
) -> BifResult<'p> {
    let offset = cx.need(uint63(offset))?;
    let (parts, rest) = cx.need(vector(list))?;
    let written = file.0.with(|f| {
        let start = offset?;
        let mut at = start;
        for part in &parts {
            let mut part: &[u8] = part;
            while !part.is_empty() {
                match f.write_at(part, at) {
                    Ok(0) => return Ok(at - start),
                    Ok(n) => {
                        at = at.saturating_add(n as u64);
                        part = part.get(n..).unwrap_or_default();
                    }
                    Err(e) if e.kind() == ErrorKind::Interrupted => {}
                    Err(e) => return Err(e.into()),
                }
            }
        }
        Ok(at - start)
    });
    Ok(match written {
        Ok(n) if !rest.is_nil() => cx.heap().tuple(&[am::CONTINUE.into(), cx.heap().uint(n), rest]),
        done => ok_or_error(cx, done.map(drop)),
    })
}

fn seek<'p>(cx: &Cx<'p>, file: FileRef<'p>, from: Term<'p>, offset: Term<'p>) -> BifResult<'p> {
    let Some(offset) = offset.as_i64() else { return wrong(cx, file) };
    let from = match from.as_atom().map_or("", |a| a.name()) {
        // A negative position is for the system to refuse.
        "bof" => SeekFrom::Start(offset as u64),
        "cur" => SeekFrom::Current(offset),
        "eof" => SeekFrom::End(offset),
        _ => return wrong(cx, file),
    };
    let position = file.0.with(|mut f| Ok(f.seek(from)?));
    Ok(value_or_error(cx, position.map(|n| cx.heap().uint(n))))
}

fn sync<'p>(cx: &Cx<'p>, file: FileRef<'p>, data_only: Term<'p>) -> BifResult<'p> {
    let Some(data_only) = int(data_only) else { return wrong(cx, file) };
    let data_only = data_only != 0;
    let done = file.0.with(|f| {
        let _: () = if data_only { f.sync_data()? } else { f.sync_all()? };
        Ok(())
    });
    Ok(ok_or_error(cx, done))
}

fn truncate<'p>(cx: &Cx<'p>, file: FileRef<'p>) -> BifResult<'p> {
    let done = file.0.with(|mut f| {
        let position = f.stream_position()?;
        Ok(f.set_len(position)?)
    });
    Ok(ok_or_error(cx, done))
}

/// Two numbers that say a part of a file.
fn range(offset: Term<'_>, len: Term<'_>) -> Option<Done<(i64, i64)>> {
    let (offset, len) = (int64(offset)?, int64(len)?);
    Some(offset.and_then(|offset| {
        let len = len?;
        if offset < 0 || len < 0 { Err(Posix::EINVAL) } else { Ok((offset, len)) }
    }))
}

fn allocate<'p>(cx: &Cx<'p>, file: FileRef<'p>, offset: Term<'p>, len: Term<'p>) -> BifResult<'p> {
    let Some(range) = range(offset, len) else { return wrong(cx, file) };
    let done = file.0.with(|f| {
        let (offset, len) = range?;
        Ok(sys::file::allocate(f.as_raw_fd(), offset, len)?)
    });
    Ok(ok_or_error(cx, done))
}

fn advise<'p>(
    cx: &Cx<'p>,
    file: FileRef<'p>,
    offset: Term<'p>,
    len: Term<'p>,
    advice: Term<'p>,
) -> BifResult<'p> {
    use sys::file::Advice;
    let Some(range) = range(offset, len) else { return wrong(cx, file) };
    let done = file.0.with(|f| {
        let (offset, len) = range?;
        let advice = match advice.as_atom().map_or("", |a| a.name()) {
            "normal" => Advice::Normal,
            "random" => Advice::Random,
            "sequential" => Advice::Sequential,
            "will_need" => Advice::WillNeed,
            "dont_need" => Advice::DontNeed,
            "no_reuse" => Advice::NoReuse,
            _ => return Err(Posix::EINVAL),
        };
        // Advice that the system does not take is no error, as in the reference.
        let _ = sys::file::advise(f.as_raw_fd(), offset, len, advice);
        Ok(())
    });
    Ok(ok_or_error(cx, done))
}

fn read_handle_info<'p>(cx: &Cx<'p>, file: Term<'p>) -> BifResult<'p> {
    let f = cx.need(FileRef::from_term(file))?;
    here_or_dirty(cx, f, Some(0), &[file], |cx, args| match *args {
        [file] => do_read_handle_info(cx, cx.need(FileRef::from_term(file))?),
        _ => Err(cx.badarg()),
    })
}

fn do_read_handle_info<'p>(cx: &Cx<'p>, file: FileRef<'p>) -> BifResult<'p> {
    match file.0.with(|f| Ok(f.metadata()?)) {
        Ok(m) => Ok(fs::info(cx, &m, fs::granted(&m))),
        Err(e) => Ok(e.term(cx)),
    }
}

fn ipread<'p>(cx: &Cx<'p>, file: FileRef<'p>, offset: Term<'p>, max: Term<'p>) -> BifResult<'p> {
    let (Some(offset), Some(max)) = (uint63(offset), int64(max)) else { return wrong(cx, file) };
    let data = file.0.with(|f| {
        let (offset, max) = (offset?, max?);
        if max >= 1 << 31 {
            return Err(Posix::EINVAL);
        }
        let mut pointer = [0; 8];
        let n = fill(&mut pointer, |buf, done| f.read_at(buf, offset.saturating_add(done)))?;
        let [s0, s1, s2, s3, p0, p1, p2, p3] = pointer;
        let size = u32::from_be_bytes([s0, s1, s2, s3]);
        let position = u32::from_be_bytes([p0, p1, p2, p3]);
        if n < 8 || i64::from(size) > max {
            return Ok(None);
        }
        let at = u64::from(position);
        let data = read_binary(cx, u64::from(size), |buf, done| f.read_at(buf, at + done))?;
        let data = data.unwrap_or(am::EOF.into());
        let [size, position] = [size, position].map(|n| Term::small(i64::from(n)));
        Ok(Some(cx.heap().tuple(&[size, position, data])))
    });
    Ok(read_result(cx, data))
}

fn read_file<'p>(cx: &Cx<'p>, name: Term<'p>) -> BifResult<'p> {
    by_name(cx, [name], |cx, [name]| do_read_file(cx, name))
}

fn do_read_file<'p>(cx: &Cx<'p>, name: Term<'p>) -> BifResult<'p> {
    let data = path(name).and_then(|path| {
        let file = sys::file::open(&path, OpenMode { read: true, ..OpenMode::default() })?;
        let m = file.metadata()?;
        if m.is_dir() {
            return Err(Posix("eisdir"));
        }
        match m.len() {
            // Files of the kernel's own say 0 and have content.
            0 => read_unsized(cx, file),
            size => {
                let data = read_binary(cx, size, |buf, _| (&file).read(buf))?;
                Ok(data.unwrap_or_else(|| cx.heap().binary(b"")))
            }
        }
    });
    Ok(value_or_error(cx, data))
}

fn read_unsized<'p>(cx: &Cx<'p>, file: File) -> Done<Term<'p>> {
    let mut bytes = Vec::new();
    loop {
        match sys::fd::read_append(file.as_raw_fd(), &mut bytes, 16 << 10) {
            Ok(0) => break,
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::OutOfMemory => return Err(Posix::ENOMEM),
            Err(e) => return Err(e.into()),
        }
    }
    Ok(cx.heap().binary(&bytes))
}
