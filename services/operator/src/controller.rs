//! The controller: one of several that leads, and a pass over a migration whenever it, or a Job of it, changes.
//!
//! It serves nothing and counts nothing by itself: whoever starts it is told, and has the ports and the metrics.

use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use futures_util::future::join_all;
use futures_util::{FutureExt, StreamExt};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::Api;
use kube::runtime::controller::{Action, Controller};
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::Store;
use kube::runtime::watcher;
use kube::{Client, ResourceExt};
use tokio::time::Instant;

use crate::crd::{Kind, Reason, SchemaMigration, SchemaMigrationStatus};
use crate::lease::{Lease, Lost};
use crate::reconcile::update_status::reason_of;
use crate::reconcile::{Clock, Context, FIELD_MANAGER, Passed, ReconcileError, reconcile};

/// The lease's name; of one namespace, so of one install.
pub const LEASE: &str = "atelier-operator";
const AFTER_AN_ERROR: Duration = Duration::from_secs(10);

/// A client of the cluster that this process runs in, or of the one that its kubeconfig selects.
pub async fn client() -> Result<Client, ClusterError> {
    let config = kube::Config::infer().await.map_err(|source| ClusterError::Config(Box::new(source)))?;
    Client::try_from(config).map_err(ClusterError::Client)
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Neither a pod's account nor a kubeconfig leads anywhere.
    #[error("nothing says where the cluster is")]
    Config(#[source] Box<kube::config::InferConfigError>),
    /// What was found cannot be used.
    #[error("the cluster's address or certificate cannot be used")]
    Client(#[source] kube::Error),
    /// The kubeconfig that was named.
    #[error("the kubeconfig cannot be used")]
    Kubeconfig(#[source] Box<kube::config::KubeconfigError>),
}

/// What the controller is told when it is started.
#[derive(Debug, Clone, Args)]
pub struct ControllerArgs {
    /// The namespace that it runs in, which holds its lease
    #[arg(long)]
    pub namespace: String,
    /// What nobody else is called: the pod's name
    #[arg(long)]
    pub identity: String,
    /// A namespace to work in; may be given several times. Its own, unless given
    #[arg(long = "watch-namespace", value_name = "NAMESPACE")]
    pub watch_namespaces: Vec<String>,
    /// Images must be below this, as registry.example.com/atelier; may be given several times
    #[arg(long = "allowed-image-prefix", value_name = "PREFIX", required = true)]
    pub image_prefixes: Vec<String>,
    /// How often each database is held against the migrations
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = clap::value_parser!(u64).range(10..))]
    pub verify_interval_seconds: u64,
}

/// Who is told what happens.
pub trait Observer: Send + Sync + 'static {
    /// A pass ended.
    fn passed(&self, outcome: &Result<Passed, ReconcileError>, took: Duration);
    /// A watch broke; it is begun again after a pause.
    fn interrupted(&self);
    /// Whether this process leads.
    fn leads(&self, is_so: bool);
}

/// The migrations that the controller knows of now.
#[derive(Clone, Default)]
pub struct Known(Arc<Mutex<Vec<Store<SchemaMigration>>>>);

impl Known {
    /// How many are ready, or not, for this reason.
    pub fn count(&self, reason: Reason) -> usize {
        self.count_where(|status| reason_of(Some(status)) == Some(reason.name()))
    }

    /// How many databases are not what the migrations made of them.
    pub fn count_drifted(&self) -> usize {
        self.count_where(|status| {
            let drifted = |it: &Condition| it.type_ == Kind::DriftDetected.name() && it.status == "True";
            status.conditions.iter().any(drifted)
        })
    }

    fn count_where(&self, is: impl Fn(&SchemaMigrationStatus) -> bool) -> usize {
        let stores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = stores.iter().flat_map(Store::state);
        all.filter(|migration| migration.status.as_ref().is_some_and(&is)).count()
    }
}

/// What a pass carries along.
struct Passing {
    context: Context,
    observer: Arc<dyn Observer>,
}

/// Waits for the lead, then works until `stop`, or until the lead is lost.
pub async fn run(
    client: Client,
    args: &ControllerArgs,
    clock: Clock,
    observer: Arc<dyn Observer>,
    known: Known,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Lost> {
    let stop = stop.shared();
    let lease = Lease::new(client.clone(), &args.namespace, LEASE, &args.identity, clock.clone());
    tokio::select! {
        () = lease.acquire() => {}
        () = stop.clone() => return Ok(()),
    }
    tracing::info!(identity = args.identity, "leads");
    observer.leads(true);
    let reporter = Reporter { controller: FIELD_MANAGER.to_owned(), instance: Some(args.identity.clone()) };
    let passing = Arc::new(Passing {
        context: Context {
            recorder: Recorder::new(client.clone(), reporter),
            client: client.clone(),
            image_prefixes: args.image_prefixes.clone(),
            verify_interval: Duration::from_secs(args.verify_interval_seconds),
            clock,
        },
        observer: observer.clone(),
    });
    let own = [args.namespace.clone()];
    let namespaces = if args.watch_namespaces.is_empty() { &own[..] } else { &args.watch_namespaces };
    let work = join_all(
        namespaces.iter().map(|namespace| work(&client, namespace, passing.clone(), &known, stop.clone())),
    );
    let ended = tokio::select! {
        _ = work => {
            lease.release().await;
            Ok(())
        }
        lost = lease.keep() => Err(lost),
    };
    observer.leads(false);
    ended
}

/// Works in one namespace.
async fn work(
    client: &Client,
    namespace: &str,
    passing: Arc<Passing>,
    known: &Known,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let ours = watcher::Config::default().labels("app.kubernetes.io/managed-by=atelier-operator");
    let migrations = Api::<SchemaMigration>::namespaced(client.clone(), namespace);
    let controller = Controller::new(migrations, watcher::Config::default())
        .owns(Api::<Job>::namespaced(client.clone(), namespace), ours)
        .graceful_shutdown_on(stop);
    known.0.lock().unwrap_or_else(PoisonError::into_inner).push(controller.store());
    let observer = passing.observer.clone();
    controller
        .run(pass, |_, _, _| Action::requeue(AFTER_AN_ERROR), passing)
        .for_each(|outcome| {
            match outcome {
                // A pass tells its own failures.
                Ok(_) | Err(kube::runtime::controller::Error::ReconcilerFailed(..)) => {}
                Err(error) => {
                    observer.interrupted();
                    tracing::warn!(error = chain(&error), "a watch was interrupted");
                }
            }
            ready(())
        })
        .await;
}

async fn pass(migration: Arc<SchemaMigration>, passing: Arc<Passing>) -> Result<Action, ReconcileError> {
    // What is on its way out takes its Jobs along, by their owner.
    if migration.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let begin = Instant::now();
    let outcome = reconcile(&migration, &passing.context).await;
    passing.observer.passed(&outcome, begin.elapsed());
    if let Err(error) = &outcome {
        tracing::warn!(
            migration = migration.name_any(),
            error = chain(error),
            "a pass failed; it is tried again"
        );
    }
    outcome.map(|passed| Action::requeue(passed.again))
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
