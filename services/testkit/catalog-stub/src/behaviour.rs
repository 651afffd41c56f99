//! The ways in which a catalog answers, good and bad, each seen at a real one or feared for a reason.

use std::time::Duration;

/// How one answer is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// What is answered.
    pub reply: Reply,
    /// How long it takes before the first byte.
    pub delay: Duration,
    /// How a price is written.
    pub price: Price,
    /// Whether answers carry an `ETag` and `If-None-Match` is honoured with 304.
    pub etag: bool,
}

impl Behaviour {
    /// Answers `reply` at once.
    pub fn reply(reply: Reply) -> Self {
        Self { reply, ..Self::default() }
    }

    /// Answers as a good catalog, after a while.
    pub fn slow(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }
}

/// What is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reply {
    /// The model; 404 for one that it does not know.
    #[default]
    Model,
    /// 404.
    NotFound,
    /// 500 with a body that is no JSON.
    ServerError,
    /// 200 with half of a JSON document, cut off.
    Garbage,
    /// 200 with a page for people, as a proxy's log-in.
    Html,
    /// 200 with good JSON whose fields have other types than they should.
    WrongTypes,
    /// 200 with only the id: every other field is missing.
    Sparse,
    /// 200 with fields that nobody asked for beside the good ones.
    Verbose,
    /// 200 with the model behind a byte-order mark.
    ByteOrderMark,
    /// 302 to this address.
    Redirect(String),
    /// 200 and a body without end.
    Endless,
    /// Anything else.
    Other {
        /// The status code.
        status: u16,
        /// The content type.
        content_type: String,
        /// The body.
        body: String,
    },
}

/// How a price is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Price {
    /// `12.5`, a JSON number.
    #[default]
    Number,
    /// `"12.50"`, text.
    Text,
}
