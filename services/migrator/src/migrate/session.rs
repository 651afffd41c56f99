//! The one connection that a command works on, and how it is made: patiently while a server starts, not otherwise.
//! Whoever only looks leaves nothing behind: a pooler may have given us a session that another gets next. It never prints an
//! address with a password.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::types::time::OffsetDateTime;
use sqlx::{ConnectOptions, Connection, Executor, query, query_scalar};

use time::format_description::well_known::Rfc3339;

use super::backoff::Backoff;

/// How long a server that is starting is waited for by whoever only looks.
pub(super) const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// What every session and transaction of ours has, whatever the login or the database is set to. An empty path makes a forgotten
/// schema name fail instead of landing in `public`; files set time-outs of their own, so these are for our own tables; and what a
/// definition looks like must not hang on who reads it.
const SETTINGS: [(&str, &str); 11] = [
    ("search_path", ""),
    ("statement_timeout", "0"),
    ("transaction_timeout", "0"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("client_min_messages", "warning"),
    ("quote_all_identifiers", "off"),
    ("IntervalStyle", "postgres"),
    ("DateStyle", "ISO, MDY"),
    ("bytea_output", "hex"),
];
/// A closed socket is noticed within five seconds, a silent one, whose node is gone, within a minute: the pause before the
/// first question, three questions, and what was sent and never acknowledged.
const NOTICE_OUR_END: [&str; 5] = [
    "SET client_connection_check_interval = '5s'",
    "SET tcp_keepalives_idle = 30",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    "SET tcp_user_timeout = '45s'",
];
/// Begins a transaction that sees one state and can change nothing.
pub(super) const LOOK: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// How long one attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(10);
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The server does not let us in, or is not there.
    #[error("cannot connect to {at}")]
    Refused {
        /// As whom, and to which database of which server.
        at: String,
        /// What it said.
        source: sqlx::Error,
    },
    /// It was starting, stopping or silent until the deadline.
    #[error("{at} did not become ready within {deadline:?}")]
    NotReady {
        /// As whom, and which database of which server.
        at: String,
        /// How long was waited.
        deadline: Duration,
        /// The last attempt's answer, unless it was silence.
        source: Option<sqlx::Error>,
    },
    /// The first statements failed.
    #[error("the session could not be prepared")]
    Prepare(#[source] sqlx::Error),
}

/// Connects, and tries again while the server says that it is starting (57P03), does not answer, or is not there yet.
/// A refusal that waiting cannot change, as a wrong password or an unknown database, is told at once.
pub async fn connect(options: &PgConnectOptions, deadline: Duration) -> Result<PgConnection, ConnectError> {
    // A migration's statements are long, and slow by nature: no line of the log should be one of them.
    let options = &options.clone().disable_statement_logging();
    let mut backoff = Backoff::new(PAUSE_FIRST, PAUSE_MAX, deadline);
    loop {
        let source = match tokio::time::timeout(
            ATTEMPT.min(backoff.left()),
            PgConnection::connect_with(options),
        )
        .await
        {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) if !worth_waiting(&error) => {
                return Err(ConnectError::Refused { at: place(options), source: error });
            }
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        if !backoff.pause().await {
            return Err(ConnectError::NotReady { at: place(options), deadline, source });
        }
    }
}

/// `user@host:port/database`, in which no password is.
fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_default();
    format!("{}@{}:{}/{database}", options.get_username(), options.get_host(), options.get_port())
}

fn worth_waiting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        // Starting up or shutting down; too many connections; a node that is about to change its role.
        sqlx::Error::Database(error) => {
            matches!(error.code().as_deref(), Some("57P03" | "53300" | "57P01" | "57P02"))
        }
        _ => false,
    }
}

/// Does `work` in one transaction that sees one state and can change nothing. Its settings end with it.
pub(super) async fn look<T, E: From<ConnectError>>(
    database: &PgConnectOptions,
    deadline: Duration,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
) -> Result<T, E> {
    let mut connection = connect(database, deadline).await?;
    begin(&mut connection, LOOK).await.map_err(ConnectError::Prepare)?;
    let done = work(&mut connection).await;
    // What was read stands; nothing hangs on the farewell.
    let _ = connection.execute("ROLLBACK").await;
    let _ = connection.close().await;
    done
}

/// Begins a transaction with our settings, which end with it.
pub(super) async fn begin(connection: &mut PgConnection, begin: &'static str) -> Result<(), sqlx::Error> {
    connection.execute(begin).await?;
    set(connection, true).await
}

/// Makes a session ours for as long as we are connected; asked only of one that no pooler gives to others. The server is told to
/// notice that we are gone while it works, so a killed migrator does not keep its lock; systems without the check refuse that.
pub async fn own(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    set(connection, false).await?;
    for optional in NOTICE_OUR_END {
        match connection.execute(optional).await {
            Ok(_) => {}
            Err(sqlx::Error::Database(error)) => {
                tracing::debug!(%error, optional, "the server does not know this setting");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Applies [`SETTINGS`], those that this server's version knows.
pub(super) async fn set(connection: &mut PgConnection, for_transaction: bool) -> Result<(), sqlx::Error> {
    let (names, values): (Vec<&str>, Vec<&str>) = SETTINGS.into_iter().unzip();
    query(
        "SELECT pg_catalog.set_config(ours.name, ours.value, $3)
         FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS ours (name, value)
         WHERE ours.name IN (SELECT known.name FROM pg_catalog.pg_settings AS known)",
    )
    .bind(names)
    .bind(values)
    .bind(for_transaction)
    .execute(connection)
    .await
    .map(|_| ())
}

/// The server process behind a connection.
pub(super) async fn backend(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    query_scalar("SELECT pg_catalog.pg_backend_pid()").fetch_one(connection).await
}

/// Whether a session is ours for as long as we are connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Possession {
    /// It is.
    Ours,
    /// A server process answered two connections, or a connection was answered by two: both are a pooler's doing.
    Shared,
    /// No second connection could be had in time, so it is not known.
    Unknown,
}

/// How often two connections are asked in turn. With others at work in a pool each statement may go to another session, so one
/// question proves little, and many prove much.
const QUESTIONS: usize = 16;

/// Looks for a pooler. Behind one that pools transactions a lock would be nobody's. One that pools sessions gives each connection
/// its own, and is no harm.
pub(super) async fn possession(
    options: &PgConnectOptions,
    connection: &mut PgConnection,
) -> Result<Possession, sqlx::Error> {
    let compared = async {
        let ours = backend(connection).await?;
        let mut other = PgConnection::connect_with(options).await?;
        let theirs = backend(&mut other).await?;
        let mut is_ours = ours != theirs;
        for _ in 0..QUESTIONS {
            if !is_ours {
                break;
            }
            // A transaction holds on to its session, so the next statement has to take one from what is left.
            other.execute("BEGIN").await?;
            is_ours = backend(&mut other).await? == theirs && backend(connection).await? == ours;
            other.execute("COMMIT").await?;
            is_ours &= backend(connection).await? == ours;
        }
        // It was there to be looked at; how it ends is of no consequence.
        let _ = other.close().await;
        Ok(if is_ours { Possession::Ours } else { Possession::Shared })
    };
    tokio::time::timeout(ATTEMPT, compared).await.unwrap_or(Ok(Possession::Unknown))
}

/// A moment as RFC 3339 has it, to the second.
pub(super) fn moment(at: OffsetDateTime) -> String {
    let whole = at.replace_nanosecond(0).unwrap_or(at);
    whole.format(&Rfc3339).unwrap_or_else(|_| whole.to_string())
}

/// Asks the server to give up what one of our sessions is doing. Best effort: the session is about to go anyway.
pub(super) async fn cancel(options: &PgConnectOptions, backend: i32) {
    let work = async {
        let mut connection = PgConnection::connect_with(options).await?;
        query("SELECT pg_catalog.pg_cancel_backend($1)").bind(backend).execute(&mut connection).await?;
        connection.close().await
    };
    match tokio::time::timeout(ATTEMPT, work).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the running statement could not be cancelled"),
        Err(_) => tracing::debug!("the running statement could not be cancelled in time"),
    }
}

/// Somebody else was at the same rows: a lock timeout, a deadlock, or two writers of one row.
pub(super) fn is_collision(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("55P03" | "40P01" | "40001"))
}
