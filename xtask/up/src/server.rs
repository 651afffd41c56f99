//! The database server of this run, with words for whoever waits for it.

use std::io::IsTerminal;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use testkit::postgres::{self, PostgresServer, Progress, SUPERUSER, ServerOptions, StopMode};
use tokio::net::TcpStream;
use tokio::time::interval;

use crate::home::Home;
use crate::say::{complain, say};

const ADMIN_DATABASE: &str = "postgres";
const ALIVE_POLL: Duration = Duration::from_secs(2);
const SPIN: Duration = Duration::from_millis(100);

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    #[error(
        "the data in {} was made by PostgreSQL {found}, and the server here is another version. \
         `cargo xtask up --reset` deletes it and starts from nothing; `--data FOLDER` leaves it alone",
        .folder.display()
    )]
    OtherVersion { folder: PathBuf, found: String },
    #[error("PostgreSQL is not running")]
    Start(#[source] postgres::ServerError),
    #[error("PostgreSQL ended; its log in {} says why", .folder.display())]
    Ended { folder: PathBuf },
    #[error("PostgreSQL does not say its version")]
    Version(#[source] sqlx::Error),
}

/// A running server; it ends with this process, however this process ends.
#[derive(Debug)]
pub(crate) struct Server {
    inner: PostgresServer,
    admin: PgConnectOptions,
    /// Where its log is, if it is kept.
    folder: PathBuf,
}

impl Server {
    /// A server whose data outlives the run.
    pub(crate) async fn start_kept(home: &Home) -> Result<Self, ServerError> {
        let server = Self::start(ServerOptions::kept(home.postgres(), 0), home.postgres()).await?;
        let version = server.version().await.map_err(ServerError::Version)?;
        say!(
            "PostgreSQL  {version} on 127.0.0.1:{}, data in {}",
            server.inner.port(),
            home.postgres().display()
        );
        Ok(server)
    }

    /// A server for one command: fast, forgetful, gone afterwards.
    pub(crate) async fn start_temporary() -> Result<Self, ServerError> {
        Self::start(ServerOptions::tests(), PathBuf::new()).await
    }

    async fn start(options: ServerOptions, folder: PathBuf) -> Result<Self, ServerError> {
        let mut teller = Teller::default();
        let started = PostgresServer::start(options, &mut |progress| teller.tell(&progress)).await;
        let inner = started.map_err(|error| match error {
            postgres::ServerError::OtherVersion { folder, found } => {
                ServerError::OtherVersion { folder, found }
            }
            other => ServerError::Start(other),
        })?;
        let admin = inner.options(SUPERUSER, ADMIN_DATABASE);
        Ok(Self { inner, admin, folder })
    }

    async fn version(&self) -> Result<String, sqlx::Error> {
        let mut connection = PgConnection::connect_with(&self.admin).await?;
        let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(version)
    }

    /// How the superuser connects.
    pub(crate) fn admin(&self) -> &PgConnectOptions {
        &self.admin
    }

    /// Where the superuser finds the server.
    pub(crate) fn admin_url(&self) -> String {
        self.inner.url(ADMIN_DATABASE)
    }

    /// The address of a database for one of its logins, which all have the superuser's password: nobody else may come in.
    pub(crate) fn url(&self, login: &str, database: &str) -> String {
        let password = self.password().map(|password| format!(":{password}")).unwrap_or_default();
        format!("postgres://{login}{password}@127.0.0.1:{}/{database}?sslmode=disable", self.inner.port())
    }

    /// The password of all its logins, where it asks for one.
    pub(crate) fn password(&self) -> Option<&str> {
        self.inner.password()
    }

    /// How a person looks around in a database. The password is not shown but fetched from where it lies.
    pub(crate) fn psql(&self, database: &str) -> String {
        let address = format!("postgres://{SUPERUSER}@127.0.0.1:{}/{database}", self.inner.port());
        match self.password() {
            Some(_) => format!("PGPASSWORD=$(cat {}/password) psql {address}", self.folder.display()),
            None => format!("psql {address}"),
        }
    }

    /// Waits until nobody listens on its port any more, which should not happen.
    pub(crate) async fn ended(&self) -> ServerError {
        let mut ticks = interval(ALIVE_POLL);
        loop {
            ticks.tick().await;
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.inner.port())).await.is_err() {
                return ServerError::Ended { folder: self.folder.clone() };
            }
        }
    }

    /// Stops it; what it wrote is on disk.
    pub(crate) async fn stop(mut self) {
        if let Err(error) = self.inner.stop(StopMode::Fast).await {
            complain!("{error}; it ends with this process all the same.");
        }
    }
}

/// Says what is going on: a spinner on a terminal, lines elsewhere.
#[derive(Default)]
struct Teller(Option<ProgressBar>);

impl Teller {
    fn tell(&mut self, progress: &Progress) {
        let is_news =
            matches!(progress, Progress::Given(_) | Progress::FetchFailed(..) | Progress::Installed(_));
        if matches!(progress, Progress::Ready { .. }) {
            if let Some(bar) = self.0.take() {
                bar.finish_and_clear();
            }
        } else if std::io::stderr().is_terminal() {
            let bar = self.0.get_or_insert_with(spinner);
            if is_news {
                bar.println(progress.to_string());
            }
            bar.set_message(progress.to_string());
        } else if is_news || matches!(progress, Progress::Fetching(_) | Progress::Creating(_)) {
            complain!("{progress}");
        }
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(SPIN);
    bar
}
