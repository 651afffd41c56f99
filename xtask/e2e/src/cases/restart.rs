//! A pod is killed and the database is restarted while orders come in: whatever was acknowledged is there afterwards, and
//! the services come back by themselves.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::header::HeaderValue;
use k8s_openapi::api::core::v1::Pod;
use kube::api::DeleteParams;
use serde_json::json;

use crate::error::{Failure, ensure};
use crate::namespace::until;
use crate::orders::{People, request};
use crate::release::{Release, Service, WAIT, is_ready, name, restarts};
use crate::stage::Stage;

const SOLD_MAX: Duration = Duration::from_mins(1);
const GONE_MAX: Duration = Duration::from_mins(1);
const BACK_MAX: Duration = Duration::from_mins(2);
/// How many orders must be made between one blow and the next.
const MEANWHILE: usize = 10;

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    release.install(&values, &WAIT).await?;
    let people = People::of(stage).await?;
    let ledger = Ledger::default();
    tokio::select! {
        never = trade(&release, &people, &ledger) => match never {},
        outcome = blows(stage, &release, &ledger) => outcome?,
    }
    let (sold, found) = (ledger.sold(), release.all_orders(&people.buyer).await?);
    let lost: Vec<&u64> = sold.iter().filter(|id| !found.contains(id)).collect();
    ensure(lost.is_empty(), "every order that was acknowledged", lost)?;
    stage.note(&format!(
        "{} orders acknowledged and there; {} requests were not",
        sold.len(),
        ledger.failed()
    ));
    Ok(())
}

/// What goes wrong, one after the other.
async fn blows(stage: &Stage, release: &Release, ledger: &Ledger) -> Result<(), Failure> {
    ledger.grows().await?;
    for service in Service::ALL {
        let victim = name(&release.ready(service, 2).await?[0]);
        kill(stage, &victim).await?;
        release.ready(service, 2).await?;
    }
    ledger.grows().await?;

    let before = pods(release).await?;
    kill(stage, "postgres-0").await?;
    // The StatefulSet's own status may still be that of the pod that died.
    let pods_of_it = stage.namespace.all::<Pod>();
    until("another PostgreSQL is ready", BACK_MAX, async || {
        Ok(pods_of_it.get_opt("postgres-0").await?.filter(is_ready).map(drop))
    })
    .await?;
    ledger.grows().await?;
    let after = pods(release).await?;
    ensure(before == after, "the same pods, none of them started anew", (&before, &after))?;
    for service in Service::ALL {
        for pod in release.ready(service, 2).await? {
            // It stays ready during an outage, degraded; afterwards it says that all is well.
            until(&format!("{} is well", name(&pod)), BACK_MAX, async || {
                let answer = release.readyz(service, &pod).await?;
                Ok((answer.body["status"] == "ready").then_some(()))
            })
            .await?;
        }
    }
    Ok(())
}

/// With a second to end in; whoever lives on it is gone for certain, so the next one has its volume for itself.
async fn kill(stage: &Stage, pod: &str) -> Result<(), Failure> {
    let pods = stage.namespace.all::<Pod>();
    let uid = pods.get(pod).await?.metadata.uid;
    pods.delete(pod, &DeleteParams { grace_period_seconds: Some(1), ..DeleteParams::default() }).await?;
    until(&format!("pod {pod} is gone"), GONE_MAX, async || {
        let found = pods.get_opt(pod).await?;
        Ok((found.and_then(|it| it.metadata.uid) != uid).then_some(()))
    })
    .await
}

/// Names and restarts of all pods of the services.
async fn pods(release: &Release) -> Result<Vec<(String, i32)>, Failure> {
    let mut all = Vec::new();
    for service in Service::ALL {
        all.extend(release.ready(service, 2).await?.iter().map(|pod| (name(pod), restarts(pod))));
    }
    all.sort();
    Ok(all)
}

/// Makes orders, one after the other, each asked for again under its key until it is acknowledged.
async fn trade(release: &Release, people: &People, ledger: &Ledger) -> Infallible {
    let mut number = 0_u64;
    loop {
        match make(release, people, number).await {
            Ok(Some(id)) => {
                ledger.acknowledge(id);
                number += 1;
            }
            // Nobody ready, a connection that broke, a database that is away: what a client meets in such times.
            Ok(None) | Err(_) => ledger.fail(),
        }
    }
}

async fn make(release: &Release, people: &People, number: u64) -> Result<Option<u64>, Failure> {
    let People { buyer, maker, .. } = people;
    let order = json!({ "requester_id": buyer.name, "created_by": maker.name, "cost_final": 12.5 });
    let mut request = request(Some(buyer), "POST", "/orders/", Some(&order))?;
    request.headers_mut().insert("idempotency-key", HeaderValue::from(number));
    let answer = release.send(Service::OrderStatus, request).await?;
    Ok(answer.body["order"]["order_id"].as_u64().filter(|_| answer.status == 201))
}

/// What was promised, and how often nothing was.
#[derive(Default)]
struct Ledger(Mutex<(Vec<u64>, usize)>);

impl Ledger {
    fn acknowledge(&self, id: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.push(id);
    }

    fn fail(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 += 1;
    }

    fn sold(&self) -> Vec<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    fn failed(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Waits until some more are sold.
    async fn grows(&self) -> Result<(), Failure> {
        let goal = self.sold().len() + MEANWHILE;
        let what = format!("{MEANWHILE} more orders are acknowledged");
        until(&what, SOLD_MAX, async || Ok((self.sold().len() >= goal).then_some(()))).await
    }
}
