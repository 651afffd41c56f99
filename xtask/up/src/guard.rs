//! Children that end with their parent, even if the parent is killed on the spot.
//!
//! A small shell starts the child and watches a pipe whose other end this process holds. When that end goes, because
//! we close it or because we are gone, the shell asks the child to stop (SIGTERM) and ends it after a grace period.
//! So there is one way to stop a child, and it needs no signal of ours.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::time::{interval, timeout};

use crate::error::UpError;

/// `$0` is the grace period in seconds, `$@` the child. The child gets no input, and not our pipe.
const SCRIPT: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- &
child=$!
{
    read -r _ <&3
    kill -TERM "$child" 2>/dev/null
    left=$0
    while [ "$left" -gt 0 ] && kill -0 "$child" 2>/dev/null; do sleep 1; left=$((left - 1)); done
    kill -KILL "$child" 2>/dev/null
} &
watcher=$!
exec 3<&-
wait "$child"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
"#;

const GRACE: Duration = Duration::from_secs(10);
/// The shell looks once a second, so it may end a little after the grace period.
const GRACE_OF_SHELL: Duration = Duration::from_secs(12);
const POLL: Duration = Duration::from_millis(20);
const TAIL_LINES: usize = 12;

/// A program under guard, with its log.
#[derive(Debug)]
pub(crate) struct Guarded {
    pub(crate) name: &'static str,
    pub(crate) log: PathBuf,
    shell: Child,
}

impl Guarded {
    /// Starts `program` with `environment` on top of ours; what it prints goes to `log`, which begins anew.
    pub(crate) fn start(
        name: &'static str,
        program: &Path,
        environment: &[(&str, String)],
        log: PathBuf,
    ) -> Result<Self, UpError> {
        // What the run before said is kept once: it may be why there is another one. There may have been none.
        let _ = std::fs::rename(&log, log.with_extension("log.1"));
        let file = File::create(&log).map_err(|source| UpError::File { path: log.clone(), source })?;
        let copy = file.try_clone().map_err(|source| UpError::File { path: log.clone(), source })?;
        let mut command = Command::new("sh");
        command.arg("-c").arg(SCRIPT).arg(GRACE.as_secs().to_string()).arg(program);
        clear(&mut command);
        command.envs(environment.iter().map(|(key, value)| (key, value)));
        command.stdin(Stdio::piped()).stdout(file).stderr(copy);
        // A process group of its own: Ctrl-C in the terminal is ours to hear, and children stop in our order.
        command.process_group(0);
        let shell = command.spawn().map_err(|source| UpError::Start { name, source })?;
        Ok(Self { name, log, shell })
    }

    /// Waits until the child ends by itself.
    pub(crate) async fn ended(&mut self) -> UpError {
        match ended(&mut self.shell).await {
            Ok(status) => {
                UpError::ChildEnded { name: self.name, status, log: self.log.clone(), tail: self.tail() }
            }
            Err(source) => UpError::Start { name: self.name, source },
        }
    }

    /// Whether it has ended.
    pub(crate) fn status(&mut self) -> Option<ExitStatus> {
        self.shell.try_wait().ok().flatten()
    }

    /// Asks it to stop and waits; true if it stopped by itself in time.
    pub(crate) async fn stop(mut self) -> bool {
        drop(self.shell.stdin.take());
        match timeout(GRACE_OF_SHELL, ended(&mut self.shell)).await {
            Ok(Ok(status)) => status.success(),
            _ => false,
        }
    }

    /// The last lines of its log.
    pub(crate) fn tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}

/// Waits for a child without blocking the runtime.
pub(crate) async fn ended(child: &mut Child) -> io::Result<ExitStatus> {
    let mut ticks = interval(POLL);
    loop {
        ticks.tick().await;
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
    }
}

/// Removes what would reconfigure a service behind our back, or is a key that it does not know.
#[expect(clippy::disallowed_methods, reason = "nothing is read: variables are kept from a child")]
fn clear(command: &mut Command) {
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("ATELIER_") {
            command.env_remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder for one test, removed with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("atelier-guard-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).expect("a folder");
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    fn shell(folder: &Folder, name: &'static str, script: &str) -> Guarded {
        let program = folder.0.join("child.sh");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("write");
        let mut permissions = std::fs::metadata(&program).expect("metadata").permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        std::fs::set_permissions(&program, permissions).expect("chmod");
        Guarded::start(name, &program, &[], folder.0.join("child.log")).expect("start")
    }

    #[tokio::test]
    async fn a_child_that_ends_is_told_with_its_code_and_last_lines() {
        let folder = Folder::new("ends");
        let mut child = shell(&folder, "ends", "echo last words; exit 7");
        let error = child.ended().await;
        let UpError::ChildEnded { status, tail, .. } = error else { panic!("should have ended: {error}") };
        assert_eq!((status.code(), tail.as_str()), (Some(7), "last words"));
    }

    #[tokio::test]
    async fn a_child_is_asked_to_stop_and_may_tidy_up() {
        let script = "trap 'kill $!; echo tidied; exit 0' TERM; sleep 60 & echo ready; wait";
        let folder = Folder::new("stops");
        let child = shell(&folder, "stops", script);
        let path = child.log.clone();
        let ready = || async { child.tail().contains("ready").then_some(()) };
        testkit::wait::until("the child is ready", GRACE, ready).await.expect("ready");
        assert!(child.stop().await, "should stop by itself");
        assert!(std::fs::read_to_string(path).expect("log").contains("tidied"));
    }
}
