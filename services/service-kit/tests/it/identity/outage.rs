//! An issuer that is away, or answers with something else than its keys: known keys stay, unknown ones are 503, nothing takes long.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::issuer::Conduct;
use tokio::task::JoinSet;

use super::issuer::Issuer;
use super::keys::{AUDIENCE, ISSUER, Key, good, set};
use super::{Door, until};

/// Asserts that tokens cannot be verified just now.
async fn assert_unavailable(door: &Door) {
    let reply = door.bearer(&good(&Key::ec())).await;
    reply.assert_problem(503, "identity_unavailable");
    assert_eq!(reply.header("retry-after"), "2");
    assert_eq!(reply.json()["retry_after_seconds"], 2);
    assert_eq!(reply.header("www-authenticate"), "", "a token that cannot be judged is not called wrong");
}

/// What is no key set, each with a name.
fn nonsense() -> Vec<(&'static str, Conduct)> {
    let says = |text: &str| Conduct::Says(text.as_bytes().to_vec());
    let mut two_mebibytes = set(&[&Key::ec()]);
    two_mebibytes["padding"] = json!("x".repeat(2 << 20));
    vec![
        ("garbage", Conduct::Says(vec![0, 159, 146, 150])),
        ("a page", says("<!doctype html><title>Sign in</title>")),
        ("nothing", says("")),
        ("half a set", says(&set(&[&Key::ec()]).to_string()[..40])),
        ("no keys", says(r#"{"error": "maintenance"}"#)),
        ("keys that are no list", says(r#"{"keys": {}}"#)),
        ("a list", says("[]")),
        ("2 MiB", Conduct::Says(two_mebibytes.to_string().into())),
        ("not found", Conduct::Status(404)),
        ("created", Conduct::Status(201)),
        ("no content", Conduct::Status(204)),
        ("internal", Conduct::Status(500)),
        ("redirect", Conduct::Redirect),
        ("silence", Conduct::Silent),
        ("a body that stalls", Conduct::Stalls),
        ("a body that drips", Conduct::Drips),
        ("a body without end", Conduct::Endless),
    ]
}

/// Runs one case for each kind of nonsense, all at once: most of their time is waiting.
async fn each_kind<F>(case: impl Fn(&'static str, Conduct) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut cases = JoinSet::new();
    for (name, conduct) in nonsense() {
        cases.spawn(case(name, conduct));
    }
    cases.join_all().await;
}

#[tokio::test]
async fn known_keys_outlive_every_kind_of_nonsense() {
    each_kind(|name, conduct| async move {
        let issuer = Issuer::of(&[&Key::ec()]).await;
        issuer.behind_redirect(&set(&[&Key::ec_next()]));
        let door = issuer.door(&[("jwks.refresh_min_seconds", "1"), ("jwks.timeout_ms", "300")]).await;
        let (known, unknown) = (good(&Key::ec()), good(&Key::ec_next()));
        // The first reading may miss its short deadline on a busy machine; it is repeated.
        until("the set is read", || async { door.bearer(&known).await.status == 200 }).await;
        issuer.conduct(conduct);
        let asked = issuer.calls();
        until(name, || async {
            let began = Instant::now();
            door.refuses(&unknown, "signature does not match").await;
            assert!(began.elapsed() < Duration::from_secs(5), "{name}: {:?}", began.elapsed());
            issuer.calls() > asked
        })
        .await;
        door.accepts(&known).await;
        door.refuses(&unknown, "signature does not match").await;
        assert_eq!(issuer.redirected(), 0, "a redirect was followed");
        issuer.serve(&set(&[&Key::ec_next()]));
        until("the issuer is back", || async { door.bearer(&unknown).await.status == 200 }).await;
    })
    .await;
}

/// Its length ends this one long before its deadline: what an issuer sends must not decide how much is kept in memory.
#[tokio::test]
async fn of_a_set_without_end_hardly_more_than_the_mebibyte_is_taken_that_a_set_may_have() {
    let issuer = Issuer::of(&[&Key::ec()]).await;
    let door = issuer.door(&[("jwks.refresh_min_seconds", "1"), ("jwks.timeout_ms", "60000")]).await;
    let (known, unknown) = (good(&Key::ec()), good(&Key::ec_next()));
    until("the set is read", || async { door.bearer(&known).await.status == 200 }).await;
    issuer.conduct(Conduct::Endless);
    let asked = issuer.calls();
    until("the set without end is given up", || async {
        door.refuses(&unknown, "signature does not match").await;
        issuer.calls() > asked
    })
    .await;
    let (calls, given) = (issuer.calls() - asked, issuer.bytes_given());
    println!("{given} bytes in {calls} calls");
    // Beside the mebibyte stands what the system keeps for a connection at either end.
    assert!(given > calls << 20, "{given} bytes in {calls} calls: it was not the length that ended it");
    assert!(given < calls * (16 << 20), "{given} bytes were taken in {calls} calls");
    door.accepts(&known).await;
}

#[tokio::test]
async fn an_issuer_that_is_gone_leaves_its_keys() {
    let issuer = Issuer::of(&[&Key::ec()]).await;
    let door = issuer.door(&[("jwks.refresh_seconds", "1"), ("jwks.refresh_min_seconds", "1")]).await;
    let (known, unknown) = (good(&Key::ec()), good(&Key::ec_next()));
    door.accepts(&known).await;
    // Read anew at least once while it fails, then with nobody there at all.
    issuer.conduct(Conduct::Status(503));
    issuer.until_calls(issuer.calls() + 2).await;
    door.accepts(&known).await;
    drop(issuer);
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1500) {
        door.accepts(&known).await;
        door.refuses(&unknown, "signature does not match").await;
    }
}

#[tokio::test]
async fn an_issuer_that_never_was_there_is_503_until_it_comes() {
    each_kind(|name, conduct| async move {
        let issuer = Issuer::with(conduct).await;
        issuer.behind_redirect(&set(&[&Key::ec()]));
        let door = issuer.door(&[("jwks.timeout_ms", "300")]).await;
        let began = Instant::now();
        assert_unavailable(&door).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{name}: {:?}", began.elapsed());
        assert_eq!(issuer.redirected(), 0, "a redirect was followed");
        issuer.serve(&set(&[&Key::ec()]));
        let token = good(&Key::ec());
        until("the issuer is there", || async { door.bearer(&token).await.status == 200 }).await;
    })
    .await;
}

#[tokio::test]
async fn a_key_set_s_address_that_nobody_answers_is_503() {
    let url = {
        let issuer = Issuer::of(&[&Key::ec()]).await;
        issuer.url()
    };
    let keys = [
        ("mode", "token"),
        ("jwks.url", url.as_str()),
        ("token.issuer", ISSUER),
        ("token.audience", AUDIENCE),
    ];
    let door = Door::open(&keys).await;
    assert_unavailable(&door).await;
    // What is wrong with the request itself is told all the same.
    door.ask("").await.assert_unauthenticated("one token");
    door.refuses("x.y.z", "no JWT").await;
    door.refuses(&good(&Key::secret(super::SECRET)), "not accepted").await;
}

#[tokio::test]
async fn a_key_set_s_file_that_is_not_there_is_503_until_it_is() {
    let file = super::file("");
    file.remove().expect("removed");
    let keys = [
        ("mode", "token"),
        ("jwks.file", file.path()),
        ("token.issuer", ISSUER),
        ("token.audience", AUDIENCE),
    ];
    let door = Door::open(&keys).await;
    assert_unavailable(&door).await;
    file.write(&set(&[&Key::ec()]).to_string()).expect("written");
    let token = good(&Key::ec());
    until("the file is there", || async { door.bearer(&token).await.status == 200 }).await;
}

#[tokio::test]
async fn many_tokens_at_an_issuer_that_never_was_there_ask_it_at_a_bounded_rate() {
    let issuer = Issuer::with(Conduct::Status(500)).await;
    let door = issuer.door(&[]).await;
    let began = Instant::now();
    for _ in 0..100 {
        assert_unavailable(&door).await;
    }
    let allowed = 3 + usize::try_from(began.elapsed().as_secs()).expect("a short while");
    assert!(issuer.calls() <= allowed, "{} calls in {:?}", issuer.calls(), began.elapsed());
}
