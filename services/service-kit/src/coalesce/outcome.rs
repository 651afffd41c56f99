//! What can become of the items of a batch.

/// What a statement did with one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<A> {
    /// It is answered.
    Answer(A),
    /// What it was decided on changed before it could be written: it is to be decided again, at once.
    Lost,
    /// Somebody else holds what it needs: it is to be tried again after a pause.
    Held,
    /// Nothing was done, and the connection broke on the way to learn why: it is to be tried again on another one.
    Broken,
}

/// Why a statement answered nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure<E> {
    /// It was refused, and nothing was done. One item may be to blame for all.
    Refused(E),
    /// Somebody else held what one of its items needs, and nothing was done.
    Held,
    /// It lost to another one, and nothing was done.
    Lost,
    /// Nobody knows what was done: the connection broke, or there was no answer in time.
    Unknown(E),
}

impl<E> Failure<E> {
    /// A word for it, of a closed set.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Held => "held",
            Self::Lost => "lost",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// Why an item has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unanswered<E> {
    /// There was no room for it in the queue. It was not begun.
    NoRoom,
    /// Its turn did not come in time. It was not begun.
    Late,
    /// Others held or changed what it needs until it was too late. Nothing was done.
    Contended,
    /// It was sent, nobody knows whether it was done, and there was no time to ask again.
    InDoubt,
    /// The statement answered more or fewer items than it was given: a bug, and nobody can be told anything.
    Mismatched,
    /// The statement failed.
    Failed(E),
}
