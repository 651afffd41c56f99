//! The command line: arguments in, words and an exit code out. What is asked goes to standard output, what went wrong to
//! standard error. It decides nothing about migrations.

mod outcome;
mod report;

use std::io::{self, Write};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use service_kit::cli::{CommonArgs, ConfigCommand, Output, config_command, load};
use service_kit::exit::Exit;
use sqlx::postgres::PgConnectOptions;

use crate::config::Config;
use crate::log;
use crate::migrate::files::parse_time;
use crate::migrate::{self, MigrationSet, Roles, UpOptions};
use outcome::{Failure, chain};

/// Brings Atelier's database to the version that this release needs, and says where it stands.
#[derive(Debug, Parser)]
#[command(name = "migrator", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    common: CommonArgs,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed, or `verify` found something; 64 configuration; 65 an applied \
file was changed; 67 the database is of a later release; 75 no lock or no connection, try again";

#[derive(Debug, Subcommand)]
enum Command {
    /// Apply every expand that is missing, then make the grants; contracts are only named
    Up,
    /// Say where the schema stands
    Status(OutputArgs),
    /// Hold the database against the migrations; reports, never repairs
    Verify(OutputArgs),
    /// Wait until the schema is what this release needs
    Wait {
        /// How long, as 500ms, 30s or 5min
        #[arg(long, default_value = "2min", value_parser = time)]
        timeout: Duration,
    },
    /// After a restore: raise the history epoch, let ids go on further, and check the history
    AfterRestore(AfterRestoreArgs),
    /// Print the SQL that makes the three logins of the split tier
    Roles(RolesArgs),
    /// Ask about the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Args)]
struct OutputArgs {
    /// For people, or for programs
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Debug, Args)]
struct AfterRestoreArgs {
    /// How far ids go on: more than were drawn since the backup
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    ids_ahead: u32,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
struct RolesArgs {
    /// Print the script; the migrator itself creates no roles
    #[arg(long, required = true)]
    print_sql: bool,
    /// The schema's owner, unless the configuration names it
    #[arg(long)]
    owner: Option<String>,
    /// The login of order-status, unless the configuration names it
    #[arg(long)]
    writer: Option<String>,
    /// The login of orders, unless the configuration names it
    #[arg(long)]
    reader: Option<String>,
    /// The database, unless the configuration names it
    #[arg(long)]
    database: Option<String>,
}

fn time(text: &str) -> Result<Duration, &'static str> {
    parse_time(text).ok_or("expected a time as 500ms, 30s or 5min")
}

/// Does what `cli` asks until it is done, or until `stop`. Only trouble with `out` or `err` themselves is an error.
pub async fn run(
    cli: Cli,
    out: &mut impl Write,
    err: &mut impl Write,
    stop: impl Future<Output = ()>,
) -> io::Result<Exit> {
    if let Command::Config(command) = cli.command {
        return config_command::<Config>(command, &cli.common, out);
    }
    match execute(cli, out, stop).await {
        Ok(exit) => Ok(exit),
        Err(Failure::Output(error)) => Err(error),
        Err(failure) => {
            writeln!(err, "{}", chain(&failure))?;
            Ok(failure.exit())
        }
    }
}

async fn execute(cli: Cli, out: &mut impl Write, stop: impl Future<Output = ()>) -> Result<Exit, Failure> {
    if let Command::Roles(args) = &cli.command {
        return print_roles(args, &cli.common, out);
    }
    let loaded = load::<Config>(&cli.common).map_err(Failure::Configuration)?;
    let config = loaded.settings;
    log::start(&config.log).map_err(Failure::Log)?;
    for notice in loaded.notices {
        tracing::info!(notice);
    }
    let database = config.database.connect_options().map_err(Failure::Address)?;
    let migrations = MigrationSet::embedded().map_err(Failure::Files)?;
    match cli.command {
        Command::Up => up(&config, &database, migrations, out, stop).await,
        Command::Status(OutputArgs { output }) => {
            let status = migrate::status(&database, &migrations).await.map_err(Failure::Status)?;
            match output {
                Output::Text => report::status(&status, out),
                Output::Json => report::json(&status, out),
            }
            .map_err(Failure::Output)?;
            Ok(Exit::Success)
        }
        Command::Verify(OutputArgs { output }) => {
            let found = migrate::verify(&database, &migrations).await.map_err(Failure::Verify)?;
            match output {
                Output::Text => report::verification(&found, out),
                Output::Json => report::json(&found, out),
            }
            .map_err(Failure::Output)?;
            Ok(outcome::exit_of_findings(&found.findings))
        }
        Command::AfterRestore(AfterRestoreArgs { ids_ahead, output: OutputArgs { output } }) => {
            let restored =
                migrate::after_restore(&database, ids_ahead).await.map_err(Failure::AfterRestore)?;
            match output {
                Output::Text => report::restored(&restored, out),
                Output::Json => report::json(&restored, out),
            }
            .map_err(Failure::Output)?;
            Ok(if restored.broken.is_empty() { Exit::Success } else { Exit::Failure })
        }
        Command::Wait { timeout } => {
            let status = migrate::wait(&database, &migrations, timeout).await.map_err(Failure::Wait)?;
            writeln!(out, "the schema is at {}, as this release needs", status.schema_version)
                .map_err(Failure::Output)?;
            Ok(Exit::Success)
        }
        Command::Roles(_) | Command::Config(_) => Ok(Exit::Success),
    }
}

async fn up(
    config: &Config,
    database: &PgConnectOptions,
    migrations: MigrationSet,
    out: &mut impl Write,
    stop: impl Future<Output = ()>,
) -> Result<Exit, Failure> {
    let options = UpOptions {
        migrations,
        roles: config.roles(),
        deadline: config.deadline(),
        image: config.migrations.image.clone(),
    };
    let done = migrate::up_until(database, &options, stop).await.map_err(Failure::Up)?;
    report::up(&done, out).map_err(Failure::Output)?;
    Ok(Exit::Success)
}

/// Needs no configuration when the arguments say everything: whoever makes the roles often has none yet.
fn print_roles(args: &RolesArgs, common: &CommonArgs, out: &mut impl Write) -> Result<Exit, Failure> {
    let RolesArgs { owner, writer, reader, database, .. } = args;
    let (roles, database) = if let (Some(owner), Some(writer), Some(reader), Some(database)) =
        (owner, writer, reader, database)
    {
        (Roles::new(owner, writer, reader).map_err(Failure::Roles)?, database.clone())
    } else {
        let config = load::<Config>(common).map_err(Failure::Configuration)?.settings;
        let address = config.database.connect_options().map_err(Failure::Address)?;
        let named = |given: &Option<String>, configured: Option<String>| given.clone().or(configured);
        let configured = config.database.roles;
        let (Some(owner), Some(writer), Some(reader)) = (
            named(owner, configured.owner),
            named(writer, configured.writer),
            named(reader, configured.reader),
        ) else {
            return Err(Failure::RolesUnnamed);
        };
        let database = named(database, address.get_database().map(str::to_owned));
        (
            Roles::new(&owner, &writer, &reader).map_err(Failure::Roles)?,
            database.unwrap_or_else(|| "atelier".to_owned()),
        )
    };
    out.write_all(roles.script(&database).as_bytes()).map_err(Failure::Output)?;
    Ok(Exit::Success)
}
