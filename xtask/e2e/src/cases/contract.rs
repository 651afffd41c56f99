//! A database that the release before made: the release adds to it by itself, and takes away only what was approved, by its hash,
//! and only when no application of before is connected.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use migrator::migrate::{ChangeOptions, MigrationSet, Roles, plan, up};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::error::{Failure, ensure};
use crate::namespace::until;
use crate::release::{Release, Service, WAIT, is_complete};
use crate::stage::Stage;

/// The last schema of before.
const BEFORE: i64 = 4;
const END_MAX: Duration = Duration::from_mins(1);

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let tunnel = stage.namespace.tunnel("postgres-0", 5432).await?;
    let [owner, writer, reader] = [
        login(stage, tunnel.address, "migrator").await?,
        login(stage, tunnel.address, "writer").await?,
        login(stage, tunnel.address, "reader").await?,
    ];
    let roles = [&owner, &writer, &reader].map(|login| login.get_username().to_owned());
    let files = found(&owner, roles).await?;

    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    release.install(&values, &WAIT).await?;
    let drawn = apart(async move || plan(&owner, &files).await).await?;
    let waits = drawn.up.is_empty() && drawn.contracts.len() == 1;
    ensure(waits, "one contract that waits, and nothing else", (&drawn.up, &drawn.contracts))?;
    let approved = drawn.plan_hash.unwrap_or_default();

    let old = writer.application_name("atelier/order-status schema=4").connect().await;
    let old = old.map_err(failed)?;
    approve(&release, &values, &approved, 0, &[]).await?;
    let said = refused(stage, &release).await?;
    ensure(said.contains("'atelier/order-status schema=4'"), "the application that has to go first", &said)?;
    release.ready(Service::OrderStatus, 2).await?;

    old.close().await.map_err(failed)?;
    approve(&release, &values, &approved, 1, &WAIT).await?;
    ensure(is_complete(&release.contract_job().await?), "a complete Job", "one that is not")?;
    release.ready(Service::OrderStatus, 2).await?;
    release.verified().await
}

/// What the release before left: its files, and all of this release's.
async fn found(owner: &PgConnectOptions, roles: [String; 3]) -> Result<MigrationSet, Failure> {
    let mut options = ChangeOptions::embedded().map_err(failed)?;
    let [owners, writers, readers] = roles;
    options.roles = Some(Roles { owner: owners, writer: writers, reader: readers });
    let all = options.migrations.clone();
    let old = all.iter().filter(|file| file.version <= BEFORE).map(|file| (&*file.file, &*file.sql));
    options.migrations = MigrationSet::parse(old).map_err(failed)?;
    let owner = owner.clone();
    apart(async move || up(&owner, &options).await).await?;
    Ok(all)
}

/// The migrator's work, on a thread of its own: it is made for a program that does nothing else, and cannot change threads.
async fn apart<T, E>(work: impl AsyncFnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Failure>
where
    T: Send + 'static,
    E: Error + Send + Sync + 'static,
{
    let handle = Handle::current();
    let ended = spawn_blocking(move || handle.block_on(work())).await.map_err(failed)?;
    ended.map_err(failed)
}

fn failed(error: impl Error + Send + Sync + 'static) -> Failure {
    Failure::Migrations(Box::new(error))
}

/// One of the database's logins, from here. The certificate is the pods' to judge: it names no address of this machine.
async fn login(stage: &Stage, address: SocketAddr, name: &str) -> Result<PgConnectOptions, Failure> {
    let secret = format!("atelier-database-{name}");
    let user = stage.namespace.secret_text(&secret, "username").await?;
    let password = stage.namespace.secret_text(&secret, "password").await?;
    let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(address.port());
    Ok(options.username(&user).password(&password).database("atelier").ssl_mode(PgSslMode::Require))
}

async fn approve(
    release: &Release,
    values: &Path,
    hash: &str,
    retry: u8,
    flags: &[&str],
) -> Result<(), Failure> {
    let set = format!("migrations.approvedPlanHash={hash},migrations.retry={retry}");
    release.upgrade(values, &[&["--set", set.as_str()], flags].concat()).await.map(drop)
}

/// Waits until the Job has given up, and returns what its pod said.
async fn refused(stage: &Stage, release: &Release) -> Result<String, Failure> {
    until("the contract is refused", END_MAX, async || {
        Ok(has_failed(&release.contract_job().await?).then_some(()))
    })
    .await?;
    let pods = release.contract_pods().await?;
    let pod = pods.first().and_then(|pod| pod.metadata.name.as_deref()).unwrap_or_default();
    stage.namespace.log(pod, None).await
}

fn has_failed(job: &Job) -> bool {
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|it| it.type_ == "Failed" && it.status == "True"))
}
