//! Just enough of Rust's lexical grammar to tell code from comments and literals, and words from parts of words.

/// The same text with comments, strings and characters blanked; every line keeps its number.
pub(super) fn only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(length) = hidden(rest) {
            let (token, after) = rest.split_at(length);
            out.extend(token.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = after;
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// The length of the comment or literal that begins here.
fn hidden(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if rest.starts_with('"') {
        return Some(string(rest));
    }
    match rest.as_bytes() {
        [b'r', b'"' | b'#', ..] => raw_string(rest),
        [b'\'', b'\\', ..] => rest[3..].find('\'').map(|end| end + 4),
        [b'\'', ..] => {
            let mut characters = rest[1..].char_indices();
            let (_, quoted) = characters.next()?;
            let (index, end) = characters.next()?;
            // Otherwise it is a lifetime, and code.
            (end == '\'' && quoted != '\'').then_some(index + 2)
        }
        _ => None,
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
    let body = rest[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(2 + hashes + length)
}

/// Whether `c` can stand inside a word.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where `word` stands in `line` with nothing of a word on either side.
pub(super) fn find_words<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    line.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = line[..*at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Whether a line of code names the crate `name`: `name::…`, `use name;`, `use name as …`.
pub(super) fn names_crate(line: &str, name: &str) -> bool {
    find_words(line, name).any(|at| {
        let after = &line[at + name.len()..];
        let imported =
            line.trim_start().contains("use ") && (after.starts_with(';') || after.starts_with(" as "));
        (after.starts_with("::") || imported) && !line[..at].ends_with("::")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blank_and_lines_stay() {
        let text = "a // b\n/* c /* d */\n */ e(\"f \\\" g\", 'h', '\\n', r#\"i \" j\"#, &'k l)";
        let code = only(text);
        assert_eq!(code.lines().count(), text.lines().count());
        let letters: String = code.chars().filter(char::is_ascii_alphabetic).collect();
        assert_eq!(letters, "aekl");
    }

    #[test]
    fn a_raw_identifier_is_code() {
        assert_eq!(only("r#type"), "r#type");
    }

    #[test]
    fn a_crate_is_named_by_a_path_or_an_import_and_by_nothing_else() {
        assert!(names_crate("let x = sqlx::query(y);", "sqlx"));
        assert!(names_crate("use sqlx as database;", "sqlx"));
        assert!(!names_crate("let sqlx = 1;", "sqlx"));
        assert!(!names_crate("use crate::sqlx::Row;", "sqlx"));
        assert!(!names_crate("use my_sqlx::Row;", "sqlx"));
    }
}
