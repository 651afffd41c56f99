//! `helm test` on the least that can be installed: a database, a catalog, a Secret's name and the key of tokens. It passes,
//! with and without tokens to list and walk by; it fails where a service is not as it should be; and what it may ask on the
//! ops ports, a neighbour may not.

use std::path::PathBuf;

use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use serde_json::json;

use crate::error::{Failure, ensure};
use crate::namespace::object;
use crate::neighbour::{BACK_DOORS, Door, Neighbour};
use crate::orders::People;
use crate::release::{Release, Service, WAIT};
use crate::stage::Stage;

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let release = Release::new(stage, "atelier");
    let values = least(stage)?;
    let took = release.install(&values, &WAIT).await?;
    stage.note(&format!("from helm install to ready: {:.1} s", took.as_secs_f64()));
    release.test().await?;

    let people = People::of(stage).await?;
    for person in [&people.buyer, &people.maker] {
        let secret = json!({ "metadata": { "name": person.name }, "stringData": { "token": person.token } });
        stage.namespace.all::<Secret>().create(&PostParams::default(), &object(secret)?).await?;
    }
    let walk = json!({
        "tokenSecret": people.buyer.name, "userId": people.buyer.name,
        "walk": { "enabled": true, "orderId": 4711, "creator": people.maker.name, "creatorSecret": people.maker.name },
    });
    let walk = format!("test={walk}");
    let on = [WAIT.as_slice(), &["--set", "auth.verify.enabled=true", "--set-json", &walk]].concat();
    release.upgrade(&values, &on).await?;
    // Twice: the second finds the order of the first.
    release.test().await?;
    release.test().await?;
    let page = release.page(&people.buyer).await?;
    let orders = page.body["orders"].as_array().map_or(0, Vec::len);
    ensure(orders == 1 && page.body["orders"][0]["order_id"] == 4711, "one paid order", &page)?;

    neighbour(stage, &release).await?;
    release.upgrade(&values, &["--set", "orders.replicas=0"]).await?;
    release.ready(Service::Orders, 0).await?;
    let failed = release.test().await;
    ensure(failed.is_err(), "a test that fails where a service is away", "one that passes")
}

/// The whole file, with the authority of the namespace's own database beside the four facts.
fn least(stage: &Stage) -> Result<PathBuf, Failure> {
    let values = json!({
        "database": {
            "host": stage.database_host(),
            "existingSecret": "atelier-database-migrator",
            "tls": { "caSecret": "atelier-database-ca" },
        },
        "catalog": { "url": format!("http://catalog.{}.svc:8080/catalog", stage.namespace.name()) },
        "auth": { "hs256": { "existingSecret": "atelier-auth" } },
    });
    let path = stage.setting.folder.join(format!("{}.least.yaml", stage.namespace.name()));
    std::fs::write(&path, values.to_string())
        .map_err(|source| Failure::File { path: path.clone(), source })?;
    Ok(path)
}

/// A pod of nobody's reaches the API and nothing else, and that is for the policies' sake.
async fn neighbour(stage: &Stage, release: &Release) -> Result<(), Failure> {
    let neighbour = Neighbour::of(stage, release).await?;
    let open = [
        Door::new("api-of-status", "http://atelier-order-status:5017/orders/1", "401"),
        Door::new("api-of-orders", "http://atelier-orders:5019/orders/user/ada", "401"),
    ];
    neighbour.reaches(&open).await?;
    neighbour.reaches_none_but_for_policies(&BACK_DOORS).await
}
