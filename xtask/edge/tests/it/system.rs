//! Both real services behind a real edge: they believe the edge, and the edge asks one of them who is calling.

use std::net::SocketAddr;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use order_status::OrderStatus;
use orders::Orders;
use reqwest::Method;
use serde_json::{Value, json};
use service_kit::config::{Sources, load};
use service_kit::http::RequestIds;
use service_kit::service::{Running, Service};
use testkit::catalog::Catalog;
use testkit::file::TestFile;
use testkit::{Role, TestDatabase, wait};

use crate::PATIENCE;
use crate::client::{Answer, Client};
use crate::nginx::{GATEWAY_SECRET, Nginx, Site, free_address};

/// What signs tokens.
const TOKEN_SECRET: &str = "planted-token-secret-0123456789abcdef";
/// So far off that no clock matters: the year 2100.
const EXPIRES: i64 = 4_102_444_800;

/// The system. It ends with this value.
pub(crate) struct System {
    /// What the services know the edge by; a test may write it anew.
    pub(crate) secrets: TestFile,
    order_status: Running,
    orders: Running,
    verifier: SocketAddr,
    _catalog: Catalog,
    _database: TestDatabase,
}

impl System {
    /// Starts both services and waits until they are ready.
    pub(crate) async fn start() -> Self {
        let database = TestDatabase::create().await.expect("a database");
        let catalog = Catalog::start().await.expect("a catalog");
        let secrets = TestFile::new(GATEWAY_SECRET).expect("a file");
        let verifier = free_address();
        let by_gateway = |role| {
            vec![
                ("LISTEN", "127.0.0.1:0".to_owned()),
                ("OPS_LISTEN", "127.0.0.1:0".to_owned()),
                ("DATABASE__URL", database.url(role)),
                ("DATABASE__ITEM_DEADLINE_MS", "15000".to_owned()),
                ("AUTH__MODE", "gateway".to_owned()),
                ("AUTH__GATEWAY__SECRETS_FILE", secrets.path().to_owned()),
            ]
        };
        let by_token = vec![
            ("AUTH__VERIFY_LISTEN", verifier.to_string()),
            ("AUTH__HS256__SECRETS", TOKEN_SECRET.to_owned()),
        ];
        let with_catalog = vec![("CATALOG__URL", catalog.base_url())];
        let order_status = started::<OrderStatus>([by_gateway(Role::Writer), by_token].concat()).await;
        let orders = started::<Orders>([by_gateway(Role::Reader), with_catalog].concat()).await;
        Self { secrets, order_status, orders, verifier, _catalog: catalog, _database: database }
    }

    /// Where everything is, for an edge.
    pub(crate) fn site(&self) -> Site {
        let mut site = Site::before(self.verifier);
        (site.order_status, site.orders) = (self.order_status.address, self.orders.address);
        site
    }

    /// With an edge that limits nobody.
    pub(crate) async fn with_edge() -> (Self, Nginx) {
        let system = Self::start().await;
        let nginx = Nginx::start(&system.site().without_rate()).await;
        (system, nginx)
    }
}

async fn started<S: Service>(settings: Vec<(&'static str, String)>) -> Running {
    let environment = settings.into_iter().map(|(key, value)| (format!("ATELIER_{key}"), value)).collect();
    let settings = load::<S::Config>(&Sources { file: None, environment }).expect("a configuration").settings;
    let running = Running::start::<S>(&settings, RequestIds::counting()).await.expect("a service");
    let ops = Client::of(running.ops_address);
    let ready = || async {
        let answer = Answer::attempt(ops.request(Method::GET, "/readyz")).await.ok()?;
        (answer.status == 200).then_some(())
    };
    wait::until("the service is ready", PATIENCE, ready).await.expect("it is");
    running
}

/// A good token of somebody whose id and name are these.
pub(crate) fn token(name: &str) -> String {
    signed(&json!({ "sub": name, "username": name, "exp": EXPIRES }))
}

/// A good token of an operator.
pub(crate) fn operator() -> String {
    signed(&json!({ "sub": "olga", "username": "olga", "roles": ["operator"], "exp": EXPIRES }))
}

fn signed(claims: &Value) -> String {
    let key = EncodingKey::from_secret(TOKEN_SECRET.as_bytes());
    encode(&Header::new(Algorithm::HS256), claims, &key).expect("a token")
}

/// Makes an order of ada's at maren's; its id.
pub(crate) async fn order(client: &Client) -> i64 {
    let body = json!({ "requester_id": "ada", "created_by": "maren" }).to_string();
    let made = Answer::of(client.send(Method::POST, "/orders/", &token("ada"), &body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.is_readable();
    made.json()["order"]["order_id"].as_i64().expect("an id")
}
