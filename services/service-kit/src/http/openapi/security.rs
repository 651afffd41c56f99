//! How a caller says who it is, as a document tells it: it depends on how the service is configured to know its callers.

use utoipa::openapi::Required;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};

use super::schemas::{Shape, identity, take_description, text};
use crate::identity::AuthMode;

/// What callers prove themselves with; nothing in `open`.
pub(super) fn schemes(mode: AuthMode, components: ComponentsBuilder) -> ComponentsBuilder {
    match mode {
        AuthMode::Open => components,
        AuthMode::Token => {
            let about = "A signed token. Its claims say who is asking; the service verifies them.";
            let scheme = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some(about));
            components.security_scheme("bearer", SecurityScheme::Http(scheme.build()))
        }
        AuthMode::Gateway => {
            let key = |name, about| {
                SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, about)))
            };
            components
                .security_scheme(
                    "gateway",
                    key("X-Gateway-Secret", "What the gateway proves itself with; callers never send it."),
                )
                .security_scheme("user", key("X-User-Id", "Whom the gateway has authenticated."))
        }
    }
}

/// Which of them a request needs, all together.
pub(super) fn requirement(mode: AuthMode) -> Option<SecurityRequirement> {
    let none: [&str; 0] = [];
    match mode {
        AuthMode::Open => None,
        AuthMode::Token => Some(SecurityRequirement::new("bearer", none)),
        AuthMode::Gateway => Some(SecurityRequirement::new("gateway", none).add("user", none)),
    }
}

/// The headers that any operation takes, beside those of [`schemes`].
fn headers(mode: AuthMode) -> Vec<(&'static str, Shape)> {
    // No pattern: whoever sends another text is not refused.
    let request_id = text(
        "An id of the caller's own for this request, of 1 to 128 ASCII letters, digits, dots, dashes and underscores; it comes back \
         in the answer and stands in our log. Any other text is replaced by a new id.",
    );
    let mut headers = vec![("x-request-id", request_id)];
    if mode == AuthMode::Gateway {
        headers.push(("X-Username", identity("The caller's name; without one they are no order's creator.")));
        headers.push(("X-Roles", text("The caller's roles, separated by commas.")));
    }
    headers
}

/// Their names.
pub(super) fn parameter_names(mode: AuthMode) -> impl Iterator<Item = &'static str> {
    headers(mode).into_iter().map(|(name, _)| name)
}

/// Adds them.
pub(super) fn parameters(mode: AuthMode, components: ComponentsBuilder) -> ComponentsBuilder {
    headers(mode).into_iter().fold(components, |components, (name, mut schema)| {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(take_description(&mut schema))
            .schema(Some(schema));
        components.parameter(name, parameter.build())
    })
}
