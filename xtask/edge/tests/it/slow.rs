//! Clients that take their time: they hold a place at the edge for ten seconds, and nobody's behind it.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::PATIENCE;
use crate::double::Double;
use crate::nginx::{Nginx, Site};

#[tokio::test]
#[ignore = "needs nginx"]
async fn who_sends_half_a_request_is_left_and_the_service_never_hears_of_it() {
    let (verifier, service) = (Double::verifier().await, Double::start(200, &[]).await);
    let nginx = Nginx::start(&Site::before(service.address).verified_by(verifier.address)).await;
    let half = async |bytes: &str| {
        let begin = Instant::now();
        let mut stream = TcpStream::connect(nginx.address).await.expect("a connection");
        stream.write_all(bytes.as_bytes()).await.expect("sent");
        let mut said = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut said)).await.expect("the edge closes");
        (String::from_utf8(said).expect("text"), begin.elapsed())
    };
    let (headers, body) = tokio::join!(
        half("GET /orders HTTP/1.1\r\nHost: a\r\nX-A: "),
        half("PUT /orders/7/update HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{\"state_type\""),
    );
    for (said, took) in [headers, body] {
        assert!(said.is_empty(), "{said}");
        assert!((Duration::from_secs(9)..Duration::from_secs(20)).contains(&took), "{took:?}");
    }
    assert!(service.arrived().is_empty(), "{:?}", service.arrived());
}
