//! A database for each test, made in a moment from a template that was migrated once, with the split tier's three logins.
//!
//! The server is started once a process, or is the one that `ATELIER_TEST_POSTGRES_URL` names. Tests of any number of threads
//! and processes may ask at once.

mod template;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use migrator::migrate::Roles;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::postgres::ServerError;
use migrator::migrate::history::{HistoryError, check_history_law};

pub use template::{TemplateError, install};

/// Who a test connects as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The server's superuser, for what no service may do.
    Admin,
    /// Owns the schema, as the migrator.
    Owner,
    /// As order-status.
    Writer,
    /// As orders.
    Reader,
}

/// The three logins on a test server. They belong to the server, so all its databases share them.
pub const OWNER: &str = "atelier_owner";
/// See [`OWNER`].
pub const WRITER: &str = "atelier_writer";
/// See [`OWNER`].
pub const READER: &str = "atelier_reader";

/// The logins of a test server, as the migrator wants them.
pub fn roles() -> Roles {
    Roles { owner: OWNER.to_owned(), writer: WRITER.to_owned(), reader: READER.to_owned() }
}

/// Why a test has no database.
#[derive(Debug, thiserror::Error)]
pub enum TestDatabaseError {
    /// The server did not start.
    #[error("no PostgreSQL for tests")]
    Server(#[source] ServerError),
    /// `ATELIER_TEST_POSTGRES_URL` cannot be read.
    #[error("ATELIER_TEST_POSTGRES_URL is not an address of PostgreSQL")]
    Address(#[source] sqlx::Error),
    /// The template could not be made.
    #[error("no template for test databases")]
    Template(#[source] TemplateError),
    /// The server refused.
    #[error("the test database could not be made")]
    Create(#[source] sqlx::Error),
}

/// A database of a test's own. It is dropped with this value, without being waited for.
#[derive(Debug)]
pub struct TestDatabase {
    admin: PgConnectOptions,
    name: String,
}

/// A database as it was; see [`TestDatabase::back_up`].
#[derive(Debug)]
pub struct Backup(String);

impl TestDatabase {
    /// A migrated database without rows.
    pub async fn create() -> Result<Self, TestDatabaseError> {
        let admin = template::server().await?;
        let template = template::migrated(&admin).await.map_err(TestDatabaseError::Template)?;
        Self::make(admin, &format!("TEMPLATE {template}")).await
    }

    /// A database without anything in it, not even our schema; the three logins are there.
    pub async fn empty() -> Result<Self, TestDatabaseError> {
        let admin = template::server().await?;
        template::logins(&admin).await.map_err(TestDatabaseError::Template)?;
        Self::make(admin, "TEMPLATE template0").await
    }

    async fn make(admin: PgConnectOptions, how: &str) -> Result<Self, TestDatabaseError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut connection = PgConnection::connect_with(&admin).await.map_err(TestDatabaseError::Create)?;
        let name = format!("test_{}_{number}", std::process::id());
        // A process with our number may have died before it dropped its own.
        for sql in
            [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name} {how}")]
        {
            connection.execute(AssertSqlSafe(sql)).await.map_err(TestDatabaseError::Create)?;
        }
        let _ = connection.close().await;
        Ok(Self { admin, name })
    }

    /// How `role` connects.
    pub fn options(&self, role: Role) -> PgConnectOptions {
        self.admin.clone().username(self.user(role)).database(&self.name)
    }

    /// The address as `role`, for a binary's configuration.
    pub fn url(&self, role: Role) -> String {
        self.url_by(role, self.host(), self.port())
    }

    /// The same by way of a proxy that listens at `address`.
    pub fn url_through(&self, role: Role, address: SocketAddr) -> String {
        self.url_by(role, &address.ip().to_string(), address.port())
    }

    fn url_by(&self, role: Role, host: &str, port: u16) -> String {
        format!("postgres://{}@{host}:{port}/{}?sslmode=disable", self.user(role), self.name)
    }

    /// The server's address.
    pub fn host(&self) -> &str {
        self.admin.get_host()
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.admin.get_port()
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The login of `role`.
    pub fn user(&self, role: Role) -> &str {
        match role {
            Role::Admin => self.admin.get_username(),
            Role::Owner => OWNER,
            Role::Writer => WRITER,
            Role::Reader => READER,
        }
    }

    /// A connection as `role`.
    pub async fn connect(&self, role: Role) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect_with(&self.options(role)).await
    }

    /// A copy of it as it is now, which is what a snapshot is. Nobody may be connected meanwhile, so sessions are ended.
    pub async fn back_up(&self) -> Result<Backup, TestDatabaseError> {
        let (name, backup) = (&self.name, format!("{}_backup", self.name));
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        );
        self.outside([
            format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
            end,
            format!("DROP DATABASE IF EXISTS {backup}"),
            format!("CREATE DATABASE {backup} TEMPLATE {name}"),
            format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"),
        ])
        .await?;
        Ok(Backup(backup))
    }

    /// Puts the copy into its place; whatever was written since is lost.
    pub async fn restore(&self, backup: Backup) -> Result<(), TestDatabaseError> {
        let (name, Backup(backup)) = (&self.name, backup);
        self.outside([
            format!("DROP DATABASE {name} WITH (FORCE)"),
            format!("ALTER DATABASE {backup} RENAME TO {name}"),
        ])
        .await
    }

    async fn outside<const N: usize>(&self, statements: [String; N]) -> Result<(), TestDatabaseError> {
        let mut connection =
            PgConnection::connect_with(&self.admin).await.map_err(TestDatabaseError::Create)?;
        for sql in statements {
            connection.execute(AssertSqlSafe(sql)).await.map_err(TestDatabaseError::Create)?;
        }
        let _ = connection.close().await;
        Ok(())
    }

    /// Holds the whole database against the history law.
    pub async fn check_history_law(&self) -> Result<(), HistoryError> {
        let mut connection = self.connect(Role::Admin).await.map_err(HistoryError::Read)?;
        check_history_law(&mut connection).await
    }
}

impl Drop for TestDatabase {
    /// On a thread of its own, since a test's runtime is about to end. A database that outlives its process goes with the
    /// server, or with the next process of that number.
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(drop_database(&admin, &name));
            }
        });
    }
}

async fn drop_database(admin: &PgConnectOptions, name: &str) {
    if let Ok(mut connection) = PgConnection::connect_with(admin).await {
        let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let _ = connection.execute(AssertSqlSafe(sql)).await;
    }
}
