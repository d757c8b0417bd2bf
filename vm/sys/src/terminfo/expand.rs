//! Parameters of terminfo strings: a little stack machine, `%` before each of its instructions.

/// How deep conditions may lie in one another.
const MAX_DEPTH: usize = 32;

struct Machine<'a> {
    text: &'a [u8],
    at: usize,
    params: [i32; 9],
    stack: Vec<i32>,
    variables: [i32; 52],
    out: Vec<u8>,
}

/// Fills parameters into a string. `None` when the string is wrong: pops what is not there, or uses what is not known here
/// (`%s`, `%l`, most of printf's flags).
pub fn expand(text: &[u8], params: &[i32]) -> Option<Vec<u8>> {
    let mut nine = [0; 9];
    for (to, from) in nine.iter_mut().zip(params) {
        *to = *from;
    }
    let (stack, out) = (Vec::new(), Vec::new());
    let mut m = Machine { text, at: 0, params: nine, stack, variables: [0; 52], out };
    m.run()?;
    Some(m.out)
}

/// Index of the variables `a`-`z`, `A`-`Z` of `%P` and `%g`.
fn variable(letter: u8) -> Option<usize> {
    match letter {
        b'a'..=b'z' => Some(usize::from(letter - b'a')),
        b'A'..=b'Z' => Some(26 + usize::from(letter - b'A')),
        _ => None,
    }
}

impl Machine<'_> {
    fn next(&mut self) -> Option<u8> {
        let b = *self.text.get(self.at)?;
        self.at += 1;
        Some(b)
    }
    fn number(&mut self) -> Option<i32> {
        let mut n = 0i32;
        while let Some(d) = self.text.get(self.at).and_then(|b| char::from(*b).to_digit(10)) {
            self.at += 1;
            n = n.checked_mul(10)?.checked_add(d as i32)?;
        }
        Some(n)
    }
    fn run(&mut self) -> Option<()> {
        let mut depth = 0usize;
        while let Some(b) = self.next() {
            if b != b'%' {
                self.out.push(b);
                continue;
            }
            match self.next()? {
                b'%' => self.out.push(b'%'),
                b'i' => {
                    self.params[0] = self.params[0].wrapping_add(1);
                    self.params[1] = self.params[1].wrapping_add(1);
                }
                b'p' => {
                    let n = usize::from(self.next()?.checked_sub(b'1')?);
                    self.stack.push(*self.params.get(n)?);
                }
                b'P' => {
                    let to = variable(self.next()?)?;
                    self.variables[to] = self.stack.pop()?;
                }
                b'g' => {
                    let from = variable(self.next()?)?;
                    self.stack.push(self.variables[from]);
                }
                b'c' => {
                    let n = self.stack.pop()?;
                    self.out.push(n as u8);
                }
                b'\'' => {
                    let c = self.next()?;
                    self.stack.push(i32::from(c));
                    (self.next()? == b'\'').then_some(())?;
                }
                b'{' => {
                    let n = self.number()?;
                    self.stack.push(n);
                    (self.next()? == b'}').then_some(())?;
                }
                b'!' => {
                    let n = self.stack.pop()?;
                    self.stack.push(i32::from(n == 0));
                }
                b'~' => {
                    let n = self.stack.pop()?;
                    self.stack.push(!n);
                }
                b'?' => {
                    depth += 1;
                    (depth <= MAX_DEPTH).then_some(())?;
                }
                b't' => {
                    if self.stack.pop()? == 0 {
                        self.skip(true)?;
                    }
                }
                // The end of a branch that was taken.
                b'e' => self.skip(false)?,
                b';' => depth = depth.saturating_sub(1),
                b':' | b'0'..=b'9' | b'd' | b'o' | b'x' | b'X' => self.print()?,
                op => self.binary(op)?,
            }
        }
        Some(())
    }
    fn binary(&mut self, op: u8) -> Option<()> {
        let (y, x) = (self.stack.pop()?, self.stack.pop()?);
        self.stack.push(match op {
            b'+' => x.wrapping_add(y),
            b'-' => x.wrapping_sub(y),
            b'*' => x.wrapping_mul(y),
            b'/' => x.checked_div(y)?,
            b'm' => x.checked_rem(y)?,
            b'&' => x & y,
            b'|' => x | y,
            b'^' => x ^ y,
            b'=' => i32::from(x == y),
            b'<' => i32::from(x < y),
            b'>' => i32::from(x > y),
            b'A' => i32::from(x != 0 && y != 0),
            b'O' => i32::from(x != 0 || y != 0),
            _ => return None,
        });
        Some(())
    }
    /// `%d` and the like, after the `%`: a width, and zeros before it.
    fn print(&mut self) -> Option<()> {
        self.at -= 1;
        if self.text.get(self.at) == Some(&b':') {
            self.at += 1;
        }
        let zeros = self.text.get(self.at) == Some(&b'0');
        let width = usize::try_from(self.number()?).ok().filter(|w| *w <= 256)?;
        let kind = self.next()?;
        let n = self.stack.pop()?;
        let digits = match kind {
            b'd' => n.to_string(),
            b'o' => format!("{n:o}"),
            b'x' => format!("{n:x}"),
            b'X' => format!("{n:X}"),
            _ => return None,
        };
        let fill = if zeros { b'0' } else { b' ' };
        self.out.extend(std::iter::repeat_n(fill, width.saturating_sub(digits.len())));
        self.out.extend_from_slice(digits.as_bytes());
        Some(())
    }
    /// Goes on after the `%e` (if that ends it) or the `%;` of this condition. Without one: at the end.
    fn skip(&mut self, to_else: bool) -> Option<()> {
        let mut inner = 0usize;
        while let Some(b) = self.next() {
            if b != b'%' {
                continue;
            }
            match self.next()? {
                b'?' => inner += 1,
                b';' if inner == 0 => break,
                b';' => inner -= 1,
                b'e' if inner == 0 && to_else => break,
                _ => {}
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn parameters() {
        assert_eq!(expand(b"\x1b[%i%p1%d;%p2%dH", &[4, 9]), Some(b"\x1b[5;10H".to_vec()));
        assert_eq!(expand(b"%p1%{32}%+%c%%", &[33]), Some(b"A%".to_vec()));
        assert_eq!(expand(b"%p1%{0}%/%d", &[3]), None);
        assert_eq!(expand(b"%?", &[]), Some(Vec::new()));
        assert_eq!(expand(b"%", &[]), None);
        assert_eq!(expand(b"%d", &[]), None);
        assert_eq!(expand(b"%p1%03d|%p1%'A'%+%c", &[7]), Some(b"007|H".to_vec()));
    }

    #[test]
    fn conditions() {
        let color = b"\x1b[%?%p1%{8}%<%t3%p1%d%e%p1%{16}%<%t9%p1%{8}%-%d%e38;5;%p1%d%;m";
        assert_eq!(expand(color, &[1]), Some(b"\x1b[31m".to_vec()));
        assert_eq!(expand(color, &[9]), Some(b"\x1b[91m".to_vec()));
        assert_eq!(expand(color, &[99]), Some(b"\x1b[38;5;99m".to_vec()));
    }

    #[test]
    fn anything_is_harmless() {
        let all = b"%?%p1%t%e%;%{1}%'x'%P%g%3d%:0%+";
        for from in 0..all.len() {
            for to in from..all.len() {
                let _ = expand(&all[from..to], &[1, 2, 3]);
            }
        }
    }
}
