//! The command line that every binary shares: `--config`, `config check | dump | schema`, and how a mistake in it is told.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::ask::AskArgs;
use crate::chain::chain;
use crate::config::{self, ConfigError, Loaded, Settings, Sources};
use crate::exit::Exit;

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
pub struct CommonArgs {
    /// A configuration file (TOML). Environment variables ATELIER_… win over it.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Variables in place of the process's own, for whoever runs a command within a process of something else.
    #[arg(skip)]
    pub environment: Option<Vec<(String, String)>>,
}

/// What can be asked about the configuration.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ConfigCommand {
    /// Say whether the configuration can be used; list every mistake if not
    Check,
    /// Print every value and where it came from, secrets masked
    Dump,
    /// Print the JSON schema of the configuration
    Schema,
}

/// The command line of a service: without a command it serves.
#[derive(Debug, Clone, Args)]
pub struct ServiceArgs {
    /// Options that every command takes.
    #[command(flatten)]
    pub common: CommonArgs,
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<ServiceCommand>,
}

/// How a command says what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Lines, for people
    Text,
    /// JSON, for programs
    Json,
}

/// What a service's binary does besides serving.
#[derive(Debug, Clone, Subcommand)]
pub enum ServiceCommand {
    /// Ask about the configuration
    Config {
        /// What to ask.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Look at everything that the service needs, and say in words how it is
    Doctor {
        /// For people: text; for programs: json.
        #[arg(long, value_enum, default_value = "text", hide_possible_values = true)]
        output: Output,
    },
    /// Ask a service, this one or another, until it answers as expected; for tests of an installation
    Ask(Box<AskArgs>),
}

/// The command line of this process. Where it is wrong that is told with its exit code, and so is what `--help` asks for.
pub fn parse<C: Parser>() -> Result<C, Exit> {
    parse_from(std::env::args_os())
}

/// [`parse`], of words that are given.
pub fn parse_from<C: Parser>(words: impl Iterator<Item = OsString>) -> Result<C, Exit> {
    C::try_parse_from(words).map_err(|error| {
        // Nobody is left to tell if the stream is closed.
        let _ = error.print();
        if error.use_stderr() { Exit::Configuration } else { Exit::Success }
    })
}

/// Says on standard error why the process cannot go on, with every cause.
pub fn refuse(error: &dyn std::error::Error, exit: Exit) -> Exit {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(std::io::stderr(), "{}", chain(error));
    exit
}

/// Loads the process's configuration.
pub fn load<C: Settings>(args: &CommonArgs) -> Result<Loaded<C>, ConfigError> {
    let file = args.config.clone();
    config::load(&match args.environment.clone() {
        Some(environment) => Sources { file, environment },
        None => config::process_sources(file),
    })
}

/// Answers a question about the configuration on `out`.
pub fn config_command<C: Settings>(
    command: ConfigCommand,
    args: &CommonArgs,
    out: &mut impl Write,
) -> std::io::Result<Exit> {
    if let ConfigCommand::Schema = command {
        serde_json::to_writer_pretty(&mut *out, config::json_schema::<C>().as_value())?;
        writeln!(out)?;
        return Ok(Exit::Success);
    }
    match load::<C>(args) {
        Ok(loaded) => {
            if let ConfigCommand::Dump = command {
                for value in loaded.values {
                    writeln!(out, "{} = {}  # {}", value.key, value.value, value.origin)?;
                }
            } else {
                writeln!(out, "the configuration can be used")?;
            }
            Ok(Exit::Success)
        }
        Err(error) => Ok(refuse(&error, Exit::Configuration)),
    }
}
