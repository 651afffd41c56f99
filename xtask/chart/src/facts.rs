//! What a fact must be, each in a sentence that clap shows behind the flag. Nothing passes here that the chart's schema would
//! refuse; a test holds the two together.

use url::Url;

/// Why a text cannot be the fact.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(crate) enum FactError {
    #[error("give the host alone: no scheme, no port (--db-port), no login, no path")]
    Host,
    #[error("must be an http or https address, in small letters up to the host, without query and fragment")]
    CatalogUrl,
    #[error(
        "must be an https address, in small letters up to the host: keys that came over http could be anybody's"
    )]
    JwksUrl,
    #[error("must be the name of an object: lower-case letters, digits, dots and hyphens")]
    ObjectName,
    #[error("must be a host and perhaps a path, as in registry.example.com/atelier: no scheme, no blanks")]
    Place,
    #[error("must not be empty, and have no blanks")]
    Word,
}

/// The name or address of a server.
pub(crate) fn host(text: &str) -> Result<String, FactError> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let is_address = bare.parse::<std::net::IpAddr>().is_ok();
    let is_name = !text.is_empty()
        && text.len() <= 253
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_'));
    if is_address {
        Ok(bare.to_owned())
    } else if is_name {
        Ok(text.to_owned())
    } else {
        Err(FactError::Host)
    }
}

/// The catalog's address.
pub(crate) fn catalog_url(text: &str) -> Result<String, FactError> {
    let usable =
        url(text, &["http", "https"]).is_some_and(|url| url.query().is_none() && url.fragment().is_none());
    if usable { Ok(text.to_owned()) } else { Err(FactError::CatalogUrl) }
}

/// The address of a key set.
pub(crate) fn jwks_url(text: &str) -> Result<String, FactError> {
    if url(text, &["https"]).is_some() { Ok(text.to_owned()) } else { Err(FactError::JwksUrl) }
}

/// An address as it is typed, with one of these schemes, a host, and nobody's login. A parser forgives what others do not:
/// capitals in the scheme, blanks around it, a missing slash.
fn url(text: &str, schemes: &[&str]) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_as_typed = schemes.iter().any(|scheme| text.starts_with(&format!("{scheme}://")));
    let has_login = text.contains('@');
    (is_as_typed && url.has_host() && !has_login && !text.chars().any(char::is_whitespace)).then_some(url)
}

/// The name of a Secret.
pub(crate) fn object_name(text: &str) -> Result<String, FactError> {
    let ends = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let usable = text.len() <= 253
        && text.starts_with(ends)
        && text.ends_with(ends)
        && text.chars().all(|letter| ends(letter) || matches!(letter, '.' | '-'));
    if usable { Ok(text.to_owned()) } else { Err(FactError::ObjectName) }
}

/// Where images are.
pub(crate) fn place(text: &str) -> Result<String, FactError> {
    let usable = text.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-/:".contains(letter));
    let usable = usable && !text.is_empty() && !text.contains("//") && !text.starts_with('/');
    if usable { Ok(text.to_owned()) } else { Err(FactError::Place) }
}

/// Any name without blanks.
pub(crate) fn word(text: &str) -> Result<String, FactError> {
    let usable =
        !text.is_empty() && !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    if usable { Ok(text.to_owned()) } else { Err(FactError::Word) }
}
