//! The triggers that keep history true: whether each that the applied files made is there and switched on.

use sqlx::postgres::PgConnection;
use sqlx::query_as;

use super::Finding;
use crate::migrate::bookkeeping::Memory;
use crate::migrate::files::MigrationSet;

/// Each with its table. Without one of them, promises of the documentation do not hold.
const GUARDS: [(&str, &str); 15] = [
    ("orders", "orders_law_on_insert"),
    ("orders", "orders_law_on_update"),
    ("orders", "orders_identity_is_fixed"),
    ("orders", "orders_parties_are_fixed"),
    ("orders", "orders_no_delete"),
    ("orders", "orders_no_truncate"),
    ("order_events", "order_events_law_on_insert"),
    ("order_events", "order_events_no_update"),
    ("order_events", "order_events_no_unrecorded_update"),
    ("order_events", "order_events_no_delete"),
    ("order_events", "order_events_no_truncate"),
    ("erasures", "erasures_signed"),
    ("erasures", "erasures_no_update"),
    ("erasures", "erasures_no_delete"),
    ("erasures", "erasures_no_truncate"),
];

/// A guard is asked for where the last applied file that names it makes it; a contract may have taken it away.
fn is_expected(migrations: &MigrationSet, memory: &Memory, trigger: &str) -> bool {
    let made = format!("CREATE TRIGGER {trigger} ");
    let named = [&made, &format!("DROP TRIGGER {trigger} ")];
    let applied = migrations.iter().filter(|file| memory.row(file.version).is_some());
    let last = applied.filter(|file| named.iter().any(|words| file.sql.contains(*words))).last();
    last.is_some_and(|file| file.sql.contains(&made))
}

/// What is missing or switched off.
pub(super) async fn examine(
    connection: &mut PgConnection,
    migrations: &MigrationSet,
    memory: &Memory,
) -> Result<Vec<Finding>, sqlx::Error> {
    let there: Vec<(String, String, bool)> = query_as(
        "SELECT c.relname::text, t.tgname::text, t.tgenabled IN ('O', 'A')
         FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
         WHERE c.relnamespace = to_regnamespace('atelier') AND NOT t.tgisinternal",
    )
    .fetch_all(connection)
    .await?;
    let mut findings = Vec::new();
    for (table, trigger) in GUARDS.into_iter().filter(|(_, name)| is_expected(migrations, memory, name)) {
        let (table, trigger) = (table.to_owned(), trigger.to_owned());
        match there.iter().find(|(of, name, _)| *of == table && *name == trigger) {
            None => findings.push(Finding::GuardMissing { table, trigger }),
            Some((_, _, false)) => findings.push(Finding::GuardDisabled { table, trigger }),
            Some(_) => {}
        }
    }
    Ok(findings)
}
