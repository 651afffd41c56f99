//! Where a page ended, opaque to callers: base64url of a format version, the history epoch, the position, and a hash of the list it
//! belongs to. It carries no authority: who may see a list is asked anew with each page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use order_model::OrderId;
use sha2::{Digest, Sha256};

use crate::store::{Filter, Owner};

const FORMAT: u8 = 1;
const BYTES: usize = 1 + 4 + 8 + 8;

/// A list, as a cursor is bound to it: `limit` may change between pages, nothing else.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListKey<'a> {
    pub(super) owner: &'a Owner,
    pub(super) filter: Filter,
    pub(super) epoch: i32,
}

/// The cursor that goes on below `position`.
pub(super) fn encode(key: ListKey<'_>, position: OrderId) -> String {
    let mut bytes = Vec::with_capacity(BYTES);
    bytes.push(FORMAT);
    bytes.extend(key.epoch.to_be_bytes());
    bytes.extend(position.get().to_be_bytes());
    bytes.extend(hash(key));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position of a cursor of this very list; `None` where it is malformed, of another list or of before a restore.
pub(super) fn decode(key: ListKey<'_>, cursor: &str) -> Option<OrderId> {
    let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
    let position = OrderId::try_from(i64::from_be_bytes(bytes[5..13].try_into().ok()?)).ok()?;
    (encode(key, position) == cursor).then_some(position)
}

fn hash(key: ListKey<'_>) -> [u8; 8] {
    let kind = match key.owner {
        Owner::Requester(_) => "requester",
        Owner::Creator(_) => "creator",
    };
    let stage = key.filter.stage.map_or("all", order_model::Stage::as_str);
    let alert = key.filter.alert.map_or("any", |alert| if alert { "true" } else { "false" });
    // No part but the last can hold the separator, so two lists never hash the same text.
    let text = format!("{kind}\0{stage}\0{alert}\0{}", key.owner.name());
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    head
}

#[cfg(test)]
mod tests {
    use order_model::{Stage, UserId, Username};

    use super::*;

    #[test]
    fn a_cursor_goes_on_in_its_own_list_only() {
        let ada = Owner::Requester(UserId::try_from("ada".to_owned()).unwrap());
        let bob = Owner::Requester(UserId::try_from("bob".to_owned()).unwrap());
        let maker = Owner::Creator(Username::try_from("ada".to_owned()).unwrap());
        let paid = Filter { stage: Some(Stage::Paid), alert: None };
        let key = ListKey { owner: &ada, filter: paid, epoch: 0 };
        let position = OrderId::MAX;
        let cursor = encode(key, position);

        assert_eq!(decode(key, &cursor), Some(position));
        for other in [
            ListKey { owner: &bob, ..key },
            ListKey { owner: &maker, ..key },
            ListKey { filter: Filter { stage: None, alert: None }, ..key },
            ListKey { filter: Filter { alert: Some(false), ..paid }, ..key },
            ListKey { epoch: 1, ..key },
        ] {
            assert_eq!(decode(other, &cursor), None, "{other:?}");
        }
    }

    #[test]
    fn a_malformed_cursor_is_none() {
        let ada = Owner::Requester(UserId::try_from("ada".to_owned()).unwrap());
        let key = ListKey { owner: &ada, filter: Filter { stage: None, alert: None }, epoch: 0 };
        let cursor = encode(key, OrderId::MAX);
        for junk in ["", "x", "====", &cursor[1..], &format!("{cursor}A"), &cursor.replace('A', "B"), "ü"] {
            assert_eq!(decode(key, junk), None, "{junk}");
        }
    }
}
