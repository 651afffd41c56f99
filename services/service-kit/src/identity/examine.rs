//! Whether callers can be told apart, as `doctor` says it.

use super::jwks::KeySet;
use super::{AuthConfig, AuthMode};
use crate::chain::chain;
use crate::doctor::Finding;
use crate::secrets::{SECRET_BYTES_MIN, Secrets};

const ABOUT: &str = "identity";

/// Reads what callers are verified with, once.
pub(crate) async fn doctor(config: &AuthConfig) -> Finding {
    match config.mode {
        AuthMode::Open => Finding::odd(ABOUT, "open: whoever asks is believed; for trying out only"),
        AuthMode::Gateway => secrets(
            "gateway",
            "gateway secrets",
            &config.gateway.secrets,
            config.gateway.secrets_file.as_ref(),
        ),
        AuthMode::Token if config.jwks.url.is_some() || config.jwks.file.is_some() => key_set(config).await,
        AuthMode::Token => {
            secrets("token", "shared secrets", &config.hs256.secrets, config.hs256.secrets_file.as_ref())
        }
    }
}

fn secrets(
    mode: &str,
    what: &str,
    inline: &[crate::config::Secret],
    file: Option<&std::path::PathBuf>,
) -> Finding {
    match Secrets::new(inline, file.cloned(), SECRET_BYTES_MIN) {
        Ok(secrets) => Finding::good(ABOUT, format!("{mode}: {} {what}", secrets.current().len())),
        Err(error) => Finding::bad(ABOUT, chain(&error)),
    }
}

async fn key_set(config: &AuthConfig) -> Finding {
    let set = match KeySet::new(&config.jwks) {
        Ok(set) => set,
        Err(error) => return Finding::bad(ABOUT, chain(&error)),
    };
    match set.count().await {
        Ok(0) => Finding::bad(ABOUT, "token: the key set holds no key of RS256, ES256 or EdDSA"),
        Ok(keys) => Finding::good(ABOUT, format!("token: {keys} keys in the issuer's set")),
        Err(error) => Finding::bad(ABOUT, format!("token: {}", chain(&error))),
    }
}
