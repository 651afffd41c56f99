//! The command line that every binary shares: `--config`, and `config check | dump | schema`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config::{self, ConfigError, Loaded, Settings};
use crate::exit::Exit;

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
pub struct CommonArgs {
    /// A configuration file (TOML). Environment variables ATELIER_… win over it.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
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

/// Loads the process's configuration.
pub fn load<C: Settings>(args: &CommonArgs) -> Result<Loaded<C>, ConfigError> {
    config::load(&config::process_sources(args.config.clone()))
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
        Err(error) => {
            writeln!(std::io::stderr(), "{error}")?;
            Ok(Exit::Configuration)
        }
    }
}
