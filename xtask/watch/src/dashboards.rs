//! What each dashboard shows. Everything that both services have is in [`shared`], once.

mod migrations;
mod order_status;
mod orders;
mod overview;
mod shared;

pub(crate) use migrations::migrations;
pub(crate) use order_status::order_status;
pub(crate) use orders::orders;
pub(crate) use overview::overview;
