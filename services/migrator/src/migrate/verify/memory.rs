//! What the migrator's own tables tell, held against the files and against itself: whoever changes them changes what is allowed.

use sqlx::PgConnection;
use sqlx::{FromRow, query_as};

use super::Finding;
use crate::migrate::bookkeeping::Memory;
use crate::migrate::files::{MigrationSet, Phase};

/// A row of ours beside sqlx's.
#[derive(FromRow)]
struct Row {
    version: i64,
    down_sql: Option<String>,
    has_partner: bool,
}

/// What cannot have come about by any command of ours.
pub(super) async fn examine(
    connection: &mut PgConnection,
    migrations: &MigrationSet,
    memory: &Memory,
) -> Result<Vec<Finding>, sqlx::Error> {
    let rows: Vec<Row> = query_as(
        "SELECT version, down_sql, EXISTS (SELECT FROM atelier._sqlx_migrations AS s WHERE s.version = f.version) AS has_partner
         FROM atelier.schema_meta_files AS f ORDER BY version",
    )
    .fetch_all(connection)
    .await?;
    let mut findings = Vec::new();
    let mut add = |what| findings.push(Finding::Bookkeeping { what });
    for Row { version, down_sql, has_partner } in rows {
        if !has_partner {
            add(format!("migration {version} is in schema_meta_files and not in _sqlx_migrations"));
        }
        // A file that had none when it was applied may have been given one since.
        let ours =
            migrations.iter().find(|file| file.version == version).and_then(|file| file.down_sql.as_deref());
        if let (Some(stored), Some(ours)) = (down_sql, ours)
            && stored != ours
        {
            add(format!("the stored down file of migration {version} is not this release's"));
        }
    }
    let (is, least) = (i64::from(memory.meta.min_app_schema), least(migrations, memory));
    if is < least {
        add(format!(
            "min_app_schema is {is}, and the contracts that ran made it {least}: older applications would be let in"
        ));
    }
    Ok(findings)
}

/// A contract raises it before it runs, so it may be higher, but never lower.
fn least(migrations: &MigrationSet, memory: &Memory) -> i64 {
    let ran = migrations.of(Phase::Contract).filter(|file| memory.row(file.version).is_some());
    ran.map(|file| migrations.needed_by(file)).max().unwrap_or(0)
}
