//! What `run_erl` and `to_erl` tell each other amid the bytes of the console.
//!
//! `to_erl` starts with a form feed. `run_erl` answers with a line that names the versions it knows; then `to_erl` may
//! send `ESC _ NAME=VALUE ESC \` sequences: its version, and the size of its window whenever that changes.

/// The first byte of a session.
pub const HELLO: u8 = 0x0c;
/// The versions we know; 0 has no greeting.
const HIGHEST: u32 = 1;
const LOWEST: u32 = 0;

const START: &[u8] = b"\x1b_";
const END: &[u8] = b"\x1b\\";
/// The longest sequence that is looked for; more is text.
const LONGEST: usize = 128;

/// The line that answers [`HELLO`].
pub fn greeting() -> Vec<u8> {
    format!("[run_erl v{HIGHEST}-{LOWEST}]\n").into_bytes()
}

/// Finds a greeting at the start of what `run_erl` sends: its length and the version to speak.
pub fn read_greeting(text: &[u8]) -> Option<(usize, Option<u32>)> {
    let end = text.iter().position(|&b| b == b'\n')?;
    let line = std::str::from_utf8(text.get(..end)?).ok()?;
    let versions = line.strip_prefix("[run_erl v")?.strip_suffix(']')?;
    let (high, low) = versions.split_once('-')?;
    let (high, low): (u32, u32) = (high.parse().ok()?, low.parse().ok()?);
    let ours = high.min(HIGHEST);
    Some((end + 1, (ours >= low).then_some(ours)))
}

/// The sequence that says which version is spoken.
pub fn version(version: u32) -> Vec<u8> {
    [START, format!("version={version}").as_bytes(), END].concat()
}

/// The sequence that tells a window's size.
pub fn window_size(columns: u16, rows: u16) -> Vec<u8> {
    [START, format!("winsize={columns},{rows}").as_bytes(), END].concat()
}

/// A window size found in what was typed.
pub type WindowSize = (u16, u16);

/// Takes complete sequences out of what was typed; the last window size among them. `held` keeps the beginning of a
/// sequence that is not complete yet.
pub fn extract(held: &mut Vec<u8>, typed: &[u8]) -> (Vec<u8>, Option<WindowSize>) {
    held.extend_from_slice(typed);
    let mut text = Vec::new();
    let mut size = None;
    let mut rest = std::mem::take(held);
    while let Some(at) = find(&rest, START) {
        let sequence = rest.split_off(at);
        text.append(&mut rest);
        let body = sequence.get(START.len()..).unwrap_or_default();
        match find(body, END) {
            Some(end) => {
                if let Some(found) = body.get(..end).and_then(read_size) {
                    size = Some(found);
                }
                rest = body.get(end + END.len()..).unwrap_or_default().to_vec();
            }
            None if body.len() <= LONGEST => {
                *held = sequence;
                return (text, size);
            }
            None => {
                text.extend_from_slice(&sequence);
                return (text, size);
            }
        }
    }
    text.append(&mut rest);
    (text, size)
}

fn read_size(body: &[u8]) -> Option<WindowSize> {
    let (columns, rows) =
        std::str::from_utf8(body).ok()?.strip_prefix("winsize=")?.split_once(',')?;
    Some((columns.parse().ok()?, rows.parse().ok()?))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings() {
        assert_eq!(greeting(), b"[run_erl v1-0]\n");
        assert_eq!(read_greeting(b"[run_erl v1-0]\nabc"), Some((15, Some(1))));
        assert_eq!(read_greeting(b"[run_erl v7-1]\n"), Some((15, Some(1))));
        assert_eq!(read_greeting(b"[run_erl v7-3]\n"), Some((15, None)));
        assert_eq!(read_greeting(b"abc\n"), None);
    }

    #[test]
    fn sequences() {
        let mut held = Vec::new();
        let typed = [&b"a"[..], &version(1), b"b", &window_size(80, 24), b"c\x1bOA"].concat();
        assert_eq!(extract(&mut held, &typed), (b"abc\x1bOA".to_vec(), Some((80, 24))));
        let size = window_size(100, 30);
        let (first, second) = size.split_at(5);
        assert_eq!(extract(&mut held, first), (Vec::new(), None));
        assert_eq!(extract(&mut held, second), (Vec::new(), Some((100, 30))));
        let endless = [START, &[b'x'; 300]].concat();
        assert_eq!(extract(&mut held, &endless), (endless.clone(), None));
        assert!(held.is_empty());
    }
}
