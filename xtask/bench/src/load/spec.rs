//! What a load is told, and what it tells: JSON between two processes, so that the generator's work is not counted as ours.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// One load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Spec {
    /// Where order-status answers.
    pub(crate) status: SocketAddr,
    /// Where orders answers.
    pub(crate) orders: SocketAddr,
    /// How many orders were seeded.
    pub(crate) population: i64,
    /// What is asked.
    pub(crate) kind: Kind,
    /// Connections to each service, at most.
    pub(crate) clients: usize,
    /// Requests a second, due whether or not earlier ones were answered; without it each client asks when it has its answer.
    pub(crate) rate: Option<f64>,
    /// When it ends.
    pub(crate) until: Until,
    /// Of everything that is chosen by dice.
    pub(crate) seed: u64,
    /// How many orders earlier loads moved on the same database: they are passed over.
    pub(crate) moved_before: i64,
    /// A warm-up moves other orders than what is measured.
    pub(crate) warming: bool,
}

/// When a load ends; requests in flight are waited for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Until {
    Seconds(f64),
    Requests(u64),
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// `GET /orders/{id}/status` of any order.
    Status,
    /// `GET /orders/{id}`.
    Order,
    /// `GET /orders/{id}/history`.
    History,
    /// `PUT /orders/{id}/update`; each changes a row.
    Update,
    /// `POST /orders/`.
    Create,
    /// `GET /orders/user/{id}`, the paid ones, by a walk that meets every user.
    Paid,
    /// `GET /orders/created_by/{name}` of the creator whose orders are nearly all unpaid.
    Busy,
    /// All of it, conditional requests too, each answer held against what was acknowledged before.
    Mixed,
    /// The same without lists, and each create with a key of its own.
    Keyed,
    /// `GET /orders/user/{id}` of this one cold user.
    Cold(i64),
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Status => "GET status",
            Self::Order => "GET order",
            Self::History => "GET history",
            Self::Update => "PUT update",
            Self::Create => "POST create",
            Self::Paid => "GET paid list",
            Self::Busy => "GET busy creator's list",
            Self::Mixed => "everything",
            Self::Keyed => "everything but lists",
            Self::Cold(_) => "GET cold list",
        }
    }

    /// Whether each request leaves a row behind.
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Update)
    }

    /// Whether what is read may have been moved a moment ago.
    pub(crate) fn is_mixture(self) -> bool {
        matches!(self, Self::Mixed | Self::Keyed)
    }

    /// Whether orders answers it.
    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::Paid | Self::Busy | Self::Cold(_))
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) seconds: f64,
    /// Right answers.
    pub(crate) good: u64,
    /// 503 with `Retry-After`.
    pub(crate) refused: u64,
    /// Any other status than the right one.
    pub(crate) failed: u64,
    /// Connections that broke with a request on them, or could not be made.
    pub(crate) broken: u64,
    /// Answers that belong to another question, or tell what is not so.
    pub(crate) mismatches: u64,
    /// Requests that were due and never sent, because every client still waited.
    pub(crate) unsent: u64,
    /// The first few of what went wrong, in words.
    pub(crate) examples: Vec<String>,
    /// Of right answers only; at a fixed rate from when the request was due.
    pub(crate) p50_us: u32,
    pub(crate) p99_us: u32,
    pub(crate) max_us: u32,
    /// The same from when the request was sent: what it took whoever got a turn.
    pub(crate) sent_p99_us: u32,
}

impl Report {
    /// Right answers a second.
    pub(crate) fn rate(&self) -> f64 {
        // No run has so many answers that a float could not count them.
        #[expect(clippy::cast_precision_loss, reason = "a count of answers, far below 2^53")]
        let good = self.good as f64;
        good / self.seconds.max(f64::MIN_POSITIVE)
    }

    /// All that were answered, whatever with.
    pub(crate) fn answered(&self) -> u64 {
        self.good + self.refused + self.failed + self.mismatches
    }
}
