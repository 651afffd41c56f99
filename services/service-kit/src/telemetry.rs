//! What a process tells of itself while it runs: lines of the log, and spans for a collector.
//!
//! Neither may ever slow a request, and neither may say of a caller more than the route that was asked for.

mod config;
mod context;
mod escape;
mod log;
mod otlp;
mod queue;
mod sampling;
mod sink;
mod span;
mod tracer;

pub use config::{OTEL_ALIASES, OTEL_PREFIX, OtlpConfig, OtlpProtocol, Sampler, TelemetryConfig};
pub use context::TraceContext;
pub use escape::Escaped;
pub(crate) use log::lines_dropped;
pub use log::{
    LevelError, LogConfig, LogError, LogFormat, NoLevel, RequestLog, RequestLogMode, check_level, log_filter,
    set_level, start,
};
pub use otlp::OtlpError;
pub use sink::LogGuard;
pub use span::{Outgoing, OutgoingCall, RequestSpan, ServerSpan, StatementSpan, statement_span};
pub use tracer::Tracer;
