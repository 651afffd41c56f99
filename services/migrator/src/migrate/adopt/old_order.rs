//! One old order as the mapping tells it, and what is found of it.

use std::borrow::Cow;

use sqlx::FromRow;

use super::rule::{DUPLICATE, Finding};

/// One old order, as the mapping has it.
#[derive(Debug, Clone, FromRow)]
pub(super) struct OldOrder {
    pub(super) order_id: i64,
    pub(super) o_id: Option<i64>,
    pub(super) c_id: Option<i64>,
    pub(super) spare_ids: Vec<i64>,
    pub(super) requester_id: Option<String>,
    pub(super) created_by: Option<String>,
    pub(super) rung: i32,
    pub(super) alert: bool,
    pub(super) model_id: Option<String>,
    pub(super) params_kind: String,
    pub(super) params: Option<String>,
    pub(super) cost_initial: Option<String>,
    pub(super) cost_final: Option<String>,
    pub(super) created_at: String,
    pub(super) hash: String,
    pub(super) notes: Vec<String>,
    pub(super) found: String,
}

impl OldOrder {
    /// What is found of it under `rule`: in `orders`, unless it has no row there.
    pub(super) fn finding(&self, rule: impl Into<Cow<'static, str>>) -> Finding {
        let (old_table, old_id) = match (self.o_id, self.c_id) {
            (Some(id), _) => ("orders", id),
            (None, id) => ("customs", id.unwrap_or_default()),
        };
        Finding {
            order_id: self.order_id,
            old_table: old_table.into(),
            old_id,
            rule: rule.into(),
            found: self.found.clone(),
        }
    }

    /// What the mapping found of it.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let spare = self.spare_ids.iter().map(|&old_id| Finding { old_id, ..self.finding(DUPLICATE) });
        self.notes.iter().map(|note| self.finding(note.clone())).chain(spare).collect()
    }
}
