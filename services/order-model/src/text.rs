//! Texts that people write: who they are and why they did something.
//! Compared exactly, never trimmed or folded: two spellings are two people.

use std::fmt;

use serde::Serialize;

const IDENTITY_CHARS_MAX: usize = 255;
const REASON_CHARS_MAX: usize = 500;

/// Why a text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing, or only blanks.
    #[error("must not be empty")]
    Empty,
    /// More characters than the column holds.
    #[error("must have at most {0} characters")]
    TooLong(usize),
    /// A control character: it could forge a log line, and PostgreSQL stores no NUL.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// A blank at an end: invisible, and two people would look like one.
    #[error("must not begin or end with a blank")]
    BlankAtEnd,
}

fn check_identity(text: &str) -> Result<(), TextError> {
    if text.trim().is_empty() {
        Err(TextError::Empty)
    } else if text.chars().count() > IDENTITY_CHARS_MAX {
        Err(TextError::TooLong(IDENTITY_CHARS_MAX))
    } else if text.chars().any(char::is_control) {
        Err(TextError::ControlCharacter)
    } else if text.trim().len() != text.len() {
        Err(TextError::BlankAtEnd)
    } else {
        Ok(())
    }
}

macro_rules! identity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                check_identity(&text).map(|()| Self(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::try_from(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identity! {
    /// A user's id: 1..=255 characters, no control characters, no blanks at the ends. How a requester is known.
    UserId
}
identity! {
    /// A user's name: 1..=255 characters, no control characters, no blanks at the ends. How a creator is known.
    Username
}

/// Why somebody made a move, in their words: 1..=500 characters, not only blanks.
/// Line breaks and tabs are welcome, other control characters are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Reason(String);

impl Reason {
    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        if text.trim().is_empty() {
            Err(TextError::Empty)
        } else if text.chars().count() > REASON_CHARS_MAX {
            Err(TextError::TooLong(REASON_CHARS_MAX))
        } else if text.chars().any(|char| char.is_control() && !matches!(char, '\n' | '\r' | '\t')) {
            Err(TextError::ControlCharacter)
        } else {
            Ok(Self(text))
        }
    }
}
