//! How often an issuer is asked for its keys. Whoever sends tokens must not be able to decide it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::issuer::Conduct;
use tokio::task::JoinSet;

use super::issuer::Issuer;
use super::keys::{Key, assembled, claims, good, set};
use super::until;
use crate::wire::Wire;

/// A token of a key that nobody has.
fn unknown(number: usize) -> String {
    assembled(&json!({"alg": "ES256", "kid": format!("random-{number}")}), &claims(Value::Null), &[1; 64])
}

/// Sends so many tokens of unknown keys at once; every one is refused.
async fn flood(door: &super::Door, count: usize) {
    let mut asked = JoinSet::new();
    for number in 0..count {
        let address = door.address;
        asked.spawn(async move {
            let mut wire = Wire::connect(address).await;
            let token = unknown(number);
            wire.send(format!(
                "GET /auth/verify HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {token}\r\n\r\n"
            ))
            .await;
            wire.answer().await.status
        });
    }
    assert_eq!(asked.join_all().await, vec![401; count]);
}

#[tokio::test]
async fn five_hundred_tokens_of_unknown_keys_ask_the_issuer_once_in_a_while_only() {
    let issuer = Issuer::of(&[&Key::ec()]).await;
    let door = issuer.door(&[("jwks.refresh_min_seconds", "1")]).await;
    let began = Instant::now();
    // At first the set is fresh, so that more than one flood is needed to see that it is read again at all.
    until("the set is read again", || async {
        flood(&door, 100).await;
        issuer.calls() >= 3
    })
    .await;
    flood(&door, 500).await;
    let allowed = 2 + usize::try_from(began.elapsed().as_secs()).expect("a short while");
    assert!(issuer.calls() <= allowed, "{} calls in {:?}", issuer.calls(), began.elapsed());
    door.accepts(&good(&Key::ec())).await;
}

#[tokio::test]
async fn within_the_shortest_time_between_two_readings_the_issuer_is_not_asked_at_all() {
    let issuer = Issuer::of(&[&Key::ec()]).await;
    let door = issuer.door(&[("jwks.refresh_min_seconds", "3600")]).await;
    // The first reading is over when its key counts.
    door.accepts(&good(&Key::ec())).await;
    flood(&door, 500).await;
    assert_eq!(issuer.calls(), 1);
}

/// Who hangs up takes the request along, but must not take along that the issuer was asked.
#[tokio::test]
async fn callers_who_hang_up_do_not_make_the_issuer_be_asked_again() {
    let issuer = Issuer::of(&[&Key::ec()]).await;
    let door = issuer.door(&[("jwks.refresh_min_seconds", "3"), ("jwks.timeout_ms", "60000")]).await;
    door.accepts(&good(&Key::ec())).await;
    let known = issuer.calls();
    issuer.conduct(Conduct::Silent);
    until("the issuer is asked for a key that is unknown", || async {
        hang_up_after(&door, Duration::from_millis(50)).await;
        issuer.calls() > known
    })
    .await;
    let began = Instant::now();
    for _ in 0..20 {
        hang_up_after(&door, Duration::from_millis(20)).await;
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(3), "this machine is too slow to tell: {took:?}");
    assert_eq!(issuer.calls(), known + 1, "asked again within {took:?}, though 3 s must lie between");
}

async fn hang_up_after(door: &super::Door, patience: Duration) {
    let mut wire = Wire::connect(door.address).await;
    let token = unknown(0);
    wire.send(format!("GET /auth/verify HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {token}\r\n\r\n"))
        .await;
    wire.is_silent_for(patience).await;
}

#[tokio::test]
async fn tokens_of_known_keys_do_not_wait_while_the_issuer_is_asked_for_unknown_ones() {
    let issuer = Issuer::of(&[&Key::ed()]).await;
    let door = issuer.door(&[("jwks.refresh_min_seconds", "1"), ("jwks.timeout_ms", "60000")]).await;
    let token = good(&Key::ed());
    door.accepts(&token).await;
    let known = issuer.calls();
    issuer.conduct(Conduct::Silent);
    let mut waiting = Vec::new();
    until("the issuer is asked", || {
        let address = door.address;
        let asked = issuer.calls() > known;
        let waiting = &mut waiting;
        waiting.push(tokio::spawn(async move {
            let mut wire = Wire::connect(address).await;
            let token = unknown(0);
            wire.send(format!(
                "GET /auth/verify HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {token}\r\n\r\n"
            ))
            .await;
            // Held open until the test ends.
            wire.ended().await
        }));
        async move { asked }
    })
    .await;
    let began = Instant::now();
    for _ in 0..10 {
        door.accepts(&token).await;
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for task in waiting {
        task.abort();
    }
}

#[tokio::test]
async fn a_key_of_an_unfit_kind_does_not_make_the_issuer_be_asked_for_each_token() {
    let issuer = Issuer::of(&[&Key::ec()]).await;
    let door = issuer.door(&[("jwks.refresh_min_seconds", "3600")]).await;
    door.accepts(&good(&Key::ec())).await;
    issuer.serve(&set(&[&Key::ec(), &Key::ec_next()]));
    for alg in ["RS256", "EdDSA"] {
        for _ in 0..20 {
            let token = assembled(&json!({"alg": alg, "kid": "ec-1"}), &claims(Value::Null), &[1; 64]);
            door.refuses(&token, "signature does not match").await;
        }
    }
    assert_eq!(issuer.calls(), 1);
}
