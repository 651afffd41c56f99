//! The real OpenTelemetry collector, between a service and a receiver: what it passes on it has understood.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;

use super::SpanReceiver;
use crate::certificate::{Authority, Certificate};
use crate::file::TestFile;
use crate::wait;

/// The program; `.ci/run` builds it where Go is there.
const PROGRAM: &str = "otelcol";

/// Far more than it needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// What it proves itself with, and whom it lets in: those with a certificate of the same authority.
pub struct CollectorTls {
    certificate: TestFile,
    key: TestFile,
    authority: TestFile,
}

impl CollectorTls {
    /// Writes the files.
    pub fn new(authority: &Authority, certificate: &Certificate) -> io::Result<Self> {
        Ok(Self {
            certificate: TestFile::new(certificate.pem())?,
            key: TestFile::new(certificate.key_pem())?,
            authority: TestFile::new(authority.pem())?,
        })
    }
}

/// A running collector. It is killed with this value.
pub struct Collector {
    grpc: SocketAddr,
    http: SocketAddr,
    scheme: &'static str,
    child: Child,
    _configuration: TestFile,
    _tls: Option<CollectorTls>,
}

impl Collector {
    /// Starts one that passes on to `receiver` what it gets.
    pub async fn start(receiver: &SpanReceiver, tls: Option<CollectorTls>) -> io::Result<Self> {
        let free = || wait::free_port().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let (grpc, http) = (free()?, free()?);
        let configuration = TestFile::new(&configuration(grpc, http, receiver, tls.as_ref()))?;
        let child = Command::new(PROGRAM)
            .args(["--config", &format!("file:{}", configuration.path())])
            .stdin(Stdio::null())
            .spawn()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let collector = Self { grpc, http, scheme, child, _configuration: configuration, _tls: tls };
        for address in [grpc, http] {
            let listens = || async { TcpStream::connect(address).await.ok() };
            wait::until("the collector listens", PATIENCE, listens).await.map_err(io::Error::other)?;
        }
        Ok(collector)
    }

    /// Where it takes gRPC.
    pub fn grpc(&self) -> String {
        format!("{}://{}", self.scheme, self.grpc)
    }

    /// Where it takes HTTP.
    pub fn http(&self) -> String {
        format!("{}://{}", self.scheme, self.http)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// JSON is YAML too.
fn configuration(
    grpc: SocketAddr,
    http: SocketAddr,
    receiver: &SpanReceiver,
    tls: Option<&CollectorTls>,
) -> String {
    let listen = |address: SocketAddr| {
        let mut listen = serde_json::json!({ "endpoint": address.to_string() });
        if let Some(CollectorTls { certificate, key, authority }) = tls {
            listen["tls"] = serde_json::json!({
                "cert_file": certificate.path(), "key_file": key.path(), "client_ca_file": authority.path(),
            });
        }
        listen
    };
    serde_json::json!({
        "receivers": { "otlp": { "protocols": { "grpc": listen(grpc), "http": listen(http) } } },
        "exporters": { "otlphttp": {
            "endpoint": receiver.endpoint(),
            "compression": "none",
            "sending_queue": { "enabled": false },
        } },
        "service": {
            "telemetry": { "metrics": { "level": "none" }, "logs": { "level": "error" } },
            "pipelines": { "traces": { "receivers": ["otlp"], "exporters": ["otlphttp"] } },
        },
    })
    .to_string()
}
