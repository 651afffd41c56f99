//! How far a filter looks: what no index holds is looked for among so many of the owner's orders and no further, so that an
//! owner of a million costs a page no more than one of a thousand.

use sqlx::PgConnection;

use super::{ListKind, Question};

/// How many orders a page looks at when it looks for some of them. It takes some milliseconds.
const LOOKED_AT_MAX: i64 = 5_000;

macro_rules! floors {
    ($connection:expr, $owners:expr, $below:expr, $belongs:literal) => {
        sqlx::query_scalar!(
            r#"
            SELECT (
                SELECT order_id
                FROM atelier.orders
                WHERE order_id < q.below AND "#
                + $belongs
                + r#"
                ORDER BY order_id DESC
                OFFSET $3::int8 - 1 LIMIT 1
            ) AS "floor"
            FROM unnest($1::text[], $2::int8[]) WITH ORDINALITY AS q(owner, below, place)
            ORDER BY q.place
            "#,
            $owners as &[&str],
            $below,
            LOOKED_AT_MAX,
        )
        .fetch_all($connection)
        .await
    };
}

/// The lowest id at which each question looks; `None` where it looks at all there are. Whatever changes before the page
/// is read, it goes on right below.
pub(super) async fn floors(
    connection: &mut PgConnection,
    kind: ListKind,
    questions: &[Question],
) -> Result<Vec<Option<i64>>, sqlx::Error> {
    let mut floors = vec![None; questions.len()];
    let filtered: Vec<usize> =
        (0..questions.len()).filter(|&place| kind.filters(&questions[place])).collect();
    if filtered.is_empty() {
        return Ok(floors);
    }
    let owners: Vec<&str> = filtered.iter().map(|&place| questions[place].owner.name()).collect();
    let below: Vec<i64> = filtered.iter().map(|&place| questions[place].below()).collect();
    let found = match kind {
        ListKind::RequesterPaid => {
            floors!(connection, &owners, &below, "requester_id = q.owner AND paid_at IS NOT NULL")
        }
        ListKind::CreatorPaid => {
            floors!(connection, &owners, &below, "created_by = q.owner AND paid_at IS NOT NULL")
        }
        ListKind::Requester => floors!(connection, &owners, &below, "requester_id = q.owner"),
        ListKind::Creator => floors!(connection, &owners, &below, "created_by = q.owner"),
    }?;
    for (place, floor) in filtered.into_iter().zip(found) {
        floors[place] = floor;
    }
    Ok(floors)
}

impl ListKind {
    /// Whether orders may have to be passed over: paid ones have an index of their own.
    fn filters(self, question: &Question) -> bool {
        let by_stage = match self {
            Self::RequesterPaid | Self::CreatorPaid => false,
            Self::Requester | Self::Creator => question.filter.stage.is_some(),
        };
        by_stage || question.filter.alert.is_some()
    }
}
