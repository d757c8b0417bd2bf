//! Processors: how many there are, how they hang together, how many we may use.

use std::fs;
use std::path::{Path, PathBuf};

/// Logical processors that the machine has, if it tells.
pub fn configured() -> Option<usize> {
    sysconf(libc::_SC_NPROCESSORS_CONF)
}

/// Logical processors that are switched on, if the machine tells.
pub fn online() -> Option<usize> {
    sysconf(libc::_SC_NPROCESSORS_ONLN)
}

fn sysconf(name: i32) -> Option<usize> {
    // SAFETY: only reads its argument.
    usize::try_from(unsafe { libc::sysconf(name) }).ok().filter(|n| *n > 0)
}

/// Logical processors that this process may run on by its affinity mask; at most those online.
pub fn available() -> Option<usize> {
    let online = online()?;
    let mine = allowed().map_or(online, |cpus| cpus.len());
    Some(if mine == 0 { online } else { mine.min(online) })
}

/// The numbers of the processors in this thread's affinity mask.
pub fn allowed() -> Option<Vec<usize>> {
    mask_of(0)
}

/// The same of the program's first thread, which is what others see and change.
pub fn allowed_of_program() -> Option<Vec<usize>> {
    mask_of(std::process::id())
}

#[cfg(target_os = "linux")]
fn mask_of(thread: u32) -> Option<Vec<usize>> {
    let thread = i32::try_from(thread).ok()?;
    // Larger masks for larger machines: the kernel refuses those smaller than its own.
    for words in [16, 128, 1024] {
        let mut mask = vec![0u64; words];
        // SAFETY: the mask is valid for the length given.
        let r = unsafe { libc::sched_getaffinity(thread, words * 8, mask.as_mut_ptr().cast()) };
        if r == 0 {
            return Some((0..words * 64).filter(|i| mask[i / 64] >> (i % 64) & 1 == 1).collect());
        }
    }
    None
}

#[cfg(not(target_os = "linux"))]
fn mask_of(_: u32) -> Option<Vec<usize>> {
    None
}

/// Binds the calling thread to one logical processor.
#[cfg(target_os = "linux")]
pub fn bind_thread(cpu: usize) -> std::io::Result<()> {
    set_affinity(&[cpu])
}

/// Lets the calling thread run on these processors.
#[cfg(target_os = "linux")]
pub fn set_affinity(cpus: &[usize]) -> std::io::Result<()> {
    let words = cpus.iter().max().map_or(1, |m| m / 64 + 1);
    if words > 1024 {
        return Err(std::io::Error::from_raw_os_error(libc::EINVAL));
    }
    let mut mask = vec![0u64; words];
    for &cpu in cpus {
        mask[cpu / 64] |= 1 << (cpu % 64);
    }
    // SAFETY: the mask is valid for the length given.
    let r = unsafe { libc::sched_setaffinity(0, words * 8, mask.as_ptr().cast()) };
    crate::fd::check(r).map(drop)
}

#[cfg(not(target_os = "linux"))]
pub fn bind_thread(_: usize) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub fn set_affinity(_: &[usize]) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// How many processors' worth of time the control group grants, at least 1 and at most those online. `None` when nothing
/// is known. (In version 1 a group without a quota gives the number online, as the reference has it.)
pub fn quota() -> Option<usize> {
    let limit = online()?;
    let read = |p: &Path| fs::read_to_string(p).ok();
    quota_from(
        limit,
        &read(Path::new("/proc/self/mountinfo"))?,
        &read(Path::new("/proc/self/cgroup"))?,
        read,
    )
}

/// A mounted control-group hierarchy.
enum Group {
    V1(PathBuf),
    /// The mount point and our group's place below it.
    V2(PathBuf, String),
}

fn own_group(cgroup: &str, is_ours: impl Fn(&str) -> bool) -> Option<&str> {
    cgroup.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        is_ours(controllers).then_some(path)
    })
}

fn find_group(
    mounts: &str,
    cgroup: &str,
    controller: &str,
    read: &impl Fn(&Path) -> Option<String>,
) -> Option<Group> {
    mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(3);
        let (root, mount) = (left.next()?, Path::new(left.next()?));
        let mut right = right.splitn(3, ' ');
        let (kind, options) = (right.next()?, right.nth(1)?);
        match kind {
            "cgroup2" => {
                let controllers = read(&mount.join("cgroup.controllers"))?;
                if !controllers.split_whitespace().any(|c| c == controller) {
                    return None;
                }
                let own = own_group(cgroup, str::is_empty).unwrap_or("/");
                let own = own.strip_prefix(root).unwrap_or(own).trim_matches('/');
                Some(Group::V2(mount.into(), own.into()))
            }
            "cgroup" if options.split(',').any(|o| o == controller) => {
                let own = own_group(cgroup, |c| c.split(',').any(|c| c == controller))?;
                let inside = if own == root { "" } else { own.trim_start_matches('/') };
                Some(Group::V1(mount.join(inside)))
            }
            _ => None,
        }
    })
}

fn quota_from(
    limit: usize,
    mounts: &str,
    cgroup: &str,
    read: impl Fn(&Path) -> Option<String>,
) -> Option<usize> {
    let share = |quota: i64, period: i64| {
        let n = if quota > 0 && period > 0 { (quota / period).max(1) as usize } else { limit };
        n.min(limit)
    };
    match find_group(mounts, cgroup, "cpu", &read)? {
        Group::V1(dir) => {
            let number = |file| read(&dir.join(file))?.trim().parse::<i64>().ok();
            Some(share(number("cpu.cfs_quota_us")?, number("cpu.cfs_period_us")?))
        }
        // Every group on the way up may have a limit; the narrowest counts.
        Group::V2(mount, own) => {
            let below = mount.join(&own);
            let dirs = below.ancestors().take_while(|d| d.starts_with(&mount));
            let max = |dir: &Path| {
                let text = read(&dir.join("cpu.max"))?;
                let (quota, period) = text.trim().split_once(' ')?;
                Some(share(quota.parse().ok()?, period.parse().ok()?))
            };
            dirs.filter_map(max).min()
        }
    }
}

/// Reads a value of our control group, as `memory.max`: the narrowest on the way up in version 2.
pub(crate) fn memory_limit() -> Option<u64> {
    let read = |p: &Path| fs::read_to_string(p).ok();
    let mounts = read(Path::new("/proc/self/mountinfo"))?;
    let cgroup = read(Path::new("/proc/self/cgroup"))?;
    let number = |p: PathBuf| read(&p)?.trim().parse::<u64>().ok();
    // Version 1 says "no limit" with a number near the largest.
    let limit = match find_group(&mounts, &cgroup, "memory", &read)? {
        Group::V1(dir) => number(dir.join("memory.limit_in_bytes")),
        Group::V2(mount, own) => {
            let below = mount.join(&own);
            let dirs = below.ancestors().take_while(|d| d.starts_with(&mount));
            dirs.filter_map(|d| number(d.join("memory.max"))).min()
        }
    };
    limit.filter(|n| *n < 1 << 60)
}

/// Where a logical processor sits. A field that does not apply is `None`: `node` above the processor, or `processor_node`
/// below it where one processor has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cpu {
    pub node: Option<u32>,
    pub processor: u32,
    pub processor_node: Option<u32>,
    pub core: u32,
    /// Counted from 0 within the core.
    pub thread: u32,
    pub logical: u32,
}

/// The machine's topology, sorted; empty when it cannot be told.
pub fn topology() -> Vec<Cpu> {
    let all = topology_below(Path::new("/sys/devices/system"));
    let fits =
        all.len() >= online().unwrap_or(1) && all.len() <= configured().unwrap_or(usize::MAX);
    if fits { all } else { Vec::new() }
}

/// Entries of a directory named `prefix` and a number.
fn numbered(dir: &Path, prefix: &str) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter_map(|e| {
            let number = e.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, e.path()))
        })
        .collect();
    found.sort();
    found
}

fn topology_below(system: &Path) -> Vec<Cpu> {
    let nodes = numbered(&system.join("node"), "node");
    let dirs = if nodes.is_empty() {
        vec![(None, system.join("cpu"))]
    } else {
        nodes.into_iter().map(|(n, p)| (Some(n), p)).collect()
    };
    let several = dirs.len() > 1;
    let mut cpus = Vec::new();
    for (node, dir) in dirs {
        for (logical, cpu) in numbered(&dir, "cpu") {
            let id = |name: &str| {
                let text = fs::read_to_string(cpu.join("topology").join(name)).ok()?;
                text.trim().parse::<u32>().ok()
            };
            if let (Some(processor), Some(core)) = (id("physical_package_id"), id("core_id")) {
                // A single node says nothing.
                let node = node.filter(|_| several);
                cpus.push(Cpu { node, processor, processor_node: None, core, thread: 0, logical });
            }
        }
    }
    // A processor that spans nodes has them below it.
    let spans = |cpus: &[Cpu], p: u32| {
        let mut nodes = cpus.iter().filter(|c| c.processor == p).map(|c| c.node);
        let first = nodes.next();
        nodes.any(|n| Some(n) != first)
    };
    let spanning: Vec<u32> =
        cpus.iter().map(|c| c.processor).filter(|p| spans(&cpus, *p)).collect();
    for c in cpus.iter_mut().filter(|c| spanning.contains(&c.processor)) {
        c.processor_node = c.node.take();
    }
    cpus.sort();
    let mut previous: Option<Cpu> = None;
    for c in &mut cpus {
        let core = |c: &Cpu| (c.node, c.processor, c.processor_node, c.core);
        if let Some(p) = previous
            && core(&p) == core(c)
        {
            c.thread = p.thread + 1;
        }
        previous = Some(*c);
    }
    cpus
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        let online = online().unwrap();
        assert!(configured().unwrap() >= online);
        assert!((1..=online).contains(&available().unwrap()));
        assert!(quota().is_none_or(|q| (1..=online).contains(&q)));
        let t = topology();
        assert!(t.is_empty() || t.len() >= online);
    }

    #[test]
    fn affinity() {
        let worker = std::thread::spawn(|| {
            let Some(cpus) = allowed() else { return };
            bind_thread(cpus[0]).unwrap();
            assert_eq!(allowed().unwrap(), cpus[..1]);
            set_affinity(&cpus).unwrap();
            assert!(set_affinity(&[1 << 20]).is_err());
        });
        worker.join().unwrap();
    }

    #[test]
    fn quotas() {
        let files = |list: &'static [(&str, &str)]| {
            move |p: &Path| list.iter().find(|(n, _)| Path::new(n) == p).map(|(_, t)| t.to_string())
        };
        let v2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
        let of = |text: &'static [(&str, &str)]| quota_from(8, v2, "0::/a/b\n", files(text));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("/sys/fs/cgroup/cgroup.controllers", "io\n")]), None);
        assert_eq!(
            of(&[
                ("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io\n"),
                ("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"),
                ("/sys/fs/cgroup/a/cpu.max", "250000 100000\n"),
            ]),
            Some(2)
        );
        assert_eq!(
            of(&[
                ("/sys/fs/cgroup/cgroup.controllers", "cpu"),
                ("/sys/fs/cgroup/cpu.max", "50000 100000"),
            ]),
            Some(1)
        );
        let v1 = "33 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpuacct,cpu\n";
        let of = |quota| {
            let read = |p: &Path| match p.to_str()? {
                "/sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us" => Some(format!("{quota}\n")),
                "/sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us" => Some("100000\n".into()),
                _ => None,
            };
            quota_from(8, v1, "9:name=systemd:/\n3:cpu,cpuacct:/docker/x\n", read)
        };
        assert_eq!(of(400_000), Some(4));
        assert_eq!(of(-1), Some(8));
        assert_eq!(of(9_900_000), Some(8));
    }
}
