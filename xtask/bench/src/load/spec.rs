//! What a load is told, and what it tells: JSON between two processes, so that the generator's work is not counted as ours.

use std::net::SocketAddr;

use load_generator::Until;
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
