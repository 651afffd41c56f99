//! Starts the real service in this process, on a database of the test's own, and asks it by HTTP.
//! Every answer that passes through here is held against what all answers have in common; see [`answer`].

pub(crate) mod answer;
pub(crate) mod foreign;
pub(crate) mod load;
pub(crate) mod own_server;
pub(crate) mod program;
pub(crate) mod raw;
pub(crate) mod shop;

use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;

use order_status::{Config, OrderStatus};
use reqwest::{Client, Method, RequestBuilder, redirect};
use serde_json::{Value, json};
use service_kit::config::{self, Sources};
use service_kit::http::RequestIds;
use service_kit::service::Running;
use sqlx::query_scalar;
use testkit::{Role, TestDatabase, wait};

pub(crate) use answer::Answer;

/// The requester of every order that a helper makes.
pub(crate) const BUYER: &str = "buyer-7";
/// The creator of every order that a helper makes.
pub(crate) const MAKER: &str = "maker-3";
/// How long anything may take that is expected to happen; far more than it needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// For tests that are not about speed: this machine may be busy with others.
pub(crate) const PATIENT: [(&str, &str); 1] = [("ATELIER_DATABASE__ITEM_DEADLINE_MS", "15000")];

/// The service's configuration on `database_url`; `more` wins.
pub(crate) fn settings(database_url: &str, more: &[(&str, &str)]) -> Config {
    let ours = [
        ("ATELIER_LISTEN", "127.0.0.1:0"),
        ("ATELIER_OPS_LISTEN", "127.0.0.1:0"),
        ("ATELIER_AUTH__MODE", "open"),
        ("ATELIER_DATABASE__URL", database_url),
    ];
    let pairs = ours.iter().chain(more).map(|&(name, value)| (name.to_owned(), value.to_owned()));
    let sources = Sources { file: None, environment: pairs.collect() };
    config::load(&sources).expect("a configuration that can be used").settings
}

/// One running service, and a client of it.
pub(crate) struct Instance {
    pub(crate) address: SocketAddr,
    pub(crate) ops_address: SocketAddr,
    client: Client,
    // Never run: that would take this whole process's signals. What was started ends with it.
    _running: Option<Running>,
}

impl Instance {
    /// Starts the service; it need not become ready.
    pub(crate) async fn start(settings: &Config) -> Self {
        let running =
            Running::start::<OrderStatus>(settings, RequestIds::counting()).await.expect("a service");
        let (address, ops_address) = (running.address, running.ops_address);
        Self { address, ops_address, client: client(), _running: Some(running) }
    }

    /// A service that runs elsewhere.
    pub(crate) fn at(address: SocketAddr, ops_address: SocketAddr) -> Self {
        Self { address, ops_address, client: client(), _running: None }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// Sends `body` as it is, as JSON.
    pub(crate) async fn send(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        Answer::of(self.request(method, path).header("content-type", "application/json").body(body)).await
    }

    pub(crate) async fn post(&self, body: &Value) -> Answer {
        self.send(Method::POST, "/orders", body.to_string()).await
    }

    pub(crate) async fn put(&self, order_id: i64, body: &Value) -> Answer {
        self.send(Method::PUT, &format!("/orders/{order_id}/update"), body.to_string()).await
    }

    pub(crate) async fn status(&self, order_id: i64) -> Answer {
        self.get(&format!("/orders/{order_id}/status")).await
    }

    /// A new order of [`BUYER`] at [`MAKER`]; its id.
    pub(crate) async fn order(&self) -> i64 {
        let answer = self.post(&json!({"requester_id": BUYER, "created_by": MAKER})).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["order"]["order_id"].as_i64().expect("an id")
    }

    /// A move by the buyer.
    pub(crate) async fn buyer(&self, order_id: i64, state_type: &str, new_value: bool) -> Answer {
        self.put(order_id, &json!({"state_type": state_type, "new_value": new_value, "user_id": BUYER})).await
    }

    /// A move by the maker.
    pub(crate) async fn maker(&self, order_id: i64, state_type: &str, new_value: bool) -> Answer {
        self.put(order_id, &json!({"state_type": state_type, "new_value": new_value, "username": MAKER}))
            .await
    }

    /// A new order, moved up to `stage` by its parties; its id.
    pub(crate) async fn order_at(&self, stage: &str) -> i64 {
        let order_id = self.order().await;
        let ladder = [("requested", true), ("accepted", false), ("completed", false), ("paid", true)];
        let top = ladder.iter().position(|&(name, _)| name == stage).map_or(0, |index| index + 1);
        for &(step, by_buyer) in &ladder[..top] {
            let answer = if by_buyer {
                self.buyer(order_id, step, true).await
            } else {
                self.maker(order_id, step, true).await
            };
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        order_id
    }

    /// What the ops listener says at `path`.
    pub(crate) async fn ops(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.ops_address);
        let response = self.client.get(url).send().await.expect("an answer of the ops listener");
        (response.status().as_u16(), response.text().await.expect("a body"))
    }

    /// Turns `database.read_only` on or off; what is said to it.
    pub(crate) async fn set_read_only(&self, is_on: bool) -> (u16, Value) {
        let (status, text) = self.put_ops("/read-only", &is_on.into()).await;
        (status, serde_json::from_str(&text).expect("JSON"))
    }

    /// What the ops listener says to `body` at `path`.
    pub(crate) async fn put_ops(&self, path: &str, body: &Value) -> (u16, String) {
        let url = format!("http://{}{path}", self.ops_address);
        let request = self.client.put(url).header("content-type", "application/json");
        let response = request.body(body.to_string()).send().await.expect("an answer of the ops listener");
        (response.status().as_u16(), response.text().await.expect("a body"))
    }

    /// What `/readyz` says.
    pub(crate) async fn readyz(&self) -> (u16, Value) {
        let (status, text) = self.ops("/readyz").await;
        (status, serde_json::from_str(&text).expect("readyz is JSON"))
    }

    /// Waits until `/readyz` answers what `is_it` looks for.
    pub(crate) async fn until_readyz(
        &self,
        what: &str,
        deadline: Duration,
        is_it: impl Fn(u16, &Value) -> bool,
    ) {
        let probe = || async {
            let (status, report) = self.readyz().await;
            is_it(status, &report).then_some(())
        };
        let waited = wait::until(what, deadline, probe).await;
        assert!(waited.is_ok(), "{what}: not within {deadline:?}, but {:?}", self.readyz().await);
    }

    pub(crate) async fn until_ready(&self) {
        self.until_readyz("ready", PATIENCE, |status, report| status == 200 && report["status"] == "ready")
            .await;
    }

    /// The series of metric `name`, label sets and all, with their values.
    pub(crate) async fn series(&self, name: &str) -> Vec<(String, f64)> {
        let (_, text) = self.ops("/metrics").await;
        text.lines()
            .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])))
            .map(|line| {
                let (series, value) = line.rsplit_once(' ').expect("a sample");
                (series.to_owned(), value.parse().expect("a number"))
            })
            .collect()
    }

    /// Waits until exactly `count` requests are being served.
    pub(crate) async fn until_active(&self, count: f64) {
        let probe = || async {
            let active = self.series("http_server_active_requests").await;
            active.iter().any(|&(_, value)| (value - count).abs() < 0.5).then_some(())
        };
        wait::until("requests in flight", PATIENCE, probe).await.expect("as many requests in flight");
    }
}

/// A running service on a database of its own.
pub(crate) struct App {
    pub(crate) database: TestDatabase,
    instance: Instance,
}

impl Deref for App {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.instance
    }
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With further configuration, and ready.
    pub(crate) async fn start_with(more: &[(&str, &str)]) -> Self {
        let database = TestDatabase::create().await.expect("a database");
        let instance = Instance::start(&settings(&database.url(Role::Writer), more)).await;
        instance.until_ready().await;
        Self { database, instance }
    }

    /// Another service on the same database.
    pub(crate) async fn second(&self, more: &[(&str, &str)]) -> Instance {
        let instance = Instance::start(&settings(&self.database.url(Role::Writer), more)).await;
        instance.until_ready().await;
        instance
    }

    /// How many events an order has.
    pub(crate) async fn events(&self, order_id: i64) -> i64 {
        let mut connection = self.database.connect(Role::Reader).await.expect("the reader");
        query_scalar("SELECT count(*) FROM atelier.order_events WHERE order_id = $1")
            .bind(order_id)
            .fetch_one(&mut connection)
            .await
            .expect("a count")
    }

    /// The end of every test that writes: the database must be what its events tell.
    pub(crate) async fn finish(self) {
        self.database.check_history_law().await.expect("the history law holds");
    }
}

fn client() -> Client {
    service_kit::tls::install_provider();
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(Duration::from_mins(1))
        .build()
        .expect("a client")
}
