//! Keys of an issuer's set, and tokens that they sign. Made anew for each run: none stands in the repository.
//! RSA, because without optimisation a signature of any other kind takes so long to verify that no load could be made of them.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::rand_core::OsRng;
use serde_json::{Value, json};

use super::callers::Who;

/// Who issues the tokens.
const ISSUER: &str = "https://issuer.example.com/";
/// Whom they are meant for.
const AUDIENCE: &str = "atelier";

/// A service that takes tokens of this issuer only, and reads its set anew as soon as it may.
pub(super) fn settings(jwks_url: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("ATELIER_AUTH__MODE", "token"),
        ("ATELIER_AUTH__JWKS__URL", jwks_url),
        ("ATELIER_AUTH__JWKS__REFRESH_SECONDS", "1"),
        ("ATELIER_AUTH__JWKS__REFRESH_MIN_SECONDS", "1"),
        ("ATELIER_AUTH__TOKEN__ISSUER", ISSUER),
        ("ATELIER_AUTH__TOKEN__AUDIENCE", AUDIENCE),
    ]
}

/// A key that signs.
pub(super) struct Key {
    kid: &'static str,
    encoding: EncodingKey,
}

impl Key {
    /// A new one.
    pub(super) fn new(kid: &'static str) -> Self {
        let made = RsaPrivateKey::new(&mut OsRng, 2048).expect("a key");
        Self { kid, encoding: EncodingKey::from_rsa_der(made.to_pkcs1_der().expect("DER").as_bytes()) }
    }

    /// A good token of somebody's. It ends in 2100.
    pub(super) fn token(&self, who: Who) -> String {
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "exp": 4_102_444_800_u64, "sub": who.user_id, "username": who.username
        });
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(Algorithm::RS256) };
        encode(&header, &claims, &self.encoding).expect("a token")
    }
}

/// The public halves of these keys, as an issuer shows them.
pub(super) fn set(keys: &[&Key]) -> Value {
    let public = |key: &&Key| {
        let jwk = Jwk::from_encoding_key(&key.encoding, Algorithm::RS256).expect("a public half");
        let mut jwk = serde_json::to_value(jwk).expect("JSON");
        jwk["kid"] = json!(key.kid);
        jwk
    };
    json!({"keys": keys.iter().map(public).collect::<Vec<_>>()})
}
