//! The rules as text: each alert has a runbook and tests, the chart finds what it replaces, and promtool is content.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

use crate::{NAMESPACE, RELEASE, repository, text};

/// From the repository's root.
pub(crate) const RULES: &str = "charts/atelier/rules/atelier.yaml";
const OPERATORS: &str = "charts/atelier-operator/rules/operator.yaml";
const TESTS: [&str; 2] = ["charts/atelier/rules/tests", "charts/atelier-operator/rules/tests"];
const TEMPLATE: &str = "charts/atelier/templates/metrics/rules.yaml";
const RUNBOOKS: &str = "docs/operations.md";

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// A recording rule or an alert.
#[derive(Deserialize)]
pub(crate) struct Rule {
    record: Option<String>,
    alert: Option<String>,
    pub(crate) expr: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl Rule {
    pub(crate) fn name(&self) -> &str {
        self.alert.as_deref().or(self.record.as_deref()).expect("a name")
    }

    /// What has data if and only if all has that the rule looks at: an alert without its thresholds.
    pub(crate) fn inputs(&self) -> String {
        if self.alert.is_none() {
            return self.expr.clone();
        }
        let changes = [
            (" > ", " > bool "),
            (" == ", " == bool "),
            (" or ", " and "),
            ("\nor ", "\nand "),
            ("absent(", "count("),
        ];
        changes.iter().fold(self.expr.clone(), |text, (from, to)| text.replace(from, to))
    }
}

/// All rules of the services' chart, in their order.
pub(crate) fn rules() -> Vec<Rule> {
    rules_of(RULES)
}

fn rules_of(path: &str) -> Vec<Rule> {
    let file: File = serde_saphyr::from_str(&text(path)).expect("rules");
    file.groups.into_iter().flat_map(|group| group.rules).collect()
}

/// Those of both charts.
fn alerts() -> Vec<Rule> {
    [RULES, OPERATORS].into_iter().flat_map(rules_of).filter(|rule| rule.alert.is_some()).collect()
}

/// How the headings of a document can be linked to.
fn anchors(document: &str) -> BTreeSet<String> {
    let headings =
        document.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    headings.map(|heading| heading.to_lowercase().replace(' ', "-")).collect()
}

/// What stands between braces, quoted ones apart.
fn selectors(expression: &str) -> Vec<String> {
    let (mut found, mut inside, mut quoted) = (Vec::new(), None::<String>, false);
    for letter in expression.chars() {
        quoted ^= letter == '"';
        match (letter, &mut inside) {
            ('{', _) if !quoted => inside = Some(String::new()),
            ('}', Some(_)) if !quoted => found.extend(inside.take()),
            (letter, Some(text)) => text.push(letter),
            _ => {}
        }
    }
    found
}

#[test]
fn every_alert_says_what_is_wrong_how_urgent_it_is_and_what_to_do() {
    let anchors = anchors(&text(RUNBOOKS));
    for alert in alerts() {
        let name = alert.name();
        assert!(["page", "ticket"].contains(&alert.labels["severity"].as_str()), "{name}");
        assert!(
            !alert.annotations["summary"].is_empty() && !alert.annotations["description"].is_empty(),
            "{name}"
        );
        let (document, anchor) = alert.annotations["runbook_url"].split_once('#').expect("an anchor");
        assert_eq!((document, anchor), (RUNBOOKS, name.to_lowercase().as_str()));
        assert!(anchors.contains(anchor), "{RUNBOOKS} has no heading {name}");
    }
}

#[test]
fn every_runbook_is_an_alert_s() {
    let names: BTreeSet<String> = alerts().iter().map(|alert| alert.name().to_lowercase()).collect();
    let runbooks: BTreeSet<String> =
        anchors(&text(RUNBOOKS)).into_iter().filter(|anchor| anchor.starts_with("atelier")).collect();
    assert_eq!(runbooks, names);
}

#[test]
fn every_rule_is_about_one_release() {
    let (namespace, release) = (format!("namespace=\"{NAMESPACE}\""), format!("release=\"{RELEASE}\""));
    let names = format!("=~\"{RELEASE}-");
    for rule in rules() {
        let selectors = selectors(&rule.expr);
        assert!(!selectors.is_empty(), "{}", rule.name());
        for selector in selectors {
            // What is called after the release has no label of it.
            let is_about_it = selector.contains(&release) || selector.contains(&names);
            assert!(selector.contains(&namespace) && is_about_it, "{}: {selector}", rule.name());
        }
    }
}

/// No Prometheus watches a controller here, so its rules are held against the names of what it counts.
#[test]
fn every_rule_of_the_operator_looks_at_its_namespace_and_at_what_it_counts() {
    let counted = text("docs/metrics.md");
    for rule in rules_of(OPERATORS) {
        assert_eq!(selectors(&rule.expr).len(), 1, "{}", rule.name());
        let (before, selector) = rule.expr.split_once('{').expect("a selector");
        assert!(selector.starts_with("namespace=\"shop\""), "{}: {selector}", rule.name());
        let metric = before.rsplit(|letter: char| !letter.is_ascii_lowercase() && letter != '_').next();
        let row = format!("| `{}` |", metric.expect("a name"));
        assert!(counted.contains(&row), "{}: {row}", rule.name());
    }
}

#[test]
fn the_chart_finds_what_it_replaces() {
    let (rules, template) = (text(RULES), text(TEMPLATE));
    let replaced: Vec<String> = template
        .lines()
        .filter_map(|line| line.trim().strip_prefix("| replace \""))
        .filter_map(|rest| rest.split_once("\" ").map(|(text, _)| text.replace("\\\"", "\"")))
        .collect();
    assert_eq!(replaced.len(), 7, "{replaced:?}");
    for text in replaced {
        assert!(rules.contains(&text), "{text} is nowhere in {RULES}");
    }
}

#[derive(Deserialize)]
struct Tests {
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    alert_rule_test: Vec<AlertTest>,
}

#[derive(Deserialize)]
struct AlertTest {
    alertname: String,
    exp_alerts: Vec<serde_json::Value>,
}

#[test]
fn every_alert_has_tests_of_firing_and_of_keeping_silent() {
    for alert in alerts() {
        let name = alert.name();
        let paths = TESTS.map(|folder| format!("{folder}/{name}.yaml"));
        let path = paths.iter().find(|path| repository(path).is_file()).expect(name);
        let file: Tests = serde_saphyr::from_str(&text(path)).expect("tests");
        let expected: Vec<bool> = file
            .tests
            .iter()
            .flat_map(|test| &test.alert_rule_test)
            .filter(|test| test.alertname == name)
            .map(|test| test.exp_alerts.is_empty())
            .collect();
        assert!(expected.contains(&true) && expected.contains(&false), "{name}: {expected:?}");
    }
}

fn promtool(words: &[&str], files: impl IntoIterator<Item = std::path::PathBuf>) {
    let output = Command::new("promtool").args(words).args(files).output().expect("promtool");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "promtool {words:?}:\n{}", String::from_utf8_lossy(&said));
}

#[test]
#[ignore = "needs prometheus"]
fn promtool_is_content_with_the_rules_and_their_tests() {
    promtool(&["check", "rules"], [repository(RULES), repository(OPERATORS)]);
    let folders = TESTS.iter().flat_map(|folder| std::fs::read_dir(repository(folder)).expect("tests"));
    promtool(&["test", "rules"], folders.map(|entry| entry.expect("a file").path()));
}
