//! Mode × actor × call → status, every cell of it written out. Each cell has an order of its own, so that none depends on another.

use reqwest::Method;
use serde_json::{Value, json};

use super::callers::{CREATOR, Mode, OPERATOR, REQUESTER, STRANGER, Who, assert_unknown};
use crate::support::foreign::{Seed, seed};
use crate::support::{Answer, App, BUYER, MAKER};

/// What is asked of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    CreateForSelf,
    CreateForAnother,
    Get,
    Status,
    History,
    /// `requested`, which is the requester's to set.
    RequestersMove,
    /// The requester's flag, set as it is.
    RequestersMoveAgain,
    /// `accepted`, which is the creator's to set.
    CreatorsMove,
    Alert,
    Refund,
    RefundWithoutReason,
    /// A move whose body names somebody else.
    NamesAnother,
}
use Call::{
    Alert, CreateForAnother, CreateForSelf, CreatorsMove, Get, History, NamesAnother, Refund,
    RefundWithoutReason, RequestersMove, RequestersMoveAgain, Status,
};

const ACTORS: [Option<Who>; 5] = [Some(REQUESTER), Some(CREATOR), Some(STRANGER), Some(OPERATOR), None];

/// Whoever it is that verified them.
#[rustfmt::skip]
const VERIFIED: [(Call, [u16; 5]); 12] = [
    //                     requester  creator  stranger  operator  unknown
    (CreateForSelf,       [201,       201,     201,      201,      401]),
    (CreateForAnother,    [403,       403,     403,      201,      401]),
    (Get,                 [200,       200,     404,      200,      401]),
    (Status,              [200,       200,     404,      200,      401]),
    (History,             [200,       200,     404,      200,      401]),
    (RequestersMove,      [200,       403,     404,      200,      401]),
    (RequestersMoveAgain, [200,       403,     404,      200,      401]),
    (CreatorsMove,        [403,       200,     404,      200,      401]),
    (Alert,               [200,       200,     404,      200,      401]),
    (Refund,              [403,       403,     404,      200,      401]),
    (RefundWithoutReason, [403,       403,     404,      422,      401]),
    (NamesAnother,        [403,       403,     403,      403,      401]),
];

/// Nobody is verified, nobody is an operator, and who says nothing is nobody's party.
#[rustfmt::skip]
const OPEN: [(Call, [u16; 5]); 11] = [
    //                     requester  creator  stranger  operator  unknown
    (CreateForSelf,       [201,       201,     201,      201,      201]),
    // An unknown one is whom the body orders for.
    (CreateForAnother,    [403,       403,     403,      403,      201]),
    (Get,                 [200,       200,     200,      200,      200]),
    (Status,              [200,       200,     200,      200,      200]),
    (History,             [200,       200,     200,      200,      200]),
    (RequestersMove,      [200,       403,     403,      403,      403]),
    (RequestersMoveAgain, [200,       403,     403,      403,      403]),
    (CreatorsMove,        [403,       200,     403,      403,      403]),
    (Alert,               [200,       200,     403,      403,      403]),
    (Refund,              [403,       403,     403,      403,      403]),
    (RefundWithoutReason, [403,       403,     403,      403,      403]),
];

/// One cell, and the order that is its own.
struct Cell {
    mode: Mode,
    call: Call,
    who: Option<Who>,
    order_id: i64,
    expected: u16,
}

impl Call {
    /// How many rungs above `created` the order stands.
    fn rung(self) -> i32 {
        match self {
            Refund | RefundWithoutReason => 4,
            CreatorsMove | RequestersMoveAgain => 1,
            _ => 0,
        }
    }

    fn body(self, who: Option<Who>) -> Option<Value> {
        let own_id = who.map_or("somebody", |who| who.user_id);
        Some(match self {
            Get | Status | History => return None,
            CreateForSelf => json!({"requester_id": own_id, "created_by": MAKER}),
            CreateForAnother => json!({"requester_id": "somebody-else", "created_by": MAKER}),
            RequestersMove | RequestersMoveAgain => json!({"state_type": "requested", "new_value": true}),
            CreatorsMove => json!({"state_type": "accepted", "new_value": true}),
            Alert => json!({"state_type": "alert", "new_value": true, "reason": "scratched"}),
            Refund => json!({"state_type": "paid", "new_value": false, "reason": "broken"}),
            RefundWithoutReason => json!({"state_type": "paid", "new_value": false}),
            NamesAnother => json!({"state_type": "alert", "new_value": true, "user_id": "somebody-else"}),
        })
    }

    fn place(self, order_id: i64) -> (Method, String) {
        match self {
            CreateForSelf | CreateForAnother => (Method::POST, "/orders".to_owned()),
            Get => (Method::GET, format!("/orders/{order_id}")),
            Status => (Method::GET, format!("/orders/{order_id}/status")),
            History => (Method::GET, format!("/orders/{order_id}/history")),
            _ => (Method::PUT, format!("/orders/{order_id}/update")),
        }
    }

    /// Whether it adds an event where it succeeds.
    fn writes(self) -> bool {
        matches!(self, RequestersMove | CreatorsMove | Alert | Refund)
    }
}

impl Cell {
    async fn ask(&self, app: &App) -> Answer {
        let (method, path) = self.call.place(self.order_id);
        let mut request = app.request(method, &path);
        if let Some(mut body) = self.call.body(self.who) {
            if let (Mode::Open, Some(who)) = (self.mode, self.who) {
                body["user_id"] = json!(who.user_id);
                body["username"] = json!(who.username);
            }
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Answer::of(self.mode.sign(self.who, request)).await
    }

    /// Asks, and holds the answer and what it left in the database against the table.
    async fn check(&self, app: &App) {
        let Self { mode, call, who, order_id, expected } = self;
        let answer = self.ask(app).await;
        let cell = format!("{mode:?}, {call:?}, {:?}", who.map(|who| who.user_id));
        assert_eq!(answer.status, *expected, "{cell}: {answer:?}");
        match expected {
            401 => assert_unknown(&answer),
            403 => drop(answer.refused(403, "not_authorized", "Not authorized")),
            404 => drop(answer.refused(404, "order_not_found", "Order not found")),
            422 => assert_eq!(answer.json()["code"], "reason_required", "{cell}"),
            _ => {}
        }
        let before = i64::from(call.rung()) + 1;
        let written = i64::from(call.writes() && answer.status == 200);
        assert_eq!(app.events(*order_id).await, before + written, "{cell}: events");
    }
}

async fn check(mode: Mode, table: &[(Call, [u16; 5])]) {
    let app = mode.app().await;
    let mut cells = Vec::new();
    for (call, row) in table {
        for (who, expected) in ACTORS.into_iter().zip(row) {
            // Far from the ids that the creates of this test get.
            let order_id = 1_000_000 + i64::try_from(cells.len()).expect("a small number");
            cells.push(Cell { mode, call: *call, who, order_id, expected: *expected });
        }
    }
    let seeds: Vec<Seed> = cells.iter().map(|cell| (cell.order_id, cell.call.rung(), None)).collect();
    seed(&app.database, BUYER, MAKER, &seeds).await;
    for cell in &cells {
        cell.check(&app).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn every_cell_of_the_table_holds_for_callers_with_tokens() {
    check(Mode::Token, &VERIFIED).await;
}

#[tokio::test]
async fn every_cell_of_the_table_holds_for_callers_behind_the_gateway() {
    check(Mode::Gateway, &VERIFIED).await;
}

#[tokio::test]
async fn every_cell_of_the_table_holds_for_callers_who_are_believed() {
    check(Mode::Open, &OPEN).await;
}
