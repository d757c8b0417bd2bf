//! The OTP tree that a start uses: where it is and which release it is of.
//!
//! A tree is a root directory with `erts-VSN/` or `lib/erts-VSN/`; releases made by systools or relx have the former,
//! Debian's packages both. The version of ERTS tells the release: ERTS 13 belongs to OTP 25, 14 to 26, and so on;
//! ERTS 13 is the oldest that we start.

use std::path::{Path, PathBuf};

/// The oldest release whose trees we start.
pub const OLDEST: u32 = 25;

/// An OTP installation or a release with its own ERTS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtpTree {
    /// The root directory (`code:root_dir/0`).
    pub root: PathBuf,
    /// ERTS's version, for instance `13.1.5`.
    pub erts: String,
    /// The OTP release, for instance 25.
    pub release: u32,
}

impl OtpTree {
    /// The tree at `root`, or nothing if there is no ERTS in it.
    ///
    /// After an upgrade a root holds several versions of ERTS: `releases/start_erl.data` names the one in use,
    /// else the newest counts.
    pub fn at(root: &Path) -> Option<Self> {
        let named = std::fs::read_to_string(root.join("releases/start_erl.data"))
            .ok()
            .and_then(|text| text.split_whitespace().next().map(str::to_owned));
        let found = versions(root);
        let erts = match named {
            Some(vsn) if found.contains(&vsn) => vsn,
            _ => found.into_iter().max_by_key(|vsn| numbers(vsn))?,
        };
        let release = release_of(&erts)?;
        Some(Self { root: root.to_path_buf(), erts, release })
    }

    /// The tree's own program directory, if it is there.
    pub fn bindir(&self) -> Option<PathBuf> {
        let dir = self.root.join(format!("erts-{}/bin", self.erts));
        dir.is_dir().then_some(dir)
    }
}

/// The OTP release that a version of ERTS belongs to.
pub fn release_of(erts: &str) -> Option<u32> {
    let major: u32 = erts.split('.').next()?.parse().ok()?;
    (major >= 13).then_some(major.checked_add(12)?)
}

/// The versions of ERTS below `root`.
fn versions(root: &Path) -> Vec<String> {
    let mut found: Vec<String> = [root.to_path_buf(), root.join("lib")]
        .iter()
        .filter_map(|dir| std::fs::read_dir(dir).ok())
        .flat_map(|entries| entries.flatten())
        .filter_map(|entry| {
            let name = entry.file_name();
            let vsn = name.to_str()?.strip_prefix("erts-")?;
            release_of(vsn)?;
            Some(vsn.to_owned())
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// A version as numbers, so that 13.10 sorts after 13.2.
fn numbers(vsn: &str) -> Vec<u64> {
    vsn.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// The tree that `otp-stdlib/fetch 25` made: in `otp/25` of the build directory that holds our own executable, or of a
/// `target` directory above it.
fn beside_executable(exe: &Path) -> Option<OtpTree> {
    exe.ancestors().skip(1).find_map(|dir| {
        [dir.join("otp"), dir.join("target/otp")].iter().find_map(|otp| {
            let otp = otp.join(OLDEST.to_string());
            ["lib/erlang", "usr/lib/erlang", "root"]
                .iter()
                .find_map(|root| OtpTree::at(&otp.join(root)))
        })
    })
}

/// Finds the tree for an `erl` that was told none: the project's own, else an installed one.
pub fn find_default(exe: Option<&Path>) -> Option<OtpTree> {
    exe.and_then(beside_executable).or_else(|| {
        ["/usr/lib/erlang", "/usr/local/lib/erlang"]
            .iter()
            .find_map(|root| OtpTree::at(Path::new(root)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_follow_from_erts() {
        assert_eq!(release_of("13.1.5"), Some(25));
        assert_eq!(release_of("15.2"), Some(27));
        assert_eq!(release_of("17.0.1"), Some(29));
        assert_eq!(release_of("x"), None);
        assert_eq!(release_of("5.10"), None);
    }

    #[test]
    fn newest_or_named_erts() {
        let dir = std::env::temp_dir().join(format!("oxbeam-otp-{}", std::process::id()));
        for sub in ["erts-13.2", "erts-13.10/bin", "lib/erts-13.10/ebin", "releases"] {
            std::fs::create_dir_all(dir.join(sub)).expect("temporary directory");
        }
        let tree = OtpTree::at(&dir).expect("a tree");
        assert_eq!((tree.erts.as_str(), tree.release), ("13.10", 25));
        assert_eq!(tree.bindir(), Some(dir.join("erts-13.10/bin")));
        std::fs::write(dir.join("releases/start_erl.data"), "13.2 25\n").expect("written");
        assert_eq!(OtpTree::at(&dir).map(|t| t.erts), Some("13.2".into()));
        std::fs::remove_dir_all(&dir).expect("removed");
    }
}
