//! A pod of nobody's in the same namespace: what it reaches of a release, and what it does not because of the policies.

use std::time::Duration;

use futures_util::future::try_join_all;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{DeleteParams, ListParams, PostParams};
use serde_json::json;

use crate::error::{Failure, ensure};
use crate::namespace::{object, until};
use crate::release::{Release, Service};
use crate::stage::Stage;

const ENDED_MAX: Duration = Duration::from_mins(1);
/// What nobody but those whom the values name has any business with, of a release called atelier.
pub(crate) const BACK_DOORS: [Door; 4] = [
    Door::new("ops-of-status", "http://atelier-order-status-ops:9017/livez", "200"),
    Door::new("ops-of-orders", "http://atelier-orders-ops:9019/readyz", "200"),
    Door::new("metrics-of-orders", "http://atelier-orders-ops:9019/metrics", "200"),
    Door::new("verify", "http://atelier-order-status:9117/auth/verify", "401"),
];

/// Where a neighbour knocks, and the answer of whoever opens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Door {
    name: &'static str,
    url: &'static str,
    status: &'static str,
}

impl Door {
    pub(crate) const fn new(name: &'static str, url: &'static str, status: &'static str) -> Self {
        Self { name, url, status }
    }
}

/// Makes a pod for each question, of an image that has a word for asking.
pub(crate) struct Neighbour<'a> {
    stage: &'a Stage,
    image: String,
}

impl<'a> Neighbour<'a> {
    /// Of a release whose pods are ready.
    pub(crate) async fn of(stage: &'a Stage, release: &Release) -> Result<Self, Failure> {
        let pods = release.ready(Service::Orders, 2).await?;
        let image = pods[0].spec.clone().unwrap_or_default().containers.remove(0).image.unwrap_or_default();
        Ok(Self { stage, image })
    }

    /// All of them open.
    pub(crate) async fn reaches(&self, doors: &[Door]) -> Result<(), Failure> {
        let asked = doors.iter().map(|door| self.ask("reaches", door));
        for (door, (phase, log)) in doors.iter().zip(try_join_all(asked).await?) {
            ensure(phase == "Succeeded", "an answer", (door, phase, log))?;
        }
        Ok(())
    }

    /// Nobody opens; all do when the namespace has no policies any more.
    pub(crate) async fn reaches_none_but_for_policies(&self, doors: &[Door]) -> Result<(), Failure> {
        let asked = doors.iter().map(|door| self.ask("misses", door));
        for (door, (phase, log)) in doors.iter().zip(try_join_all(asked).await?) {
            let is_nobody = phase == "Failed" && log.contains("nobody answered");
            ensure(is_nobody, "no answer", (door, phase, log))?;
        }
        let policies = self.stage.namespace.all::<NetworkPolicy>();
        policies.delete_collection(&DeleteParams::default(), &ListParams::default()).await?;
        self.reaches(doors).await
    }

    /// Runs the pod to its end; how it ended, and what it said.
    async fn ask(&self, why: &str, door: &Door) -> Result<(String, String), Failure> {
        let name = format!("{why}-{}", door.name);
        let container = json!({
            "name": "ask",
            "image": self.image,
            "args": ["ask", "--patience-seconds=6", "--expect", door.status, door.url],
            "securityContext": {
                "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] }, "runAsNonRoot": true,
                "seccompProfile": { "type": "RuntimeDefault" },
            },
        });
        let spec =
            json!({ "restartPolicy": "Never", "enableServiceLinks": false, "containers": [container] });
        let pod = object::<Pod>(json!({ "metadata": { "name": name }, "spec": spec }))?;
        let pods = self.stage.namespace.all::<Pod>();
        pods.create(&PostParams::default(), &pod).await?;
        let phase = until(&format!("pod {name} has ended"), ENDED_MAX, async || {
            let phase = pods.get(&name).await?.status.and_then(|status| status.phase).unwrap_or_default();
            Ok(["Succeeded", "Failed"].contains(&phase.as_str()).then_some(phase))
        })
        .await?;
        Ok((phase, self.stage.namespace.log(&name, None).await?))
    }
}
