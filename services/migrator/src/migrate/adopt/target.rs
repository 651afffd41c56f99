//! The new database: what becomes of each old order there is judged first, then written, a batch a transaction.
//!
//! Every guard of the schema stays on. An order is founded, and moved, by ordinary events; whatever the database refuses is left out
//! by itself and told, and never keeps the others out.

use std::collections::HashMap;

use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, FromRow, query, query_as, query_scalar};

use super::old_order::OldOrder;
use super::params;
use super::rule::{CHANGED_FIXED, CHANGED_IN_BOTH, Finding, GONE, ID_TAKEN, PARAMS_NO_OBJECT, REFUSED};
use super::sql;

/// What becomes of an old order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is here, and as it was there.
    Same,
    /// It is made.
    New,
    /// It changed there and nobody touched it here: it is moved.
    Changed,
    /// It cannot be had here, by one of its rules.
    LeftOut,
    /// An order of the new system has its id.
    Taken,
    /// It changed there, and was moved here.
    ChangedInBoth,
}

/// An old order, and the order that it is or was here.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) old: OldOrder,
    pub(super) fate: Fate,
    pub(super) findings: Vec<Finding>,
    params: String,
    here: Here,
}

/// What is here of one key.
#[derive(Debug, Clone, Copy, FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "a row of answers to questions of yes and no")]
struct Here {
    order_id: i64,
    is_known: bool,
    is_same: bool,
    is_erased: bool,
    adopted_version: Option<i64>,
    version: Option<i64>,
    rung: Option<i32>,
    alert: Option<bool>,
    is_fixed: bool,
}

/// Judges the old orders of one range.
pub(super) async fn judge(
    connection: &mut PgConnection,
    rows: Vec<OldOrder>,
) -> Result<Vec<Judged>, sqlx::Error> {
    let ids: Vec<i64> = rows.iter().map(|row| row.order_id).collect();
    let texts = |pick: fn(&OldOrder) -> Option<&str>| rows.iter().map(pick).collect::<Vec<_>>();
    let here: Vec<Here> = query_as(sql::HERE)
        .bind(&ids)
        .bind(texts(|row| Some(&row.hash)))
        .bind(texts(|row| row.requester_id.as_deref()))
        .bind(texts(|row| row.created_by.as_deref()))
        .bind(texts(|row| Some(&row.created_at)))
        .fetch_all(connection)
        .await?;
    // One line a key, in the order that was asked.
    debug_assert!(here.iter().map(|here| here.order_id).eq(ids));
    Ok(rows.into_iter().zip(here).map(|(old, here)| judged(old, here)).collect())
}

fn judged(old: OldOrder, here: Here) -> Judged {
    let fate = fate(&old, &here);
    let (params, is_no_object) = params::adopted(&old.params_kind, old.params.as_deref());
    let mut findings = old.findings();
    if is_no_object {
        findings.push(old.finding(PARAMS_NO_OBJECT));
    }
    match fate {
        Fate::Taken => findings.push(old.finding(ID_TAKEN)),
        Fate::ChangedInBoth => findings.push(old.finding(CHANGED_IN_BOTH)),
        Fate::Changed if !here.is_fixed => findings.push(old.finding(CHANGED_FIXED)),
        _ => {}
    }
    Judged { old, fate, findings, params, here }
}

fn fate(old: &OldOrder, here: &Here) -> Fate {
    let is_usable = old.requester_id.is_some() && old.created_by.is_some();
    match here.adopted_version {
        _ if here.is_known && (here.is_same || here.is_erased) => Fate::Same,
        None if here.version.is_some() => Fate::Taken,
        None if is_usable => Fate::New,
        None => Fate::LeftOut,
        Some(version) if here.version != Some(version) || !is_usable => Fate::ChangedInBoth,
        Some(_) => Fate::Changed,
    }
}

/// Writes what was judged: in one transaction, and where the database refuses one, by halves, so that only that one is left out.
/// Answers the findings that came of it.
pub(super) async fn write(connection: &mut PgConnection, judged: &mut [Judged]) -> Result<(), sqlx::Error> {
    let mut waiting = vec![judged];
    while let Some(part) = waiting.pop() {
        match write_at_once(connection, part).await {
            Ok(()) => {}
            Err(error) if !is_refusal(&error) => return Err(error),
            Err(error) if part.len() == 1 => {
                let one = &mut part[0];
                // The message may quote the row, which is somebody's; the code does not.
                let code = error.as_database_error().and_then(|error| error.code().map(String::from));
                tracing::warn!(
                    order_id = one.old.order_id,
                    code,
                    "the database refuses this order: it is left out"
                );
                one.findings.push(one.old.finding(REFUSED));
                one.fate = if one.fate == Fate::Changed { Fate::ChangedInBoth } else { Fate::LeftOut };
                waiting.push(part);
            }
            Err(_) => {
                let (first, second) = part.split_at_mut(part.len() / 2);
                waiting.extend([second, first]);
            }
        }
    }
    Ok(())
}

/// What a row may be to blame for: its data, or a constraint.
fn is_refusal(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| code.starts_with("22") || code.starts_with("23") || code.starts_with("54"))
}

async fn write_at_once(connection: &mut PgConnection, judged: &mut [Judged]) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let made = put(&mut transaction, judged, Fate::New).await?;
    let moved = put(&mut transaction, judged, Fate::Changed).await?;
    let done: HashMap<i64, i64> = made.into_iter().chain(moved).collect();
    // What came between the look and the write: somebody took the id, or moved the order.
    for one in judged.iter_mut() {
        let is_done = done.contains_key(&one.old.order_id);
        let lost = match one.fate {
            Fate::New if !is_done => Some((Fate::Taken, ID_TAKEN)),
            Fate::Changed if !is_done => Some((Fate::ChangedInBoth, CHANGED_IN_BOTH)),
            _ => None,
        };
        if let Some((fate, rule)) = lost {
            one.fate = fate;
            one.findings.push(one.old.finding(rule));
        }
    }
    let seen: Vec<&Judged> = judged.iter().filter(|one| one.fate != Fate::Same).collect();
    let version = |one: &Judged| done.get(&one.old.order_id).copied().or(one.here.adopted_version);
    query(sql::REMEMBER)
        .bind(seen.iter().map(|one| one.old.order_id).collect::<Vec<_>>())
        .bind(seen.iter().map(|one| one.old.hash.as_str()).collect::<Vec<_>>())
        .bind(seen.iter().map(|one| version(one)).collect::<Vec<_>>())
        .execute(&mut *transaction)
        .await?;
    query("DELETE FROM atelier.schema_meta_adoption_findings WHERE order_id = ANY ($1)")
        .bind(seen.iter().map(|one| one.old.order_id).collect::<Vec<_>>())
        .execute(&mut *transaction)
        .await?;
    let findings: Vec<&Finding> = seen.iter().flat_map(|one| &one.findings).collect();
    tell(&mut transaction, &findings).await?;
    transaction.commit().await
}

/// Writes the orders of one fate, and answers which were written, each with its version.
async fn put(
    connection: &mut PgConnection,
    judged: &[Judged],
    fate: Fate,
) -> Result<Vec<(i64, i64)>, sqlx::Error> {
    let rows: Vec<&Judged> = judged.iter().filter(|one| one.fate == fate).collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let sql = if fate == Fate::New { sql::found() } else { sql::change() };
    let numbers = |pick: fn(&Judged) -> i64| rows.iter().map(|one| pick(one)).collect::<Vec<_>>();
    let rungs = |pick: fn(&Judged) -> i32| rows.iter().map(|one| pick(one)).collect::<Vec<_>>();
    let flags = |pick: fn(&Judged) -> bool| rows.iter().map(|one| pick(one)).collect::<Vec<_>>();
    let texts = |pick: fn(&Judged) -> Option<&str>| rows.iter().map(|one| pick(one)).collect::<Vec<_>>();
    query_as(AssertSqlSafe(sql))
        .bind(numbers(|one| one.old.order_id))
        .bind(texts(|one| one.old.requester_id.as_deref()))
        .bind(texts(|one| one.old.created_by.as_deref()))
        .bind(rungs(|one| one.old.rung))
        .bind(flags(|one| one.old.alert))
        .bind(texts(|one| one.old.model_id.as_deref()))
        .bind(texts(|one| Some(&one.params)))
        .bind(texts(|one| one.old.cost_initial.as_deref()))
        .bind(texts(|one| one.old.cost_final.as_deref()))
        .bind(texts(|one| Some(&one.old.created_at)))
        .bind(numbers(|one| one.here.version.unwrap_or_default()))
        .bind(rungs(|one| one.here.rung.unwrap_or_default()))
        .bind(flags(|one| one.here.alert.unwrap_or_default()))
        .fetch_all(connection)
        .await
}

/// Adds findings.
pub(super) async fn tell(connection: &mut PgConnection, findings: &[&Finding]) -> Result<(), sqlx::Error> {
    query(
        "INSERT INTO atelier.schema_meta_adoption_findings (order_id, old_table, old_id, rule, found)
         SELECT * FROM unnest($1::int8[], $2::text[], $3::int8[], $4::text[], $5::text[])
         ON CONFLICT (order_id, old_table, old_id, rule) DO UPDATE SET found = excluded.found",
    )
    .bind(findings.iter().map(|it| it.order_id).collect::<Vec<_>>())
    .bind(findings.iter().map(|it| &*it.old_table).collect::<Vec<_>>())
    .bind(findings.iter().map(|it| it.old_id).collect::<Vec<_>>())
    .bind(findings.iter().map(|it| &*it.rule).collect::<Vec<_>>())
    .bind(findings.iter().map(|it| it.found.as_str()).collect::<Vec<_>>())
    .execute(connection)
    .await
    .map(|_| ())
}

/// Tells of orders between two keys that were adopted and whose rows are no longer among `keys`.
pub(super) async fn tell_gone(
    connection: &mut PgConnection,
    (after, upto): (i64, i64),
    keys: &[i64],
) -> Result<(), sqlx::Error> {
    query(
        "INSERT INTO atelier.schema_meta_adoption_findings (order_id, old_table, old_id, rule, found)
         SELECT order_id, 'orders', order_id, $4, '' FROM atelier.schema_meta_adopted
         WHERE order_id > $1 AND order_id <= $2 AND version IS NOT NULL AND order_id <> ALL ($3)
         ON CONFLICT DO NOTHING",
    )
    .bind(after)
    .bind(upto)
    .bind(keys)
    .bind(GONE)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Lets new ids be drawn above those that were adopted. Half of all ids stay free however large an old one is: those above are
/// skipped when they are met.
pub(super) async fn move_ids_on(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    query_scalar(
        "WITH highest AS (
            SELECT coalesce(max(order_id), 0) AS id FROM atelier.schema_meta_adopted WHERE order_id <= 4503599627370496
        )
        SELECT CASE WHEN last_value <= id THEN setval('atelier.order_id_seq', id) + 1 ELSE last_value + is_called::int END
        FROM highest, atelier.order_id_seq",
    )
    .fetch_one(connection)
    .await
}
