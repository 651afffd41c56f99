//! Services as processes of one variant: started, asked, ended. They end with their values.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper_util::rt::TokioIo;
use testkit::wait::{self, TimedOut};
use tokio::net::TcpStream;

use crate::at;

const READY_DEADLINE: Duration = Duration::from_secs(30);
const READY_POLL: Duration = Duration::from_millis(1);
/// The delay, the drain and the last spans, with room.
const END_DEADLINE: Duration = Duration::from_secs(40);

/// Why there are no services.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// A program that is not there.
    #[error("{name} could not be started: {} is not built", .program.display())]
    Start {
        /// Which.
        name: &'static str,
        /// Where it should be.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No port, or no log.
    #[error("there is no free port, or no place for a log")]
    Place(#[source] io::Error),
    /// It did not become ready.
    #[error("a service was not ready; its log is {}", .log.display())]
    NotReady {
        /// What it said meanwhile.
        log: PathBuf,
        /// How long it was waited for.
        source: TimedOut,
    },
    /// No answer to a question of ours.
    #[error("{address} did not answer")]
    Silent {
        /// Who was asked.
        address: SocketAddr,
        /// Why not.
        source: AskError,
    },
    /// The system refused to send the signal.
    #[error("a service could not be asked to end")]
    Signal(#[source] io::Error),
    /// With another code than 0.
    #[error("a service did not end as it was asked to, but with {0:?}")]
    Ended(Option<i32>),
    /// Past every deadline of its own.
    #[error("a service went on though it was asked to end")]
    GoesOn(#[source] TimedOut),
}

/// Why there was no answer to a question of ours.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens.
    #[error("no connection")]
    Connect(#[from] io::Error),
    /// Our own mistake.
    #[error("no request")]
    Request(#[from] hyper::http::Error),
    /// It ended before the answer did.
    #[error("no answer")]
    Http(#[from] hyper::Error),
}

/// What is measured: programs, and the settings in which variants differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// As figures are told.
    pub name: &'static str,
    /// The folder that they lie in.
    pub programs: PathBuf,
    /// Variables, by which a service is configured.
    pub settings: Vec<(&'static str, String)>,
    /// The processors that it is kept to.
    pub place: Option<String>,
}

impl Variant {
    /// The programs with the defaults of a new installation: metrics, a line for each request.
    pub fn plain(name: &'static str, programs: &Path) -> Self {
        Self { name, programs: programs.to_owned(), settings: Vec::new(), place: None }
    }

    /// With one more setting, which wins.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.settings.push((key, value.into()));
        self
    }
}

/// Both services, ready.
pub struct System {
    services: [Service; 2],
    /// Where order-status answers.
    pub status: SocketAddr,
    /// Where orders answers.
    pub orders: SocketAddr,
    /// From the start of both to the moment when the second said that it is ready.
    pub ready: Duration,
}

impl System {
    /// Starts both and waits until they are ready.
    pub async fn start(
        variant: &Variant,
        urls: &[String; 2],
        catalog_url: &str,
        log: &Path,
    ) -> Result<Self, SystemError> {
        let begin = Instant::now();
        let services = [
            Service::start(variant, ORDER_STATUS, &urls[0], &[], log)?,
            Service::start(variant, ORDERS, &urls[1], &[("ATELIER_CATALOG__URL", catalog_url)], log)?,
        ];
        for service in &services {
            service.until_ready(log).await?;
        }
        let [status, orders] = services.each_ref().map(|service| service.api);
        Ok(Self { services, status, orders, ready: begin.elapsed() })
    }

    /// The processes of both.
    pub fn pids(&self) -> [u32; 2] {
        self.services.each_ref().map(|service| service.child.id())
    }

    /// The metrics of both.
    pub async fn metrics(&self) -> Result<String, SystemError> {
        let mut text = String::new();
        for Service { ops, .. } in &self.services {
            let told = ask(*ops, "/metrics").await;
            text += &told.map_err(|source| SystemError::Silent { address: *ops, source })?.1;
        }
        Ok(text)
    }
}

/// The program that answers everything but lists.
pub const ORDER_STATUS: &str = "order-status";
/// The program that answers lists.
pub const ORDERS: &str = "orders";

/// A process that does not outlive this value.
pub struct Service {
    child: Child,
    /// For its callers.
    pub api: SocketAddr,
    /// For `/readyz` and `/metrics`.
    pub ops: SocketAddr,
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Service {
    /// Starts it on free ports; the variant's settings win. What it prints goes to a file: a terminal would slow it down.
    pub fn start(
        variant: &Variant,
        name: &'static str,
        url: &str,
        more: &[(&str, &str)],
        log: &Path,
    ) -> Result<Self, SystemError> {
        let free = || wait::free_port().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let (api, ops) = free().and_then(|api| Ok((api, free()?))).map_err(SystemError::Place)?;
        let program = variant.programs.join(name);
        let out = File::options().create(true).append(true).open(log).map_err(SystemError::Place)?;
        let err = out.try_clone().map_err(SystemError::Place)?;
        let mut command = at(variant.place.as_deref(), &program);
        command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .envs([
                ("ATELIER_AUTH__MODE", "open"),
                ("ATELIER_LISTEN", &*api.to_string()),
                ("ATELIER_OPS_LISTEN", &*ops.to_string()),
                ("ATELIER_SHUTDOWN__DELAY_MS", "0"),
                ("ATELIER_DATABASE__URL", url),
            ])
            .envs(more.iter().copied())
            .envs(variant.settings.iter().map(|(key, value)| (key, value)));
        let child = command.spawn().map_err(|source| SystemError::Start { name, program, source })?;
        Ok(Self { child, api, ops })
    }

    /// Waits until it says that it is ready; `log` is where it was told to write.
    pub async fn until_ready(&self, log: &Path) -> Result<(), SystemError> {
        let is_ready = || async { (ask(self.ops, "/readyz").await.ok()?.0 == 200).then_some(()) };
        wait::until_every(READY_POLL, "the service is ready", READY_DEADLINE, is_ready)
            .await
            .map_err(|source| SystemError::NotReady { log: log.to_owned(), source })
    }

    /// Asks it to end as a cluster does, and waits until it has.
    pub async fn end(mut self) -> Result<(), SystemError> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        asked.map_err(SystemError::Signal)?;
        let child = &mut self.child;
        let ended = wait::until("the service ends", END_DEADLINE, || {
            let ended = child.try_wait();
            async move { ended.transpose() }
        });
        let status = ended.await.map_err(SystemError::GoesOn)?.map_err(SystemError::Signal)?;
        if status.success() { Ok(()) } else { Err(SystemError::Ended(status.code())) }
    }
}

/// Status of a GET.
pub async fn ask_status(address: SocketAddr, path: &str) -> Result<u16, SystemError> {
    let told = ask(address, path).await;
    told.map(|(status, _)| status).map_err(|source| SystemError::Silent { address, source })
}

/// Status of a PUT.
pub async fn put_status(address: SocketAddr, path: &str, body: String) -> Result<u16, SystemError> {
    let request = Request::put(path).header(CONTENT_TYPE, "application/json").body(Full::from(body));
    let told = async { send(address, request?).await }.await;
    told.map(|(status, _)| status).map_err(|source| SystemError::Silent { address, source })
}

/// Status and body of a GET.
async fn ask(address: SocketAddr, path: &str) -> Result<(u16, String), AskError> {
    send(address, Request::get(path).body(Full::default())?).await
}

/// Status and body of an answer, on a connection of its own.
async fn send(address: SocketAddr, mut request: Request<Full<Bytes>>) -> Result<(u16, String), AskError> {
    let host = HeaderValue::try_from(address.to_string()).map_err(hyper::http::Error::from)?;
    request.headers_mut().insert(HOST, host);
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the sender.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    let status = answer.status().as_u16();
    let body = answer.collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
