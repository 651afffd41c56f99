//! TLS to the database: a server that cannot prove who it is gets neither the password nor so much as the login's name,
//! and the service says in words what is wrong with it.

mod impostor;

use serde_json::Value;
use testkit::certificate::{Authority, Certificate};
use testkit::file::TestFile;
use testkit::postgres::{PostgresServer, SUPERUSER, ServerOptions};
use testkit::wait;

use crate::support::program::Program;
use crate::support::{Instance, PATIENCE, own_server, settings};
use impostor::Impostor;

const PASSWORD: &str = "planted-database-password-hunter2";
const LOGIN: &str = "planted-login";
const HERE: &[&str] = &["127.0.0.1"];
const CA_FILE: &str = "ATELIER_DATABASE__CA_FILE";

fn url(impostor: &Impostor, sslmode: &str) -> String {
    format!("postgres://{LOGIN}:{PASSWORD}@{}/atelier?sslmode={sslmode}", impostor.address)
}

fn authority() -> Authority {
    Authority::new("believed").expect("an authority")
}

fn certificate(authority: &Authority, names: &[&str]) -> Certificate {
    authority.sign(names).expect("a certificate")
}

fn has(said: &[u8], text: &str) -> bool {
    said.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Runs the real binary against an impostor, with this to believe in, and asserts that it was told nothing and the operator this.
async fn tells_nothing(impostor: &Impostor, sslmode: &str, believed: Option<&Authority>, words: &str) {
    let file = believed.map(|believed| TestFile::new(believed.pem()).expect("a file"));
    let mut more = vec![("ATELIER_LOG__LEVEL", "debug"), ("ATELIER_SHUTDOWN__DELAY_MS", "0")];
    more.extend(file.as_ref().map(|file| (CA_FILE, file.path())));
    let program = Program::serve(&url(impostor, sslmode), &more);
    let instance = program.instance().await;
    let says_so = |status: u16, report: &Value| {
        status == 503
            && report["conditions"]["database"]["reason"]
                .as_str()
                .is_some_and(|reason| reason.contains(words))
    };
    instance.until_readyz(words, PATIENCE, says_so).await;
    program.until_logged(&["not ready", words]).await;
    // The first may have come to nothing by chance; it goes on asking, and goes on telling nothing.
    let several = || async { (impostor.told().asked > 3).then_some(()) };
    wait::until("it is asked again", PATIENCE, several).await.expect("the service goes on trying");
    assert_eq!(instance.ops("/livez").await.0, 200);
    let (_, report) = instance.readyz().await;
    program.signal("TERM");
    let ended = program.end().await;
    let told = impostor.told();
    assert!(told.said.is_empty(), "{sslmode}: {}", String::from_utf8_lossy(&told.said));
    for said in [&ended.output, &ended.errors, &report.to_string()] {
        assert!(!said.contains(PASSWORD), "{sslmode}: {said}");
    }
}

#[tokio::test]
async fn a_server_that_has_no_tls_is_told_nothing_where_tls_is_wanted() {
    let ours = authority();
    // Nobody would look at an authority with `require`, so none may be given.
    for (sslmode, believed) in [("require", None), ("verify-ca", Some(&ours)), ("verify-full", Some(&ours))] {
        let impostor = Impostor::start(None).await;
        tells_nothing(&impostor, sslmode, believed, "server does not support TLS").await;
    }
}

#[tokio::test]
async fn a_server_with_a_wrong_certificate_is_told_nothing_where_it_must_prove_itself() {
    let (believed, stranger) = (authority(), Authority::new("a stranger").expect("an authority"));
    for (sslmode, shown, words) in [
        ("verify-ca", certificate(&stranger, HERE), "UnknownIssuer"),
        ("verify-full", certificate(&stranger, HERE), "UnknownIssuer"),
        ("verify-full", certificate(&authority(), HERE), "BadSignature"),
        ("verify-full", certificate(&believed, &["db.example.com"]), "not valid for name"),
        ("verify-full", believed.sign_expired(HERE).expect("a certificate"), "expired"),
    ] {
        let impostor = Impostor::start(Some(shown)).await;
        tells_nothing(&impostor, sslmode, Some(&believed), words).await;
    }
}

/// What makes the tests above worth something: the same server learns everything from whoever does not ask for a proof.
#[tokio::test]
async fn an_impostor_is_told_the_password_where_nothing_is_to_be_proved() {
    for (sslmode, certificate) in [("prefer", None), ("require", Some(certificate(&authority(), HERE)))] {
        let impostor = Impostor::start(certificate).await;
        let _instance = Instance::start(&settings(&url(&impostor, sslmode), &[])).await;
        let betrayed = || async { has(&impostor.told().said, PASSWORD).then_some(()) };
        wait::until("the password is told", PATIENCE, betrayed).await.expect("told");
        assert!(has(&impostor.told().said, LOGIN), "{sslmode}");
    }
}

/// A server with this certificate, migrated.
async fn server(certificate: Certificate) -> PostgresServer {
    let server =
        own_server::start(ServerOptions { certificate: Some(certificate), ..ServerOptions::tests() }).await;
    own_server::migrate(&server).await;
    server
}

/// A service that wants this server to prove itself to whoever believes `authority`.
async fn service(server: &PostgresServer, authority: &Authority) -> (Instance, TestFile) {
    let file = TestFile::new(authority.pem()).expect("a file");
    let url = format!("{}?sslmode=verify-full", server.url("postgres"));
    let instance = Instance::start(&settings(&url, &[(CA_FILE, file.path())])).await;
    (instance, file)
}

#[tokio::test]
async fn a_server_that_proves_itself_is_used_and_every_connection_is_encrypted() {
    let authority = authority();
    let server = server(certificate(&authority, HERE)).await;
    let (instance, _file) = service(&server, &authority).await;
    instance.until_ready().await;
    instance.order().await;
    let mut admin =
        <sqlx::PgConnection as sqlx::Connection>::connect_with(&server.options(SUPERUSER, "postgres"))
            .await
            .expect("connected");
    let encrypted: Vec<bool> = sqlx::query_scalar(
        "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name LIKE 'atelier/%'",
    )
    .fetch_all(&mut admin)
    .await
    .expect("the connections");
    assert!(!encrypted.is_empty() && encrypted.iter().all(|it| *it), "{encrypted:?}");
}

#[tokio::test]
async fn a_real_server_that_proves_to_be_another_is_not_used() {
    let believed = authority();
    let stranger = Authority::new("a stranger").expect("an authority");
    for (shown, words) in [
        (certificate(&stranger, HERE), "UnknownIssuer"),
        (certificate(&believed, &["db.example.com"]), "not valid for name"),
    ] {
        let server = server(shown).await;
        let (instance, _file) = service(&server, &believed).await;
        let says_so = |status: u16, report: &Value| status == 503 && report.to_string().contains(words);
        instance.until_readyz(words, PATIENCE, says_so).await;
    }
}
