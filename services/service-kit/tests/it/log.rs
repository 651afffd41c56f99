//! The log of one test, kept in memory.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use service_kit::audit::{Audit, AuditConfig};
use tracing::subscriber::DefaultGuard;

/// What was logged on this test's thread since it was made.
pub(crate) struct Log {
    written: Arc<Mutex<Vec<u8>>>,
    _guard: DefaultGuard,
}

struct Writer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Begins to keep it.
    pub(crate) fn start() -> Self {
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&written);
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || Writer(Arc::clone(&writer)))
            .finish();
        Self { written, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// The request log's lines.
    pub(crate) fn requests(&self) -> Vec<Value> {
        let text = self.text();
        let events = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
        events.filter(|event| event["target"] == "request").collect()
    }
}

/// Audit lines as they are without configuration.
pub(crate) fn unkeyed_audit() -> Audit {
    Audit::new(&AuditConfig { key: None, key_file: None }).expect("a key of its own")
}
