//! How often one caller may ask, and who that is where somebody stands between.

use reqwest::Method;

use crate::ORIGIN;
use crate::client::Answer;
use crate::double::Double;
use crate::nginx::{Nginx, Site};

const TRUST: &str =
    "# set_real_ip_from 10.0.0.0/8;\n# real_ip_header X-Forwarded-For;\n# real_ip_recursive on;";
const TRUSTED: &str =
    "set_real_ip_from 127.0.0.1/32;\nreal_ip_header X-Forwarded-For;\nreal_ip_recursive on;";

/// An edge that lets a caller ask three times, and then once a minute.
async fn slow_edge(is_trusting: bool) -> (Nginx, [Double; 2]) {
    let (verifier, service) = (Double::verifier().await, Double::start(200, &[]).await);
    let site = Site::before(service.address).verified_by(verifier.address);
    let site = site.with("rate=50r/s", "rate=1r/m").with("burst=100", "burst=2");
    let site = if is_trusting { site.with(TRUST, TRUSTED) } else { site };
    (Nginx::start(&site).await, [verifier, service])
}

async fn ask(nginx: &Nginx, forwarded_for: &str) -> Answer {
    let request = nginx.client().request(Method::GET, "/orders/7").header("origin", ORIGIN);
    Answer::of(request.header("x-forwarded-for", forwarded_for)).await
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn who_asks_too_often_is_told_when_to_come_again_whatever_they_say_of_themselves() {
    let (nginx, [verifier, service]) = slow_edge(false).await;
    for number in 0..3 {
        assert_eq!(ask(&nginx, &format!("192.0.2.{number}")).await.status, 200);
    }
    for number in 3..6 {
        ask(&nginx, &format!("192.0.2.{number}")).await.refused(429, "rate_limited");
    }
    // Neither is asked about those.
    assert_eq!((verifier.arrived().len(), service.arrived().len()), (3, 3));
    // A preflight is no request of anybody's, and a page must learn that it was refused.
    let preflight = nginx.client().request(Method::OPTIONS, "/orders/7").header("origin", ORIGIN);
    let preflight = Answer::of(preflight.header("access-control-request-method", "GET")).await;
    assert_eq!(preflight.status, 204);
    preflight.is_readable();
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn behind_one_that_is_trusted_each_of_its_callers_is_one() {
    let (nginx, _doubles) = slow_edge(true).await;
    // The last that is not trusted counts: what stands before it is the caller's own word.
    for first in ["198.51.100.1", "198.51.100.2", "198.51.100.3"] {
        assert_eq!(ask(&nginx, &format!("{first}, 192.0.2.1")).await.status, 200);
    }
    ask(&nginx, "198.51.100.4, 192.0.2.1").await.refused(429, "rate_limited");
    assert_eq!(ask(&nginx, "198.51.100.1, 192.0.2.2").await.status, 200);
}
