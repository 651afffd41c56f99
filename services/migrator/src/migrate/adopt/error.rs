//! Why an adoption ended early. What was written stays; running it again goes on.

use std::io;

use crate::migrate::change::ChangeError;
use crate::migrate::session::ConnectError;

/// See the variants.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// It could not begin, or lost its lock, or was stopped.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The new database has not what an adoption needs.
    #[error("the new database is not at this release's schema: run `migrator up` first")]
    SchemaBehind,
    /// The old database is out of reach.
    #[error("the old database cannot be reached")]
    OldConnect(#[source] ConnectError),
    /// What is set for one session would hold for others.
    #[error("a connection pooler is in front of the old database: give the server's own address")]
    Pooled,
    /// A pooler is noticed by a second connection.
    #[error("no second connection to the old database could be had, by which a pooler is noticed")]
    Alone,
    /// The tables are not the replaced services'.
    #[error("the tables of schema '{schema}' are not those of the replaced services: {}", wrong.join("; "))]
    Shape {
        /// Where they were looked for.
        schema: String,
        /// What is wrong with each column.
        wrong: Vec<String>,
    },
    /// The old server does not know the zone.
    #[error("'{name}' is no time zone of the old server; write it as Europe/Berlin")]
    TimeZone {
        /// What was given.
        name: String,
    },
    /// What was begun with one database must not be ended with another.
    #[error(
        "this database adopts from {known}, and {given} is another; if the old database only moved there, say --moved"
    )]
    AnotherSource {
        /// Whose orders are here.
        known: String,
        /// What `--from` leads to.
        given: String,
    },
    /// What was begun with some choices must not be ended with others.
    #[error("the adoption was begun with --time-zone {time_zone} --doubt {doubt}: go on with these")]
    OtherChoices {
        /// Its zone.
        time_zone: String,
        /// Its way of settling doubt.
        doubt: String,
    },
    /// The old database did not answer a question.
    #[error("the old database could not be read; what was adopted stays")]
    OldRead(#[source] sqlx::Error),
    /// A statement failed here.
    #[error("the new database could not be written; what was adopted before stays")]
    New(#[source] sqlx::Error),
    /// The report could not be written.
    #[error("the report could not be written")]
    Report(#[source] io::Error),
    /// The databases differ in what they should agree on.
    #[error("{} orders are not what the old database promises: {}", orders.len(), first(orders))]
    Different {
        /// Their ids.
        orders: Vec<i64>,
    },
}

fn first(orders: &[i64]) -> String {
    let mut text = orders.iter().take(10).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if orders.len() > 10 {
        text.push_str(" and more");
    }
    text
}
