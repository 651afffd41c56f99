//! Waiting on a condition with a deadline, which is what tests do instead of sleeping; and ports that nobody listens on.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(10);

/// The condition did not come about.
#[derive(Debug, thiserror::Error)]
#[error("{what}: not within {deadline:?}")]
pub struct TimedOut {
    /// What was waited for, in the caller's words.
    pub what: String,
    /// How long.
    pub deadline: Duration,
}

/// Asks `probe` until it answers `Some`, at least once, and for `deadline` at most.
pub async fn until<T, F>(what: &str, deadline: Duration, probe: impl FnMut() -> F) -> Result<T, TimedOut>
where
    F: Future<Output = Option<T>>,
{
    until_every(PAUSE, what, deadline, probe).await
}

/// The same with a `pause` of the caller's between two questions, for probes that cost somebody something.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that asks again, so that no test has to sleep"
)]
pub async fn until_every<T, F>(
    pause: Duration,
    what: &str,
    deadline: Duration,
    mut probe: impl FnMut() -> F,
) -> Result<T, TimedOut>
where
    F: Future<Output = Option<T>>,
{
    let begin = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return Ok(found);
        }
        if begin.elapsed() >= deadline {
            return Err(TimedOut { what: what.to_owned(), deadline });
        }
        tokio::time::sleep(pause).await;
    }
}

/// A port of the loopback address that is free now. Another process may take it before the caller does: try again then.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
