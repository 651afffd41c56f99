//! `load`: what `cargo xtask load` becomes. It parses, asks, tells each second how it goes, and at the end what came of it.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to the person who typed it"
)]

mod cli;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Parser;
use load_generator::audit::audit;
use load_generator::people::{People, PeopleError};
use load_generator::work::Work;
use load_generator::{Plan, Report, Running, Target, TargetError, Until, start};
use serde_json::json;
use service_kit::chain;

use cli::Cli;

/// Why there was no load, or nobody could be told of it.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error("{} cannot be used", .0.display())]
    File(PathBuf, #[source] io::Error),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error(
        "{0} is another machine. A load is an attack on whoever does not expect it: say --i-own-this {0} if you may"
    )]
    Foreign(url::Url),
}

#[tokio::main]
async fn main() -> ExitCode {
    // The first TLS client needs it; that somebody was faster is no error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(Cli::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Whether everything was as it must be.
async fn run(cli: Cli) -> Result<bool, LoadError> {
    let status = allowed(&cli, &cli.url).await?;
    let orders = allowed(&cli, cli.orders_url.as_ref().unwrap_or(&cli.url)).await?;
    let seed = rand::random();
    let run = format!("{seed:x}");
    let work = Work::new(&run, people(&cli, &run)?, cli.model_id.clone(), seed);
    let plan = Plan {
        status,
        orders,
        clients: cli.clients.into(),
        rate: Some(cli.rate.into()),
        until: Until::Seconds(cli.lasts.as_secs_f64()),
        is_list: false,
    };
    println!("{} requests a second to {} for {:?}; this run is {run}", cli.rate, cli.url, cli.lasts);
    let running = start(plan.clone(), work).await;
    tell(&running, cli.lasts).await;
    let (report, work) = running.end().await;
    let audited = match work {
        Some(work) => {
            println!("asking once more about {} orders", work.orders());
            audit(plan, work).await
        }
        None => Report::default(),
    };
    summary(&cli, &report, &audited)?;
    Ok(report.wrong() + report.unsent + audited.wrong() == 0 && report.good > 0)
}

/// A line a second, until it is over or interrupted.
async fn tell(running: &Running<Work>, lasts: Duration) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    let mut before = 0;
    seconds.tick().await;
    for second in 1..=lasts.as_secs() {
        tokio::select! {
            _ = seconds.tick() => {}
            _ = tokio::signal::ctrl_c() => {
                running.stop();
                return;
            }
        }
        let report = running.look();
        println!(
            "{second:>6} s  {:>6}/s  p50 {:>7.1} ms  p99 {:>7.1} ms  {} failed",
            report.good - before,
            f64::from(report.p50_us) / 1000.0,
            f64::from(report.p99_us) / 1000.0,
            report.wrong(),
        );
        before = report.good;
    }
}

fn summary(cli: &Cli, report: &Report, audited: &Report) -> Result<(), LoadError> {
    println!("\n{report}");
    println!("asked once more: {} as acknowledged, {} not", audited.good, audited.wrong());
    for example in report.examples.iter().chain(&audited.examples) {
        println!("  {example}");
    }
    if let Some(path) = &cli.json {
        let text = json!({ "load": report, "audit": audited }).to_string();
        std::fs::write(path, text).map_err(|source| LoadError::File(path.clone(), source))?;
    }
    Ok(())
}

/// This machine, or one that its owner named.
async fn allowed(cli: &Cli, url: &url::Url) -> Result<Target, LoadError> {
    let target = Target::of(url, cli.connect).await?;
    if target.is_local() || cli.i_own_this.as_ref() == Some(&cli.url) {
        Ok(target)
    } else {
        Err(LoadError::Foreign(cli.url.clone()))
    }
}

fn people(cli: &Cli, run: &str) -> Result<People, LoadError> {
    if let Some(path) = &cli.hs256_key_file {
        let end = now() + cli.lasts + Duration::from_hours(1);
        return Ok(People::of_key(run, text(path)?.trim().as_bytes(), end.as_secs())?);
    }
    if let Some(path) = &cli.token_file {
        return Ok(People::of_token(run, text(path)?.trim())?);
    }
    if cli.headers.is_empty() { Ok(People::open(run)) } else { Ok(People::of_headers(run, &cli.headers)?) }
}

fn text(path: &Path) -> Result<String, LoadError> {
    std::fs::read_to_string(path).map_err(|source| LoadError::File(path.to_owned(), source))
}

#[expect(
    clippy::disallowed_methods,
    reason = "tokens end some time after now, which nothing here is tested by"
)]
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
