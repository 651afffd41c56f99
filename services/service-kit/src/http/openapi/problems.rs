//! Refusals as a document shows them: real problems, gathered by status, each an example under its code.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::Response;

use super::parts::{REQUEST_ID, example as shown, response};
use super::schemas::{Shape, integer, list, named, names, record, text, version};
use crate::database::DatabaseError;
use crate::http::problem::{Problem, codes};
use crate::identity::AuthMode;

/// The schema of every problem; `codes` are the names of all that the service may answer with.
pub(super) fn schema(codes: &[&str]) -> Shape {
    let error = record(
        "One wrong field.",
        [
            ("field", text("Which field or parameter, as the caller spelt it.")),
            ("message", text("What it must be.")),
        ],
        [],
    );
    record(
        "An answer that is no success (RFC 9457).",
        [
            ("type", text("`urn:atelier:problem:` and the code.")),
            ("title", text("A few words, the same for every problem of this kind.")),
            ("status", integer("The HTTP status.", 400, 599)),
            ("detail", text("A sentence that a person can act on.")),
            (
                "code",
                names(
                    "The kind of problem: what a program decides by. It never changes its meaning.",
                    codes.iter().copied(),
                ),
            ),
            ("request_id", text("The request's id, the same as `x-request-id`.")),
        ],
        [
            ("errors", list("Every wrong field, with 422 `invalid_fields`.", error)),
            ("current_version", version("Where the order is, with 409 of the ladder and 412.")),
            ("retry_after_seconds", integer("When to try again, with 429 and 503.", 1, 3600)),
        ],
    )
}

/// What reading a body can end in.
pub(super) fn of_bodies() -> [Problem; 4] {
    [
        Problem::new(codes::MALFORMED_BODY, "The body is empty; send a JSON object"),
        Problem::new(codes::REQUEST_TIMEOUT, "The body did not arrive in time; send it again"),
        Problem::new(codes::BODY_TOO_LARGE, "The body must have at most 65536 bytes"),
        Problem::new(codes::UNSUPPORTED_MEDIA_TYPE, "Send the body as Content-Type: application/json"),
    ]
}

/// What every operation can end in.
pub(super) fn of_all(mode: AuthMode) -> Vec<Problem> {
    let unauthenticated = |detail| {
        let header = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        Problem::new(codes::UNAUTHENTICATED, detail).with_header(WWW_AUTHENTICATE, header)
    };
    let mut problems = vec![
        Problem::new(
            codes::METHOD_NOT_ALLOWED,
            "This path does not take that method; Allow lists those it takes",
        ),
        Problem::new(
            codes::RATE_LIMITED,
            "You ask more often than this service allows; wait, then try again",
        )
        .with_retry_after(1),
        DatabaseError::Deadline.into(),
        DatabaseError::QueueFull.into(),
        DatabaseError::Locked(Arc::new(sqlx::Error::RowNotFound)).into(),
        Problem::internal(DatabaseError::QueueFull),
    ];
    match mode {
        AuthMode::Open => {}
        AuthMode::Gateway => problems.extend([
            Problem::new(codes::MALFORMED_HEADER, "x-user-id must be sent once, in this spelling"),
            unauthenticated("This service is reached through its gateway only"),
        ]),
        AuthMode::Token => problems.extend([
            unauthenticated("The token has expired; get a new one"),
            Problem::new(
                codes::IDENTITY_UNAVAILABLE,
                "Tokens cannot be verified just now; try again shortly",
            )
            .with_retry_after(2),
        ]),
    }
    problems
}

/// One response a status, and the one that has no body: headers that are too large are answered before a request is read.
pub(super) fn responses(problems: impl Iterator<Item = Problem>) -> BTreeMap<u16, Response> {
    let mut by_status: BTreeMap<u16, Vec<Problem>> = BTreeMap::new();
    for problem in problems {
        by_status.entry(problem.code().status.as_u16()).or_default().push(problem);
    }
    let mut responses: BTreeMap<u16, Response> =
        by_status.into_iter().map(|(status, problems)| (status, one(&problems))).collect();
    let too_large = response("The headers have more than 32 KiB together.", &[]);
    responses.insert(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.as_u16(), too_large.build());
    responses
}

fn one(problems: &[Problem]) -> Response {
    let mut examples = BTreeMap::new();
    let mut lines = BTreeMap::new();
    let mut headers = Vec::new();
    for problem in problems {
        let code = problem.code();
        lines.insert(code.name, format!("`{}`: {}", code.name, code.about.trim()));
        let taken = examples.keys().filter(|key: &&String| key.starts_with(code.name)).count();
        let key = if taken == 0 { code.name.to_owned() } else { format!("{}_{}", code.name, taken + 1) };
        let example = problem.example(REQUEST_ID);
        headers.extend(example.get("retry_after_seconds").map(|_| "retry-after"));
        headers.extend(problem.header().map(|_| "www-authenticate"));
        headers.extend((code == codes::METHOD_NOT_ALLOWED).then_some("allow"));
        examples.insert(key, shown(problem.detail(), example));
    }
    headers.sort_unstable();
    headers.dedup();
    let about = lines.into_values().collect::<Vec<_>>().join("\n\n");
    let content = ContentBuilder::new().schema(Some(named("Problem"))).examples_from_iter(examples);
    response(about, &headers).content("application/problem+json", content.build()).build()
}
