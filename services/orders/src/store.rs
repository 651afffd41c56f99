//! Data access: reading only. Functions take batches and answer one page a question, in the questions' order.

mod list;

pub(crate) use list::{Filter, ListItem, Lists, Owner, Question};
