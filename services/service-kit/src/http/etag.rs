//! Entity tags: `"<version>"`, and after a restore `"<epoch>.<version>"`, so that a version handed out before it is never taken for a new one.

use hyper::header::{HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH};

use super::problem::{Problem, codes};

/// The tag of one version of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityTag {
    /// How often the database was restored.
    pub epoch: i32,
    /// The thing's version.
    pub version: i64,
}

impl EntityTag {
    /// The tag as a header.
    pub fn to_header(self) -> HeaderValue {
        // Digits, a dot and quotes are always a header value.
        HeaderValue::try_from(self.to_string()).unwrap_or(HeaderValue::from_static("\"\""))
    }

    fn parse(opaque: &str) -> Option<Self> {
        let number = |text: &str| {
            // One version has one spelling: no sign, no leading zero.
            let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
            plain.then(|| text.parse::<i64>().ok()).flatten()
        };
        match opaque.split_once('.') {
            None => Some(Self { epoch: 0, version: number(opaque)? }),
            Some((epoch, version)) => {
                Some(Self { epoch: i32::try_from(number(epoch)?).ok()?, version: number(version)? })
            }
        }
    }
}

impl std::fmt::Display for EntityTag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self { epoch: 0, version } => write!(f, "\"{version}\""),
            Self { epoch, version } => write!(f, "\"{epoch}.{version}\""),
        }
    }
}

/// What a caller says of the version it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// Nothing, or `*`: any version will do.
    Any,
    /// One of these. A tag that is none of ours is dropped: it matches nothing.
    OneOf(Vec<EntityTag>),
}

impl IfMatch {
    /// Reads `If-Match`. Takes lists, and `W/`, because a proxy that compresses weakens our tags.
    pub fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        match tags(headers, &IF_MATCH) {
            Ok(None | Some(Tags::Any)) => Ok(Self::Any),
            Ok(Some(Tags::List(list))) => Ok(Self::OneOf(list)),
            Err(Junk) => {
                let detail = "If-Match must be *, or entity tags such as \"3\", separated by commas";
                Err(Problem::new(codes::MALFORMED_HEADER, detail))
            }
        }
    }
}

/// Whether `If-None-Match` names `current`: the caller has it already. Junk matches nothing, since asking again is harmless.
pub fn if_none_match(headers: &HeaderMap, current: EntityTag) -> bool {
    match tags(headers, &IF_NONE_MATCH) {
        Ok(Some(Tags::Any)) => true,
        Ok(Some(Tags::List(list))) => list.contains(&current),
        Ok(None) | Err(Junk) => false,
    }
}

enum Tags {
    Any,
    List(Vec<EntityTag>),
}

struct Junk;

fn tags(headers: &HeaderMap, name: &hyper::header::HeaderName) -> Result<Option<Tags>, Junk> {
    let mut list = None;
    for value in headers.get_all(name) {
        let text = value.to_str().map_err(|_| Junk)?.trim();
        if text == "*" {
            return Ok(Some(Tags::Any));
        }
        parse_list(text, list.get_or_insert_with(Vec::new))?;
    }
    Ok(list.map(Tags::List))
}

/// Reads `"a", W/"b"`: a tag may hold a comma, so the text is walked and not split. Empty elements are skipped (RFC 9110, 5.6.1).
fn parse_list(text: &str, list: &mut Vec<EntityTag>) -> Result<(), Junk> {
    let is_gap = |char: char| char == ',' || char.is_ascii_whitespace();
    let mut rest = text.trim_matches(is_gap);
    if rest.is_empty() {
        return Err(Junk);
    }
    while !rest.is_empty() {
        let quoted = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"').ok_or(Junk)?;
        let (opaque, after) = quoted.split_once('"').ok_or(Junk)?;
        list.extend(EntityTag::parse(opaque));
        let next = after.trim_start_matches(is_gap);
        if !next.is_empty() && !after.trim_start().starts_with(',') {
            return Err(Junk);
        }
        rest = next;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Result<IfMatch, ()> {
        let headers = HeaderMap::from_iter([(IF_MATCH, HeaderValue::from_static(text))]);
        IfMatch::read(&headers).map_err(|_| ())
    }

    fn tag(epoch: i32, version: i64) -> EntityTag {
        EntityTag { epoch, version }
    }

    #[test]
    fn lists_weak_tags_and_the_star_are_read() {
        assert_eq!(read("*"), Ok(IfMatch::Any));
        assert_eq!(read("\"3\""), Ok(IfMatch::OneOf(vec![tag(0, 3)])));
        for text in ["W/\"3\", \"2.4\"", ",\"3\",, \"2.4\","] {
            assert_eq!(read(text), Ok(IfMatch::OneOf(vec![tag(0, 3), tag(2, 4)])), "{text}");
        }
    }

    #[test]
    fn a_tag_that_is_none_of_ours_matches_nothing() {
        for text in ["\"abc\"", "\"a,b\"", "\"03\"", "\"+3\"", "\"\"", "\"0.3\"", "\"99999999999999999999\""]
        {
            assert_eq!(read(text), Ok(IfMatch::OneOf(vec![])), "{text}");
        }
    }

    #[test]
    fn junk_is_refused() {
        for text in ["3", "\"3", "\"3\" \"4\"", "", ",", "\"3\"4"] {
            assert_eq!(read(text), Err(()), "{text}");
        }
    }
}
