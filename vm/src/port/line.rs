//! Option `{line, N}`: received bytes cut into lines [io.c: read_linebuf].
//!
//! Lines end with LF or CR LF. A line longer than the buffer is handed on in pieces, all but the last of them
//! marked `noeol`; a CR that may belong to a line's end does not count until what follows it is known.

pub struct LineBuffer {
    max: usize,
    text: Vec<u8>,
    /// A CR was read after `text`.
    cr: bool,
}

impl LineBuffer {
    pub fn new(max: usize) -> LineBuffer {
        LineBuffer { max, text: Vec::new(), cr: false }
    }
    /// Bytes it holds.
    pub fn len(&self) -> usize {
        self.text.len()
    }
    /// Takes in bytes; calls `out` with each line (`true`: its end was seen).
    pub fn feed(&mut self, bytes: &[u8], mut out: impl FnMut(&[u8], bool)) {
        for &b in bytes {
            if b == b'\n' {
                out(&self.text, true);
                self.text.clear();
                self.cr = false;
                continue;
            }
            if core::mem::take(&mut self.cr) {
                self.put(b'\r', &mut out);
            }
            if b == b'\r' {
                self.cr = true;
            } else {
                self.put(b, &mut out);
            }
        }
    }
    fn put(&mut self, b: u8, out: &mut impl FnMut(&[u8], bool)) {
        if self.text.len() >= self.max {
            out(&self.text, false);
            self.text.clear();
        }
        self.text.push(b);
    }
    /// Hands on what is left at the end of the input.
    pub fn flush(&mut self, mut out: impl FnMut(&[u8], bool)) {
        if core::mem::take(&mut self.cr) {
            self.put(b'\r', &mut out);
        }
        if !self.text.is_empty() {
            out(&self.text, false);
            self.text.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(max: usize, parts: &[&str]) -> Vec<(String, bool)> {
        let mut b = LineBuffer::new(max);
        let mut v = Vec::new();
        let mut put = |s: &[u8], eol| v.push((String::from_utf8_lossy(s).into_owned(), eol));
        for p in parts {
            b.feed(p.as_bytes(), &mut put);
        }
        b.flush(&mut put);
        v
    }
    fn l(s: &str, eol: bool) -> (String, bool) {
        (s.into(), eol)
    }

    #[test]
    fn ends_and_pieces() {
        assert_eq!(
            lines(80, &["a\nb", "c\r\n\nd"]),
            [l("a", true), l("bc", true), l("", true), l("d", false)]
        );
        assert_eq!(lines(3, &["abcdefg\n"]), [l("abc", false), l("def", false), l("g", true)]);
        assert_eq!(lines(3, &["abc\n"]), [l("abc", true)]);
        assert_eq!(lines(3, &["abc\r", "\nx"]), [l("abc", true), l("x", false)]);
        assert_eq!(lines(3, &["abc\rd\n"]), [l("abc", false), l("\rd", true)]);
        assert_eq!(lines(9, &["a\rb\r"]), [l("a\rb\r", false)]);
    }
}
