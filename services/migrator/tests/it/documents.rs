//! What documents show of this program is what it understands and answers: a release, the four questions, an adoption, an
//! erasure, the end of a restore.

mod notes;

use std::path::Path;
use std::process::Command;

use clap::CommandFactory;
use manual::console::{Example, examples, masked};
use migrator::cli::Cli;
use sqlx::PgConnection;
use testkit::{Role, TestDatabase};

use crate::adopt::old::Old;
use crate::support::{application, create, migrated, of_schema, run};

const DOCUMENT: &str = include_str!("../../../../docs/migrations.md");
const ADOPTING: &str = include_str!("../../../../docs/adopting.md");
const OPERATIONS: &str = include_str!("../../../../docs/operations.md");
const SECURITY: &str = include_str!("../../../../docs/security.md");
/// What is asked of a service instead; its own tests do.
const OF_A_SERVICE: &str = "curl ";

#[test]
fn what_is_written_of_it_is_what_it_understands() {
    let program = Cli::command();
    manual::check(&program, "migrator");
    // kubectl calls it as its plugin.
    manual::check(program.find_subcommand("kubectl").expect("the word"), "kubectl atelier");
}

/// What a shell says to it in `folder`, both its outputs, with this binary at hand.
fn said(database: &TestDatabase, folder: &Path, example: &Example) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_migrator")).parent().expect("its folder");
    let path = format!("{}:/usr/bin:/bin", binary.display());
    let output = Command::new("sh")
        .args(["-c", &format!("{} 2>&1", example.command)])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("ATELIER_DATABASE__URL", database.url(Role::Admin))
        .env("ATELIER_LOG__LEVEL", "off")
        .output()
        .expect("a shell");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn the_four_questions_are_answered_as_the_document_says() {
    let database = of_schema(5).await;
    let by_hand = DOCUMENT.split_once("Somebody ran `").expect("what was done by hand").1;
    let by_hand = by_hand.split_once('`').expect("a statement").0;
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    run(&mut admin, by_hand).await.expect("changed by hand");
    let _old = application(&database, "atelier/order-status schema=4").await;
    let all = examples(DOCUMENT, "## Four questions");
    let ours: Vec<&Example> = all.iter().filter(|it| !it.command.starts_with(OF_A_SERVICE)).collect();
    assert_eq!((all.len(), ours.len()), (6, 5));
    for example in ours {
        assert_said(&database, &std::env::temp_dir(), example);
    }
}

#[track_caller]
fn assert_said(database: &TestDatabase, folder: &Path, example: &Example) {
    let said = said(database, folder, example);
    assert_eq!(masked(&said), masked(&example.output), "$ {}\n{said}", example.command);
}

#[tokio::test]
async fn an_adoption_goes_as_the_document_says() {
    let mut old = Old::of(1000).await;
    let (database, mut admin) = migrated(Role::Admin).await;
    // A role is the whole server's, so each run has a name of its own.
    let login = format!("adoption_{}", std::process::id());
    let made = ADOPTING.split_once("`CREATE ROLE ").expect("who makes a login").1;
    let made = made.split_once('`').expect("its end").0.replace("adoption", &login).replace('…', "planted");
    old.run(&format!("CREATE ROLE {made}")).await;
    let (host, port, name) = (old.database.host(), old.database.port(), old.database.name());
    let address = format!("postgres://{login}:planted@{host}:{port}/{name}?sslmode=disable");
    let folder = std::env::temp_dir().join(format!("adopting-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("old-database"), address).expect("an address");
    let all = examples(ADOPTING, "## A rehearsal");
    assert_eq!(all.len(), 4);
    for example in &all {
        assert_said(&database, &folder, example);
    }
    std::fs::remove_dir_all(&folder).expect("removed");
    old.run(&format!("DROP OWNED BY {login}; DROP ROLE {login}")).await;

    let list = ADOPTING.split_once("```sql\n").expect("a statement").1.split_once("```").expect("its end").0;
    let rows = async |admin: &mut PgConnection| {
        let rows = sqlx::query(sqlx::AssertSqlSafe(list.to_owned())).fetch_all(admin).await;
        rows.expect("a list").len()
    };
    assert_eq!(rows(&mut admin).await, 0);
    run(&mut admin, &create(7000)).await.expect("an order of the new system");
    assert_eq!(rows(&mut admin).await, 1);
}

#[tokio::test]
async fn an_erasure_goes_as_the_document_says() {
    let (database, mut admin) = migrated(Role::Admin).await;
    for order_id in [1, 2] {
        let named = create(order_id).replace("'u'", "'ada'").replace("'m'", "'ada-makes'");
        run(&mut admin, &named).await.expect("an order");
    }
    let all = examples(SECURITY, "## Erase a person");
    assert_eq!(all.len(), 3);
    for example in &all {
        assert_said(&database, &std::env::temp_dir(), example);
    }
}

#[tokio::test]
async fn a_restore_ends_as_the_document_says() {
    let (database, mut admin) = migrated(Role::Admin).await;
    run(&mut admin, &create(4711)).await.expect("an order");
    let all = examples(OPERATIONS, "## Backup and restore");
    assert_eq!(all.len(), 1);
    assert_said(&database, &std::env::temp_dir(), &all[0]);
}
