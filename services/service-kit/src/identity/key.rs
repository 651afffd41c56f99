//! Whom a request counts for, where requests are counted.

use std::fmt::{self, Display};
use std::net::IpAddr;

use order_model::{Actor, UserId};

use crate::http::PeerAddress;

/// Whom a request counts for: who is verified, else where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum CallerKey {
    /// Somebody known by name.
    User(UserId),
    /// Whoever is at an address.
    Address(Option<IpAddr>),
}

impl CallerKey {
    /// The key of somebody verified; one without a user id counts by address.
    pub(super) fn of(actor: &Actor, peer: Option<PeerAddress>) -> Self {
        actor.user_id.clone().map_or_else(|| Self::of_peer(peer), Self::User)
    }

    /// The key of somebody unknown.
    pub(super) fn of_peer(peer: Option<PeerAddress>) -> Self {
        Self::Address(peer.map(|PeerAddress(address)| address.ip()))
    }
}

/// For hashing only: it holds a name.
impl Display for CallerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Address(Some(address)) => write!(f, "address:{address}"),
            Self::Address(None) => f.write_str("address:"),
        }
    }
}
