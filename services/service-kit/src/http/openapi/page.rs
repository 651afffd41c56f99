//! The document at `/openapi.json` and a page to read and try it at `/docs`. Everything comes out of the binary, and the page's
//! policy lets a browser load and call nothing but this service.
//!
//! Swagger UI is embedded as `build.rs` found it, compressed; it is sent like that, because every browser reads it.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{
    CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use sha2::{Digest, Sha256};

use crate::http::both_spellings;

const PAGE: &str = include_str!("page/index.html");
const SCRIPT: &str = include_str!("page/page.js");
const STYLE: &str = include_str!("page/page.css");
const SWAGGER_SCRIPT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz"));
const SWAGGER_STYLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz"));

/// Pictures are part of Swagger UI's style sheet, as `data:`.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
);

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// The routes of the page and of what it loads.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(title: &str, document: String) -> Router<S> {
    // The page names what it loads relative to the service, wherever a gateway has put that; the two spellings of its own
    // address are a level apart.
    let page = |base: &str| PAGE.replace("{title}", title).replace("{base}", base);
    both_spellings(Router::new(), "/openapi.json", Asset::new(JSON, document).serve())
        .route("/docs", Asset::new(HTML, page("./")).serve())
        .route("/docs/", Asset::new(HTML, page("../")).serve())
        .route("/docs/page.js", Asset::new(JAVASCRIPT, SCRIPT).serve())
        .route("/docs/page.css", Asset::new(CSS, STYLE).serve())
        .route("/docs/swagger-ui.js", Asset::new(JAVASCRIPT, SWAGGER_SCRIPT).gzip().serve())
        .route("/docs/swagger-ui.css", Asset::new(CSS, SWAGGER_STYLE).gzip().serve())
}

/// Something that never changes while the program runs.
#[derive(Clone)]
struct Asset {
    media_type: HeaderValue,
    tag: HeaderValue,
    is_gzip: bool,
    body: Bytes,
}

impl Asset {
    fn new(media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(&body)[..9]);
        // Letters and digits in quotes are always a header value.
        let tag = HeaderValue::try_from(format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        Self { media_type: HeaderValue::from_static(media_type), tag, is_gzip: false, body }
    }

    fn gzip(self) -> Self {
        Self { is_gzip: true, ..self }
    }

    fn serve<S: Clone + Send + Sync + 'static>(self) -> MethodRouter<S> {
        get(move |headers: HeaderMap| std::future::ready(self.answer(&headers)))
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let has_it = asked.get(IF_NONE_MATCH).is_some_and(|tags| {
            tags.as_bytes().windows(self.tag.len()).any(|window| window == self.tag.as_bytes())
        });
        let common: [(HeaderName, HeaderValue); 4] = [
            (ETAG, self.tag.clone()),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ];
        if has_it {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        let mut response = (common, self.body.clone()).into_response();
        response.headers_mut().insert(CONTENT_TYPE, self.media_type.clone());
        if self.is_gzip {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}
