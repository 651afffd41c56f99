//! Whose lists are whose: a list is for the person themself and for operators, in each mode that verifies who is asking.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use testkit::Role;

use crate::fixtures::{Row, insert, order};
use crate::support::{Answer, Service, World};

const TOKEN_SECRET: &str = "test-token-secret-0123456789abcdefghij";
const GATEWAY_SECRET: &str = "test-gateway-secret-0123456789abcdefgh";

/// How the service learns who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Token,
    Gateway,
    Open,
}

/// User id, username, whether an operator.
pub(crate) type Who = (&'static str, Option<&'static str>, bool);

const ADA: Who = ("ada", Some("ada-lovelace"), false);
const MAREN: Who = ("m-1", Some("maren"), false);
pub(crate) const STRANGER: Who = ("stranger", Some("stranger"), false);
pub(crate) const OPERATOR: Who = ("op-9", Some("olga"), true);

impl Mode {
    pub(crate) fn keys(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Token => &[("auth.mode", "token"), ("auth.hs256.secrets", TOKEN_SECRET)],
            Self::Gateway => &[("auth.mode", "gateway"), ("auth.gateway.secrets", GATEWAY_SECRET)],
            Self::Open => &[("auth.mode", "open")],
        }
    }

    /// The headers that make a request `who`'s.
    pub(crate) fn headers(self, who: Option<Who>) -> Vec<(&'static str, String)> {
        let Some((user_id, username, operator)) = who else { return Vec::new() };
        let roles = if operator { "operator" } else { "buyer" };
        match self {
            Self::Token => {
                let claims =
                    json!({"sub": user_id, "username": username, "roles": [roles], "exp": 4_102_444_800_u64});
                vec![("authorization", format!("Bearer {}", signed(&claims, TOKEN_SECRET)))]
            }
            Self::Gateway => vec![
                ("x-gateway-secret", GATEWAY_SECRET.to_owned()),
                ("x-user-id", user_id.to_owned()),
                ("x-username", username.unwrap_or_default().to_owned()),
                ("x-roles", roles.to_owned()),
            ],
            Self::Open => [Self::Token.headers(who), Self::Gateway.headers(who)].concat(),
        }
    }

    pub(crate) async fn get(self, who: Option<Who>, service: &Service, path: &str) -> Answer {
        service.get_with(path, &self.headers(who)).await
    }
}

fn signed(claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(Algorithm::HS256), claims, &key).expect("a token")
}

/// Orders of ada's, made by maren, and one of bob's, made by ada-lovelace.
fn rows() -> Vec<Row> {
    vec![
        order(1),
        order(2),
        order(3),
        order(4).of("bob").by("ada-lovelace"),
        // Names that are an id elsewhere must not be taken for it.
        order(5).of("maren").by("ada"),
    ]
}

async fn world(mode: Mode) -> World {
    let world = World::with(mode.keys()).await;
    insert(&world.database, &rows()).await;
    world
}

#[track_caller]
fn assert_unknown(answer: &Answer) {
    answer.assert_problem(401, "unauthenticated");
    assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#);
}

const ACTORS: [Option<Who>; 5] = [Some(ADA), Some(MAREN), Some(STRANGER), Some(OPERATOR), None];

#[rustfmt::skip]
const VERIFIED: [(&str, [u16; 5]); 10] = [
    //                                       ada  maren stranger operator unknown
    ("/orders/user/ada",                    [200, 403,  403,     200,     401]),
    ("/orders/user/ada/",                   [200, 403,  403,     200,     401]),
    ("/orders/user/m-1",                    [403, 200,  403,     200,     401]),
    ("/orders/user/nobody",                 [403, 403,  403,     200,     401]),
    // A username is no user id, and the other way about.
    ("/orders/user/ada-lovelace",           [403, 403,  403,     200,     401]),
    ("/orders/created_by/maren",            [403, 200,  403,     200,     401]),
    ("/orders/created_by/ada-lovelace",     [200, 403,  403,     200,     401]),
    ("/orders/created_by/ada",              [403, 403,  403,     200,     401]),
    ("/orders/created_by/m-1",              [403, 403,  403,     200,     401]),
    ("/orders/created_by/nobody",           [403, 403,  403,     200,     401]),
];

async fn check_verified(mode: Mode) {
    let world = world(mode).await;
    for (path, row) in VERIFIED {
        for (who, expected) in ACTORS.into_iter().zip(row) {
            for query in ["", "?status=all", "?limit=1"] {
                let answer = mode.get(who, &world.service, &format!("{path}{query}")).await;
                assert_eq!(answer.status, expected, "{mode:?} {who:?} {path}{query}: {}", answer.text);
                match expected {
                    401 => assert_unknown(&answer),
                    403 => answer.assert_problem(403, "not_authorized"),
                    _ => drop(answer.orders()),
                }
            }
        }
    }
}

#[tokio::test]
async fn every_cell_of_the_table_holds_for_callers_with_tokens() {
    check_verified(Mode::Token).await;
}

#[tokio::test]
async fn every_cell_of_the_table_holds_for_callers_behind_the_gateway() {
    check_verified(Mode::Gateway).await;
}

#[tokio::test]
async fn in_open_mode_everybody_reads_every_list() {
    let world = world(Mode::Open).await;
    for (path, _) in VERIFIED {
        for who in ACTORS {
            assert_eq!(Mode::Open.get(who, &world.service, path).await.status, 200, "{who:?} {path}");
        }
    }
}

#[tokio::test]
async fn a_list_that_is_given_holds_its_owner_s_orders_and_no_other() {
    for mode in [Mode::Token, Mode::Gateway] {
        let world = world(mode).await;
        let service = &world.service;
        for (who, path, expected) in [
            (ADA, "/orders/user/ada", vec![3, 2, 1]),
            (OPERATOR, "/orders/user/ada", vec![3, 2, 1]),
            (OPERATOR, "/orders/user/bob", vec![4]),
            (MAREN, "/orders/created_by/maren", vec![3, 2, 1]),
            (ADA, "/orders/created_by/ada-lovelace", vec![4]),
            (OPERATOR, "/orders/created_by/ada", vec![5]),
            (OPERATOR, "/orders/user/nobody", vec![]),
        ] {
            assert_eq!(mode.get(Some(who), service, path).await.ids(), expected, "{mode:?} {who:?} {path}");
        }
    }
}

#[tokio::test]
async fn who_has_no_username_has_no_creator_s_list() {
    for mode in [Mode::Token, Mode::Gateway] {
        let world = world(mode).await;
        let nameless = Some(("maren", None, false));
        for path in ["/orders/created_by/maren", "/orders/created_by/m-1", "/orders/created_by/%20"] {
            let answer = mode.get(nameless, &world.service, path).await;
            assert!(matches!(answer.status, 403 | 422), "{mode:?} {path}: {}", answer.text);
        }
        assert_eq!(mode.get(nameless, &world.service, "/orders/user/maren").await.ids(), [5]);
        let operator = Some(("op-9", None, true));
        assert_eq!(mode.get(operator, &world.service, "/orders/created_by/maren").await.ids(), [3, 2, 1]);
    }
}

#[tokio::test]
async fn names_are_compared_exactly_as_they_are_verified() {
    let world = World::with(Mode::Token.keys()).await;
    insert(&world.database, &[order(1).of("Ådå/1").by("名 前"), order(2).of("ådå/1").by("名  前")]).await;
    let person: Who = ("Ådå/1", Some("名 前"), false);
    for (path, status) in [
        ("/orders/user/%C3%85d%C3%A5%2F1", 200),
        ("/orders/user/%C3%A5d%C3%A5%2F1", 403),
        // The same letters, composed otherwise, are another name.
        ("/orders/user/A%CC%8Ada%CC%8A%2F1", 403),
        ("/orders/created_by/%E5%90%8D%20%E5%89%8D", 200),
        ("/orders/created_by/%E5%90%8D%20%20%E5%89%8D", 403),
    ] {
        let answer = Mode::Token.get(Some(person), &world.service, path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        if status == 200 {
            assert_eq!(answer.ids(), [1]);
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_s_list_opens_nothing() {
    for mode in [Mode::Token, Mode::Gateway] {
        let world = world(mode).await;
        let service = &world.service;
        let of_ada = mode.get(Some(ADA), service, "/orders/user/ada?limit=1").await.next().expect("more");
        // To one's own list it is foreign; to the list that it belongs to it is no key.
        for (who, path, status, code) in [
            (MAREN, "/orders/user/m-1", 400, "bad_cursor"),
            (MAREN, "/orders/created_by/maren", 400, "bad_cursor"),
            (STRANGER, "/orders/user/stranger", 400, "bad_cursor"),
            (OPERATOR, "/orders/user/bob", 400, "bad_cursor"),
            (MAREN, "/orders/user/ada", 403, "not_authorized"),
            (STRANGER, "/orders/user/ada", 403, "not_authorized"),
            // Whether a cursor is any good is not for everybody to try.
            (STRANGER, "/orders/created_by/maren", 403, "not_authorized"),
        ] {
            let answer = mode.get(Some(who), service, &format!("{path}?after={of_ada}")).await;
            answer.assert_problem(status, code);
        }
        for who in [ADA, OPERATOR] {
            let answer = mode.get(Some(who), service, &format!("/orders/user/ada?after={of_ada}")).await;
            assert_eq!(answer.ids(), [2, 1], "{who:?}");
        }
        assert_unknown(&mode.get(None, service, &format!("/orders/user/ada?after={of_ada}")).await);
    }
}

#[tokio::test]
async fn who_is_unknown_is_told_nothing_else() {
    for mode in [Mode::Token, Mode::Gateway] {
        let world = world(mode).await;
        for path in [
            "/orders/user/ada",
            "/orders/user/nobody",
            "/orders/user/ada?status=nonsense",
            "/orders/user/ada?after=nonsense",
            "/orders/user/ada?user_id=ada&username=maren",
            "/orders/user/%00",
            "/orders/created_by/maren",
        ] {
            assert_unknown(&mode.get(None, &world.service, path).await);
        }
    }
}

#[tokio::test]
async fn what_proves_nothing_opens_no_list() {
    let world = world(Mode::Token).await;
    let ask = |token: String| {
        let headers = vec![("authorization", format!("Bearer {token}"))];
        async { world.service.get_with("/orders/user/ada", &{ headers }).await }
    };
    let claims = |exp: u64| json!({"sub": "ada", "exp": exp});
    assert_eq!(ask(signed(&claims(4_102_444_800), TOKEN_SECRET)).await.status, 200);
    for token in [
        String::new(),
        "x".to_owned(),
        signed(&claims(1), TOKEN_SECRET),
        signed(&claims(4_102_444_800), GATEWAY_SECRET),
        signed(&json!({"sub": "ada"}), TOKEN_SECRET),
        signed(&json!({"username": "maren", "exp": 4_102_444_800_u64}), TOKEN_SECRET),
    ] {
        assert_unknown(&ask(token).await);
    }
    let headers = Mode::Gateway.headers(Some(OPERATOR));
    assert_unknown(&world.service.get_with("/orders/user/ada", &headers).await);
}

#[tokio::test]
async fn both_services_of_a_database_know_the_same_people() {
    let world = world(Mode::Token).await;
    let gateway =
        Service::start(&world.database.url(Role::Reader), &world.catalog.base_url(), Mode::Gateway.keys())
            .await;
    for (who, path) in [(ADA, "/orders/user/ada"), (MAREN, "/orders/created_by/maren")] {
        let (first, second) = (
            Mode::Token.get(Some(who), &world.service, path).await,
            Mode::Gateway.get(Some(who), &gateway, path).await,
        );
        assert_eq!(first.json(), second.json());
    }
    // A cursor has no authority of its own, so it holds wherever its list may be read.
    let next =
        Mode::Token.get(Some(ADA), &world.service, "/orders/user/ada?limit=2").await.next().expect("more");
    let rest = Mode::Gateway.get(Some(ADA), &gateway, &format!("/orders/user/ada?after={next}")).await;
    assert_eq!(rest.ids(), [1]);
}
