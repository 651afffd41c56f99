//! What the migrator tells while it works: on standard error, so that standard output stays the answer.

use std::io::{self, IsTerminal};

use service_kit::telemetry::{Escaped, LogFormat, NoLevel, log_filter};
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogSection;

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is none.
    #[error("log.level is none")]
    Level(#[source] NoLevel),
}

/// Starts logging for the whole process. Where somebody has done so before, that stays.
pub fn start(config: &LogSection) -> Result<(), LogError> {
    let filter = log_filter(&config.level).map_err(LogError::Level)?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Escaped(io::stderr));
    let pretty = match config.format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    let started = if pretty {
        builder.finish().try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).finish().try_init()
    };
    drop(started);
    Ok(())
}
