//! The people and moves that samples and tour are made of.

/// A buyer, known by user id.
pub(crate) const BUYER: &str = "ada";
/// A second one, so that a list shows whose orders it is not.
pub(crate) const OTHER_BUYER: &str = "grace";
/// A maker, known by username; the first of the demo catalog.
pub(crate) const MAKER: &str = "maren";

/// A move of an order up its ladder, or its alert, as the body of a PUT.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Requested,
    Accepted,
    Completed,
    Paid,
    Alert,
}

/// The ladder, in order.
pub(crate) const LADDER: [Step; 4] = [Step::Requested, Step::Accepted, Step::Completed, Step::Paid];

impl Step {
    /// Its name in the contract.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Accepted => "accepted",
            Self::Completed => "completed",
            Self::Paid => "paid",
            Self::Alert => "alert",
        }
    }

    /// The body with which the party whose move it is makes it. Names here need no escapes.
    pub(crate) fn body(self, buyer: &str, maker: &str) -> String {
        let who = match self {
            Self::Requested | Self::Paid => format!(r#""user_id": "{buyer}""#),
            Self::Accepted | Self::Completed => format!(r#""username": "{maker}""#),
            Self::Alert => format!(r#""user_id": "{buyer}", "reason": "The measure was wrong.""#),
        };
        format!(r#"{{"state_type": "{}", "new_value": true, {who}}}"#, self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_is_json() {
        for step in LADDER.into_iter().chain([Step::Alert]) {
            let body: serde_json::Value = serde_json::from_str(&step.body(BUYER, MAKER)).expect("JSON");
            assert_eq!(body["state_type"], step.name());
        }
    }
}
