//! What browsers, callers and impostors ask from outside, and what they must be answered.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::error::{Failure, ensure};
use crate::namespace::{Answer, until};
use crate::orders::{MODEL, People, request};
use crate::way::Way;

/// Of the one page that may call.
pub(crate) const ORIGIN: &str = "https://shop.example.com";
const TAKEN_MAX: Duration = Duration::from_secs(30);
const EXPOSED: [&str; 6] =
    ["ETag", "Location", "Retry-After", "X-Request-Id", "Idempotency-Replayed", "WWW-Authenticate"];

/// Waits until the way leads to a service: a Gateway takes a route when it likes.
pub(crate) async fn taken(way: &Way<'_>) -> Result<(), Failure> {
    until("a request comes through", TAKEN_MAX, async || {
        let answer = way.send(request(None, "GET", "/orders/1", None)?).await?;
        Ok((answer.status == 401).then_some(()))
    })
    .await
}

/// A page of the shop may ask, and nobody else's.
pub(crate) async fn preflight(way: &Way<'_>) -> Result<(), Failure> {
    let answer = way.send(preflight_of(ORIGIN)?).await?;
    let may = answer.header("access-control-allow-methods").contains("PUT")
        && answer.header("access-control-allow-headers").contains("If-Match");
    let is_kept = answer.header("access-control-max-age") == "600";
    ensure(answer.status == 204 && may && is_kept, "a preflight answered without a token", &answer)?;
    ensure(may_read(&answer), "the page's origin, and Vary: Origin", &answer)?;

    let answer = way.send(preflight_of("https://shop.example.com.evil.example")?).await?;
    let is_let_in = answer.headers.contains_key("access-control-allow-origin");
    ensure(!is_let_in, "no leave for a page of somebody else's", &answer)
}

/// A browser's question before it sends a change.
pub(crate) fn preflight_of(origin: &'static str) -> Result<Request<Full<Bytes>>, Failure> {
    let mut asked = request(None, "OPTIONS", "/orders/7/update", None)?;
    claim(
        &mut asked,
        &[
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "authorization,content-type,if-match"),
        ],
    );
    Ok(asked)
}

/// What is refused in front is a problem like any other, and the page may read it.
pub(crate) async fn refusals(way: &Way<'_>) -> Result<(), Failure> {
    let large = json!({ "requester_id": "a".repeat(70_000) });
    for (method, path, body, status, code) in [
        ("GET", "/orders/1", None, 401, "unauthenticated"),
        ("POST", "/orders/", Some(&large), 413, "body_too_large"),
    ] {
        let answer = way.send(from_page(request(None, method, path, body)?)).await?;
        let is_it = answer.status == status && answer.body["code"] == code;
        ensure(is_it, "a refusal in words", (code, &answer))?;
        ensure(may_read(&answer), "headers of CORS on a refusal", (code, &answer))?;
        let is_challenged = answer.header("www-authenticate").starts_with("Bearer");
        ensure(status != 401 || is_challenged, "WWW-Authenticate", &answer)?;
    }
    Ok(())
}

/// An order walked by its parties and listed with its model, all by tokens. Returns its id.
pub(crate) async fn sold(way: &Way<'_>, people: &People) -> Result<u64, Failure> {
    let id = way.walk(people).await?;
    let page = way.page(&people.buyer).await?;
    let mut orders = page.body["orders"].as_array().into_iter().flatten();
    let is_there = |order: &Value| order["order_id"] == id && order["model_details"]["name"] == MODEL.1;
    ensure(page.status == 200 && orders.any(is_there), "the paid order with its model", &page)?;
    Ok(id)
}

/// Headers that say who somebody is say nothing, in any spelling and number, with a token or without.
pub(crate) async fn spoofed(way: &Way<'_>, people: &People, id: u64) -> Result<(), Failure> {
    let path = format!("/orders/{id}");
    for claims in [
        &[("x-user-id", "ada")][..],
        &[("x-user-id", "eve"), ("x-user-id", "ada")],
        &[("X_User_Id", "ada"), ("x_user_id", "ada")],
        &[("x-user-id", "root"), ("x-roles", "operator"), ("x-username", "maren")],
        &[("x-user-id", "ada"), ("x-gateway-secret", "guessed")],
    ] {
        for (person, status) in [(None, 401), (Some(&people.stranger), 404)] {
            let mut forged = request(person, "GET", &path, None)?;
            claim(&mut forged, claims);
            let answer = way.send(forged).await?;
            ensure(answer.status == status, "nobody, or a stranger", (claims, &answer))?;
        }
    }
    // The control: there is something to see, for whoever is it.
    let hers = way.send(request(Some(&people.buyer), "GET", &path, None)?).await?;
    ensure(hers.status == 200, "her own order", &hers)
}

/// Adds headers, a name as often as it is said.
pub(crate) fn claim(request: &mut Request<Full<Bytes>>, claims: &[(&'static str, &'static str)]) {
    for (name, value) in claims {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            request.headers_mut().append(name, HeaderValue::from_static(value));
        }
    }
}

/// As the page of the shop sends it.
pub(crate) fn from_page(mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    claim(&mut request, &[("origin", ORIGIN)]);
    request
}

/// Whether a browser shows this answer to the page, with all that the page needs of it.
pub(crate) fn may_read(answer: &Answer) -> bool {
    let exposed = answer.header("access-control-expose-headers");
    let is_preflight = answer.headers.contains_key("access-control-allow-methods");
    answer.header("access-control-allow-origin") == ORIGIN
        && answer.headers.get_all("vary").iter().any(|value| value == "Origin")
        && (is_preflight || EXPOSED.iter().all(|name| exposed.contains(name)))
}
