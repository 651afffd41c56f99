//! What a statement locks and what it destroys, told from its parsed form, never from words that it contains.
//!
//! It errs to one side: what the parser does not know, what we do not list, and what could call anything (`DO`, functions of
//! a `SELECT`) counts as destructive and is named as not understood.

mod alter;
mod statement;

use sqlparser::ast::LockTableMode;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::files::statements::{SourceStatement, split};

/// How much of a statement names it in a sentence.
const NAME_CHARACTERS_MAX: usize = 60;

/// One statement of a file, as a plan shows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PlannedStatement {
    /// Its text.
    pub sql: String,
    /// What others may have to wait for. What it only reads, and what it makes, is not listed.
    pub locks: Vec<RelationLock>,
    /// What is gone, or no longer as an older application knows it, once it has run; empty for nothing.
    pub destroys: Vec<String>,
}

/// A lock on a table or an index, in PostgreSQL's words.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RelationLock {
    /// As the statement names it.
    pub relation: String,
    /// As `ACCESS EXCLUSIVE`.
    pub mode: String,
}

/// Looks at each statement of a file.
pub(super) fn analyse(sql: &str) -> Vec<PlannedStatement> {
    match split(sql) {
        Ok(statements) => statements.iter().map(analyse_one).collect(),
        Err(_) => vec![not_understood(sql)],
    }
}

fn analyse_one(source: &SourceStatement<'_>) -> PlannedStatement {
    let (tokens, concurrently) = without_concurrently(&source.tokens);
    let Some(parsed) = parse(tokens) else { return not_understood(source.text) };
    let mut found = Found { concurrently, ..Found::default() };
    if !statement::look(&parsed, source, &mut found) {
        return not_understood(source.text);
    }
    let locks =
        found.locks.into_iter().map(|(relation, mode)| RelationLock { relation, mode: mode.to_string() });
    PlannedStatement { sql: source.text.to_owned(), locks: locks.collect(), destroys: found.destroys }
}

fn parse(tokens: Vec<TokenWithSpan>) -> Option<sqlparser::ast::Statement> {
    let mut parser = Parser::new(&PostgreSqlDialect {}).with_tokens_with_locations(tokens);
    let parsed = parser.parse_statement().ok()?;
    // A parser that stops early has not understood the rest.
    (parser.peek_token_ref().token == Token::EOF).then_some(parsed)
}

/// The parser does not know `DROP INDEX CONCURRENTLY`; for our purpose it is `DROP INDEX` under a weaker lock.
fn without_concurrently(tokens: &[TokenWithSpan]) -> (Vec<TokenWithSpan>, bool) {
    let keyword = |token: &TokenWithSpan| match &token.token {
        Token::Word(word) => word.keyword,
        _ => Keyword::NoKeyword,
    };
    let words: Vec<(usize, Keyword)> = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| !matches!(token.token, Token::Whitespace(_)))
        .map(|(at, token)| (at, keyword(token)))
        .collect();
    match words.as_slice() {
        [(_, Keyword::DROP), (_, Keyword::INDEX), (at, Keyword::CONCURRENTLY), ..] => {
            let mut rest = tokens.to_vec();
            rest.remove(*at);
            (rest, true)
        }
        _ => (tokens.to_vec(), false),
    }
}

fn not_understood(text: &str) -> PlannedStatement {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut name: String = words.chars().take(NAME_CHARACTERS_MAX).collect();
    if name.len() < words.len() {
        name.push('…');
    }
    PlannedStatement {
        sql: text.to_owned(),
        locks: Vec::new(),
        destroys: vec![format!("not understood, so it may destroy anything: {name}")],
    }
}

/// What was found in one statement so far.
#[derive(Default)]
struct Found {
    locks: Vec<(String, LockTableMode)>,
    destroys: Vec<String>,
    /// `DROP INDEX CONCURRENTLY`.
    concurrently: bool,
}

impl Found {
    /// Keeps the strongest lock of each relation.
    fn lock(&mut self, relation: &impl ToString, mode: LockTableMode) {
        let relation = relation.to_string();
        match self.locks.iter_mut().find(|(name, _)| *name == relation) {
            Some((_, strongest)) if *strongest < mode => *strongest = mode,
            Some(_) => {}
            None => self.locks.push((relation, mode)),
        }
    }

    fn destroys(&mut self, what: impl Into<String>) {
        self.destroys.push(what.into());
    }
}

#[cfg(test)]
mod tests;
