//! Logs: one line an event, JSON or for people, on standard output. What must never be in one: bodies, tokens, names, raw paths, headers.

use std::io::IsTerminal;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged and how.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// The least level that is logged; directives such as `info,sqlx=warn` work too.
    pub level: String,
    /// The form of a line.
    pub format: LogFormat,
    /// Which requests get a line.
    pub requests: RequestLogMode,
    /// From when on a request is slow, for `errors_and_slow`. Milliseconds.
    #[schemars(range(min = 0, max = 60_000))]
    pub slow_request_ms: u64,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// `pretty` on a terminal, else `json`.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// Which requests are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestLogMode {
    /// Every request.
    All,
    /// Answers of 500 and above, and slow ones.
    ErrorsAndSlow,
    /// None.
    None,
}

/// Decides which requests get a line.
#[derive(Debug, Clone, Copy)]
pub struct RequestLog {
    mode: RequestLogMode,
    slow: Duration,
}

impl RequestLog {
    /// As configured.
    pub fn new(config: &LogConfig) -> Self {
        Self { mode: config.requests, slow: Duration::from_millis(config.slow_request_ms) }
    }

    pub(crate) fn wants(&self, status: u16, duration: Duration) -> bool {
        match self.mode {
            RequestLogMode::All => true,
            RequestLogMode::ErrorsAndSlow => status >= 500 || duration >= self.slow,
            RequestLogMode::None => false,
        }
    }
}

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log.level` is no level and no list of directives.
    #[error("log.level is neither a level (error, warn, info, debug, trace) nor a list of directives")]
    Level(#[source] tracing_subscriber::filter::ParseError),
    /// Logging was started before in this process.
    #[error("logging was started before")]
    Started(#[source] tracing_subscriber::util::TryInitError),
}

/// Starts logging for the whole process.
pub fn start(config: &LogConfig) -> Result<(), TelemetryError> {
    let mut filter = EnvFilter::builder().parse(&config.level).map_err(TelemetryError::Level)?;
    // Audit lines are no chatter: a quieter level does not end them, only a directive that names them does.
    if !config.level.contains("audit") {
        filter = filter.add_directive("audit=info".parse().map_err(TelemetryError::Level)?);
    }
    let pretty = match config.format {
        LogFormat::Auto => std::io::stdout().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    let registry = tracing_subscriber::registry().with(filter);
    let started = if pretty {
        registry.with(tracing_subscriber::fmt::layer().with_target(true)).try_init()
    } else {
        let json = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false);
        registry.with(json).try_init()
    };
    started.map_err(TelemetryError::Started)
}
