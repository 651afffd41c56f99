//! `orders doctor`: what is wrong, in words that say what to do, and exit 1; nothing wrong, exit 0.

use serde_json::Value;
use sqlx::Executor;
use testkit::catalog::{Behaviour, Catalog, Reply};
use testkit::certificate::Authority;
use testkit::{Role, TestDatabase, wait};

use crate::process::program;
use crate::raw_catalog::{Conduct, RawCatalog};
use crate::support::environment;

/// What `doctor` finds: the exit code, and the findings.
fn doctor(database_url: &str, catalog_url: &str, keys: &[(&str, &str)]) -> (Option<i32>, Vec<Value>) {
    let mut program = program(environment(database_url, catalog_url, keys));
    let output = program.args(["doctor", "--output", "json"]).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let findings = serde_json::from_str(&text).expect("JSON alone on standard output");
    (output.status.code(), findings)
}

/// The verdict on one thing, and its words.
fn about<'a>(findings: &'a [Value], about: &str) -> (&'a str, &'a str) {
    let finding = findings.iter().find(|finding| finding["about"] == about).expect("a finding");
    (finding["verdict"].as_str().expect("a verdict"), finding["words"].as_str().expect("words"))
}

/// A database that is as it should be, so that only the catalog can be wrong.
async fn catalog_finding(url: &str) -> (Option<i32>, String, String) {
    let database = TestDatabase::create().await.expect("a database");
    let (code, findings) = doctor(&database.url(Role::Reader), url, &[]);
    let (verdict, words) = about(&findings, "catalog");
    (code, verdict.to_owned(), words.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_everything_is_said_and_the_exit_is_0() {
    let database = TestDatabase::create().await.expect("a database");
    let catalog = Catalog::start().await.expect("a catalog");
    let (code, findings) = doctor(&database.url(Role::Reader), &catalog.base_url(), &[]);
    assert_eq!(code, Some(0), "{findings:?}");
    for (thing, words) in [
        ("database", " on 127.0.0.1:"),
        ("database", "PostgreSQL"),
        ("schema", "fits"),
        ("rights", "may do"),
        ("catalog", "as a catalog does"),
    ] {
        let (verdict, said) = about(&findings, thing);
        assert_eq!(verdict, "good", "{thing}: {said}");
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(about(&findings, "identity").0, "odd", "open is for trying out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_gone_is_named() {
    let database = TestDatabase::create().await.expect("a database");
    let mut owner = database.connect(Role::Owner).await.expect("the owner");
    owner.execute("REVOKE SELECT ON atelier.orders FROM atelier_reader").await.expect("revoked");
    let (code, findings) = doctor(&database.url(Role::Reader), "http://127.0.0.1:1/catalog", &[]);
    let (verdict, words) = about(&findings, "rights");
    assert_eq!((code, verdict), (Some(1), "bad"), "{words}");
    assert!(words.contains("lacks SELECT on atelier.orders"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_catalog_url_is_explained() {
    let mut catalog = Catalog::start().await.expect("a catalog");
    let base = catalog.base_url();
    let root = base.strip_suffix("/catalog").expect("its base").to_owned();
    let (code, verdict, words) = catalog_finding(&root).await;
    assert_eq!((code, verdict.as_str()), (Some(1), "bad"), "{words}");
    assert!(words.contains("lacks its last part") && words.contains(&base), "{words}");

    for (reply, expected) in [
        (Reply::Html, "a page for people"),
        (Reply::Garbage, "not with a model"),
        (Reply::Redirect("https://login.example.com/".to_owned()), "redirect to https://login.example.com/"),
        (Reply::ServerError, "answers 500"),
        (
            Reply::Other { status: 401, content_type: "text/plain".to_owned(), body: String::new() },
            "set catalog.token_file",
        ),
    ] {
        catalog.behave(Behaviour::reply(reply));
        let (code, verdict, words) = catalog_finding(&base).await;
        assert_eq!((code, verdict.as_str()), (Some(1), "bad"), "{words}");
        assert!(words.contains(expected), "{expected}: {words}");
    }

    let nothing = Reply::Other { status: 404, content_type: "text/html".to_owned(), body: "<h1>".to_owned() };
    catalog.behave(Behaviour::reply(nothing));
    let (code, verdict, words) = catalog_finding(&base).await;
    assert_eq!((code, verdict.as_str()), (Some(0), "odd"), "{words}");
    catalog.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_that_cannot_be_reached_is_explained() {
    let port = wait::free_port().expect("a port");
    let (_, _, words) = catalog_finding(&format!("http://127.0.0.1:{port}/catalog")).await;
    assert!(words.contains("is the catalog running?"), "{words}");
    let (_, _, words) = catalog_finding("http://catalog.invalid/catalog").await;
    assert!(words.contains("is not known here"), "{words}");

    let authority = Authority::new("nobody's").expect("an authority");
    let certificate = authority.sign(&["127.0.0.1"]).expect("a certificate");
    let secure = RawCatalog::start_with_tls(Conduct::Bytes(Vec::new()), &certificate).await;
    let (code, verdict, words) = catalog_finding(&secure.url()).await;
    assert_eq!((code, verdict.as_str()), (Some(1), "bad"));
    assert!(words.contains("set catalog.ca_file"), "{words}");
    let plain = Catalog::start().await.expect("a catalog");
    let (_, _, words) = catalog_finding(&plain.base_url().replace("http:", "https:")).await;
    assert!(words.contains("another protocol"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_or_empty_is_explained() {
    let catalog = Catalog::start().await.expect("a catalog");
    let (code, findings) = doctor("postgres://u:hunter2@127.0.0.1:1/none", &catalog.base_url(), &[]);
    let (verdict, words) = about(&findings, "database");
    assert_eq!((code, verdict), (Some(1), "bad"), "{words}");
    assert!(!words.contains("hunter2"), "{words}");
    let empty = TestDatabase::empty().await.expect("a database");
    let (code, findings) = doctor(&empty.url(Role::Owner), &catalog.base_url(), &[]);
    assert!(about(&findings, "database").1.contains("PostgreSQL"), "it was reached: {findings:?}");
    let (verdict, words) = about(&findings, "schema");
    assert_eq!((code, verdict), (Some(1), "bad"));
    assert!(words.contains("run the migrator"), "{words}");
}
