//! The driver's process: started on a port that it chooses, ended together with the browser that it started.

use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Ends its whole process group, to which the browser belongs, when the pipe closes: because we let go of it, or because we are gone.
const SCRIPT: &str = "chromedriver --port=0 & exec >&-; read -r _; kill -KILL 0";

/// What stands before the port in the line that says that it listens.
const LISTENS: &str = "started successfully on port ";

/// Tells the profiles of one process apart.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A running driver.
#[derive(Debug)]
pub(super) struct Driver {
    shell: Child,
    port: u16,
    profile: PathBuf,
    /// Open as long as it runs, so that it can go on talking.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    pub(super) async fn start() -> io::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut shell = command.spawn()?;
        let output = shell.stdout.take().map(BufReader::new).ok_or(io::ErrorKind::BrokenPipe)?;
        let (port, output) = tokio::task::spawn_blocking(|| find_port(output)).await??;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let profile = std::env::temp_dir().join(format!("atelier-browser-{}-{number}", std::process::id()));
        Ok(Self { shell, port, profile, _output: output })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A folder of the browser's own, which it makes.
    pub(super) fn profile(&self) -> &Path {
        &self.profile
    }
}

/// Reads what it says until it says where it listens, or ends.
fn find_port(mut output: BufReader<ChildStdout>) -> io::Result<(u16, BufReader<ChildStdout>)> {
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        let port = line.split_once(LISTENS).map(|(_, port)| port.trim_end_matches(['.', '\n']));
        if let Some(port) = port.and_then(|port| port.parse().ok()) {
            return Ok((port, output));
        }
        line.clear();
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        drop(self.shell.wait());
        // What a browser leaves in the system's temporary folder is that folder's to lose.
        drop(std::fs::remove_dir_all(&self.profile));
    }
}
