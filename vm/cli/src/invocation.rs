//! How this process was called, and where the programs that go with it lie.

use crate::otp::OtpTree;
use crate::word::{Word, basename, from_path, is_executable, to_path};
use std::io;
use std::path::{Path, PathBuf};

/// The programs that this one is, by the names that OTP gives them.
pub const PROGRAMS: &[&str] =
    &["erl", "erlexec", "beam.smp", "erlc", "escript", "dialyzer", "typer", "ct_run", "epmd"];

/// OTP's helpers that kernel starts by their path below BINDIR and that stay the tree's.
const HELPERS: &[&str] = &["inet_gethost"];

/// A call of this program.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The name or path it was called by.
    pub path: Word,
    /// The arguments.
    pub args: Vec<Word>,
    /// Our own file, symbolic links resolved.
    pub exe: Option<PathBuf>,
}

impl Invocation {
    /// The name without directories.
    pub fn name(&self) -> &[u8] {
        basename(&self.path)
    }

    /// The name and the arguments, as C's `argv`.
    pub fn argv(&self) -> Vec<Word> {
        std::iter::once(&self.path).chain(&self.args).cloned().collect()
    }

    /// Whether the arguments are a vector made by `erlexec`: `… -- -root R [-bindir B] -progname P …`. Then the name may
    /// be anything: with ESCRIPT_NAME set, the reference's `erlexec` starts the emulator by the name of a script.
    pub fn is_emulator_vector(&self) -> bool {
        let mut rest = self.args.iter().skip_while(|w| *w != b"--").skip(1);
        rest.next().is_some_and(|w| w == b"-root")
            && rest.skip(1).step_by(2).take(2).any(|w| w == b"-progname")
    }

    /// The directory part of the call, absolute; nothing if it was called by a bare name that PATH does not lead to.
    pub fn directory(&self) -> Option<PathBuf> {
        let path = if self.path.contains(&b'/') {
            std::path::absolute(to_path(&self.path)).ok()?
        } else {
            let name = to_path(&self.path);
            let dirs = std::env::var_os("PATH")?;
            // Another program of that name may come first when we were called through --as.
            std::env::split_paths(&dirs).map(|dir| dir.join(&name)).find(|p| self.is_ours(p))?
        };
        path.parent().map(Path::to_path_buf)
    }

    /// Whether the file at `path` is this program.
    pub fn is_ours(&self, path: &Path) -> bool {
        let exe = self.exe.as_deref();
        exe.is_some() && path.canonicalize().ok().as_deref() == exe
    }

    /// The directory whose `erl` is this program, as children shall find it: that of the call, the project's `bin`,
    /// our file's own. Where there is none (a bare `oxbeam`), a directory `bin` beside our file is filled with links.
    pub fn bindir(&self) -> Option<PathBuf> {
        let exe = self.exe.as_deref()?;
        let own = exe.parent()?;
        // target/release/oxbeam lies two levels below the project, whose bin holds links to it.
        let project = own.parent().and_then(Path::parent).map(|dir| dir.join("bin"));
        let links = own.join("bin");
        let candidates = [self.directory(), project, Some(own.to_path_buf()), Some(links.clone())];
        candidates
            .into_iter()
            .flatten()
            .find(|dir| self.is_ours(&dir.join("erl")))
            .or_else(|| make_links(exe, &links).ok().map(|()| links))
            .or_else(|| Some(own.to_path_buf()))
    }

    /// As `bindir`, with the tree's helpers in it. Where they are missing, a directory of links beside our file has both.
    pub fn bindir_for(&self, tree: &OtpTree) -> Option<PathBuf> {
        let own = self.bindir()?;
        let Some(theirs) = tree.bindir() else { return Some(own) };
        let missing =
            |dir: &Path| HELPERS.iter().any(|h| theirs.join(h).exists() && !dir.join(h).exists());
        if !missing(&own) {
            return Some(own);
        }
        let exe = self.exe.as_deref()?;
        // Not named erts-…: the directory above must not look like a tree.
        let links = exe.parent()?.join("bin").join(format!("for-{}", tree.erts));
        if missing(&links) || !self.is_ours(&links.join("erl")) {
            let made = make_links(exe, &links).and_then(|()| link_helpers(&theirs, &links));
            if made.is_err() {
                return Some(own);
            }
        }
        Some(links)
    }

    /// The `erl` that a front end starts: beside its own path, else what PATH finds.
    pub fn sibling_erl(&self) -> Word {
        let beside = if self.path.contains(&b'/') {
            let path = to_path(&self.path);
            let resolved = path.canonicalize().ok();
            [Some(path), resolved]
                .into_iter()
                .flatten()
                .map(|p| p.with_file_name("erl"))
                .find(|erl| is_executable(erl))
        } else {
            self.bindir().map(|dir| dir.join("erl")).filter(|erl| is_executable(erl))
        };
        beside.map_or_else(|| b"erl".to_vec(), |erl| from_path(&erl))
    }
}

/// Links the tree's helpers into `dir`, anew where a link leads elsewhere. A fetched tree whose programs need libraries of
/// their own has scripts that start them beside it.
fn link_helpers(theirs: &Path, dir: &Path) -> io::Result<()> {
    for name in HELPERS {
        let link = dir.join(name);
        let script = theirs.ancestors().nth(4).map(|top| top.join("host").join(name));
        let from = script.filter(|s| s.exists()).unwrap_or_else(|| theirs.join(name));
        if !from.exists() || std::fs::read_link(&link).is_ok_and(|old| old == from) {
            continue;
        }
        match std::fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        match std::os::unix::fs::symlink(&from, &link) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
    }
    Ok(())
}

/// Fills `dir` with links to `exe` by the names of our programs.
fn make_links(exe: &Path, dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    for name in PROGRAMS {
        match std::os::unix::fs::symlink(exe, dir.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
    }
    Ok(())
}
