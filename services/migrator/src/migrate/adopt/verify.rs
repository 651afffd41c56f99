//! Whether what was adopted is what was promised: checksums of ranges, computed by both databases from their own rows.
//!
//! Nothing that the copy carried or counted is believed. Orders that cannot be compared are named by the report, or were moved here
//! since; one that is in neither list is lost, and fails the verification.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, FromRow, query_as};

use super::mapping;
use super::rule::PARAMS_NO_OBJECT;
use super::source::Source;

/// What the new database says of a range.
#[derive(Debug, FromRow)]
struct Kept {
    orders: i64,
    checksum: String,
    /// Orders that are not compared.
    but: Vec<i64>,
    /// Old orders that are neither here nor in the report.
    lost: Vec<i64>,
    /// Orders whose parameters are no object.
    no_objects: Vec<i64>,
}

/// What a range is found to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// So many orders are equal on both sides.
    Equal(i64),
    /// These are not: they differ, are missing, or are lost.
    Different(Vec<i64>),
}

/// Holds one range against the old database. `broken` is the old database's, `Err` ours.
pub(super) async fn range(
    source: &mut Source,
    target: &mut PgConnection,
    (after, upto): (i64, i64),
) -> Result<Result<Verdict, sqlx::Error>, sqlx::Error> {
    let sql = format!(
        "{}, sum AS ({}) SELECT count AS orders, coalesce AS checksum,
            ARRAY(SELECT order_id FROM adopted WHERE NOT is_comparable) AS but,
            ARRAY(SELECT order_id FROM adopted WHERE is_lost) AS lost,
            ARRAY(SELECT order_id FROM atelier.schema_meta_adoption_findings
                WHERE order_id > $1 AND order_id <= $2 AND rule = $3) AS no_objects
         FROM sum",
        mapping::KEPT,
        mapping::CHECKSUM
    );
    let kept: Kept = query_as(AssertSqlSafe(sql))
        .bind(after)
        .bind(upto)
        .bind(PARAMS_NO_OBJECT)
        .fetch_one(&mut *target)
        .await?;
    let promised = match source.checksum((after, upto), &kept.but, &kept.no_objects).await {
        Ok(promised) => promised,
        Err(error) => return Ok(Err(error)),
    };
    if kept.lost.is_empty() && promised == (kept.orders, kept.checksum) {
        return Ok(Ok(Verdict::Equal(kept.orders)));
    }
    let ours: Vec<(i64, String)> = query_as(AssertSqlSafe(format!("{}{}", mapping::KEPT, mapping::LINES)))
        .bind(after)
        .bind(upto)
        .fetch_all(target)
        .await?;
    let theirs = match source.lines((after, upto), &kept.but, &kept.no_objects).await {
        Ok(theirs) => theirs,
        Err(error) => return Ok(Err(error)),
    };
    let only = |these: &[(i64, String)], those: &[(i64, String)]| -> Vec<i64> {
        these.iter().filter(|it| those.binary_search(it).is_err()).map(|(order_id, _)| *order_id).collect()
    };
    let mut different = [kept.lost, only(&ours, &theirs), only(&theirs, &ours)].concat();
    different.sort_unstable();
    different.dedup();
    Ok(Ok(Verdict::Different(different)))
}
