//! Orders in the database, with the history that led to them: the database refuses any other.

use serde::Serialize;
use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use testkit::{Role, TestDatabase};

/// Rows and their events in one statement, as the history law wants it: the climb to the stage, then the alert.
const INSERT: &str = "
WITH asked AS (
    SELECT *
    FROM jsonb_to_recordset($1::jsonb) AS a (
        order_id int8, requester_id text, created_by text, stage text, alert bool, model_id text, custom_params jsonb,
        cost_initial numeric, cost_final numeric, created_at timestamptz
    )
), rungs AS (
    SELECT stage::text, rung, lag(stage) OVER (ORDER BY rung) AS below, rung IN (3, 4) AS is_creators
    FROM unnest(enum_range(NULL::atelier.order_stage)) WITH ORDINALITY AS r (stage, rung)
), made AS (
    INSERT INTO atelier.orders (
        order_id, requester_id, created_by, stage, alert, alert_raised_by, version, model_id, custom_params,
        cost_initial, cost_final, paid_at, created_at
    )
    SELECT order_id, requester_id, created_by, stage::atelier.order_stage, alert,
        CASE WHEN alert THEN 'requester' END, rung + alert::int, model_id, custom_params, cost_initial, cost_final,
        CASE WHEN stage = 'paid' THEN created_at END, created_at
    FROM asked JOIN rungs USING (stage)
)
INSERT INTO atelier.order_events (
    order_id, version, state_type, new_value, from_stage, to_stage, from_alert, to_alert, actor, role
)
SELECT a.order_id, r.rung, r.stage, true, r.below, r.stage::atelier.order_stage, CASE WHEN r.rung > 1 THEN false END,
    false, CASE WHEN r.is_creators THEN a.created_by ELSE a.requester_id END,
    CASE WHEN r.is_creators THEN 'creator' ELSE 'requester' END
FROM asked AS a JOIN rungs AS top USING (stage) JOIN rungs AS r ON r.rung <= top.rung
UNION ALL
SELECT a.order_id, top.rung + 1, 'alert', true, a.stage::atelier.order_stage, a.stage::atelier.order_stage, false, true,
    a.requester_id, 'requester'
FROM asked AS a JOIN rungs AS top USING (stage)
WHERE a.alert";

/// An order to be stored.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) order_id: i64,
    pub(crate) requester_id: String,
    pub(crate) created_by: String,
    pub(crate) stage: &'static str,
    pub(crate) alert: bool,
    pub(crate) model_id: Option<String>,
    pub(crate) custom_params: Value,
    pub(crate) cost_initial: Option<f64>,
    pub(crate) cost_final: Option<f64>,
    pub(crate) created_at: &'static str,
}

/// A paid order of ada's, made by maren, without a model.
pub(crate) fn order(order_id: i64) -> Row {
    Row {
        order_id,
        requester_id: "ada".to_owned(),
        created_by: "maren".to_owned(),
        stage: "paid",
        alert: false,
        model_id: None,
        custom_params: json!({}),
        cost_initial: None,
        cost_final: None,
        created_at: "2026-01-02T03:04:05.678901Z",
    }
}

impl Row {
    pub(crate) fn of(self, requester_id: &str) -> Self {
        Self { requester_id: requester_id.to_owned(), ..self }
    }

    pub(crate) fn by(self, created_by: &str) -> Self {
        Self { created_by: created_by.to_owned(), ..self }
    }

    pub(crate) fn at(self, stage: &'static str) -> Self {
        Self { stage, ..self }
    }

    pub(crate) fn alerted(self) -> Self {
        Self { alert: true, ..self }
    }

    pub(crate) fn model(self, model_id: impl Into<String>) -> Self {
        Self { model_id: Some(model_id.into()), ..self }
    }
}

/// A model id that differs with the number.
pub(crate) fn model_id(number: u32) -> String {
    format!("65f0c0defeed{number:012x}")
}

/// Stores orders.
pub(crate) async fn insert(database: &TestDatabase, orders: &[Row]) {
    insert_as(&database.options(Role::Writer), orders).await;
}

/// Stores orders wherever the writer connects with these options.
pub(crate) async fn insert_as(writer: &PgConnectOptions, orders: &[Row]) {
    let mut writer = PgConnection::connect_with(writer).await.expect("the writer connects");
    let orders = serde_json::to_value(orders).expect("orders as JSON");
    sqlx::query(INSERT).bind(orders).execute(&mut writer).await.expect("the orders are stored");
}

/// Raises the history epoch, as a restore of the database does.
pub(crate) async fn raise_epoch(database: &TestDatabase) {
    let mut owner = database.connect(Role::Owner).await.expect("the owner connects");
    sqlx::query("UPDATE atelier.schema_meta SET history_epoch = history_epoch + 1")
        .execute(&mut owner)
        .await
        .expect("the epoch is raised");
}

#[tokio::test]
async fn the_orders_of_these_tests_keep_the_history_law() {
    let database = TestDatabase::create().await.expect("a database");
    let stages = ["created", "requested", "accepted", "completed", "paid"];
    let all = stages.iter().zip(1..).map(|(stage, id)| order(id).at(stage));
    let orders: Vec<Row> = all
        .flat_map(|order| [Row { order_id: order.order_id + 10, ..order.clone() }.alerted(), order])
        .collect();
    insert(&database, &orders).await;
    database.check_history_law().await.expect("the law holds");
}
