//! The real program: how it starts, refuses to start, and ends.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;
use serde_json::Value;
use testkit::{Role, TestDatabase, wait};
use tokio::net::TcpStream;

use crate::catalog::with_models;
use crate::fixtures::{insert, model_id};
use crate::raw_catalog::{Conduct, RawCatalog, answer};
use crate::support::{Answer, PATIENCE, ask, client, environment};

/// The program with this environment and no other.
pub(crate) fn program(environment: impl IntoIterator<Item = (String, String)>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
    command.env_clear().envs(environment).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A running one. It is killed with this value.
pub(crate) struct Program {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    pub(crate) address: SocketAddr,
    pub(crate) ops_address: SocketAddr,
}

impl Program {
    pub(crate) async fn start(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut child = program(environment).stderr(Stdio::inherit()).spawn().expect("it starts");
        let stdout = child.stdout.take().expect("a pipe");
        let log = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                written.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut program = Self { child, log, address: nowhere, ops_address: nowhere };
        let line = wait::until("it listens", PATIENCE, || async {
            program.events().into_iter().find(|event| event["message"] == "listening")
        })
        .await
        .expect("it says where it listens");
        let address = |key: &str| line[key].as_str().and_then(|text| text.parse().ok()).expect("an address");
        (program.address, program.ops_address) = (address("address"), address("ops_address"));
        program
    }

    /// The lines of its log so far; each must be JSON.
    pub(crate) fn events(&self) -> Vec<Value> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().map(|line| serde_json::from_str(line).expect("a log line is JSON")).collect()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        ask(&client(), Method::GET, self.address, path).await
    }

    /// What the ops listener says at `path`.
    pub(crate) async fn ops(&self, path: &str) -> Answer {
        ask(&client(), Method::GET, self.ops_address, path).await
    }

    pub(crate) fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the signal was sent");
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        wait::until("the program ends", PATIENCE, || {
            let ended = child.try_wait().expect("a child of ours");
            async move { ended }
        })
        .await
        .expect("it ends")
    }

    async fn refuses_connections(&self) {
        wait::until("nobody is let in", PATIENCE, || async {
            TcpStream::connect(self.address).await.is_err().then_some(())
        })
        .await
        .expect("it stops accepting");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program with a gated catalog, and one order whose model is asked for.
async fn gated(keys: &[(&str, &str)]) -> (TestDatabase, RawCatalog, Program) {
    let database = TestDatabase::create().await.expect("a database");
    insert(&database, &with_models(1)).await;
    let catalog = RawCatalog::start(Conduct::Gate).await;
    let program = Program::start(environment(&database.url(Role::Reader), &catalog.url(), keys)).await;
    (database, catalog, program)
}

async fn asked(catalog: &RawCatalog) {
    wait::until("the catalog is asked", PATIENCE, || async { (catalog.in_flight() == 1).then_some(()) })
        .await
        .expect("asked");
}

#[tokio::test]
async fn sigterm_lets_a_list_that_waits_for_the_catalog_finish() {
    let keys = [("catalog.page_deadline_ms", "20000"), ("shutdown.delay_ms", "0")];
    let (_database, catalog, mut program) = gated(&keys).await;
    let address = program.address;
    let list = tokio::spawn(async move { ask(&client(), Method::GET, address, "/orders/user/ada").await });
    asked(&catalog).await;
    program.terminate();
    program.refuses_connections().await;
    assert!(!list.is_finished());

    catalog.gate.add_permits(1);
    let answer = list.await.expect("an answer");
    assert_eq!(answer.model_statuses(), ["found"]);
    assert_eq!(answer.header("connection"), "close");
    assert_eq!(program.ended().await.code(), Some(0));
}

#[tokio::test]
async fn after_sigterm_it_serves_unready_until_load_balancers_noticed() {
    let (_database, catalog, mut program) = gated(&[("shutdown.delay_ms", "1500")]).await;
    catalog.gate.add_permits(10);
    assert_eq!(program.get("/orders/user/ada").await.status, 200);
    program.terminate();
    let unready = wait::until("it is unready", PATIENCE, || async {
        let answer = ask(&client(), Method::GET, program.ops_address, "/readyz").await;
        (answer.status == 503).then_some(answer)
    })
    .await
    .expect("unready");
    assert!(unready.text.contains("stopping"), "{}", unready.text);
    assert_eq!(program.get("/orders/user/ada").await.model_statuses(), ["found"]);
    assert_eq!(program.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_list_that_takes_longer_than_the_drain_deadline_does_not_keep_it_alive() {
    let keys =
        [("catalog.page_deadline_ms", "60000"), ("shutdown.delay_ms", "0"), ("shutdown.drain_ms", "200")];
    let (_database, catalog, mut program) = gated(&keys).await;
    let address = program.address;
    let list =
        tokio::spawn(async move { client().get(format!("http://{address}/orders/user/ada")).send().await });
    asked(&catalog).await;
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0));
    assert!(list.await.expect("a result").is_err(), "it was cut off");
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let (_database, _catalog, mut program) = gated(&[("shutdown.delay_ms", "300000")]).await;
    program.terminate();
    wait::until("it is stopping", PATIENCE, || async {
        program.events().iter().any(|event| event["message"] == "stopping").then_some(())
    })
    .await
    .expect("stopping");
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(1));
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_not_asked_for_models() {
    let database = TestDatabase::create().await.expect("a database");
    insert(&database, &with_models(1)).await;
    let model = format!(r#"{{"model": {{"model_id": "{}"}}}}"#, model_id(1));
    let catalog = RawCatalog::start(Conduct::Bytes(answer(&model))).await;
    let proxy = RawCatalog::start(Conduct::Bytes(answer("{}"))).await;
    let proxies = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"]
        .map(|name| (name.to_owned(), proxy.url()));
    let environment = environment(&database.url(Role::Reader), &catalog.url(), &[]);
    let program = Program::start(environment.into_iter().chain(proxies)).await;
    assert_eq!(program.get("/orders/user/ada").await.model_statuses(), ["found"]);
    assert_eq!((catalog.heads().len(), proxy.heads().len()), (1, 0));
}

#[tokio::test]
async fn the_log_tells_the_route_and_never_who_was_asked_about() {
    let (_database, catalog, program) = gated(&[("log.level", "trace")]).await;
    catalog.gate.add_permits(1);
    let answer = program.get("/orders/user/planted-name?after=planted-cursor&limit=7").await;
    let id = answer.header("x-request-id").to_owned();
    let line = wait::until("the request is logged", PATIENCE, || async {
        program.events().into_iter().find(|event| event["request_id"] == *id)
    })
    .await
    .expect("a line");
    assert_eq!(line["route"], "/orders/user/{user_id}");
    assert_eq!(line["status"], 400);
    assert_eq!(line["code"], "bad_cursor");
    assert_eq!(line["method"], "GET");
    let ours = |event: &&Value| {
        let target = event["target"].as_str().unwrap_or_default();
        target == "request" || target.starts_with("orders") || target.starts_with("service_kit")
    };
    let log: Vec<String> = program.events().iter().filter(ours).map(Value::to_string).collect();
    assert!(!log.join("\n").contains("planted"), "{log:?}");
}

fn run(environment: &[(String, String)], arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        program(environment.iter().cloned()).args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

const DATABASE: &str = "postgres://reader:planted-secret@127.0.0.1/atelier";

#[test]
fn without_a_catalog_it_ends_with_64_and_names_the_key() {
    let mut environment = environment(DATABASE, "", &[]);
    environment.retain(|(name, _)| name != "ATELIER_CATALOG__URL");
    let (code, stdout, stderr) = run(&environment, &[]);
    assert_eq!((code, stdout.as_str()), (Some(64), ""));
    assert!(stderr.contains("catalog.url") && stderr.contains("ATELIER_CATALOG__URL"), "{stderr}");
}

#[test]
fn every_mistake_is_named_before_it_ends_with_64() {
    let keys = [
        ("catalog.url", "ftp://x"),
        ("database.read_conections", "4"),
        ("listen", "5019"),
        ("auth.mode", "closed"),
    ];
    let (code, _, stderr) = run(&environment(DATABASE, "", &keys), &[]);
    assert_eq!(code, Some(64));
    for part in ["database.read_conections", "did you mean database.read_connections?", "listen", "auth.mode"]
    {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    assert!(!stderr.contains("planted-secret"), "{stderr}");
}

#[test]
fn a_file_that_is_not_there_is_64_and_named() {
    let environment = environment(DATABASE, "http://catalog", &[]);
    let (code, _, stderr) = run(&environment, &["--config", "/nonexistent/orders.toml"]);
    assert_eq!(code, Some(64));
    assert!(stderr.contains("/nonexistent/orders.toml"), "{stderr}");
}

#[test]
fn config_schema_prints_the_committed_schema() {
    let (code, stdout, _) = run(&[], &["config", "schema"]);
    assert_eq!(code, Some(0));
    let committed = include_str!("../../config.schema.json");
    let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    assert_eq!(read(&stdout), read(committed));
    assert!(read(&stdout)["properties"]["catalog"].is_object());
}

#[test]
fn config_check_and_dump_tell_what_would_be_used_and_no_secret() {
    let environment = environment(DATABASE, "http://catalog/catalog", &[]);
    let (code, stdout, stderr) = run(&environment, &["config", "check"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.contains("can be used"), "{stdout}");
    let (code, stdout, _) = run(&environment, &["config", "dump"]);
    assert_eq!(code, Some(0));
    assert!(
        stdout.contains("database.url = \"***\"  # environment variable ATELIER_DATABASE__URL"),
        "{stdout}"
    );
    assert!(stdout.contains("catalog.page_deadline_ms = 800  # default"), "{stdout}");
    assert!(!stdout.contains("planted-secret"), "{stdout}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_and_ends_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = taken.local_addr().expect("an address").to_string();
    let mut child =
        program(environment(DATABASE, "http://catalog", &[("listen", &listen)])).spawn().expect("it starts");
    let mut stdout = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut stdout).expect("a log");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    assert!(stdout.contains(&format!("cannot listen on {listen}")), "{stdout}");
}
