//! Tests that need something with a name: `#[ignore = "needs nginx"]`.
//!
//! Such a test runs only where its need is there. What is left out is listed and counted, never silent, and a run
//! that may leave nothing out says `--require`.

use std::collections::BTreeMap;

use crate::shell;

/// What most needs mean: programs on the search path, of each group one.
const PROGRAMS: &[(&str, &[&[&str]])] = &[
    // A browser is told what to do by its driver, which finds it by itself.
    ("chromium", &[&["chromedriver"], &["chromium", "google-chrome"]]),
    ("helm", &[&["helm"]]),
    ("helm and kubectl", &[&["helm"], &["kubectl"]]),
    ("helm and nginx", &[&["helm"], &["nginx"]]),
    ("lua", &[&["lua"]]),
    ("nginx", &[&["nginx"]]),
    ("otelcol", &[&["otelcol"]]),
    ("prometheus", &[&["prometheus"], &["promtool"]]),
];

/// What a need means that is more than a program: a command that succeeds where it is there.
const COMMANDS: [(&str, &[&str]); 2] = [
    (
        "namespaces",
        &["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child", "true"],
    ),
    // Older ones keep no prepared statements.
    ("pgbouncer", &["sh", "-c", "pgbouncer --version | grep -Eq '^PgBouncer 1\\.(2[1-9]|[3-9][0-9])'"]),
];

const MARK: &str = "#[ignore = \"needs ";

/// Needs and the names of the tests behind each.
pub(crate) type Needs = BTreeMap<String, Vec<String>>;

/// Reads the needs of the tests in `sources`: the mark, then the next function's name.
pub(crate) fn scan<'a>(sources: impl IntoIterator<Item = &'a str>) -> Needs {
    let mut needs = Needs::new();
    for text in sources {
        let mut pending: Option<&str> = None;
        for line in text.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix(MARK) {
                pending = rest.split('"').next();
            } else if let Some(need) = pending
                && let Some(name) = function_name(line)
            {
                needs.entry(need.to_owned()).or_default().push(name.to_owned());
                pending = None;
            }
        }
    }
    needs
}

fn function_name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub ").unwrap_or(line);
    let rest = rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

/// Whether this machine has what `need` names; a need that nobody described is never there.
pub(crate) fn is_met(need: &str) -> bool {
    match COMMANDS.iter().find(|(name, _)| *name == need) {
        Some((_, words)) => shell::ask(shell::program(words[0]).args(&words[1..])).is_some(),
        None => is_met_by(need, |program| shell::find(program).is_some()),
    }
}

fn is_met_by(need: &str, is_there: impl Fn(&str) -> bool) -> bool {
    let groups = PROGRAMS.iter().find(|(name, _)| *name == need).map(|(_, groups)| groups);
    groups.is_some_and(|groups| groups.iter().all(|group| group.iter().any(|program| is_there(program))))
}

/// What a run may not leave out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Required(Vec<String>);

impl Required {
    /// `all` is what a build server means.
    pub(crate) fn new(names: &[String]) -> Self {
        if names.is_empty() && shell::in_ci() { Self(vec!["all".to_owned()]) } else { Self(names.to_vec()) }
    }

    /// Whether a missing `need` is a failure.
    pub(crate) fn has(&self, need: &str) -> bool {
        self.names("all") || self.names(need)
    }

    /// Whether `need` is called for by its own name.
    pub(crate) fn names(&self, need: &str) -> bool {
        self.0.iter().any(|name| name == need)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_need_is_found_with_its_test() {
        let marked =
            format!("#[tokio::test]\n{MARK}nginx\"]\nasync fn limits_hold() {{}}\nfn other() {{}}\n");
        let needs = scan([marked.as_str()]);
        assert_eq!(needs, Needs::from([("nginx".to_owned(), vec!["limits_hold".to_owned()])]));
    }

    #[test]
    fn a_need_that_nobody_described_is_never_met() {
        assert!(!is_met("a thing that does not exist"));
    }

    #[test]
    fn a_browser_is_one_of_several_and_its_driver() {
        for browser in ["chromium", "google-chrome"] {
            assert!(is_met_by("chromium", |program| program == browser || program == "chromedriver"));
            assert!(!is_met_by("chromium", |program| program == browser));
        }
        assert!(!is_met_by("chromium", |program| program == "chromedriver"));
    }

    #[test]
    fn all_requires_everything_and_a_name_only_itself() {
        assert!(Required(vec!["all".into()]).has("nginx"));
        assert!(Required(vec!["nginx".into()]).has("nginx"));
        assert!(!Required(vec!["nginx".into()]).has("chromium"));
        assert!(!Required(vec!["all".into()]).names("nginx"));
    }
}
