//! What is done in one place: errors become HTTP, metrics get their names, and each endpoint has its tests.

use std::path::Path;

use super::code::find_words;
use super::tree::File;
use super::{Tree, Violation};

const METRICS: &str = "services/service-kit/src/metrics.rs";

/// Sources of what ships: not tests, not what only tests and tools use.
fn ships(file: &File) -> bool {
    let name = file.name();
    name.starts_with("services/")
        && name.contains("/src/")
        && !file.is_test()
        && !name.starts_with("services/testkit/")
}

/// Only service-kit's HTTP edge makes an answer out of an error.
pub(super) fn errors_become_answers_in_one_place(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in
        tree.rust().filter(|file| ships(file) && !file.name().starts_with("services/service-kit/src/http"))
    {
        for (index, line) in file.code().lines().enumerate() {
            if line.contains("impl")
                && find_words(line, "IntoResponse").any(|at| line[at + 12..].starts_with(" for "))
            {
                let remedy =
                    "Turn the error into a service_kit::http::Problem; that one knows how to answer.";
                violations.push(file.violation(
                    index + 1,
                    "an answer is made outside service_kit::http",
                    remedy,
                ));
            }
        }
    }
    violations
}

/// A name of the list in service-kit is written nowhere else.
pub(super) fn metrics_are_named_in_one_place(tree: &Tree) -> Vec<Violation> {
    let Some(list) = tree.file(METRICS) else { return Vec::new() };
    let names: Vec<&str> = list.lines().filter_map(|(_, line)| metric_name(line)).collect();
    let mut violations = Vec::new();
    for file in tree.rust().filter(|file| ships(file) && file.path != Path::new(METRICS)) {
        for (number, line) in file.lines() {
            for name in names.iter().filter(|name| line.contains(&format!("\"{name}\""))) {
                let what = format!("the metric {name} is named a second time");
                violations.push(file.violation(number, what, "Use its variant of service_kit::metrics."));
            }
        }
    }
    violations
}

/// `Variant = "name", "help";`
fn metric_name(line: &str) -> Option<&str> {
    let (name, _) = line.split_once(" = \"")?.1.split_once('"')?;
    (name.contains('_') && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')).then_some(name)
}

/// `src/http/orders/get.rs` has its tests in `tests/it/orders/get.rs`: a missing test is a missing file.
pub(super) fn endpoints_have_tests(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.rust() {
        let name = file.name();
        let Some((service, endpoint)) = name.split_once("/src/http/orders/") else { continue };
        if endpoint.contains('/') || !service.starts_with("services/") {
            continue;
        }
        let tests = format!("{service}/tests/it/orders/{endpoint}");
        if tree.file(&tests).is_none() {
            let what = format!("this endpoint has no tests in {tests}");
            violations.push(file.violation(1, what, "One endpoint, one file; its tests mirror it."));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture;
    use super::*;

    #[test]
    fn an_answer_from_an_error_is_made_in_service_kit_only() {
        let text = "//! Text.\nimpl IntoResponse for Error {\n}\nfn a() -> impl IntoResponse {}\n";
        let tree = fixture(&[
            ("services/orders/src/http/a.rs", text),
            ("services/service-kit/src/http/problem.rs", text),
        ]);
        let lines: Vec<usize> =
            errors_become_answers_in_one_place(&tree).iter().map(|found| found.line).collect();
        assert_eq!(lines, [2]);
    }

    #[test]
    fn a_metric_that_is_named_twice_is_found() {
        let list = "    CatalogRequests = \"catalog_requests_total\", \"Calls.\";\n";
        let tree = fixture(&[
            (METRICS, list),
            ("services/orders/src/a.rs", "register(\"catalog_requests_total\")\n"),
            ("services/orders/tests/it/a.rs", "scrape(\"catalog_requests_total\")\n"),
        ]);
        assert_eq!(metrics_are_named_in_one_place(&tree).len(), 1);
    }

    #[test]
    fn an_endpoint_without_tests_is_found() {
        let tree = fixture(&[
            ("services/orders/src/http/orders/user.rs", ""),
            ("services/orders/src/http/orders/get.rs", ""),
            ("services/orders/src/http/orders/get/part.rs", ""),
            ("services/orders/tests/it/orders/get.rs", ""),
        ]);
        let found = endpoints_have_tests(&tree);
        assert!(found.len() == 1 && found[0].path.ends_with("user.rs"));
    }
}
