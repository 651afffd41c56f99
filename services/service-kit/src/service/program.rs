//! A service as a program: what its `main` does once the command line is parsed, from the first signal handler to the exit code.

use std::io::Write;
use std::process::ExitCode;

use super::{Running, Service, ServiceError};
use crate::ask::{AskArgs, ask};
use crate::chain::chain;
use crate::cli::{self, CommonArgs, Output, ServiceArgs, ServiceCommand};
use crate::doctor;
use crate::exit::Exit;
use crate::http::RequestIds;
use crate::identity;
use crate::lifecycle::Signals;

/// What the `main` of a service does once its command line is parsed.
pub fn main<S: Service>(args: &ServiceArgs) -> ExitCode {
    let exit = match &args.command {
        None => serve::<S>(&args.common),
        Some(ServiceCommand::Config { command }) => {
            cli::config_command::<S::Config>(*command, &args.common, &mut std::io::stdout().lock())
                .unwrap_or(Exit::Failure)
        }
        Some(ServiceCommand::Doctor { output }) => examine::<S>(&args.common, *output),
        Some(ServiceCommand::Ask(args)) => question(args),
    };
    exit.into()
}

#[tokio::main]
async fn examine<S: Service>(args: &CommonArgs, output: Output) -> Exit {
    let config = match cli::load::<S::Config>(args) {
        Ok(loaded) => loaded.settings,
        Err(error) => return cli::refuse(&error, Exit::Configuration),
    };
    crate::tls::install_provider();
    let base = S::base(&config);
    let mut findings = doctor::database(S::BUILD, S::RIGHTS, &base.database).await;
    findings.push(identity::doctor(&base.auth).await);
    if let Some(auth) = base.auth.of_verify_listener() {
        findings.push(identity::doctor(&auth).await);
    }
    findings.extend(doctor::listen(&base.listen));
    findings.extend(S::examine(&config).await);
    doctor::say(&findings, output, &mut std::io::stdout().lock()).unwrap_or(Exit::Failure)
}

#[tokio::main]
async fn question(args: &AskArgs) -> Exit {
    crate::tls::install_provider();
    match ask(args).await {
        Ok(()) => writeln!(std::io::stdout(), "{args} was answered as expected")
            .map_or(Exit::Failure, |()| Exit::Success),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{args}");
            cli::refuse(&error, Exit::Failure)
        }
    }
}

#[tokio::main]
async fn serve<S: Service>(args: &CommonArgs) -> Exit {
    let signals = match Signals::install() {
        Ok(signals) => signals,
        Err(error) => return cli::refuse(&error, Exit::Failure),
    };
    let loaded = match cli::load::<S::Config>(args) {
        Ok(loaded) => loaded,
        Err(error) => return cli::refuse(&error, Exit::Configuration),
    };
    let _log = match crate::telemetry::start(&S::base(&loaded.settings).log) {
        Ok(guard) => guard,
        Err(error) => return cli::refuse(&error, Exit::Configuration),
    };
    for notice in &loaded.notices {
        tracing::warn!(notice, "a variable that is not of our own is set");
    }
    match live::<S>(&loaded.settings, args.clone(), signals).await {
        Ok(()) => Exit::Success,
        Err(error) => {
            tracing::error!(error = chain(&error), "the service ends");
            Exit::Failure
        }
    }
}

async fn live<S: Service>(
    config: &S::Config,
    args: CommonArgs,
    mut signals: Signals,
) -> Result<(), ServiceError> {
    let mut running = Running::start::<S>(config, RequestIds::random()).await?;
    running.reload_on_hangup(move || match cli::load::<S::Config>(&args) {
        Ok(loaded) => Some(S::base(&loaded.settings).database.read_only),
        Err(error) => {
            tracing::error!(
                error = chain(&error),
                "the configuration cannot be read again; nothing is changed"
            );
            None
        }
    });
    Ok(running.run(async || signals.received().await).await?)
}
