//! `doctor`: whether what a service needs is there and as it should be. Each thing is looked at once and said in words,
//! for whoever set the service up; it changes nothing and shows no secret.

use std::io::Write;

use serde::Serialize;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use crate::chain::chain;
use crate::cli::Output;
use crate::config::Listen;
use crate::database::{Build, DatabaseConfig, Rights, SchemaWindow};
use crate::exit::Exit;

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, but somebody should know.
    Odd,
    /// The service cannot do its work.
    Bad,
}

/// What was found about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which thing.
    pub about: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// In words: what was found, and what to do where that is not as it should be.
    pub words: String,
}

impl Finding {
    /// As it should be.
    pub fn good(about: &'static str, words: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Good, words: words.into() }
    }

    /// It works, but somebody should know.
    pub fn odd(about: &'static str, words: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Odd, words: words.into() }
    }

    /// The service cannot do its work.
    pub fn bad(about: &'static str, words: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Bad, words: words.into() }
    }
}

/// Says what was found on `out`: exit 0 where nothing is bad, else 1.
pub(crate) fn say(findings: &[Finding], output: Output, out: &mut impl Write) -> std::io::Result<Exit> {
    match output {
        Output::Text => {
            for Finding { about, verdict, words } in findings {
                let mark = match verdict {
                    Verdict::Good => "good",
                    Verdict::Odd => "odd",
                    Verdict::Bad => "BAD",
                };
                writeln!(out, "{mark:<5} {about:<9} {words}")?;
            }
        }
        Output::Json => {
            serde_json::to_writer(&mut *out, findings)?;
            writeln!(out)?;
        }
    }
    let is_bad = findings.iter().any(|finding| finding.verdict == Verdict::Bad);
    Ok(if is_bad { Exit::Failure } else { Exit::Success })
}

/// Whether the database can be reached, as whom, whether its schema fits, and whether that login has the rights that are needed.
pub(crate) async fn database(build: Build, rights: Rights, config: &DatabaseConfig) -> Vec<Finding> {
    // Where it cannot be told, connecting says why.
    let place = config.connect_options(build).map(|options| place(&options)).unwrap_or_default();
    let mut connection = match config.connect(build).await {
        Ok(connection) => connection,
        Err(error) => return vec![Finding::bad("database", format!("{place}: {}", chain(&error)))],
    };
    let mut findings = vec![session(&place, &mut connection).await];
    findings.extend(schema(&mut connection, build, rights).await);
    // Nothing hangs on how this ends.
    let _ = connection.close().await;
    findings
}

/// Which database of which server, as it is configured.
fn place(options: &PgConnectOptions) -> String {
    let host =
        options.get_socket().map_or_else(|| options.get_host().into(), |socket| socket.to_string_lossy());
    format!("{} on {host}:{}", options.get_database().unwrap_or_default(), options.get_port())
}

/// Who we are there, how protected, and what a statement may take in the end, whatever a pooler or a role says.
async fn session(place: &str, connection: &mut PgConnection) -> Finding {
    let asked = sqlx::query_as::<_, (String, String, bool, String, bool)>(
        "SELECT current_user::text, current_setting('server_version'),
                coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
                current_setting('statement_timeout'),
                coalesce(has_schema_privilege(to_regnamespace('atelier')::oid, 'CREATE'), false)",
    )
    .fetch_one(connection)
    .await;
    match asked {
        Ok((user, version, is_encrypted, statement_timeout, may_create)) => {
            let way = if is_encrypted { "encrypted" } else { "unencrypted" };
            let words = format!(
                "{place}: PostgreSQL {version}, {way}, as {user}; a statement may take {statement_timeout}"
            );
            if may_create {
                Finding::odd(
                    "database",
                    format!("{words}; this login may change the schema: give the service one of its own"),
                )
            } else {
                Finding::good("database", words)
            }
        }
        Err(error) => Finding::bad("database", format!("{place}: {}", chain(&error))),
    }
}

async fn schema(connection: &mut PgConnection, build: Build, rights: Rights) -> Vec<Finding> {
    let window = match SchemaWindow::read(connection, rights).await {
        Ok(window) => window,
        Err(error) => {
            let words = format!("cannot be read, run the migrator: {}", chain(&error));
            return vec![Finding::bad("schema", words)];
        }
    };
    if let Some(refusal) = window.refusal(build) {
        return vec![Finding::bad("schema", refusal)];
    }
    let fits = Finding::good("schema", format!("at version {}, which fits", window.version));
    let rights = match window.lack() {
        None => Finding::good("rights", "this login may do what the service does"),
        Some(lack) => Finding::bad("rights", lack),
    };
    vec![fits, rights]
}

/// What the address means: nothing is connected to, because the service itself may be running there.
pub(crate) fn listen(listen: &Listen) -> Option<Finding> {
    let words = "listen can be reached from this machine only; in a container that is nobody";
    listen.is_loopback().then(|| Finding::odd("listen", words))
}
