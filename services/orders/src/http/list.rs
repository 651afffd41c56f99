//! A page of orders with their models: what both routes answer.

use axum::http::StatusCode;
use axum::http::header::LINK;
use axum::response::Response;
use order_model::{Cost, ModelId, OrderId, Stage};
use serde::Serialize;
use serde_json::value::RawValue;
use service_kit::http::openapi::schemas::{self, Shape};
use service_kit::http::openapi::{Answer, Operation};
use service_kit::http::{ListKey, Problem, Query, json, next_link};
use service_kit::identity::{Caller, Identity, not_authorized};
use service_kit::telemetry::TraceContext;
use time::OffsetDateTime;
use time::serde::rfc3339;

use super::samples;
use crate::catalog::{Asker, ModelStatus};
use crate::state::AppState;
use crate::store::{Filter, ListItem, Owner, Question};

/// What a page and an order with its model take, most of the time.
const PAGE_BYTES: usize = 256;
const ITEM_BYTES: usize = 640;

/// What the document says of both lists. `owner` is whose orders they are: the parameter's name, its shape and an example.
pub(super) fn described(
    id: &'static str,
    summary: &'static str,
    about: &str,
    owner: (&str, Shape, &str),
) -> Operation {
    let items = samples::items();
    let model = samples::model().written();
    let orders =
        items.iter().flatten().zip([(ModelStatus::Found, Some(&*model)), (ModelStatus::Unavailable, None)]);
    let page = PageView {
        orders: orders.map(|(item, (model_status, model))| view(item, model_status, model)).collect(),
        next: Some(samples::cursor()),
    };
    let stages = Stage::ALL.map(Stage::as_str).into_iter().chain(["all"]);
    let (name, shape, example) = owner;
    let same_owner = format!("$request.path.{name}");
    let next = [
        (name, same_owner.as_str()),
        ("status", "$request.query.status"),
        ("alert", "$request.query.alert"),
        ("after", "$response.body#/next"),
    ];
    Operation::new(id, summary, about)
        .path(name, shape, example)
        .query("status", schemas::names("The stage, exactly; `paid` if absent.", stages))
        .query("alert", schemas::boolean("Only orders with, or without, an alert."))
        .query("limit", schemas::integer("How many orders a page may have; 50 if absent.", 1, 200))
        .query("after", schemas::cursor("`next` of the page before, of this very list."))
        .answers(
            Answer::json(
                StatusCode::OK,
                "A page; an owner whom nobody knows has an empty one. With a filter a page may hold fewer orders than asked for, \
                 even none, and `next` all the same: a page looks at so many orders and no further.",
                "Page",
                &page,
            )
            .with(["link"])
            .leads_to(id, "The next page of this list, where `next` is not `null`.", next),
        )
        .refuses([not_authorized()])
        .refuses(samples::wrong_cursor())
        .refuses(parse(Some("limit=0")).err())
}

/// A page, as it goes out.
#[derive(Serialize)]
struct PageView<'a> {
    orders: Vec<Item<'a>>,
    /// The cursor of the next page, or `null` where this is the last.
    next: Option<String>,
}

#[derive(Serialize)]
struct Item<'a> {
    /// The same as `order_id`, kept for old callers.
    id: OrderId,
    order_id: OrderId,
    model_id: Option<&'a ModelId>,
    custom_params: &'a RawValue,
    user_id: &'a str,
    created_by: &'a str,
    status: Stage,
    alert: bool,
    version: i64,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    cost_initial: Option<Cost>,
    cost_final: Option<Cost>,
    model_details: Option<&'a RawValue>,
    model_status: ModelStatus,
}

/// Answers with the page of `owner`'s orders that `query` asks for.
pub(super) async fn answer(
    state: &AppState,
    caller: &Caller,
    trace: TraceContext,
    owner: Owner,
    query: Option<&str>,
) -> Result<Response, Problem> {
    let (filter, limit, after) = parse(query)?;
    if !may_list(caller, &owner) {
        return Err(not_authorized());
    }
    let parts = key_parts(&owner, filter);
    let key = ListKey { epoch: state.gate.history_epoch(), parts: &parts };
    let below = after.map(|cursor| key.decode(&cursor)).transpose()?;

    let question = Question { owner: owner.clone(), filter, below, limit };
    let page = state.lists.of(&question).ask(caller.asker, question).await?;

    // From here on no connection is held: the catalog may take its time, the database's is not its to take.
    let asker = Asker { share: caller.asker.share, trace };
    let models =
        state.catalog.models(&asker, page.items.iter().filter_map(|item| item.model_id.as_ref())).await;
    let next = page.next_below.map(|below| key.encode(below));
    let link = next.as_deref().and_then(|cursor| next_link(query, cursor));
    let view = PageView {
        next,
        orders: page
            .items
            .iter()
            .map(|item| {
                let (model_status, model_details) = models.of(item.model_id.as_ref());
                view(item, model_status, model_details)
            })
            .collect(),
    };
    let mut response = json(&view, PAGE_BYTES + ITEM_BYTES * page.items.len());
    if let Some(link) = link {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

fn view<'a>(item: &'a ListItem, model_status: ModelStatus, model_details: Option<&'a RawValue>) -> Item<'a> {
    Item {
        id: item.order_id,
        order_id: item.order_id,
        model_id: item.model_id.as_ref(),
        custom_params: &item.custom_params,
        user_id: &item.requester_id,
        created_by: &item.created_by,
        status: item.stage,
        alert: item.alert,
        version: item.version,
        created_at: item.created_at,
        cost_initial: item.cost_initial,
        cost_final: item.cost_final,
        model_details,
        model_status,
    }
}

/// Lists are for the person themself and for operators.
fn may_list(caller: &Caller, owner: &Owner) -> bool {
    match (&caller.identity, owner) {
        (Identity::Open, _) => true,
        (Identity::Verified(actor), _) if actor.operator => true,
        (Identity::Verified(actor), Owner::Requester(user_id)) => actor.user_id.as_ref() == Some(user_id),
        (Identity::Verified(actor), Owner::Creator(username)) => actor.username.as_ref() == Some(username),
    }
}

/// What binds a cursor to a list. The name stands last: it alone may hold anything.
fn key_parts(owner: &Owner, filter: Filter) -> [&str; 4] {
    let kind = match owner {
        Owner::Requester(_) => "requester",
        Owner::Creator(_) => "creator",
    };
    let stage = filter.stage.map_or("all", Stage::as_str);
    let alert = filter.alert.map_or("any", |alert| if alert { "true" } else { "false" });
    [kind, stage, alert, owner.name()]
}

fn parse(query: Option<&str>) -> Result<(Filter, u8, Option<String>), Problem> {
    let mut query = Query::read(query, &["status", "alert", "limit", "after"]);
    let stage = query.parse(
        "status",
        |name| if name == "all" { Some(None) } else { Stage::from_name(name).map(Some) },
        "must be one of created, requested, accepted, completed, paid, all",
    );
    let alert = query.parse(
        "alert",
        |text| match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        "must be true or false",
    );
    let limit = query.limit();
    let after = query.text("after");
    query.finish()?;
    let filter = Filter { stage: stage.unwrap_or(Some(Stage::Paid)), alert };
    Ok((filter, limit, after))
}
