//! Routes and their parameters: both spellings of every path answer, because a redirect would leave a gateway's prefix.

use std::fmt::Display;
use std::str::FromStr;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::routing::MethodRouter;

use super::problem::{FieldError, Problem};

/// Adds `path` and the same with a trailing slash.
pub fn both_spellings<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    path: &str,
    methods: MethodRouter<S>,
) -> Router<S> {
    router.route(path, methods.clone()).route(&format!("{path}/"), methods)
}

/// The one parameter of a path, parsed.
pub fn path_param<T>(field: &'static str, given: Result<Path<String>, PathRejection>) -> Result<T, Problem>
where
    T: FromStr<Err: Display>,
{
    let message = match given {
        Ok(Path(text)) => match text.parse() {
            Ok(parsed) => return Ok(parsed),
            Err(error) => T::Err::to_string(&error),
        },
        Err(_) => "must be UTF-8".to_owned(),
    };
    Err(Problem::invalid_fields(vec![FieldError { field: field.into(), message }]))
}
