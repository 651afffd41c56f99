//! The kind `SchemaMigration`, which belongs to the whole cluster: it is there while a case uses it, and goes with the last one.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client, CustomResourceExt};
use operator::crd::{SchemaMigration, definition};
use tokio::sync::Mutex;

use super::TOLD_MAX;
use crate::error::{Failure, ensure};
use crate::namespace::until;

/// How many cases use it now.
static USERS: Mutex<u32> = Mutex::const_new(0);

/// Brings it, for the first one who uses it.
pub(super) async fn enter(client: &Client) -> Result<(), Failure> {
    let mut users = USERS.lock().await;
    if *users == 0 {
        absent(client).await?;
        all(client).create(&PostParams::default(), &definition()).await?;
        until("the kind is established", TOLD_MAX, async || {
            let status = all(client).get(SchemaMigration::crd_name()).await?.status.unwrap_or_default();
            let is = |condition: &_| is_established(condition);
            Ok(status.conditions.iter().flatten().any(is).then_some(()))
        })
        .await?;
    }
    *users += 1;
    Ok(())
}

/// Takes it away after the last one.
pub(super) async fn leave(client: &Client) -> Result<(), Failure> {
    let mut users = USERS.lock().await;
    *users -= 1;
    if *users == 0 { delete(client).await } else { Ok(()) }
}

/// Whoever has it already may have objects of it, which would go when the cases are done.
pub(super) async fn absent(client: &Client) -> Result<(), Failure> {
    let found = all(client).get_opt(SchemaMigration::crd_name()).await?;
    ensure(found.is_none(), "a cluster in which nobody has the kind SchemaMigration", "one that has it")
}

/// Deletes it, and with it every object of it in the cluster.
pub(super) async fn delete(client: &Client) -> Result<(), Failure> {
    let kinds = all(client);
    let name = SchemaMigration::crd_name();
    kinds.delete(name, &DeleteParams::foreground()).await?;
    until("the kind is gone", TOLD_MAX, async || Ok(kinds.get_opt(name).await?.is_none().then_some(()))).await
}

fn all(client: &Client) -> Api<CustomResourceDefinition> {
    Api::all(client.clone())
}

fn is_established(
    condition: &k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinitionCondition,
) -> bool {
    condition.type_ == "Established" && condition.status == "True"
}
