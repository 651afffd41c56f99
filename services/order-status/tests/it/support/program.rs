//! The real binary as a process of its own, with an environment in which nothing of ours is set but what a test sets; if wanted, the
//! first process of namespaces of its own, as in a container.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;
use testkit::wait;

use super::{Instance, PATIENCE};

type Lines = Arc<Mutex<Vec<String>>>;

/// The program whose tests these are.
const ORDER_STATUS: &str = env!("CARGO_BIN_EXE_order-status");
/// What makes the program after it the first process of namespaces of its own, and kills it when it is killed itself.
const AS_FIRST: [&str; 7] =
    ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"];

/// How a program is started: among other processes, or as the first.
pub(crate) type Serve = fn(&str, &[(&str, &str)]) -> Program;

/// A running program. It is killed with this value.
pub(crate) struct Program {
    child: Child,
    /// Whether it is the only child of `child`, not `child` itself.
    is_first: bool,
    output: Lines,
    errors: Lines,
    readers: Vec<JoinHandle<()>>,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Program {
    /// Starts the binary with `arguments` and nothing in its environment but `environment`.
    pub(crate) fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::spawn(&[&[ORDER_STATUS], arguments].concat(), environment, false)
    }

    fn spawn(words: &[&str], environment: &[(&str, &str)], is_first: bool) -> Self {
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .env_clear()
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (output, errors) = (Lines::default(), Lines::default());
        let readers = vec![
            collect(child.stdout.take().expect("a pipe"), &output),
            collect(child.stderr.take().expect("a pipe"), &errors),
        ];
        Self { child, is_first, output, errors, readers }
    }

    /// Runs it to its end.
    pub(crate) async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
        Self::start(arguments, environment).end().await
    }

    /// Starts serving on free ports and `database_url`; `more` wins.
    pub(crate) fn serve(database_url: &str, more: &[(&str, &str)]) -> Self {
        Self::start(&[], &serving(database_url, more))
    }

    /// The same as the first process of namespaces of its own. They share the network, so it is reached as ever.
    pub(crate) fn serve_as_first(database_url: &str, more: &[(&str, &str)]) -> Self {
        Self::spawn(&[&AS_FIRST[..], &[ORDER_STATUS]].concat(), &serving(database_url, more), true)
    }

    /// Its process, as it is numbered here.
    pub(crate) fn pid(&self) -> u32 {
        let pid = self.child.id();
        if !self.is_first {
            return pid;
        }
        let [first] = children_of(pid)[..] else { panic!("the program is there") };
        first
    }

    /// Where it listens, as its log says.
    pub(crate) async fn instance(&self) -> Instance {
        let said = || async {
            let lines = self.output.lock().expect("lines").clone();
            lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|line| {
                let address = |key: &str| line[key].as_str()?.parse::<SocketAddr>().ok();
                Some((address("address")?, address("ops_address")?))
            })
        };
        let (address, ops_address) = wait::until("the program listens", PATIENCE, said)
            .await
            .unwrap_or_else(|error| panic!("{error}: {:?} {:?}", self.output, self.errors));
        Instance::at(address, ops_address)
    }

    /// Waits until a line of its log has all these words; gives the line.
    pub(crate) async fn until_logged(&self, words: &[&str]) -> String {
        let logged = || async {
            let lines = self.output.lock().expect("lines");
            lines.iter().find(|line| words.iter().all(|word| line.contains(word))).cloned()
        };
        let waited = wait::until("the log says so", PATIENCE, logged).await;
        waited.unwrap_or_else(|error| panic!("{error}: {words:?} is not in {:?}", self.output))
    }

    /// Sends a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// Nobody reads its log any more, until what this returns is dropped.
    pub(crate) fn ignore_log(&self) -> Sender<()> {
        let lines = Arc::clone(&self.output);
        let (over, until) = mpsc::channel();
        std::thread::spawn(move || {
            let held = lines.lock();
            let _ = until.recv();
            drop(held);
        });
        over
    }

    /// Waits until it is over, read or not.
    pub(crate) async fn is_over(&mut self) -> Option<i32> {
        let child = &mut self.child;
        let ended = wait::until("the program ends", PATIENCE, || {
            let status = child.try_wait().expect("its status");
            async move { status }
        })
        .await;
        ended.expect("it ends").code()
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Ended {
        let child = &mut self.child;
        let ended = wait::until("the program ends", PATIENCE, || {
            let status = child.try_wait().expect("its status");
            async move { status }
        })
        .await;
        let status = ended.unwrap_or_else(|error| panic!("{error}: {:?} {:?}", self.output, self.errors));
        for reader in self.readers.drain(..) {
            reader.join().expect("its output was read");
        }
        let text = |lines: &Lines| lines.lock().expect("lines").join("\n");
        Ended { code: status.code(), output: text(&self.output), errors: text(&self.errors) }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The environment of a program that serves on free ports and `database_url`; `more` wins.
fn serving<'a>(database_url: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let ours = [
        ("ATELIER_LISTEN", "127.0.0.1:0"),
        ("ATELIER_OPS_LISTEN", "127.0.0.1:0"),
        ("ATELIER_AUTH__MODE", "open"),
        ("ATELIER_DATABASE__URL", database_url),
        ("ATELIER_LOG__FORMAT", "json"),
    ];
    ours.iter().chain(more).copied().collect()
}

/// Sends a signal, by its name.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status();
    assert!(status.expect("kill").success(), "the process is there to be signalled");
}

/// The children of all threads of a process: its own, and those that others left to it.
pub(crate) fn children_of(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("its threads");
    threads
        .flat_map(|thread| {
            let children = std::fs::read_to_string(thread.expect("a thread").path().join("children"));
            let numbers =
                |text: String| text.split_whitespace().map(|it| it.parse().expect("a number")).collect();
            // A thread may have ended since.
            children.map_or_else(|_| Vec::new(), numbers)
        })
        .collect()
}

fn collect(pipe: impl Read + Send + 'static, lines: &Lines) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            lines.lock().expect("lines").push(line);
        }
    })
}
