//! The accept loop: `axum::serve` has no timers and no header limits, a public port needs both.
//!
//! HTTP/1.1 only. Gateways and NGINX speak it to what stands behind them, and a second protocol would be a second set of limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::HttpConfig;
use crate::config::Listen;

/// Headers of more bytes than this are hyper's own 431.
pub(super) const HEADER_BYTES_MAX: usize = 32 * 1024;

/// How long to wait before accepting again when the system has no descriptor left: spinning would take the processor too.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where a request came from: the other end of its connection, among its extensions.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub SocketAddr);

/// A port that is bound and waits to be served.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    header_timeout: Duration,
    connections_max: usize,
}

/// Why a port cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {listen}")]
pub struct BindError {
    listen: Listen,
    source: std::io::Error,
}

impl Server {
    /// Binds `listen`.
    pub async fn bind(listen: &Listen, config: &HttpConfig) -> Result<Self, BindError> {
        let failed = |source| BindError { listen: listen.clone(), source };
        let listener = TcpListener::bind(listen.to_pair()).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            address,
            header_timeout: Duration::from_millis(config.header_timeout_ms),
            connections_max: config.connections_max,
        })
    }

    /// Where it listens; tells the port that was picked for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves `routes` until `stop`, then lets requests in flight finish for at most `drain`. When it returns nobody is served any more.
    pub async fn serve(self, routes: Router, stop: CancellationToken, drain: Duration) {
        let places = Arc::new(Semaphore::new(self.connections_max));
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let mut protocol = http1::Builder::new();
        protocol
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_buf_size(HEADER_BYTES_MAX);

        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.accept(&places) => accepted,
            };
            let Some((stream, place)) = accepted else { continue };
            let peer = stream.peer_addr().ok().map(PeerAddress);
            let routes = TowerToHyperService::new(routes.clone());
            let service = service_fn(move |mut request: Request<Incoming>| {
                if let Some(peer) = peer {
                    request.extensions_mut().insert(peer);
                }
                routes.call(request)
            });
            let connection = graceful.watch(protocol.serve_connection(TokioIo::new(stream), service));
            // Those that ended meanwhile are forgotten.
            while connections.try_join_next().is_some() {}
            connections.spawn(async move {
                // A client that breaks off is no event of ours; requests that were answered are logged by the edge.
                let _ = connection.await;
                drop(place);
            });
        }

        drop(self.listener);
        let waiting = graceful.count();
        if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
            let drain_ms = drain.as_millis();
            tracing::warn!(
                drain_ms,
                connections_at_stop = waiting,
                "connections were still busy at the drain deadline"
            );
        }
        // Whoever is cut off is cut off here, so that the span of that request is among those that leave last.
        connections.shutdown().await;
    }

    async fn accept(
        &self,
        places: &Arc<Semaphore>,
    ) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
        let place = places.clone().acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok((stream, _)) => {
                // Answers are written whole; waiting for more to send would only add delay.
                let _ = stream.set_nodelay(true);
                Some((stream, place))
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                pause().await;
                None
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "there is no event to wait for: descriptors come back without notice"
)]
async fn pause() {
    tokio::time::sleep(ACCEPT_PAUSE).await;
}
