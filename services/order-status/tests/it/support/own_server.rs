//! A PostgreSQL server of a test's own, for what must not be done to one that others use.

use migrator::migrate::{ChangeOptions, up};
use sqlx::postgres::PgConnectOptions;
use testkit::database::roles;
use testkit::postgres::{PostgresServer, SUPERUSER, ServerOptions};

/// Starts one.
pub(crate) async fn start(options: ServerOptions) -> PostgresServer {
    PostgresServer::start(options, &mut |_| {}).await.expect("a server")
}

/// Our schema in the server's own database, all of it the superuser's: the single tier.
pub(crate) async fn migrate(server: &PostgresServer) {
    up(&server.options(SUPERUSER, "postgres"), &ChangeOptions::embedded().expect("the migrations"))
        .await
        .expect("migrated");
}

/// The same as the owner, with the rights of the other logins: the split tier.
pub(crate) async fn migrate_split(owner: &PgConnectOptions) {
    let mut options = ChangeOptions::embedded().expect("the migrations");
    options.roles = Some(roles());
    up(owner, &options).await.expect("migrated");
}
