//! The keys that sign the tests' tokens, and tokens that no decent library would make.
//! The keys are made anew for each run: a private key must never stand in the repository, not even one for tests.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::rand_core::OsRng;
use serde_json::{Value, json};

use super::NOW;

/// Who issues the tokens.
pub(super) const ISSUER: &str = "https://issuer.example.com/";
/// Whom they are meant for.
pub(super) const AUDIENCE: &str = "atelier";

/// What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410, 7). ring writes a later form, which the library does not read.
const ED25519_PKCS8_HEAD: &[u8] = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// Made anew for each run: no private key stands in the repository.
struct Made {
    rsa: RsaPrivateKey,
    ec: Vec<u8>,
    ec_next: Vec<u8>,
    ec_foreign: Vec<u8>,
    ed: Vec<u8>,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let random = SystemRandom::new();
    let ec = || {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("an EC key");
        key.as_ref().to_vec()
    };
    Made {
        rsa: RsaPrivateKey::new(&mut OsRng, 2048).expect("an RSA key"),
        ec: ec(),
        ec_next: ec(),
        ec_foreign: ec(),
        ed: {
            let mut seed = [0; 32];
            random.fill(&mut seed).expect("random bytes");
            [ED25519_PKCS8_HEAD, &seed].concat()
        },
    }
});

/// The public half of the RSA key, as anybody may know it.
pub(super) fn rsa_public() -> String {
    MADE.rsa.to_public_key().to_public_key_pem(LineEnding::LF).expect("PEM")
}

/// A key that signs.
pub(super) struct Key {
    encoding: EncodingKey,
    pub(super) header: Header,
}

impl Key {
    fn new(encoding: EncodingKey, algorithm: Algorithm, kid: &str) -> Self {
        Self { encoding, header: Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) } }
    }

    pub(super) fn rsa() -> Self {
        let pem = MADE.rsa.to_pkcs8_pem(LineEnding::LF).expect("PEM");
        Self::new(EncodingKey::from_rsa_pem(pem.as_bytes()).expect("an RSA key"), Algorithm::RS256, "rsa-1")
    }

    pub(super) fn ec() -> Self {
        Self::new(EncodingKey::from_ec_der(&MADE.ec), Algorithm::ES256, "ec-1")
    }

    pub(super) fn ec_next() -> Self {
        Self::new(EncodingKey::from_ec_der(&MADE.ec_next), Algorithm::ES256, "ec-2")
    }

    /// One that no set holds.
    pub(super) fn ec_foreign() -> Self {
        Self::new(EncodingKey::from_ec_der(&MADE.ec_foreign), Algorithm::ES256, "ec-1")
    }

    pub(super) fn ed() -> Self {
        Self::new(EncodingKey::from_ed_der(&MADE.ed), Algorithm::EdDSA, "ed-1")
    }

    pub(super) fn secret(secret: impl AsRef<[u8]>) -> Self {
        let encoding = EncodingKey::from_secret(secret.as_ref());
        Self { encoding, header: Header::new(Algorithm::HS256) }
    }

    /// The same key, put to another algorithm.
    pub(super) fn by(mut self, algorithm: Algorithm) -> Self {
        self.header.alg = algorithm;
        self
    }

    /// The same key under another name, or none.
    pub(super) fn named(mut self, kid: Option<&str>) -> Self {
        self.header.kid = kid.map(str::to_owned);
        self
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        encode(&self.header, claims, &self.encoding).expect("a token")
    }

    /// The public half, as a set lists it.
    pub(super) fn jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.encoding, self.header.alg).expect("a public half");
        let mut jwk = serde_json::to_value(jwk).expect("JSON");
        jwk["kid"] = json!(self.header.kid);
        jwk["use"] = json!("sig");
        jwk
    }
}

/// A set of these keys.
pub(super) fn set(keys: &[&Key]) -> Value {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()})
}

/// The claims of a good token of ada's, with `more` in place of its own; what is `null` there is left out.
pub(super) fn claims(more: Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 600, "sub": "ada-7", "username": "ada", "roles": []
    });
    let all = claims.as_object_mut().expect("an object");
    let Value::Object(more) = more else { return claims };
    for (name, value) in more {
        if value.is_null() {
            all.remove(&name)
        } else {
            all.insert(name, value)
        };
    }
    claims
}

/// A good token of ada's.
pub(super) fn good(key: &Key) -> String {
    key.sign(&claims(Value::Null))
}

/// Any bytes as one part of a token.
pub(super) fn part(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of these parts, whoever signed it.
pub(super) fn assembled(header: &Value, claims: &Value, signature: &[u8]) -> String {
    format!("{}.{}.{}", part(header.to_string()), part(claims.to_string()), part(signature))
}

/// The DER inside a PEM.
pub(super) fn der(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}
