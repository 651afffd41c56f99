//! Logs: one line an event, JSON or for people, on standard output. What must never be in one: bodies, tokens, names, raw paths, headers. docs/logging.md is the contract.

use std::io::{self, IsTerminal};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use super::escape::Escaped;
use super::sink::{LogGuard, Sink};
use crate::config::Mistakes;

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

impl LogConfig {
    /// Adds what is wrong with the keys.
    pub fn check(&self, mistakes: &mut Mistakes<'_>) {
        check_level(&self.level, mistakes);
    }
}

/// Adds what is wrong with `log.level`.
pub fn check_level(level: &str, mistakes: &mut Mistakes<'_>) {
    if let Err(error) = log_filter(level) {
        mistakes.add("log.level", format!("must be {LEVEL_FORM}: {error}"));
    }
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
pub enum LogError {
    /// `log.level` is no level and no list of directives.
    #[error("log.level must be {LEVEL_FORM}")]
    Level(#[source] NoLevel),
    /// The thread that writes it cannot be started.
    #[error("the log's thread cannot be started")]
    Thread(#[source] io::Error),
    /// Logging was started before in this process.
    #[error("logging was started before")]
    Started(#[source] TryInitError),
}

/// Why the level cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum LevelError {
    /// It is no level and no list of directives.
    #[error("it must be {LEVEL_FORM}")]
    Level(#[source] NoLevel),
    /// This process logs otherwise, or not at all.
    #[error("logging was not started here")]
    NotStarted,
}

/// What is wrong with a level or a list of directives.
#[derive(Debug, thiserror::Error)]
pub enum NoLevel {
    /// Nothing. It could mean everything or nothing at all.
    #[error("it is empty")]
    Empty,
    /// A word alone. The library would take it for a target, and a misspelt level would end all lines but that target's.
    #[error("{word:?} is no level; a target stands with one, as in sqlx=warn")]
    Word {
        /// The word.
        word: String,
    },
    /// Something else.
    #[error(transparent)]
    Directive(#[from] ParseError),
}

const LEVEL_FORM: &str =
    "a level (off, error, warn, info, debug, trace) or a list of directives, as info,sqlx=warn";

/// The process's one log.
static LOG: OnceLock<Log> = OnceLock::new();

struct Log {
    /// Its filter, which can be exchanged.
    filter: reload::Handle<EnvFilter, Registry>,
    sink: Arc<Sink>,
}

/// Starts logging for the whole process.
pub fn start(config: &LogConfig) -> Result<LogGuard, LogError> {
    let (filter, handle) = reload::Layer::new(log_filter(&config.level).map_err(LogError::Level)?);
    let (sink, guard) = Sink::start(io::stdout()).map_err(LogError::Thread)?;
    let lines = lines(config.format, io::stdout().is_terminal(), Arc::clone(&sink));
    tracing_subscriber::registry().with(filter).with(lines).try_init().map_err(LogError::Started)?;
    // Whoever was first has started the log, which cannot be done twice.
    let _ = LOG.set(Log { filter: handle, sink });
    Ok(guard)
}

/// How many lines were dropped because too many waited.
pub(crate) fn lines_dropped() -> u64 {
    LOG.get().map_or(0, |log| log.sink.dropped())
}

/// Logs from this level on, until the process ends or is told otherwise. The change is told while warnings still are, or when they are again.
pub fn set_level(level: &str) -> Result<(), LevelError> {
    let filter = log_filter(level).map_err(LevelError::Level)?;
    let log = LOG.get().ok_or(LevelError::NotStarted)?;
    let tell = || tracing::warn!(level, "the log's level is changed");
    let is_told = tracing::enabled!(tracing::Level::WARN);
    if is_told {
        tell();
    }
    log.filter.reload(filter).map_err(|_| LevelError::NotStarted)?;
    if !is_told {
        tell();
    }
    Ok(())
}

/// What `level` lets through.
pub fn log_filter(level: &str) -> Result<EnvFilter, NoLevel> {
    if level.trim().is_empty() {
        return Err(NoLevel::Empty);
    }
    let directives = || level.split(',').map(str::trim);
    let mut words = directives().filter(|item| !item.is_empty() && !item.contains(['=', '[']));
    if let Some(word) = words.find(|word| word.parse::<LevelFilter>().is_err()) {
        return Err(NoLevel::Word { word: word.to_owned() });
    }
    let filter = EnvFilter::builder().parse(directives().collect::<Vec<_>>().join(","))?;
    // Audit lines are no chatter: a quieter level does not end them, only a directive that names them does.
    let names_audit = directives().any(|item| item.split(['=', '[']).next() == Some("audit"));
    if names_audit { Ok(filter) } else { Ok(filter.add_directive("audit=info".parse()?)) }
}

/// Writes each event as a line.
fn lines<S, W>(format: LogFormat, on_terminal: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(Escaped(writer));
    let pretty = match format {
        LogFormat::Auto => on_terminal,
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    if pretty {
        layer.with_ansi(false).boxed()
    } else {
        layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Mutex;

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, event: impl FnOnce()) -> String {
        let memory = Memory::default();
        let writer = memory.clone();
        let subscriber = tracing_subscriber::registry().with(lines(format, false, move || writer.clone()));
        tracing::subscriber::with_default(subscriber, event);
        String::from_utf8(memory.0.lock().unwrap().clone()).expect("text")
    }

    /// Every control character there is, and the two that only look like none.
    fn hostile() -> String {
        let controls = (0..=0x9f_u8).map(char::from).filter(|character| character.is_control());
        "before".chars().chain(controls).chain(['\u{2028}', '\u{2029}']).chain("after".chars()).collect()
    }

    #[test]
    fn no_value_leaves_its_line_or_reaches_a_terminal_in_either_format() {
        let hostile = hostile();
        for format in [LogFormat::Json, LogFormat::Pretty] {
            let text = logged(format, || {
                let error = io::Error::other(hostile.clone());
                tracing::info!(text = hostile, shown = %hostile, debugged = ?hostile, error = %error, "{hostile}");
                tracing::info!(error = &error as &(dyn std::error::Error + 'static), "second");
            });
            assert_eq!(text.matches("before").count(), 6, "{format:?}: {text}");
            assert_eq!(text.lines().count(), 2, "{format:?}: {text}");
            let others = text.chars().filter(|character| *character != '\n');
            let controls = others.filter(|it| it.is_control() || matches!(it, '\u{2028}' | '\u{2029}'));
            assert_eq!(controls.count(), 0, "{format:?}: {text:?}");
        }
    }

    #[test]
    fn a_misspelt_level_is_none_and_no_target() {
        for level in ["info", "OFF", "3", "info,sqlx=warn", "[span{field=1}]=debug", "audit=off, error"] {
            assert!(log_filter(level).is_ok(), "{level}");
        }
        for level in ["", " ", "inof", "info,sqlx", "sqlx=loud", "a=b=c"] {
            assert!(log_filter(level).is_err(), "{level}");
        }
    }

    #[test]
    fn audit_lines_end_by_a_directive_of_their_name_alone() {
        for (level, is_kept) in [
            ("off", true),
            ("error,orders::auditor=debug", true),
            ("off,xaudit=info", true),
            ("audit=off", false),
            ("info, audit=off", false),
        ] {
            let memory = Memory::default();
            let writer = memory.clone();
            let subscriber = tracing_subscriber::registry().with(log_filter(level).unwrap()).with(lines(
                LogFormat::Json,
                false,
                move || writer.clone(),
            ));
            tracing::subscriber::with_default(subscriber, || tracing::info!(target: "audit", "refused"));
            assert_eq!(!memory.0.lock().unwrap().is_empty(), is_kept, "{level}");
        }
    }

    #[test]
    fn a_json_line_gives_back_what_was_logged() {
        let hostile = hostile();
        let text = logged(LogFormat::Json, || tracing::info!(target: "request", text = hostile, "grüße"));
        let line: Value = serde_json::from_str(&text).expect("a line is JSON");
        assert_eq!((&line["text"], &line["message"]), (&hostile.into(), &"grüße".into()));
    }
}
