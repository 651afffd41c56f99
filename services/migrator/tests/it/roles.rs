//! The split tier's script, and the single tier's login that may do nothing but own its database.

use migrator::migrate::grants::GrantsError;
use migrator::migrate::{ChangeError, ChangeOptions, Roles, up};
use sqlx::{PgConnection, query_scalar};
use testkit::Role;

use crate::support::{empty, run};

/// Roles belong to the server, which other tests share: each test has names of its own.
fn names(stem: &str) -> Roles {
    let name = |role: &str| format!("{stem} \"{role}\" {}", std::process::id());
    Roles::new(&name("owner"), &name("writer"), &name("reader")).expect("three names")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[tokio::test]
async fn the_script_can_be_run_again_and_up_works_as_the_owner_it_made() {
    let (database, mut admin) = empty().await;
    let roles = names("script");
    for _ in 0..2 {
        run(&mut admin, &roles.script(database.name())).await.expect("the script");
    }
    let mut options = ChangeOptions::embedded().expect("the embedded files");
    options.roles = Some(roles.clone());
    let report = up(&database.options(Role::Admin).username(&roles.owner), &options).await.expect("up");
    assert!(report.granted);
    let timeout: Vec<String> = query_scalar("SELECT unnest(rolconfig) FROM pg_roles WHERE rolname = $1")
        .bind(&roles.writer)
        .fetch_all(&mut admin)
        .await
        .expect("settings");
    assert!(timeout.contains(&"statement_timeout=5s".to_owned()), "{timeout:?}");
}

#[tokio::test]
async fn whoever_may_create_roles_and_schemas_needs_no_more_to_run_the_script() {
    let (database, mut admin) = empty().await;
    let maker = format!("maker_{}", std::process::id());
    run(
        &mut admin,
        &format!(
            "CREATE ROLE {maker} LOGIN CREATEROLE; GRANT CREATE ON DATABASE {} TO {maker} WITH GRANT OPTION",
            database.name()
        ),
    )
    .await
    .expect("a maker of roles");
    run(&mut admin, &format!("GRANT CONNECT ON DATABASE {} TO {maker} WITH GRANT OPTION", database.name()))
        .await
        .expect("granted");
    let options = database.options(Role::Admin).username(&maker);
    let mut connection = <PgConnection as sqlx::Connection>::connect_with(&options).await.expect("connected");
    let roles = names("maker");
    run(&mut connection, &roles.script(database.name())).await.expect("the script");
    let owner: String =
        query_scalar("SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'atelier'")
            .fetch_one(&mut connection)
            .await
            .expect("an owner");
    assert_eq!(owner, roles.owner);
    run(&mut connection, &roles.script(database.name())).await.expect("the script again");
}

#[tokio::test]
async fn a_missing_role_is_named_with_the_way_to_make_it_before_anything_changes() {
    let (database, mut admin) = empty().await;
    let mut options = ChangeOptions::embedded().expect("the embedded files");
    options.roles = Some(names("missing"));
    let error = up(&database.options(Role::Admin), &options).await.expect_err("no such roles");
    let ChangeError::Roles(error @ GrantsError::RoleMissing { .. }) = error else { panic!("{error}") };
    assert!(error.to_string().contains("migrator roles --print-sql"), "{error}");
    let there: bool = query_scalar("SELECT to_regnamespace('atelier') IS NOT NULL")
        .fetch_one(&mut admin)
        .await
        .expect("an answer");
    assert!(!there);
}

#[tokio::test]
async fn a_login_other_than_the_configured_owner_is_refused() {
    let (database, mut admin) = empty().await;
    let roles = names("other");
    run(&mut admin, &roles.script(database.name())).await.expect("the script");
    let mut options = ChangeOptions::embedded().expect("the embedded files");
    options.roles = Some(roles);
    let error =
        up(&database.options(Role::Admin), &options).await.expect_err("the superuser is not the owner");
    assert!(matches!(error, ChangeError::Roles(GrantsError::NotOwner { .. })), "{error}");
}

#[tokio::test]
async fn in_the_single_tier_another_login_than_the_schemas_owner_is_refused() {
    let (database, mut admin) = empty().await;
    let owner = quoted(&format!("first {}", std::process::id()));
    run(&mut admin, &format!("CREATE ROLE {owner}; CREATE SCHEMA atelier AUTHORIZATION {owner}"))
        .await
        .expect("somebody else's schema");
    let options = ChangeOptions::embedded().expect("the embedded files");
    let error =
        up(&database.options(Role::Admin), &options).await.expect_err("all of it is to have one owner");
    assert!(matches!(error, ChangeError::Roles(GrantsError::ForeignSchema { .. })), "{error}");
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('atelier')";
    assert_eq!(query_scalar::<_, i64>(tables).fetch_one(&mut admin).await.expect("a count"), 0);
}

#[tokio::test]
async fn the_single_tier_needs_a_login_that_owns_the_database_and_nothing_in_public() {
    let (database, mut admin) = empty().await;
    let app = quoted(&format!("app {}", std::process::id()));
    run(&mut admin, &format!("CREATE ROLE {app} LOGIN; ALTER DATABASE {} OWNER TO {app}; REVOKE ALL ON SCHEMA public FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM pg_database_owner", database.name()))
        .await
        .expect("a login");
    let login = database.options(Role::Admin).username(app.trim_matches('"'));
    let options = ChangeOptions::embedded().expect("the embedded files");
    let report = up(&login, &options).await.expect("up");
    assert!(!report.granted);
    let owner: String =
        query_scalar("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'atelier.orders'::regclass")
            .fetch_one(&mut admin)
            .await
            .expect("an owner");
    assert_eq!(quoted(&owner), app);
    up(&login, &options).await.expect("up again");
}

#[tokio::test]
async fn a_login_that_owns_only_the_schema_is_enough_for_the_next_up() {
    let (database, mut admin) = empty().await;
    let roles = names("schema");
    run(&mut admin, &roles.script(database.name())).await.expect("the script");
    let may_create: bool = query_scalar("SELECT has_database_privilege($1, current_database(), 'CREATE')")
        .bind(&roles.owner)
        .fetch_one(&mut admin)
        .await
        .expect("an answer");
    assert!(!may_create, "the test would prove nothing");
    let login = database.options(Role::Admin).username(&roles.owner);
    up(&login, &ChangeOptions::embedded().expect("the embedded files")).await.expect("up");
}
