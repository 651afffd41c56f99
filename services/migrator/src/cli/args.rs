//! The words of the command line, and what `--help` says of each.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use operator::controller::ControllerArgs;
use operator::kubectl::KubectlArgs;
use service_kit::cli::{ConfigCommand, Output};
use service_kit::config::{Listen, ListenError};

use crate::migrate::Doubt;
use crate::migrate::files::parse_time;

pub(super) const BELOW: &str = "\
Examples:
  migrator plan                          # what `up` and the contracts would do
  migrator up                            # all that only adds
  migrator up --contracts --approved-plan-hash HASH
  migrator verify --history              # is it what the migrations made?

Exit codes: 0 done; 1 failed, or `verify` found something; 64 configuration; 65 an \
applied file was changed; 66 a contract or `down` was not approved, or applications are connected that would break; 67 the \
database is of a later release, or would not serve an older one; 75 no lock or no connection, or stopped: try again";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tell what would be done, locked and destroyed; change nothing
    ///
    /// It ends with the hash that approves it.
    Plan(PlanArgs),
    /// Apply every expand that is missing, then make the grants
    ///
    /// Contracts and backfills are only named.
    Up(UpArgs),
    /// Fill rows a batch at a time; may be stopped at any moment
    Backfill(BackfillArgs),
    /// Say where the schema stands
    Status(OutputArgs),
    /// Hold the database against the migrations; repair nothing
    Verify(VerifyArgs),
    /// Wait until the schema is what this release needs
    Wait {
        /// How long, as 500ms, 30s or 5min
        #[arg(long, default_value = "2min", value_parser = time)]
        timeout: Duration,
    },
    /// Say whether applications of an older schema would be served
    ///
    /// To be asked before `helm rollback`.
    CheckRollback(CheckRollbackArgs),
    /// Take expands back, newest first, by their stored down files
    Down(DownArgs),
    /// After a restore: raise the history epoch, let ids go on, check
    AfterRestore(AfterRestoreArgs),
    /// Take over the replaced services' orders, once or again
    Adopt(AdoptArgs),
    /// Put a random token in a person's place, and take their words away
    Erase(EraseArgs),
    /// Print the SQL that makes the three logins of the split tier
    Roles(RolesArgs),
    /// Write all that a bug report needs as one JSON, no secrets
    Bundle(BundleArgs),
    /// Carry out `SchemaMigration`s of a cluster, by Jobs
    ///
    /// It holds no password and asks no database.
    Controller(ControllerCommand),
    /// Print the definition of the kind `SchemaMigration`
    Crd,
    /// Be `kubectl atelier`: look at migrations, approve their plans
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
    /// For people: text; for programs: json
    #[arg(long, value_enum, default_value_t = Output::Text, hide_possible_values = true)]
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
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct AdoptArgs {
    #[command(flatten)]
    pub(super) from: FromArgs,
    /// A file with the certificate authority that signed the old server's certificate
    #[arg(long, value_name = "FILE")]
    pub(super) from_ca_file: Option<PathBuf>,
    /// Let the connection to an old server on another machine be unencrypted or unverified
    #[arg(long)]
    pub(super) allow_plaintext: bool,
    /// The schema that has the tables orders and customs
    #[arg(long, default_value = "public")]
    pub(super) schema: String,
    /// The zone of `customs.created_at`, which says none
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    pub(super) time_zone: String,
    /// Whether flags with a gap, and `paid` in one table only, count as reached (up) or not (down)
    #[arg(long, value_enum, default_value_t = Doubt::Up, hide_possible_values = true)]
    pub(super) doubt: Doubt,
    /// The old database is the same as before although it is on another server now
    #[arg(long)]
    pub(super) moved: bool,
    /// How many old orders are read, judged and written at once
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) batch_rows: u32,
    /// Verify only what changed since the last run, which takes seconds: for the pause of a switch
    #[arg(long)]
    pub(super) quick: bool,
    /// Where the rows that did not fit are told, each with the choice that was made
    #[arg(long, default_value = "adoption.csv", value_name = "FILE")]
    pub(super) csv: PathBuf,
    /// Tell what would be done, and write nothing but the report
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct FromArgs {
    /// The old database, as postgres://user@host:port/name; a login that may only read is enough
    #[arg(long, value_name = "URL")]
    pub(super) from: Option<String>,
    /// A file that holds it, so that no list of processes shows a password
    #[arg(long, value_name = "FILE")]
    pub(super) from_file: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct EraseArgs {
    #[command(flatten)]
    pub(super) who: WhoArgs,
    /// Empty the parameters of the orders that they requested, too
    #[arg(long)]
    pub(super) params: bool,
    /// Tell what there is of them, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Args)]
#[group(required = true, multiple = true)]
pub(super) struct WhoArgs {
    /// Their user id: who they are as a requester, as an operator, and as sender of an Idempotency-Key
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(super) user: Option<String>,
    /// Their username: who they are as a creator
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(super) username: Option<String>,
}

impl std::fmt::Debug for EraseArgs {
    /// Whoever is to be erased must not be written down anywhere.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EraseArgs").finish_non_exhaustive()
    }
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
