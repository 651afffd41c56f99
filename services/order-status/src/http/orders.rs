//! The routes below `/orders`, one file each.

pub(super) mod create;
pub(super) mod get;
pub(super) mod history;
pub(super) mod status;
pub(super) mod update;
