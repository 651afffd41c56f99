//! The migrator's process: arguments, signals, exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use super::{run, words};
use crate::migrate::{FilesError, MigrationSet};

#[tokio::main(flavor = "current_thread")]
async fn process(files: Result<MigrationSet, FilesError>) -> ExitCode {
    answer(files).await.unwrap_or_else(|error| {
        // Standard error may be as full as standard output is.
        let _ = writeln!(io::stderr(), "error: the answer could not be written\n  because: {error}");
        ExitCode::FAILURE
    })
}

/// What the migrator's `main` does, with the files that it brings.
pub fn main(files: Result<MigrationSet, FilesError>) -> ExitCode {
    process(files)
}

async fn answer(files: Result<MigrationSet, FilesError>) -> io::Result<ExitCode> {
    let cli = match service_kit::cli::parse_from(words(std::env::args_os())) {
        Ok(cli) => cli,
        Err(exit) => return Ok(exit.into()),
    };
    service_kit::tls::install_provider();
    let mut terminated = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    let mut out = io::stdout().lock();
    let exit = run(cli, files, &mut out, &mut io::stderr(), stop).await?;
    match out.flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
        _ => {}
    }
    Ok(exit.into())
}
