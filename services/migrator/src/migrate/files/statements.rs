//! Cutting a file into its statements, by tokens: whatever PostgreSQL accepts is accepted here, parsed or not.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, TokenizerError};

/// One statement.
#[derive(Debug)]
pub(in crate::migrate) struct SourceStatement<'a> {
    /// Its text, from its first word to before its semicolon.
    pub(in crate::migrate) text: &'a str,
    /// Its tokens, comments and blanks among them.
    pub(in crate::migrate) tokens: Vec<TokenWithSpan>,
}

impl SourceStatement<'_> {
    /// Its first word, upper-case.
    pub(in crate::migrate) fn first_word(&self) -> String {
        self.tokens.first().map(|token| token.token.to_string().to_ascii_uppercase()).unwrap_or_default()
    }
}

/// The statements of `sql`, in order.
pub(in crate::migrate) fn split(sql: &str) -> Result<Vec<SourceStatement<'_>>, TokenizerError> {
    let lines = line_starts(sql);
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location()?;
    let mut statements = Vec::new();
    let mut current: Vec<TokenWithSpan> = Vec::new();
    for token in tokens {
        match token.token {
            Token::SemiColon => {
                let end = offset(sql, &lines, token.span.start);
                finish(sql, &lines, end, &mut current, &mut statements);
            }
            Token::EOF => {}
            Token::Whitespace(_) if current.is_empty() => {}
            _ => current.push(token),
        }
    }
    finish(sql, &lines, sql.len(), &mut current, &mut statements);
    Ok(statements)
}

fn finish<'a>(
    sql: &'a str,
    lines: &[usize],
    end: usize,
    current: &mut Vec<TokenWithSpan>,
    statements: &mut Vec<SourceStatement<'a>>,
) {
    let Some(first) = current.first() else { return };
    let start = offset(sql, lines, first.span.start);
    let text = sql.get(start..end).unwrap_or_default().trim_end();
    statements.push(SourceStatement { text, tokens: std::mem::take(current) });
}

/// Where each line begins, in bytes.
fn line_starts(sql: &str) -> Vec<usize> {
    std::iter::once(0).chain(sql.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// The tokenizer counts lines and characters from 1.
fn offset(sql: &str, lines: &[usize], at: Location) -> usize {
    let index = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let Some(start) = lines.get(index(at.line)) else { return sql.len() };
    let line = &sql[*start..];
    line.char_indices().nth(index(at.column)).map_or(sql.len(), |(within, _)| start + within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_cut_at_semicolons_that_end_them_and_nowhere_else() {
        let sql = "-- Why: a test; or two.\n\nSELECT ';', 'ä';  /* ; */ DO $$ BEGIN; END; $$ ;;\n  SELECT \"ö;\"\n-- the end;\n";
        let found: Vec<String> =
            split(sql).expect("tokens").iter().map(|statement| statement.text.to_owned()).collect();
        assert_eq!(found, ["SELECT ';', 'ä'", "DO $$ BEGIN; END; $$", "SELECT \"ö;\"\n-- the end;"]);
    }
}
