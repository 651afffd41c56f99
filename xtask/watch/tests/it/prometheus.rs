//! The real Prometheus, with the chart's rules, looking at services once a second.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use testkit::file::TestFile;
use testkit::wait;

use crate::rules::RULES;
use crate::{NAMESPACE, PATIENCE, RELEASE, repository};

/// Between two questions of whoever waits: the machine has other work.
const PAUSE: Duration = Duration::from_millis(200);

/// A pod, as far as Prometheus sees it.
pub(crate) struct Target {
    pub(crate) component: &'static str,
    pub(crate) pod: &'static str,
    pub(crate) ops_address: SocketAddr,
}

/// What was found for one set of labels.
pub(crate) struct Series {
    pub(crate) labels: BTreeMap<String, String>,
    /// Seconds since 1970, and the value, which may be no number.
    pub(crate) points: Vec<(f64, f64)>,
}

impl Series {
    pub(crate) fn has_data(&self) -> bool {
        self.points.iter().any(|(_, value)| value.is_finite())
    }
}

/// A running Prometheus. It is killed with this value.
pub(crate) struct Prometheus {
    address: SocketAddr,
    client: Client,
    child: Child,
    _configuration: TestFile,
}

impl Prometheus {
    /// Starts it and waits until it answers. It looks at all of `targets` and evaluates each rule every second.
    pub(crate) async fn start(targets: &[Target]) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, wait::free_port().expect("a port")));
        let configuration = TestFile::new(&configuration(targets)).expect("a file");
        // All that it writes lies beside its configuration.
        let data = Path::new(configuration.path()).with_file_name("data");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", configuration.path()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=warn")
            .stdin(Stdio::null())
            .spawn()
            .expect("prometheus starts");
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .build()
            .expect("a client");
        let prometheus = Self { address, client, child, _configuration: configuration };
        let ready = || async {
            let answer = prometheus.client.get(format!("http://{address}/-/ready")).send().await.ok()?;
            answer.status().is_success().then_some(())
        };
        wait::until("prometheus is ready", PATIENCE, ready).await.expect("it is");
        prometheus
    }

    /// What `query` finds now; why not, if it cannot be asked.
    pub(crate) async fn now(&self, query: &str) -> Result<Vec<Series>, String> {
        self.ask("query", &[("query", query.to_owned())]).await
    }

    /// What `query` finds at each second between the two times.
    pub(crate) async fn between(&self, query: &str, (from, to): (f64, f64)) -> Result<Vec<Series>, String> {
        let pairs = [
            ("query", query.to_owned()),
            ("start", from.to_string()),
            ("end", to.to_string()),
            ("step", "1".to_owned()),
        ];
        self.ask("query_range", &pairs).await
    }

    /// Waits until `query` finds anything.
    pub(crate) async fn until(&self, query: &str) {
        let found = || async { (!self.now(query).await.expect("a query").is_empty()).then_some(()) };
        wait::until_every(PAUSE, query, PATIENCE, found).await.expect("Prometheus sees it");
    }

    /// Waits until every target was looked at so often again.
    pub(crate) async fn watch(&self, times: f64) {
        let looks = self.number("min(count_over_time(up[1h]))").await;
        self.until(&format!("min(count_over_time(up[1h])) >= {}", looks + times)).await;
    }

    /// Its own time.
    pub(crate) async fn time(&self) -> f64 {
        self.number("time()").await
    }

    async fn number(&self, query: &str) -> f64 {
        let found = self.now(query).await.expect("a query");
        found.first().and_then(|series| series.points.first()).expect("a number").1
    }

    async fn ask(&self, what: &str, pairs: &[(&str, String)]) -> Result<Vec<Series>, String> {
        let url = format!("http://{}/api/v1/{what}", self.address);
        let url = reqwest::Url::parse_with_params(&url, pairs).expect("an address");
        let answer = self.client.get(url).send().await.expect("an answer").text().await.expect("a body");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        if answer["status"] == "success" {
            Ok(series(&answer["data"]))
        } else {
            Err(answer["error"].to_string())
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// JSON is YAML too.
fn configuration(targets: &[Target]) -> String {
    let targets = targets.iter().map(|target| {
        json!({
            "targets": [target.ops_address.to_string()],
            "labels": { "namespace": NAMESPACE, "release": RELEASE, "component": target.component, "pod": target.pod },
        })
    });
    json!({
        "global": { "scrape_interval": "1s", "evaluation_interval": "1s" },
        "rule_files": [repository(RULES)],
        "scrape_configs": [{ "job_name": "atelier", "static_configs": targets.collect::<Vec<_>>() }],
    })
    .to_string()
}

/// Of a number, of numbers by labels, or of numbers over time.
fn series(data: &Value) -> Vec<Series> {
    let point = |pair: &Value| -> (f64, f64) {
        let value = pair[1].as_str().and_then(|text| text.parse().ok());
        (pair[0].as_f64().expect("a time"), value.expect("a value"))
    };
    let result = &data["result"];
    if data["resultType"] == "scalar" {
        return vec![Series { labels: BTreeMap::new(), points: vec![point(result)] }];
    }
    let all = result.as_array().expect("a list").iter();
    all.map(|one| Series {
        labels: serde_json::from_value(one["metric"].clone()).expect("labels"),
        points: match one["values"].as_array() {
            Some(values) => values.iter().map(point).collect(),
            None => vec![point(&one["value"])],
        },
    })
    .collect()
}
