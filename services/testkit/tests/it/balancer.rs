//! The balancer sends new connections to instances that are ready, in turns, and leaves connections where they are.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use reqwest::Client;
use testkit::balancer::{Backend, Balancer};
use tokio::net::TcpListener;

const PATIENCE: Duration = Duration::from_secs(10);

/// An instance that says its name, and whether it is ready as long as it is.
struct Instance {
    backend: Backend,
    is_ready: Arc<AtomicBool>,
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

impl Instance {
    async fn start(name: &'static str) -> Self {
        let is_ready = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&is_ready);
        let readyz = move || async move {
            if asked.load(Ordering::SeqCst) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
        };
        let backend = Backend {
            api: serve(Router::new().route("/", get(move || async move { name }))).await,
            ops: serve(Router::new().route("/readyz", get(readyz))).await,
        };
        Self { backend, is_ready }
    }
}

fn client() -> Client {
    service_kit::tls::install_provider();
    Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client")
}

/// Who answers; nobody where the connection ends without an answer.
async fn answers(client: &Client, balancer: &Balancer) -> Option<String> {
    let answer = client.get(format!("http://{}/", balancer.address())).send().await.ok()?;
    answer.text().await.ok()
}

/// Who answers on connections of their own.
async fn new_ones(balancer: &Balancer) -> Vec<Option<String>> {
    let mut said = Vec::new();
    for _ in 0..4 {
        said.push(answers(&client(), balancer).await);
    }
    said.sort();
    said.dedup();
    said
}

#[tokio::test]
async fn new_connections_go_to_those_who_are_ready_and_kept_ones_stay() {
    let (one, other) = (Instance::start("one").await, Instance::start("other").await);
    let balancer = Balancer::start().await.expect("a balancer");
    assert_eq!(new_ones(&balancer).await, [None], "there is nobody yet");
    balancer.add(one.backend);
    balancer.add(other.backend);
    balancer.until_ready(2, PATIENCE).await.expect("both");
    let both = [Some("one".to_owned()), Some("other".to_owned())];
    assert_eq!(new_ones(&balancer).await, both);

    let mut kept = client();
    while answers(&kept, &balancer).await != both[0] {
        kept = client();
    }
    one.is_ready.store(false, Ordering::SeqCst);
    balancer.until_ready(1, PATIENCE).await.expect("the other one");
    assert_eq!(new_ones(&balancer).await, both[1..]);
    assert_eq!(answers(&kept, &balancer).await, both[0], "it is not cut");

    one.is_ready.store(true, Ordering::SeqCst);
    balancer.until_ready(2, PATIENCE).await.expect("both again");
    balancer.remove(other.backend);
    assert_eq!(new_ones(&balancer).await, both[..1]);
}
