//! Who is asking: tokens, key sets and the gateway's headers, asked through `/auth/verify` on a real socket.
//! The time is the tests' own. Nothing here may trust the library that the service verifies with: it only signs.

mod claims;
mod configuration;
mod gateway;
mod header;
mod issuer;
mod jwks;
mod keys;
mod outage;
mod roles;
mod rotation;
mod signatures;
mod times;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use service_kit::clock::Clock;
use service_kit::config::{ConfigError, Listen, Mistakes, Settings, Sources, load};
use service_kit::http::{Edge, RequestIds, Server, wrap};
use service_kit::identity::{AuthConfig, Authenticator, IdentityError, LimitsConfig, verify_routes};
use service_kit::lifecycle::Leaving;
use service_kit::metrics::{HttpMetrics, Metrics};
use service_kit::telemetry::{LogConfig, LogFormat, RequestLog, RequestLogMode, Tracer};
use testkit::file::TestFile;
use time::OffsetDateTime;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::http::ROOMY;
use crate::log::unkeyed_audit;
use crate::wire::{PATIENCE, Reply, Wire};

/// What it is o'clock when a door opens. Not the machine's time, so that a look at that one would show.
const NOW: i64 = 2_000_000_000;

/// A shared secret, long enough.
const SECRET: &str = "test-secret-one-0123456789abcdefghij";
/// Another one.
const NEXT_SECRET: &str = "test-secret-two-0123456789abcdefghij";

/// The section, with the services' own defaults.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    listen: Listen,
    auth: AuthConfig,
}

impl Settings for Config {
    const DEFAULTS: &'static str = r#"
        listen = "127.0.0.1:0"
        [auth]
        allow_open_on_network = false
        [auth.token]
        user_id_claim = "sub"
        username_claim = "username"
        roles_claim = "roles"
        operator_role = "operator"
        leeway_seconds = 30
        [auth.jwks]
        refresh_seconds = 300
        refresh_min_seconds = 10
        timeout_ms = 2000
    "#;

    fn check(&self, mistakes: &mut Mistakes<'_>) {
        self.auth.check(&self.listen, mistakes);
    }
}

/// The section with these keys, spelt as in a file below `[auth]`; `listen` stands beside it.
fn configured(keys: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variable = |key: &str| match key {
        "listen" => "ATELIER_LISTEN".to_owned(),
        key => format!("ATELIER_AUTH__{}", key.to_uppercase().replace('.', "__")),
    };
    let environment = keys.iter().map(|(key, value)| (variable(key), (*value).to_owned())).collect();
    load::<Config>(&Sources { file: None, environment }).map(|loaded| loaded.settings)
}

/// What stands between callers and a service, alone. It ends with this value.
struct Door {
    address: SocketAddr,
    clock: Arc<AtomicI64>,
    _stop: DropGuard,
}

impl Door {
    /// Opens one, with these keys.
    async fn open(keys: &[(&str, &str)]) -> Self {
        Self::try_open(keys).await.expect("callers can be told apart")
    }

    async fn try_open(keys: &[(&str, &str)]) -> Result<Self, IdentityError> {
        service_kit::tls::install_provider();
        let config = configured(keys).expect("a configuration that can be used");
        let clock = Arc::new(AtomicI64::new(NOW));
        let told = Arc::clone(&clock);
        let now = move || OffsetDateTime::from_unix_timestamp(told.load(Ordering::SeqCst)).expect("a time");
        let limits = LimitsConfig { caller_requests_per_second: None, caller_burst_requests: 1 };
        let authenticator = Authenticator::new(&config.auth, &limits, Clock::of(now))?;
        let stop = CancellationToken::new();
        tokio::spawn(authenticator.clone().run(stop.clone()));
        let routes = verify_routes(authenticator, config.auth.token.operator_role);
        let address = serve(routes, stop.clone()).await;
        Ok(Self { address, clock, _stop: stop.drop_guard() })
    }

    /// One that takes tokens that are signed with [`SECRET`].
    async fn shared(more: &[(&str, &str)]) -> Self {
        Self::open(&[&[("mode", "token"), ("hs256.secrets", SECRET)], more].concat()).await
    }

    fn set_clock(&self, seconds: i64) {
        self.clock.store(seconds, Ordering::SeqCst);
    }

    /// Asks with these header lines.
    async fn ask(&self, headers: impl AsRef<[u8]>) -> Reply {
        let mut wire = Wire::connect(self.address).await;
        wire.send([b"GET /auth/verify HTTP/1.1\r\nhost: test\r\n", headers.as_ref(), b"\r\n"].concat()).await;
        wire.answer().await
    }

    /// Asks with a token.
    async fn bearer(&self, token: &str) -> Reply {
        self.ask(format!("authorization: Bearer {token}\r\n")).await
    }

    /// Asserts that a token is refused, for this reason, and that the answer does not repeat it.
    async fn refuses(&self, token: &str, why: &str) {
        let reply = self.bearer(token).await;
        reply.assert_unauthenticated(why);
        let signature = token.rsplit('.').next().filter(|part| part.len() > 8);
        assert!(signature.is_none_or(|part| !reply.body.contains(part)), "{}", reply.body);
    }

    /// Asserts that a token is accepted; gives user id, username and roles, empty where they are not said.
    async fn accepts(&self, token: &str) -> (String, String, String) {
        self.bearer(token).await.identity()
    }
}

impl Reply {
    /// The identity in a 200.
    #[track_caller]
    fn identity(&self) -> (String, String, String) {
        assert_eq!(self.status, 200, "{}", self.body);
        let text = |name| self.header(name).to_owned();
        (text("x-user-id"), text("x-username"), text("x-roles"))
    }

    /// Asserts a 401 as all of them are, with this in its sentence.
    #[track_caller]
    fn assert_unauthenticated(&self, why: &str) {
        self.assert_problem(401, "unauthenticated");
        assert_eq!(self.header("www-authenticate"), r#"Bearer error="invalid_token""#);
        let detail = self.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains(why), "{why} is not in: {detail}");
        for name in ["x-user-id", "x-username", "x-roles"] {
            assert_eq!(self.header(name), "", "{name} in a refusal");
        }
    }
}

/// Serves routes on a port of their own until `stop`.
async fn serve(routes: axum::Router, stop: CancellationToken) -> SocketAddr {
    let listen = Listen::try_from("127.0.0.1:0".to_owned()).expect("an address");
    let server = Server::bind(&listen, &ROOMY).await.expect("a port");
    let address = server.address();
    let log = RequestLog::new(&LogConfig {
        level: "info".to_owned(),
        format: LogFormat::Json,
        requests: RequestLogMode::None,
        slow_request_ms: 0,
    });
    let metrics = HttpMetrics::new(&Metrics::new("test"));
    let edge = Edge {
        request_ids: RequestIds::counting(),
        metrics,
        log,
        audit: unkeyed_audit(),
        tracer: Tracer::off(),
        leaving: Leaving::default(),
    };
    tokio::spawn(server.serve(wrap(routes, edge), stop, Duration::ZERO));
    address
}

/// Asks until the answer is yes.
async fn until<F: Future<Output = bool>>(what: &str, mut probe: impl FnMut() -> F) {
    let probe = || {
        let yes = probe();
        async { yes.await.then_some(()) }
    };
    testkit::wait::until(what, PATIENCE, probe).await.expect("in time");
}

/// A file that a service reads.
fn file(text: &str) -> TestFile {
    TestFile::new(text).expect("a file")
}
