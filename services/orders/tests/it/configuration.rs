//! What the service refuses to be started with, in which words.

use orders::Config;
use service_kit::config::{Sources, load};

use crate::support::sources;

const DATABASE: &str = "postgres://reader@127.0.0.1/atelier";
const CATALOG: &str = "http://127.0.0.1:7000/catalog";

/// What is said of this configuration; empty where it can be used.
fn refusal(keys: &[(&str, &str)]) -> String {
    refusal_of(&sources(DATABASE, CATALOG, keys))
}

fn refusal_of(sources: &Sources) -> String {
    load::<Config>(sources).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_database_a_catalog_and_a_mode_are_enough() {
    assert_eq!(refusal(&[]), "");
}

#[test]
fn a_catalog_address_that_cannot_be_asked_is_refused_with_an_example() {
    for url in [
        "",
        "catalog",
        "/catalog",
        "ftp://catalog/catalog",
        "http://",
        "file:///etc/passwd",
        "127.0.0.1:7000",
    ] {
        let text = refusal(&[("catalog.url", url)]);
        assert!(text.contains("catalog.url (environment variable ATELIER_CATALOG__URL)"), "{url}: {text}");
        assert!(text.contains("must be an http or https address"), "{url}: {text}");
        assert!(text.contains("for example http://catalog/catalog"), "{url}: {text}");
    }
}

#[test]
fn a_catalog_address_with_query_or_fragment_is_refused() {
    // The model's path is appended, so either would swallow it.
    for url in ["http://catalog/catalog?key=1", "http://catalog/catalog#top", "http://catalog/?"] {
        assert!(refusal(&[("catalog.url", url)]).contains("catalog.url"), "{url}");
    }
}

#[test]
fn http_and_https_catalogs_are_taken() {
    for url in ["http://catalog", "https://catalog.example/catalog/", "http://[::1]:7000/catalog"] {
        assert_eq!(refusal(&[("catalog.url", url)]), "", "{url}");
    }
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let text = refusal_of(&Sources::default());
    for key in ["auth.mode", "catalog.url", "database.host"] {
        assert!(text.contains(key), "{key}: {text}");
    }
    for variable in ["ATELIER_AUTH__MODE", "ATELIER_CATALOG__URL", "ATELIER_DATABASE__HOST"] {
        assert!(text.contains(variable), "{variable}: {text}");
    }
}

#[test]
fn limits_have_limits() {
    for (key, value) in [
        ("catalog.page_deadline_ms", "0"),
        ("catalog.page_deadline_ms", "60001"),
        ("catalog.page_requests_max", "0"),
        ("catalog.page_requests_max", "201"),
        ("catalog.requests_max", "0"),
        ("catalog.connect_timeout_ms", "-5"),
        ("catalog.request_timeout_ms", "0"),
        ("catalog.breaker.window_calls", "0"),
        ("database.read_connections", "0"),
    ] {
        let text = refusal(&[(key, value)]);
        assert!(
            text.contains(key) && text.contains("must be a whole number from 1 to"),
            "{key}={value}: {text}"
        );
    }
}

#[test]
fn a_breaker_that_could_never_open_is_refused() {
    let text = refusal(&[("catalog.breaker.failures_max", "21")]);
    assert!(text.contains("catalog.breaker.failures_max") && text.contains("window_calls"), "{text}");
}

#[test]
fn where_spans_go_is_checked_before_the_start() {
    let collector = ("telemetry.otlp.endpoint", "http://127.0.0.1:4318");
    assert_eq!(refusal(&[collector]), "");
    for (key, value) in [
        ("telemetry.otlp.endpoint", "127.0.0.1:4318"),
        ("telemetry.otlp.endpoint", "ftp://collector"),
        ("telemetry.otlp.endpoint", "http://me:s3cret@collector"),
        ("telemetry.otlp.traces_endpoint", "collector"),
        ("telemetry.otlp.headers", "s3cret"),
        ("telemetry.otlp.protocol", "http/json"),
        ("telemetry.otlp.batch_spans_max", "4096"),
        ("telemetry.otlp.cert_file", "cert.pem"),
        ("telemetry.resource_attributes", "no pair"),
        ("telemetry.sampler", "jaeger_remote"),
        ("telemetry.trace_ratio", "1.1"),
    ] {
        let text = refusal(&[(key, value)]);
        assert!(text.contains(key) && !text.contains("s3cret"), "{key}={value}: {text}");
    }
}

#[test]
fn a_token_for_the_catalog_is_given_once_and_goes_protected() {
    let token = ("catalog.token", "s3cret");
    assert_eq!(refusal(&[token]), "", "on this machine it needs no protection");
    let text = refusal(&[token, ("catalog.token_file", "/run/token")]);
    assert!(text.contains("catalog.token_file") && text.contains("use one of them"), "{text}");
    let plain = ("catalog.url", "http://catalog.example.com/catalog");
    let text = refusal(&[token, plain]);
    assert!(text.contains("catalog.url") && text.contains("https") && !text.contains("s3cret"), "{text}");
    assert_eq!(refusal(&[token, plain, ("catalog.allow_plaintext", "true")]), "");
    assert_eq!(refusal(&[plain]), "", "without a token there is nothing to protect");
    assert_eq!(refusal(&[token, ("catalog.url", "https://catalog.example.com/catalog")]), "");
    let login = ("catalog.url", "https://me:hunter2@catalog.example.com/catalog");
    let text = refusal(&[login]);
    assert!(text.contains("catalog.url") && !text.contains("hunter2"), "{text}");
    let text = refusal(&[token, ("catalog.token_header", "X Api Key")]);
    assert!(text.contains("catalog.token_header"), "{text}");
}

#[test]
fn open_mode_is_refused_on_the_network_unless_somebody_decided_so() {
    for listen in ["0.0.0.0:5019", "[::]:5019", "10.0.0.7:5019", "orders:5019"] {
        let text = refusal(&[("listen", listen)]);
        assert!(
            text.contains("auth.mode") && text.contains("auth.allow_open_on_network=true"),
            "{listen}: {text}"
        );
        assert_eq!(refusal(&[("listen", listen), ("auth.allow_open_on_network", "true")]), "", "{listen}");
    }
    for listen in ["127.0.0.1:5019", "[::1]:5019", "localhost:5019"] {
        assert_eq!(refusal(&[("listen", listen)]), "", "{listen}");
    }
}

#[test]
fn variables_of_the_replaced_service_fill_the_keys_of_this_one() {
    for database in ["DB_URL", "POSTGRES_URI", "DATABASE_URL"] {
        let environment = [
            (database, DATABASE),
            ("CATALOG_URL", CATALOG),
            ("PORT", "8080"),
            ("ATELIER_AUTH__MODE", "open"),
        ];
        let environment =
            environment.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let loaded = load::<Config>(&Sources { file: None, environment }).expect("it can be used");
        assert_eq!(loaded.settings.base.listen.to_string(), "127.0.0.1:8080");
        let catalog = loaded.values.iter().find(|value| value.key == "catalog.url").expect("a value");
        assert_eq!(
            (catalog.value.as_str(), catalog.origin.as_str()),
            (&*format!("\"{CATALOG}\""), "alias CATALOG_URL")
        );
        let notices = loaded.notices.join("\n");
        for (variable, key) in
            [(database, "database.url"), ("CATALOG_URL", "catalog.url"), ("PORT", "listen")]
        {
            assert!(notices.contains(&format!("{variable} is read as {key}")), "{notices}");
        }
    }
}
