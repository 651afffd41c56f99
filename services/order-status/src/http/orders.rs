//! The routes below `/orders`, one file each.

pub(super) mod create;
pub(super) mod get;
pub(super) mod history;
pub(super) mod status;
pub(super) mod update;

use order_model::{UserId, Username};
use service_kit::http::Fields;
use service_kit::identity::Caller;

/// Who a body says is asking.
fn claimed_caller(fields: &mut Fields) -> Caller {
    Caller::Claimed {
        user_id: fields.text::<UserId>("user_id"),
        username: fields.text::<Username>("username"),
    }
}
