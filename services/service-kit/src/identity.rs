//! Who is asking. A handler gets a [`Caller`], never a header or a claim.

mod config;
mod examine;
mod gateway;
mod jwks;
mod key;
mod limit;
mod token;
mod verify;
mod witness;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::{HeaderValue, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use order_model::{Actor, UserId, Username};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::database::Asker;
use crate::fair::Share;
use crate::http::{Fields, PeerAddress, Problem, codes};
use crate::lifecycle::every;
use crate::secrets::SecretsError;
use crate::telemetry::TraceContext;
pub use config::{AuthConfig, AuthMode, GatewayConfig, Hs256Config, JwksConfig, TokenConfig};
pub(crate) use examine::doctor;
use gateway::Gateway;
pub(crate) use key::CallerKey;
use limit::Limiter;
pub use limit::LimitsConfig;
use token::TokenVerifier;
pub use verify::routes as verify_routes;
pub(crate) use witness::{Seen, Witness};

/// Who is asking, and on whose account they are answered.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who it is.
    pub identity: Identity,
    /// On whose account the database is asked.
    pub asker: Asker,
}

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Somebody unknown, who will say in the body who they are and be believed (`open`). Never an operator.
    Open,
    /// Somebody whose identity was verified, here or by the gateway in front.
    Verified(Actor),
}

impl Identity {
    /// Whether things that are not theirs exist for them: with identities unverified, hiding would only look like protection.
    pub fn sees_everything(&self) -> bool {
        match self {
            Self::Open => true,
            Self::Verified(actor) => actor.operator,
        }
    }

    /// Whether an order of these parties exists for them.
    pub fn sees(&self, order: &order_model::Order) -> bool {
        match self {
            Self::Open => true,
            Self::Verified(actor) => actor.sees(order),
        }
    }

    /// Takes `user_id` and `username` out of a body. In `open` they are the caller; a verified caller may repeat its own.
    /// What does not match is told by [`Claims::actor`], after the body's other fields were looked at.
    pub fn claims(self, fields: &mut Fields) -> Claims {
        Claims { identity: self, user_id: fields.text("user_id"), username: fields.text("username") }
    }
}

/// Who a body says is asking, beside who is.
#[derive(Debug)]
pub struct Claims {
    identity: Identity,
    user_id: Option<UserId>,
    username: Option<Username>,
}

impl Claims {
    /// The actor, as the rules know them; 403 where the body claims to be somebody else.
    pub fn actor(self) -> Result<Actor, Problem> {
        let Self { identity, user_id, username } = self;
        match identity {
            Identity::Open => Ok(Actor { user_id, username, operator: false }),
            Identity::Verified(actor) => {
                let same_user = user_id.is_none() || user_id == actor.user_id;
                let same_name = username.is_none() || username == actor.username;
                if same_user && same_name { Ok(actor) } else { Err(not_authorized()) }
            }
        }
    }
}

/// 403.
pub fn not_authorized() -> Problem {
    Problem::new(codes::NOT_AUTHORIZED, "Not authorized")
}

/// 401: the caller is not known, and why not.
fn unauthenticated(detail: &'static str) -> Problem {
    Problem::new(codes::UNAUTHENTICATED, detail)
        .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))
}

/// How often callers that ask no more are forgotten.
const FORGET_PERIOD: Duration = Duration::from_mins(1);

/// Finds out who is asking, and whether they ask too often.
#[derive(Clone)]
pub struct Authenticator(Arc<Inner>);

struct Inner {
    mode: Mode,
    limiter: Option<Limiter>,
}

enum Mode {
    Open,
    Gateway(Gateway),
    Token(Box<TokenVerifier>),
}

/// Why callers cannot be told apart.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The client for the key set cannot be built.
    #[error("the client for auth.jwks.url cannot be built")]
    Client(#[source] reqwest::Error),
    /// A file of secrets cannot be used.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}

impl Authenticator {
    /// As configured; the configuration has passed its check.
    pub fn new(config: &AuthConfig, limits: &LimitsConfig, clock: Clock) -> Result<Self, IdentityError> {
        let mode = match config.mode {
            AuthMode::Open => Mode::Open,
            AuthMode::Gateway => Mode::Gateway(Gateway::new(config)?),
            AuthMode::Token => Mode::Token(Box::new(TokenVerifier::new(config, clock)?)),
        };
        Ok(Self(Arc::new(Inner { mode, limiter: Limiter::new(limits) })))
    }

    /// Who sends these headers, or 400, 401, 503.
    pub async fn identify(&self, headers: &HeaderMap) -> Result<Identity, Problem> {
        match &self.0.mode {
            Mode::Open => Ok(Identity::Open),
            Mode::Gateway(gateway) => gateway.identify(headers).map(Identity::Verified),
            Mode::Token(verifier) => verifier.identify(headers).await.map(Identity::Verified),
        }
    }

    /// The same, counted and witnessed: 429 where the caller, or the address of one that is not known, asks too often.
    async fn admit(&self, parts: &Parts) -> Result<Caller, Problem> {
        let identified = self.identify(&parts.headers).await;
        let peer = parts.extensions.get::<PeerAddress>().copied();
        let (caller, operator) = match &identified {
            Ok(Identity::Verified(actor)) => (CallerKey::of(actor, peer), actor.operator),
            _ => (CallerKey::of_peer(peer), false),
        };
        let span = parts.extensions.get::<TraceContext>().map(TraceContext::span).unwrap_or_default();
        let asker = Asker { share: Share::of(&caller), span };
        let admitted = self.0.limiter.as_ref().map_or(Ok(()), |limiter| limiter.admit(&caller));
        if let Some(witness) = parts.extensions.get::<Witness>() {
            witness.saw(Seen { caller, operator });
        }
        admitted?;
        Ok(Caller { identity: identified?, asker })
    }

    /// How long ago the issuer's keys were read, where there is an issuer.
    pub fn keys_age(&self) -> Option<Duration> {
        match &self.0.mode {
            Mode::Token(verifier) => verifier.keys_age(),
            Mode::Open | Mode::Gateway(_) => None,
        }
    }

    /// Keeps keys fresh, and forgets callers that ask no more, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let limited = self.clone();
        let forget = every(FORGET_PERIOD, stop.clone(), async move || {
            if let Some(limiter) = &limited.0.limiter {
                limiter.forget_idle();
            }
        });
        let refresh = async {
            if let Mode::Token(verifier) = &self.0.mode {
                verifier.run(stop).await;
            }
        };
        tokio::join!(forget, refresh);
    }
}

impl<S> FromRequestParts<S> for Caller
where
    Authenticator: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Authenticator::from_ref(state).admit(parts).await
    }
}
