//! The document and its page: nothing is missing in them, nothing in them is untrue.

mod refusals;

use order_status::documents;
use reqwest::Method;
use serde_json::{Value, json};
use service_kit::identity::AuthMode;
use testkit::openapi::{Document, Held, Operation, Route};

use crate::support::{Answer, App, BUYER, MAKER};

/// Written independently on purpose.
const ROUTES: [Route; 5] = [
    ("post", "/orders/"),
    ("get", "/orders/{order_id}"),
    ("get", "/orders/{order_id}/status"),
    ("get", "/orders/{order_id}/history"),
    ("put", "/orders/{order_id}/update"),
];

/// What no operation answers: a path that is none belongs to none.
const OF_NO_OPERATION: &str = "unknown_path";

fn document(mode: AuthMode) -> Document {
    Document::read(&documents::openapi(mode)).expect("a document is JSON")
}

/// Asserts that an answer has this status and is as its operation declares it.
#[track_caller]
fn check(held: &mut Held, route: Route, status: u16, answer: &Answer) {
    assert_eq!(answer.status, status, "{route:?}: {answer:?}");
    let mistakes = held.mistakes_of(route, status, answer.headers(), &answer.text);
    assert!(mistakes.is_empty(), "{route:?}: {mistakes:?}: {answer:?}");
}

#[test]
fn the_document_has_every_route_and_no_other() {
    let document = document(AuthMode::Token);
    let mut described: Vec<_> = document.operations().iter().map(|it| (it.method, it.path)).collect();
    described.sort_unstable();
    let mut expected = ROUTES;
    expected.sort_unstable();
    assert_eq!(described, expected);
    assert_eq!(document.value()["openapi"], "3.1.0");
}

#[tokio::test]
async fn each_described_path_answers_in_both_spellings_and_takes_the_described_methods() {
    let app = App::start().await;
    for (method, path) in ROUTES {
        let path = path.replace("{order_id}", "1");
        let path = path.trim_end_matches('/');
        let allowed = if method == "get" { "GET,HEAD".to_owned() } else { method.to_uppercase() };
        for spelling in [path.to_owned(), format!("{path}/")] {
            let answer = Answer::of(app.request(Method::DELETE, &spelling)).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed.as_str())), "{spelling}");
        }
    }
}

#[test]
fn every_example_fits_its_schema_in_every_mode() {
    for mode in [AuthMode::Token, AuthMode::Gateway, AuthMode::Open] {
        assert_eq!(document(mode).mistakes(), Vec::<String>::new(), "{mode:?}");
    }
}

#[test]
fn the_page_fills_in_nothing_that_may_be_absent() {
    for operation in document(AuthMode::Open).operations() {
        for parameter in operation.object["parameters"].as_array().expect("parameters") {
            let is_filled_in = !parameter["example"].is_null();
            assert_eq!(is_filled_in, parameter["in"] == "path", "{}: {parameter}", operation.path);
        }
    }
}

#[test]
fn an_example_says_who_is_asking_only_where_that_is_believed() {
    for (mode, who) in [(AuthMode::Open, json!("ada")), (AuthMode::Token, Value::Null)] {
        let document = document(mode);
        let operations = document.operations();
        let update =
            operations.iter().find(|operation| operation.method == "put").expect("the update").object;
        let examples = &update["requestBody"]["content"]["application/json"]["examples"];
        assert_eq!(examples["a_move"]["value"]["user_id"], who, "{mode:?}");
    }
}

#[test]
fn every_answer_has_an_example_unless_it_has_no_body() {
    let document = document(AuthMode::Token);
    for Operation { method, path, object } in document.operations() {
        for (status, response) in object["responses"].as_object().expect("responses") {
            let contents: Vec<_> = response["content"].as_object().into_iter().flatten().collect();
            assert_eq!(
                contents.is_empty(),
                matches!(status.as_str(), "304" | "431"),
                "{method} {path} {status}"
            );
            for (_, content) in contents {
                let shown = !content["example"].is_null() || content["examples"].is_object();
                assert!(shown, "{method} {path} {status} has no example");
            }
            assert!(response["headers"]["x-request-id"].is_object(), "{method} {path} {status}");
        }
    }
}

#[test]
fn every_code_is_known_to_the_schema_and_shown_by_an_operation() {
    let token = document(AuthMode::Token);
    let known = token.value().pointer("/components/schemas/Problem/properties/code/enum").expect("codes");
    let mut known: Vec<&str> = known.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    known.sort_unstable();
    known.retain(|code| *code != OF_NO_OPERATION);
    assert_eq!(token.codes_shown(), known);
}

#[test]
fn a_caller_proves_itself_as_the_mode_wants() {
    let security = |mode| document(mode).value()["security"].clone();
    assert_eq!(security(AuthMode::Token), json!([{"bearer": []}]));
    assert_eq!(security(AuthMode::Gateway), json!([{"gateway": [], "user": []}]));
    assert_eq!(security(AuthMode::Open), Value::Null);
    let open = document(AuthMode::Open);
    assert!(open.value()["components"].get("securitySchemes").is_none());
    assert!(
        !open.codes_shown().contains(&"unauthenticated".to_owned()),
        "nobody is refused for being unknown"
    );
}

#[tokio::test]
async fn a_service_serves_the_document_of_its_mode() {
    let app = App::start().await;
    for path in ["/openapi.json", "/openapi.json/"] {
        let answer = app.get(path).await;
        assert_eq!(answer.text, documents::openapi(AuthMode::Open), "{path}");
        let tag = answer.header("etag").expect("a tag").to_owned();
        let again = Answer::of(app.request(Method::GET, path).header("if-none-match", tag)).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""));
    }
}

#[tokio::test]
async fn successes_of_a_running_service_are_as_declared() {
    let app = App::start().await;
    let [create, get, status, history, update] = ROUTES;
    let mut held = Held::against(document(AuthMode::Open));
    let new =
        json!({"order_id": 7, "requester_id": BUYER, "created_by": MAKER, "custom_params": {"a": [1, null]}});
    for _ in 0..2 {
        let keyed = app.request(Method::POST, "/orders/").header("idempotency-key", "k");
        check(&mut held, create, 201, &Answer::of(keyed.body(new.to_string())).await);
    }
    check(&mut held, update, 200, &app.buyer(7, "requested", true).await);
    let alert = json!({"state_type": "alert", "new_value": true, "reason": "r", "user_id": BUYER});
    let conditional = app.request(Method::PUT, "/orders/7/update").header("if-match", "\"2\"");
    check(&mut held, update, 200, &Answer::of(conditional.body(alert.to_string())).await);
    check(&mut held, get, 200, &app.get("/orders/7").await);
    check(&mut held, status, 200, &app.status(7).await);
    let known = app.request(Method::GET, "/orders/7/status").header("if-none-match", "\"3\"");
    check(&mut held, status, 304, &Answer::of(known).await);
    check(&mut held, history, 200, &app.get("/orders/7/history").await);
    check(&mut held, history, 200, &app.get("/orders/7/history?limit=1").await);
    app.finish().await;
}

#[tokio::test]
async fn the_page_loads_everything_from_the_service_itself() {
    let app = App::start().await;
    for (path, base) in [("/docs", "/"), ("/docs/", "/")] {
        let page = Answer::unchecked(app.request(Method::GET, path)).await.expect("a page");
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(
            policy.starts_with("default-src 'none'")
                && !policy.contains("unsafe")
                && !policy.contains("http")
        );
        // Where the page's own base leads from this spelling.
        let up = attribute(&page.text, "base href").expect("a base");
        assert_eq!(up, if path.ends_with('/') { "../" } else { "./" });
        let loaded: Vec<&str> = attributes(&page.text, "src").chain(attributes(&page.text, "href")).collect();
        let assets = loaded.iter().filter(|it| !it.starts_with("data:") && **it != up);
        let mut count = 0;
        for asset in assets {
            assert!(
                !asset.contains("//") && !asset.starts_with('/'),
                "{asset} is not relative to the service"
            );
            let answer =
                Answer::unchecked(app.request(Method::GET, &format!("{base}{asset}"))).await.expect("it");
            assert_eq!(answer.status, 200, "{asset}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{asset}");
            let is_packed = asset.contains("swagger-ui");
            assert_eq!(answer.header("content-encoding"), is_packed.then_some("gzip"), "{asset}");
            count += 1;
        }
        assert_eq!(count, 5, "two styles, two scripts, the document: {loaded:?}");
    }
}

/// What `name="…"` is set to, each time.
fn attributes<'a>(html: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    html.split(name).skip(1).filter_map(|rest| rest.strip_prefix("=\"")?.split('"').next())
}

fn attribute<'a>(html: &'a str, name: &'a str) -> Option<&'a str> {
    attributes(html, name).next()
}
