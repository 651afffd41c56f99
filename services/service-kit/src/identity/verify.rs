//! `/auth/verify`: whether a request may pass, for a proxy that asks before it forwards one (NGINX's `auth_request`, forward-auth).
//! It answers with who is asking, in headers that the proxy then sets; it never reads a body.

use axum::Router;
use axum::extract::State;
use axum::http::header::{HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use order_model::Actor;

use super::{Authenticator, Identity};
use crate::http::{Problem, both_spellings};

/// The routes of the verify listener.
pub fn routes(authenticator: Authenticator, operator_role: String) -> Router {
    both_spellings(Router::new(), "/auth/verify", get(verify)).with_state((authenticator, operator_role))
}

async fn verify(
    State((authenticator, operator_role)): State<(Authenticator, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut response = StatusCode::OK.into_response();
    if let Identity::Verified(Actor { user_id, username, operator }) =
        authenticator.identify(&headers).await?
    {
        let roles = operator.then_some(operator_role);
        let identity = [
            ("x-user-id", user_id.map(|it| it.to_string())),
            ("x-username", username.map(|it| it.to_string())),
            ("x-roles", roles),
        ];
        for (name, text) in identity {
            // A name beyond ASCII goes as its UTF-8 bytes; it has no control characters, so it is always a header value.
            if let Some(value) = text.and_then(|text| HeaderValue::from_bytes(text.as_bytes()).ok()) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
    }
    Ok(response)
}
