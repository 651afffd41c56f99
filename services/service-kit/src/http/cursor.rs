//! Where a page ended, opaque to callers: base64url of a format version, the history epoch, the position, and a hash of the
//! list it belongs to. It carries no authority: who may see a list is asked anew with each page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::problem::{Problem, codes};

const FORMAT: u8 = 1;
const BYTES: usize = 1 + 4 + 8 + 8;

/// Positions are ids or versions, and these are all there can be.
const POSITIONS: std::ops::RangeInclusive<i64> = 1..=(1 << 53) - 1;

/// A list, as a cursor is bound to it: `limit` may change between pages, nothing else.
#[derive(Debug, Clone, Copy)]
pub struct ListKey<'a> {
    /// How often the database was restored: positions handed out before that mean nothing any more.
    pub epoch: i32,
    /// The route, the filters and the owner; only the last part may hold a NUL.
    pub parts: &'a [&'a str],
}

impl ListKey<'_> {
    /// The cursor that goes on after `position`.
    pub fn encode(&self, position: i64) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(FORMAT);
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(position.to_be_bytes());
        bytes.extend(&Sha256::digest(self.parts.join("\0"))[..8]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position of a cursor of this very list, or 400 `bad_cursor`.
    pub fn decode(&self, cursor: &str) -> Result<i64, Problem> {
        self.position(cursor).ok_or_else(|| {
            Problem::new(
                codes::BAD_CURSOR,
                "This cursor does not belong to this list; begin again without after",
            )
        })
    }

    fn position(&self, cursor: &str) -> Option<i64> {
        let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
        let position = i64::from_be_bytes(bytes[5..13].try_into().ok()?);
        let is_ours = POSITIONS.contains(&position) && self.encode(position) == cursor;
        is_ours.then_some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: ListKey<'_> = ListKey { epoch: 0, parts: &["requester", "paid", "ada"] };

    #[test]
    fn a_cursor_goes_on_in_its_own_list_only() {
        let cursor = KEY.encode(7);
        assert_eq!(KEY.position(&cursor), Some(7));
        for other in [
            ListKey { epoch: 1, ..KEY },
            ListKey { parts: &["requester", "paid", "bob"], ..KEY },
            ListKey { parts: &["requester", "all", "ada"], ..KEY },
            ListKey { parts: &["requesterpaid", "", "ada"], ..KEY },
        ] {
            assert_eq!(other.position(&cursor), None, "{other:?}");
        }
    }

    #[test]
    fn a_malformed_cursor_is_refused() {
        let cursor = KEY.encode(7);
        for junk in ["", "x", "====", &cursor[1..], &format!("{cursor}A"), &cursor.replace('A', "B"), "ü"] {
            assert_eq!(KEY.decode(junk).unwrap_err().code(), codes::BAD_CURSOR, "{junk}");
        }
    }
}
