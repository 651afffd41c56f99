//! The key set over https, by the real binary: from an issuer that proves who it is, and from nobody else.
//! What an issuer may say instead of its keys is tested beside the code that reads them, in service-kit.

use reqwest::Method;
use testkit::certificate::{Authority, Certificate};
use testkit::file::TestFile;
use testkit::issuer::{Conduct, Issuer};
use testkit::{Role, TestDatabase, wait};

use super::callers::{REQUESTER, assert_unknown};
use super::rs256::{Key, set, settings};
use crate::support::program::Program;
use crate::support::{Answer, Instance, PATIENCE};

const HERE: &[&str] = &["127.0.0.1"];
/// The name of the authority that this machine believes.
const BELIEVED: &str = "believed";

fn good(authority: &Authority) -> Certificate {
    authority.sign(HERE).expect("a certificate")
}

/// An issuer over https, the real binary that takes its tokens, and the one authority that this machine believes.
struct World {
    authority: Authority,
    issuer: Issuer,
    program: Program,
    instance: Instance,
    _believed: TestFile,
    _database: TestDatabase,
}

impl World {
    /// The issuer shows these keys, and proves itself with what `prove` makes of the authority.
    async fn start(keys: &[&Key], prove: impl Fn(&Authority) -> Certificate) -> Self {
        let authority = Authority::new(BELIEVED).expect("an authority");
        let says = Conduct::Says(set(keys).to_string().into());
        let tls = prove(&authority).acceptor().expect("a server's side");
        let issuer = Issuer::start(says, Some(tls)).await.expect("an issuer");
        let believed = TestFile::new(authority.pem()).expect("a file");
        let database = TestDatabase::create().await.expect("a database");
        let url = issuer.url();
        let more = [settings(&url), vec![("SSL_CERT_FILE", believed.path())]];
        let program = Program::serve(&database.url(Role::Writer), &more.concat());
        let instance = program.instance().await;
        instance.until_ready().await;
        Self { authority, issuer, program, instance, _believed: believed, _database: database }
    }

    fn present(&self, certificate: &Certificate) {
        self.issuer.present(certificate.acceptor().expect("a server's side"));
    }

    async fn ask(&self, key: &Key) -> Answer {
        let request = self.instance.request(Method::GET, "/orders/1");
        Answer::of(request.header("authorization", format!("Bearer {}", key.token(REQUESTER)))).await
    }

    /// Asserts that tokens of a key are good: there is no such order, and one has to be known to be told so.
    async fn accepts(&self, key: &Key) {
        self.ask(key).await.refused(404, "order_not_found", "Order not found");
    }

    async fn until_accepted(&self, key: &Key) {
        let accepted = || async { (self.ask(key).await.status == 404).then_some(()) };
        wait::until("the key counts", PATIENCE, accepted).await.expect("the set is read");
    }

    /// Waits until the service went away over what the issuer showed, and said why.
    async fn until_rejected(&self, why: &str) {
        self.program.until_logged(&["the key set is kept as it was", why]).await;
        assert!(self.issuer.rejected() > 0, "the issuer noticed nothing");
    }
}

/// What an issuer must not be believed with, and what the log says of it.
fn wrong(authority: &Authority) -> [(Certificate, &'static str); 4] {
    let by = |name| Authority::new(name).and_then(|stranger| stranger.sign(HERE)).expect("a certificate");
    [
        (by("a stranger"), "UnknownIssuer"),
        // Whose name is that of the one who is believed.
        (by(BELIEVED), "BadSignature"),
        (authority.sign(&["issuer.example.com", "127.0.0.2"]).expect("a certificate"), "not valid for name"),
        (authority.sign_expired(HERE).expect("a certificate"), "expired"),
    ]
}

#[tokio::test]
async fn known_keys_outlive_an_issuer_with_a_wrong_certificate_and_no_key_of_its_counts() {
    let (known, new) = (Key::new("known"), Key::new("new"));
    let world = World::start(&[&known], good).await;
    world.until_accepted(&known).await;

    for (number, (certificate, words)) in wrong(&world.authority).into_iter().enumerate() {
        world.present(&certificate);
        world.until_rejected(words).await;
        if number == 0 {
            // Whoever connected before this one was read to its end by now.
            world.issuer.serve(&set(&[&new]));
        }
        let asked = world.issuer.calls();
        assert_unknown(&world.ask(&new).await);
        world.accepts(&known).await;
        assert_eq!(world.issuer.calls(), asked, "{words}: it was asked all the same");
    }
    world.present(&good(&world.authority));
    world.until_accepted(&new).await;
    assert_unknown(&world.ask(&known).await);
}

#[tokio::test]
async fn an_issuer_that_had_a_wrong_certificate_from_the_start_is_503_until_it_has_a_good_one() {
    let key = Key::new("key");
    let world = World::start(&[&key], |authority| wrong(authority)[0].0.clone()).await;
    world.until_rejected("UnknownIssuer").await;
    let detail = "Tokens cannot be verified just now; try again shortly";
    world.ask(&key).await.refused(503, "identity_unavailable", detail);
    assert_eq!(world.issuer.calls(), 0, "it was asked all the same");
    world.present(&good(&world.authority));
    world.until_accepted(&key).await;
}
