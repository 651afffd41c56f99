//! How a token is signed decides whether anything in it is read: algorithms, keys, and one taken for the other.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::issuer::Issuer;
use super::keys::{Key, assembled, claims, der, good, part, rsa_public, set};
use super::{Door, NEXT_SECRET, SECRET};

const NO_MATCH: &str = "signature does not match";
const NOT_ACCEPTED: &str = "signed in a way that is not accepted";
const NO_JWT: &str = "no JWT";

/// Whom every good token here names.
fn ada() -> (String, String, String) {
    ("ada-7".to_owned(), "ada".to_owned(), String::new())
}

#[tokio::test]
async fn a_token_of_any_listed_secret_is_accepted_and_of_no_other() {
    let door = Door::open(&[("mode", "token"), ("hs256.secrets", &format!("{SECRET},{NEXT_SECRET}"))]).await;
    for secret in [SECRET, NEXT_SECRET] {
        assert_eq!(door.accepts(&good(&Key::secret(secret))).await, ada());
    }
    for secret in ["", "x", &SECRET[..35], &format!("{SECRET} "), &SECRET.to_uppercase()] {
        door.refuses(&good(&Key::secret(secret)), NO_MATCH).await;
    }
    // The whole list is not a secret.
    door.refuses(&good(&Key::secret(format!("{SECRET},{NEXT_SECRET}"))), NO_MATCH).await;
}

#[tokio::test]
async fn each_kind_of_key_pair_is_accepted_from_one_set() {
    let keys = [Key::rsa(), Key::ec(), Key::ed()];
    let issuer = Issuer::of(&keys.each_ref()).await;
    let door = issuer.door(&[]).await;
    for key in keys {
        assert_eq!(door.accepts(&good(&key)).await, ada(), "{:?}", key.header.alg);
        // The set is small: a token need not say which of its keys it is.
        assert_eq!(door.accepts(&good(&key.named(None))).await, ada());
    }
}

#[tokio::test]
async fn an_unsigned_token_is_refused_however_it_says_so() {
    let issuer = Issuer::of(&[&Key::rsa(), &Key::ec()]).await;
    let (shared, keys) = (Door::shared(&[]).await, issuer.door(&[]).await);
    for alg in ["none", "None", "NONE", "nOnE", "", "null"] {
        for kid in [json!("rsa-1"), Value::Null] {
            let header = json!({"alg": alg, "typ": "JWT", "kid": kid});
            for signature in [b"".as_slice(), b"x"] {
                let token = assembled(&header, &claims(Value::Null), signature);
                shared.refuses(&token, "").await;
                keys.refuses(&token, "").await;
            }
        }
    }
    // A good header over no signature is no token either.
    for (door, header) in
        [(&shared, json!({"alg": "HS256"})), (&keys, json!({"alg": "RS256", "kid": "rsa-1"}))]
    {
        door.refuses(&assembled(&header, &claims(Value::Null), b""), "").await;
        door.refuses(&assembled(&header, &claims(Value::Null), &[0; 256]), "").await;
        door.refuses(&assembled(&header, &claims(Value::Null), &[0; 32]), "").await;
    }
}

#[tokio::test]
async fn other_algorithms_of_the_right_key_are_refused() {
    let shared = Door::shared(&[]).await;
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        shared.refuses(&good(&Key::secret(SECRET).by(algorithm)), NOT_ACCEPTED).await;
    }
    let issuer = Issuer::of(&[&Key::rsa(), &Key::ec()]).await;
    let keys = issuer.door(&[]).await;
    for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
        keys.refuses(&good(&Key::rsa().by(algorithm)), NOT_ACCEPTED).await;
    }
    let header = json!({"alg": "ES384", "kid": "ec-1"});
    keys.refuses(&assembled(&header, &claims(Value::Null), &[1; 96]), NOT_ACCEPTED).await;
    for alg in [json!("ES512"), json!("rs256"), json!("RS256 "), json!(5), json!(["RS256"]), Value::Null] {
        let header = json!({"alg": alg, "kid": "rsa-1"});
        keys.refuses(&assembled(&header, &claims(Value::Null), &[1; 64]), NO_JWT).await;
    }
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_shared_secret() {
    let (rsa, ec, ed) = (Key::rsa(), Key::ec(), Key::ed());
    let issuer = Issuer::of(&[&rsa, &ec, &ed]).await;
    let door = issuer.door(&[]).await;
    let modulus = rsa.jwk()["n"].as_str().expect("a modulus").to_owned();
    let bytes = |text: &str| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).expect("base64url")
    };
    let spki = der(&rsa_public());
    let guesses = [
        rsa_public().as_bytes().to_vec(),
        rsa_public().trim_end().as_bytes().to_vec(),
        rsa_public().replace('\n', "\r\n").into_bytes(),
        // PKCS #1 is what stands in an RSA key's SubjectPublicKeyInfo after its 24 bytes of head.
        spki[24..].to_vec(),
        spki,
        bytes(&modulus),
        modulus.into_bytes(),
        bytes(ec.jwk()["x"].as_str().expect("a coordinate")),
        bytes(ed.jwk()["x"].as_str().expect("a key")),
        issuer_set(&[&rsa, &ec, &ed]),
        Vec::new(),
    ];
    for guess in guesses {
        for kid in [Some("rsa-1"), Some("ec-1"), Some("ed-1"), None] {
            door.refuses(&good(&Key::secret(&guess).named(kid)), NOT_ACCEPTED).await;
        }
    }
}

fn issuer_set(keys: &[&Key]) -> Vec<u8> {
    set(keys).to_string().into_bytes()
}

#[tokio::test]
async fn a_shared_secret_in_a_key_set_verifies_nothing() {
    let issuer = Issuer::of(&[&Key::ec()]).await;
    let mut keys = set(&[&Key::ec()]);
    keys["keys"].as_array_mut().expect("keys").push(json!({"kty": "oct", "kid": "oct-1", "k": part(SECRET)}));
    issuer.serve(&keys);
    let door = issuer.door(&[]).await;
    door.refuses(&good(&Key::secret(SECRET).named(Some("oct-1"))), NOT_ACCEPTED).await;
    door.refuses(&good(&Key::secret(SECRET)), NOT_ACCEPTED).await;
    assert_eq!(door.accepts(&good(&Key::ec())).await, ada());
}

#[tokio::test]
async fn with_shared_secrets_no_key_pair_is_accepted() {
    let door = Door::shared(&[]).await;
    for key in [Key::rsa(), Key::ec(), Key::ed()] {
        door.refuses(&good(&key), NOT_ACCEPTED).await;
    }
}

#[tokio::test]
async fn a_key_of_one_kind_verifies_no_signature_of_another() {
    let issuer = Issuer::of(&[&Key::rsa(), &Key::ec(), &Key::ed()]).await;
    let door = issuer.door(&[]).await;
    for key in [Key::rsa(), Key::ec(), Key::ed()] {
        for kid in ["rsa-1", "ec-1", "ed-1"].into_iter().filter(|kid| key.header.kid.as_deref() != Some(kid))
        {
            door.refuses(&good(&key_again(&key).named(Some(kid))), NO_MATCH).await;
        }
    }
}

fn key_again(key: &Key) -> Key {
    match key.header.alg {
        Algorithm::RS256 => Key::rsa(),
        Algorithm::ES256 => Key::ec(),
        _ => Key::ed(),
    }
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_is_not_believed() {
    let issuer = Issuer::of(&[&Key::ec()]).await;
    let foreign = Issuer::of(&[&Key::ec_foreign()]).await;
    let door = issuer.door(&[]).await;
    let mut key = Key::ec_foreign();
    door.refuses(&good(&key), NO_MATCH).await;
    key.header.jku = Some(foreign.url());
    key.header.x5u = Some(foreign.url());
    door.refuses(&good(&key), NO_MATCH).await;
    key.header.jwk = Some(serde_json::from_value(key.jwk()).expect("a key"));
    door.refuses(&good(&key), NO_MATCH).await;
    assert_eq!(foreign.calls(), 0, "an address in a token was asked");
}

/// RFC 7515, 4.1.11: what a header calls critical must be understood, or the token is invalid. Nothing of that kind is understood here.
#[tokio::test]
async fn a_token_with_a_critical_extension_is_refused() {
    let issuer = Issuer::of(&[&Key::ec()]).await;
    let (shared, keys) = (Door::shared(&[]).await, issuer.door(&[]).await);
    for (door, mut key) in [(&shared, Key::secret(SECRET)), (&keys, Key::ec())] {
        key.header.crit = Some(vec!["urn:example:bound-to-device".to_owned()]);
        door.refuses(&good(&key), "").await;
    }
}

#[tokio::test]
async fn a_token_that_was_changed_after_it_was_signed_is_refused() {
    let issuer = Issuer::of(&[&Key::ec()]).await;
    let (shared, keys) = (Door::shared(&[]).await, issuer.door(&[]).await);
    for (door, key) in [(&shared, Key::secret(SECRET)), (&keys, Key::ec())] {
        let token = good(&key);
        let parts: Vec<&str> = token.split('.').collect();
        let (head, body, signature) = (parts[0], parts[1], parts[2]);
        let operator = part(claims(json!({"roles": ["operator"]})).to_string());
        door.refuses(&format!("{head}.{operator}.{signature}"), NO_MATCH).await;
        for broken in [
            format!("{head}.{body}"),
            format!("{head}.{body}."),
            format!(".{body}.{signature}"),
            format!("{head}..{signature}"),
            format!("{token}.{signature}"),
            format!("{token}A"),
            format!("{token}="),
            format!("{head}.{body}.{}", &signature[1..]),
            format!("{head} .{body}.{signature}"),
            body.to_owned(),
            "..".to_owned(),
            "...".to_owned(),
        ] {
            door.refuses(&broken, "").await;
        }
    }
}

#[tokio::test]
async fn claims_that_are_no_object_are_refused() {
    let door = Door::shared(&[]).await;
    let key = Key::secret(SECRET);
    for claims in [json!(null), json!([]), json!("ada-7"), json!(7), json!([{"sub": "ada-7"}]), json!({})] {
        door.refuses(&key.sign(&claims), "").await;
    }
}
