//! `helm test` on the least that can be installed: a database, a catalog, a Secret's name and the key of tokens. It passes,
//! with and without tokens to list and walk by; it fails where a service is not as it should be; and what it may ask on the
//! ops ports, a neighbour may not.

use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::PostParams;
use serde_json::{Value, json};

use crate::error::{Failure, ensure};
use crate::namespace::{object, until};
use crate::orders::People;
use crate::release::{Release, Service, WAIT};
use crate::stage::Stage;

const ENDED_MAX: Duration = Duration::from_mins(1);

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

/// A pod of nobody's reaches the API and nothing else.
async fn neighbour(stage: &Stage, release: &Release) -> Result<(), Failure> {
    let pods = release.ready(Service::Orders, 2).await?;
    let image = pods[0].spec.clone().unwrap_or_default().containers.remove(0).image.unwrap_or_default();
    for (name, url, status, passes) in [
        ("api-of-status", "http://atelier-order-status:5017/orders/1", "401", true),
        ("api-of-orders", "http://atelier-orders:5019/orders/user/ada", "401", true),
        ("ops-of-status", "http://atelier-order-status-ops:9017/livez", "200", false),
        ("ops-of-orders", "http://atelier-orders-ops:9019/livez", "200", false),
        ("verify", "http://atelier-order-status:9117/auth/verify", "401", false),
    ] {
        let args = ["ask", "--patience-seconds=6", "--expect", status, url];
        let (phase, log) = ask(stage, name, json!({ "image": image, "args": args })).await?;
        let is_right =
            if passes { phase == "Succeeded" } else { phase == "Failed" && log.contains("nobody answered") };
        ensure(is_right, if passes { "an answer" } else { "no answer" }, (url, phase, log))?;
    }
    Ok(())
}

/// Runs a pod of these words to its end; how it ended, and what it said.
async fn ask(stage: &Stage, name: &str, mut container: Value) -> Result<(String, String), Failure> {
    container["name"] = json!(name);
    container["securityContext"] = json!({
        "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] }, "runAsNonRoot": true,
        "seccompProfile": { "type": "RuntimeDefault" },
    });
    let spec = json!({ "restartPolicy": "Never", "enableServiceLinks": false, "containers": [container] });
    let pod = object::<Pod>(json!({ "metadata": { "name": name }, "spec": spec }))?;
    let pods = stage.namespace.all::<Pod>();
    pods.create(&PostParams::default(), &pod).await?;
    let phase = until(&format!("pod {name} has ended"), ENDED_MAX, async || {
        let phase = pods.get(name).await?.status.and_then(|status| status.phase).unwrap_or_default();
        Ok(["Succeeded", "Failed"].contains(&phase.as_str()).then_some(phase))
    })
    .await?;
    Ok((phase, stage.namespace.log(name, None).await?))
}
