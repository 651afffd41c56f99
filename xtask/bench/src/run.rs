//! One run of the bench: everything is started, each group adds its rows, and what came out is shown and kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use catalog_stub::Catalog;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Options;
use crate::error::BenchError;
use crate::measure::Bench;
use crate::population::Population;
use crate::report::{Findings, chart, table};
use crate::rows;
use crate::store::Store;
use rig::machine::Machine;

const ORDERS: i64 = 100_000;
const ORDERS_QUICK: i64 = 10_000;
/// So many rounds make an interval evidence.
const ROUNDS_MIN: u64 = 7;

/// Measures, prints, writes. Not a success if something that time cannot change misses its goal.
pub(crate) async fn run(options: Options) -> Result<ExitCode, BenchError> {
    if let Some(mut earlier) = Findings::of_reports(&options.from)? {
        let is_wanted = |group: &str| options.only.iter().any(|wanted| wanted.name() == group);
        earlier.rows.retain(|row| options.only.is_empty() || is_wanted(&row.group));
        return conclude(&options, &earlier);
    }
    let programs = match &options.programs {
        Some(folder) => folder.canonicalize().map_err(BenchError::file(folder))?,
        None => beside_us()?,
    };
    let orders = if options.quick { ORDERS_QUICK } else { ORDERS };
    let population = Population::of(orders).ok_or(BenchError::Population(orders))?;
    let store = Store::start().await?;
    let catalog = Catalog::start().await.map_err(BenchError::Catalog)?;
    let mut findings = Findings {
        machine: Machine::here(&store.version),
        options: std::env::args().skip(1).collect(),
        rows: Vec::new(),
        notes: Vec::new(),
        raw: BTreeMap::new(),
    };
    let log = std::env::temp_dir().join(format!("atelier-bench-{}.log", std::process::id()));
    let bench = Bench::new(options, store, catalog, population, programs, log);
    let measured = tokio::select! {
        measured = groups(&bench, &mut findings) => measured,
        () = stopped() => Err(BenchError::Stopped),
    };
    let code = conclude(&bench.options, &findings)?;
    measured?;
    // A service that failed is explained by its log; otherwise nobody reads it.
    drop(fs::remove_file(&bench.log));
    Ok(code)
}

async fn groups(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    if bench.options.rounds < ROUNDS_MIN && !bench.options.quick {
        let note = format!("{} rounds of the {ROUNDS_MIN} that evidence needs.", bench.options.rounds);
        findings.notes.push(note);
    }
    for group in bench.options.groups() {
        eprintln!("{} …", group.name());
        rows::measure(group, bench, findings).await?;
    }
    Ok(())
}

/// Ctrl-C, or a supervisor's wish: everything that was started ends with us.
async fn stopped() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

fn conclude(options: &Options, findings: &Findings) -> Result<ExitCode, BenchError> {
    let Machine { processor, cores, memory_gib, kernel, postgresql, rustc, commit } = &findings.machine;
    let machine = format!(
        "{processor}, {cores} cores, {memory_gib} GiB, Linux {kernel}, PostgreSQL {postgresql}, {rustc}, commit {commit}"
    );
    println!("\n{machine}\n\n{}", table::columns(&findings.rows));
    for note in &findings.notes {
        println!("! {note}");
    }
    let write = |file: &Option<PathBuf>, text: &dyn Fn() -> Result<String, serde_json::Error>| match file {
        Some(file) => write(file, &text()?),
        None => Ok(()),
    };
    write(&options.json, &|| serde_json::to_string_pretty(findings))?;
    write(&options.svg, &|| Ok(chart::draw(&findings.rows, &machine)))?;
    if findings.misses_what_is_sure() {
        eprintln!("\nA goal that time cannot change is missed.");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn write(file: &Path, text: &str) -> Result<(), BenchError> {
    fs::write(file, text).map_err(BenchError::file(file))
}

/// The services were built into the folder in which this program lies.
fn beside_us() -> Result<PathBuf, BenchError> {
    let here = std::env::current_exe().map_err(BenchError::file("this program"))?;
    Ok(here.parent().unwrap_or(Path::new("")).to_owned())
}
