//! How a token is sent: once, as `Authorization: Bearer`. And what a bearer may add to it: nothing.

use super::keys::{Key, claims, good};
use super::{Door, SECRET};

const ONE: &str = "one token as Authorization: Bearer";

fn token() -> String {
    good(&Key::secret(SECRET))
}

#[tokio::test]
async fn without_one_token_nobody_is_known() {
    let door = Door::shared(&[]).await;
    let token = token();
    for headers in [
        String::new(),
        "authorization:\r\n".to_owned(),
        "authorization: Bearer\r\n".to_owned(),
        "authorization: Bearer \r\n".to_owned(),
        "authorization: Bearer    \r\n".to_owned(),
        format!("authorization: {token}\r\n"),
        format!("authorization: Bearer{token}\r\n"),
        format!("authorization: Basic {token}\r\n"),
        format!("authorization: Token {token}\r\n"),
        format!("authorization: DPoP {token}\r\n"),
        format!("authorization: Bearer: {token}\r\n"),
        format!("proxy-authorization: Bearer {token}\r\n"),
        format!("x-authorization: Bearer {token}\r\n"),
        format!("cookie: token={token}; access_token={token}\r\n"),
        format!("authorization: Bearer {token}\r\nauthorization: Bearer {token}\r\n"),
        format!("authorization: Bearer {token}\r\nauthorization: Basic eDp5\r\n"),
        format!("authorization: Basic eDp5\r\nauthorization: Bearer {token}\r\n"),
        format!("authorization: Bearer {token}\r\nAuthorization:\r\n"),
    ] {
        door.ask(&headers).await.assert_unauthenticated(ONE);
    }
    let bytes = [b"authorization: Bearer \xff\xfe", token.as_bytes(), b"\r\n"].concat();
    door.ask(bytes).await.assert_unauthenticated(ONE);
}

#[tokio::test]
async fn two_tokens_in_one_header_are_none() {
    let door = Door::shared(&[]).await;
    let token = token();
    for both in [format!("{token} {token}"), format!("{token}, Bearer {token}"), format!("{token},{token}")] {
        door.refuses(&both, "no JWT").await;
    }
}

#[tokio::test]
async fn the_scheme_is_spelt_in_any_case() {
    let door = Door::shared(&[]).await;
    let token = token();
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer  "] {
        door.ask(format!("authorization: {scheme} {token}\r\n")).await.identity();
    }
    door.ask(format!("AUTHORIZATION: Bearer {token}  \r\n")).await.identity();
}

#[tokio::test]
async fn a_token_in_the_query_or_in_the_path_is_no_token() {
    let door = Door::shared(&[]).await;
    let mut wire = crate::wire::Wire::connect(door.address).await;
    wire.ask("GET", &format!("/auth/verify?access_token={}", token())).await.assert_unauthenticated(ONE);
}

#[tokio::test]
async fn thirty_kilobytes_of_garbage_are_refused_and_more_is_not_read() {
    let door = Door::shared(&[]).await;
    let long = "A".repeat(30_000);
    for token in [long.clone(), format!("{}.{}.{}", &long[..10_000], &long[..10_000], &long[..10_000])] {
        door.refuses(&token, "no JWT").await;
    }
    // A signed one of that size is as good as any.
    let many: Vec<String> = (0..2000).map(|number| format!("role-{number}")).collect();
    let large = Key::secret(SECRET).sign(&claims(serde_json::json!({"roles": many})));
    assert!((20_000..32_000).contains(&large.len()), "{}", large.len());
    door.accepts(&large).await;
    let reply = door.bearer(&"A".repeat(40_000)).await;
    assert_eq!(reply.status, 431, "{}", reply.body);
}

#[tokio::test]
async fn a_megabyte_of_token_is_cut_off() {
    let door = Door::shared(&[]).await;
    let mut wire = crate::wire::Wire::connect(door.address).await;
    let head =
        format!("GET /auth/verify HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {}", "A".repeat(1 << 20));
    wire.try_send(head).await;
    let said = String::from_utf8_lossy(&wire.ended().await).into_owned();
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431 "), "{said}");
    door.accepts(&token()).await;
}

#[tokio::test]
async fn the_gateway_s_headers_mean_nothing_beside_a_token() {
    let door = Door::shared(&[]).await;
    let headers =
        "x-user-id: root\r\nx-username: root\r\nx-roles: operator\r\nx-gateway-secret: anything\r\n";
    let reply = door.ask(format!("{headers}authorization: Bearer {}\r\n", token())).await;
    assert_eq!(reply.identity(), ("ada-7".to_owned(), "ada".to_owned(), String::new()));
    door.ask(headers).await.assert_unauthenticated(ONE);
}
