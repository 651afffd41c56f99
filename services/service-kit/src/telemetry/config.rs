//! The `[telemetry]` section: where spans go, and which requests get some. Off until an endpoint is set.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::{Alias, Mistakes, Secret};

/// Spans for a collector that speaks OTLP. Each key says which of OpenTelemetry's own variables fills it too.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Makes no spans even where an endpoint is set (`OTEL_SDK_DISABLED`).
    pub disabled: bool,
    /// What the service is called in its spans; if absent, by its own name (`OTEL_SERVICE_NAME`).
    pub service_name: Option<String>,
    /// More about the process, as `name=value,name=value` (`OTEL_RESOURCE_ATTRIBUTES`).
    pub resource_attributes: Option<String>,
    /// Who decides which requests get spans (`OTEL_TRACES_SAMPLER`).
    pub sampler: Sampler,
    /// The part of all traces that a sampler with a ratio chooses (`OTEL_TRACES_SAMPLER_ARG`).
    #[schemars(range(min = 0, max = 1))]
    pub trace_ratio: f64,
    /// Where spans go.
    pub otlp: OtlpConfig,
}

/// Where spans go, and how many may wait to go there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtlpConfig {
    /// The collector's address, such as `http://127.0.0.1:4318`; over HTTP `/v1/traces` is added (`OTEL_EXPORTER_OTLP_ENDPOINT`).
    pub endpoint: Option<String>,
    /// The whole address for traces, to which nothing is added (`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`).
    pub traces_endpoint: Option<String>,
    /// How spans travel (`OTEL_EXPORTER_OTLP_PROTOCOL`, `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`).
    pub protocol: OtlpProtocol,
    /// Headers that prove to the collector who we are, as `name=value,name=value` (`OTEL_EXPORTER_OTLP_HEADERS`).
    pub headers: Option<Secret>,
    /// A file with more of them, `name: value` a line; read at the start.
    pub headers_file: Option<PathBuf>,
    /// A file with the certificate authority that signed the collector's certificate; if absent, the well-known ones.
    pub ca_file: Option<PathBuf>,
    /// A file with our certificate, for a collector that asks for one.
    pub cert_file: Option<PathBuf>,
    /// A file with its key.
    pub key_file: Option<PathBuf>,
    /// How long sending a batch may take, repetitions included (`OTEL_EXPORTER_OTLP_TIMEOUT`). Milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub timeout_ms: u64,
    /// How long a batch is waited for to fill (`OTEL_BSP_SCHEDULE_DELAY`). Milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub delay_ms: u64,
    /// How many spans leave at once (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`).
    #[schemars(range(min = 1, max = 65_536))]
    pub batch_spans_max: usize,
    /// How many spans may wait or be under way; more are dropped, and counted (`OTEL_BSP_MAX_QUEUE_SIZE`).
    #[schemars(range(min = 1, max = 1_048_576))]
    pub queue_spans_max: usize,
    /// How long the end of the process waits for what has not left yet. Milliseconds.
    #[schemars(range(min = 0, max = 60_000))]
    pub flush_ms: u64,
}

/// How spans travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum OtlpProtocol {
    /// gRPC, usually on port 4317.
    #[serde(rename = "grpc")]
    Grpc,
    /// Protobuf over HTTP, usually on port 4318.
    #[serde(rename = "http/protobuf")]
    HttpProtobuf,
}

/// Who decides which requests get spans, by the names that OpenTelemetry has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Sampler {
    /// Every request does.
    #[serde(rename = "always_on")]
    AlwaysOn,
    /// None does.
    #[serde(rename = "always_off")]
    AlwaysOff,
    /// `trace_ratio`, whatever callers say.
    #[serde(rename = "traceidratio")]
    TraceIdRatio,
    /// The caller; every request of one who says nothing.
    #[serde(rename = "parentbased_always_on")]
    ParentBasedAlwaysOn,
    /// The caller; no request of one who says nothing.
    #[serde(rename = "parentbased_always_off")]
    ParentBasedAlwaysOff,
    /// The caller; `trace_ratio` for one who says nothing.
    #[serde(rename = "parentbased_traceidratio")]
    ParentBasedTraceIdRatio,
}

const fn alias(variable: &'static str, key: &'static str) -> Alias {
    Alias { variable, key, convert: str::to_owned, outranked_by: &[] }
}

/// How OpenTelemetry's own variables begin.
pub const OTEL_PREFIX: &str = "OTEL_";

/// Those of OpenTelemetry's own variables that mean something here. What is meant for traces alone wins over what is meant for all.
pub const OTEL_ALIASES: &[Alias] = &[
    // Anything but `true` means that it is not disabled, says the specification.
    Alias {
        convert: |text| text.trim().eq_ignore_ascii_case("true").to_string(),
        ..alias("OTEL_SDK_DISABLED", "telemetry.disabled")
    },
    alias("OTEL_SERVICE_NAME", "telemetry.service_name"),
    alias("OTEL_RESOURCE_ATTRIBUTES", "telemetry.resource_attributes"),
    alias("OTEL_TRACES_SAMPLER", "telemetry.sampler"),
    alias("OTEL_TRACES_SAMPLER_ARG", "telemetry.trace_ratio"),
    // An address of ours is one decision with its spelling: half of it must not come from the environment.
    Alias {
        outranked_by: &["telemetry.otlp.endpoint"],
        ..alias("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "telemetry.otlp.traces_endpoint")
    },
    Alias {
        outranked_by: &["telemetry.otlp.traces_endpoint"],
        ..alias("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp.endpoint")
    },
    alias("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "telemetry.otlp.protocol"),
    alias("OTEL_EXPORTER_OTLP_PROTOCOL", "telemetry.otlp.protocol"),
    // The exporter sends these whatever we do, so they go together with those of a file.
    alias("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "telemetry.otlp.headers"),
    alias("OTEL_EXPORTER_OTLP_HEADERS", "telemetry.otlp.headers"),
    alias("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "telemetry.otlp.timeout_ms"),
    alias("OTEL_EXPORTER_OTLP_TIMEOUT", "telemetry.otlp.timeout_ms"),
    alias("OTEL_BSP_SCHEDULE_DELAY", "telemetry.otlp.delay_ms"),
    alias("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "telemetry.otlp.batch_spans_max"),
    alias("OTEL_BSP_MAX_QUEUE_SIZE", "telemetry.otlp.queue_spans_max"),
];

impl TelemetryConfig {
    /// Adds what is wrong with the keys, and between them.
    pub fn check(&self, mistakes: &mut Mistakes<'_>) {
        if self.resource_attributes.as_deref().is_some_and(|text| pairs(text).is_none()) {
            mistakes.add("telemetry.resource_attributes", "must be name=value, several separated by commas");
        }
        let otlp = &self.otlp;
        for (key, address) in [("endpoint", &otlp.endpoint), ("traces_endpoint", &otlp.traces_endpoint)] {
            if address.as_deref().is_some_and(|address| !is_address(address)) {
                let problem =
                    "must be an address with http:// or https:// and no user, such as http://127.0.0.1:4318";
                mistakes.add(&format!("telemetry.otlp.{key}"), problem);
            }
        }
        if otlp.headers.as_ref().is_some_and(|headers| pairs(headers.expose()).is_none()) {
            mistakes.add("telemetry.otlp.headers", "must be name=value, several separated by commas");
        }
        if otlp.cert_file.is_some() != otlp.key_file.is_some() {
            mistakes.add("telemetry.otlp.cert_file", "goes together with telemetry.otlp.key_file");
        }
        if otlp.batch_spans_max > otlp.queue_spans_max {
            mistakes.add(
                "telemetry.otlp.batch_spans_max",
                "must not be more than telemetry.otlp.queue_spans_max",
            );
        }
    }
}

impl OtlpConfig {
    /// The whole address that traces go to; `None` where there is none.
    pub(super) fn address(&self) -> Option<String> {
        let base = || {
            let base = self.endpoint.as_deref()?.trim_end_matches('/');
            Some(match self.protocol {
                OtlpProtocol::Grpc => base.to_owned(),
                OtlpProtocol::HttpProtobuf => format!("{base}/v1/traces"),
            })
        };
        self.traces_endpoint.clone().or_else(base)
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

/// A user and password in an address would stand in messages about it.
fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
    })
}

/// The pairs of a text such as `a=b,c=d`, values percent-decoded; `None` if it is not of that form.
pub(super) fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| {
            let (name, value) = item.split_once('=').filter(|(name, _)| !name.trim().is_empty())?;
            let value = percent_encoding::percent_decode_str(value.trim()).decode_utf8().ok()?;
            Some((name.trim().to_owned(), value.into_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(endpoint: Option<&str>, traces_endpoint: Option<&str>, protocol: OtlpProtocol) -> Option<String> {
        let config = OtlpConfig {
            endpoint: endpoint.map(str::to_owned),
            traces_endpoint: traces_endpoint.map(str::to_owned),
            protocol,
            headers: None,
            headers_file: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            timeout_ms: 1,
            delay_ms: 1,
            batch_spans_max: 1,
            queue_spans_max: 1,
            flush_ms: 1,
        };
        config.address()
    }

    #[test]
    fn an_endpoint_is_a_base_over_http_and_the_whole_over_grpc() {
        use OtlpProtocol::{Grpc, HttpProtobuf};
        let address = |text: &str| Some(text.to_owned());
        assert_eq!(to(Some("http://a:1"), None, HttpProtobuf), address("http://a:1/v1/traces"));
        assert_eq!(to(Some("http://a:1/otlp/"), None, HttpProtobuf), address("http://a:1/otlp/v1/traces"));
        assert_eq!(to(Some("http://a:1"), None, Grpc), address("http://a:1"));
        for protocol in [Grpc, HttpProtobuf] {
            assert_eq!(to(Some("http://a:1"), Some("http://b:2/x"), protocol), address("http://b:2/x"));
            assert_eq!(to(None, None, protocol), None);
        }
    }

    #[test]
    fn pairs_are_decoded_and_anything_else_is_refused() {
        let read = |text| pairs(text).map(|pairs| pairs.into_iter().map(|(a, b)| a + "|" + &b).collect());
        assert_eq!(read("a=1, b=x%2Cy ,"), Some(vec!["a|1".to_owned(), "b|x,y".to_owned()]));
        for text in ["a", "=1", "a=1,b", "a=%ff"] {
            assert_eq!(pairs(text), None, "{text}");
        }
    }
}
