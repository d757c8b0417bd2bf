//! The driver `ram_file_drv`: files in memory (`file:open(…, [ram])`) [ram_file_drv.c].
//!
//! Each command is a byte, then big-endian numbers or data; each answer goes to the owner as port data.

use super::driver::{Driver, DriverEntry};
use super::{IoQueue, PortCx};

mod op {
    pub const OPEN: u8 = 1;
    pub const READ: u8 = 2;
    pub const LSEEK: u8 = 3;
    pub const WRITE: u8 = 4;
    pub const FSYNC: u8 = 9;
    pub const TRUNCATE: u8 = 14;
    pub const PREAD: u8 = 17;
    pub const PWRITE: u8 = 18;
    pub const FDATASYNC: u8 = 19;
    pub const GET: u8 = 30;
    pub const SIZE: u8 = 37;
    pub const ADVISE: u8 = 38;
    pub const ALLOCATE: u8 = 39;
}

const OK: u8 = 0;
const ERROR: u8 = 1;
const DATA: u8 = 2;
const NUMBER: u8 = 3;

const MODE_READ: u32 = 1;
const MODE_WRITE: u32 = 2;

#[derive(Default)]
struct RamFile {
    /// 0: not open.
    mode: u32,
    data: Vec<u8>,
    at: usize,
}

enum Answer {
    Ok,
    Number(usize),
    Data(Vec<u8>),
}

type Result<T> = std::result::Result<T, &'static str>;

pub(super) fn entry() -> DriverEntry {
    DriverEntry::new("ram_file_drv", |_, _, _| Ok(Box::new(RamFile::default())))
}

fn number(bytes: &[u8], i: usize) -> Result<i32> {
    let word = bytes.get(i * 4..i * 4 + 4).and_then(|w| w.try_into().ok()).ok_or("einval")?;
    Ok(i32::from_be_bytes(word))
}
fn size(n: i32) -> Result<usize> {
    usize::try_from(n).map_err(|_| "einval")
}

impl RamFile {
    fn need(&self, mode: u32, otherwise: &'static str) -> Result<()> {
        if self.mode & mode != 0 { Ok(()) } else { Err(otherwise) }
    }
    fn read(&self, at: usize, len: usize) -> Result<Vec<u8>> {
        self.need(MODE_READ, "ebadf")?;
        let rest = self.data.get(at..).unwrap_or(&[]);
        Ok(rest[..len.min(rest.len())].to_vec())
    }
    fn write(&mut self, at: usize, bytes: &[u8]) -> Result<()> {
        self.need(MODE_WRITE, "ebadf")?;
        let end = at.checked_add(bytes.len()).ok_or("einval")?;
        if end > self.data.len() {
            let more = end - self.data.len();
            sys::oom::reserve(&mut self.data, more).map_err(|_| "enomem")?;
            self.data.resize(end, 0);
        }
        self.data[at..end].copy_from_slice(bytes);
        Ok(())
    }
    /// `None`: there is no such command, and no answer.
    fn execute(&mut self, command: u8, args: &[u8]) -> Option<Result<Answer>> {
        Some(match command {
            op::OPEN => self.open(args),
            op::READ => self.read_on(args),
            op::WRITE => {
                let done = self.write(self.at, args);
                done.map(|()| {
                    self.at += args.len();
                    Answer::Number(args.len())
                })
            }
            op::PREAD => self.read_at(args),
            op::PWRITE => self.write_at(args),
            op::LSEEK => self.seek(args),
            op::TRUNCATE => self.need(MODE_WRITE, "eacces").map(|()| {
                self.data.resize(self.at, 0);
                Answer::Ok
            }),
            op::FSYNC | op::FDATASYNC | op::ADVISE | op::ALLOCATE => {
                self.need(u32::MAX, "ebadf").map(|()| Answer::Ok)
            }
            op::GET => Ok(Answer::Data(self.data.clone())),
            op::SIZE => Ok(Answer::Number(self.data.len())),
            _ => return None,
        })
    }
    fn open(&mut self, args: &[u8]) -> Result<Answer> {
        self.mode = number(args, 0)? as u32;
        self.data = args.get(4..).unwrap_or(&[]).to_vec();
        self.at = 0;
        Ok(Answer::Number(0))
    }
    fn read_on(&mut self, args: &[u8]) -> Result<Answer> {
        self.need(MODE_READ, "ebadf")?;
        let data = self.read(self.at, size(number(args, 0)?)?)?;
        self.at += data.len();
        Ok(Answer::Data(data))
    }
    fn read_at(&self, args: &[u8]) -> Result<Answer> {
        let at = size(number(args, 0)?)?;
        self.need(MODE_READ, "ebadf")?;
        Ok(Answer::Data(self.read(at, size(number(args, 1)?)?)?))
    }
    fn write_at(&mut self, args: &[u8]) -> Result<Answer> {
        let at = size(number(args, 0)?)?;
        let data = args.get(4..).unwrap_or(&[]);
        self.write(at, data)?;
        Ok(Answer::Number(data.len()))
    }
    fn seek(&mut self, args: &[u8]) -> Result<Answer> {
        let offset = i64::from(number(args, 0)?);
        self.need(u32::MAX, "ebadf")?;
        let from = match number(args, 1)? {
            0 => 0,
            1 => self.at,
            2 => self.data.len(),
            _ => return Err("einval"),
        };
        let at = (from as i64).checked_add(offset).ok_or("einval")?;
        self.at = usize::try_from(at).map_err(|_| "einval")?;
        Ok(Answer::Number(self.at))
    }
}

impl Driver for RamFile {
    fn command(&mut self, p: &mut PortCx<'_>, mut data: IoQueue) {
        let data = data.take_vec();
        let Some((command, args)) = data.split_first() else { return };
        let word = |code: u8, n: usize| {
            let mut out = vec![code];
            out.extend((n as u32).to_be_bytes());
            out
        };
        // All of the answer is a list, but for the data.
        match self.execute(*command, args) {
            None => {}
            Some(Ok(Answer::Ok)) => p.output_with_header(1, &[OK]),
            Some(Ok(Answer::Number(n))) => p.output_with_header(5, &word(NUMBER, n)),
            Some(Ok(Answer::Data(d))) => {
                let mut out = word(DATA, d.len());
                out.extend(d);
                p.output_with_header(5, &out);
            }
            Some(Err(e)) => {
                let out = [&[ERROR], e.as_bytes()].concat();
                p.output_with_header(out.len(), &out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_zero() {
        let mut f = RamFile { mode: 3, ..RamFile::default() };
        f.write(4, b"ab").unwrap();
        assert_eq!(f.read(2, 9).unwrap(), [0, 0, b'a', b'b']);
        assert!(f.seek(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]).is_err());
        assert!(f.seek(&[0, 0, 0, 9, 0, 0, 0, 0]).is_ok());
        assert!(
            f.read_on(&[0, 0, 0, 1]).is_ok_and(|a| matches!(a, Answer::Data(d) if d.is_empty()))
        );
        f.mode = 1;
        assert_eq!(f.write(0, b"x"), Err("ebadf"));
    }
}
