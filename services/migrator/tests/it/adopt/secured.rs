//! An old database on a server of its own, which proves itself: nobody else gets the password.

use std::process::Command;

use sqlx::{Connection, PgConnection};
use testkit::certificate::Authority;
use testkit::file::TestFile;
use testkit::postgres::{PostgresServer, SUPERUSER, ServerOptions};
use testkit::{Role, TestDatabase};

use super::old::TABLES;
use crate::support::{migrated, run};

fn said(database: &TestDatabase, port: u16, authority: &TestFile) -> (Option<i32>, String) {
    let from = format!("postgres://{SUPERUSER}:verysecret@127.0.0.1:{port}/postgres?sslmode=verify-full");
    let csv = std::env::temp_dir().join(format!("secured-{}.csv", std::process::id()));
    let output = Command::new(env!("CARGO_BIN_EXE_migrator"))
        .args(["adopt", "--from", &from, "--from-ca-file", authority.path(), "--csv"])
        .arg(&csv)
        .env_clear()
        .env("ATELIER_DATABASE__URL", database.url(Role::Owner))
        .env("ATELIER_MIGRATIONS__DEADLINE_MS", "2000")
        .output()
        .expect("the binary runs");
    // There is none after a refusal.
    let _ = std::fs::remove_file(csv);
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&told).into_owned())
}

#[tokio::test]
async fn it_is_adopted_from_only_if_its_certificate_is_believed() {
    let (believed, stranger) = (
        Authority::new("believed").expect("an authority"),
        Authority::new("a stranger").expect("an authority"),
    );
    let certificate = believed.sign(&["127.0.0.1"]).expect("a certificate");
    let options = ServerOptions { certificate: Some(certificate), ..ServerOptions::tests() };
    let server = PostgresServer::start(options, &mut |_| {}).await.expect("a server");
    let mut admin =
        PgConnection::connect_with(&server.options(SUPERUSER, "postgres")).await.expect("connected");
    run(&mut admin, &TABLES.replace(":orders", "50")).await.expect("old orders");
    let (database, _admin) = migrated(Role::Admin).await;

    let stranger = TestFile::new(stranger.pem()).expect("a file");
    let (code, told) = said(&database, server.port(), &stranger);
    assert_eq!(code, Some(75), "{told}");
    assert!(told.contains("certificate") && !told.contains("verysecret"), "{told}");
    let believed = TestFile::new(believed.pem()).expect("a file");
    let (code, told) = said(&database, server.port(), &believed);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("verified: 49 orders"), "{told}");
}
