//! The catalog double behaves as it is told, and remembers.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use catalog_stub::{Behaviour, Catalog, Model, Price, Reply, demo};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::Value;
use testkit::wait;

const ID: &str = "0123456789abcdef01234567";

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .expect("a client")
}

async fn ask(catalog: &Catalog, id: &str) -> (u16, String) {
    let answer =
        client().get(format!("{}/models/id/{id}", catalog.base_url())).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

#[tokio::test]
async fn a_model_follows_from_its_id() {
    let catalog = Catalog::start().await.expect("a catalog");
    let (status, body) = ask(&catalog, ID).await;
    assert_eq!(status, 200);
    let expected = Model::of(ID).expect("a model").json(Price::Number);
    assert_eq!(serde_json::from_str::<Value>(&body).expect("JSON")["model"], expected);
    assert_eq!(ask(&catalog, "not-an-id").await.0, 404);
}

#[tokio::test]
async fn misbehaviour_is_for_all_or_for_one() {
    let catalog = Catalog::start().await.expect("a catalog");
    catalog.behave(Behaviour::reply(Reply::ServerError));
    catalog.behave_for(ID, Behaviour::reply(Reply::NotFound));
    assert_eq!(ask(&catalog, ID).await.0, 404);
    assert_eq!(ask(&catalog, &demo::model_id(1)).await.0, 500);
    for (reply, status, part) in [
        (Reply::Html, 200, "<html>"),
        (Reply::Redirect("http://127.0.0.1:1/".to_owned()), 302, ""),
        (Reply::ByteOrderMark, 200, "\"model\""),
        (Reply::WrongTypes, 200, "\"name\":[\"a\"]"),
        (Reply::Sparse, 200, ID),
        (Reply::Garbage, 200, "{\"model\": {"),
    ] {
        catalog.behave_for(ID, Behaviour::reply(reply.clone()));
        let (got, body) = ask(&catalog, ID).await;
        assert_eq!(got, status, "{reply:?}");
        assert!(body.contains(part), "{reply:?}: {body}");
    }
}

#[tokio::test]
async fn a_price_is_a_number_or_text() {
    let catalog = Catalog::start().await.expect("a catalog");
    catalog.behave(Behaviour { price: Price::Text, ..Behaviour::default() });
    let (_, body) = ask(&catalog, ID).await;
    let expected = Model::of(ID).expect("a model").price_text();
    assert!(body.contains(&format!("\"price\":\"{expected}\"")), "{body}");
}

#[tokio::test]
async fn an_endless_body_goes_on_past_any_limit() {
    let catalog = Catalog::start().await.expect("a catalog");
    catalog.behave(Behaviour::reply(Reply::Endless));
    let mut answer =
        client().get(format!("{}/models/id/{ID}", catalog.base_url())).send().await.expect("an answer");
    let mut bytes = 0;
    while bytes < 4 << 20 {
        bytes += answer.chunk().await.expect("a chunk").expect("no end").len();
    }
}

#[tokio::test]
async fn calls_and_headers_are_remembered_whatever_the_case_of_the_id() {
    let catalog = Catalog::with_models(demo::models()).await.expect("a catalog");
    let id = demo::model_id(10);
    let url = format!("{}/models/id/{}", catalog.base_url(), id.to_uppercase());
    client().get(url).header("x-test", "7").send().await.expect("an answer");
    assert_eq!((catalog.calls(&id), catalog.calls_total()), (1, 1));
    assert_eq!(catalog.headers(&id)[0]["x-test"], "7");
    catalog.forget_calls();
    assert_eq!(catalog.calls(&id), 0);
}

#[tokio::test]
async fn an_unchanged_model_is_304_for_whoever_has_it() {
    let catalog = Catalog::start().await.expect("a catalog");
    catalog.behave(Behaviour { etag: true, ..Behaviour::default() });
    let url = format!("{}/models/id/{ID}", catalog.base_url());
    let first = client().get(&url).send().await.expect("an answer");
    let etag = first.headers()["etag"].clone();
    let second = client().get(&url).header("if-none-match", etag).send().await.expect("an answer");
    assert_eq!(second.status().as_u16(), 304);
}

#[tokio::test]
async fn a_catalog_that_runs_for_long_remembers_nobody() {
    let address = "127.0.0.1:0".parse().expect("an address");
    let catalog = Catalog::listen(address, demo::models()).await.expect("a catalog");
    assert_eq!(ask(&catalog, &demo::model_id(1)).await.0, 200);
    assert_eq!(catalog.calls_total(), 0);
}

/// The program, ended with the test.
struct Stub(Child);

impl Drop for Stub {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test]
async fn the_program_serves_the_demo_models_and_stops_when_it_is_told() {
    let child = Command::new(env!("CARGO_BIN_EXE_catalog-stub"))
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut stub = Stub(child);
    let mut line = String::new();
    BufReader::new(stub.0.stdout.take().expect("its words")).read_line(&mut line).expect("a line");
    let url = line.trim().strip_prefix("serving ").expect("where it listens").to_owned();
    let answer =
        client().get(format!("{url}/models/id/{}", demo::model_id(12))).send().await.expect("an answer");
    assert!(answer.text().await.expect("a body").contains("Rocking horse"));

    let told = Command::new("kill").arg(stub.0.id().to_string()).status().expect("a signal");
    assert!(told.success());
    let ended = || std::future::ready(stub.0.try_wait().expect("a status"));
    let status = wait::until("the program ends", Duration::from_secs(10), ended).await.expect("ended");
    assert!(status.success(), "{status}");
}
