//! How far a long pass is: a bar for whoever looks on, a line every five seconds for a log.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

const TELL_EVERY: Duration = Duration::from_secs(5);

/// One pass over so many keys.
pub(super) struct Progress {
    what: &'static str,
    bar: ProgressBar,
    told: Instant,
}

impl Progress {
    /// Begins at nothing. Keys are counted by the larger table, so the end is near the full bar and not exactly there.
    pub(super) fn new(what: &'static str, keys: i64) -> Self {
        let bar = if io::stderr().is_terminal() {
            ProgressBar::new(keys.unsigned_abs())
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}, {per_sec}, {eta} left")
        {
            bar.set_style(style);
        }
        bar.set_length(keys.unsigned_abs());
        bar.set_message(what);
        Self { what, bar, told: Instant::now() }
    }

    /// So many keys more.
    pub(super) fn add(&mut self, keys: i64) {
        self.bar.inc(keys.unsigned_abs());
        if self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            if self.bar.is_hidden() {
                tracing::info!(keys = self.bar.position(), of = self.bar.length(), "{}", self.what);
            }
        }
    }

    /// It is over; the bar goes.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }
}

/// The most memory that this process has had, in KiB, where the system tells it.
pub(super) fn memory_max_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
