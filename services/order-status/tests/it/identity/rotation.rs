//! Secrets, keys and passwords are exchanged while requests come, the way that docs/security.md says, and no request fails.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};
use testkit::database::{OWNER, WRITER, roles};
use testkit::file::TestFile;
use testkit::issuer::{Conduct, Issuer};
use testkit::postgres::{PostgresServer, SUPERUSER, ServerOptions};
use testkit::wait;

use super::callers::{REQUESTER, signed};
use super::rs256::{Key, set, settings as settings_of};
use crate::support::foreign::seed;
use crate::support::load::Load;
use crate::support::{Answer, App, BUYER, Instance, MAKER, PATIENCE, own_server, settings};

const OLD: &str = "planted-old-secret-0123456789abcdefghij";
const NEW: &str = "planted-new-secret-0123456789abcdefghij";

/// What everybody asks for.
const PATH: &str = "/orders/1/status";

fn by_token(request: RequestBuilder, token: &str) -> RequestBuilder {
    request.header("authorization", format!("Bearer {token}"))
}

fn by_gateway(request: RequestBuilder, secret: &str) -> RequestBuilder {
    request.header("x-gateway-secret", secret).header("x-user-id", BUYER)
}

fn token(secret: &str) -> String {
    signed(&json!({"sub": BUYER, "exp": 4_102_444_800_u64}), secret)
}

fn file(text: &str) -> TestFile {
    TestFile::new(text).expect("a file")
}

/// A service with the order that everybody asks for.
async fn app(more: &[(&str, &str)]) -> App {
    let app = App::start_with(more).await;
    seed(&app.database, BUYER, MAKER, &[(1, 0, None)]).await;
    app
}

/// Waits until a request is answered with this status.
async fn until_status<F: Fn() -> RequestBuilder>(what: &str, status: u16, request: F) {
    let answered = || async { (Answer::of(request()).await.status == status).then_some(()) };
    wait::until(what, PATIENCE, answered).await.expect("in time");
}

/// Exchanges a secret in a file of them, under load; `proof` is what a caller shows that is known by it. Gives the load's figures.
async fn exchange_secret(
    mode: [(&str, &str); 2],
    file: &TestFile,
    proof: fn(&str) -> String,
    prove: fn(RequestBuilder, &str) -> RequestBuilder,
) -> String {
    let app = app(&mode).await;
    let ask = |secret| prove(app.request(Method::GET, PATH), &proof(secret));
    assert_eq!(Answer::of(ask(NEW)).await.status, 401);
    let load = Load::start(app.request(Method::GET, PATH), proof(OLD), prove).await;

    file.write(&format!("{OLD}\n{NEW}\n")).expect("written");
    until_status("the new secret counts", 200, || ask(NEW)).await;
    load.change_over(proof(NEW)).await;
    file.write(NEW).expect("written");
    until_status("the old secret counts no more", 401, || ask(OLD)).await;
    load.goes_on().await;
    load.end_without_failure().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_shared_secret_of_tokens_is_exchanged_no_request_fails() {
    let file = file(OLD);
    let mode = [("ATELIER_AUTH__MODE", "token"), ("ATELIER_AUTH__HS256__SECRETS_FILE", file.path())];
    println!("the shared secret: {}", exchange_secret(mode, &file, token, by_token).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_gateway_s_secret_is_exchanged_no_request_fails() {
    let file = file(OLD);
    let mode = [("ATELIER_AUTH__MODE", "gateway"), ("ATELIER_AUTH__GATEWAY__SECRETS_FILE", file.path())];
    println!("the gateway's secret: {}", exchange_secret(mode, &file, str::to_owned, by_gateway).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_an_issuer_exchanges_its_key_no_request_fails() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let says = Conduct::Says(set(&[&old]).to_string().into());
    let issuer = Issuer::start(says, None).await.expect("an issuer");
    let url = issuer.url();
    let app = app(&settings_of(&url)).await;
    let ask = |key: &Key| by_token(app.request(Method::GET, PATH), &key.token(REQUESTER));
    until_status("the set is read", 200, || ask(&old)).await;
    let load = Load::start(app.request(Method::GET, PATH), old.token(REQUESTER), by_token).await;

    issuer.serve(&set(&[&old, &new]));
    until_status("the new key counts", 200, || ask(&new)).await;
    load.change_over(new.token(REQUESTER)).await;
    issuer.serve(&set(&[&new]));
    until_status("the old key counts no more", 401, || ask(&old)).await;
    load.goes_on().await;
    println!("the issuer's key: {}", load.end_without_failure().await);
}

/// A server that asks for passwords, with our schema and one order; the way in for whoever administers it.
async fn locked_server() -> (PostgresServer, PgConnection) {
    let options = ServerOptions { asks_password: true, ..ServerOptions::tests() };
    let server = own_server::start(options).await;
    let mut admin =
        PgConnection::connect_with(&server.options(SUPERUSER, "postgres")).await.expect("connected");
    let logins = format!(
        "{}; ALTER ROLE {OWNER} PASSWORD '{OLD}'; ALTER ROLE {WRITER} PASSWORD '{OLD}'",
        roles().script("postgres")
    );
    sqlx::raw_sql(AssertSqlSafe(logins)).execute(&mut admin).await.expect("the logins");
    let options = server.options(OWNER, "postgres").password(OLD);
    own_server::migrate_split(&options).await;
    (server, admin)
}

fn as_writer(server: &PostgresServer, password: &str) -> PgConnectOptions {
    server.options(WRITER, "postgres").password(password)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_s_password_is_exchanged_no_request_fails() {
    let (server, mut admin) = locked_server().await;
    let file = file(OLD);
    let url = format!("postgres://{WRITER}@127.0.0.1:{}/postgres?sslmode=disable", server.port());
    // Proving that one knows a password is work by design, and without optimisation it takes long.
    let more = [
        ("ATELIER_DATABASE__PASSWORD_FILE", file.path()),
        ("ATELIER_DATABASE__CONNECT_TIMEOUT_MS", "20000"),
        ("ATELIER_DATABASE__READ_CONNECTIONS", "2"),
        ("ATELIER_DATABASE__WRITE_CONNECTIONS", "2"),
    ];
    let settings = settings(&url, &more);
    let first = Instance::start(&settings).await;
    first.until_ready().await;
    let order_id = first.order().await;
    let path = format!("/orders/{order_id}/status");
    let load = Load::start(first.request(Method::GET, &path), String::new(), |request, _| request).await;

    admin.execute(AssertSqlSafe(format!("ALTER ROLE {WRITER} PASSWORD '{NEW}'"))).await.expect("altered");
    // Whoever comes now has the old one still, and says so.
    let second = Instance::start(&settings).await;
    let locked_out = |status: u16, report: &Value| {
        status == 503 && report.to_string().contains("password authentication failed")
    };
    second.until_readyz("locked out", PATIENCE, locked_out).await;
    load.goes_on().await;
    file.write(NEW).expect("written");
    second.until_ready().await;
    assert!(
        PgConnection::connect_with(&as_writer(&server, OLD)).await.is_err(),
        "the old one opens it still"
    );
    load.goes_on().await;
    println!("the database's password: {}", load.end_without_failure().await);

    // The first one's connections are from before; its next ones are as good.
    let end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'atelier/%'";
    admin.execute(end).await.expect("ended");
    until_status("the first one is back", 200, || first.request(Method::GET, &path)).await;
}
