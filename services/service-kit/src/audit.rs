//! Audit lines: who was refused, and which operator looked at what. Lines of the log with the target `audit`.
//!
//! A caller stands there as a keyed hash: whoever holds the key can look for somebody, nobody can read who it was.

use std::path::PathBuf;
use std::sync::Arc;

use hmac::{Hmac, Mac};
use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::Sha256;

use crate::config::{Mistakes, Secret};
use crate::http::Entry;
use crate::identity::{CallerKey, Seen, Witness};
use crate::secrets::{SECRET_BYTES_MIN, Secrets, SecretsError};

/// The `[audit]` section.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    /// The key of the hashes that stand for callers, of 32 bytes at least. Without one each process makes its own, and one
    /// caller has another hash in each.
    pub key: Option<Secret>,
    /// A file that holds the key; read again while the service runs.
    pub key_file: Option<PathBuf>,
}

impl AuditConfig {
    /// Adds what is wrong between the keys.
    pub fn check(&self, mistakes: &mut Mistakes<'_>) {
        if self.key.as_ref().is_some_and(|key| key.expose().len() < SECRET_BYTES_MIN) {
            mistakes.add("audit.key", "must have 32 bytes at least");
        }
        if self.key.is_some() && self.key_file.is_some() {
            mistakes.add("audit.key_file", "audit.key is set too; use one of them");
        }
    }
}

/// Writes the lines.
#[derive(Clone)]
pub struct Audit(Arc<Secrets>);

impl Audit {
    /// With the configured key, or one that nobody knows.
    pub fn new(config: &AuditConfig) -> Result<Self, SecretsError> {
        let key =
            config.key.clone().unwrap_or_else(|| Secret::from(format!("{:032x}", rand::random::<u128>())));
        Ok(Self(Arc::new(Secrets::new(&[key], config.key_file.clone(), SECRET_BYTES_MIN)?)))
    }

    /// Writes a line if the request is one that is to be seen later.
    pub(crate) fn note(&self, request: &Entry<'_>, witness: &Witness) {
        let Entry { request_id, method, route, status, order_id, code, .. } = *request;
        let seen: Option<&Seen> = witness.seen();
        let is_operator = seen.is_some_and(|seen| seen.operator);
        let is_read = matches!(method, "GET" | "HEAD") && status.as_u16() < 400;
        let event = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "denied",
            _ if is_operator && is_read => "operator_read",
            _ => return,
        };
        let status = status.as_u16();
        let caller = seen.map(|seen| self.hash(&seen.caller));
        let caller_role = is_operator.then_some("operator");
        tracing::info!(
            target: "audit", event, request_id, method, route, status, order_id, caller, caller_role, code
        );
    }

    /// The first 8 bytes: enough to tell callers apart, too little to be taken for a token.
    fn hash(&self, caller: &CallerKey) -> String {
        let keys = self.0.current();
        // A key of any length will do for this algorithm, and the list is never empty.
        let key = keys.first().map_or(&[][..], Vec::as_slice);
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
        mac.update(caller.to_string().as_bytes());
        let hash = mac.finalize().into_bytes();
        hash.first_chunk().map(|first| format!("{:016x}", u64::from_be_bytes(*first))).unwrap_or_default()
    }
}
