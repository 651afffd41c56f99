//! What a process tells of itself while it runs: lines of the log.

mod escape;
mod log;

pub use escape::Escaped;
pub use log::{LevelError, LogConfig, LogError, LogFormat, RequestLog, RequestLogMode, set_level, start};
