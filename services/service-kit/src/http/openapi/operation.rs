//! One operation of a document: what may be sent and what comes back.

use std::collections::BTreeMap;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::Required;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::path::{self, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::Ref;

use super::parts::{example, response};
use super::schemas::{Shape, named as reference, take_description};
use super::{problems, security};
use crate::http::problem::Problem;
use crate::identity::AuthMode;

const JSON: &str = "application/json";

/// What one operation takes and gives, without what all have in common.
pub struct Operation {
    id: &'static str,
    summary: &'static str,
    about: String,
    parameters: Vec<Parameter>,
    body: Option<RequestBody>,
    answers: Vec<Answer>,
    problems: Vec<Problem>,
}

impl Operation {
    /// `id` is what generated clients call it; `about` is Markdown.
    pub fn new(id: &'static str, summary: &'static str, about: impl Into<String>) -> Self {
        let about = about.into();
        let (parameters, body, answers, problems) = Default::default();
        Self { id, summary, about, parameters, body, answers, problems }
    }

    /// A part of the path.
    #[must_use]
    pub fn path(self, name: &str, schema: Shape, example: impl Serialize) -> Self {
        self.parameter(ParameterIn::Path, name, schema, example)
    }

    /// A parameter of the query, which may be absent.
    #[must_use]
    pub fn query(self, name: &str, schema: Shape, example: impl Serialize) -> Self {
        self.parameter(ParameterIn::Query, name, schema, example)
    }

    /// A header, which may be absent.
    #[must_use]
    pub fn header(self, name: &str, schema: Shape, example: impl Serialize) -> Self {
        self.parameter(ParameterIn::Header, name, schema, example)
    }

    fn parameter(
        mut self,
        place: ParameterIn,
        name: &str,
        mut schema: Shape,
        example: impl Serialize,
    ) -> Self {
        let required = if place == ParameterIn::Path { Required::True } else { Required::False };
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(required)
            .description(take_description(&mut schema))
            .schema(Some(schema))
            .example(Some(value(example)));
        self.parameters.push(parameter.build());
        self
    }

    /// A JSON body of this schema, with examples by name. What all bodies can have wrong comes with it.
    #[must_use]
    pub fn body<const N: usize>(mut self, schema: &str, examples: [(&str, Value); N]) -> Self {
        let examples = examples.map(|(name, example)| (name.replace(' ', "_"), self::example(name, example)));
        let content = ContentBuilder::new().schema(Some(reference(schema))).examples_from_iter(examples);
        let body = RequestBodyBuilder::new().content(JSON, content.build()).required(Some(Required::True));
        self.body = Some(body.build());
        self.problems.extend(problems::of_bodies());
        self
    }

    /// A way in which it succeeds.
    #[must_use]
    pub fn answers(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    /// The ways in which it is refused, beside those that all have in common.
    #[must_use]
    pub fn refuses(mut self, problems: impl IntoIterator<Item = Problem>) -> Self {
        self.problems.extend(problems);
        self
    }

    /// The whole of it, for a service that knows its callers in this mode.
    pub(super) fn build(self, mode: AuthMode) -> path::Operation {
        let mut responses: BTreeMap<u16, Response> =
            self.answers.into_iter().map(|answer| (answer.status.as_u16(), answer.build())).collect();
        responses.extend(problems::responses(self.problems.into_iter().chain(problems::of_all(mode))));

        let operation = OperationBuilder::new()
            .tag("orders")
            .operation_id(Some(self.id))
            .summary(Some(self.summary))
            .description(Some(self.about))
            .parameters(Some(self.parameters))
            .request_body(self.body);
        let operation = security::parameter_names(mode).fold(operation, |operation, name| {
            operation.parameter_ref(Ref::new(format!("#/components/parameters/{name}")))
        });
        responses
            .into_iter()
            .fold(operation, |operation, (status, response)| operation.response(status.to_string(), response))
            .build()
    }
}

/// A way in which an operation succeeds.
pub struct Answer {
    status: StatusCode,
    about: &'static str,
    content: Option<Content>,
    headers: Vec<&'static str>,
}

impl Answer {
    /// JSON of this schema. The example is a view as the handler writes it.
    pub fn json(status: StatusCode, about: &'static str, schema: &str, example: &impl Serialize) -> Self {
        let content = ContentBuilder::new().schema(Some(reference(schema))).example(Some(value(example)));
        Self { content: Some(content.build()), ..Self::empty(status, about) }
    }

    /// Nothing but headers.
    pub fn empty(status: StatusCode, about: &'static str) -> Self {
        Self { status, about, content: None, headers: Vec::new() }
    }

    /// Carries these headers too.
    #[must_use]
    pub fn with<const N: usize>(mut self, headers: [&'static str; N]) -> Self {
        self.headers.extend(headers);
        self
    }

    fn build(self) -> Response {
        let response = response(self.about, &self.headers);
        match self.content {
            Some(content) => response.content(JSON, content).build(),
            None => response.build(),
        }
    }
}

/// Views are structs of texts and numbers, which always serialise; a test would find an example that is missing.
fn value(example: impl Serialize) -> Value {
    serde_json::to_value(example).unwrap_or_default()
}
