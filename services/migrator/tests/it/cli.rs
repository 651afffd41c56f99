//! The binary: exit codes, words on the right stream, nothing secret in them.

use std::process::{Command, Output};

use serde_json::Value;
use testkit::{Role, TestDatabase};

use crate::support::run;

/// The binary in an environment that leads nowhere but to `database`.
fn migrator(database: &TestDatabase, role: Role, args: &[&str]) -> Output {
    with_url(&database.url(role), args)
}

fn with_url(url: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_migrator"))
        .args(args)
        .env_clear()
        .env("ATELIER_DATABASE__URL", url)
        .env("ATELIER_MIGRATIONS__DEADLINE_MS", "30000")
        .output()
        .expect("the binary runs")
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn assert_exit(output: &Output, code: i32) {
    assert_eq!(
        output.status.code(),
        Some(code),
        "stdout: {}\nstderr: {}",
        words(&output.stdout),
        words(&output.stderr)
    );
}

#[tokio::test]
async fn from_nothing_to_a_verified_schema() {
    let database = TestDatabase::empty().await.expect("a database");
    let status = migrator(&database, Role::Admin, &["status", "--output", "json"]);
    assert_exit(&status, 0);
    assert_eq!(serde_json::from_slice::<Value>(&status.stdout).expect("JSON")["window"], "too_old");
    assert_exit(&migrator(&database, Role::Admin, &["wait", "--timeout", "100ms"]), 75);

    let up = migrator(&database, Role::Admin, &["up"]);
    assert_exit(&up, 0);
    assert!(words(&up.stdout).contains("applied 0001_orders.expand.sql"), "{}", words(&up.stdout));

    let status = migrator(&database, Role::Admin, &["status", "--output", "json"]);
    assert_eq!(serde_json::from_slice::<Value>(&status.stdout).expect("JSON")["window"], "fits");
    let verify = migrator(&database, Role::Admin, &["verify", "--output", "json"]);
    assert_exit(&verify, 0);
    assert_eq!(
        serde_json::from_slice::<Value>(&verify.stdout).expect("JSON")["findings"],
        Value::Array(Vec::new())
    );
    assert_exit(&migrator(&database, Role::Admin, &["wait", "--timeout", "10s"]), 0);
}

#[tokio::test]
async fn an_edited_file_ends_with_65_and_a_newer_schema_with_67() {
    let database = TestDatabase::create().await.expect("a database");
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    run(&mut admin, "UPDATE atelier._sqlx_migrations SET checksum = '' WHERE version = 3")
        .await
        .expect("as if edited");
    let up = migrator(&database, Role::Owner, &["up"]);
    assert_exit(&up, 65);
    assert!(words(&up.stderr).contains("0003_history_law.expand.sql"), "{}", words(&up.stderr));
    assert_exit(&migrator(&database, Role::Owner, &["verify"]), 65);

    run(&mut admin, "UPDATE atelier.schema_meta SET min_app_schema = 9999")
        .await
        .expect("as a contract does");
    assert_exit(&migrator(&database, Role::Owner, &["up"]), 67);
    assert_exit(&migrator(&database, Role::Owner, &["wait", "--timeout", "10s"]), 67);
}

#[tokio::test]
async fn a_plan_says_what_to_type_next_and_a_rollback_is_judged() {
    let database = TestDatabase::empty().await.expect("a database");
    let plan = migrator(&database, Role::Admin, &["plan"]);
    assert_exit(&plan, 0);
    let told = words(&plan.stdout);
    for part in ["0001_orders.expand.sql: ", "CREATE TABLE atelier.orders (", "next: migrator up\n"] {
        assert!(told.contains(part), "{part} is missing in: {told}");
    }
    assert!(!told.contains("approved"), "nobody has to approve anything in a new database: {told}");
    assert_exit(&migrator(&database, Role::Admin, &["up"]), 0);
    let json = migrator(&database, Role::Admin, &["plan", "--output", "json"]);
    assert_exit(&json, 0);
    let told: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!((&told["plan_hash"], &told["is_drifted"]), (&Value::Null, &Value::Bool(false)));
    assert_eq!(
        words(&migrator(&database, Role::Admin, &["plan"]).stdout).lines().last(),
        Some("nothing to do")
    );

    let newest = told["schema_version"].as_i64().expect("a number");
    let check =
        |to: i64| migrator(&database, Role::Admin, &["check-rollback", "--to-schema", &to.to_string()]);
    assert_exit(&check(newest), 0);
    assert_exit(&check(newest + 1), 67);
    let contracts = ["up", "--contracts", "--approved-plan-hash", "none", "--output", "json"];
    let report = migrator(&database, Role::Admin, &contracts);
    assert_exit(&report, 0);
    let told: Value = serde_json::from_slice(&report.stdout).expect("JSON");
    assert_eq!(
        (&told["schema_version"], &told["applied"]),
        (&Value::from(newest), &Value::Array(Vec::new()))
    );
    assert_exit(&migrator(&database, Role::Admin, &["up", "--contracts"]), 64);
    let to = (newest - 1).to_string();
    assert_exit(&migrator(&database, Role::Admin, &["plan", "--down-to", &to]), 67);
    assert_exit(&migrator(&database, Role::Admin, &["down", "--to-schema", &to]), 64);
    let to = newest.to_string();
    let down = ["down", "--to-schema", &to, "--approved-plan-hash", "stale"];
    assert_exit(&migrator(&database, Role::Admin, &down), 67);
    assert_exit(&migrator(&database, Role::Admin, &["backfill"]), 0);
    assert_exit(&migrator(&database, Role::Admin, &["backfill", "none"]), 64);
}

#[tokio::test]
async fn a_bundle_tells_everything_but_secrets() {
    let database = TestDatabase::create().await.expect("a database");
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    // A login of its own, since settings of a login belong to the server, which other tests share.
    let login = format!("bundled_{}", std::process::id());
    let make = format!(
        "CREATE ROLE {login} LOGIN; ALTER ROLE {login} SET atelier.mine = 'verysecret';
         ALTER ROLE {login} SET lock_timeout = '7s'; GRANT USAGE ON SCHEMA atelier TO {login};
         GRANT SELECT ON ALL TABLES IN SCHEMA atelier TO {login}"
    );
    run(&mut admin, &make).await.expect("a login");
    let owner = database.user(Role::Owner);
    let url = database.url(Role::Owner).replace(&format!("//{owner}@"), &format!("//{login}:verysecret@"));
    let output = with_url(&url, &["bundle"]);
    assert_exit(&output, 0);
    let told = words(&output.stdout);
    assert!(!told.contains("verysecret"), "{told}");
    let bundle: Value = serde_json::from_str(&told).expect("JSON");
    for part in ["release", "server", "status", "verify", "plan", "configuration"] {
        assert!(bundle[part].is_object() && bundle[part]["error"].is_null(), "{part}: {}", bundle[part]);
    }
    assert_eq!(bundle["server"]["login"], login.as_str());
    assert_eq!(bundle["server"]["settings"]["lock_timeout"], "7000", "as the login has it");
    let roles = bundle["server"]["roles"].as_array().expect("roles");
    let of_login = roles.iter().find(|role| role["name"] == login.as_str()).expect("the login");
    assert_eq!(of_login["settings"], serde_json::json!(["lock_timeout=7s"]));
    assert!(bundle["server"]["settings"]["server_version"].is_string(), "{}", bundle["server"]);

    let folder = std::env::temp_dir().join(format!("bundle-{}.json", std::process::id()));
    let file = folder.to_string_lossy().into_owned();
    assert_exit(&with_url(&url, &["bundle", "--output", &file]), 0);
    let written = std::fs::read_to_string(&folder).expect("the file");
    std::fs::remove_file(&folder).expect("removed");
    assert!(serde_json::from_str::<Value>(&written).expect("JSON")["status"].is_object());
}

#[tokio::test]
async fn a_bundle_of_a_server_that_is_away_says_so_in_each_part() {
    let port = testkit::wait::free_port().expect("a port");
    let output = with_url(&format!("postgres://u:verysecret@127.0.0.1:{port}/d"), &["bundle"]);
    assert_exit(&output, 0);
    let told = words(&output.stdout);
    assert!(!told.contains("verysecret"), "{told}");
    let bundle: Value = serde_json::from_str(&told).expect("JSON");
    assert!(bundle["release"]["schema"].is_i64());
    assert!(bundle["plan"]["error"].is_string(), "{}", bundle["plan"]);
}

#[tokio::test]
async fn drift_makes_verify_fail_and_leaves_up_alone() {
    let database = TestDatabase::create().await.expect("a database");
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    run(&mut admin, "ALTER TABLE atelier.orders DISABLE TRIGGER orders_law_on_update")
        .await
        .expect("drifted");
    let verify = migrator(&database, Role::Reader, &["verify"]);
    assert_exit(&verify, 1);
    assert!(words(&verify.stdout).contains("orders_law_on_update"), "{}", words(&verify.stdout));
    assert_exit(&migrator(&database, Role::Owner, &["up"]), 0);
}

#[tokio::test]
async fn mistakes_in_arguments_and_configuration_end_with_64() {
    assert_exit(&with_url("postgres://u@h/d", &["upp"]), 64);
    assert_exit(&with_url("no address", &["up"]), 64);
    let half_a_tier = Command::new(env!("CARGO_BIN_EXE_migrator"))
        .arg("up")
        .env_clear()
        .env("ATELIER_DATABASE__URL", "postgres://u@127.0.0.1/d")
        .env("ATELIER_DATABASE__ROLES__WRITER", "w")
        .output()
        .expect("the binary runs");
    assert_exit(&half_a_tier, 64);
    let told = words(&half_a_tier.stderr);
    assert!(told.contains("database.roles.owner") && told.contains("database.roles.reader"), "{told}");
}

#[tokio::test]
async fn no_server_ends_with_75_and_no_password_is_told() {
    let port = testkit::wait::free_port().expect("a port");
    let output = Command::new(env!("CARGO_BIN_EXE_migrator"))
        .arg("up")
        .env_clear()
        .env("ATELIER_DATABASE__URL", format!("postgres://u:verysecret@127.0.0.1:{port}/d"))
        .env("ATELIER_MIGRATIONS__DEADLINE_MS", "200")
        .output()
        .expect("the binary runs");
    assert_exit(&output, 75);
    assert!(!words(&output.stderr).contains("verysecret"));
}

#[tokio::test]
async fn roles_are_printed_without_a_database_when_they_are_named() {
    let args = ["roles", "--print-sql", "--owner", "o", "--writer", "w", "--reader", "r", "--database", "d"];
    let output = Command::new(env!("CARGO_BIN_EXE_migrator"))
        .args(args)
        .env_clear()
        .output()
        .expect("the binary runs");
    assert_exit(&output, 0);
    assert!(words(&output.stdout).contains("CREATE ROLE \"w\" LOGIN"));
}

#[tokio::test]
async fn help_version_and_configuration_are_told() {
    for args in
        [&["--help"][..], &["--version"], &["config", "schema"], &["config", "check"], &["config", "dump"]]
    {
        let output = with_url("postgres://u:verysecret@127.0.0.1/d", args);
        assert_exit(&output, 0);
        assert!(!words(&output.stdout).contains("verysecret"), "{args:?}");
        assert!(!output.stdout.is_empty(), "{args:?}");
    }
}

#[tokio::test]
async fn whoever_only_looks_heeds_its_time_and_a_signal_although_a_table_is_locked() {
    let database = TestDatabase::create().await.expect("a database");
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    run(&mut admin, "BEGIN; LOCK TABLE atelier.schema_meta").await.expect("locked");
    let mut looks = Command::new(env!("CARGO_BIN_EXE_migrator"))
        .arg("plan")
        .env_clear()
        .env("ATELIER_DATABASE__URL", database.url(Role::Owner))
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary runs");
    crate::support::count(&database, crate::support::WAITING, 1).await;
    let asked = Command::new("kill").arg(looks.id().to_string()).status().expect("kill");
    assert!(asked.success());
    let begin = std::time::Instant::now();
    assert_eq!(looks.wait().expect("it ends").code(), Some(75));
    assert!(begin.elapsed() < std::time::Duration::from_secs(3), "{:?}", begin.elapsed());

    // After the other, because its session waits on in the server when nobody waits for it any more.
    let begin = std::time::Instant::now();
    assert_exit(&migrator(&database, Role::Owner, &["wait", "--timeout", "1s"]), 75);
    assert!(begin.elapsed() < std::time::Duration::from_secs(4), "{:?}", begin.elapsed());
}
