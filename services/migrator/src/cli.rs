//! The command line: arguments in, words and an exit code out. What is asked goes to standard output, what went wrong to
//! standard error. It decides nothing about migrations.

mod adoption;
mod args;
mod cluster;
mod outcome;
mod pod_report;
mod process;
mod report;
mod roles;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Parser;
use serde::Serialize;
use service_kit::cli::{CommonArgs, Output, config_command, load};
use service_kit::config::DumpedValue;
use service_kit::exit::Exit;
use sqlx::postgres::PgConnectOptions;

use crate::config::Config;
use crate::log;
use crate::migrate::{self, ChangeOptions, FilesError, MigrationSet};
use args::{BELOW, BackfillArgs, Command, DownArgs, OutputArgs, PlanArgs, UpArgs};
pub use cluster::metrics_table;
use outcome::{Failure, chain};
use pod_report::Seen;
pub use process::main;

/// Brings Atelier's database to the version that this release needs, and says where it stands.
#[derive(Debug, Parser)]
#[command(name = "migrator", version, after_help = BELOW)]
pub struct Cli {
    #[command(flatten)]
    common: CommonArgs,
    /// Also write how it ended into this file, in the form that the controller reads
    #[arg(long, global = true, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

impl Cli {
    /// The same with these variables in place of the process's own, for whoever runs a command within a process of something else.
    #[must_use]
    pub fn with_environment(mut self, environment: Vec<(String, String)>) -> Self {
        self.common.environment = Some(environment);
        self
    }
}

/// Does what `cli` asks with these files until it is done, or until `stop`. Only trouble with `out` or `err` themselves is an error.
pub async fn run(
    cli: Cli,
    files: Result<MigrationSet, FilesError>,
    out: &mut impl Write,
    err: &mut impl Write,
    stop: impl Future<Output = ()>,
) -> io::Result<Exit> {
    if let Command::Config(command) = cli.command {
        return config_command::<Config>(command, &cli.common, out);
    }
    let report = cli.report.clone();
    let mut seen = Seen::default();
    let mut done = match cli.command {
        Command::Controller(args) => cluster::control(args, stop).await,
        Command::Crd => cluster::print_definition(out),
        Command::Kubectl(args) => cluster::kubectl(args, out).await,
        _ => execute(cli, files, out, &mut seen, stop).await,
    };
    if let Some(path) = report {
        let told = pod_report::write(&path, &done, seen).map_err(Failure::Report);
        done = told.and(done);
    }
    match done {
        Ok(exit) => Ok(exit),
        // Whoever reads no further, as `head` does, has had what was wanted.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Success),
        Err(Failure::Output(error)) => Err(error),
        Err(failure) => {
            writeln!(err, "{}", chain(&failure))?;
            Ok(failure.exit())
        }
    }
}

/// What every command works on.
struct Call<'a, O> {
    seen: &'a mut Seen,
    database: PgConnectOptions,
    options: ChangeOptions,
    configuration: Vec<DumpedValue>,
    out: &'a mut O,
}

/// The words of this process. As `kubectl-atelier`, which is how kubectl calls a plugin, it is its word `kubectl`.
pub fn words(mut words: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    let program = words.next().unwrap_or_default();
    let is_plugin = Path::new(&program).file_stem().is_some_and(|name| name == "kubectl-atelier");
    let word = is_plugin.then(|| OsString::from("kubectl"));
    std::iter::once(program).chain(word).chain(words)
}

async fn execute(
    cli: Cli,
    files: Result<MigrationSet, FilesError>,
    out: &mut impl Write,
    seen: &mut Seen,
    stop: impl Future<Output = ()>,
) -> Result<Exit, Failure> {
    if let Command::Roles(args) = &cli.command {
        return roles::print(args, &cli.common, out);
    }
    let loaded = load::<Config>(&cli.common).map_err(Failure::Configuration)?;
    let config = loaded.settings;
    log::start(&config.log).map_err(Failure::Log)?;
    for notice in loaded.notices {
        tracing::info!(notice);
    }
    let options = ChangeOptions {
        migrations: files.map_err(Failure::Files)?,
        roles: config.roles(),
        deadline: config.deadline(),
        image: config.migrations.image.clone(),
        approved_up_hash: None,
    };
    let database = config.database.connect_options().map_err(Failure::Address)?;
    let mut call = Call { seen, database, options, configuration: loaded.values, out };
    let done = match cli.command {
        Command::Up(args) => call.up(args, stop).await,
        Command::Backfill(args) => call.backfill(args, stop).await,
        Command::Down(args) => call.down(args, stop).await,
        Command::Adopt(args) => call.adopt(args, stop).await,
        Command::Erase(args) => call.erase(args, stop).await,
        other => {
            tokio::select! {
                done = call.look(other) => done,
                () = stop => Err(Failure::Stopped),
            }
        }
    };
    if cli.report.is_some() {
        call.seen.state = pod_report::state(&call.database, &call.options.migrations, &done).await;
    }
    done
}

impl<O: Write> Call<'_, O> {
    /// In words, or as JSON.
    fn say<T: Serialize>(
        &mut self,
        output: OutputArgs,
        value: &T,
        words: impl FnOnce(&T, &mut O) -> io::Result<()>,
    ) -> Result<(), Failure> {
        match output.output {
            Output::Text => words(value, self.out),
            Output::Json => report::json(value, self.out),
        }
        .map_err(Failure::Output)
    }

    async fn plan(&mut self, PlanArgs { down_to, output }: PlanArgs) -> Result<Exit, Failure> {
        let migrations = &self.options.migrations;
        if let Some(to_schema) = down_to {
            let plan =
                migrate::down_plan(&self.database, migrations, to_schema).await.map_err(Failure::Down)?;
            self.say(output, &plan, report::down_plan)?;
        } else {
            let plan = migrate::plan(&self.database, migrations).await.map_err(Failure::Plan)?;
            self.say(output, &plan, report::plan)?;
        }
        Ok(Exit::Success)
    }

    async fn up(&mut self, args: UpArgs, stop: impl Future<Output = ()>) -> Result<Exit, Failure> {
        let UpArgs { contracts, approved_plan_hash, output } = args;
        let done = match approved_plan_hash {
            Some(approved) if contracts => {
                migrate::contract_until(&self.database, &self.options, &approved, stop)
                    .await
                    .map_err(Failure::Contracts)?
            }
            approved_up_hash => {
                self.options.approved_up_hash = approved_up_hash;
                migrate::up_until(&self.database, &self.options, stop).await.map_err(Failure::Up)?
            }
        };
        self.say(output, &done, report::up)?;
        Ok(Exit::Success)
    }

    async fn backfill(
        &mut self,
        args: BackfillArgs,
        stop: impl Future<Output = ()>,
    ) -> Result<Exit, Failure> {
        let name = args.name.as_deref();
        let filled = migrate::backfill_until(&self.database, &self.options, name, args.pause, stop)
            .await
            .map_err(Failure::Backfill)?;
        self.say(args.output, &filled, |filled, out| report::filled(filled, out))?;
        let is_finished = filled.iter().all(|file| file.is_finished);
        Ok(if is_finished { Exit::Success } else { Exit::Temporary })
    }

    async fn down(&mut self, args: DownArgs, stop: impl Future<Output = ()>) -> Result<Exit, Failure> {
        let DownArgs { to_schema, approved_plan_hash, output } = args;
        let undone = migrate::down_until(&self.database, &self.options, to_schema, &approved_plan_hash, stop)
            .await
            .map_err(Failure::Down)?;
        self.say(output, &undone, |undone, out| report::undone(undone, out))?;
        Ok(Exit::Success)
    }

    async fn bundle(&mut self, to: &Path) -> Result<Exit, Failure> {
        let mut bundle = migrate::bundle(&self.database, &self.options).await;
        let shown = |value: &DumpedValue| (value.key.clone(), value.value.clone());
        bundle.insert("configuration".to_owned(), self.configuration.iter().map(shown).collect());
        if to == Path::new("-") {
            report::json(&bundle, self.out).map_err(Failure::Output)?;
        } else {
            let mut file = File::create(to).map_err(Failure::Bundle)?;
            report::json(&bundle, &mut file).map_err(Failure::Bundle)?;
            writeln!(self.out, "written to {}", to.display()).map_err(Failure::Output)?;
        }
        Ok(Exit::Success)
    }

    /// Commands that only look, and `after-restore`.
    async fn look(&mut self, command: Command) -> Result<Exit, Failure> {
        let (database, migrations) = (&self.database, &self.options.migrations);
        match command {
            Command::Plan(args) => self.plan(args).await,
            Command::Bundle(args) => self.bundle(&args.output).await,
            Command::Status(output) => {
                let status = migrate::status(database, migrations).await.map_err(Failure::Status)?;
                self.say(output, &status, report::status)?;
                Ok(Exit::Success)
            }
            Command::Verify(args) => {
                let roles = self.options.roles.as_ref();
                let mut found =
                    migrate::verify(database, migrations, roles).await.map_err(Failure::Verify)?;
                if args.history {
                    let broken = migrate::verify_history(database).await.map_err(Failure::Verify)?;
                    found.findings.extend(broken);
                }
                self.say(args.output, &found, report::verification)?;
                self.seen.findings = found.findings.iter().map(ToString::to_string).collect();
                Ok(outcome::exit_of_findings(&found.findings))
            }
            Command::Wait { timeout } => {
                let status = migrate::wait(database, migrations, timeout).await.map_err(Failure::Wait)?;
                writeln!(self.out, "the schema is at {}, as this release needs", status.schema_version)
                    .map_err(Failure::Output)?;
                Ok(Exit::Success)
            }
            Command::CheckRollback(args) => {
                let found =
                    migrate::check_rollback(database, args.to_schema).await.map_err(Failure::Status)?;
                self.say(args.output, &found, |found, out| writeln!(out, "{}", found.sentence))?;
                Ok(if found.is_served { Exit::Success } else { Exit::NewerSchema })
            }
            Command::AfterRestore(args) => {
                let restored =
                    migrate::after_restore(database, args.ids_ahead).await.map_err(Failure::AfterRestore)?;
                self.say(args.output, &restored, report::restored)?;
                Ok(if restored.broken.is_empty() { Exit::Success } else { Exit::Failure })
            }
            // These have their own ways above.
            Command::Up(_)
            | Command::Backfill(_)
            | Command::Down(_)
            | Command::Adopt(_)
            | Command::Erase(_)
            | Command::Roles(_)
            | Command::Controller(_)
            | Command::Crd
            | Command::Kubectl(_)
            | Command::Config(_) => Ok(Exit::Success),
        }
    }
}
