//! `gateway`: the proxy in front has authenticated the caller, says who it is in headers, and proves itself with a secret.
//! A header that a caller could have smuggled past it (sent twice, or in another spelling) is refused, never guessed at.

use axum::http::HeaderMap;
use order_model::{Actor, UserId, Username};
use subtle::ConstantTimeEq;

use super::{AuthConfig, unauthenticated};
use crate::http::{Problem, codes};
use crate::secrets::{SECRET_BYTES_MIN, Secrets, SecretsError};

const X_GATEWAY_SECRET: &str = "x-gateway-secret";
const X_USER_ID: &str = "x-user-id";
const X_USERNAME: &str = "x-username";
const X_ROLES: &str = "x-roles";

const IDENTITY_HEADERS: [&str; 4] = [X_GATEWAY_SECRET, X_USER_ID, X_USERNAME, X_ROLES];

pub(super) struct Gateway {
    secrets: Secrets,
    operator_role: String,
}

impl Gateway {
    pub(super) fn new(config: &AuthConfig) -> Result<Self, SecretsError> {
        let secrets =
            Secrets::new(&config.gateway.secrets, config.gateway.secrets_file.clone(), SECRET_BYTES_MIN)?;
        Ok(Self { secrets, operator_role: config.token.operator_role.clone() })
    }

    pub(super) fn identify(&self, headers: &HeaderMap) -> Result<Actor, Problem> {
        refuse_ambiguous(headers)?;
        let given = headers.get(X_GATEWAY_SECRET).map_or(&[][..], |value| value.as_bytes());
        // Every secret is compared, and each in constant time: how long it took tells nothing.
        let known = self
            .secrets
            .current()
            .iter()
            .fold(subtle::Choice::from(0), |known, secret| known | secret.as_slice().ct_eq(given));
        if !bool::from(known) {
            return Err(unauthenticated("This service is reached through its gateway only"));
        }
        let user_id: UserId = text(headers, X_USER_ID)?
            .ok_or_else(|| unauthenticated("The gateway did not say who is asking"))?;
        let username: Option<Username> = text(headers, X_USERNAME)?;
        let roles: Option<String> = text(headers, X_ROLES)?;
        let operator =
            roles.is_some_and(|roles| roles.split(',').any(|role| role.trim() == self.operator_role));
        Ok(Actor { user_id: Some(user_id), username, operator })
    }
}

fn refuse_ambiguous(headers: &HeaderMap) -> Result<(), Problem> {
    for name in IDENTITY_HEADERS {
        let twice = headers.get_all(name).iter().count() > 1;
        let alias = headers.keys().any(|key| key.as_str() != name && key.as_str().replace('_', "-") == name);
        if twice || alias {
            return Err(malformed(name, "must be sent once, in this spelling"));
        }
    }
    Ok(())
}

/// A header's text; an empty one and an absent one are the same.
fn text<T>(headers: &HeaderMap, name: &'static str) -> Result<Option<T>, Problem>
where
    T: TryFrom<String, Error: std::fmt::Display>,
{
    let Some(value) = headers.get(name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| malformed(name, "must be UTF-8"))?;
    T::try_from(text.to_owned()).map(Some).map_err(|error| malformed(name, &error.to_string()))
}

fn malformed(name: &str, message: &str) -> Problem {
    Problem::new(codes::MALFORMED_HEADER, format!("{name} {message}"))
}
