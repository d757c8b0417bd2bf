//! The line that the `tty_sl` driver shows: commands of the shell in, bytes for the terminal out.
//!
//! A pure structure; nothing here reads or writes a descriptor. It remembers the current line as cells, one for each code
//! point and further ones where a character is shown as several columns of text (`^A`, `\351`, a tab), so that moving and deleting by
//! characters finds its columns. Lines longer than the window wrap; ANSI sequences for colours take no column, wide
//! characters take two. (The reference counts no column for tabs and for characters shown as text, and so misplaces the cursor
//! after them; here they count.)

use crate::terminfo::TermInfo;
use unicode_width::UnicodeWidthChar;

/// Columns that a character takes; `None` for control characters.
pub fn width(c: char) -> Option<usize> {
    c.width()
}

/// A line this long is ended before the next command.
const MAX_CELLS: usize = 1 << 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// Shown as it is.
    Char(u32),
    /// A tab, followed by as many `Pad` as take it to the next multiple of eight cells.
    Tab,
    Escape,
    /// Shown as `^X`; one `Pad` follows.
    Control(u8),
    /// Shown in octal or hexadecimal; a `Pad` follows for each further column.
    Escaped(u32),
    Pad,
}

/// What a command asks of the driver besides its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    None,
    /// `{Port, ok}` goes to the owner as soon as little output is waiting.
    Ok,
}

/// The editor of one line.
#[derive(Clone, Debug)]
pub struct LineEditor {
    cells: Vec<Cell>,
    /// The cursor, a cell number.
    pos: usize,
    cols: usize,
    /// The cursor stays on a full line until one more character comes.
    sticky_margin: bool,
    up: Vec<u8>,
    down: Vec<u8>,
    left: Vec<u8>,
    right: Vec<u8>,
    utf8: bool,
    latin1: bool,
    /// The beginning of a character of which the rest has not been read yet.
    partial: Vec<u8>,
}

/// The text of a character that the terminal cannot show, without the backslash.
fn escaped_text(c: u32) -> String {
    if c < 0o1000 { format!("{c:03o}") } else { format!("x{{{c:X}}}") }
}

/// Takes one character off the front of `bytes`: the character and its length, or `None` if it is not UTF-8.
fn decode(bytes: &[u8]) -> Option<(char, usize)> {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(s) => s,
        Err(e) => std::str::from_utf8(&head[..e.valid_up_to()]).ok()?,
    };
    let c = valid.chars().next().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'))?;
    Some((c, c.len_utf8()))
}

impl LineEditor {
    /// An empty line on a terminal of this kind. `utf8`: the terminal shows UTF-8; otherwise bytes, those above 127 only
    /// with `latin1`. `None` when the terminal cannot move its cursor.
    pub fn new(info: &TermInfo, utf8: bool, latin1: bool) -> Option<LineEditor> {
        let cols = info.number(b"co").and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
        Some(LineEditor {
            cells: Vec::new(),
            pos: 0,
            cols: cols.unwrap_or(80),
            sticky_margin: info.flag(b"xn"),
            up: info.string(b"up")?,
            down: info.string(b"do").unwrap_or_else(|| b"\n".to_vec()),
            left: b"\x08".to_vec(),
            right: info.string(b"nd")?,
            utf8,
            latin1,
            partial: Vec::new(),
        })
    }

    /// The window is now `cols` columns wide; 0 stands for the usual 80.
    pub fn set_cols(&mut self, cols: u16) {
        self.cols = if cols == 0 { 80 } else { cols.into() };
    }

    /// Is the terminal taken to show UTF-8?
    pub fn utf8(&self) -> bool {
        self.utf8
    }

    /// Sets that, and gives what it was.
    pub fn set_utf8(&mut self, on: bool) -> bool {
        std::mem::replace(&mut self.utf8, on)
    }

    /// Carries out a command as user_drv sends it, a number and its argument; appends what the terminal is to get. Unknown
    /// commands and missing arguments do nothing.
    pub fn command(&mut self, command: &[u8], out: &mut Vec<u8>) -> Reply {
        if self.pos > MAX_CELLS {
            self.put_chars(b"\n", out);
        }
        let Some((&op, arg)) = command.split_first() else { return Reply::None };
        let number = || arg.first_chunk().map_or(0, |b| i16::from_be_bytes(*b)).into();
        match op {
            0 | 5 => self.put_chars(arg, out),
            1 => self.move_rel(number(), out),
            2 => self.insert_chars(arg, out),
            3 => self.delete_chars(number(), out),
            4 => out.push(7),
            _ => {}
        }
        if op == 5 { Reply::Ok } else { Reply::None }
    }

    /// Writes text (UTF-8) over what is at the cursor.
    pub fn put_chars(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let start = self.enter(text, out);
        if self.pos > start {
            self.write(start, self.pos, false, out);
        }
    }

    /// Inserts text (UTF-8) at the cursor.
    pub fn insert_chars(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let tail = self.cells.split_off(self.pos);
        let start = self.enter(text, out);
        self.cells.truncate(self.pos);
        self.cells.extend(tail);
        self.write(start, self.cells.len(), false, out);
        self.move_cursor(self.column(self.cells.len()), self.column(self.pos), out);
    }

    /// Moves the cursor by characters, to the right or (negative) to the left.
    pub fn move_rel(&mut self, n: i32, out: &mut Vec<u8>) {
        let to = self.step(n);
        self.move_cursor(self.column(self.pos), self.column(to), out);
        self.pos = to;
    }

    /// Deletes characters after or (negative) before the cursor.
    pub fn delete_chars(&mut self, n: i32, out: &mut Vec<u8>) {
        let to = self.step(n);
        let (from, to) = (self.pos.min(to), self.pos.max(to));
        if from == to {
            return;
        }
        let gone = self.column(to) - self.column(from);
        if n < 0 {
            self.move_cursor(self.column(to), self.column(from), out);
        }
        self.cells.drain(from..to);
        self.pos = from;
        // What comes after it moves up, and blanks take its old place.
        self.write(from, self.cells.len(), false, out);
        out.resize(out.len() + gone, b' ');
        let end = self.column(self.cells.len()) + gone;
        if self.sticky_margin && end.is_multiple_of(self.cols) {
            out.push(b' ');
            out.extend_from_slice(&self.left);
        }
        self.move_cursor(end, self.column(self.pos), out);
    }

    /// The cell that lies `n` characters from the cursor.
    fn step(&self, n: i32) -> usize {
        let is_pad = |at: usize| self.cells.get(at) == Some(&Cell::Pad);
        let mut at = self.pos;
        for _ in 0..n {
            if at >= self.cells.len() {
                break;
            }
            at += 1;
            while is_pad(at) {
                at += 1;
            }
        }
        for _ in n..0 {
            if at == 0 {
                break;
            }
            at -= 1;
            while at > 0 && is_pad(at) {
                at -= 1;
            }
        }
        at
    }

    fn put_cell(&mut self, cell: Cell) {
        match self.cells.get_mut(self.pos) {
            Some(old) => *old = cell,
            None => self.cells.push(cell),
        }
        self.pos += 1;
    }

    fn put_cells(&mut self, cell: Cell, pads: usize) {
        self.put_cell(cell);
        (0..pads).for_each(|_| self.put_cell(Cell::Pad));
    }

    fn is_printable(&self, c: u32) -> bool {
        match c {
            0x20..0x7f => true,
            0xa0..0x100 if self.latin1 => true,
            _ => self.utf8 && c >= 0x80,
        }
    }

    /// Enters text at the cursor, over what is there. At the end of a line, shows it and begins a new one. Gives the first cell that
    /// is not shown yet.
    fn enter(&mut self, mut text: &[u8], out: &mut Vec<u8>) -> usize {
        let mut start = self.pos;
        while let Some(&first) = text.first() {
            // What is not UTF-8 counts as Latin-1.
            let (c, len) = decode(text).map_or((first.into(), 1), |(c, len)| (u32::from(c), len));
            text = &text[len..];
            match c {
                9 => self.put_cells(Cell::Tab, 7 - self.pos % 8),
                27 => self.put_cell(Cell::Escape),
                10 | 13 => {
                    self.write(start, self.pos, true, out);
                    out.extend_from_slice(if c == 10 { b"\r\n" } else { b"\r" });
                    self.cells.drain(..self.pos);
                    self.pos = 0;
                    start = 0;
                }
                _ if self.is_printable(c) => self.put_cell(Cell::Char(c)),
                128.. => self.put_cells(Cell::Escaped(c), escaped_text(c).len()),
                _ => self.put_cells(Cell::Control(c as u8), 1),
            }
        }
        start
    }

    /// Shows the cells from `start` to `end`, and brings the cursor behind the last of them.
    fn write(&self, start: usize, end: usize, line_ends: bool, out: &mut Vec<u8>) {
        let mut last = b" ".to_vec();
        let mut cells = self.cells[start..end].iter().peekable();
        while let Some(&cell) = cells.next() {
            match cell {
                Cell::Char(c) if self.utf8 => {
                    let c = char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER);
                    last = c.encode_utf8(&mut [0; 4]).as_bytes().to_vec();
                    out.extend_from_slice(&last);
                    continue;
                }
                Cell::Char(c) => out.push(c as u8),
                Cell::Tab => {
                    out.push(b' ');
                    while cells.next_if_eq(&&Cell::Pad).is_some() {
                        out.push(b' ');
                    }
                }
                Cell::Escape => {
                    out.push(27);
                    continue;
                }
                Cell::Control(c) => out.extend_from_slice(&[b'^', c ^ 0x40]),
                Cell::Escaped(c) => {
                    out.push(b'\\');
                    out.extend_from_slice(escaped_text(c).as_bytes());
                }
                // Half of what was overwritten.
                Cell::Pad => continue,
            }
            while cells.next_if_eq(&&Cell::Pad).is_some() {}
            last = vec![out.last().copied().unwrap_or(b' ')];
        }
        // On a full line the cursor stays beyond its last column until one more character comes: send that, and step back.
        let at_margin = || end != 0 && self.column(end).is_multiple_of(self.cols);
        if !line_ends && self.sticky_margin && at_margin() {
            let more = if end >= self.cells.len() { b" " } else { &last[..] };
            out.extend_from_slice(more);
            out.extend_from_slice(&self.left);
        }
    }

    /// Columns from the start of the line to a cell.
    fn column(&self, pos: usize) -> usize {
        let cells = &self.cells[..];
        let (mut col, mut i) = (0, 0);
        while i < pos.min(cells.len()) {
            match cells[i] {
                Cell::Escape => i += escape_len(&cells[i..]),
                Cell::Char(c) => {
                    col += char::from_u32(c).and_then(char::width).unwrap_or(0);
                    i += 1;
                }
                _ => {
                    col += 1;
                    i += 1;
                }
            }
        }
        col
    }

    fn move_cursor(&self, from: usize, to: usize, out: &mut Vec<u8>) {
        let mut repeat = |s: &[u8], n: usize| (0..n).for_each(|_| out.extend_from_slice(s));
        let (from_line, to_line) = (from / self.cols, to / self.cols);
        let (from_col, to_col) = (from % self.cols, to % self.cols);
        repeat(&self.down, to_line.saturating_sub(from_line));
        repeat(&self.up, from_line.saturating_sub(to_line));
        repeat(&self.right, to_col.saturating_sub(from_col));
        repeat(&self.left, from_col.saturating_sub(to_col));
    }

    /// Turns what was read from the terminal into what the shell gets, UTF-8 throughout. A character of which only the
    /// beginning was read waits for the rest. Input that is not UTF-8 ends the belief in a UTF-8 terminal.
    pub fn input(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.partial);
        all.extend_from_slice(bytes);
        if self.utf8 {
            match std::str::from_utf8(&all) {
                Ok(_) => return all,
                Err(e) if e.error_len().is_none() => {
                    self.partial = all.split_off(e.valid_up_to());
                    return all;
                }
                Err(e) => {
                    self.utf8 = false;
                    let rest = all.split_off(e.valid_up_to());
                    return to_utf8(all, &rest);
                }
            }
        }
        to_utf8(Vec::new(), &all)
    }
}

/// Appends Latin-1 text to UTF-8 text.
fn to_utf8(mut text: Vec<u8>, latin1: &[u8]) -> Vec<u8> {
    for &b in latin1 {
        text.extend_from_slice(char::from(b).encode_utf8(&mut [0; 4]).as_bytes());
    }
    text
}

/// How many cells an ANSI sequence takes: the escape, `[`, numbers, and the character that ends it.
fn escape_len(cells: &[Cell]) -> usize {
    let ascii = |cell: &Cell| match cell {
        Cell::Char(c) => u8::try_from(*c).unwrap_or(0),
        _ => 0,
    };
    match cells.get(1).map(ascii) {
        None => 1,
        Some(b'[') => {
            let parameter = |c: &&Cell| matches!(ascii(c), b'0'..=b'9' | b';');
            3 + cells.iter().skip(2).take_while(parameter).count()
        }
        Some(_) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editor(cols: u16) -> LineEditor {
        let info = TermInfo::load(b"xterm", |_| None).unwrap();
        let mut e = LineEditor::new(&info, true, false).unwrap();
        e.set_cols(cols);
        e
    }

    fn run(e: &mut LineEditor, command: &[u8]) -> String {
        let mut out = Vec::new();
        e.command(command, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn put(e: &mut LineEditor, s: &str) -> String {
        run(e, &[&[0], s.as_bytes()].concat())
    }

    fn insert(e: &mut LineEditor, s: &str) -> String {
        run(e, &[&[2], s.as_bytes()].concat())
    }

    fn by(e: &mut LineEditor, op: u8, n: i16) -> String {
        let [a, b] = n.to_be_bytes();
        run(e, &[op, a, b])
    }

    #[test]
    fn typing_moving_deleting() {
        let mut e = editor(80);
        assert_eq!(put(&mut e, "1> "), "1> ");
        assert_eq!(insert(&mut e, "abc"), "abc");
        assert_eq!(by(&mut e, 1, -2), "\x08\x08");
        assert_eq!(insert(&mut e, "X"), "Xbc\x08\x08");
        assert_eq!(by(&mut e, 3, 1), "c \x08\x08");
        assert_eq!(by(&mut e, 3, -1), "\x08c \x08\x08");
        assert_eq!(by(&mut e, 1, 1), "\x1b[C");
        assert_eq!(by(&mut e, 1, 100), "");
        assert_eq!(by(&mut e, 3, 5), "");
        assert_eq!(put(&mut e, "\nnext"), "\r\nnext");
        assert_eq!(by(&mut e, 1, -100), "\x08\x08\x08\x08");
        assert_eq!(run(&mut e, &[4]), "\x07");
        let mut out = Vec::new();
        assert_eq!(e.command(b"\x05ok", &mut out), Reply::Ok);
        assert_eq!(e.command(b"", &mut out), Reply::None);
        assert_eq!(e.command(&[1, 0], &mut out), Reply::None);
        assert_eq!(e.command(&[200], &mut out), Reply::None);
    }

    #[test]
    fn wrapping() {
        let mut e = editor(10);
        assert_eq!(put(&mut e, "0123456789"), "0123456789 \x08");
        assert_eq!(by(&mut e, 1, -1), format!("\x1b[A{}", "\x1b[C".repeat(9)));
        assert_eq!(insert(&mut e, "ab"), "ab9\x08");
        assert_eq!(put(&mut e, "\r\n0123456789\r\n"), "\r\r\n0123456789\r\r\n");
    }

    #[test]
    fn wide_and_coloured() {
        let mut e = editor(80);
        put(&mut e, "日本");
        assert_eq!(by(&mut e, 1, -1), "\x08\x08");
        assert_eq!(by(&mut e, 3, 1), "  \x08\x08");
        assert_eq!(put(&mut e, "\n\x1b[1;31mred\x1b[0m"), "\r\n\x1b[1;31mred\x1b[0m");
        assert_eq!(by(&mut e, 1, -7), "\x08\x08\x08");
        let mut e = editor(80);
        put(&mut e, "e\u{301}");
        assert_eq!(by(&mut e, 1, -2), "\x08");
    }

    #[test]
    fn unprintable() {
        let mut e = editor(80);
        assert_eq!(put(&mut e, "\x01\x7f"), "^A^?");
        assert_eq!(by(&mut e, 1, -2), "\x08\x08\x08\x08");
        assert_eq!(put(&mut e, "\nab\tc"), "\r\nab      c");
        assert_eq!(by(&mut e, 1, -2), "\x08".repeat(7));
        e.set_utf8(false);
        assert_eq!(put(&mut e, "\né日"), "\r\n\\351\\x{65E5}");
        assert_eq!(by(&mut e, 1, -2), "\x08".repeat(12));
        assert_eq!(run(&mut e, b"\x00\xff"), "\\377");
    }

    #[test]
    fn input_bytes() {
        let mut e = editor(80);
        assert_eq!(e.input(b"ab\xc3"), b"ab");
        assert_eq!(e.input(b"\xa9c"), "éc".as_bytes());
        assert_eq!(e.input(b"x\xe9y"), "xéy".as_bytes());
        assert!(!e.utf8());
        assert_eq!(e.input(b"\xc3\xa9"), "Ã©".as_bytes());
    }

    #[test]
    fn anything_goes() {
        // No sequence of commands may panic or lose the cursor.
        let mut e = editor(7);
        let mut seed = 12345u64;
        let mut out = Vec::new();
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let b = seed.to_le_bytes();
            let op = b[7] % 6;
            let text = ["a", "日", "\t", "\x1b[3m", "\n", "\x02", "é", "\r", "xyz", "\u{85}"];
            let arg = match op {
                1 | 3 => ((b[6] as i16 % 9) - 4).to_be_bytes().to_vec(),
                _ => [text[b[5] as usize % 10], text[b[4] as usize % 10]].concat().into_bytes(),
            };
            e.set_utf8(b[3] & 7 != 0);
            e.command(&[&[op], &arg[..]].concat(), &mut out);
            assert!(e.pos <= e.cells.len());
            out.clear();
        }
    }
}
