//! A case's database, reached from this machine: as the release before left it, and as applications of before come to it.

use std::error::Error;

use migrator::migrate::{ChangeOptions, MigrationSet, Plan, Roles, plan, up};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::error::Failure;
use crate::namespace::Tunnel;
use crate::stage::Stage;

/// The way there, by each of the three logins.
pub(crate) struct Database {
    owner: PgConnectOptions,
    writer: PgConnectOptions,
    reader: PgConnectOptions,
    _tunnel: Tunnel,
}

/// Somebody who is connected.
pub(crate) struct Application(PgConnection);

impl Database {
    pub(crate) async fn reach(stage: &Stage) -> Result<Self, Failure> {
        let tunnel = stage.namespace.tunnel("postgres-0", 5432).await?;
        let port = tunnel.address.port();
        Ok(Self {
            owner: login(stage, port, "migrator").await?,
            writer: login(stage, port, "writer").await?,
            reader: login(stage, port, "reader").await?,
            _tunnel: tunnel,
        })
    }

    /// Leaves it as a release of `schema` does.
    pub(crate) async fn found(&self, schema: i64) -> Result<(), Failure> {
        let mut options = ChangeOptions::embedded().map_err(failed)?;
        let name = |login: &PgConnectOptions| login.get_username().to_owned();
        options.roles =
            Some(Roles { owner: name(&self.owner), writer: name(&self.writer), reader: name(&self.reader) });
        let files = options.migrations.iter().filter(|file| file.version <= schema);
        let files = MigrationSet::parse(files.map(|file| (&*file.file, &*file.sql))).map_err(failed)?;
        let (owner, options) = (self.owner.clone(), ChangeOptions { migrations: files, ..options.clone() });
        apart(async move || up(&owner, &options).await).await.map(drop)
    }

    /// What this release would do to it.
    pub(crate) async fn plan(&self) -> Result<Plan, Failure> {
        let files = MigrationSet::embedded().map_err(failed)?;
        let owner = self.owner.clone();
        apart(async move || plan(&owner, &files).await).await
    }

    /// Connects as the owner, for statements by hand.
    pub(crate) async fn by_hand(&self) -> Result<Application, Failure> {
        Ok(Application(self.owner.connect().await.map_err(failed)?))
    }

    /// Gives one of the services' logins another password, then its Secret.
    pub(crate) async fn change_password(
        &self,
        stage: &Stage,
        name: &str,
        password: &str,
    ) -> Result<(), Failure> {
        let login = login(stage, self.writer.get_port(), name).await?;
        let mut connection = login.connect().await.map_err(failed)?;
        let sql = AssertSqlSafe(format!("ALTER ROLE CURRENT_USER PASSWORD '{password}'"));
        connection.execute(sql).await.map_err(failed)?;
        stage.namespace.set_secret(&format!("atelier-database-{name}"), "password", password).await
    }

    /// Connects as `name`, as the writer.
    pub(crate) async fn application(&self, name: &str) -> Result<Application, Failure> {
        let options = self.writer.clone().application_name(name);
        Ok(Application(options.connect().await.map_err(failed)?))
    }
}

impl Application {
    pub(crate) async fn run(&mut self, sql: &'static str) -> Result<(), Failure> {
        self.0.execute(sql).await.map_err(failed).map(drop)
    }

    pub(crate) async fn leave(self) -> Result<(), Failure> {
        self.0.close().await.map_err(failed)
    }
}

/// One of the logins. The certificate is the pods' to judge: it names no address of this machine.
async fn login(stage: &Stage, port: u16, name: &str) -> Result<PgConnectOptions, Failure> {
    let secret = format!("atelier-database-{name}");
    let user = stage.namespace.secret_text(&secret, "username").await?;
    let password = stage.namespace.secret_text(&secret, "password").await?;
    let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port);
    Ok(options.username(&user).password(&password).database("atelier").ssl_mode(PgSslMode::Require))
}

/// The migrator's work, on a thread of its own: it is made for a program that does nothing else, and cannot change threads.
async fn apart<T, E>(work: impl AsyncFnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Failure>
where
    T: Send + 'static,
    E: Error + Send + Sync + 'static,
{
    let handle = Handle::current();
    let ended = spawn_blocking(move || handle.block_on(work())).await.map_err(failed)?;
    ended.map_err(failed)
}

fn failed(error: impl Error + Send + Sync + 'static) -> Failure {
    Failure::Migrations(Box::new(error))
}
