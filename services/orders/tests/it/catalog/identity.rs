//! By what the catalog knows this service: a token, from the configuration or a file, and the trace that a request belongs to.

use testkit::wait;

use super::{FORGETFUL, insert_with_models};
use crate::fixtures::model_id;
use crate::support::{PATIENCE, World};

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
    let file = std::env::temp_dir().join(format!("catalog-token-{}", std::process::id()));
    std::fs::write(&file, "first\n").expect("written");
    let world = asked_with(&[("catalog.token_file", file.to_str().expect("UTF-8"))]).await;
    assert_eq!(sent(&world, "authorization").as_deref(), Some("Bearer first"));
    std::fs::write(&file, "second\n").expect("written");
    let exchanged = || async {
        world.get(PATH).await;
        (sent(&world, "authorization").as_deref() == Some("Bearer second")).then_some(())
    };
    wait::until("the new token is sent", PATIENCE, exchanged).await.expect("exchanged");
    std::fs::remove_file(&file).expect("removed");
}

#[tokio::test]
async fn the_trace_of_a_request_is_passed_on() {
    let world = asked_with(&[]).await;
    assert_eq!(sent(&world, "traceparent"), None);
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [("traceparent", parent.to_owned()), ("tracestate", "rojo=1".to_owned())];
    world.service.get_with(PATH, &headers).await;
    assert_eq!(
        (sent(&world, "traceparent").as_deref(), sent(&world, "tracestate").as_deref()),
        (Some(parent), Some("rojo=1"))
    );
    world.service.get_with(PATH, &[("traceparent", "nonsense".to_owned())]).await;
    assert_eq!(sent(&world, "traceparent"), None);
}
