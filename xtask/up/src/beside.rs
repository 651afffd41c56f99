//! A command beside what lives as long as it: a temporary server, or the whole system. Its exit code is passed on.

use std::ffi::OsString;
use std::process::{Child, Command, ExitCode};

use crate::database;
use crate::error::UpError;
use crate::guard;
use crate::server::Server;
use crate::signals::{Signals, Stopped};

/// An empty server, for tests: each makes databases of its own.
pub(crate) async fn postgres(command: Vec<OsString>) -> Result<ExitCode, UpError> {
    let mut signals = Signals::listen()?;
    let server = tokio::select! {
        server = Server::start_temporary() => server?,
        stopped = signals.next() => return Err(UpError::Stopped(stopped)),
    };
    let variables = [("ATELIER_TEST_POSTGRES_URL", server.admin_url())];
    let ended = run(&command, &variables, &mut signals).await;
    server.stop().await;
    ended
}

/// One migrated database, for whoever compiles statements against it.
pub(crate) async fn database(command: Vec<OsString>) -> Result<ExitCode, UpError> {
    let mut signals = Signals::listen()?;
    let server = tokio::select! {
        server = Server::start_temporary() => server?,
        stopped = signals.next() => return Err(UpError::Stopped(stopped)),
    };
    let variables = [("DATABASE_URL", database::prepare_scratch(&server).await?)];
    let ended = run(&command, &variables, &mut signals).await;
    server.stop().await;
    ended
}

/// Runs `command` to its end, with `variables` on top of our environment.
pub(crate) async fn run(
    command: &[OsString],
    variables: &[(&str, String)],
    signals: &mut Signals,
) -> Result<ExitCode, UpError> {
    let mut words = command.iter();
    let program = words.next().cloned().unwrap_or_default();
    let mut child = Command::new(&program)
        .args(words)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .spawn()
        .map_err(|source| UpError::Command { program, source })?;
    let ended = loop {
        tokio::select! {
            ended = guard::ended(&mut child) => break ended,
            stopped = signals.next() => forward(&child, stopped),
        }
    };
    let status = ended.map_err(|source| UpError::Start { name: "the command", source })?;
    // A command that a signal ended has no code; 1 is as good as any.
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

/// Ctrl-C reaches the command by itself, through the terminal; what only we were sent is passed on.
fn forward(child: &Child, stopped: Stopped) {
    if stopped == Stopped(15) {
        // If it cannot be told it has ended, which the caller sees next.
        drop(Command::new("kill").arg("-TERM").arg(child.id().to_string()).status());
    }
}
