//! A real browser without a window, told what to do over HTTP by JSON (`WebDriver`), for which the client that is here is enough.
//!
//! Each has a driver of its own, which ends with it, and an empty profile. Clicks and keys are those of a person: the driver refuses
//! what a person could not see or reach.

mod driver;

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::wait;
use driver::Driver;

/// How long anything may take that a page does; far more than it needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser starts within the first answer.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// How the protocol names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// No first-run pages, and nothing that a browser fetches for itself. The sandbox wants rights that a build server does not give.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1600",
];

/// Why the browser did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// The driver is not there, or ended at once.
    #[error("chromedriver cannot be started")]
    Start(#[source] std::io::Error),
    /// There is no HTTP client to tell it anything with.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
    /// It gave no answer that can be read.
    #[error("{command} got no answer")]
    Request {
        /// What it was told.
        command: String,
        /// What happened instead.
        source: reqwest::Error,
    },
    /// It could not do it, or the page did not let it.
    #[error("{command}: {message}")]
    Refused {
        /// What it was told.
        command: String,
        /// The driver's words.
        message: String,
    },
    /// The page did not become what was waited for.
    #[error(transparent)]
    TimedOut(#[from] wait::TimedOut),
    /// The picture could not be kept.
    #[error("{}", path.display())]
    Picture {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    /// Where it is told what to do.
    session: String,
    /// Ends, with the browser, after everything else.
    _driver: Driver,
}

impl Browser {
    /// Opens a page.
    pub async fn open(url: &str) -> Result<Self, BrowserError> {
        service_kit::tls::install_provider();
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(ANSWER_TIMEOUT).build();
        let client = client.map_err(BrowserError::Client)?;
        let driver = Driver::start().await.map_err(BrowserError::Start)?;
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).into();
        flags.push(format!("--user-data-dir={}", driver.profile().display()));
        let capabilities = json!({
            "goog:chromeOptions": { "args": flags },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let mut browser = Self { client, session: format!("{}/session", driver.url()), _driver: driver };
        let made = browser
            .tell(Method::POST, "", json!({ "capabilities": { "alwaysMatch": capabilities } }))
            .await?;
        browser.session = format!("{}/{}", browser.session, made["sessionId"].as_str().unwrap_or_default());
        browser.tell(Method::POST, "/url", json!({ "url": url })).await?;
        Ok(browser)
    }

    /// Clicks what `css` names, as soon as a person could.
    pub async fn click(&self, css: &str) -> Result<(), BrowserError> {
        let element = self.element(css).await?;
        self.tell(Method::POST, &format!("/element/{element}/click"), json!({})).await.map(drop)
    }

    /// Types `text` into the empty field that `css` names.
    pub async fn fill(&self, css: &str, text: &str) -> Result<(), BrowserError> {
        let element = self.element(css).await?;
        self.tell(Method::POST, &format!("/element/{element}/clear"), json!({})).await?;
        self.tell(Method::POST, &format!("/element/{element}/value"), json!({ "text": text })).await.map(drop)
    }

    /// The text of what `css` names, as a person reads it.
    pub async fn text(&self, css: &str) -> Result<String, BrowserError> {
        let element = self.element(css).await?;
        let text = self.tell(Method::GET, &format!("/element/{element}/text"), Value::Null).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// What a script of the page's own rights returns.
    pub async fn script(&self, script: &str) -> Result<Value, BrowserError> {
        self.tell(Method::POST, "/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// What the console has said since it was last asked.
    pub async fn console(&self) -> Result<Vec<String>, BrowserError> {
        let said = self.log("browser").await?;
        Ok(said.iter().map(ToString::to_string).collect())
    }

    /// The address of every request that the page has made since this was last asked.
    pub async fn requests(&self) -> Result<Vec<String>, BrowserError> {
        let events = self.log("performance").await?;
        let events = events.iter().filter_map(|event| event["message"].as_str());
        let messages = events.filter_map(|text| serde_json::from_str::<Value>(text).ok());
        let sent = messages.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        let urls = sent.filter_map(|event| {
            event.pointer("/message/params/request/url").and_then(Value::as_str).map(str::to_owned)
        });
        Ok(urls.collect())
    }

    /// Keeps a picture (PNG) of what is to be seen.
    pub async fn picture(&self, path: &Path) -> Result<(), BrowserError> {
        let png = self.tell(Method::GET, "/screenshot", Value::Null).await?;
        let png = STANDARD.decode(png.as_str().unwrap_or_default()).unwrap_or_default();
        std::fs::write(path, png).map_err(|source| BrowserError::Picture { path: path.to_owned(), source })
    }

    async fn log(&self, kind: &str) -> Result<Vec<Value>, BrowserError> {
        let mut entries = self.tell(Method::POST, "/se/log", json!({ "type": kind })).await?;
        Ok(entries.as_array_mut().map(std::mem::take).unwrap_or_default())
    }

    /// Waits until there is what `css` names.
    async fn element(&self, css: &str) -> Result<String, BrowserError> {
        let question = json!({ "using": "css selector", "value": css });
        let found = wait::until(css, PATIENCE, || async {
            self.tell(Method::POST, "/element", question.clone()).await.ok()
        });
        Ok(found.await?[ELEMENT].as_str().unwrap_or_default().to_owned())
    }

    /// One command to the driver, and what it answers.
    async fn tell(&self, method: Method, path: &str, body: Value) -> Result<Value, BrowserError> {
        let command = format!("{method} {path} {body}");
        let request = self.client.request(method, format!("{}{path}", self.session));
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        let failed = |source| BrowserError::Request { command: command.clone(), source };
        let response = request.send().await.map_err(failed)?;
        let is_done = response.status().is_success();
        let text = response.text().await.map_err(failed)?;
        let mut answer: Value = serde_json::from_str(&text).unwrap_or_default();
        let value = answer["value"].take();
        if is_done {
            return Ok(value);
        }
        let message =
            value["message"].as_str().unwrap_or(&text).lines().next().unwrap_or_default().to_owned();
        Err(BrowserError::Refused { command, message })
    }
}
