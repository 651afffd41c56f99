//! A small HTTP client for our own services: JSON in and out, one deadline, no redirects, no proxy.

use std::time::Duration;

use reqwest::{Client, Method, redirect};
use serde_json::Value;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Talks to the services of this run.
#[derive(Clone, Debug)]
pub(crate) struct Http(Client);

/// A request that got no answer that can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
    #[error("{method} {url} got no answer")]
    Request { method: Method, url: String, source: reqwest::Error },
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// As it came.
    pub(crate) text: String,
}

impl Answer {
    /// Null if the body was no JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

impl Http {
    /// Installs the TLS provider, which the client wants even for plain HTTP.
    pub(crate) fn new() -> Result<Self, HttpError> {
        // An error means that it is installed already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let builder =
            Client::builder().no_proxy().redirect(redirect::Policy::none()).timeout(REQUEST_TIMEOUT);
        builder.build().map(Self).map_err(HttpError::Client)
    }

    /// Sends `body` as JSON, if there is one.
    pub(crate) async fn send(
        &self,
        method: &Method,
        url: &str,
        body: Option<&str>,
    ) -> Result<Answer, HttpError> {
        let failed = |source| HttpError::Request { method: method.clone(), url: url.to_owned(), source };
        let mut request = self.0.request(method.clone(), url);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(failed)?;
        Ok(Answer { status, text })
    }
}
