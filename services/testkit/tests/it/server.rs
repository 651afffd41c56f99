//! The server starts, stops, comes back, and goes when its parent goes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection};
use testkit::postgres::{PostgresServer, Progress, SUPERUSER, ServerError, ServerOptions, StopMode};
use testkit::wait;

const DEADLINE: Duration = Duration::from_secs(30);

async fn started(options: ServerOptions) -> PostgresServer {
    PostgresServer::start(options, &mut |_| {}).await.expect("a server")
}

async fn connect(server: &PostgresServer) -> Result<PgConnection, sqlx::Error> {
    PgConnection::connect_with(&server.options(SUPERUSER, "postgres")).await
}

/// A folder for a kept server, removed with this value. Its parent lets the server's user in.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from("/var/tmp").join(format!("atelier-testkit-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn data_survives_every_way_of_stopping_and_the_port_stays() {
    let mut server = started(ServerOptions::tests()).await;
    let port = server.port();
    connect(&server).await.expect("connected").execute("CREATE TABLE kept (a int)").await.expect("a table");
    for mode in [StopMode::Fast, StopMode::Immediate, StopMode::Killed] {
        // Nothing is forced to disk here, so what a crash must not lose is written first.
        connect(&server).await.expect("connected").execute("CHECKPOINT").await.expect("written");
        server.stop(mode).await.expect("stopped");
        assert!(connect(&server).await.is_err(), "a stopped server answers");
        server.start_again(&mut |_| {}).await.expect("started again");
        assert_eq!(server.port(), port);
        connect(&server).await.expect("connected").execute("TABLE kept").await.expect("the table is there");
    }
}

#[tokio::test]
async fn a_server_and_its_folder_go_when_the_pipe_of_its_parent_ends() {
    let server = started(ServerOptions::tests()).await;
    let options = server.options(SUPERUSER, "postgres");
    let folder: String = sqlx::query_scalar("SHOW data_directory")
        .fetch_one(&mut connect(&server).await.expect("connected"))
        .await
        .expect("its folder");
    // Dropping closes the pipe, which is what the system does for a killed process.
    drop(server);
    wait::until("the server is gone", DEADLINE, || async {
        let refused = PgConnection::connect_with(&options).await.is_err();
        (refused && !PathBuf::from(&folder).exists()).then_some(())
    })
    .await
    .expect("gone");
}

#[tokio::test]
async fn kept_data_opens_with_its_password_only() {
    let folder = Folder::new("locked");
    let mut server = started(ServerOptions::kept(&folder.0, 0)).await;
    let password = server.password().expect("a password").to_owned();
    let with = server.options(SUPERUSER, "postgres");
    for wrong in ["", "wrong"] {
        let refused = PgConnection::connect_with(&with.clone().password(wrong)).await;
        assert!(refused.is_err(), "{wrong:?} should not open it");
    }
    PgConnection::connect_with(&with).await.expect("open with its password");
    server.stop(StopMode::Fast).await.expect("stopped");
    drop(server);
    let again = started(ServerOptions::kept(&folder.0, 0)).await;
    assert_eq!(again.password(), Some(password.as_str()), "the same after a restart");
}

#[tokio::test]
async fn a_stale_pid_file_of_a_stranger_does_not_keep_a_server_from_starting() {
    let folder = Folder::new("stale");
    let mut server = started(ServerOptions::kept(&folder.0, 0)).await;
    server.stop(StopMode::Fast).await.expect("stopped");
    // Our own number: it is alive and no PostgreSQL, as a number that was given again after a reboot.
    fs::write(folder.0.join("data/postmaster.pid"), format!("{}\n", std::process::id())).expect("written");
    server.start_again(&mut |_| {}).await.expect("started again");
}

#[tokio::test]
async fn a_server_that_does_not_start_shows_the_end_of_its_log() {
    let folder = Folder::new("refused");
    let mut server = started(ServerOptions::kept(&folder.0, 0)).await;
    server.stop(StopMode::Fast).await.expect("stopped");
    drop(server);
    let mut options = ServerOptions::kept(&folder.0, 0);
    options.settings.push(("no_such_setting".to_owned(), "1".to_owned()));
    let error = PostgresServer::start(options, &mut |_| {}).await.expect_err("should not start");
    assert!(
        matches!(&error, ServerError::NotReady { log, .. } if log.contains("no_such_setting")),
        "{error}"
    );
}

#[tokio::test]
async fn each_step_is_told_in_words() {
    let mut told = Vec::new();
    let server =
        PostgresServer::start(ServerOptions::tests(), &mut |step| told.push(step)).await.expect("a server");
    assert_eq!(told.last(), Some(&Progress::Ready { port: server.port() }));
    assert!(told.iter().all(|step| step.to_string().starts_with("PostgreSQL")));
}
