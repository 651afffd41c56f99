//! The page at `/docs` of either service in a real browser, used as a newcomer uses it: look, try it out, read the answer.

use std::path::Path;

use serde_json::Value;

use crate::browser::{Browser, BrowserError};

/// The page, open.
#[derive(Debug)]
pub struct DocsPage {
    browser: Browser,
    origin: String,
}

/// What the page shows of an answer.
#[derive(Debug)]
pub struct Shown {
    /// The HTTP status.
    pub status: String,
    /// The body, as JSON.
    pub body: Value,
}

impl DocsPage {
    /// Opens the page of the service at `origin`, such as `http://127.0.0.1:5017`, and waits until its operations are listed.
    pub async fn open(origin: String) -> Result<Self, BrowserError> {
        let browser = Browser::open(&format!("{origin}/docs")).await?;
        browser.text(".opblock-summary-path").await?;
        Ok(Self { browser, origin })
    }

    /// What a person reads in the list: method, path and summary of each operation.
    pub async fn operations(&self) -> Result<Vec<String>, BrowserError> {
        let lines = self.browser.script(
            "return Array.from(document.querySelectorAll('.opblock-summary'), line => \
             ['-method', '-path', '-description'].map(part => line.querySelector('.opblock-summary' + part).innerText).join(' '))",
        );
        let lines = lines.await?;
        // The page lets long paths break by characters that are not seen.
        let lines = lines.as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(lines.map(|line| line.replace('\u{200b}', "")).collect())
    }

    /// Unfolds an operation, fills in `fields` of its path and sends it as it stands then.
    pub async fn execute(&self, operation: &str, fields: &[(&str, &str)]) -> Result<Shown, BrowserError> {
        let at = |part: &str| format!("#operations-orders-{operation} {part}");
        self.browser.click(&at(".opblock-summary-control")).await?;
        self.browser.click(&at(".try-out__btn")).await?;
        for (name, text) in fields {
            self.browser.fill(&at(&format!("tr[data-param-name='{name}'] input")), text).await?;
        }
        self.browser.click(&at(".execute")).await?;
        let status = self.browser.text(&at(".live-responses-table .response .response-col_status")).await?;
        let body = self.browser.text(&at(".live-responses-table .response code")).await?;
        Ok(Shown { status, body: serde_json::from_str(&body).unwrap_or_default() })
    }

    /// Keeps a picture (PNG) of it.
    pub async fn picture(&self, path: &Path) -> Result<(), BrowserError> {
        self.browser.picture(path).await
    }

    /// Everything that is not as it should be: what the console complains about, and requests to anybody but the service.
    pub async fn complaints(&self) -> Result<Vec<String>, BrowserError> {
        let mut complaints = self.browser.console().await?;
        let requests = self.browser.requests().await?;
        // The browser's own pages, such as the one that it starts with, and pictures that stand in a style sheet.
        let known = [self.origin.as_str(), "chrome:", "data:"];
        let strangers = requests.into_iter().filter(|url| !known.iter().any(|start| url.starts_with(start)));
        complaints.extend(strangers.map(|url| format!("a request to {url}")));
        Ok(complaints)
    }
}
