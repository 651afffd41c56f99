//! Both services in this process, on a database with one order.

use std::net::SocketAddr;

use service_kit::config::{Settings, Sources, load};
use service_kit::http::RequestIds;
use service_kit::service::{Running, Service};
use testkit::catalog::Catalog;
use testkit::{Role, TestDatabase, wait};

use crate::wire::Wire;

/// What signs tokens.
pub(crate) const SECRET: &str = "planted-token-secret-0123456789abcdef";

/// What is sent bytes.
pub(crate) struct Subject {
    pub(crate) status: SocketAddr,
    pub(crate) lists: SocketAddr,
    database: TestDatabase,
    _running: (Running, Running),
    _catalog: Catalog,
}

impl Subject {
    /// Services that believe everybody.
    pub(crate) async fn open() -> Self {
        Self::start(&[("ATELIER_AUTH__MODE", "open")]).await
    }

    /// Services that believe tokens.
    pub(crate) async fn token() -> Self {
        Self::start(&[("ATELIER_AUTH__MODE", "token"), ("ATELIER_AUTH__HS256__SECRETS", SECRET)]).await
    }

    async fn start(auth: &[(&str, &str)]) -> Self {
        let database = TestDatabase::create().await.expect("a database");
        let catalog = Catalog::start().await.expect("a catalog");
        let status =
            run::<order_status::OrderStatus>(auth, &[("ATELIER_DATABASE__URL", &database.url(Role::Writer))])
                .await;
        let of_lists = [
            ("ATELIER_DATABASE__URL", &*database.url(Role::Reader)),
            ("ATELIER_CATALOG__URL", &*catalog.base_url()),
        ];
        let lists = run::<orders::Orders>(auth, &of_lists).await;
        let order =
            request("POST /orders", r#"{"order_id": 1, "requester_id": "ada", "created_by": "maren"}"#);
        let made = || async {
            (Wire::to(status.address).ask(&order).await != "\"database_unavailable\" ").then_some(())
        };
        wait::until("the database is there", std::time::Duration::from_secs(20), made).await.expect("it is");
        Self {
            status: status.address,
            lists: lists.address,
            database,
            _running: (status, lists),
            _catalog: catalog,
        }
    }

    /// The end: whatever was written is whole.
    pub(crate) async fn finish(self) {
        self.database.check_history_law().await.expect("the history law holds");
    }
}

async fn run<S: Service<Config: Settings>>(auth: &[(&str, &str)], more: &[(&str, &str)]) -> Running {
    let ports = [("ATELIER_LISTEN", "127.0.0.1:0"), ("ATELIER_OPS_LISTEN", "127.0.0.1:0")];
    let pairs = ports.iter().chain(auth).chain(more);
    let environment = pairs.map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let loaded = load::<S::Config>(&Sources { file: None, environment }).expect("a configuration");
    Running::start::<S>(&loaded.settings, RequestIds::counting()).await.expect("it starts")
}

/// A request with a body.
pub(crate) fn request(line: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
