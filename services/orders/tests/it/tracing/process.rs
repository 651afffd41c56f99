//! The real program with a collector: the standard variables, the trace in its log, and what becomes of the last spans when it ends.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::otlp::{ReceivedSpan, SpanReceiver};
use testkit::{Role, TestDatabase, wait};

use super::{CHOSEN, NOT_CHOSEN, PATH, TRACE, server_span};
use crate::process::{Program, program};
use crate::support::{PATIENCE, client, environment};

const NOBODY: &str = "http://127.0.0.1:1/catalog";

async fn both() -> (TestDatabase, SpanReceiver) {
    let receiver = SpanReceiver::start().await.expect("a receiver");
    (TestDatabase::create().await.expect("a database"), receiver)
}

/// Our keys and the variables of others.
async fn start(database: &TestDatabase, keys: &[(&str, &str)], variables: &[(&str, &str)]) -> Program {
    let more = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let keys = [&[("shutdown.delay_ms", "0")], keys].concat();
    let ours = environment(&database.url(Role::Reader), NOBODY, &keys);
    Program::start(ours.into_iter().chain(more)).await
}

async fn request_line(program: &Program, is_it: impl Fn(&Value) -> bool) -> Value {
    let found =
        || async { program.events().into_iter().find(|event| event["target"] == "request" && is_it(event)) };
    wait::until("the request's line", PATIENCE, found).await.expect("a line")
}

async fn ask_with(program: &Program, parent: &str) {
    let request = client().get(format!("http://{}{PATH}", program.address)).header("traceparent", parent);
    assert_eq!(request.send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn the_standard_variables_are_understood_and_the_others_are_named() {
    let (database, receiver) = both().await;
    let endpoint = receiver.endpoint();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cret,x-scope=shop"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
        ("OTEL_SERVICE_NAME", "orders-of-a-shop"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.name=ignored"),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.0"),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
        ("OTEL_PROPAGATORS", "b3"),
    ];
    let program = start(&database, &[], &variables).await;
    assert_eq!(program.get(PATH).await.status, 200);
    let span = server_span(&receiver).await;
    assert_eq!(span.resource["service.name"], "orders-of-a-shop");
    assert_eq!(span.resource["deployment.environment.name"], "test");
    let headers = receiver.headers().pop().expect("a batch");
    assert_eq!(
        (&headers["authorization"], &headers["x-scope"]),
        (&"Bearer s3cret".parse().unwrap(), &"shop".parse().unwrap())
    );

    let notices: Vec<String> =
        program.events().iter().filter_map(|event| Some(event["notice"].as_str()?.to_owned())).collect();
    assert!(
        notices.contains(&"OTEL_PROPAGATORS is not supported and does nothing".to_owned()),
        "{notices:?}"
    );
    assert!(
        notices.contains(&"OTEL_SERVICE_NAME is read as telemetry.service_name".to_owned()),
        "{notices:?}"
    );
    assert_eq!(notices.len(), variables.len(), "{notices:?}");
    assert!(!format!("{:?}", program.events()).contains("s3cret"));
}

#[tokio::test]
async fn a_disabled_sdk_makes_no_span() {
    let (database, receiver) = both().await;
    let endpoint = receiver.endpoint();
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_SDK_DISABLED", "TRUE")];
    let mut program = start(&database, &[("telemetry.sampler", "always_on")], &variables).await;
    assert_eq!(program.get(PATH).await.status, 200);
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0));
    assert!(receiver.headers().is_empty());
}

#[tokio::test]
async fn each_requests_line_names_its_trace_and_its_span_if_it_has_one() {
    let (database, receiver) = both().await;
    let endpoint = receiver.endpoint();
    let keys = [
        ("telemetry.otlp.endpoint", endpoint.as_str()),
        ("telemetry.otlp.delay_ms", "20"),
        ("telemetry.trace_ratio", "0"),
    ];
    let program = start(&database, &keys, &[]).await;
    ask_with(&program, CHOSEN).await;
    let span = server_span(&receiver).await;
    let line = request_line(&program, |line| line["trace_id"] == TRACE).await;
    assert_eq!((&line["trace_id"], &line["span_id"]), (&span.trace_id.into(), &span.span_id.into()));

    assert_eq!(program.get(PATH).await.status, 200);
    let line = request_line(&program, |line| line["trace_id"] != TRACE).await;
    let trace_id = line["trace_id"].as_str().expect("a trace of its own");
    assert!(trace_id.len() == 32 && trace_id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
    assert!(line.get("span_id").is_none(), "{line}");

    ask_with(&program, NOT_CHOSEN).await;
    let unchosen = |line: &Value| line["trace_id"] == TRACE && line.get("span_id").is_none();
    request_line(&program, unchosen).await;
}

#[tokio::test]
async fn the_last_spans_leave_when_the_program_ends() {
    let (database, receiver) = both().await;
    let endpoint = receiver.endpoint();
    let keys = [
        ("telemetry.otlp.endpoint", endpoint.as_str()),
        ("telemetry.otlp.delay_ms", "60000"),
        ("telemetry.sampler", "always_on"),
    ];
    let mut program = start(&database, &keys, &[]).await;
    assert_eq!(program.get(PATH).await.status, 200);
    assert!(receiver.spans().is_empty(), "it waits for more");
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0));
    let spans: Vec<ReceivedSpan> = receiver.spans();
    assert!(spans.iter().any(|span| span.kind == "server"), "{spans:?}");
}

#[tokio::test]
async fn a_silent_collector_holds_the_end_up_no_longer_than_it_may() {
    for protocol in ["http/protobuf", "grpc"] {
        let database = TestDatabase::create().await.expect("a database");
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}", silent.local_addr().expect("an address"));
        let keys = [
            ("telemetry.otlp.endpoint", endpoint.as_str()),
            ("telemetry.otlp.protocol", protocol),
            ("telemetry.otlp.timeout_ms", "60000"),
            ("telemetry.otlp.flush_ms", "300"),
            ("telemetry.sampler", "always_on"),
        ];
        let mut program = start(&database, &keys, &[]).await;
        assert_eq!(program.get("/nothing").await.status, 404);
        let began = Instant::now();
        program.terminate();
        assert_eq!(program.ended().await.code(), Some(0), "{protocol}");
        assert!(began.elapsed() < Duration::from_secs(5), "{protocol}: {:?}", began.elapsed());
        let said = |event: &Value| event["message"] == "the collector did not take the last spans in time";
        let line = program.events().into_iter().find(said).expect("it says what was lost");
        assert_eq!(line["spans"], 1, "{protocol}");
    }
}

#[tokio::test]
async fn a_start_that_fails_does_not_wait_for_a_collector() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", silent.local_addr().expect("an address"));
    let listen = taken.local_addr().expect("an address").to_string();
    let keys = [("telemetry.otlp.endpoint", endpoint.as_str()), ("listen", listen.as_str())];
    let began = Instant::now();
    let output = program(environment("postgres://nobody@127.0.0.1:1/none", NOBODY, &keys)).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_header_that_is_none_is_refused_without_showing_it() {
    let file = testkit::file::TestFile::new("authorization: Bearer a\ns3cret\n").expect("a file");
    let keys =
        [("telemetry.otlp.endpoint", "http://127.0.0.1:1"), ("telemetry.otlp.headers_file", file.path())];
    let output = program(environment("postgres://nobody@127.0.0.1:1/none", NOBODY, &keys)).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(said.contains("header 2 of telemetry.otlp.headers_file") && !said.contains("s3cret"), "{said}");
}
