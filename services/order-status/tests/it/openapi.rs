//! The document and its page: nothing is missing in them, nothing in them is untrue.

use order_status::documents;
use reqwest::Method;
use serde_json::{Value, json};
use service_kit::identity::AuthMode;
use testkit::openapi::{Document, Operation};

use crate::support::{Answer, App, BUYER, MAKER};

/// Written independently on purpose.
const ROUTES: [(&str, &str); 5] = [
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

fn operation<'a>(document: &'a Document, route: (&str, &str)) -> Operation<'a> {
    let found = document.operations().into_iter().find(|it| (it.method, it.path) == route);
    found.unwrap_or_else(|| panic!("{route:?} is not in the document"))
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
async fn answers_of_a_running_service_are_as_declared() {
    let app = App::start().await;
    let document = Document::read(&app.get("/openapi.json").await.text).expect("a document");
    let [create, get, status, history, update] = ROUTES.map(|route| operation(&document, route));
    let mut seen = Vec::new();
    let mut check = |operation: Operation<'_>, expected: u16, answer: &Answer| {
        assert_eq!(answer.status, expected, "{answer:?}");
        let body = (!answer.text.is_empty()).then(|| answer.json());
        let mistakes = document.mistakes_of_answer(operation, answer.status, body.as_ref());
        assert!(mistakes.is_empty(), "{} {}: {mistakes:?}", operation.method, operation.path);
        for name in ["etag", "location", "idempotency-replayed", "retry-after", "allow", "www-authenticate"] {
            let declared = operation.object["responses"][expected.to_string()]["headers"].get(name).is_some();
            assert!(declared || answer.header(name).is_none(), "{name} is not declared: {answer:?}");
        }
        seen.push(expected);
    };

    let new =
        json!({"order_id": 7, "requester_id": BUYER, "created_by": MAKER, "custom_params": {"a": [1, null]}});
    let json = |method, path| app.request(method, path).header("content-type", "application/json");
    let keyed = || json(Method::POST, "/orders/").header("idempotency-key", "k").body(new.to_string());
    check(create, 201, &Answer::of(keyed()).await);
    check(create, 201, &Answer::of(keyed()).await);
    check(create, 409, &app.post(&new).await);
    check(create, 422, &app.post(&json!({"order_id": "7"})).await);
    check(create, 400, &app.send(Method::POST, "/orders", "{").await);
    check(create, 413, &app.send(Method::POST, "/orders", "x".repeat(70_000)).await);
    let text = app.request(Method::POST, "/orders").header("content-type", "text/plain").body("{}");
    check(create, 415, &Answer::of(text).await);
    check(create, 405, &Answer::of(app.request(Method::PATCH, "/orders")).await);
    let someone_elses = json!({"requester_id": BUYER, "created_by": MAKER, "user_id": "eve"});
    check(create, 403, &app.post(&someone_elses).await);

    check(update, 409, &app.maker(7, "accepted", true).await);
    check(update, 200, &app.buyer(7, "requested", true).await);
    check(update, 403, &app.maker(7, "requested", false).await);
    check(update, 404, &app.buyer(8, "requested", true).await);
    check(update, 422, &app.put(7, &json!({"state_type": "gone", "new_value": 1})).await);
    let at_one = |tag: &str| {
        let body =
            json!({"state_type": "alert", "new_value": true, "reason": "r", "user_id": BUYER}).to_string();
        json(Method::PUT, "/orders/7/update").header("if-match", tag).body(body)
    };
    check(update, 412, &Answer::of(at_one("\"1\"")).await);
    check(update, 400, &Answer::of(at_one("1")).await);
    check(update, 200, &Answer::of(at_one("\"2\"")).await);

    check(get, 200, &app.get("/orders/7").await);
    check(get, 404, &app.get("/orders/8").await);
    check(get, 422, &app.get("/orders/x").await);
    check(status, 200, &app.status(7).await);
    let known = app.request(Method::GET, "/orders/7/status").header("if-none-match", "\"3\"");
    check(status, 304, &Answer::of(known).await);
    check(history, 200, &app.get("/orders/7/history").await);
    check(history, 200, &app.get("/orders/7/history?limit=1").await);
    check(history, 400, &app.get("/orders/7/history?after=x").await);
    check(history, 422, &app.get("/orders/7/history?limit=0").await);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, [200, 201, 304, 400, 403, 404, 405, 409, 412, 413, 415, 422]);
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
