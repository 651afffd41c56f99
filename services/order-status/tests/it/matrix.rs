//! Every stage × alert × actor × target × value, through HTTP, each against the contract's table, copied here as literals.
//! This must never take an expectation from the rules' own crate.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use sqlx::query_as;
use testkit::Role;

use crate::support::foreign::{Seed, seed};
use crate::support::{Answer, App, BUYER, MAKER};

/// What the ladder makes of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// The flag has that value already.
    Same,
    /// It leads there.
    To(&'static str),
    /// Another stage must come first.
    Before(&'static str),
    /// Others stand on it.
    Later,
}
use Cell::{Before, Later, Same, To};

const STAGES: [&str; 5] = ["created", "requested", "accepted", "completed", "paid"];

#[rustfmt::skip]
const LADDER: [(&str, bool, [Cell; 5]); 8] = [
    //                    created              requested            accepted             completed        paid
    ("requested", true,  [To("requested"),     Same,                Same,                Same,            Same]),
    ("requested", false, [Same,                To("created"),       Later,               Later,           Later]),
    ("accepted",  true,  [Before("requested"), To("accepted"),      Same,                Same,            Same]),
    ("accepted",  false, [Same,                Same,                To("requested"),     Later,           Later]),
    ("completed", true,  [Before("accepted"),  Before("accepted"),  To("completed"),     Same,            Same]),
    ("completed", false, [Same,                Same,                Same,                To("accepted"),  Later]),
    ("paid",      true,  [Before("completed"), Before("completed"), Before("completed"), To("paid"),      Same]),
    ("paid",      false, [Same,                Same,                Same,                Same,            To("completed")]),
];

/// Who asks, and what they claim to be: user id, username.
const ACTORS: [(&str, Option<&str>, Option<&str>); 5] = [
    ("requester", Some(BUYER), Some("nobody-s-maker")),
    ("creator", Some("nobody-s-buyer"), Some(MAKER)),
    ("both", Some(BUYER), Some(MAKER)),
    ("stranger", Some("stranger"), Some("stranger")),
    ("nobody", None, None),
];

/// In which role each of them may act.
type Roles = [Option<&'static str>; 5];
const R: Option<&str> = Some("requester");
const C: Option<&str> = Some("creator");

const REQUESTERS_FLAG: Roles = [R, None, R, None, None];
const CREATORS_FLAG: Roles = [None, C, C, None, None];
const EITHERS_FLAG: Roles = [R, C, R, None, None];
const OPERATORS_ONLY: Roles = [None; 5];

/// One question, and the order that it is asked of.
#[derive(Debug, Clone, Copy)]
struct Case {
    order_id: i64,
    stage: usize,
    alert: Option<&'static str>,
    actor: usize,
    state_type: &'static str,
    new_value: bool,
}

/// What becomes of it: the stage, the alert and the version after it and the role of its event, or code and sentence.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Done { stage: &'static str, alert: bool, version: i64, role: Option<&'static str> },
    Refused { status: u16, code: &'static str, detail: String },
}

impl Case {
    fn version(&self) -> i64 {
        let rungs = i64::try_from(self.stage).expect("a small number");
        1 + rungs + i64::from(self.alert.is_some())
    }

    fn cell(&self) -> Cell {
        if self.state_type == "alert" {
            return if self.alert.is_some() == self.new_value { Same } else { To(STAGES[self.stage]) };
        }
        let row = LADDER.iter().find(|row| row.0 == self.state_type && row.1 == self.new_value);
        row.expect("a row of the ladder").2[self.stage]
    }

    #[expect(clippy::match_same_arms, reason = "an arm for each line of the contract, in its order")]
    fn role(&self, changes: bool) -> Option<&'static str> {
        let roles = match (self.state_type, self.new_value, changes, self.alert) {
            ("requested", ..) => REQUESTERS_FLAG,
            ("accepted" | "completed", ..) => CREATORS_FLAG,
            ("paid", false, true, _) => OPERATORS_ONLY,
            ("paid", ..) => REQUESTERS_FLAG,
            (_, false, true, Some("requester")) => REQUESTERS_FLAG,
            (_, false, true, Some("creator")) => CREATORS_FLAG,
            (_, false, true, Some("operator")) => OPERATORS_ONLY,
            _ => EITHERS_FLAG,
        };
        roles[self.actor]
    }

    fn expected(&self) -> Outcome {
        let conflict = |code, detail| Outcome::Refused { status: 409, code, detail };
        let state_type = self.state_type;
        let cell = self.cell();
        let Some(role) = self.role(cell != Same) else {
            return Outcome::Refused {
                status: 403,
                code: "not_authorized",
                detail: "Not authorized".to_owned(),
            };
        };
        match cell {
            Same => Outcome::Done {
                stage: STAGES[self.stage],
                alert: self.alert.is_some(),
                version: self.version(),
                role: None,
            },
            Before(previous) => {
                conflict("earlier_stage_missing", format!("Cannot set {state_type} before {previous}"))
            }
            Later => conflict("later_stages", format!("Cannot modify {state_type} after later stages")),
            To(_) if state_type == "paid" && self.alert.is_some() => {
                conflict("alert_raised", "Cannot set paid while an alert is raised".to_owned())
            }
            To(stage) => Outcome::Done {
                stage,
                alert: if state_type == "alert" { self.new_value } else { self.alert.is_some() },
                version: self.version() + 1,
                role: Some(role),
            },
        }
    }

    async fn ask(&self, app: &App) -> Answer {
        let (_, user_id, username) = ACTORS[self.actor];
        let mut body = json!({"state_type": self.state_type, "new_value": self.new_value});
        for (key, value) in [("user_id", user_id), ("username", username)] {
            if let Some(value) = value {
                body[key] = json!(value);
            }
        }
        app.put(self.order_id, &body).await
    }

    /// Holds an answer, and the event that it led to, against the contract.
    fn check(&self, answer: &Answer, role_of_last: &str, last_version: i64) {
        match self.expected() {
            Outcome::Refused { status, code, detail } => {
                let problem = answer.refused(status, code, &detail);
                if status == 409 {
                    assert_eq!(problem["current_version"], self.version(), "{self:?}");
                }
                assert_eq!(last_version, self.version(), "a refusal wrote an event: {self:?}");
            }
            Outcome::Done { stage, alert, version, role } => {
                assert_eq!(answer.status, 200, "{self:?}: {answer:?}");
                assert_eq!(answer.header("etag"), Some(format!("\"{version}\"").as_str()), "{self:?}");
                let order = answer.order();
                let rung = STAGES.iter().position(|name| *name == stage).expect("a stage");
                for (index, flag) in STAGES.iter().enumerate().skip(1) {
                    assert_eq!(order[flag], Value::from(index <= rung), "{flag}: {self:?}");
                }
                let got = (&order["status"], &order["alert"], &order["version"]);
                assert_eq!(got, (&json!(stage), &json!(alert), &json!(version)), "{self:?}");
                assert_eq!(last_version, version, "{self:?}");
                if let Some(role) = role {
                    assert_eq!(role_of_last, role, "{self:?}");
                }
            }
        }
    }
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for stage in 0..STAGES.len() {
        for alert in [None, Some("requester"), Some("creator"), Some("operator")] {
            for actor in 0..ACTORS.len() {
                for state_type in ["requested", "accepted", "completed", "paid", "alert"] {
                    for new_value in [true, false] {
                        let order_id = 1 + i64::try_from(cases.len()).expect("a small number");
                        cases.push(Case { order_id, stage, alert, actor, state_type, new_value });
                    }
                }
            }
        }
    }
    cases
}

#[tokio::test]
async fn every_move_is_answered_as_the_contract_says() {
    // The item deadline is no part of what is tested here, and a thousand moves share this machine with other tests.
    let app = Arc::new(App::start_with(&[("ATELIER_DATABASE__ITEM_DEADLINE_MS", "10000")]).await);
    let cases = cases();
    // 5 stages × 4 alerts × 5 actors × 5 targets × 2 values.
    assert_eq!(cases.len(), 1000, "the matrix has lost or gained cases");
    let seeds: Vec<Seed> = cases
        .iter()
        .map(|case| (case.order_id, i32::try_from(case.stage).expect("a small number"), case.alert))
        .collect();
    seed(&app.database, BUYER, MAKER, &seeds).await;

    let answers: Vec<Answer> = stream::iter(&cases).map(|case| case.ask(&app)).buffered(16).collect().await;

    let mut reader = app.database.connect(Role::Reader).await.expect("the reader");
    let last: Vec<(String, i64)> = query_as(
        "SELECT DISTINCT ON (order_id) role, version FROM atelier.order_events ORDER BY order_id, version DESC",
    )
    .fetch_all(&mut reader)
    .await
    .expect("the last events");
    assert_eq!(last.len(), cases.len());
    for ((case, answer), (role, version)) in cases.iter().zip(&answers).zip(&last) {
        case.check(answer, role, *version);
    }
    let app = Arc::into_inner(app).expect("nobody else has it");
    app.finish().await;
}
