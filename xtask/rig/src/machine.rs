//! Processes and what they cost, read from /proc; and the machine, in words that name nobody. Nothing here knows what is measured.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// What the figures were measured on. No host names, no paths.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// As it calls itself.
    pub processor: String,
    /// That we may use.
    pub cores: usize,
    /// In GiB, rounded up.
    pub memory_gib: u64,
    /// Its version.
    pub kernel: String,
    /// The server's version.
    pub postgresql: String,
    /// What it says of itself.
    pub rustc: String,
    /// Of the repository; ends in `+` where files differ from it.
    pub commit: String,
}

impl Machine {
    /// Describes this one.
    pub fn here(postgresql: &str) -> Self {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kibibytes: u64 = field(&memory, "MemTotal")
            .split_whitespace()
            .next()
            .and_then(|word| word.parse().ok())
            .unwrap_or(0);
        let dirty = !said("git", &["status", "--porcelain"]).is_empty();
        let commit = said("git", &["rev-parse", "--short=12", "HEAD"]);
        Self {
            processor: field(&cpus, "model name").to_owned(),
            cores: cores(),
            memory_gib: kibibytes.div_ceil(1024 * 1024),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            postgresql: postgresql.to_owned(),
            rustc: said("rustc", &["--version"]),
            commit: if dirty { commit + "+" } else { commit },
        }
    }
}

/// Processors that we may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn field<'a>(text: &'a str, name: &str) -> &'a str {
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_once(':').map_or("", |(_, value)| value.trim())
}

fn said(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

/// `pid` and all that descend from it.
fn tree(pid: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(parent) = stat(child).and_then(|stat| stat.get(1)?.parse().ok()) {
            children.entry(parent).or_default().push(child);
        }
    }
    let (mut found, mut next) = (Vec::new(), vec![pid]);
    while let Some(pid) = next.pop() {
        found.push(pid);
        next.extend(children.remove(&pid).unwrap_or_default());
    }
    found
}

/// The fields of `/proc/pid/stat` from the state on: 1 is the parent, 11 to 14 user and system time, ended children's too.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

/// Linux shows times in hundredths of a second, whatever its own clock does.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system time of these processes and all below them, those that ended included, in seconds.
pub fn cpu_seconds(pids: &[u32]) -> f64 {
    let stats = pids.iter().flat_map(|pid| tree(*pid)).filter_map(stat);
    let ticks =
        stats.map(|fields| fields[11..15].iter().filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>());
    ticks.sum::<f64>() / TICKS_PER_SECOND
}

/// Memory of these processes and all below them, pages that they share counted once, in MiB.
pub fn memory_mib(pids: &[u32]) -> f64 {
    let of_one = |pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        field(&text, "Pss:").split_whitespace().next()?.parse::<f64>().ok()
    };
    pids.iter().flat_map(|pid| tree(*pid)).filter_map(of_one).sum::<f64>() / 1024.0
}

/// Files and sockets that a process has open; none where it is gone.
pub fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// The kind of filesystem that holds `path`.
pub fn filesystem(path: &Path) -> io::Result<Option<Box<str>>> {
    let path = path.canonicalize()?;
    let mounts = fs::read_to_string("/proc/mounts")?;
    let holding = mounts.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (mount, kind) = (words.next()?, words.next()?);
        path.starts_with(mount).then_some((mount.len(), kind))
    });
    Ok(holding.max().map(|(_, kind)| kind.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_process_has_used_time_and_memory() {
        let ours = [std::process::id()];
        assert!(memory_mib(&ours) > 0.5);
        // Others of this process may have used some before; what counts is that more is seen when more is used.
        let before = cpu_seconds(&ours);
        while cpu_seconds(&ours) < before + 0.02 {
            std::hint::black_box((0..100_000_u64).sum::<u64>());
        }
    }

    #[test]
    fn a_field_is_found_by_its_name() {
        assert_eq!(field("a: 1\nmodel name\t: Fast CPU\n", "model name"), "Fast CPU");
        assert_eq!(field("a: 1\n", "b"), "");
    }

    #[test]
    fn the_filesystem_of_proc_is_proc() {
        assert_eq!(filesystem(Path::new("/proc/self")).expect("mounts").as_deref(), Some("proc"));
    }
}
