//! Mode `hook`: the Job runs before everything else, at the first install and at each upgrade; one that fails stops the upgrade
//! before it has changed anything, and what it said is printed by Helm.

use k8s_openapi::api::batch::v1::Job;
use kube::ResourceExt;

use crate::error::{Failure, ensure};
use crate::release::{Release, Service, WAIT, is_complete, name};
use crate::stage::Stage;

const HOOK: [&str; 2] =
    ["--set", "migrations.mode=hook,migrations.backoffLimit=0,orderStatus.replicas=1,orders.replicas=1"];
/// A line of the migrator's log, and what it says when it gives up.
const LOGGED: &str = "0005_erasures.expand.sql";
const REFUSED: &str = "password authentication failed";

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    let said = release.said("install", &values, &[&HOOK[..], &WAIT].concat()).await?;
    ensure(said.contains(LOGGED), "the migrator's log, printed by helm", &said)?;
    let first = job(stage).await?;
    ensure(is_complete(&first), "a Job that is complete and still there", &first.status)?;

    let again = ["--set", "migrations.retry=1"];
    release.said("upgrade", &values, &[&HOOK[..], &again, &WAIT].concat()).await?;
    let second = job(stage).await?;
    ensure(second.uid() != first.uid() && is_complete(&second), "another Job, complete too", &second.status)?;

    let before: Vec<String> = release.ready(Service::Orders, 1).await?.iter().map(name).collect();
    let login = "atelier-database-migrator";
    stage.namespace.set_secret(login, "password", "wrong").await?;
    let fails =
        ["--set", "migrations.retry=2,migrations.patienceSeconds=2,orders.podAnnotations.changed=yes"];
    let answer = release.said("upgrade", &values, &[&HOOK[..], &fails, &WAIT].concat()).await;
    let is_told = matches!(&answer, Err(Failure::Ended { said, .. }) if said.contains(REFUSED));
    ensure(is_told, "an upgrade that fails, with what its Job said", answer)?;
    let after: Vec<String> = release.ready(Service::Orders, 1).await?.iter().map(name).collect();
    ensure(before == after, "the pods of before, untouched", (before, after))
}

async fn job(stage: &Stage) -> Result<Job, Failure> {
    Ok(stage.namespace.all::<Job>().get("atelier-migrate").await?)
}
