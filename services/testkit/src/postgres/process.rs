//! The server's process: it must end when ours ends, however ours ends, and without a line of unsafe code.
//!
//! A shell stands between. It reads our end of a pipe: each line is a signal for the server, and the end of the pipe, which
//! comes even when we are killed, asks it to shut down. The shell then removes a folder that nobody keeps.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::folder::NOBODY;
use crate::environment;

/// `$1` is removed afterwards unless it is empty or holds a file `keep`; the rest is the server's command line.
/// The watcher is a child of the shell that is the server's parent: while it is there, the server's number is not given to another.
const SUPERVISOR: &str = r#"
rubbish=$1
shift
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
(
    while read -r signal; do kill -"$signal" "$server"; done
    kill -INT "$server"
) <&3 3<&- &
watcher=$!
exec 3<&-
wait "$server"
status=$?
kill "$watcher" 2>/dev/null
if [ -n "$rubbish" ] && [ ! -e "$rubbish/keep" ]; then rm -rf "$rubbish"; fi
exit "$status"
"#;

/// A running server, as its parent sees it.
#[derive(Debug)]
pub(super) struct Process {
    shell: Child,
    signals: ChildStdin,
}

/// What a server is asked to do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signal {
    /// Fast shutdown: transactions are rolled back, everything is written.
    Interrupt,
    /// Immediate shutdown, as in a crash.
    Quit,
    /// No shutdown at all.
    Kill,
}

impl Process {
    /// Starts `command`; both its outputs go to `log`.
    pub(super) fn start(
        command: &Command,
        as_nobody: bool,
        rubbish: Option<&Path>,
        log: &File,
    ) -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", SUPERVISOR, "postgres-supervisor"])
            .arg(rubbish.unwrap_or(Path::new("")))
            .arg(command.get_program())
            .args(command.get_args());
        prepare(&mut shell, as_nobody);
        // A group of its own: Ctrl-C in the terminal is for us, and we decide when the server may go.
        let mut shell = shell
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?)
            .spawn()?;
        let signals = shell.stdin.take().ok_or_else(|| io::Error::other("the pipe was asked for"))?;
        Ok(Self { shell, signals })
    }

    /// Sends a signal. A server that is gone has none to get.
    pub(super) fn signal(&mut self, signal: Signal) {
        let line: &[u8] = match signal {
            Signal::Interrupt => b"INT\n",
            Signal::Quit => b"QUIT\n",
            Signal::Kill => b"KILL\n",
        };
        let _ = self.signals.write_all(line);
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.shell.try_wait(), Ok(None))
    }
}

/// What every program of PostgreSQL's gets from us: no variables that would lead it elsewhere, a folder that it may enter.
pub(super) fn prepare(command: &mut Command, as_nobody: bool) {
    for name in environment::names() {
        let name = name.to_string_lossy();
        if name.starts_with("PG") || name.starts_with("LC_") || name == "LANG" {
            command.env_remove(&*name);
        }
    }
    command.env("LC_ALL", "C").current_dir("/");
    if as_nobody {
        command.uid(NOBODY).gid(NOBODY);
    }
}
