//! The real OpenTelemetry collector between the service and the receiver.

use testkit::certificate::Authority;
use testkit::file::TestFile;
use testkit::otlp::{Collector, CollectorTls, SpanReceiver};

use super::{CHOSEN, ask, assert_one_trace, assert_statement, catalog_span, server_span, statement_span};
use crate::catalog::with_models;
use crate::fixtures::insert;
use crate::support::World;

async fn one_trace_arrives(keys: &[(&str, &str)], receiver: &SpanReceiver) {
    let world = World::with(&[&[("telemetry.otlp.delay_ms", "20")], keys].concat()).await;
    insert(&world.database, &with_models(1)).await;
    assert_eq!(ask(&world, &[("traceparent", CHOSEN)]).await.model_statuses(), ["found"]);
    let (server, catalog) = (server_span(receiver).await, catalog_span(receiver).await);
    assert_one_trace(&server, &catalog, world.catalog.address());
    assert_statement(&server, &statement_span(receiver).await);
}

#[tokio::test]
#[ignore = "needs otelcol"]
async fn a_collector_understands_both_ways_to_send_it_a_trace() {
    for protocol in ["grpc", "http/protobuf"] {
        let receiver = SpanReceiver::start().await.expect("a receiver");
        let collector = Collector::start(&receiver, None).await.expect("a collector");
        let endpoint = if protocol == "grpc" { collector.grpc() } else { collector.http() };
        let keys = [("telemetry.otlp.endpoint", endpoint.as_str()), ("telemetry.otlp.protocol", protocol)];
        one_trace_arrives(&keys, &receiver).await;
    }
}

#[tokio::test]
#[ignore = "needs otelcol"]
async fn a_collector_of_a_private_authority_lets_in_whom_it_knows() {
    let authority = Authority::new("ours").expect("an authority");
    let certificate = || authority.sign(&["127.0.0.1"]).expect("a certificate");
    let (ours, ca_file) = (certificate(), TestFile::new(authority.pem()).expect("a file"));
    let cert_file = TestFile::new(ours.pem()).expect("a file");
    let key_file = TestFile::new(ours.key_pem()).expect("a file");
    for protocol in ["grpc", "http/protobuf"] {
        let receiver = SpanReceiver::start().await.expect("a receiver");
        let tls = CollectorTls::new(&authority, &certificate()).expect("files");
        let collector = Collector::start(&receiver, Some(tls)).await.expect("a collector");
        let endpoint = if protocol == "grpc" { collector.grpc() } else { collector.http() };
        let keys = [
            ("telemetry.otlp.endpoint", endpoint.as_str()),
            ("telemetry.otlp.protocol", protocol),
            ("telemetry.otlp.ca_file", ca_file.path()),
            ("telemetry.otlp.cert_file", cert_file.path()),
            ("telemetry.otlp.key_file", key_file.path()),
        ];
        one_trace_arrives(&keys, &receiver).await;
    }
}
