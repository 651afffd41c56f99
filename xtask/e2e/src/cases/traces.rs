//! A request that its caller wants traced is at the collector of `k8s/collector` afterwards, from both services; one that its
//! caller does not is not.

use std::path::Path;
use std::time::Duration;

use hyper::header::HeaderValue;
use serde_json::json;

use crate::error::{Failure, ensure};
use crate::namespace::until;
use crate::orders::{People, request};
use crate::release::{Release, Service, WAIT};
use crate::stage::Stage;

const MANIFEST: &str = "k8s/collector/collector.yaml";
/// The services keep spans for some seconds, to send many at once.
const ARRIVED_MAX: Duration = Duration::from_secs(30);
const WANTED: [(Service, &str, &str); 2] = [
    (Service::OrderStatus, "/orders/1", "0af7651916cd43dd8448eb211c80319c"),
    (Service::Orders, "/orders/user/ada", "4bf92f3577b34da6a3ce929d0e0e4736"),
];
const UNWANTED: &str = "deadbeefdeadbeefdeadbeefdeadbeef";

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    stage.apply_file(Path::new(MANIFEST), "Deployment", stage.setting.collector_image.as_ref()).await?;
    stage.deployed("collector").await?;
    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    let endpoint = format!("http://collector.{}.svc:4318", stage.namespace.name());
    let config = json!({ "telemetry": { "otlp": { "endpoint": endpoint } } });
    let both = [format!("orderStatus.config={config}"), format!("orders.config={config}")];
    let settings = ["--set-json", &both[0], "--set-json", &both[1]];
    release.install(&values, &[settings.as_slice(), &WAIT].concat()).await?;

    let people = People::of(stage).await?;
    for (service, path, trace) in WANTED {
        // First the one that must not arrive: it would be there before the other.
        for (trace, is_wanted) in [(UNWANTED, false), (trace, true)] {
            let mut asked = request(Some(&people.buyer), "GET", path, None)?;
            let context = format!("00-{trace}-b7ad6b7169203331-{:02}", u8::from(is_wanted));
            let context = HeaderValue::from_str(&context).map_err(|error| Failure::Request(error.into()))?;
            asked.headers_mut().insert("traceparent", context);
            release.send(service, asked).await?;
        }
    }
    let pods = stage.namespace.pods("app.kubernetes.io/name=collector").await?;
    let collector = pods.first().and_then(|pod| pod.metadata.name.clone()).unwrap_or_default();
    let log = until("both traces have arrived", ARRIVED_MAX, async || {
        let log = stage.namespace.log(&collector, None).await?;
        Ok(WANTED.iter().all(|(_, _, trace)| log.contains(trace)).then_some(log))
    })
    .await?;
    let lines = log.lines().filter(|line| WANTED.iter().any(|(_, _, trace)| line.contains(trace)));
    stage.note(&format!("{} spans of the two requests arrived", lines.count()));
    ensure(!log.contains(UNWANTED), "nothing of a request that was not to be traced", &log)
}
