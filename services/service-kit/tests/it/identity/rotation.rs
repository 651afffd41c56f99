//! Keys and secrets are exchanged while the service runs, and nobody who holds a good token notices.

use std::time::{Duration, Instant};

use serde_json::json;

use super::issuer::Issuer;
use super::keys::{AUDIENCE, ISSUER, Key, good, set};
use super::{Door, NEXT_SECRET, SECRET, file, until};

#[tokio::test]
async fn shared_secrets_are_exchanged_by_rewriting_their_file() {
    let file = file(&format!("{SECRET}\n"));
    let door = Door::open(&[("mode", "token"), ("hs256.secrets_file", file.path())]).await;
    let (old, new) = (good(&Key::secret(SECRET)), good(&Key::secret(NEXT_SECRET)));
    door.accepts(&old).await;
    door.refuses(&new, "signature does not match").await;

    file.write(&format!("{SECRET}\n\n{NEXT_SECRET}\n")).expect("written");
    until("the next secret counts", || async { door.bearer(&new).await.status == 200 }).await;
    door.accepts(&old).await;

    file.write(&format!("{NEXT_SECRET}\r\n")).expect("written");
    until("the old secret counts no more", || async { door.bearer(&old).await.status == 401 }).await;
    door.accepts(&new).await;
}

#[tokio::test]
async fn a_file_of_secrets_that_went_bad_leaves_those_that_were() {
    let file = file(SECRET);
    let door = Door::open(&[("mode", "token"), ("hs256.secrets_file", file.path())]).await;
    let (old, new) = (good(&Key::secret(SECRET)), good(&Key::secret(NEXT_SECRET)));
    for bad in ["\n\n", "short\n", &format!("{NEXT_SECRET}\nshort\n")] {
        file.write(bad).expect("written");
        // The file is looked at once a second at most, so within this time the bad one was.
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(1200) {
            door.accepts(&old).await;
            door.refuses(&new, "signature does not match").await;
        }
    }
    file.remove().expect("removed");
    door.accepts(&old).await;
    file.write(NEXT_SECRET).expect("written");
    until("the next secret counts", || async { door.bearer(&new).await.status == 200 }).await;
}

#[tokio::test]
async fn a_secret_in_a_file_must_be_long_enough_from_the_start() {
    for text in ["", "\n", &SECRET[..31], &format!("{SECRET}\n{}\n", &SECRET[..31])] {
        let file = file(text);
        for (mode, key) in [("token", "hs256.secrets_file"), ("gateway", "gateway.secrets_file")] {
            let error = Door::try_open(&[("mode", mode), (key, file.path())]).await.err();
            let said = error.expect("it does not start").to_string();
            assert!(said.contains("32 bytes") && said.contains(file.path()), "{said}");
            assert!(!said.contains(&SECRET[..31]), "{said}");
        }
    }
    let error = Door::try_open(&[("mode", "token"), ("hs256.secrets_file", "nowhere/secrets")]).await.err();
    assert!(error.expect("it does not start").to_string().contains("nowhere/secrets"));
}

#[tokio::test]
async fn a_new_key_of_the_issuer_is_found_by_the_first_token_that_names_it() {
    let issuer = Issuer::of(&[&Key::ec()]).await;
    let door = issuer.door(&[("jwks.refresh_seconds", "86400"), ("jwks.refresh_min_seconds", "1")]).await;
    let (old, new) = (good(&Key::ec()), good(&Key::ec_next()));
    door.accepts(&old).await;
    door.refuses(&new, "signature does not match").await;

    issuer.serve(&set(&[&Key::ec(), &Key::ec_next()]));
    until("the new key counts", || async { door.bearer(&new).await.status == 200 }).await;
    door.accepts(&old).await;

    // Once the set is read without the old key, its tokens are worth nothing.
    issuer.serve(&set(&[&Key::ec_next()]));
    let unknown = good(&Key::ec_foreign().named(Some("ec-3")));
    let asked = issuer.calls();
    until("the set is read again", || async {
        door.refuses(&unknown, "signature does not match").await;
        issuer.calls() > asked
    })
    .await;
    until("the old key counts no more", || async { door.bearer(&old).await.status == 401 }).await;
    door.accepts(&new).await;
}

#[tokio::test]
async fn a_key_that_was_withdrawn_counts_until_the_next_reading_and_no_longer() {
    let issuer = Issuer::of(&[&Key::ec(), &Key::ec_next()]).await;
    let door = issuer.door(&[("jwks.refresh_seconds", "1")]).await;
    let withdrawn = good(&Key::ec());
    door.accepts(&withdrawn).await;
    issuer.serve(&set(&[&Key::ec_next()]));
    until("the withdrawn key counts no more", || async { door.bearer(&withdrawn).await.status == 401 }).await;
    door.accepts(&good(&Key::ec_next())).await;
}

#[tokio::test]
async fn a_key_set_in_a_file_is_read_again() {
    let file = file(&set(&[&Key::ec()]).to_string());
    let door = Door::open(&[
        ("mode", "token"),
        ("jwks.file", file.path()),
        ("jwks.refresh_min_seconds", "1"),
        ("token.issuer", ISSUER),
        ("token.audience", AUDIENCE),
    ])
    .await;
    let (old, new) = (good(&Key::ec()), good(&Key::ec_next()));
    door.accepts(&old).await;
    door.refuses(&new, "signature does not match").await;
    file.write(&set(&[&Key::ec_next()]).to_string()).expect("written");
    until("the new key counts", || async { door.bearer(&new).await.status == 200 }).await;
    door.refuses(&old, "signature does not match").await;
    file.write("no set").expect("written");
    door.refuses(&good(&Key::ec_foreign().named(Some("ec-3"))), "signature does not match").await;
    door.accepts(&new).await;
}

/// RFC 7517, 5: a set may hold keys of kinds that its reader does not know; they are passed over.
#[tokio::test]
async fn keys_that_cannot_be_used_do_not_hide_those_that_can() {
    let ec = Key::ec();
    let mut keys = vec![
        json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "pq-1", "pub": "AAAA"}),
        json!({"kty": "EC", "crv": "secp256k1", "kid": "k1", "x": "AAAA", "y": "AAAA"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "x-1", "x": "AAAA"}),
        json!({"kty": "RSA", "kid": "enc-1", "use": "enc", "alg": "RSA-OAEP", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "RSA", "kid": "rsa-0", "n": "*", "e": ""}),
        json!({"kty": "RSA", "kid": "rsa-2"}),
        json!({"kty": "EC", "crv": "P-256", "kid": "ec-0", "x": "AAAA", "y": "AAAA"}),
        json!({"kty": "EC", "crv": "P-256", "kid": "ec-1", "x": "AAAA", "y": "AAAA"}),
        json!({"kid": "nothing"}),
        json!({"kty": "RSA", "kid": "x5c-only", "x5c": ["AAAA"], "x5t": "AAAA"}),
    ];
    keys.push(ec.jwk());
    let issuer = Issuer::of(&[]).await;
    issuer.serve(&json!({"keys": keys, "more": {"x": 1}}));
    let door = issuer.door(&[]).await;
    door.accepts(&good(&ec)).await;
    door.accepts(&good(&Key::ec().named(None))).await;
    for kid in ["pq-1", "k1", "x-1", "enc-1", "rsa-0", "rsa-2", "ec-0", "nothing", "x5c-only"] {
        door.refuses(&good(&Key::ec().named(Some(kid))), "").await;
        door.refuses(&good(&Key::rsa().named(Some(kid))), "").await;
    }
}

#[tokio::test]
async fn a_key_for_encryption_verifies_no_signature() {
    let issuer = Issuer::of(&[]).await;
    for usage in [json!("enc"), json!("other"), json!("")] {
        let mut key = Key::ec().jwk();
        key["use"] = usage;
        issuer.serve(&json!({"keys": [key]}));
        issuer.door(&[]).await.refuses(&good(&Key::ec()), "signature does not match").await;
    }
}
