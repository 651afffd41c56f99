//! Whether the catalog is where the configuration says, and answers as one: what `doctor` says of it.

use order_model::ModelId;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Response, StatusCode};
use service_kit::chain;
use service_kit::doctor::Finding;

use super::client::{CatalogClient, read_bounded};
use super::config::CatalogConfig;
use super::wire;

const ABOUT: &str = "catalog";

/// A model that nobody has: a catalog says 404, in JSON.
const NOBODYS: &str = "000000000000000000000000";

/// What an answer looks like.
#[derive(Debug, PartialEq, Eq)]
enum Looks {
    /// A model, or in JSON that there is none: as a catalog answers.
    Catalog,
    /// 404, not in JSON: any server answers so to an address that it does not know.
    Nothing,
    /// A page for people.
    Page,
    /// 200, but no model.
    Nonsense(String),
    /// Elsewhere.
    Redirect(String),
    /// 401 or 403.
    Refusal(StatusCode),
    /// Another status.
    Status(StatusCode),
}

/// Asks the catalog for a model that nobody has.
pub(crate) async fn doctor(config: &CatalogConfig) -> Finding {
    let client = match CatalogClient::new(config) {
        Ok(client) => client,
        Err(error) => return Finding::bad(ABOUT, chain(&error)),
    };
    let Ok(model) = ModelId::try_from(NOBODYS.to_owned()) else {
        return Finding::bad(ABOUT, "could not be asked");
    };
    let base = config.url.trim_end_matches('/');
    let looks = match look(&client, base, &model).await {
        Ok(looks) => looks,
        Err(error) => return Finding::bad(ABOUT, unreachable(&error)),
    };
    // What is asked below the wrong address is answered by something, but by no catalog.
    let suspicious = matches!(looks, Looks::Nothing | Looks::Page | Looks::Nonsense(_));
    let longer = format!("{base}/catalog");
    if suspicious
        && !base.ends_with("/catalog")
        && matches!(look(&client, &longer, &model).await, Ok(Looks::Catalog))
    {
        let words =
            format!("catalog.url lacks its last part: {longer} answers as a catalog does, {base} does not");
        return Finding::bad(ABOUT, words);
    }
    judge(looks)
}

fn judge(looks: Looks) -> Finding {
    match looks {
        Looks::Catalog => Finding::good(ABOUT, "answers as a catalog does"),
        Looks::Nothing => Finding::odd(
            ABOUT,
            "answers 404, but not in JSON: a server that knows no such address would say the same; is catalog.url right?",
        ),
        Looks::Page => Finding::bad(
            ABOUT,
            "answers with a page for people (HTML) instead of JSON: catalog.url leads to another site, or to a log-in",
        ),
        Looks::Nonsense(why) => Finding::bad(ABOUT, format!("answers 200, but not with a model: {why}")),
        Looks::Redirect(to) => Finding::bad(
            ABOUT,
            format!(
                "answers with a redirect to {to}, which is not followed: put the final address into catalog.url"
            ),
        ),
        Looks::Refusal(status) => Finding::bad(
            ABOUT,
            format!("answers {status}: it does not know this service; set catalog.token_file"),
        ),
        Looks::Status(status) => Finding::bad(ABOUT, format!("answers {status}")),
    }
}

async fn look(client: &CatalogClient, base: &str, model: &ModelId) -> Result<Looks, reqwest::Error> {
    let response = client.ask(base, model, None, HeaderMap::new()).await?;
    let status = response.status();
    Ok(match status {
        _ if status.is_redirection() => {
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            Looks::Redirect(to.unwrap_or("nowhere").to_owned())
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Looks::Refusal(status),
        StatusCode::NOT_FOUND if is_of(&response, "json") => Looks::Catalog,
        StatusCode::NOT_FOUND => Looks::Nothing,
        StatusCode::OK if is_of(&response, "html") => Looks::Page,
        StatusCode::OK => match read_bounded(response).await {
            Ok(body) => wire::parse(&body, model)
                .map_or_else(|error| Looks::Nonsense(chain(&error)), |_| Looks::Catalog),
            Err(error) => Looks::Nonsense(chain(&error)),
        },
        other => Looks::Status(other),
    })
}

fn is_of(response: &Response, kind: &str) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|content_type| content_type.to_ascii_lowercase().contains(kind))
}

/// Why there was no answer, with what to do about it. The library's words for the cause are the only ones there are.
fn unreachable(error: &reqwest::Error) -> String {
    let cause = chain(error);
    let lower = cause.to_ascii_lowercase();
    let remedy = if lower.contains("certificate") {
        "its certificate is not one that this service accepts: set catalog.ca_file to the authority that signed it, or ask for it by the name that it was made for"
    } else if lower.contains("dns") || lower.contains("lookup") {
        "the name in catalog.url is not known here"
    } else if error.is_timeout() {
        "nothing answers there in time; a firewall, or a wrong address or port"
    } else if lower.contains("corrupt") || lower.contains("invalidcontenttype") || lower.contains("message") {
        "what answers there speaks another protocol; is it http instead of https, or the other way about?"
    } else {
        "nothing answers there; is catalog.url right, and is the catalog running?"
    };
    format!("{remedy} ({cause})")
}
