//! A load on a release, through the cluster's Gateway as clients come: `cargo xtask load` within this process.

use std::time::Duration;

use load_generator::audit::audit;
use load_generator::people::People;
use load_generator::work::Work;
use load_generator::{Plan, Running, Target, Until, start};

use crate::error::{Failure, ensure};
use crate::gateway::Gateway;
use crate::namespace::until;
use crate::orders::{EXPIRES, MODEL};
use crate::stage::Stage;

const CLIENTS: usize = 64;
/// Longer than any case takes: it is told to stop.
const ENDLESS: Until = Until::Seconds(3600.0);
const TAKEN_MAX: Duration = Duration::from_secs(30);
const GOES_ON_MAX: Duration = Duration::from_secs(30);
/// For how many seconds requests must come through between one change and the next.
const MEANWHILE_SECONDS: u32 = 2;

/// A load that runs, until it is ended.
pub(crate) struct Traffic<'a> {
    stage: &'a Stage,
    plan: Plan,
    rate: u32,
    running: Running<Work>,
}

/// Why a load cannot run: our own mistake.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrafficError {
    #[error("the release has no host name that could be asked for")]
    Target(#[from] load_generator::TargetError),
    #[error("nobody could ask")]
    People(#[from] load_generator::people::PeopleError),
}

/// The Gateway, without which none of these cases is run.
fn gateway(stage: &Stage) -> Result<&Gateway, Failure> {
    let missing = || Failure::Unexpected { expected: "--gateway", found: "none".to_owned() };
    stage.setting.gateway.as_ref().ok_or_else(missing)
}

/// The route to a release, for Helm.
pub(crate) fn route(stage: &Stage) -> Result<String, Failure> {
    Ok(gateway(stage)?.route(&stage.host()))
}

impl<'a> Traffic<'a> {
    /// Waits until the Gateway leads to the services, then begins, and waits until requests come through.
    pub(crate) async fn begin(stage: &'a Stage) -> Result<Self, Failure> {
        Self::begin_with(stage, 1).await
    }

    /// The same, at so many times the rate.
    pub(crate) async fn begin_with(stage: &'a Stage, times: u32) -> Result<Self, Failure> {
        let missing = || Failure::Unexpected { expected: "--rate", found: "none".to_owned() };
        let rate = times * stage.setting.rate.ok_or_else(missing)?;
        let target = Target::at(gateway(stage)?.address(), &stage.host()).map_err(TrafficError::Target)?;
        let plan = Plan {
            status: target.clone(),
            orders: target,
            clients: CLIENTS,
            rate: Some(rate.into()),
            until: ENDLESS,
            is_list: false,
        };
        let once = Plan { rate: None, clients: 1, until: Until::Requests(1), ..plan.clone() };
        until("a request comes through the Gateway", TAKEN_MAX, async || {
            let (report, _) = start(once.clone(), work(stage, "once").await?).await.end().await;
            Ok((report.good == 1).then_some(()))
        })
        .await?;
        let running = start(plan.clone(), work(stage, "load").await?).await;
        let traffic = Self { stage, plan, rate, running };
        traffic.goes_on().await?;
        Ok(traffic)
    }

    /// Waits until many more came through.
    pub(crate) async fn goes_on(&self) -> Result<(), Failure> {
        let goal = self.running.good() + u64::from(self.rate * MEANWHILE_SECONDS);
        until(&format!("requests come through, {goal} in all"), GOES_ON_MAX, async || {
            Ok((self.running.good() >= goal).then_some(()))
        })
        .await
    }

    /// Callers have tokens of another key from now on.
    pub(crate) fn change_key(&self, key: &[u8]) {
        self.running.with(|work| work.people().change_key(key));
    }

    /// Says how it goes.
    pub(crate) fn note(&self, after: &str) {
        let report = self.running.look();
        self.stage.note(&format!(
            "{after}: {} requests, {} failed, p99 since then {:.1} ms",
            report.good + report.wrong(),
            report.wrong(),
            f64::from(report.p99_us) / 1000.0,
        ));
    }

    /// Ends it, and asks once more about every order: nothing failed, and nothing that was acknowledged is lost.
    pub(crate) async fn end_without_failure(self) -> Result<(), Failure> {
        self.running.stop();
        let (report, work) = self.running.end().await;
        self.stage.note(&format!("load of {}/s: {report}", self.rate));
        ensure(report.good > 0 && report.wrong() == 0, "no request that failed", &report.examples)?;
        let orders = work.as_ref().map_or(0, Work::orders);
        let Some(work) = work else { return Ok(()) };
        let audited = audit(self.plan, work).await;
        self.stage
            .note(&format!("{orders} orders asked for once more: {} not as acknowledged", audited.wrong()));
        ensure(audited.wrong() == 0, "every order as it was acknowledged", &audited.examples)
    }
}

/// Callers with tokens of the release's key.
async fn work(stage: &Stage, run: &str) -> Result<Work, Failure> {
    let key = stage.namespace.secret_text("atelier-auth", "jwt-hs256").await?;
    let people = People::of_key(run, key.as_bytes(), EXPIRES.unsigned_abs()).map_err(TrafficError::People)?;
    Ok(Work::new(run, people, Some(MODEL.0.to_owned()), 1))
}
