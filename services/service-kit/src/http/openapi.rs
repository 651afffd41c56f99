//! The document of a service (OpenAPI 3.1), made beside its routes: a route cannot be added without its description.
//!
//! Examples of refusals are real [`Problem`]s and examples of answers are real views, written by the code that answers callers;
//! only the schemas are said twice, and tests hold every example and every answer against them.

mod operation;
mod page;
mod parts;
mod problems;
pub mod schemas;
mod security;

use std::collections::BTreeMap;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{get, post, put};
use serde_json::json;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{HttpMethod, PathItem, PathsBuilder};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, ServerBuilder};

use super::both_spellings;
use super::problem::{Code, codes};
use crate::identity::AuthMode;
pub use operation::{Answer, Operation};
use schemas::Shape;

/// What a document says of its service.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its name, for people.
    pub title: &'static str,
    /// What it is for; Markdown.
    pub description: &'static str,
    /// The problem codes that it adds to the common ones.
    pub codes: &'static [Code],
}

/// Routes and their document. What a caller must send to be known depends on how the service knows callers.
pub struct Api<S> {
    about: About,
    mode: AuthMode,
    router: Router<S>,
    paths: PathsBuilder,
    schemas: BTreeMap<&'static str, Shape>,
}

impl<S: Clone + Send + Sync + 'static> Api<S> {
    /// Without routes yet.
    pub fn new(about: About, mode: AuthMode) -> Self {
        let all: Vec<&str> = codes::ALL.iter().chain(about.codes).map(|code| code.name).collect();
        let schemas = BTreeMap::from([("Problem", problems::schema(&all))]);
        Self { about, mode, router: Router::new(), paths: PathsBuilder::new(), schemas }
    }

    /// Adds a schema that operations name.
    #[must_use]
    pub fn schema(mut self, name: &'static str, schema: Shape) -> Self {
        self.schemas.insert(name, schema);
        self
    }

    /// `GET path`, in both spellings; the document shows the one that is given.
    #[must_use]
    pub fn get<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H, operation: Operation) -> Self {
        self.add(HttpMethod::Get, path, get(handler), operation)
    }

    /// `POST path`, likewise.
    #[must_use]
    pub fn post<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H, operation: Operation) -> Self {
        self.add(HttpMethod::Post, path, post(handler), operation)
    }

    /// `PUT path`, likewise.
    #[must_use]
    pub fn put<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H, operation: Operation) -> Self {
        self.add(HttpMethod::Put, path, put(handler), operation)
    }

    fn add(
        mut self,
        method: HttpMethod,
        path: &str,
        handler: axum::routing::MethodRouter<S>,
        operation: Operation,
    ) -> Self {
        self.router = both_spellings(self.router, path.trim_end_matches('/'), handler);
        self.paths = self.paths.path(path, PathItem::new(method, operation.build(self.mode)));
        self
    }

    /// The routes, with the document at `/openapi.json` and the page at `/docs`: these two are public.
    pub fn into_routes(self) -> Router<S> {
        let (router, title) = (self.router.clone(), self.about.title);
        router.merge(page::routes(title, self.into_json()))
    }

    /// The document, as it is served and committed.
    pub fn into_json(self) -> String {
        // A document is made of maps with text keys, which always serialise.
        self.into_document().to_pretty_json().map(|json| json + "\n").unwrap_or_default()
    }

    fn into_document(self) -> OpenApi {
        let Self { about, mode, paths, schemas, .. } = self;
        let components = headers()
            .into_iter()
            .fold(ComponentsBuilder::new(), |components, (name, header)| components.header(name, header));
        let components = schemas
            .into_iter()
            .fold(components, |components, (name, schema)| components.schema(name, schema));
        let license =
            LicenseBuilder::new().name(env!("CARGO_PKG_LICENSE")).identifier(Some(env!("CARGO_PKG_LICENSE")));
        let info = InfoBuilder::new()
            .title(about.title)
            .description(Some(about.description))
            .version(env!("CARGO_PKG_VERSION"))
            .license(Some(license.build()));
        // Relative to where the document was read, so that it holds behind a gateway's prefix.
        let server = ServerBuilder::new().url(".").description(Some("Where this document was read")).build();
        OpenApiBuilder::new()
            .info(info.build())
            .servers(Some([server]))
            .paths(paths.build())
            .components(Some(security::parameters(mode, security::schemes(mode, components)).build()))
            .security(security::requirement(mode).map(|requirement| [requirement]))
            .build()
    }
}

/// Every header that an answer may carry and a caller may use.
fn headers() -> Vec<(&'static str, Header)> {
    [
        (
            "x-request-id",
            "The request's id: the caller's own if it was sane, else a new one.",
            json!(parts::REQUEST_ID),
        ),
        ("etag", "The version of what is answered, for `If-Match` and `If-None-Match`.", json!("\"1\"")),
        ("location", "Where the order is, relative to the service.", json!("/orders/7")),
        (
            "idempotency-replayed",
            "`true` where the answer repeats that of an earlier request with the same key.",
            json!("true"),
        ),
        (
            "link",
            "The next page, `rel=\"next\"`, relative to this one's address; absent where this is the last.",
            json!("<?limit=50&after=AQAAAAAAAAABAAAAAAAAAAAAAAA>; rel=\"next\""),
        ),
        ("retry-after", "Seconds to wait before the request is sent again.", json!("2")),
        ("www-authenticate", "How to become known.", json!("Bearer error=\"invalid_token\"")),
        ("allow", "The methods that the path takes.", json!("GET,HEAD")),
    ]
    .into_iter()
    .map(|(name, about, example)| {
        (name, HeaderBuilder::new().description(Some(about)).example(Some(example)).build())
    })
    .collect()
}
