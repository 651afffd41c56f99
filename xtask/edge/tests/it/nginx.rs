//! The edge as a process: `k8s/edge/run.sh` and the NGINX that it starts.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use testkit::file::TestFile;
use testkit::wait;
use tokio::net::TcpStream;

use crate::client::Client;
use crate::{PATIENCE, repository};

/// What the edge proves itself with, unless a test says otherwise.
pub(crate) const GATEWAY_SECRET: &str = "planted-gateway-secret-0123456789abcd";

type Lines = Arc<Mutex<Vec<String>>>;

/// What stands behind the edge, and what is otherwise than in the files of the repository.
pub(crate) struct Site {
    pub(crate) order_status: SocketAddr,
    pub(crate) orders: SocketAddr,
    verifier: SocketAddr,
    /// Text of `site.conf` or `site.server.conf`, and what stands there instead.
    changes: Vec<(String, String)>,
}

impl Site {
    /// Everything behind it is at one address.
    pub(crate) fn before(all: SocketAddr) -> Self {
        Self { order_status: all, orders: all, verifier: all, changes: Vec::new() }
    }

    /// With a verifier at an address of its own.
    pub(crate) fn verified_by(mut self, verifier: SocketAddr) -> Self {
        self.verifier = verifier;
        self
    }

    /// With other text in a file of the place.
    pub(crate) fn with(mut self, text: &str, instead: &str) -> Self {
        self.changes.push((text.to_owned(), instead.to_owned()));
        self
    }

    /// Who asks in tests is one caller who asks a lot.
    pub(crate) fn without_rate(self) -> Self {
        self.with("limit_req zone=callers burst=100 nodelay;", "")
    }
}

/// A running edge. It ends with this value.
pub(crate) struct Nginx {
    pub(crate) address: SocketAddr,
    /// The secret's file, which a test may write anew.
    pub(crate) secret: TestFile,
    child: Child,
    output: Lines,
    errors: Lines,
}

impl Nginx {
    /// Starts it, and waits until it answers.
    pub(crate) async fn start(site: &Site) -> Self {
        let address = free_address();
        let secret = TestFile::new(&format!("{GATEWAY_SECRET}\n")).expect("a file");
        let folder = Path::new(secret.path()).parent().expect("a folder").to_owned();
        let (configuration, work) = (folder.join("configuration"), folder.join("work"));
        for folder in [&configuration, &work] {
            std::fs::create_dir(folder).expect("a folder");
        }
        put(&configuration, site, address);
        let mut child = Command::new("sh")
            .arg(repository("k8s/edge/run.sh"))
            .arg(&configuration)
            .arg(secret.path())
            .arg(&work)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        let output = collect(child.stdout.take().expect("a pipe"));
        let errors = collect(child.stderr.take().expect("a pipe"));
        let nginx = Self { address, secret, child, output, errors };
        let listens = || async { TcpStream::connect(address).await.ok() };
        let waited = wait::until("nginx listens", PATIENCE, listens).await;
        waited.unwrap_or_else(|error| panic!("{error}: {:?}", nginx.errors()));
        nginx
    }

    /// Somebody who asks it.
    pub(crate) fn client(&self) -> Client {
        Client::of(self.address)
    }

    /// All that it has written so far, on both of its outputs.
    pub(crate) fn written(&self) -> String {
        [&self.output, &self.errors].map(|lines| lines.lock().expect("lines").join("\n")).join("\n")
    }

    /// What it says of itself, beside the log of requests.
    pub(crate) fn errors(&self) -> Vec<String> {
        self.errors.lock().expect("lines").clone()
    }

    /// Waits until it says so, more than `times` times.
    pub(crate) async fn until_said(&self, what: &str, times: usize) {
        let said = || async {
            (self.errors().iter().filter(|line| line.contains(what)).count() > times).then_some(())
        };
        let waited = wait::until(what, PATIENCE, said).await;
        waited.unwrap_or_else(|error| panic!("{error}: {:?}", self.errors()));
    }

    /// How often it has said so.
    pub(crate) fn said(&self, what: &str) -> usize {
        self.errors().iter().filter(|line| line.contains(what)).count()
    }

    /// The line of its log about the request of this id.
    pub(crate) async fn logged(&self, request_id: &str) -> Value {
        let line = || async {
            let lines = self.output.lock().expect("lines").clone();
            let mut lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.find(|line| line["request_id"] == request_id)
        };
        wait::until("a line of the log", PATIENCE, line)
            .await
            .unwrap_or_else(|error| panic!("{error}: {}", self.written()))
    }

    /// Asks it to end; its exit code.
    pub(crate) async fn end(mut self) -> Option<i32> {
        self.terminate();
        let child = &mut self.child;
        let ended = wait::until("the edge ends", PATIENCE, || {
            let status = child.try_wait().expect("its status");
            async move { status }
        });
        ended.await.expect("it ends").code()
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        let _ = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
    }
}

impl Drop for Nginx {
    /// Killed, the shell would leave its NGINX behind.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.terminate();
            let _ = self.child.wait();
        }
    }
}

/// An address at which nobody listens.
pub(crate) fn free_address() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, wait::free_port().expect("a port")))
}

/// The files of the repository, with this site's in the place of the example's.
fn put(folder: &Path, site: &Site, address: SocketAddr) {
    let entries = std::fs::read_dir(repository("k8s/edge")).expect("the folder");
    let files = entries.map(|entry| entry.expect("a file").path());
    let mut changes = vec![
        ("127.0.0.1:5017".to_owned(), site.order_status.to_string()),
        ("127.0.0.1:5019".to_owned(), site.orders.to_string()),
        ("127.0.0.1:9117".to_owned(), site.verifier.to_string()),
        ("listen 8080".to_owned(), format!("listen {address}")),
    ];
    changes.extend(site.changes.iter().cloned());
    let mut unused: Vec<&String> = changes.iter().map(|(text, _)| text).collect();
    for path in files.filter(|path: &PathBuf| path.extension().is_some_and(|it| it == "conf")) {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let mut text = std::fs::read_to_string(&path).expect("text");
        if name.starts_with("site.") {
            for (from, to) in changes.iter().filter(|(from, _)| path_has(&path, from)) {
                text = text.replace(from.as_str(), to);
                unused.retain(|text| *text != from);
            }
        }
        std::fs::write(folder.join(name), text).expect("written");
    }
    assert!(unused.is_empty(), "no site.*.conf has {unused:?}");
}

fn path_has(path: &Path, text: &str) -> bool {
    std::fs::read_to_string(path).expect("text").contains(text)
}

fn collect(pipe: impl Read + Send + 'static) -> Lines {
    let lines = Lines::default();
    let kept = Arc::clone(&lines);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            kept.lock().expect("lines").push(line);
        }
    });
    lines
}
