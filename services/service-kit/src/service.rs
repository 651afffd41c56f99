//! How a service is put together: the same listeners, database workers, schema gate and lifecycle for each.
//! What differs, its configuration and its routes, the service brings.

mod config;
mod describe;
mod program;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::audit::Audit;
use crate::clock::Clock;
use crate::config::Settings;
use crate::database::{self, Build, Database, DatabaseMetrics, Gate, ReadOnly, Rights};
use crate::doctor::Finding;
use crate::http::{BindError, Edge, Form, RequestIds, Server, wrap};
use crate::identity::{AuthConfig, Authenticator, IdentityError, verify_routes};
use crate::lifecycle::{Lifecycle, LifecycleError, ShutdownConfig};
use crate::metrics::{HttpMetrics, Metrics, Name};
use crate::ops::{self, Ops};
use crate::readiness::Readiness;
use crate::secrets::SecretsError;
use crate::telemetry::{OtlpError, RequestLog, Tracer};
pub use config::{REPLACED_ALIASES, ServiceConfig};
pub use describe::{DescribeError, metrics_table};
pub use program::main;

/// A service: what it is called, how it is configured, and its routes.
pub trait Service {
    /// Its name: in logs, metrics and `application_name`.
    const NAME: &'static str;
    /// The schemas that it can work on.
    const BUILD: Build = Build::of(Self::NAME);
    /// What its login must be allowed to do.
    const RIGHTS: Rights;
    /// Its configuration.
    type Config: Settings;
    /// Why its routes cannot be made.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The sections that every service has.
    fn base(config: &Self::Config) -> &ServiceConfig;

    /// What it does besides answering; ends soon after `stop`.
    fn background(
        _config: &Self::Config,
        _parts: &Parts,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        async move { stop.cancelled().await }
    }

    /// What it needs besides what every service does, as `doctor` finds it.
    fn examine(_config: &Self::Config) -> impl Future<Output = Vec<Finding>> + Send {
        async { Vec::new() }
    }

    /// Its routes.
    fn routes(config: &Self::Config, parts: Parts) -> Result<Router, Self::Error>;
}

/// What the routes of a service stand on.
#[derive(Clone)]
pub struct Parts {
    /// Finds out who is asking.
    pub authenticator: Authenticator,
    /// The way to the database.
    pub database: Database,
    /// Whether writes are refused for now.
    pub read_only: ReadOnly,
    /// What the schema's window says.
    pub gate: Gate,
    /// What readiness hangs on.
    pub readiness: Readiness,
    /// Where its metrics are registered.
    pub metrics: Metrics,
    /// Reads request bodies.
    pub form: Form,
}

/// A service that has bound its ports and serves.
pub struct Running {
    /// Where callers reach it.
    pub address: SocketAddr,
    /// Where the cluster reaches it.
    pub ops_address: SocketAddr,
    read_only: ReadOnly,
    lifecycle: Lifecycle,
    shutdown: ShutdownConfig,
    tracer: Tracer,
}

/// Why a service cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A port is taken, or not ours to take.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Its routes cannot be made.
    #[error("the service cannot be put together")]
    Routes(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Callers cannot be told apart.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The key of the audit lines cannot be had.
    #[error("audit lines cannot be written")]
    AuditKey(#[source] SecretsError),
    /// Spans cannot be sent as configured.
    #[error(transparent)]
    Telemetry(#[from] OtlpError),
    /// It ended otherwise than by being asked to.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
}

impl Running {
    /// Binds the ports and starts serving. Nothing here waits for the database: until it is reached, the service is un-ready.
    pub async fn start<S: Service>(
        config: &S::Config,
        request_ids: RequestIds,
    ) -> Result<Self, ServiceError> {
        crate::tls::install_provider();
        let metrics = Metrics::new(S::NAME);
        let tracer = Tracer::start(S::NAME, &S::base(config).telemetry, &metrics, Clock::system()).await?;
        let started = Self::start_with::<S>(config, request_ids, metrics, tracer).await;
        if started.is_err() {
            tracer.flush().await;
        }
        started
    }

    async fn start_with<S: Service>(
        config: &S::Config,
        request_ids: RequestIds,
        metrics: Metrics,
        tracer: Tracer,
    ) -> Result<Self, ServiceError> {
        let base = S::base(config);
        let server = Server::bind(&base.listen, &base.http).await?;
        let ops_server = Server::bind(&base.ops_listen, &base.http).await?;
        let (address, ops_address) = (server.address(), ops_server.address());

        let readiness = Readiness::default();
        let mut lifecycle = Lifecycle::new(readiness.clone());

        let (database, workers) =
            Database::new(S::BUILD, &base.database, &DatabaseMetrics::new(&metrics), &lifecycle.stop_rest());
        for worker in workers {
            lifecycle.support("database worker", worker);
        }
        let (gate, watch) = database::gate(
            &database,
            S::BUILD,
            S::RIGHTS,
            readiness.clone(),
            &metrics,
            lifecycle.stop_rest(),
        );
        lifecycle.support("schema gate", watch);
        let read_only = ReadOnly::new(base.database.read_only, readiness.clone());
        let ops = Ops {
            build: S::BUILD,
            metrics: metrics.clone(),
            readiness: readiness.clone(),
            read_only: read_only.clone(),
        };
        lifecycle.support(
            "ops listener",
            ops_server.serve(ops::routes(ops), lifecycle.stop_rest(), Duration::ZERO),
        );

        let authenticator = authenticator(&base.auth, base, &metrics, &mut lifecycle)?;
        let edge = Edge {
            request_ids,
            metrics: HttpMetrics::new(&metrics),
            log: RequestLog::new(&base.log),
            audit: Audit::new(&base.audit).map_err(ServiceError::AuditKey)?,
            tracer,
            leaving: lifecycle.leaving(),
        };
        serve_verify(base, &authenticator, &edge, &metrics, &mut lifecycle).await?;
        let form = Form::new(Duration::from_millis(base.http.body_timeout_ms));
        let parts =
            Parts { authenticator, database, read_only: read_only.clone(), gate, readiness, metrics, form };
        lifecycle.support("background", S::background(config, &parts, lifecycle.stop_rest()));
        let routes = S::routes(config, parts).map_err(|error| ServiceError::Routes(Box::new(error)))?;
        let serve = server.serve(wrap(routes, edge), lifecycle.stop_serving(), base.shutdown.drain());
        lifecycle.serve("API listener", serve);

        tracing::info!(service = S::NAME, %address, %ops_address, "listening");
        Ok(Self { address, ops_address, read_only, lifecycle, shutdown: base.shutdown.clone(), tracer })
    }

    /// Takes `database.read_only` from what `load` returns, at each SIGHUP.
    fn reload_on_hangup(&mut self, load: impl Fn() -> Option<bool> + Send + 'static) {
        let (read_only, stop) = (self.read_only.clone(), self.lifecycle.stop_rest());
        self.lifecycle.support("reload", async move {
            // Where the signal cannot be received, its default would end the process: better to live without.
            let Ok(mut hangups) = signal(SignalKind::hangup()) else { return stop.cancelled().await };
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    _ = hangups.recv() => if let Some(is_on) = load() {
                        read_only.set(is_on);
                    },
                }
            }
        });
    }

    /// Runs until it is `asked` to stop, then stops in order; telemetry leaves last. Who asks twice waits for nothing.
    pub async fn run(self, asked: impl AsyncFnMut()) -> Result<(), LifecycleError> {
        let ended = self.lifecycle.run(&self.shutdown, asked).await;
        if !matches!(ended, Err(LifecycleError::Aborted)) {
            self.tracer.flush().await;
        }
        ended
    }
}

/// Tells callers apart, and keeps up what it does that by.
fn authenticator(
    auth: &AuthConfig,
    base: &ServiceConfig,
    metrics: &Metrics,
    lifecycle: &mut Lifecycle,
) -> Result<Authenticator, IdentityError> {
    let authenticator = Authenticator::new(auth, &base.limits, Clock::system())?;
    if authenticator.keys_age().is_some() {
        let keys = authenticator.clone();
        metrics.gauge_of(Name::JwksAge, move || keys.keys_age().unwrap_or_default().as_secs_f64());
    }
    lifecycle.support("authenticator", authenticator.clone().run(lifecycle.stop_rest()));
    Ok(authenticator)
}

/// Answers an edge that asks before it forwards, where one is configured.
async fn serve_verify(
    base: &ServiceConfig,
    of_service: &Authenticator,
    edge: &Edge,
    metrics: &Metrics,
    lifecycle: &mut Lifecycle,
) -> Result<(), ServiceError> {
    let Some(listen) = &base.auth.verify_listen else { return Ok(()) };
    let verifier = match base.auth.of_verify_listener() {
        Some(auth) => authenticator(&auth, base, metrics, lifecycle)?,
        None => of_service.clone(),
    };
    let server = Server::bind(listen, &base.http).await?;
    let routes = verify_routes(verifier, base.auth.token.operator_role.clone());
    let serve = server.serve(wrap(routes, edge.clone()), lifecycle.stop_serving(), base.shutdown.drain());
    lifecycle.serve("verify listener", serve);
    Ok(())
}
