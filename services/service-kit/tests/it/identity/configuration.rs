//! What is wrong with an `[auth]` section is said before anything starts, and never shows a secret.

use super::{NEXT_SECRET, SECRET, configured};

/// What is said of these keys.
#[track_caller]
fn refusal(keys: &[(&str, &str)]) -> String {
    let said = configured(keys).expect_err("it cannot be used").to_string();
    for (key, value) in keys.iter().filter(|(key, _)| key.ends_with("secrets")) {
        for secret in value.split(',').filter(|secret| secret.len() > 5) {
            assert!(!said.contains(secret), "{key}: {said}");
        }
    }
    said
}

/// Asserts that a mistake about `key` is listed, in these words.
#[track_caller]
fn assert_says(said: &str, key: &str, words: &str) {
    let line = said.lines().find(|line| line.trim_start().starts_with(&format!("{key} (")));
    assert!(line.is_some_and(|line| line.contains(words)), "{key}: {words}\nis not in\n{said}");
}

const FILE: &str = "/nonexistent/file";
const URL: &str = "https://issuer.example.com/keys";

#[test]
fn without_a_mode_the_three_are_named() {
    let said = refusal(&[]);
    assert_says(&said, "auth.mode", "must be set");
    for mode in ["token", "gateway", "open"] {
        assert_says(&said, "auth.mode", mode);
    }
    for mode in ["", "none", "Token", "jwt", "open "] {
        assert_says(&refusal(&[("mode", mode)]), "auth.mode", "must be one of");
    }
}

#[test]
fn token_without_any_key_is_refused() {
    for keys in [
        &[("mode", "token")] as &[_],
        &[("mode", "token"), ("hs256.secrets", "")],
        &[("mode", "token"), ("token.issuer", "x"), ("token.audience", "y")],
        // The gateway's secrets sign no tokens.
        &[("mode", "token"), ("gateway.secrets", SECRET)],
    ] {
        assert_says(&refusal(keys), "auth.jwks.url", "must be set with auth.mode token");
    }
}

#[test]
fn gateway_without_a_secret_is_refused() {
    for keys in [
        &[("mode", "gateway")] as &[_],
        &[("mode", "gateway"), ("gateway.secrets", "")],
        &[("mode", "gateway"), ("hs256.secrets", SECRET)],
    ] {
        assert_says(&refusal(keys), "auth.gateway.secrets_file", "must be set with auth.mode gateway");
    }
}

#[test]
fn a_secret_of_less_than_32_bytes_is_refused() {
    for (mode, key) in [("token", "hs256.secrets"), ("gateway", "gateway.secrets")] {
        configured(&[("mode", mode), (key, &SECRET[..32])]).expect("32 bytes are enough");
        // Bytes count, not characters.
        configured(&[("mode", mode), (key, &"é".repeat(16))]).expect("32 bytes are enough");
        for secrets in
            [SECRET[..31].to_owned(), format!("{SECRET},{}", &NEXT_SECRET[..31]), format!("{SECRET},")]
        {
            let said = refusal(&[("mode", mode), (key, &secrets)]);
            assert_says(&said, &format!("auth.{key}"), "32 bytes at least");
        }
    }
}

#[test]
fn a_list_of_secrets_and_a_file_of_them_exclude_each_other() {
    for (mode, section) in [("token", "hs256"), ("gateway", "gateway")] {
        let (list, file) = (format!("{section}.secrets"), format!("{section}.secrets_file"));
        let said = refusal(&[("mode", mode), (&list, SECRET), (&file, FILE)]);
        assert_says(&said, &format!("auth.{file}"), "use one of them");
    }
}

#[test]
fn a_key_set_needs_issuer_and_audience() {
    for place in [("jwks.url", URL), ("jwks.file", FILE)] {
        let said = refusal(&[("mode", "token"), place]);
        assert_says(&said, "auth.token.issuer", "must be set with auth.jwks");
        assert_says(&said, "auth.token.audience", "must be set with auth.jwks");
        let said = refusal(&[("mode", "token"), place, ("token.issuer", "x")]);
        assert_says(&said, "auth.token.audience", "must be set with auth.jwks");
        let said = refusal(&[("mode", "token"), place, ("token.audience", "x")]);
        assert_says(&said, "auth.token.issuer", "must be set with auth.jwks");
        configured(&[("mode", "token"), place, ("token.issuer", "x"), ("token.audience", "y")])
            .expect("both are set");
    }
}

#[test]
fn an_issuer_or_an_audience_that_is_empty_is_none() {
    for (issuer, audience, key) in [("", "y", "auth.token.issuer"), ("x", "", "auth.token.audience")] {
        let keys =
            [("mode", "token"), ("jwks.url", URL), ("token.issuer", issuer), ("token.audience", audience)];
        assert_says(&refusal(&keys), key, "");
    }
}

#[test]
fn shared_secrets_beside_a_key_set_are_refused() {
    let jwks = [("mode", "token"), ("token.issuer", "x"), ("token.audience", "y"), ("jwks.url", URL)];
    for hs256 in [("hs256.secrets", SECRET), ("hs256.secrets_file", FILE)] {
        let said = refusal(&[&jwks[..], &[hs256]].concat());
        assert_says(&said, "auth.hs256.secrets", "auth.jwks is set too");
    }
}

#[test]
fn a_key_set_stands_in_one_place() {
    let said = refusal(&[
        ("mode", "token"),
        ("token.issuer", "x"),
        ("token.audience", "y"),
        ("jwks.url", URL),
        ("jwks.file", FILE),
    ]);
    assert_says(&said, "auth.jwks.file", "auth.jwks.url is set too");
}

#[test]
fn a_key_set_comes_by_https_or_from_this_machine() {
    let with = |url| [("mode", "token"), ("token.issuer", "x"), ("token.audience", "y"), ("jwks.url", url)];
    for url in [
        URL,
        "https://192.0.2.1:8443/keys",
        "http://127.0.0.1:1/keys",
        "http://127.9.9.9/keys",
        "http://[::1]:1/keys",
        "http://localhost/keys",
        "HTTPS://issuer.example.com/keys",
    ] {
        configured(&with(url)).unwrap_or_else(|error| unreachable!("{url}: {error}"));
    }
    for url in [
        "http://issuer.example.com/keys",
        "http://192.0.2.1/keys",
        "http://0.0.0.0/keys",
        "http://[::]/keys",
        "http://127.0.0.1@issuer.example.com/keys",
        "http://127.0.0.1.example.com/keys",
        "http://localhost.example.com/keys",
        "http://example.com/localhost",
        "http://example.com#@127.0.0.1/",
        "http://10.0.0.1/keys",
        "ftp://127.0.0.1/keys",
        "file:///etc/keys",
        "issuer.example.com/keys",
        "//issuer.example.com/keys",
        "https://",
        "",
        " ",
    ] {
        assert_says(&refusal(&with(url)), "auth.jwks.url", "must be an https address");
    }
}

#[test]
fn open_on_the_network_must_be_wanted() {
    for listen in ["0.0.0.0:5017", "192.0.2.1:5017", "[::]:5017", "orders.example.com:5017"] {
        let said = refusal(&[("mode", "open"), ("listen", listen)]);
        assert_says(&said, "auth.mode", "auth.allow_open_on_network=true");
        configured(&[("mode", "open"), ("listen", listen), ("allow_open_on_network", "true")])
            .expect("it is wanted");
        configured(&[("mode", "token"), ("hs256.secrets", SECRET), ("listen", listen)])
            .expect("it is verified");
    }
    for listen in ["127.0.0.1:5017", "[::1]:5017", "localhost:5017"] {
        configured(&[("mode", "open"), ("listen", listen)]).expect("nobody else reaches it");
    }
}

#[test]
fn every_mistake_is_listed_at_once() {
    let said = refusal(&[
        ("mode", "token"),
        ("hs256.secrets", "short-one"),
        ("jwks.url", "http://issuer.example.com/keys"),
        ("jwks.timeout_ms", "0"),
        ("jwks.refresh_min_seconds", "0"),
        ("token.leeway_seconds", "301"),
    ]);
    // What a key alone can tell comes first; what stands between keys is checked once the keys can be read.
    for key in ["auth.jwks.timeout_ms", "auth.jwks.refresh_min_seconds", "auth.token.leeway_seconds"] {
        assert_says(&said, key, "must be");
    }
    let said = refusal(&[
        ("mode", "token"),
        ("hs256.secrets", "short-one"),
        ("jwks.url", "http://issuer.example.com/keys"),
    ]);
    for key in ["auth.hs256.secrets", "auth.jwks.url", "auth.token.issuer", "auth.token.audience"] {
        assert_says(&said, key, "");
    }
}

#[test]
fn nothing_that_is_loaded_shows_a_secret() {
    for (mode, key) in [("token", "hs256.secrets"), ("gateway", "gateway.secrets")] {
        let config = configured(&[("mode", mode), (key, SECRET)]).expect("it can be used");
        assert!(!format!("{config:?}").contains(SECRET));
    }
}

#[test]
fn a_gateway_that_asks_by_token_is_told_what_keys_of_tokens_lack() {
    let gateway = [("mode", "gateway"), ("gateway.secrets", SECRET), ("jwks.url", URL)];
    // Without the listener nobody looks at tokens.
    assert!(configured(&gateway).is_ok());
    let asked = [gateway.as_slice(), &[("verify_listen", "127.0.0.1:9117")]].concat();
    for key in ["auth.token.issuer", "auth.token.audience"] {
        assert_says(&refusal(&asked), key, "must be set with auth.jwks");
    }
    let both = [asked.as_slice(), &[("hs256.secrets", NEXT_SECRET)]].concat();
    assert_says(&refusal(&both), "auth.hs256.secrets", "auth.jwks is set too");
    let whole =
        [asked.as_slice(), &[("token.issuer", "https://issuer.example.com/"), ("token.audience", "us")]];
    assert!(configured(&whole.concat()).is_ok());
}
