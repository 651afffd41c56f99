//! Every stage × alert × actor × target × value × reason × `If-Match`, each against the contract's tables of the lifecycle,
//! copied here as literals.
//! This must never call what it checks: neither the crate's table nor anything that is made from it.

use order_model::{Alert, Change, Move, Party, Refusal, Role, Stage, StateType, Transition, decide};

use crate::people::{CREATED_BY, OPERATOR_ID, REQUESTER_ID, Who, alerts, order, reason, version};

/// What the ladder makes of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// The flag has that value already.
    Same,
    /// It leads there.
    To(Stage),
    /// Another stage must come first.
    Before(Stage),
    /// Others stand on it.
    Later,
}
use Cell::{Before, Later, Same, To};

/// The ladder: what setting and clearing each flag does at each stage.
#[rustfmt::skip]
const LADDER: [(StateType, bool, [Cell; 5]); 8] = [
    //                            created                   requested                 accepted                  completed             paid
    (StateType::Requested, true,  [To(Stage::Requested),     Same,                     Same,                     Same,                 Same]),
    (StateType::Requested, false, [Same,                     To(Stage::Created),       Later,                    Later,                Later]),
    (StateType::Accepted,  true,  [Before(Stage::Requested), To(Stage::Accepted),      Same,                     Same,                 Same]),
    (StateType::Accepted,  false, [Same,                     Same,                     To(Stage::Requested),     Later,                Later]),
    (StateType::Completed, true,  [Before(Stage::Accepted),  Before(Stage::Accepted),  To(Stage::Completed),     Same,                 Same]),
    (StateType::Completed, false, [Same,                     Same,                     Same,                     To(Stage::Accepted),  Later]),
    (StateType::Paid,      true,  [Before(Stage::Completed), Before(Stage::Completed), Before(Stage::Completed), To(Stage::Paid),      Same]),
    (StateType::Paid,      false, [Same,                     Same,                     Same,                     Same,                 To(Stage::Completed)]),
];

const NO: Option<Role> = None;
const R: Option<Role> = Some(Role::Requester);
const C: Option<Role> = Some(Role::Creator);
const O: Option<Role> = Some(Role::Operator);

/// Who may, and as what: requester, creator, both in one person, stranger, nobody, operator, and the operator who is also
/// requester or creator.
type Roles = [Option<Role>; 8];

const REQUESTERS_FLAG: Roles = [R, NO, R, NO, NO, O, R, O];
const CREATORS_FLAG: Roles = [NO, C, C, NO, NO, O, O, C];
const EITHERS_FLAG: Roles = [R, C, R, NO, NO, O, R, C];
const OPERATORS_ONLY: Roles = [NO, NO, NO, NO, NO, O, O, O];

/// One question.
#[derive(Debug, Clone, Copy)]
struct Case<'a> {
    stage: Stage,
    alert: Option<&'a Alert>,
    who: Who,
    state_type: StateType,
    new_value: bool,
    with_reason: bool,
    if_match: IfMatch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IfMatch {
    None,
    Right,
    Wrong,
}

impl Case<'_> {
    fn cell(&self) -> Cell {
        if self.state_type == StateType::Alert {
            return if self.alert.is_some() == self.new_value { Same } else { To(self.stage) };
        }
        let (_, _, cells) = LADDER
            .into_iter()
            .find(|&(state_type, new_value, _)| state_type == self.state_type && new_value == self.new_value)
            .expect("a row of the ladder");
        match self.stage {
            Stage::Created => cells[0],
            Stage::Requested => cells[1],
            Stage::Accepted => cells[2],
            Stage::Completed => cells[3],
            Stage::Paid => cells[4],
        }
    }

    #[expect(clippy::match_same_arms, reason = "an arm for each line of the contract, in its order")]
    fn roles(&self, changes: bool) -> Roles {
        let raised_by = self.alert.map(|alert| alert.raised_by);
        match (self.state_type, self.new_value, changes, raised_by) {
            (StateType::Requested, ..) => REQUESTERS_FLAG,
            (StateType::Accepted | StateType::Completed, ..) => CREATORS_FLAG,
            (StateType::Paid, false, true, _) => OPERATORS_ONLY,
            (StateType::Paid, ..) => REQUESTERS_FLAG,
            (StateType::Alert, false, true, Some(Role::Requester)) => REQUESTERS_FLAG,
            (StateType::Alert, false, true, Some(Role::Creator)) => CREATORS_FLAG,
            (StateType::Alert, false, true, Some(Role::Operator)) => OPERATORS_ONLY,
            (StateType::Alert, ..) => EITHERS_FLAG,
        }
    }

    /// What the contract answers: role, then version, then ladder, then reason.
    fn expected(&self) -> Result<Change, Refusal> {
        let state_type = self.state_type;
        let cell = self.cell();
        let column = Who::ALL.iter().position(|&who| who == self.who).expect("a column");

        let Some(role) = self.roles(cell != Same)[column] else {
            return Err(Refusal::NotAuthorized);
        };
        if self.if_match == IfMatch::Wrong {
            return Err(Refusal::VersionMismatch { current: version(41) });
        }
        let to_stage = match cell {
            Same => return Ok(Change::Nothing),
            Before(previous) => return Err(Refusal::TooEarly { state_type, previous }),
            Later => return Err(Refusal::LaterStages { state_type }),
            To(_) if state_type == StateType::Paid && self.alert.is_some() => {
                return Err(Refusal::AlertRaised { state_type });
            }
            To(_) if state_type == StateType::Paid && !self.new_value && !self.with_reason => {
                return Err(Refusal::ReasonRequired { state_type });
            }
            To(stage) => stage,
        };
        let because = self.with_reason.then(|| reason("because"));
        Ok(Change::Event(Transition {
            version: version(42),
            state_type,
            new_value: self.new_value,
            from_stage: self.stage,
            to_stage,
            from_alert: self.alert.is_some(),
            to_alert: match (state_type, self.new_value) {
                (StateType::Alert, true) => Some(Alert { raised_by: role, reason: because.clone() }),
                (StateType::Alert, false) => None,
                _ => self.alert.cloned(),
            },
            actor: match (role, self.who) {
                (Role::Creator, _) => CREATED_BY.to_owned(),
                (Role::Requester, _) | (Role::Operator, Who::OperatorWhoIsRequester) => {
                    REQUESTER_ID.to_owned()
                }
                (Role::Operator, _) => OPERATOR_ID.to_owned(),
            },
            role,
            on_behalf_of: match (role, state_type) {
                (Role::Operator, StateType::Requested | StateType::Paid) => Some(Party::Requester),
                (Role::Operator, StateType::Accepted | StateType::Completed) => Some(Party::Creator),
                _ => None,
            },
            reason: because,
        }))
    }

    fn answered(&self) -> Result<Change, Refusal> {
        let asked = Move {
            state_type: self.state_type,
            new_value: self.new_value,
            reason: self.with_reason.then(|| reason("because")),
            if_match: match self.if_match {
                IfMatch::None => None,
                IfMatch::Right => Some(vec![version(41)]),
                IfMatch::Wrong => Some(vec![version(40), version(42)]),
            },
        };
        decide(&order(self.stage, self.alert.cloned()), &asked, &self.who.actor())
    }
}

const STAGES: [Stage; 5] = [Stage::Created, Stage::Requested, Stage::Accepted, Stage::Completed, Stage::Paid];
const TARGETS: [StateType; 5] =
    [StateType::Requested, StateType::Accepted, StateType::Completed, StateType::Paid, StateType::Alert];

/// Calls `ask` with every move that anybody can ask of an order at `stage` with that `alert`.
fn each_move(stage: Stage, alert: Option<&Alert>, mut ask: impl FnMut(&Case)) {
    for who in Who::ALL {
        for state_type in TARGETS {
            for new_value in [true, false] {
                for with_reason in [false, true] {
                    for if_match in [IfMatch::None, IfMatch::Right, IfMatch::Wrong] {
                        ask(&Case { stage, alert, who, state_type, new_value, with_reason, if_match });
                    }
                }
            }
        }
    }
}

#[test]
fn every_move_is_answered_as_the_contract_says() {
    let mut cases = 0;
    for stage in STAGES {
        for alert in &alerts() {
            each_move(stage, alert.as_ref(), |case| {
                assert_eq!(case.answered(), case.expected(), "{case:?}");
                cases += 1;
            });
        }
    }
    // 5 stages × 4 alerts × 8 actors × 5 targets × 2 values × 2 reasons × 3 conditions.
    assert_eq!(cases, 9600, "the matrix has lost or gained cases");
}

#[test]
fn one_right_version_in_a_list_is_enough() {
    let at_41 = order(Stage::Created, None);
    let asked = Move {
        state_type: StateType::Requested,
        new_value: true,
        reason: None,
        if_match: Some(vec![version(40), version(41)]),
    };
    assert!(matches!(decide(&at_41, &asked, &Who::Requester.actor()), Ok(Change::Event(_))));
}
