//! Who issued a token, for whom, and whom it names. One claim each, no fallbacks.

use serde_json::{Value, json};

use super::issuer::Issuer;
use super::keys::{AUDIENCE, ISSUER, Key, claims};
use super::{Door, SECRET};

const ELSEWHERE: &str = "another issuer or for another application";
const NOBODY: &str = "does not say who its bearer is";

fn signed(more: Value) -> String {
    Key::secret(SECRET).sign(&claims(more))
}

/// A door with shared secrets that looks at issuer and audience.
async fn strict() -> Door {
    Door::shared(&[("token.issuer", ISSUER), ("token.audience", AUDIENCE)]).await
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    let door = strict().await;
    door.accepts(&signed(json!({}))).await;
    for issuer in [
        json!(null),
        json!(""),
        json!("https://issuer.example.com"),
        json!("https://issuer.example.com/x"),
        json!("HTTPS://ISSUER.EXAMPLE.COM/"),
        json!(7),
        json!(["https://other.example.com/"]),
        json!({ISSUER: true}),
    ] {
        door.refuses(&signed(json!({"iss": issuer})), ELSEWHERE).await;
    }
}

#[tokio::test]
async fn a_token_for_another_application_is_refused() {
    let door = strict().await;
    for audience in [
        json!(null),
        json!(""),
        json!("atelier2"),
        json!("Atelier"),
        json!("atelier other"),
        json!([]),
        json!(["other"]),
        json!([["atelier"]]),
        json!(7),
        json!({AUDIENCE: true}),
    ] {
        door.refuses(&signed(json!({"aud": audience})), ELSEWHERE).await;
    }
}

#[tokio::test]
async fn a_token_for_several_applications_is_accepted_if_this_is_one() {
    let door = strict().await;
    for audience in [json!("atelier"), json!(["atelier"]), json!(["other", "atelier"])] {
        assert_eq!(door.accepts(&signed(json!({"aud": audience}))).await.0, "ada-7");
    }
}

#[tokio::test]
async fn an_id_token_of_another_client_of_the_same_issuer_is_refused() {
    let issuer = Issuer::of(&[&Key::ec()]).await;
    let door = issuer.door(&[]).await;
    let id_token = |more: Value| {
        let mut token = claims(json!({"aud": "shop-frontend", "nonce": "n-0S6", "at_hash": "x"}));
        for (name, value) in more.as_object().into_iter().flatten() {
            token[name] = value.clone();
        }
        Key::ec().sign(&token)
    };
    door.refuses(&id_token(json!({})), ELSEWHERE).await;
    // Other claims that name us stand for nothing: `aud` alone says whom a token is for.
    for claim in ["azp", "client_id", "appid", "resource", "scope"] {
        door.refuses(&id_token(json!({claim: AUDIENCE})), ELSEWHERE).await;
    }
    door.refuses(&id_token(json!({"aud": ["shop-frontend", "shop-api"]})), ELSEWHERE).await;
    door.refuses(&Key::ec().sign(&claims(json!({"aud": null}))), ELSEWHERE).await;
    door.refuses(&Key::ec().sign(&claims(json!({"iss": null}))), ELSEWHERE).await;
}

#[tokio::test]
async fn without_a_configured_issuer_and_audience_a_shared_secret_is_enough() {
    let door = Door::shared(&[]).await;
    for more in [json!({"iss": null, "aud": null}), json!({"iss": "x", "aud": ["y"]}), json!({"aud": 7})] {
        assert_eq!(door.accepts(&signed(more)).await.0, "ada-7");
    }
}

#[tokio::test]
async fn a_numbered_user_is_known_by_the_number_s_text() {
    let door = Door::shared(&[]).await;
    for (number, text) in
        [(json!(7), "7"), (json!(0), "0"), (json!(-7), "-7"), (json!(u64::MAX), "18446744073709551615")]
    {
        assert_eq!(door.accepts(&signed(json!({"sub": number}))).await.0, text);
    }
    for no_number in [json!(7.5), json!(1e300), json!(-0.0)] {
        door.refuses(&signed(json!({"sub": no_number})), NOBODY).await;
    }
}

/// What no user id and no username can be.
fn impossible() -> [Value; 12] {
    [
        json!(""),
        json!(" "),
        json!(" ada"),
        json!("ada "),
        json!("\u{a0}ada"),
        json!("x".repeat(256)),
        json!("é".repeat(256)),
        json!("a\0b"),
        json!("a\nb"),
        json!("a\r\nx-user-id: root"),
        json!("a\u{7f}b"),
        json!("a\u{85}b"),
    ]
}

/// What is no text at all, and no number that could stand for one.
fn no_text() -> [Value; 4] {
    [json!(true), json!(["ada-7"]), json!({"id": "ada-7"}), json!([])]
}

#[tokio::test]
async fn a_token_that_names_no_possible_user_is_refused() {
    let door = Door::shared(&[]).await;
    for sub in impossible() {
        door.refuses(&signed(json!({"sub": sub})), NOBODY).await;
    }
    for sub in no_text() {
        door.refuses(&signed(json!({"sub": sub})), "").await;
    }
    door.refuses(&signed(json!({"sub": null})), NOBODY).await;
    let mut with_null = claims(json!({}));
    with_null["sub"] = Value::Null;
    door.refuses(&Key::secret(SECRET).sign(&with_null), NOBODY).await;
    // There is one claim for it; others that look like it are not asked.
    for claim in ["user_id", "uid", "id", "userId", "email", "preferred_username"] {
        door.refuses(&signed(json!({"sub": null, claim: "ada-7"})), NOBODY).await;
    }
}

#[tokio::test]
async fn a_username_of_the_wrong_kind_is_refused() {
    let door = Door::shared(&[]).await;
    for username in impossible() {
        door.refuses(&signed(json!({"username": username})), NOBODY).await;
    }
    for username in no_text().into_iter().chain([json!(7)]) {
        door.refuses(&signed(json!({"username": username})), NOBODY).await;
    }
}

#[tokio::test]
async fn a_token_without_a_username_names_a_user_who_is_no_creator() {
    let door = Door::shared(&[]).await;
    let mut with_null = claims(json!({}));
    with_null["username"] = Value::Null;
    for token in [
        signed(json!({"username": null})),
        signed(json!({"username": null, "name": "ada", "preferred_username": "ada", "email": "ada"})),
        Key::secret(SECRET).sign(&with_null),
    ] {
        assert_eq!(door.accepts(&token).await, ("ada-7".to_owned(), String::new(), String::new()));
    }
}

#[tokio::test]
async fn names_go_through_as_they_are() {
    let door = Door::shared(&[]).await;
    for name in ["x", "Ådå Łovelace", "名前", "a b", "a/b?c#d%2F", "a,b", "\"", "a\u{301}", &"y".repeat(255)]
    {
        let (user_id, username, _) = door.accepts(&signed(json!({"sub": name, "username": name}))).await;
        assert_eq!((user_id.as_str(), username.as_str()), (name, name));
    }
}

#[tokio::test]
async fn other_claims_are_asked_if_configured() {
    let door =
        Door::shared(&[("token.user_id_claim", "uid"), ("token.username_claim", "preferred_username")]).await;
    let said = json!({"uid": 12, "preferred_username": "lovelace"});
    assert_eq!(
        door.accepts(&signed(said)).await,
        ("12".to_owned(), "lovelace".to_owned(), String::new()),
        "sub and username are not asked any more"
    );
    door.refuses(&signed(json!({})), NOBODY).await;
}
