//! The header of a migration file, and the two laws over its statements.
//!
//! A header is comment lines: directives first, then the line that says why. A comment that is neither is refused,
//! because a misspelt directive that passes for prose would run a file under settings that nobody asked for.

use std::time::Duration;

use sqlparser::ast::{ObjectNamePart, Statement};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::statements::{SourceStatement, split};

/// What a file's header asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directives {
    /// False for `-- no-transaction`: the file holds one statement that cannot run inside a transaction.
    pub transaction: bool,
    /// How long one statement waits for a lock before it gives way and is tried again; 2 s unless the file says more.
    pub lock_timeout: Duration,
    /// How long one statement may run; zero, the default, is without end.
    pub statement_timeout: Duration,
    /// The file is a backfill, of so many rows a batch.
    pub backfill_batch: Option<u32>,
    /// The sentence after `-- Why:`.
    pub why: String,
    /// The index that a `CREATE INDEX CONCURRENTLY` of a file without transaction makes; a failed one leaves it INVALID.
    pub concurrent_index: Option<String>,
}

/// Why a header, or the statements below it, are refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DirectiveError {
    /// The header has no line that says why.
    #[error("its header must end with a line `-- Why: …`")]
    NoWhy,
    /// A comment before the reason that is no directive.
    #[error(
        "`{line}` is no directive; known are no-transaction, lock_timeout, statement_timeout and backfill, then `-- Why: …`"
    )]
    Unknown {
        /// The line.
        line: String,
    },
    /// The value of a directive cannot be read.
    #[error("`{line}`: expected {expected}")]
    Value {
        /// The line.
        line: String,
        /// What would be right.
        expected: &'static str,
    },
    /// `-- no-transaction` with more or fewer statements than one: what a failure leaves behind could not be told.
    #[error("a file without transaction holds exactly one statement, this one holds {count}")]
    OneStatement {
        /// How many there are.
        count: usize,
    },
    /// `-- backfill` over something that cannot be run a batch at a time.
    #[error(
        "a backfill is one statement in a transaction, and its `$1` is the number of rows that it may change"
    )]
    Backfill,
    /// BEGIN, COMMIT or the like: the migrator owns the transaction.
    #[error("`{word}` does not belong into a migration: each file is one transaction of the migrator's")]
    TransactionControl {
        /// The statement's first word.
        word: String,
    },
    /// The text is no SQL, as far as quotes and comments go.
    #[error("it cannot be read: {reason}")]
    Unreadable {
        /// What the tokenizer says.
        reason: String,
    },
}

const CONTROL: [&str; 10] =
    ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE", "DISCARD"];

impl Directives {
    /// Reads the header and counts the statements of a file.
    pub(in crate::migrate) fn parse(sql: &str) -> Result<Self, DirectiveError> {
        let mut directives = Self {
            transaction: true,
            lock_timeout: Duration::from_secs(2),
            statement_timeout: Duration::ZERO,
            backfill_batch: None,
            why: String::new(),
            concurrent_index: None,
        };
        for line in sql.lines() {
            let comment = line.strip_prefix("--").ok_or(DirectiveError::NoWhy)?.trim();
            if let Some(why) = comment.strip_prefix("Why:") {
                why.trim().clone_into(&mut directives.why);
                break;
            }
            directives.read_line(comment, line)?;
        }
        if directives.why.is_empty() {
            return Err(DirectiveError::NoWhy);
        }
        let statements =
            split(sql).map_err(|error| DirectiveError::Unreadable { reason: error.to_string() })?;
        let first_words: Vec<String> = statements.iter().map(SourceStatement::first_word).collect();
        if !directives.transaction {
            if first_words.len() != 1 {
                return Err(DirectiveError::OneStatement { count: first_words.len() });
            }
            directives.concurrent_index = concurrent_index(sql);
        }
        if directives.backfill_batch.is_some() && !is_batch(&directives, &statements) {
            return Err(DirectiveError::Backfill);
        }
        match first_words.into_iter().find(|word| CONTROL.contains(&word.as_str())) {
            Some(word) => Err(DirectiveError::TransactionControl { word }),
            None => Ok(directives),
        }
    }

    fn read_line(&mut self, comment: &str, line: &str) -> Result<(), DirectiveError> {
        let (name, value) =
            comment.split_once(':').map_or((comment, ""), |(name, value)| (name, value.trim()));
        let wrong = |expected| DirectiveError::Value { line: line.to_owned(), expected };
        match name {
            "no-transaction" if value.is_empty() => self.transaction = false,
            "lock_timeout" => {
                self.lock_timeout = parse_time(value)
                    .filter(|time| !time.is_zero())
                    .ok_or_else(|| wrong("a time above zero, as 500ms, 2s or 1min"))?;
            }
            "statement_timeout" => {
                self.statement_timeout =
                    parse_time(value).ok_or_else(|| wrong("0, or a time as 500ms, 2s or 1min"))?;
            }
            "backfill" => {
                let batch =
                    value.strip_prefix("batch=").and_then(|rows| rows.parse().ok()).filter(|rows| *rows > 0);
                self.backfill_batch = Some(batch.ok_or_else(|| wrong("batch=ROWS"))?);
            }
            _ => return Err(DirectiveError::Unknown { line: line.to_owned() }),
        }
        Ok(())
    }
}

/// A time as PostgreSQL writes it, in the units that a timeout needs. A bare number other than 0 is refused: 2 would be milliseconds.
pub fn parse_time(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u32 = text.get(..digits)?.parse().ok()?;
    let unit = match text.get(digits..)? {
        "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        _ => return None,
    };
    Some(Duration::from_millis(u64::from(number) * unit))
}

/// Whether the file can be run a batch at a time: one statement that takes the size of the batch and nothing else.
fn is_batch(directives: &Directives, statements: &[SourceStatement<'_>]) -> bool {
    let [statement] = statements else { return false };
    let mut places = statement.tokens.iter().filter_map(|token| match &token.token {
        Token::Placeholder(name) => Some(name.as_str()),
        _ => None,
    });
    directives.transaction && places.next() == Some("$1") && places.all(|name| name == "$1")
}

fn concurrent_index(sql: &str) -> Option<String> {
    let parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).ok()?;
    match parsed.into_iter().next()? {
        Statement::CreateIndex(index) if index.concurrently => match index.name?.0.pop()? {
            ObjectNamePart::Identifier(name) => Some(name.value),
            ObjectNamePart::Function(_) => None,
        },
        _ => None,
    }
}
