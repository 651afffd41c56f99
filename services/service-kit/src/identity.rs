//! Who is asking. A handler gets a [`Caller`], never a header or a claim.

use order_model::{Actor, UserId, Username};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::{Listen, Mistakes};

/// How callers are known.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// Where a caller's identity comes from. There is no default: who may do what must be somebody's decision.
    pub mode: AuthMode,
    /// Lets `open` mode bind an address that other machines reach, where anybody could then claim to be anybody.
    pub allow_open_on_network: bool,
}

/// Where a caller's identity comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMode {
    /// From the body's `user_id` and `username`, unverified; reads are unrestricted. For trying out, and behind a network that is trusted.
    Open,
}

impl AuthConfig {
    /// Adds what is wrong between the mode and the address.
    pub fn check(&self, listen: &Listen, mistakes: &mut Mistakes<'_>) {
        if self.mode == AuthMode::Open && !listen.is_loopback() && !self.allow_open_on_network {
            let problem = format!(
                "open believes whatever a body claims, and {listen} can be reached from other machines: \
                 listen on 127.0.0.1, or set auth.allow_open_on_network=true"
            );
            mistakes.add("auth.mode", problem);
        }
    }
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Somebody who says who they are and is believed (`open`). Never an operator.
    Claimed {
        /// The user id that they claim.
        user_id: Option<UserId>,
        /// The username that they claim.
        username: Option<Username>,
    },
}

impl Caller {
    /// Whether things that are not theirs exist for them: with identities unverified, hiding would only look like protection.
    pub fn sees_everything(&self) -> bool {
        match self {
            Self::Claimed { .. } => true,
        }
    }

    /// The caller as the rules know them.
    pub fn into_actor(self) -> Actor {
        match self {
            Self::Claimed { user_id, username } => Actor { user_id, username, operator: false },
        }
    }
}
