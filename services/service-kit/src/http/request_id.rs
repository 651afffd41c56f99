//! Request ids: taken from the caller if sane, else made. They stand in the answer, in every problem and in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::header::{HeaderName, HeaderValue};

/// The header that carries it, both ways.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const CHARS_MAX: usize = 128;

/// Where new ids come from; a parameter, so that tests know them.
#[derive(Clone)]
pub struct RequestIds(Arc<dyn Fn() -> u128 + Send + Sync>);

impl RequestIds {
    /// 128 random bits each.
    pub fn random() -> Self {
        Self(Arc::new(rand::random))
    }

    /// 1, 2, 3 …, for tests.
    pub fn counting() -> Self {
        let next = AtomicU64::new(1);
        Self(Arc::new(move || u128::from(next.fetch_add(1, Ordering::Relaxed))))
    }

    /// The caller's id if it is 1..=128 of `[A-Za-z0-9._-]`, else a new one: a log line must not be forged through it.
    pub(super) fn take_or_make(&self, given: Option<&HeaderValue>) -> HeaderValue {
        given.filter(|value| is_sane(value.as_bytes())).cloned().unwrap_or_else(|| {
            let text = format!("{:032x}", (self.0)());
            HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("unknown"))
        })
    }
}

fn is_sane(id: &[u8]) -> bool {
    (1..=CHARS_MAX).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        let ids = RequestIds::counting();
        for sane in ["a", "A-1_b.c", &"x".repeat(128)] {
            let value = HeaderValue::from_str(sane).unwrap();
            assert_eq!(ids.take_or_make(Some(&value)), value);
        }
        for other in ["", "a b", "a\tb", "ü", &"x".repeat(129), "a;b"] {
            let value = HeaderValue::from_bytes(other.as_bytes()).unwrap();
            assert_ne!(ids.take_or_make(Some(&value)), value, "{other}");
        }
        assert_ne!(ids.take_or_make(None), ids.take_or_make(None));
    }
}
