//! The release that docs/migrations.md carries through its commands: notes move to a column of their own. Each command is run as
//! it stands there, and must answer what stands below it.

use std::future::pending;

use clap::Parser;
use manual::console::{Example, examples, masked};
use manual::fences;
use migrator::cli::{self, Cli};
use migrator::migrate::{ChangeOptions, MigrationSet, up};
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};
use testkit::database::roles;
use testkit::file::TestFile;
use testkit::{Role, TestDatabase};

use super::DOCUMENT;
use crate::support::{create, run};

/// What has the rules for writing these files, and the text of two of them.
const RULES: &str = include_str!("../../../../../migrations/README.md");
/// The last file of ours below theirs.
const BEFORE: i64 = 4;
const ADD: &str = "-- Why: notes get a column of their own.\n\
                   ALTER TABLE atelier.orders ADD COLUMN notes text, ADD COLUMN old_notes text;";
const ADD_BACK: &str = "-- Why: nobody reads notes any more.\n\
                        ALTER TABLE atelier.orders DROP COLUMN notes, DROP COLUMN old_notes;";
const ONLY_BACK: &str = "-- Why: there is nothing to take back.\nSELECT 1;";
const DROP: &str = "-- Why: nothing reads the old column of notes any more.\n\
                    ALTER TABLE atelier.orders DROP COLUMN old_notes;";

/// The SQL of the rules that has `mark` in it.
fn by_the_rules(mark: &str) -> String {
    let sql = fences(RULES).into_iter().filter(|fence| fence.language == "sql");
    sql.map(|fence| fence.lines.join("\n")).find(|text| text.contains(mark)).expect(mark)
}

/// A migrator of that release, and its database.
struct Release {
    database: TestDatabase,
    files: MigrationSet,
    configuration: TestFile,
}

impl Release {
    /// A database as the release before left it, with thirty orders.
    async fn new() -> Self {
        let database = TestDatabase::empty().await.expect("a database");
        let mut admin = database.connect(Role::Admin).await.expect("the superuser");
        let script = AssertSqlSafe(roles().script(database.name()));
        raw_sql(script).execute(&mut admin).await.expect("the logins' rights");
        let mut options = ChangeOptions::embedded().expect("the embedded files");
        let ours = options.migrations;
        let old: Vec<_> = ours.iter().filter(|file| file.version <= BEFORE).collect();
        let old: Vec<(&str, &str)> = old.iter().map(|file| (&*file.file, &*file.sql)).collect();
        options.migrations = MigrationSet::parse(old.iter().copied()).expect("well-formed");
        options.roles = Some(roles());
        up(&database.options(Role::Owner), &options).await.expect("the schema of before");
        for order_id in 1..=30 {
            run(&mut admin, &create(order_id)).await.expect("an order");
        }
        let (fill, only) =
            (by_the_rules("-- backfill:"), by_the_rules("no application reads orders.old_notes"));
        let new = [
            ("0005_notes.expand.sql", ADD),
            ("0005_notes.down.sql", ADD_BACK),
            ("0006_fill_notes.expand.sql", &fill),
            ("0007_notes_only.expand.sql", &only),
            ("0007_notes_only.down.sql", ONLY_BACK),
            ("0008_drop_old_notes.contract.sql", DROP),
        ];
        let files = MigrationSet::parse(old.into_iter().chain(new)).expect("well-formed");
        let [owner, writer, reader] =
            [Role::Owner, Role::Writer, Role::Reader].map(|role| database.user(role));
        let configuration = TestFile::new(&format!(
            "log.level = \"off\"\n[database]\nurl = \"{}\"\n\
             roles = {{ owner = \"{owner}\", writer = \"{writer}\", reader = \"{reader}\" }}\n",
            database.url(Role::Owner)
        ));
        Self { database, files, configuration: configuration.expect("a file") }
    }

    /// What it says to the words of a command.
    async fn said(&self, command: &str) -> String {
        let words = command.split(' ').chain(["--config", self.configuration.path()]);
        // The test's own variables say where the server is, which is no key of the migrator's.
        let cli = Cli::try_parse_from(words).expect("understood").with_environment(Vec::new());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let ended = Box::pin(cli::run(cli, Ok(self.files.clone()), &mut out, &mut err, pending())).await;
        ended.expect("its outputs take everything");
        let said = [out, err].concat();
        String::from_utf8(said).expect("text").replace(self.database.name(), "atelier")
    }

    /// Runs the commands below `heading`, with the hash of the plan that was made last, which is what a person copies.
    async fn says(&self, heading: &str, hash: &mut String) {
        let all = examples(DOCUMENT, heading);
        assert!(!all.is_empty(), "{heading}");
        for Example { command, output } in all {
            let words = command.split(' ').map(|word| if is_hash(word) { hash.as_str() } else { word });
            let said = self.said(&words.collect::<Vec<_>>().join(" ")).await;
            assert_eq!(masked(&said), masked(&output), "$ {command}\n{said}");
            if let Some(told) = said.trim_end().rsplit(' ').next().filter(|word| is_hash(word)) {
                told.clone_into(hash);
            }
        }
    }
}

fn is_hash(word: &str) -> bool {
    word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[tokio::test]
async fn a_release_goes_through_its_commands_as_the_document_says() {
    let release = Release::new().await;
    let mut hash = String::new();
    release.says("### up", &mut hash).await;
    release.says("### down", &mut hash).await;
    release.said("migrator up").await;
    let mut admin = release.database.connect(Role::Admin).await.expect("the superuser");
    run(&mut admin, "UPDATE atelier.orders SET old_notes = 'as it was'").await.expect("notes of before");
    release.says("### backfill", &mut hash).await;

    let application = release.database.options(Role::Reader).application_name("atelier/orders schema=5");
    let application = PgConnection::connect_with(&application).await.expect("connected");
    release.says("### plan", &mut hash).await;
    application.close().await.expect("closed");
    release.says("### up --contracts", &mut hash).await;
    release.says("### check-rollback", &mut hash).await;
}
