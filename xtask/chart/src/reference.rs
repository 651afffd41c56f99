//! A chart's values.yaml, read with its comments: the one source of `values.schema.json` and of the README's tables.
//! The file says at its top how its comments are written. What nobody described is refused, not guessed.

mod options;
mod schema;
mod table;

use crate::charts::Chart;

pub(crate) use options::Options;
pub(crate) use schema::schema;
pub(crate) use table::table;

/// Why the file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// It cannot be opened.
    #[error("{path} cannot be read")]
    Unreadable { path: &'static str, source: std::io::Error },
    /// It is no YAML.
    #[error("the values are no YAML")]
    Yaml(#[source] serde_saphyr::Error),
    /// The kinds are no JSON.
    #[error("the kinds are no JSON")]
    Kinds(#[source] serde_json::Error),
    /// A key was not found where its indentation says; such as one in quotes, or in braces.
    #[error("{path} is not written as the other keys are: on a line of its own, two blanks a level")]
    Hidden { path: String },
    /// A key has no comment and no kind that describes it.
    #[error("{path} has no comment that says what it is for")]
    Undescribed { path: String },
    /// A line `# @` is neither the name of a kind nor a piece of JSON Schema.
    #[error("{path} is marked `{mark}`, which is no kind and no piece of JSON Schema")]
    UnknownMark { path: String, mark: String },
    /// A default does not tell what may stand there.
    #[error("{path} is empty, which does not tell what may stand there: give it a kind")]
    Untold { path: String },
}

/// Every path of the values of the services' chart that has a value of its own, with its default.
pub fn paths() -> Result<Vec<(String, serde_json::Value)>, ReferenceError> {
    Ok(Options::of_chart(Chart::Atelier)?.leaves())
}
