//! The gateway's headers: who it is proven by its secret, who asks by what it says, and nothing by what could have been smuggled in.

use super::{Door, NEXT_SECRET, SECRET, file, until};

async fn door() -> Door {
    Door::open(&[("mode", "gateway"), ("gateway.secrets", SECRET)]).await
}

/// The header lines of a request that the gateway passes on.
fn passed(more: &str) -> String {
    format!("x-gateway-secret: {SECRET}\r\n{more}")
}

const GATEWAY_ONLY: &str = "through its gateway only";

#[tokio::test]
async fn whom_the_gateway_names_is_believed() {
    let door = door().await;
    let reply = door.ask(passed("X-User-Id: ada-7\r\nX-Username: ada\r\nX-Roles: buyer\r\n")).await;
    assert_eq!(reply.identity(), ("ada-7".to_owned(), "ada".to_owned(), String::new()));
    let reply = door.ask(passed("x-user-id: 7\r\n")).await;
    assert_eq!(reply.identity(), ("7".to_owned(), String::new(), String::new()));
}

#[tokio::test]
async fn each_listed_secret_is_the_gateway_s() {
    let door =
        Door::open(&[("mode", "gateway"), ("gateway.secrets", &format!("{SECRET},{NEXT_SECRET}"))]).await;
    for secret in [SECRET, NEXT_SECRET] {
        door.ask(format!("x-gateway-secret: {secret}\r\nx-user-id: ada-7\r\n")).await.identity();
    }
}

#[tokio::test]
async fn without_the_gateway_s_secret_nobody_is_known() {
    let door = door().await;
    let identity = "x-user-id: ada-7\r\nx-username: ada\r\nx-roles: operator\r\n";
    door.ask(identity).await.assert_unauthenticated(GATEWAY_ONLY);
    door.ask("").await.assert_unauthenticated(GATEWAY_ONLY);
    let mut wrong = vec![
        String::new(),
        " ".to_owned(),
        format!("{SECRET}x"),
        format!("x{SECRET}"),
        format!("{SECRET}{SECRET}"),
        format!("{SECRET},{NEXT_SECRET}"),
        format!("\"{SECRET}\""),
        format!("Bearer {SECRET}"),
        SECRET.to_uppercase(),
        NEXT_SECRET.to_owned(),
        "***".to_owned(),
    ];
    // Every prefix, so that no comparison stops early and calls it the same.
    wrong.extend((1..SECRET.len()).map(|length| SECRET[..length].to_owned()));
    for secret in wrong {
        let reply = door.ask(format!("x-gateway-secret: {secret}\r\n{identity}")).await;
        reply.assert_unauthenticated(GATEWAY_ONLY);
        assert!(secret.len() < 8 || !reply.body.contains(&secret), "{}", reply.body);
    }
    let bytes =
        [b"x-gateway-secret: ".as_slice(), SECRET.as_bytes(), b"\xff\r\n", identity.as_bytes()].concat();
    door.ask(bytes).await.assert_unauthenticated(GATEWAY_ONLY);
    door.ask(format!("{identity}authorization: Bearer {SECRET}\r\n"))
        .await
        .assert_unauthenticated(GATEWAY_ONLY);
}

#[tokio::test]
async fn a_gateway_that_names_nobody_lets_nobody_in() {
    let door = door().await;
    for more in ["", "x-user-id:\r\n", "x-user-id:   \r\n", "x-username: ada\r\nx-roles: operator\r\n"] {
        door.ask(passed(more)).await.assert_unauthenticated("did not say who is asking");
    }
    // A token is not asked in this mode.
    let token = super::keys::good(&super::keys::Key::secret(SECRET));
    let reply = door.ask(passed(&format!("authorization: Bearer {token}\r\n"))).await;
    reply.assert_unauthenticated("did not say who is asking");
}

#[tokio::test]
async fn an_identity_header_that_is_sent_twice_is_400() {
    let door = door().await;
    let good =
        [("x-gateway-secret", SECRET), ("x-user-id", "ada-7"), ("x-username", "ada"), ("x-roles", "x")];
    for (twice, _) in good {
        for second in ["root", "", SECRET] {
            for first in [true, false] {
                let mut lines: Vec<String> =
                    good.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                lines.insert(if first { 0 } else { lines.len() }, format!("{twice}: {second}\r\n"));
                let reply = door.ask(lines.concat()).await;
                reply.assert_problem(400, "malformed_header");
                assert!(reply.body.contains(twice), "{}", reply.body);
            }
        }
    }
}

#[tokio::test]
async fn an_identity_header_in_another_spelling_is_400() {
    let door = door().await;
    for alias in [
        "x_user_id",
        "X_USER_ID",
        "x-user_id",
        "x_user-id",
        "x_username",
        "x_roles",
        "X_Roles",
        "x_gateway_secret",
        "x-gateway_secret",
    ] {
        for value in ["root", "", SECRET] {
            let whole = passed(&format!("x-user-id: ada-7\r\n{alias}: {value}\r\n"));
            door.ask(whole).await.assert_problem(400, "malformed_header");
            // Nor may it stand in for the proper one.
            door.ask(passed(&format!("{alias}: {value}\r\n"))).await.assert_problem(400, "malformed_header");
        }
    }
}

#[tokio::test]
async fn an_identity_that_cannot_be_is_400() {
    let door = door().await;
    let long = "x".repeat(256);
    for (name, other) in [("x-user-id", ""), ("x-username", "x-user-id: ada-7\r\n")] {
        for value in [long.as_bytes(), b"\xff\xfe", b"ad\xc3", b"a\tb", "a\u{85}b".as_bytes()] {
            let lines = [passed(other).as_bytes(), name.as_bytes(), b": ", value, b"\r\n"].concat();
            let reply = door.ask(lines).await;
            reply.assert_problem(400, "malformed_header");
            assert!(reply.body.contains(name), "{}", reply.body);
        }
    }
    let lines = [passed("x-user-id: ada-7\r\n").as_bytes(), b"x-roles: operator\xff\r\n"].concat();
    door.ask(lines).await.assert_problem(400, "malformed_header");
}

#[tokio::test]
async fn names_beyond_ascii_are_utf_8() {
    let door = door().await;
    for name in ["Ådå Łovelace", "名前", "a,b", "a\u{301}", "x_y", &"é".repeat(255)] {
        let reply = door.ask(passed(&format!("x-user-id: {name}\r\nx-username: {name}\r\n"))).await;
        assert_eq!(reply.identity(), (name.to_owned(), name.to_owned(), String::new()));
    }
}

#[tokio::test]
async fn the_operator_role_makes_an_operator_wherever_it_stands_in_the_list() {
    let door = door().await;
    for (roles, operator) in [
        ("operator", true),
        ("buyer,operator", true),
        ("operator,buyer", true),
        ("buyer , operator ,x", true),
        (",,operator,,", true),
        ("", false),
        ("buyer", false),
        ("Operator", false),
        ("operators", false),
        ("co-operator", false),
        ("buyer operator", false),
        ("operator;buyer", false),
        ("[\"operator\"]", false),
    ] {
        let reply = door.ask(passed(&format!("x-user-id: ada-7\r\nx-roles: {roles}\r\n"))).await;
        assert_eq!(reply.identity().2, if operator { "operator" } else { "" }, "{roles}");
    }
    assert_eq!(door.ask(passed("x-user-id: ada-7\r\n")).await.identity().2, "");
}

#[tokio::test]
async fn the_gateway_s_secrets_are_exchanged_by_rewriting_their_file() {
    let file = file(SECRET);
    let door = Door::open(&[("mode", "gateway"), ("gateway.secrets_file", file.path())]).await;
    let by = |secret: &str| door.ask(format!("x-gateway-secret: {secret}\r\nx-user-id: ada-7\r\n"));
    by(SECRET).await.identity();
    by(NEXT_SECRET).await.assert_unauthenticated(GATEWAY_ONLY);
    file.write(&format!("{NEXT_SECRET}\n{SECRET}\n")).expect("written");
    until("the next secret counts", || async { by(NEXT_SECRET).await.status == 200 }).await;
    by(SECRET).await.identity();
    file.write(NEXT_SECRET).expect("written");
    until("the old secret counts no more", || async { by(SECRET).await.status == 401 }).await;
    by(NEXT_SECRET).await.identity();
    file.write("too short").expect("written");
    by(NEXT_SECRET).await.identity();
}
