//! Both services, two pods each, on a real database, with a catalog that can fail and a way to the database that can fall silent.
//! Whoever calls the first pods is believed; the second ones know callers by an issuer's tokens, of which there are none.

use std::net::SocketAddr;

use order_status::OrderStatus;
use orders::Orders;
use reqwest::Client;
use reqwest::redirect::Policy;
use service_kit::config::{Sources, load};
use service_kit::http::RequestIds;
use service_kit::service::{Running, Service};
use testkit::catalog::Catalog;
use testkit::issuer::{Conduct, Issuer};
use testkit::proxy::Proxy;
use testkit::{Role, TestDatabase, wait};

use crate::PATIENCE;
use crate::prometheus::Target;

/// The system. It ends with this value.
pub(crate) struct System {
    pub(crate) catalog: Catalog,
    pub(crate) to_database: Proxy,
    pub(crate) client: Client,
    order_status: [Pod; 2],
    orders: [Pod; 2],
    _database: TestDatabase,
    _issuer: Issuer,
}

/// Where a service listens.
pub(crate) struct Pod {
    running: Running,
}

type Settings = Vec<(&'static str, String)>;

impl System {
    /// Starts everything and waits until each pod is ready.
    pub(crate) async fn start() -> Self {
        service_kit::tls::install_provider();
        let database = TestDatabase::create().await.expect("a database");
        let to_database = Proxy::start(database.host(), database.port()).await.expect("a proxy");
        let catalog = Catalog::start().await.expect("a catalog");
        let issuer = Issuer::start(Conduct::Says(br#"{"keys":[]}"#.to_vec()), None).await.expect("an issuer");
        let writer = database.url_through(Role::Writer, to_database.address());
        let reader = database.url_through(Role::Reader, to_database.address());
        let (believing, asking) = (vec![("AUTH__MODE", "open".to_owned())], by_token(&issuer));
        let order_status = [
            Pod::start::<OrderStatus>([of_both(writer.clone()), believing.clone()].concat()).await,
            Pod::start::<OrderStatus>([of_both(writer), asking.clone()].concat()).await,
        ];
        let orders = [
            Pod::start::<Orders>([of_both(reader.clone()), with_catalog(&catalog), believing].concat()).await,
            Pod::start::<Orders>([of_both(reader), with_catalog(&catalog), asking].concat()).await,
        ];
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .build()
            .expect("a client");
        let system =
            Self { catalog, to_database, client, order_status, orders, _database: database, _issuer: issuer };
        for target in system.targets() {
            system.until_ready(target.ops_address).await;
        }
        system
    }

    /// What Prometheus is to look at.
    pub(crate) fn targets(&self) -> [Target; 4] {
        let target =
            |component, pod, at: &Pod| Target { component, pod, ops_address: at.running.ops_address };
        [
            target("order-status", "order-status-0", &self.order_status[0]),
            target("order-status", "order-status-1", &self.order_status[1]),
            target("orders", "orders-0", &self.orders[0]),
            target("orders", "orders-1", &self.orders[1]),
        ]
    }

    /// The order status service, as somebody who is believed and as a stranger.
    pub(crate) fn order_status(&self) -> [SocketAddr; 2] {
        [0, 1].map(|at| self.order_status[at].running.address)
    }

    /// The same of the orders service.
    pub(crate) fn orders(&self) -> [SocketAddr; 2] {
        [0, 1].map(|at| self.orders[at].running.address)
    }

    async fn until_ready(&self, ops_address: SocketAddr) {
        let ready = || async {
            let answer = self.client.get(format!("http://{ops_address}/readyz")).send().await.ok()?;
            answer.status().is_success().then_some(())
        };
        wait::until("the pod is ready", PATIENCE, ready).await.expect("it is");
    }
}

impl Pod {
    async fn start<S: Service>(settings: Settings) -> Self {
        let environment =
            settings.into_iter().map(|(key, value)| (format!("ATELIER_{key}"), value)).collect();
        let settings =
            load::<S::Config>(&Sources { file: None, environment }).expect("a configuration").settings;
        Self { running: Running::start::<S>(&settings, RequestIds::counting()).await.expect("a service") }
    }
}

/// Every request is traced, and nobody takes the spans. Few may wait, so that a silent database is soon one question too many.
fn of_both(database_url: String) -> Settings {
    let nobody = wait::free_port().expect("a port");
    vec![
        ("LISTEN", "127.0.0.1:0".to_owned()),
        ("OPS_LISTEN", "127.0.0.1:0".to_owned()),
        ("DATABASE__URL", database_url),
        ("DATABASE__QUEUE_ITEMS_MAX", "16".to_owned()),
        ("TELEMETRY__SAMPLER", "always_on".to_owned()),
        ("TELEMETRY__OTLP__ENDPOINT", format!("http://127.0.0.1:{nobody}")),
        ("TELEMETRY__OTLP__DELAY_MS", "500".to_owned()),
    ]
}

fn by_token(issuer: &Issuer) -> Settings {
    vec![
        ("AUTH__MODE", "token".to_owned()),
        ("AUTH__JWKS__URL", issuer.url()),
        ("AUTH__TOKEN__ISSUER", "https://issuer.example.com/".to_owned()),
        ("AUTH__TOKEN__AUDIENCE", "atelier".to_owned()),
    ]
}

/// It is asked again after a second, and left alone after a few failures, for a moment.
fn with_catalog(catalog: &Catalog) -> Settings {
    vec![
        ("CATALOG__URL", catalog.base_url()),
        ("CATALOG__CACHE__FRESH_SECONDS", "1".to_owned()),
        ("CATALOG__CACHE__MISSING_SECONDS", "1".to_owned()),
        ("CATALOG__BREAKER__WINDOW_CALLS", "10".to_owned()),
        ("CATALOG__BREAKER__FAILURES_MAX", "5".to_owned()),
        ("CATALOG__BREAKER__OPEN_MS", "1000".to_owned()),
    ]
}
