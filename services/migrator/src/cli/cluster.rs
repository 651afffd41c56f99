//! The words that talk to a cluster instead of a database: what they do is the operator's, here it gets its port, its metrics
//! and its log.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use operator::controller::{self, Known, Observer};
use operator::crd::{self, Reason};
use operator::kubectl::{self, KubectlArgs};
use operator::reconcile::{Passed, ReconcileError, now};
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};
use service_kit::database::Build;
use service_kit::exit::Exit;
use service_kit::http::{HttpConfig, Server};
use service_kit::lifecycle::every;
use service_kit::metrics::{Metrics, Name};
use service_kit::ops;
use service_kit::readiness::{Condition, Readiness};
use service_kit::telemetry::LogFormat;
use tokio_util::sync::CancellationToken;

use super::args::ControllerCommand;
use super::outcome::Failure;
use crate::config::LogSection;
use crate::log;

/// How often it is counted how the migrations stand.
const COUNT: Duration = Duration::from_secs(15);
/// What runs, in `build_info` and `/version`.
const SERVICE: &str = "operator";
const DRAIN: Duration = Duration::from_secs(2);

/// Prints the definition of the kind.
pub(super) fn print_definition(out: &mut impl Write) -> Result<Exit, Failure> {
    let text = crd::definition_template().map_err(Failure::Definition)?;
    out.write_all(text.as_bytes()).map_err(Failure::Output)?;
    Ok(Exit::Success)
}

/// `kubectl atelier …`.
pub(super) async fn kubectl(args: KubectlArgs, out: &mut impl Write) -> Result<Exit, Failure> {
    let client = kubectl::client(&args).await.map_err(Failure::Cluster)?;
    kubectl::run(client, &args, &now(), out).await.map_err(Failure::Kubectl)?;
    Ok(Exit::Success)
}

/// Runs the controller until it is asked to stop, or loses the lead.
pub(super) async fn control(
    args: ControllerCommand,
    stop: impl Future<Output = ()>,
) -> Result<Exit, Failure> {
    log::start(&LogSection { level: args.log_level, format: LogFormat::Auto }).map_err(Failure::Log)?;
    let client = operator::controller::client().await.map_err(Failure::Cluster)?;
    let (metrics, readiness, known) = (Metrics::new(SERVICE), Readiness::default(), Known::default());
    let http = HttpConfig { header_timeout_ms: 5_000, body_timeout_ms: 5_000, connections_max: 64 };
    let server = Server::bind(&args.ops_listen, &http).await.map_err(Failure::Ops)?;
    let asked = CancellationToken::new();
    let routes = ops::observed(Build::of(SERVICE), metrics.clone(), readiness.clone());
    let serving = tokio::spawn(server.serve(routes, asked.clone(), DRAIN));
    let counting = count(metrics.clone(), known.clone(), asked.clone());
    readiness.set("process", Condition::Ok);
    let observer = Arc::new(Told::new(&metrics));
    let ended = asked.clone();
    let work =
        controller::run(
            client,
            &args.controller,
            now(),
            observer,
            known,
            async move { ended.cancelled().await },
        );
    let worked = async {
        tokio::pin!(work, stop);
        let done = tokio::select! {
            done = &mut work => done,
            () = &mut stop => {
                asked.cancel();
                work.await
            }
        };
        asked.cancel();
        done
    };
    // The port and the counting end with the same wish; a panic of the port's task was told by its thread.
    let (done, (), _) = tokio::join!(worked, counting, serving);
    done.map_err(Failure::Controller)?;
    Ok(Exit::Success)
}

async fn count(metrics: Metrics, known: Known, stop: CancellationToken) {
    let (migrations, drifted) = standing(&metrics);
    every(COUNT, stop, async || {
        drifted.set(known.count_drifted().try_into().unwrap_or(i64::MAX));
        for reason in Reason::ALL {
            let count = i64::try_from(known.count(reason)).unwrap_or(i64::MAX);
            migrations.with_label_values(&[reason.name()]).set(count);
        }
    })
    .await;
}

fn standing(metrics: &Metrics) -> (IntGaugeVec, IntGauge) {
    (metrics.gauges(Name::OperatorMigrations, &["reason"]), metrics.gauge(Name::OperatorDrifted))
}

/// What the controller counts, as docs/metrics.md has it.
pub fn metrics_table() -> String {
    let metrics = Metrics::new(SERVICE);
    Told::new(&metrics);
    standing(&metrics);
    metrics.table()
}

/// What the controller tells, counted.
struct Told {
    passes: IntCounterVec,
    duration: Histogram,
    interrupted: IntCounter,
    leads: IntGauge,
}

impl Told {
    fn new(metrics: &Metrics) -> Self {
        let passes = metrics.counters(Name::OperatorPasses, &["outcome"]);
        for outcome in ["ok", "error"] {
            passes.with_label_values(&[outcome]);
        }
        Self {
            passes,
            duration: metrics.duration(Name::OperatorPassDuration),
            interrupted: metrics.counter(Name::OperatorWatchesInterrupted),
            leads: metrics.gauge(Name::OperatorLeads),
        }
    }
}

impl Observer for Told {
    fn passed(&self, outcome: &Result<Passed, ReconcileError>, took: Duration) {
        let label = if outcome.is_ok() { "ok" } else { "error" };
        self.passes.with_label_values(&[label]).inc();
        self.duration.observe(took.as_secs_f64());
    }

    fn interrupted(&self) {
        self.interrupted.inc();
    }

    fn leads(&self, is_so: bool) {
        self.leads.set(is_so.into());
    }
}
