//! Each test has a database of its own, migrated, and the four ways into it.

use sqlx::query_scalar;
use testkit::{Role, TestDatabase};

#[tokio::test]
async fn two_databases_share_nothing_but_the_schema() {
    let (one, other) = tokio::join!(TestDatabase::create(), TestDatabase::create());
    let (one, other) = (one.expect("a database"), other.expect("another"));
    assert_ne!(one.name(), other.name());
    let mut writer = one.connect(Role::Writer).await.expect("the writer");
    sqlx::query("INSERT INTO atelier.idempotency_keys VALUES ('u', 'k', decode(repeat('00', 32), 'hex'), 1)")
        .execute(&mut writer)
        .await
        .expect("a row");
    let mut reader = other.connect(Role::Reader).await.expect("the reader");
    let rows: i64 = query_scalar("SELECT count(*) FROM atelier.idempotency_keys")
        .fetch_one(&mut reader)
        .await
        .expect("a count");
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn an_address_leads_to_the_database_as_the_role_it_names() {
    let database = TestDatabase::create().await.expect("a database");
    for role in [Role::Admin, Role::Owner, Role::Writer, Role::Reader] {
        let mut connection =
            <sqlx::PgConnection as sqlx::Connection>::connect(&database.url(role)).await.expect("connected");
        let is: (String, String) = sqlx::query_as("SELECT current_user::text, current_database()::text")
            .fetch_one(&mut connection)
            .await
            .expect("who and where");
        assert_eq!(is, (database.user(role).to_owned(), database.name().to_owned()));
    }
}

#[tokio::test]
async fn an_empty_database_has_no_schema_of_ours() {
    let database = TestDatabase::empty().await.expect("a database");
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    let there: bool = query_scalar("SELECT to_regnamespace('atelier') IS NOT NULL")
        .fetch_one(&mut admin)
        .await
        .expect("an answer");
    assert!(!there);
}
