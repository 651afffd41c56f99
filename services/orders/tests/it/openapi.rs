//! The document and its page: nothing is missing in them, nothing in them is untrue.

mod refusals;

use orders::documents;
use reqwest::Method;
use serde_json::Value;
use service_kit::identity::AuthMode;
use testkit::openapi::{Document, Held, Route};

use crate::fixtures::{insert, model_id, order};
use crate::support::{Answer, World};

/// Written independently on purpose.
const ROUTES: [Route; 2] = [("get", "/orders/created_by/{username}"), ("get", "/orders/user/{user_id}")];

/// What this service never answers: it has no bodies, and a path that is none belongs to no operation.
const OF_NO_OPERATION: [&str; 5] =
    ["body_too_large", "malformed_body", "request_timeout", "unknown_path", "unsupported_media_type"];

fn document(mode: AuthMode) -> Document {
    Document::read(&documents::openapi(mode)).expect("a document is JSON")
}

#[test]
fn the_document_has_every_route_and_no_other() {
    let document = document(AuthMode::Token);
    let mut described: Vec<_> = document.operations().iter().map(|it| (it.method, it.path)).collect();
    described.sort_unstable();
    assert_eq!(described, ROUTES);
}

#[test]
fn every_example_fits_its_schema_in_every_mode() {
    for mode in [AuthMode::Token, AuthMode::Gateway, AuthMode::Open] {
        assert_eq!(document(mode).mistakes(), Vec::<String>::new(), "{mode:?}");
    }
}

#[test]
fn every_code_is_known_to_the_schema_and_shown_by_an_operation() {
    let mut shown = document(AuthMode::Token).codes_shown();
    shown.extend(document(AuthMode::Gateway).codes_shown());
    shown.extend(OF_NO_OPERATION.map(str::to_owned));
    shown.sort();
    shown.dedup();
    let document = document(AuthMode::Token);
    let known = document.value().pointer("/components/schemas/Problem/properties/code/enum").expect("codes");
    let mut known: Vec<&str> = known.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    known.sort_unstable();
    assert_eq!(shown, known);
}

/// Asserts that an answer has this status and is as its operation declares it.
#[track_caller]
fn check(held: &mut Held, route: Route, status: u16, answer: &Answer) {
    assert_eq!(answer.status, status, "{route:?}: {answer:?}");
    let mistakes = held.mistakes_of(route, status, &answer.headers, &answer.text);
    assert!(mistakes.is_empty(), "{route:?}: {mistakes:?}: {answer:?}");
}

#[tokio::test]
async fn lists_of_a_running_service_are_as_declared() {
    let world = World::start().await;
    insert(&world.database, &[order(1), order(2).model(model_id(1)), order(3).model(model_id(2))]).await;
    assert_eq!(world.get("/openapi.json").await.text, documents::openapi(AuthMode::Open));
    let mut held = Held::against(document(AuthMode::Open));
    for (route, path) in ROUTES.into_iter().zip(["/orders/created_by/maren", "/orders/user/ada"]) {
        check(&mut held, route, 200, &world.get(path).await);
        let some = world.get(&format!("{path}/?limit=2&status=all&alert=false")).await;
        check(&mut held, route, 200, &some);
        check(&mut held, route, 200, &world.get(&format!("{path}-nobody")).await);
    }
}

#[tokio::test]
async fn the_page_and_what_it_loads_are_served() {
    let world = World::start().await;
    for path in ["/docs", "/docs/"] {
        let page = world.get(path).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
        assert!(page.text.contains("<title>Atelier Orders</title>"), "{}", page.text);
    }
    // Its links are followed in the tests of the other service: the page is the same.
    for asset in ["page.js", "page.css", "swagger-ui.js", "swagger-ui.css"] {
        let address = format!("/docs/{asset}");
        let answer = world.service.send(Method::HEAD, &address).await;
        assert_eq!(answer.status, 200, "{address}");
    }
}
