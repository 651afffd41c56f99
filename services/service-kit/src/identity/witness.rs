//! Who was asking, for whoever writes about a request when it has been answered.

use std::sync::{Arc, OnceLock};

use super::CallerKey;

/// Where the extractor of callers leaves who is asking, for the line at the end of the request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Witness(Arc<OnceLock<Seen>>);

/// Who was seen asking.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Whom the request counts for.
    pub(crate) caller: CallerKey,
    /// Whether they act for others.
    pub(crate) operator: bool,
}

impl Witness {
    /// Leaves it; only the first counts.
    pub(super) fn saw(&self, seen: Seen) {
        let _ = self.0.set(seen);
    }

    /// Who was seen, if anybody was looked at.
    pub(crate) fn seen(&self) -> Option<&Seen> {
        self.0.get()
    }
}
