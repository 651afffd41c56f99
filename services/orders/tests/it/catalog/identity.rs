//! By what the catalog knows this service: a token, from the configuration or a file, and the trace that a request belongs to.

use testkit::certificate::Authority;
use testkit::file::TestFile;
use testkit::{Role, TestDatabase, wait};

use super::{FORGETFUL, insert_with_models, with_models};
use crate::fixtures::{insert, model_id};
use crate::raw_catalog::{Conduct, RawCatalog, answer};
use crate::support::{PATIENCE, Service, World};

const PATH: &str = "/orders/user/ada";

/// The header that the catalog was last sent.
fn sent(world: &World, name: &str) -> Option<String> {
    let headers = world.catalog.headers(&model_id(1));
    headers.last().expect("it was asked").get(name).map(|value| value.to_str().expect("ASCII").to_owned())
}

async fn asked_with(keys: &[(&str, &str)]) -> World {
    let world = World::with(&[&FORGETFUL, keys].concat()).await;
    insert_with_models(&world, 1).await;
    assert_eq!(world.get(PATH).await.model_statuses(), ["found"]);
    world
}

#[tokio::test]
async fn a_token_goes_as_bearer_or_as_it_is_in_a_header_of_its_own() {
    let plain = asked_with(&[]).await;
    assert_eq!(sent(&plain, "authorization"), None);
    let bearer = asked_with(&[("catalog.token", "s3cret")]).await;
    assert_eq!(sent(&bearer, "authorization").as_deref(), Some("Bearer s3cret"));
    let named = asked_with(&[("catalog.token", "s3cret"), ("catalog.token_header", "X-Api-Key")]).await;
    assert_eq!((sent(&named, "x-api-key").as_deref(), sent(&named, "authorization")), (Some("s3cret"), None));
}

#[tokio::test]
async fn a_token_in_a_file_can_be_exchanged_while_the_service_runs() {
    let file = TestFile::new("first\n").expect("written");
    let world = asked_with(&[("catalog.token_file", file.path())]).await;
    assert_eq!(sent(&world, "authorization").as_deref(), Some("Bearer first"));
    file.write("second\n").expect("written");
    let exchanged = || async {
        world.get(PATH).await;
        (sent(&world, "authorization").as_deref() == Some("Bearer second")).then_some(())
    };
    wait::until("the new token is sent", PATIENCE, exchanged).await.expect("exchanged");
}

#[tokio::test]
async fn a_catalog_of_a_private_authority_is_believed_where_its_file_says_so() {
    let ours = Authority::new("ours").expect("an authority");
    let body = format!(r#"{{"model": {{"model_id": "{}"}}}}"#, model_id(1));
    let ca_file = TestFile::new(ours.pem()).expect("written");
    let believed = [("catalog.ca_file", ca_file.path())];
    let other = Authority::new("another's").expect("an authority");
    for (authority, name, keys, status) in [
        (&ours, "127.0.0.1", &believed[..], "found"),
        (&ours, "127.0.0.1", &[], "unavailable"),
        (&ours, "catalog.example.com", &believed, "unavailable"),
        (&other, "127.0.0.1", &believed, "unavailable"),
    ] {
        let certificate = authority.sign(&[name]).expect("a certificate");
        let catalog = RawCatalog::start_with_tls(Conduct::Bytes(answer(&body)), &certificate).await;
        let database = TestDatabase::create().await.expect("a database");
        insert(&database, &with_models(1)).await;
        let service = Service::start(&database.url(Role::Reader), &catalog.url(), keys).await;
        assert_eq!(service.get(PATH).await.model_statuses(), [status], "{name} {keys:?}");
    }
}

#[tokio::test]
async fn the_trace_of_a_request_is_passed_on() {
    let world = asked_with(&[]).await;
    let not_chosen = |parent: Option<String>| parent.is_some_and(|parent| parent.ends_with("-00"));
    assert!(not_chosen(sent(&world, "traceparent")), "a trace of its own, which nobody chose");
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [("traceparent", parent.to_owned()), ("tracestate", "rojo=1".to_owned())];
    world.service.get_with(PATH, &headers).await;
    assert_eq!(
        (sent(&world, "traceparent").as_deref(), sent(&world, "tracestate").as_deref()),
        (Some(parent), Some("rojo=1"))
    );
    world.service.get_with(PATH, &[("traceparent", "nonsense".to_owned())]).await;
    assert!(not_chosen(sent(&world, "traceparent")), "and no nonsense");
}
