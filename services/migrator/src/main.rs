//! The migrator's process: arguments, signals, exit code. Everything else is in the library.

use std::io::{self, Write};
use std::process::ExitCode;

use migrator::cli::run;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    answer().await.unwrap_or_else(|error| {
        // Standard error may be as full as standard output is.
        let _ = writeln!(io::stderr(), "error: the answer could not be written\n  because: {error}");
        ExitCode::FAILURE
    })
}

async fn answer() -> io::Result<ExitCode> {
    let cli = match service_kit::cli::parse_from(migrator::cli::words(std::env::args_os())) {
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
    let exit = run(cli, &mut out, &mut io::stderr(), stop).await?;
    match out.flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
        _ => {}
    }
    Ok(exit.into())
}
