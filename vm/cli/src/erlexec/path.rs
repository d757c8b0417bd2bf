//! PATH for the emulator and its children: the programs of this start come first.

use crate::word::Word;

/// Puts `bindir` and `root/bin` in front, as `erlexec.c` does: a PATH that names the root already only gets `bindir`
/// moved to its front, so that repeated starts do not make it grow.
pub fn with_bindir(path: Option<&[u8]>, bindir: &[u8], root: &[u8]) -> Word {
    let slug = [bindir, b":"].concat();
    match path {
        None => [&slug, root, b"/bin:"].concat(),
        Some(path) if find(path, root).is_none() => [&slug, root, b"/bin:", path].concat(),
        Some(path) => {
            let mut out = slug.clone();
            let mut rest = path;
            while let Some(at) = find(rest, &slug) {
                let (before, after) = rest.split_at(at);
                out.extend_from_slice(before);
                rest = after.get(slug.len()..).unwrap_or_default();
            }
            out.extend_from_slice(rest);
            out
        }
    }
}

/// Makes `dirs` the first entries, in this order, and removes their other occurrences.
pub fn with_first(path: &[u8], dirs: &[Word]) -> Word {
    let mut entries: Vec<&[u8]> = dirs.iter().map(Vec::as_slice).collect();
    entries.extend(path.split(|&b| b == b':').filter(|entry| dirs.iter().all(|dir| dir != entry)));
    entries.join(&b':')
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return None;
    }
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(old: Option<&str>) -> String {
        let new = with_bindir(old.map(str::as_bytes), b"/r/erts/bin", b"/r");
        String::from_utf8(new).expect("text")
    }

    #[test]
    fn bindir_leads_once() {
        assert_eq!(path(None), "/r/erts/bin:/r/bin:");
        assert_eq!(path(Some("/usr/bin")), "/r/erts/bin:/r/bin:/usr/bin");
        assert_eq!(path(Some("/r/bin:/r/erts/bin:/usr/bin")), "/r/erts/bin:/r/bin:/usr/bin");
        let again = path(Some(&path(Some("/usr/bin"))));
        assert_eq!(again, "/r/erts/bin:/r/bin:/usr/bin");
    }

    #[test]
    fn first_entries() {
        let dirs = [b"/ours".to_vec(), b"/tree".to_vec()];
        assert_eq!(with_first(b"/a:/tree:/b", &dirs), b"/ours:/tree:/a:/b");
    }
}
