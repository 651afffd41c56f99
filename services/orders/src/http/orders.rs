//! The routes below `/orders`, one file each.

pub(super) mod created_by;
pub(super) mod user;
