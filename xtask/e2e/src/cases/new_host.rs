//! An upgrade that changes only where the database is runs the migrator there; one that does not concern it runs nothing.

use k8s_openapi::api::batch::v1::Job;

use crate::error::{Failure, ensure};
use crate::orders::People;
use crate::release::{Release, Service, WAIT, is_complete};
use crate::stage::Stage;

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let release = Release::new(stage, "atelier");
    let one_each = [WAIT.as_slice(), &["--set", "orderStatus.replicas=1,orders.replicas=1"]].concat();
    let short = stage.values(&stage.database_host()).await?;
    release.install(&short, &one_each).await?;
    let first = identity(&release.job().await?);
    let people = People::of(stage).await?;
    let id = release.walk(&people).await?;

    let long = stage.values(&format!("{}.cluster.local", stage.database_host())).await?;
    let took = release.upgrade(&long, &one_each).await?;
    stage.note(&format!("from helm upgrade to ready: {:.1} s", took.as_secs_f64()));
    let job = release.job().await?;
    let second = identity(&job);
    ensure(second.0 != first.0 && is_complete(&job), "another Job, complete", (&first, &second))?;
    // The same database under another name.
    let order = release.order(&people.buyer, id).await?;
    ensure(order.status == 200, "the order of before", &order)?;

    release.upgrade(&long, &WAIT).await?;
    release.ready(Service::OrderStatus, 2).await?;
    let third = identity(&release.job().await?);
    ensure(third == second, "the Job that was there, untouched", (&second, &third))
}

/// Its name, and what tells it from a later one of that name.
fn identity(job: &Job) -> (String, String) {
    (job.metadata.name.clone().unwrap_or_default(), job.metadata.uid.clone().unwrap_or_default())
}
