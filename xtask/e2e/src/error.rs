//! Everything that can go wrong here, in words that say what was expected and what was found.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why a case failed, or why none could be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{}", .path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error(
        "--kubeconfig names a cluster that is there, and kind makes its own: give --provider existing, or leave it out"
    )]
    WhichCluster,
    #[error("the kubeconfig {} cannot be used", .path.display())]
    Kubeconfig { path: PathBuf, source: Box<kube::config::KubeconfigError> },
    #[error("`{command}` could not be started; `cargo xtask tools` says what is needed and how to get it")]
    Start { command: String, source: std::io::Error },
    #[error("`{command}` ended with {status}:\n{said}")]
    Ended { command: String, status: ExitStatus, said: String },
    #[error("{} is no manifest of Kubernetes", .path.display())]
    Manifest { path: PathBuf, source: Box<serde_saphyr::Error> },
    #[error("{} is no manifest of Kubernetes", .path.display())]
    Object { path: PathBuf, source: serde_json::Error },
    #[error("{} holds no image archives (*.tar)", .folder.display())]
    NoImages { folder: PathBuf },
    #[error("the Secrets of the namespace could not be made")]
    Secrets(#[from] dev_secrets::SecretsError),
    #[error("the Kubernetes API did not do what was asked")]
    Cluster(#[from] kube::Error),
    #[error(transparent)]
    TimedOut(#[from] testkit::wait::TimedOut),
    #[error("a token could not be signed")]
    Token(#[source] jsonwebtoken::errors::Error),
    #[error("port {port} of pod {pod} was not forwarded")]
    NotForwarded { pod: String, port: u16 },
    #[error("no port of this machine leads to the pod")]
    Tunnel(#[source] std::io::Error),
    #[error("the cluster's Gateway takes no connection")]
    Gateway(#[source] std::io::Error),
    #[error("the database could not be prepared from here")]
    Migrations(#[source] Box<dyn Error + Send + Sync>),
    #[error("pod {pod} did not answer")]
    Http { pod: String, source: hyper::Error },
    #[error("the request cannot be sent")]
    Request(#[source] hyper::http::Error),
    #[error("expected {expected}; found {found}")]
    Unexpected { expected: &'static str, found: String },
    #[error("requests could not be sent")]
    Traffic(#[from] crate::traffic::TrafficError),
    #[error("what changed since {base} cannot be told")]
    Changes { base: String, source: Box<Failure> },
    #[error("no case is called like {filter:?}; there are {names}")]
    NoCase { filter: String, names: String },
    #[error("stopped by a signal")]
    Stopped,
}

/// Fails with what was found, unless it is as expected.
pub(crate) fn ensure(
    holds: bool,
    expected: &'static str,
    found: impl std::fmt::Debug,
) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::Unexpected { expected, found: format!("{found:?}") }) }
}

/// An error with everything that led to it, one a line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str("\n  because: ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
