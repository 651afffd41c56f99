//! Reading a query string: known parameters only, each once, every mistake named at once.

use std::borrow::Cow;

use hyper::header::HeaderValue;

use super::problem::{FieldError, Problem, shortened};

const LIMIT_DEFAULT: u8 = 50;
const LIMIT_MAX: u8 = 200;

/// The parameters of a query string.
#[derive(Debug)]
pub struct Query {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl Query {
    /// Reads `raw`; `known` are the parameters of this call. A misspelt one would otherwise be a filter that does nothing.
    pub fn read(raw: Option<&str>, known: &'static [&'static str]) -> Self {
        let pairs: Vec<(String, String)> = raw
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), decode(value))
            })
            .collect();
        let mut query = Self { pairs, errors: Vec::new() };
        for index in 0..query.pairs.len() {
            let name = query.pairs[index].0.clone();
            if !known.contains(&name.as_str()) {
                query.refuse(
                    shortened(name),
                    format!("is no parameter of this call; it takes {}", known.join(", ")),
                );
            } else if query.pairs[..index].iter().any(|(earlier, _)| *earlier == name) {
                query.refuse(shortened(name), "must be given once");
            }
        }
        query
    }

    /// The text of a parameter, parsed; `message` says what it must be.
    pub fn parse<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
        message: &'static str,
    ) -> Option<T> {
        let text = self.text(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.refuse(name, message);
        }
        parsed
    }

    /// The parameter `limit`: how many items a page may have, 1..=200, 50 if absent.
    pub fn limit(&mut self) -> u8 {
        let parse = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|limit| digits && (1..=LIMIT_MAX).contains(limit))
        };
        self.parse("limit", parse, "must be a whole number from 1 to 200").unwrap_or(LIMIT_DEFAULT)
    }

    /// The text of a parameter.
    pub fn text(&self, name: &'static str) -> Option<String> {
        self.pairs.iter().find(|(given, _)| given == name).map(|(_, text)| text.clone())
    }

    /// Nothing where all was right, else one problem that names every wrong parameter.
    pub fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(self.errors)) }
    }

    fn refuse(&mut self, field: impl Into<Cow<'static, str>>, message: impl Into<String>) {
        self.errors.push(FieldError { field: field.into(), message: message.into() });
    }
}

/// `Link: …; rel="next"` (RFC 8288) of a page: the same query, from `cursor` on. It is relative to the request's own
/// address, so that it holds behind a gateway's prefix. `raw` has passed [`Query::finish`].
pub fn next_link(raw: Option<&str>, cursor: &str) -> Option<HeaderValue> {
    let pairs = raw.unwrap_or_default().split('&');
    let kept = pairs
        .filter(|pair| !pair.is_empty() && decode(pair.split('=').next().unwrap_or_default()) != "after");
    let query: Vec<&str> = kept.collect();
    let glue = if query.is_empty() { "" } else { "&" };
    HeaderValue::try_from(format!("<?{}{glue}after={cursor}>; rel=\"next\"", query.join("&"))).ok()
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_the_same_query_from_the_cursor_on() {
        let link = |raw| next_link(raw, "abc").unwrap().to_str().unwrap().to_owned();
        assert_eq!(link(None), r#"<?after=abc>; rel="next""#);
        assert_eq!(link(Some("limit=2&status=all")), r#"<?limit=2&status=all&after=abc>; rel="next""#);
        assert_eq!(link(Some("after=old&&alert=true")), r#"<?alert=true&after=abc>; rel="next""#);
        assert_eq!(link(Some("a%66ter=old")), r#"<?after=abc>; rel="next""#);
    }

    #[test]
    fn a_flood_of_wrong_parameters_is_not_said_back_in_full() {
        let flood: Vec<String> = (0..500).map(|n| format!("{}{n}=1", "x".repeat(1000))).collect();
        let problem = Query::read(Some(&flood.join("&")), &["limit"]).finish().unwrap_err();
        assert_eq!(problem.detail(), "500 fields are wrong; errors lists the first 32");
        assert!(problem.example("an-id").to_string().len() < 10_000);
    }
}
