//! `token`: a JWT in `Authorization: Bearer`, verified here. One claim each for id, name and roles, no fallbacks:
//! a token that says it in another way says nothing.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use order_model::{Actor, UserId, Username};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};
use tokio_util::sync::CancellationToken;

use super::jwks::KeySet;
use super::{AuthConfig, IdentityError, TokenConfig, unauthenticated};
use crate::clock::Clock;
use crate::http::{Problem, codes};
use crate::secrets::{SECRET_BYTES_MIN, Secrets};

/// What signs with the key pairs of a set. The one of the shared secret is never among them, nor they among its own:
/// a public key must not be taken for a shared secret.
const KEY_SET_ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

pub(super) struct TokenVerifier {
    keys: Keys,
    rules: TokenConfig,
    clock: Clock,
}

enum Keys {
    Shared(Secrets),
    Set(KeySet),
}

/// Why a token is not accepted. Told to the caller in a sentence, never with the token's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rejection {
    Missing,
    Malformed,
    Algorithm,
    Signature,
    Expired,
    NotYet,
    Claims,
    User,
}

impl Rejection {
    fn sentence(self) -> &'static str {
        match self {
            Self::Missing => "Send one token as Authorization: Bearer",
            Self::Malformed => "The token is no JWT",
            Self::Algorithm => "The token is signed in a way that is not accepted here",
            Self::Signature => "The token's signature does not match any key that is accepted here",
            Self::Expired => "The token has expired; get a new one",
            Self::NotYet => "The token is not valid yet",
            Self::Claims => "The token is from another issuer or for another application",
            Self::User => "The token does not say who its bearer is",
        }
    }
}

impl TokenVerifier {
    pub(super) fn new(config: &AuthConfig, clock: Clock) -> Result<Self, IdentityError> {
        let keys = if config.jwks.url.is_some() || config.jwks.file.is_some() {
            Keys::Set(KeySet::new(&config.jwks).map_err(IdentityError::Client)?)
        } else {
            Keys::Shared(Secrets::new(
                &config.hs256.secrets,
                config.hs256.secrets_file.clone(),
                SECRET_BYTES_MIN,
            )?)
        };
        Ok(Self { keys, rules: config.token.clone(), clock })
    }

    /// Keeps the key set fresh until `stop`.
    /// How long ago the issuer's keys were read, where they are an issuer's.
    pub(super) fn keys_age(&self) -> Option<std::time::Duration> {
        match &self.keys {
            Keys::Set(set) => Some(set.age()),
            Keys::Shared(_) => None,
        }
    }

    pub(super) async fn run(&self, stop: CancellationToken) {
        match &self.keys {
            Keys::Shared(_) => stop.cancelled().await,
            Keys::Set(set) => set.run(stop).await,
        }
    }

    pub(super) async fn identify(&self, headers: &HeaderMap) -> Result<Actor, Problem> {
        let refuse = |rejection: Rejection| unauthenticated(rejection.sentence());
        let token = bearer(headers).ok_or_else(|| refuse(Rejection::Missing))?;
        let header = decode_header(token).map_err(|_| refuse(Rejection::Malformed))?;
        // What a header calls critical must be understood (RFC 7515, 4.1.11), and nothing of that kind is understood here.
        if header.crit.is_some() {
            return Err(refuse(Rejection::Algorithm));
        }
        let claims = match &self.keys {
            Keys::Shared(secrets) => {
                if header.alg != Algorithm::HS256 {
                    return Err(refuse(Rejection::Algorithm));
                }
                let secrets = secrets.current();
                let keys = secrets.iter().map(|secret| DecodingKey::from_secret(secret));
                self.verify(token, header.alg, keys).map_err(refuse)?
            }
            Keys::Set(set) => {
                if !KEY_SET_ALGORITHMS.contains(&header.alg) {
                    return Err(refuse(Rejection::Algorithm));
                }
                let found = set.find(header.kid.as_deref(), header.alg).await;
                let keys = found.map_err(|away| {
                    Problem::new(
                        codes::IDENTITY_UNAVAILABLE,
                        "Tokens cannot be verified just now; try again shortly",
                    )
                    .with_retry_after(2)
                    .with_cause(away)
                })?;
                self.verify(token, header.alg, keys.into_iter()).map_err(refuse)?
            }
        };
        self.check_times(&claims).map_err(refuse)?;
        self.actor(&claims).ok_or_else(|| refuse(Rejection::User))
    }

    fn verify(
        &self,
        token: &str,
        algorithm: Algorithm,
        keys: impl Iterator<Item = DecodingKey>,
    ) -> Result<Map<String, Value>, Rejection> {
        use jsonwebtoken::errors::ErrorKind;

        let mut validation = Validation::new(algorithm);
        // The library reads the system's clock; ours is a parameter.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let mut required = vec!["exp"];
        if let Some(issuer) = &self.rules.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        match &self.rules.audience {
            Some(audience) => {
                validation.set_audience(&[audience]);
                required.push("aud");
            }
            None => validation.validate_aud = false,
        }
        validation.set_required_spec_claims(&required);

        let mut rejection = Rejection::Signature;
        for key in keys {
            match decode::<Map<String, Value>>(token, &key, &validation) {
                Ok(data) => return Ok(data.claims),
                Err(error) => match error.kind() {
                    ErrorKind::InvalidIssuer
                    | ErrorKind::InvalidAudience
                    | ErrorKind::MissingRequiredClaim(_) => rejection = Rejection::Claims,
                    ErrorKind::InvalidSignature => {}
                    _ if rejection == Rejection::Signature => rejection = Rejection::Malformed,
                    _ => {}
                },
            }
        }
        Err(rejection)
    }

    fn check_times(&self, claims: &Map<String, Value>) -> Result<(), Rejection> {
        let now = self.clock.now() - OffsetDateTime::UNIX_EPOCH;
        let leeway = Duration::seconds(self.rules.leeway_seconds.into());
        let at =
            |claim: &Value| claim.as_f64().map(Duration::saturating_seconds_f64).ok_or(Rejection::Malformed);
        if at(claims.get("exp").ok_or(Rejection::Malformed)?)?.saturating_add(leeway) <= now {
            return Err(Rejection::Expired);
        }
        match claims.get("nbf").map(at).transpose()? {
            Some(begins) if begins.saturating_sub(leeway) > now => Err(Rejection::NotYet),
            _ => Ok(()),
        }
    }

    fn actor(&self, claims: &Map<String, Value>) -> Option<Actor> {
        let user_id = match claims.get(&self.rules.user_id_claim)? {
            Value::String(text) => text.clone(),
            // Some issuers number their users; the number's text is the id.
            Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
            _ => return None,
        };
        let username = match claims.get(&self.rules.username_claim) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(Username::try_from(text.clone()).ok()?),
            Some(_) => return None,
        };
        let operator = match lookup(claims, &self.rules.roles_claim) {
            Some(Value::Array(roles)) => roles.iter().any(|role| role == self.rules.operator_role.as_str()),
            Some(Value::String(role)) => *role == self.rules.operator_role,
            _ => false,
        };
        Some(Actor { user_id: Some(UserId::try_from(user_id).ok()?), username, operator })
    }
}

/// The one token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let text = given.next()?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    let usable = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && given.next().is_none();
    usable.then_some(token)
}

/// A claim by its name, or by the path to it.
fn lookup<'c>(claims: &'c Map<String, Value>, path: &str) -> Option<&'c Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    lookup(claims.get(first)?.as_object()?, rest)
}
