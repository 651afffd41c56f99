//! Reads values.yaml: which keys there are, in which order, what is said of each, and its default.

use serde_json::{Map, Value};

use super::ReferenceError;
use crate::charts::Chart;

const KINDS: &str = include_str!("../../kinds.json");

/// Everything that values.yaml says.
#[derive(Debug)]
pub(crate) struct Options {
    /// What stands there more than once, by name.
    pub(super) kinds: Map<String, Value>,
    /// Keys of the highest level.
    pub(super) roots: Vec<Opt>,
}

/// A key.
#[derive(Debug)]
pub(super) struct Opt {
    /// From the highest level down, joined by dots.
    pub(super) path: String,
    pub(super) description: String,
    /// What its comment says to machines.
    pub(super) mark: Option<Mark>,
    pub(super) default: Value,
    /// Keys below it; none where its kind says what may stand there.
    pub(super) children: Vec<Opt>,
}

#[derive(Debug)]
pub(super) enum Mark {
    Kind(String),
    Schema(Map<String, Value>),
}

impl Opt {
    /// The last part of the path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }
}

/// A key as it was found, before its place is known.
struct Line<'a> {
    level: usize,
    key: &'a str,
    comments: Vec<&'a str>,
}

impl Options {
    /// Reads a chart's.
    pub(crate) fn of_chart(chart: Chart) -> Result<Self, ReferenceError> {
        let text = std::fs::read_to_string(chart.folder().join("values.yaml"))
            .map_err(|source| ReferenceError::Unreadable { path: "values.yaml", source })?;
        Self::read(&text)
    }

    /// The keys that have none below, with their defaults.
    pub(super) fn leaves(&self) -> Vec<(String, Value)> {
        self.roots.iter().flat_map(Opt::leaves).collect()
    }

    pub(super) fn read(text: &str) -> Result<Self, ReferenceError> {
        let kinds = serde_json::from_str(KINDS).map_err(ReferenceError::Kinds)?;
        let values: Value = serde_saphyr::from_str(text).map_err(ReferenceError::Yaml)?;
        let lines = lines(text);
        let roots = tree(&kinds, &mut lines.as_slice(), 0, "", &values)?;
        Ok(Self { kinds, roots })
    }
}

impl Opt {
    fn leaves(&self) -> Vec<(String, Value)> {
        if self.children.is_empty() {
            return vec![(self.path.clone(), self.default.clone())];
        }
        self.children.iter().flat_map(Self::leaves).collect()
    }
}

/// Each key with the comment right above it; an empty line ends a comment.
fn lines(text: &str) -> Vec<Line<'_>> {
    let mut found = Vec::new();
    let mut comments = Vec::new();
    for line in text.lines() {
        let bare = line.trim_start();
        if let Some(comment) = bare.strip_prefix('#') {
            comments.push(comment.trim());
        } else if let Some((key, _)) = bare.split_once(':').filter(|(key, _)| is_plain(key)) {
            let level = (line.len() - bare.len()) / 2;
            found.push(Line { level, key, comments: std::mem::take(&mut comments) });
        } else {
            comments.clear();
        }
    }
    found
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// Takes the lines of one level off `lines`, and those below each.
fn tree(
    kinds: &Map<String, Value>,
    lines: &mut &[Line<'_>],
    level: usize,
    above: &str,
    values: &Value,
) -> Result<Vec<Opt>, ReferenceError> {
    let mut found = Vec::new();
    while let Some((line, rest)) = lines.split_first().filter(|(line, _)| line.level >= level) {
        *lines = rest;
        let path = if above.is_empty() { line.key.to_owned() } else { format!("{above}.{}", line.key) };
        let default = values.get(line.key).cloned().unwrap_or_default();
        let (description, mark) = told(kinds, &path, &line.comments)?;
        let is_group = mark.is_none() && default.as_object().is_some_and(|map| !map.is_empty());
        let children = if is_group {
            tree(kinds, lines, level + 1, &path, &default)?
        } else {
            let below = lines.iter().take_while(|line| line.level > level).count();
            *lines = &lines[below..];
            Vec::new()
        };
        found.push(Opt { path, description, mark, default, children });
    }
    for key in values.as_object().into_iter().flat_map(Map::keys) {
        if !found.iter().any(|option| option.name() == key) {
            return Err(ReferenceError::Hidden { path: format!("{above}.{key}") });
        }
    }
    Ok(found)
}

/// The description and the mark in a comment; a kind may describe what the comment does not.
fn told(
    kinds: &Map<String, Value>,
    path: &str,
    comments: &[&str],
) -> Result<(String, Option<Mark>), ReferenceError> {
    let (marks, words): (Vec<&str>, Vec<&str>) =
        comments.iter().copied().partition(|line| line.starts_with("@ "));
    let mut description = words.join(" ");
    let mark = match marks.first().map(|mark| mark.trim_start_matches("@ ")) {
        None => None,
        Some(name) if kinds.contains_key(name) => Some(Mark::Kind(name.to_owned())),
        Some(text) => {
            let unknown = |_| ReferenceError::UnknownMark { path: path.to_owned(), mark: text.to_owned() };
            Some(Mark::Schema(serde_saphyr::from_str(text).map_err(unknown)?))
        }
    };
    if let (Some(Mark::Kind(name)), true) = (&mark, description.is_empty()) {
        description.push_str(kinds[name]["description"].as_str().unwrap_or_default());
    }
    if description.is_empty() {
        return Err(ReferenceError::Undescribed { path: path.to_owned() });
    }
    Ok((description, mark))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says by panicking that something is not as it should be")]

    use super::*;

    #[test]
    fn the_comment_right_above_a_key_is_its_description_and_nothing_else_is() {
        let text = "# The file's.\n\n# A group.\ngroup:\n  # One.\n  # More of it.\n  one: 1\n  # @ port\n  two: 2\n";
        let options = Options::read(text).unwrap();
        let group = &options.roots[0];
        assert_eq!(group.description, "A group.");
        assert_eq!(
            (group.children[0].path.as_str(), group.children[0].description.as_str()),
            ("group.one", "One. More of it.")
        );
        assert_eq!(group.children[1].description, "A port.", "the kind's own");
        assert!(matches!(&group.children[1].mark, Some(Mark::Kind(name)) if name == "port"));
    }

    #[test]
    fn keys_below_a_kind_are_its_own_business() {
        let options = Options::read("# A.\n# @ resources\na:\n  requests: {cpu: 1}\n# B.\nb: 1\n").unwrap();
        assert_eq!(options.roots.len(), 2);
        assert!(options.roots[0].children.is_empty());
    }

    #[test]
    fn what_nobody_described_or_marked_right_is_refused_by_its_path() {
        let refusal = |text: &str| Options::read(text).unwrap_err().to_string();
        assert!(refusal("# A.\na:\n  b: 1\n").starts_with("a.b has no comment"));
        assert!(refusal("# A.\n# @ prot\na: 1\n").contains("marked `prot`"));
        assert!(refusal("# A.\na: {b: 1}\n").starts_with("a.b is not written"));
    }
}
