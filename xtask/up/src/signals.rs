//! Ctrl-C, and its siblings from a supervisor and a closed terminal.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::UpError;

/// The signals that end this program; while this lives, none of them kills it on the spot.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

/// One of them came; its number makes the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped(pub(crate) u8);

impl Signals {
    /// From now on signals are received instead of killing.
    pub(crate) fn listen() -> Result<Self, UpError> {
        let listen = |kind| signal(kind).map_err(UpError::Signals);
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Stopped {
        tokio::select! {
            _ = self.interrupt.recv() => Stopped(2),
            _ = self.terminate.recv() => Stopped(15),
            _ = self.hangup.recv() => Stopped(1),
        }
    }
}
