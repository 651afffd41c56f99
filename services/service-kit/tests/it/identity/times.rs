//! From when until when a token is good, with 30 seconds of leeway, to the second.

use serde_json::{Value, json};

use super::issuer::Issuer;
use super::keys::{Key, claims};
use super::{Door, NOW, SECRET};

const EXPIRED: &str = "has expired";
const NOT_YET: &str = "not valid yet";

fn signed(more: Value) -> String {
    Key::secret(SECRET).sign(&claims(more))
}

#[tokio::test]
async fn a_token_expires_thirty_seconds_after_its_time_and_not_before() {
    let issuer = Issuer::of(&[&Key::ed()]).await;
    let (shared, keys) = (Door::shared(&[]).await, issuer.door(&[]).await);
    let end = claims(json!({"exp": NOW + 60}));
    for (door, token) in [(&shared, Key::secret(SECRET).sign(&end)), (&keys, Key::ed().sign(&end))] {
        for good in [NOW, NOW + 60, NOW + 61, NOW + 89] {
            door.set_clock(good);
            door.accepts(&token).await;
        }
        for late in [NOW + 90, NOW + 91, NOW + 100_000_000] {
            door.set_clock(late);
            door.refuses(&token, EXPIRED).await;
        }
        // The clock decides alone: nothing is remembered of a token.
        door.set_clock(NOW);
        door.accepts(&token).await;
    }
}

#[tokio::test]
async fn a_token_begins_thirty_seconds_before_its_time_and_not_sooner() {
    let door = Door::shared(&[]).await;
    let token = signed(json!({"nbf": NOW + 60}));
    for early in [NOW - 100_000, NOW, NOW + 29] {
        door.set_clock(early);
        door.refuses(&token, NOT_YET).await;
    }
    for good in [NOW + 30, NOW + 59, NOW + 60, NOW + 600] {
        door.set_clock(good);
        door.accepts(&token).await;
    }
}

#[tokio::test]
async fn the_leeway_is_what_is_configured() {
    for leeway in [0, 300] {
        let door = Door::shared(&[("token.leeway_seconds", &leeway.to_string())]).await;
        let token = signed(json!({"exp": NOW + 1000, "nbf": NOW - 1000}));
        for (second, why) in [
            (NOW - 1000 - leeway - 1, NOT_YET),
            (NOW - 1000 - leeway, ""),
            (NOW + 1000 + leeway - 1, ""),
            (NOW + 1000 + leeway, EXPIRED),
        ] {
            door.set_clock(second);
            if why.is_empty() {
                door.accepts(&token).await;
            } else {
                door.refuses(&token, why).await;
            }
        }
    }
}

#[tokio::test]
async fn a_token_without_an_end_is_refused() {
    let door = Door::shared(&[]).await;
    let mut with_null = claims(json!({}));
    with_null["exp"] = Value::Null;
    door.refuses(&Key::secret(SECRET).sign(&with_null), "").await;
    door.refuses(&signed(json!({"exp": null})), "").await;
    door.refuses(&signed(json!({"exp": null, "iat": NOW, "expires_in": 600})), "").await;
}

#[tokio::test]
async fn an_end_that_is_no_time_is_refused() {
    let door = Door::shared(&[]).await;
    for exp in [
        json!((NOW + 600).to_string()),
        json!("2100-01-01T00:00:00Z"),
        json!(true),
        json!([NOW + 600]),
        json!({}),
        json!(-1),
        json!(-1e300),
        json!(1e300),
        json!(0),
    ] {
        door.refuses(&signed(json!({"exp": exp})), "").await;
    }
}

#[tokio::test]
async fn a_beginning_that_is_no_time_is_refused() {
    let door = Door::shared(&[]).await;
    for nbf in [json!((NOW - 600).to_string()), json!(true), json!([NOW]), json!(1e300), json!(u64::MAX)] {
        door.refuses(&signed(json!({"nbf": nbf})), "").await;
    }
    for nbf in [json!(0), json!(-1), json!(NOW)] {
        door.accepts(&signed(json!({"nbf": nbf}))).await;
    }
}

#[tokio::test]
async fn times_may_have_fractions_and_lie_far_away() {
    let door = Door::shared(&[]).await;
    door.set_clock(NOW + 30);
    door.accepts(&signed(json!({"exp": 2_000_000_000.5}))).await;
    door.set_clock(NOW + 31);
    door.refuses(&signed(json!({"exp": 2_000_000_000.5})), EXPIRED).await;
    for exp in [json!(253_402_300_800_u64), json!(9_007_199_254_740_993_u64), json!(u64::MAX)] {
        door.accepts(&signed(json!({"exp": exp}))).await;
    }
}
