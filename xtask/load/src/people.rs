//! Who asks: buyers and makers by the number of the order, each of whom the installation knows as it knows anybody.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Deserialize;
use serde_json::json;

/// How many orders a buyer makes: so few that a page of a list has them all.
const ORDERS_EACH: u64 = 8;
const MAKERS: u64 = 16;
/// Tokens that are kept: signing one costs more than a request.
const TOKENS_MAX: usize = 4096;

/// Why nobody can ask.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// It is no JWT, or has no `sub` and `username`.
    #[error("the token does not say in `sub` and `username` who holds it")]
    Token,
    /// The header's name or value could not be one.
    #[error("{0:?} is no header: it is to be NAME: VALUE, where {{user}} stands for whoever asks")]
    Header(String),
    /// The key signs nothing.
    #[error("a token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person(pub String);

/// All of them, and how a request becomes theirs.
pub struct People {
    run: String,
    proof: Proof,
    tokens: HashMap<String, HeaderValue>,
}

enum Proof {
    /// The installation believes what a body says.
    Open,
    /// Tokens signed with its key; they end with this second.
    Key { key: EncodingKey, expires: u64 },
    /// One token, and whose it is.
    Token { value: HeaderValue, holder: Holder },
    /// As a proxy that vouches for whoever asks.
    Headers(Vec<(HeaderName, String)>),
}

#[derive(Deserialize)]
struct Holder {
    sub: String,
    username: String,
}

impl People {
    /// Who is believed; `run` is part of each name, so that two loads never meet.
    pub fn open(run: &str) -> Self {
        Self::by(run, Proof::Open)
    }

    /// Who is known by tokens of this key, until `expires`, a second of Unix time.
    pub fn of_key(run: &str, key: &[u8], expires: u64) -> Result<Self, PeopleError> {
        let mut people = Self::by(run, Proof::Key { key: EncodingKey::from_secret(key), expires });
        people.token("nobody")?;
        Ok(people)
    }

    /// One person, who buys and makes.
    pub fn of_token(run: &str, token: &str) -> Result<Self, PeopleError> {
        let payload = token.split('.').nth(1).ok_or(PeopleError::Token)?;
        let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).map_err(|_| PeopleError::Token)?;
        let holder = serde_json::from_slice(&payload).map_err(|_| PeopleError::Token)?;
        let value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| PeopleError::Token)?;
        Ok(Self::by(run, Proof::Token { value, holder }))
    }

    /// Who is known by headers, each as `NAME: VALUE` with `{user}` in it.
    pub fn of_headers(run: &str, headers: &[String]) -> Result<Self, PeopleError> {
        let parse = |text: &String| {
            let invalid = || PeopleError::Header(text.clone());
            let (name, value) = text.split_once(':').ok_or_else(invalid)?;
            let name = name.trim().parse().map_err(|_| invalid())?;
            HeaderValue::from_str(value.trim()).map_err(|_| invalid())?;
            Ok((name, value.trim().to_owned()))
        };
        Ok(Self::by(run, Proof::Headers(headers.iter().map(parse).collect::<Result<_, _>>()?)))
    }

    fn by(run: &str, proof: Proof) -> Self {
        Self { run: run.to_owned(), proof, tokens: HashMap::new() }
    }

    /// Tokens are signed with another key from now on.
    pub fn change_key(&mut self, new: &[u8]) {
        if let Proof::Key { key, .. } = &mut self.proof {
            *key = EncodingKey::from_secret(new);
            self.tokens.clear();
        }
    }

    /// Who buys the order of this number: by user id.
    pub fn buyer(&self, number: u64) -> Person {
        Person(match &self.proof {
            Proof::Token { holder, .. } => holder.sub.clone(),
            _ => format!("load-{}-buyer-{}", self.run, number / ORDERS_EACH),
        })
    }

    /// Who makes it: by username.
    pub fn maker(&self, number: u64) -> Person {
        Person(match &self.proof {
            Proof::Token { holder, .. } => holder.username.clone(),
            _ => format!("load-{}-maker-{}", self.run, number % MAKERS),
        })
    }

    /// The numbers below `end` of the orders that the buyer of `number` makes, where a page has room for all of them.
    pub fn orders_with(&self, number: u64, end: u64) -> Option<std::ops::Range<u64>> {
        let first = number - number % ORDERS_EACH;
        let is_one_of_many = !matches!(self.proof, Proof::Token { .. });
        is_one_of_many.then_some(first..(first + ORDERS_EACH).min(end))
    }

    /// Whether a body has to say who asks.
    pub fn are_believed(&self) -> bool {
        matches!(self.proof, Proof::Open)
    }

    /// The headers of a request of this person's.
    pub fn headers(&mut self, person: &Person) -> Vec<(HeaderName, HeaderValue)> {
        match &self.proof {
            Proof::Open => Vec::new(),
            Proof::Token { value, .. } => vec![(AUTHORIZATION, value.clone())],
            // The key has signed before, and this differs in a name only.
            Proof::Key { .. } => {
                self.token(&person.0).map(|token| vec![(AUTHORIZATION, token)]).unwrap_or_default()
            }
            Proof::Headers(headers) => {
                let of_person = |(name, value): &(HeaderName, String)| {
                    let value = HeaderValue::from_str(&value.replace("{user}", &person.0)).ok()?;
                    Some((name.clone(), value))
                };
                headers.iter().filter_map(of_person).collect()
            }
        }
    }

    fn token(&mut self, name: &str) -> Result<HeaderValue, PeopleError> {
        if let Some(token) = self.tokens.get(name) {
            return Ok(token.clone());
        }
        let Proof::Key { key, expires } = &self.proof else { return Err(PeopleError::Token) };
        let claims = json!({ "sub": name, "username": name, "exp": expires });
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, key);
        let token = token.map_err(PeopleError::Sign)?;
        let value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| PeopleError::Token)?;
        if self.tokens.len() >= TOKENS_MAX {
            self.tokens.clear();
        }
        self.tokens.insert(name.to_owned(), value.clone());
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_whose_it_is() {
        let claims = BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub": "ada", "username": "ada l"}"#);
        let people = People::of_token("1", &format!("x.{claims}.y")).expect("a token");
        assert_eq!((people.buyer(7).0, people.maker(7).0), ("ada".to_owned(), "ada l".to_owned()));
        assert!(matches!(People::of_token("1", "x.y.z"), Err(PeopleError::Token)));
    }

    #[test]
    fn headers_name_whoever_asks() {
        let mut people = People::of_headers("1", &["X-User-Id: {user}".to_owned()]).expect("a header");
        let headers = people.headers(&Person("ada".to_owned()));
        assert_eq!(headers[0], (HeaderName::from_static("x-user-id"), HeaderValue::from_static("ada")));
        assert!(People::of_headers("1", &["no header".to_owned()]).is_err());
    }

    #[test]
    fn another_key_signs_other_tokens() {
        let mut people = People::of_key("1", &[1; 32], 4_000_000_000).expect("a key");
        let buyer = people.buyer(0);
        let before = people.headers(&buyer);
        assert_eq!(before, people.headers(&buyer));
        people.change_key(&[2; 32]);
        assert_ne!(before, people.headers(&buyer));
    }

    #[test]
    fn a_buyer_makes_so_few_orders_that_a_page_has_them() {
        let people = People::open("1");
        assert_eq!(people.orders_with(9, 100), Some(8..16));
        assert_eq!(people.orders_with(9, 11), Some(8..11));
        assert_eq!(people.buyer(8), people.buyer(15));
        assert_ne!(people.buyer(7), people.buyer(8));
    }
}
