//! How callers are known: the `[auth]` section.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::{Listen, Mistakes, Secret, is_loopback_host};
use crate::secrets::SECRET_BYTES_MIN;

/// How callers are known.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// Where a caller's identity comes from. There is no default: who may do what must be somebody's decision.
    pub mode: AuthMode,
    /// Lets `open` mode bind an address that other machines reach, where anybody could then claim to be anybody.
    pub allow_open_on_network: bool,
    /// Where `/auth/verify` is served, for a proxy that asks whether a request may pass; nowhere if absent. With `gateway` and keys of
    /// tokens beside it (`auth.jwks`, `auth.hs256`) the proxy asks by token: that is how it learns what it then vouches for.
    pub verify_listen: Option<Listen>,
    /// What a token must say.
    pub token: TokenConfig,
    /// Shared secrets that sign tokens.
    pub hs256: Hs256Config,
    /// Public keys that verify tokens.
    pub jwks: JwksConfig,
    /// What the proxy in front proves itself with.
    pub gateway: GatewayConfig,
}

/// Where a caller's identity comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMode {
    /// From a signed token (JWT) in `Authorization: Bearer`, verified here.
    Token,
    /// From headers that the proxy in front sets after it has authenticated the caller; it proves itself with a secret.
    Gateway,
    /// From the body's `user_id` and `username`, unverified; reads are unrestricted. For trying out.
    Open,
}

/// What a token must say.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenConfig {
    /// Who must have issued it (`iss`). Required with `auth.jwks`.
    pub issuer: Option<String>,
    /// Whom it must be meant for (`aud`). Required with `auth.jwks`: an issuer's tokens for other applications must not open this one.
    pub audience: Option<String>,
    /// The claim with the user's id. It must be unique and never reassigned.
    pub user_id_claim: String,
    /// The claim with the user's name, by which a creator is known. It must be unique and never reassigned.
    pub username_claim: String,
    /// The claim with the user's roles; dots lead into nested objects.
    pub roles_claim: String,
    /// The role that makes an operator.
    pub operator_role: String,
    /// How far clocks may differ, for `exp` and `nbf`. Seconds.
    #[schemars(range(min = 0, max = 300))]
    pub leeway_seconds: u32,
}

/// Shared secrets that sign tokens (HS256).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hs256Config {
    /// Secrets of 32 bytes at least: the current one, and the next or the last while they are exchanged.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// A file with one secret a line, read again while the service runs.
    pub secrets_file: Option<PathBuf>,
}

/// Public keys that verify tokens (RS256, ES256, EdDSA): a JSON Web Key Set.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwksConfig {
    /// The set's address; https unless it is on this machine.
    pub url: Option<String>,
    /// A file with the set, read again while the service runs.
    pub file: Option<PathBuf>,
    /// How often the set is read anew. Seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub refresh_seconds: u32,
    /// The shortest time between two readings that tokens with unknown keys cause. Seconds.
    #[schemars(range(min = 1, max = 3_600))]
    pub refresh_min_seconds: u32,
    /// How long reading it may take. Milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub timeout_ms: u64,
}

/// What the proxy in front proves itself with, in `X-Gateway-Secret`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// Secrets of 32 bytes at least: the current one, and the next or the last while they are exchanged.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// A file with one secret a line, read again while the service runs.
    pub secrets_file: Option<PathBuf>,
}

impl AuthConfig {
    /// How the verify listener knows callers, where that is otherwise than the service: a gateway that asks it cannot vouch for
    /// somebody yet, so with keys of tokens configured it is tokens that are looked at.
    pub fn of_verify_listener(&self) -> Option<Self> {
        let is_gateway = self.mode == AuthMode::Gateway && self.verify_listen.is_some();
        (is_gateway && (self.has_key_set() || self.has_shared_secret()))
            .then(|| Self { mode: AuthMode::Token, ..self.clone() })
    }

    fn has_key_set(&self) -> bool {
        self.jwks.url.is_some() || self.jwks.file.is_some()
    }

    fn has_shared_secret(&self) -> bool {
        !self.hs256.secrets.is_empty() || self.hs256.secrets_file.is_some()
    }

    /// Adds what is wrong between the keys, and between the mode and the address.
    pub fn check(&self, listen: &Listen, mistakes: &mut Mistakes<'_>) {
        check_secrets(&self.hs256.secrets, self.hs256.secrets_file.is_some(), "auth.hs256", mistakes);
        check_secrets(&self.gateway.secrets, self.gateway.secrets_file.is_some(), "auth.gateway", mistakes);
        match self.mode {
            AuthMode::Open if !listen.is_loopback() && !self.allow_open_on_network => {
                let problem = format!(
                    "open believes whatever a body claims, and {listen} can be reached from other machines: \
                     listen on 127.0.0.1, or set auth.allow_open_on_network=true"
                );
                mistakes.add("auth.mode", problem);
            }
            AuthMode::Gateway if self.gateway.secrets.is_empty() && self.gateway.secrets_file.is_none() => {
                mistakes.add(
                    "auth.gateway.secrets_file",
                    "must be set with auth.mode gateway, or auth.gateway.secrets",
                );
            }
            AuthMode::Token => self.check_token(mistakes),
            AuthMode::Open | AuthMode::Gateway => {}
        }
        if let Some(verify) = self.of_verify_listener() {
            verify.check_token(mistakes);
        }
    }

    fn check_token(&self, mistakes: &mut Mistakes<'_>) {
        let hs256 = self.has_shared_secret();
        match (&self.jwks.url, &self.jwks.file) {
            (None, None) if !hs256 => {
                let problem =
                    "must be set with auth.mode token, or auth.jwks.file, or auth.hs256.secrets_file";
                mistakes.add("auth.jwks.url", problem);
            }
            (Some(_), Some(_)) => mistakes.add("auth.jwks.file", "auth.jwks.url is set too; use one of them"),
            _ => {}
        }
        if !self.has_key_set() {
            return;
        }
        if hs256 {
            let problem =
                "auth.jwks is set too; use one of them, so that no key is taken for one of the other kind";
            mistakes.add("auth.hs256.secrets", problem);
        }
        let is_none = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
        if is_none(&self.token.issuer) {
            mistakes.add("auth.token.issuer", "must be set with auth.jwks");
        }
        if is_none(&self.token.audience) {
            let problem = "must be set with auth.jwks: the issuer's tokens for other applications must not open this one";
            mistakes.add("auth.token.audience", problem);
        }
        if let Some(url) = &self.jwks.url {
            let usable = reqwest::Url::parse(url).is_ok_and(|url| {
                let has_login = !url.username().is_empty() || url.password().is_some();
                let loopback = url.host_str().is_some_and(is_loopback_host);
                !has_login && (url.scheme() == "https" || (url.scheme() == "http" && loopback))
            });
            if !usable {
                mistakes.add(
                    "auth.jwks.url",
                    "must be an https address without login; http only on this machine",
                );
            }
        }
    }
}

fn check_secrets(secrets: &[Secret], has_file: bool, section: &str, mistakes: &mut Mistakes<'_>) {
    if secrets.iter().any(|secret| secret.expose().len() < SECRET_BYTES_MIN) {
        mistakes.add(&format!("{section}.secrets"), "each must have 32 bytes at least");
    }
    if has_file && !secrets.is_empty() {
        mistakes.add(
            &format!("{section}.secrets_file"),
            format!("{section}.secrets is set too; use one of them"),
        );
    }
}
