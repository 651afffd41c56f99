//! Lists of orders by owner, newest (highest id) first, from a position on.
//!
//! No page's cost grows with the table, nor with what its owner has: a filter looks at so many orders and no further
//! ([`floor`]), and the page says from where to go on.

mod floor;
mod row;

use std::cmp::Reverse;

use order_model::{ModelId, Stage, UserId, Username};
use serde_json::value::RawValue;
use service_kit::database::{Call, Database, Kind, Outcome, Statement};
use sqlx::PgConnection;
use sqlx::types::Json;

pub(crate) use row::ListItem;
use row::{Parsed, Row};

/// Whose orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Those that a user wants made.
    Requester(UserId),
    /// Those that a creator makes.
    Creator(Username),
}

impl Owner {
    /// The name by which the owner is known.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Requester(user_id) => user_id.as_str(),
            Self::Creator(username) => username.as_str(),
        }
    }
}

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only those at this stage, exactly.
    pub(crate) stage: Option<Stage>,
    /// Only those with, or without, an alert.
    pub(crate) alert: Option<bool>,
}

/// One question.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// Whose orders.
    pub(crate) owner: Owner,
    /// Which of them.
    pub(crate) filter: Filter,
    /// Only those below this id: where the page before ended.
    pub(crate) below: Option<i64>,
    /// How many at most.
    pub(crate) limit: u8,
}

impl Question {
    fn below(&self) -> i64 {
        self.below.unwrap_or(i64::MAX)
    }
}

/// One page: what was asked for, and where to go on.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The orders, newest first.
    pub(crate) items: Vec<ListItem>,
    /// Below which id the next page begins, if older ones may remain.
    pub(crate) next_below: Option<i64>,
}

/// One statement a kind of owner, and one more for paid orders, whose predicate is that of their own index.
macro_rules! pages {
    ($connection:expr, $questions:expr, $floors:expr, $belongs:literal, $filter:literal) => {{
        let columns = Columns::of($questions, $floors);
        sqlx::query_as!(
            Row,
            r#"
            SELECT q.place AS "place!", o.order_id AS "order_id!", o.requester_id AS "requester_id!",
                   o.created_by AS "created_by!", o.stage::text AS "stage!: Parsed<Stage>", o.alert AS "alert!",
                   o.version AS "version!", o.model_id AS "model_id: Parsed<ModelId>", o.custom_params AS "custom_params!: Json<Box<RawValue>>",
                   o.cost_initial, o.cost_final, o.created_at AS "created_at!"
            FROM unnest($1::text[], $2::text[], $3::bool[], $4::int8[], $5::int8[], $6::int8[])
                WITH ORDINALITY AS q(owner, stage, alert, below, floor, rows_max, place)
            CROSS JOIN LATERAL (
                SELECT *
                FROM atelier.orders
                WHERE order_id < q.below AND order_id >= q.floor AND (q.alert IS NULL OR alert = q.alert) AND "#
                + $belongs
                + " AND "
                + $filter
                + r#"
                ORDER BY order_id DESC
                LIMIT q.rows_max
            ) AS o
            "#,
            &columns.owner as &[&str],
            &columns.stage as &[Option<&str>],
            &columns.alert as &[Option<bool>],
            &columns.below,
            &columns.floor,
            &columns.rows_max,
        )
        .fetch_all($connection)
        .await
    }};
}

/// Reads pages of one kind of list. Each question must be of that kind: see [`Lists::of`].
pub(crate) struct ReadList(ListKind);

impl Statement for ReadList {
    const KIND: Kind = Kind::Read;
    type Question = Question;
    type Answer = Page;

    fn name(&self) -> &'static str {
        match self.0 {
            ListKind::RequesterPaid => "list_requester_paid",
            ListKind::CreatorPaid => "list_creator_paid",
            ListKind::Requester => "list_requester",
            ListKind::Creator => "list_creator",
        }
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        questions: &[Question],
    ) -> Result<Vec<Outcome<Page>>, sqlx::Error> {
        Ok(read_lists(connection, self.0, questions).await?.into_iter().map(Outcome::Answer).collect())
    }
}

/// The ways to ask for lists, one a kind.
pub(crate) struct Lists {
    requester_paid: Call<ReadList>,
    creator_paid: Call<ReadList>,
    requester: Call<ReadList>,
    creator: Call<ReadList>,
}

impl Lists {
    pub(crate) fn new(database: &Database) -> Self {
        let of = |kind| database.call(ReadList(kind));
        Self {
            requester_paid: of(ListKind::RequesterPaid),
            creator_paid: of(ListKind::CreatorPaid),
            requester: of(ListKind::Requester),
            creator: of(ListKind::Creator),
        }
    }

    /// The way to ask `question`.
    pub(crate) fn of(&self, question: &Question) -> &Call<ReadList> {
        match (&question.owner, question.filter.stage) {
            (Owner::Requester(_), Some(Stage::Paid)) => &self.requester_paid,
            (Owner::Creator(_), Some(Stage::Paid)) => &self.creator_paid,
            (Owner::Requester(_), _) => &self.requester,
            (Owner::Creator(_), _) => &self.creator,
        }
    }
}

/// Which statement answers a question.
#[derive(Debug, Clone, Copy)]
enum ListKind {
    RequesterPaid,
    CreatorPaid,
    Requester,
    Creator,
}

async fn read_lists(
    connection: &mut PgConnection,
    kind: ListKind,
    questions: &[Question],
) -> Result<Vec<Page>, sqlx::Error> {
    let floors = floor::floors(connection, kind, questions).await?;
    let mut rows = match kind {
        ListKind::RequesterPaid => {
            pages!(connection, questions, &floors, "requester_id = q.owner", "paid_at IS NOT NULL")
        }
        ListKind::CreatorPaid => {
            pages!(connection, questions, &floors, "created_by = q.owner", "paid_at IS NOT NULL")
        }
        ListKind::Requester => pages!(
            connection,
            questions,
            &floors,
            "requester_id = q.owner",
            "(q.stage IS NULL OR stage = q.stage::atelier.order_stage)"
        ),
        ListKind::Creator => pages!(
            connection,
            questions,
            &floors,
            "created_by = q.owner",
            "(q.stage IS NULL OR stage = q.stage::atelier.order_stage)"
        ),
    }?;

    // They come in this order, which no plan promises; to look whether they do costs next to nothing.
    rows.sort_by_key(|row| (row.place, Reverse(row.order_id)));
    // What is below the floor was not looked at. A full page goes on from where it ends instead.
    let mut pages: Vec<Page> =
        floors.into_iter().map(|floor| Page { items: Vec::new(), next_below: floor }).collect();
    for row in rows {
        let place = usize::try_from(row.place - 1).unwrap_or_default();
        let (Some(page), Some(question)) = (pages.get_mut(place), questions.get(place)) else { continue };
        if page.items.len() == usize::from(question.limit) {
            page.next_below = page.items.last().map(|item| item.order_id.get());
        } else {
            page.items.push(row.try_into()?);
        }
    }
    Ok(pages)
}

/// The questions, a column each.
struct Columns<'a> {
    owner: Vec<&'a str>,
    stage: Vec<Option<&'static str>>,
    alert: Vec<Option<bool>>,
    below: Vec<i64>,
    floor: Vec<i64>,
    rows_max: Vec<i64>,
}

impl<'a> Columns<'a> {
    fn of(questions: &'a [Question], floors: &[Option<i64>]) -> Self {
        Self {
            owner: questions.iter().map(|question| question.owner.name()).collect(),
            stage: questions.iter().map(|question| question.filter.stage.map(Stage::as_str)).collect(),
            alert: questions.iter().map(|question| question.filter.alert).collect(),
            below: questions.iter().map(Question::below).collect(),
            floor: floors.iter().map(|floor| floor.unwrap_or_default()).collect(),
            // One more than asked for tells whether there is more.
            rows_max: questions.iter().map(|question| i64::from(question.limit) + 1).collect(),
        }
    }
}
