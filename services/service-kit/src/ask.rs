//! `ask`: one request to a service of this house, sent until it is answered as expected. Tests of an installation are made of
//! it, because images that hold one program have neither a shell nor curl.
//!
//! It shows no token, and of an answer no more than its beginning.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode, Url};
use tokio::time::{Instant, timeout_at};

/// One request has this long, so that a service that hangs is asked again.
const ANSWER_MAX: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(500);
const SHOWN_MAX: usize = 300;

/// What is asked, and what is expected.
#[derive(Debug, Clone, Args)]
pub struct AskArgs {
    /// Where to, as in <http://atelier-orders:5019/orders/user/ada>.
    url: Url,
    /// The method.
    #[arg(long, default_value = "GET")]
    method: Method,
    /// A body, as JSON.
    #[arg(long, value_name = "JSON")]
    body: Option<String>,
    /// A header, as in `Idempotency-Key: 7`; may be said more than once.
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// A file with the token of whoever asks.
    #[arg(long, value_name = "FILE")]
    bearer_file: Option<PathBuf>,
    /// The status of the right answer.
    #[arg(long, value_name = "STATUS", default_value = "200")]
    expect: StatusCode,
    /// How long another answer, or none, is not the last word.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    patience_seconds: u64,
}

/// Why it was not answered as expected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// The client could not be made.
    #[error("a client cannot be made")]
    Client(#[source] reqwest::Error),
    /// The token's file cannot be read.
    #[error("the token in {} cannot be read", file.display())]
    Token { file: PathBuf, source: std::io::Error },
    /// Nobody answered.
    #[error("nobody answered")]
    NoAnswer(#[source] reqwest::Error),
    /// There was no time for an answer.
    #[error("no answer came in time")]
    NoTime,
    /// The answer was another.
    #[error("the answer was {status} instead of {expected}: {shown}")]
    Unexpected { status: StatusCode, expected: StatusCode, shown: String },
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), HeaderError> {
    let (name, value) = text.split_once(':').ok_or(HeaderError)?;
    let name = HeaderName::try_from(name.trim()).map_err(|_| HeaderError)?;
    Ok((name, HeaderValue::try_from(value.trim()).map_err(|_| HeaderError)?))
}

/// A header cannot be one.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("must be a name and a value with a colon between them")]
struct HeaderError;

impl fmt::Display for AskArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}

/// Asks until the answer is the expected one, or patience ends; then the last failure is the word.
pub(crate) async fn ask(args: &AskArgs) -> Result<(), AskError> {
    let client = Client::builder().redirect(Policy::none()).no_proxy().timeout(ANSWER_MAX).build();
    let client = client.map_err(AskError::Client)?;
    let until = Instant::now() + Duration::from_secs(args.patience_seconds);
    let mut last = AskError::NoTime;
    while let Ok(outcome) = timeout_at(until, once(&client, args)).await {
        match outcome {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
        if Instant::now() + PAUSE >= until {
            break;
        }
        pause().await;
    }
    Err(last)
}

async fn once(client: &Client, args: &AskArgs) -> Result<(), AskError> {
    let mut request = client.request(args.method.clone(), args.url.clone());
    for (name, value) in &args.headers {
        request = request.header(name, value);
    }
    if let Some(file) = &args.bearer_file {
        request = request.bearer_auth(token(file)?);
    }
    if let Some(body) = &args.body {
        request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
    }
    let answer = request.send().await.map_err(AskError::NoAnswer)?;
    let status = answer.status();
    if status == args.expect {
        return Ok(());
    }
    let shown = answer.text().await.unwrap_or_default().chars().take(SHOWN_MAX).collect();
    Err(AskError::Unexpected { status, expected: args.expect, shown })
}

fn token(file: &Path) -> Result<String, AskError> {
    let text =
        std::fs::read_to_string(file).map_err(|source| AskError::Token { file: file.to_owned(), source })?;
    Ok(text.trim().to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "between two tries of a person's patience nothing else can be waited for"
)]
async fn pause() {
    tokio::time::sleep(PAUSE).await;
}
