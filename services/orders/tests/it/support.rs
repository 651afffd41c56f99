//! The service under test, and how it is asked.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use orders::{Config, Orders};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use service_kit::config::{Sources, load};
use service_kit::http::RequestIds;
use service_kit::service::Running;
use testkit::catalog::Catalog;
use testkit::{Role, TestDatabase};

/// Longer than any answer may take: a test that waits for this long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What a machine with two busy cores may add to a deadline.
pub(crate) const MARGIN: Duration = Duration::from_secs(1);

/// The service with a database and a catalog of its own.
pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) catalog: Catalog,
    pub(crate) service: Service,
}

impl World {
    /// With the defaults.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these keys set otherwise.
    pub(crate) async fn with(keys: &[(&str, &str)]) -> Self {
        let database = TestDatabase::create().await.expect("a database");
        let catalog = Catalog::start().await.expect("a catalog");
        let service = Service::start(&database.url(Role::Reader), &catalog.base_url(), keys).await;
        Self { database, catalog, service }
    }

    /// Asks the service.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.service.get(path).await
    }
}

/// The running service. It ends with this value.
pub(crate) struct Service {
    running: Running,
    client: Client,
}

impl Service {
    /// Starts it on free ports. Keys are spelt as in a file, `database.read_connections`.
    pub(crate) async fn start(database_url: &str, catalog_url: &str, keys: &[(&str, &str)]) -> Self {
        service_kit::tls::install_provider();
        let sources = sources(database_url, catalog_url, keys);
        let settings = load::<Config>(&sources).expect("a configuration").settings;
        let running = Running::start::<Orders>(&settings, RequestIds::counting()).await.expect("it starts");
        Self { running, client: client() }
    }

    /// Asks the API.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path).await
    }

    /// Asks the API with these headers.
    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, String)]) -> Answer {
        let mut request = self.client.get(format!("http://{}{path}", self.running.address));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        answer_to(request).await
    }

    /// Asks the API by another method.
    pub(crate) async fn send(&self, method: Method, path: &str) -> Answer {
        ask(&self.client, method, self.running.address, path).await
    }

    /// Where the API is.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// Asks the ops listener.
    pub(crate) async fn ops(&self, path: &str) -> Answer {
        ask(&self.client, Method::GET, self.running.ops_address, path).await
    }
}

/// The configuration of a service for tests, as an environment.
pub(crate) fn environment(
    database_url: &str,
    catalog_url: &str,
    keys: &[(&str, &str)],
) -> Vec<(String, String)> {
    let base = [
        ("listen", "127.0.0.1:0"),
        ("ops_listen", "127.0.0.1:0"),
        ("auth.mode", "open"),
        ("database.url", database_url),
        ("catalog.url", catalog_url),
    ];
    // A later pair of the same key would be a matter of luck, so what a test sets replaces the base.
    let base = base.iter().filter(|(key, _)| keys.iter().all(|(set, _)| set != key));
    base.chain(keys)
        .map(|(key, value)| {
            (format!("ATELIER_{}", key.to_uppercase().replace('.', "__")), (*value).to_owned())
        })
        .collect()
}

/// The same, for [`load`].
pub(crate) fn sources(database_url: &str, catalog_url: &str, keys: &[(&str, &str)]) -> Sources {
    Sources { file: None, environment: environment(database_url, catalog_url, keys) }
}

/// A client that adds nothing of its own.
pub(crate) fn client() -> Client {
    service_kit::tls::install_provider();
    Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE).build().expect("a client")
}

/// Asks, and measures.
pub(crate) async fn ask(client: &Client, method: Method, address: SocketAddr, path: &str) -> Answer {
    answer_to(client.request(method, format!("http://{address}{path}"))).await
}

async fn answer_to(request: RequestBuilder) -> Answer {
    let began = Instant::now();
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("a whole body");
    Answer { status, headers, text, took: began.elapsed() }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) took: Duration,
}

impl Answer {
    /// The body.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("a JSON body")
    }

    /// A header's text; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// The orders of a page.
    #[track_caller]
    pub(crate) fn orders(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()["orders"].as_array().expect("a list of orders").clone()
    }

    /// Their ids, in the page's order.
    #[track_caller]
    pub(crate) fn ids(&self) -> Vec<i64> {
        self.orders().iter().map(|order| order["order_id"].as_i64().expect("an integer")).collect()
    }

    /// The cursor of the next page.
    #[track_caller]
    pub(crate) fn next(&self) -> Option<String> {
        let body = self.json();
        let next = body.get("next").expect("`next` is there, `null` at the end");
        assert!(next.is_null() || next.is_string(), "{next}");
        next.as_str().map(str::to_owned)
    }

    /// What is said of each order's model, in the page's order.
    #[track_caller]
    pub(crate) fn model_statuses(&self) -> Vec<String> {
        self.orders().iter().map(|order| order["model_status"].as_str().expect("a text").to_owned()).collect()
    }

    /// Asserts a problem of this status and code, in the shape that all have.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        let body = self.json();
        assert_eq!(body["code"], code);
        assert_eq!(body["type"], format!("urn:atelier:problem:{code}"));
        assert_eq!(body["status"], status);
        assert_eq!(body["request_id"], self.header("x-request-id"));
        assert!(body["detail"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        assert!(body["title"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    }

    /// The fields that a 422 names, sorted.
    #[track_caller]
    pub(crate) fn wrong_fields(&self) -> Vec<String> {
        self.assert_problem(422, "invalid_fields");
        let errors = self.json()["errors"].as_array().expect("a list of errors").clone();
        assert!(errors.iter().all(|error| error["message"].as_str().is_some_and(|text| !text.is_empty())));
        let mut fields: Vec<String> =
            errors.iter().map(|error| error["field"].as_str().expect("a text").to_owned()).collect();
        fields.sort();
        fields
    }
}
