//! People, and what they send to be known by it.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, App, BUYER, Instance, MAKER};

/// What signs tokens.
pub(crate) const TOKEN_SECRET: &str = "planted-token-secret-0123456789abcdef";
/// What the gateway proves itself with.
pub(crate) const GATEWAY_SECRET: &str = "planted-gateway-secret-0123456789abcd";

/// How the service learns who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Token,
    Gateway,
    Open,
}

/// Somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who {
    pub(crate) user_id: &'static str,
    pub(crate) username: Option<&'static str>,
    pub(crate) operator: bool,
}

const fn person(user_id: &'static str, username: &'static str) -> Who {
    Who { user_id, username: Some(username), operator: false }
}

/// Wants the orders made.
pub(crate) const REQUESTER: Who = person(BUYER, "buyers-name");
/// Makes them.
pub(crate) const CREATOR: Who = person("makers-id", MAKER);
/// Has nothing to do with them.
pub(crate) const STRANGER: Who = person("stranger-1", "stranger");
/// Staff.
pub(crate) const OPERATOR: Who = Who { operator: true, ..person("operator-9", "olga") };

impl Mode {
    /// A service in this mode.
    pub(crate) async fn app(self) -> App {
        App::start_with(self.settings()).await
    }

    pub(crate) fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Token => &[("ATELIER_AUTH__MODE", "token"), ("ATELIER_AUTH__HS256__SECRETS", TOKEN_SECRET)],
            Self::Gateway => {
                &[("ATELIER_AUTH__MODE", "gateway"), ("ATELIER_AUTH__GATEWAY__SECRETS", GATEWAY_SECRET)]
            }
            Self::Open => &[("ATELIER_AUTH__MODE", "open")],
        }
    }

    /// Makes a request `who`'s. `None` is somebody unknown.
    pub(crate) fn sign(self, who: Option<Who>, request: RequestBuilder) -> RequestBuilder {
        let Some(who) = who else { return request };
        match self {
            Self::Token => by_token(who, request),
            Self::Gateway => by_headers(who, request),
            // Whatever they could show elsewhere means nothing here.
            Self::Open => by_headers(who, by_token(who, request)),
        }
    }
}

fn by_token(who: Who, request: RequestBuilder) -> RequestBuilder {
    request.header("authorization", format!("Bearer {}", token(who)))
}

fn by_headers(who: Who, request: RequestBuilder) -> RequestBuilder {
    let request = request
        .header("x-gateway-secret", GATEWAY_SECRET)
        .header("x-user-id", who.user_id)
        .header("x-roles", if who.operator { "buyer, operator" } else { "buyer" });
    match who.username {
        Some(username) => request.header("x-username", username),
        None => request,
    }
}

/// A good token. It ends in 2100.
pub(crate) fn token(who: Who) -> String {
    let roles = if who.operator { json!(["operator"]) } else { json!(["buyer"]) };
    signed(
        &json!({"sub": who.user_id, "username": who.username, "roles": roles, "exp": 4_102_444_800_u64}),
        TOKEN_SECRET,
    )
}

pub(crate) fn signed(claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(Algorithm::HS256), claims, &key).expect("a token")
}

/// An instance as one person uses it, with a token.
pub(crate) struct As<'a>(pub(crate) &'a Instance, pub(crate) Who);

impl As<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(Mode::Token.sign(Some(self.1), self.0.request(Method::GET, path))).await
    }

    pub(crate) async fn post(&self, body: &Value) -> Answer {
        self.post_with_key(body, None).await
    }

    pub(crate) async fn post_with_key(&self, body: &Value, key: Option<&str>) -> Answer {
        let mut request = self.0.request(Method::POST, "/orders").body(body.to_string());
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        Answer::of(Mode::Token.sign(Some(self.1), request)).await
    }

    /// A new order of [`BUYER`] at [`MAKER`]; its id.
    pub(super) async fn order(&self) -> i64 {
        let answer = self.post(&json!({"requester_id": BUYER, "created_by": MAKER})).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["order"]["order_id"].as_i64().expect("an id")
    }

    pub(crate) async fn put(&self, order_id: i64, body: &Value) -> Answer {
        let request = self.0.request(Method::PUT, &format!("/orders/{order_id}/update"));
        Answer::of(Mode::Token.sign(Some(self.1), request.body(body.to_string()))).await
    }

    pub(crate) async fn moves(&self, order_id: i64, state_type: &str, new_value: bool) -> Answer {
        self.put(order_id, &json!({"state_type": state_type, "new_value": new_value})).await
    }

    /// All events of an order.
    pub(crate) async fn events(&self, order_id: i64) -> Vec<Value> {
        let answer = self.get(&format!("/orders/{order_id}/history")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["events"].as_array().expect("events").clone()
    }
}

/// The one refusal of who is not known.
pub(crate) fn assert_unknown(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["code"]), (401, &json!("unauthenticated")), "{answer:?}");
    assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#), "{answer:?}");
}
