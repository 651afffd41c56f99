//! One operation of a document: what may be sent and what comes back.

use std::collections::BTreeMap;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::Required;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::link::LinkBuilder;
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
    /// The name of its schema, and examples as a caller in `open` sends them.
    body: Option<(&'static str, Vec<(&'static str, Value)>)>,
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
        self.parameter(ParameterIn::Path, name, schema, Some(value(example)))
    }

    /// A parameter of the query, which may be absent. It has no example: the page at `/docs` would fill it in and send it.
    #[must_use]
    pub fn query(self, name: &str, schema: Shape) -> Self {
        self.parameter(ParameterIn::Query, name, schema, None)
    }

    /// A header, which may be absent, likewise.
    #[must_use]
    pub fn header(self, name: &str, schema: Shape) -> Self {
        self.parameter(ParameterIn::Header, name, schema, None)
    }

    fn parameter(
        mut self,
        place: ParameterIn,
        name: &str,
        mut schema: Shape,
        example: Option<Value>,
    ) -> Self {
        let required = if place == ParameterIn::Path { Required::True } else { Required::False };
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(required)
            .description(take_description(&mut schema))
            .schema(Some(schema))
            .example(example);
        self.parameters.push(parameter.build());
        self
    }

    /// A JSON body of this schema, with examples by name, in which callers say who they are. What all bodies can have wrong
    /// comes with it.
    #[must_use]
    pub fn body<const N: usize>(
        mut self,
        schema: &'static str,
        examples: [(&'static str, Value); N],
    ) -> Self {
        self.body = Some((schema, examples.into_iter().collect()));
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
            .request_body(self.body.map(|(schema, examples)| body(schema, examples, mode)));
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
    links: Vec<(&'static str, LinkBuilder)>,
}

impl Answer {
    /// JSON of this schema. The example is a view as the handler writes it.
    pub fn json(status: StatusCode, about: &'static str, schema: &str, example: &impl Serialize) -> Self {
        let content = ContentBuilder::new().schema(Some(reference(schema))).example(Some(value(example)));
        Self { content: Some(content.build()), ..Self::empty(status, about) }
    }

    /// Nothing but headers.
    pub fn empty(status: StatusCode, about: &'static str) -> Self {
        Self { status, about, content: None, headers: Vec::new(), links: Vec::new() }
    }

    /// Carries these headers too.
    #[must_use]
    pub fn with<const N: usize>(mut self, headers: [&'static str; N]) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Says that the operation `id` can follow, and where in this exchange its parameters are (runtime expressions of OpenAPI).
    #[must_use]
    pub fn leads_to<const N: usize>(
        mut self,
        id: &'static str,
        about: &str,
        parameters: [(&str, &str); N],
    ) -> Self {
        let link = LinkBuilder::new().operation_id(id).description(about);
        let link = parameters.into_iter().fold(link, |link, (name, place)| link.parameter(name, place));
        self.links.push((id, link));
        self
    }

    fn build(self) -> Response {
        let response = response(self.about, &self.headers);
        let response =
            self.links.into_iter().fold(response, |response, (id, link)| response.link(id, link.build()));
        match self.content {
            Some(content) => response.content(JSON, content).build(),
            None => response.build(),
        }
    }
}

/// Where callers are known, a body need not say who they are, and an example cannot know who reads it.
fn body(schema: &str, examples: Vec<(&str, Value)>, mode: AuthMode) -> RequestBody {
    let examples = examples.into_iter().map(|(name, mut body)| {
        if let Some(fields) = body.as_object_mut().filter(|_| mode != AuthMode::Open) {
            fields.retain(|field, _| field != "user_id" && field != "username");
        }
        (name.replace(' ', "_"), example(name, body))
    });
    let content = ContentBuilder::new().schema(Some(reference(schema))).examples_from_iter(examples);
    RequestBodyBuilder::new().content(JSON, content.build()).required(Some(Required::True)).build()
}

/// Views are structs of texts and numbers, which always serialise; a test would find an example that is missing.
fn value(example: impl Serialize) -> Value {
    serde_json::to_value(example).unwrap_or_default()
}
