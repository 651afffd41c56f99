//! The environment, read here and nowhere else in this crate. Only what finds programs and servers may depend on it.

use std::ffi::OsString;

/// The value of a variable, if it is set.
#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration file: where the server is can only be told by the environment"
)]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The names of all variables.
#[expect(
    clippy::disallowed_methods,
    reason = "variables that would lead a child elsewhere have to be seen to be removed"
)]
pub(crate) fn names() -> Vec<OsString> {
    std::env::vars_os().map(|(name, _)| name).collect()
}
