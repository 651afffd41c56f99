//! The words of the command line, and what `--help` says of each.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use operator::controller::ControllerArgs;
use operator::kubectl::KubectlArgs;
use service_kit::cli::{ConfigCommand, Output};
use service_kit::config::{Listen, ListenError};

use crate::migrate::files::parse_time;

pub(super) const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed, or `verify` found something; 64 configuration; 65 an \
applied file was changed; 66 a contract or `down` was not approved, or applications are connected that would break; 67 the \
database is of a later release, or would not serve an older one; 75 no lock or no connection, or stopped: try again";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tell what `up` and the contracts would do, what it locks and destroys, and the hash to approve; changes nothing
    Plan(PlanArgs),
    /// Apply every expand that is missing, then make the grants; contracts and backfills are only named
    Up(UpArgs),
    /// Fill rows a batch at a time; may be stopped and begun again at any moment
    Backfill(BackfillArgs),
    /// Say where the schema stands
    Status(OutputArgs),
    /// Hold the database against the migrations; reports, never repairs
    Verify(VerifyArgs),
    /// Wait until the schema is what this release needs
    Wait {
        /// How long, as 500ms, 30s or 5min
        #[arg(long, default_value = "2min", value_parser = time)]
        timeout: Duration,
    },
    /// Say whether applications of an older schema would be served, before `helm rollback`
    CheckRollback(CheckRollbackArgs),
    /// Take expands back, newest first, by their stored down files
    Down(DownArgs),
    /// After a restore: raise the history epoch, let ids go on further, and check the history
    AfterRestore(AfterRestoreArgs),
    /// Print the SQL that makes the three logins of the split tier
    Roles(RolesArgs),
    /// Write all that a bug report needs as one JSON, without secrets
    Bundle(BundleArgs),
    /// Carry out `SchemaMigration`s of a cluster, by Jobs; holds no password and asks no database
    Controller(ControllerCommand),
    /// Print the definition of the kind `SchemaMigration`, as a template of its chart
    Crd,
    /// What `kubectl atelier` is: look at `SchemaMigration`s, approve their plans
    Kubectl(KubectlArgs),
    /// Ask about the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Args)]
pub(super) struct ControllerCommand {
    #[command(flatten)]
    pub(super) controller: ControllerArgs,
    /// Where liveness, readiness and metrics are served
    #[arg(long, default_value = "0.0.0.0:9020", value_parser = listen)]
    pub(super) ops_listen: Listen,
    /// What is logged: error, warn, info, debug, trace, or directives
    #[arg(long, default_value = "info")]
    pub(super) log_level: String,
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct OutputArgs {
    /// For people, or for programs
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(super) output: Output,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// Tell instead what `down --to-schema N` would take back
    #[arg(long, value_name = "N")]
    pub(super) down_to: Option<i64>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct UpArgs {
    /// Run the contracts instead, which take away what older applications need
    #[arg(long, requires = "approved_plan_hash")]
    pub(super) contracts: bool,
    /// The hash that `migrator plan` printed. Contracts need it; expands then run under this hash only
    #[arg(long, value_name = "HASH")]
    pub(super) approved_plan_hash: Option<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct BackfillArgs {
    /// Which: its file, or its number. All that are not finished, unless given
    pub(super) name: Option<String>,
    /// How long to rest after each batch, as 50ms or 1s
    #[arg(long, default_value = "0", value_parser = time)]
    pub(super) pause: Duration,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Also hold each order against its events, which reads all of them
    #[arg(long)]
    pub(super) history: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct CheckRollbackArgs {
    /// The schema that the older release was built for; its image's `migrator status` says it
    #[arg(long, value_name = "N")]
    pub(super) to_schema: i64,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct DownArgs {
    /// The highest expand that stays
    #[arg(long, value_name = "N")]
    pub(super) to_schema: i64,
    /// The hash that `migrator plan --down-to N` printed
    #[arg(long, value_name = "HASH")]
    pub(super) approved_plan_hash: String,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct AfterRestoreArgs {
    /// How far ids go on: more than were drawn since the backup
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    pub(super) ids_ahead: u32,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct RolesArgs {
    /// Print the script; the migrator itself creates no roles
    #[arg(long, required = true)]
    pub(super) print_sql: bool,
    /// The schema's owner, unless the configuration names it
    #[arg(long)]
    pub(super) owner: Option<String>,
    /// The login of order-status, unless the configuration names it
    #[arg(long)]
    pub(super) writer: Option<String>,
    /// The login of orders, unless the configuration names it
    #[arg(long)]
    pub(super) reader: Option<String>,
    /// The database, unless the configuration names it
    #[arg(long)]
    pub(super) database: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct BundleArgs {
    /// Where to: a file, or - for standard output
    #[arg(long, default_value = "-", value_name = "FILE")]
    pub(super) output: PathBuf,
}

fn listen(text: &str) -> Result<Listen, ListenError> {
    text.to_owned().try_into()
}

fn time(text: &str) -> Result<Duration, &'static str> {
    parse_time(text).ok_or("expected a time as 500ms, 30s or 5min")
}
