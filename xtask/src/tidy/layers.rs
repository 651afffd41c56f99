//! Which code may know which library, and how little a `main` may do: the arrows of ARCHITECTURE.md.

use super::code::names_crate;
use super::manifests::dependencies;
use super::tree::File;
use super::{Tree, Violation};

/// Nothing here does I/O, reads a clock or starts a thread.
const PURE: [&str; 4] = ["rust_decimal", "serde", "thiserror", "time"];
const PURE_IN_TESTS: [&str; 2] = ["proptest", "serde_json"];

const MAIN_LINES_MAX: usize = 40;

/// A library and the only places that may name it.
struct Layer {
    library: &'static str,
    allowed: fn(&str) -> bool,
    remedy: &'static str,
}

const LAYERS: [Layer; 4] = [
    Layer {
        library: "sqlx",
        allowed: |path| {
            path.contains("/src/store/")
                || path.ends_with("/src/store.rs")
                || path.contains("/tests/")
                || under(
                    path,
                    &[
                        "services/migrator/",
                        "services/service-kit/",
                        "services/testkit/",
                        "xtask/e2e/src/database.rs",
                        "xtask/prove/",
                        "xtask/up/",
                    ],
                )
        },
        remedy: "SQL belongs under store/; give the caller a function that takes and returns the model's types.",
    },
    Layer {
        library: "reqwest",
        allowed: |path| {
            path.contains("/src/catalog/")
                || path.ends_with("/src/catalog.rs")
                || path.contains("/tests/")
                || under(path, &["services/service-kit/", "services/testkit/", "xtask/"])
        },
        remedy: "HTTP clients belong under catalog/ or into service-kit, where their limits are named.",
    },
    Layer {
        library: "kube",
        allowed: |path| under(path, &["services/operator/", "xtask/e2e/"]),
        remedy: "Only the operator and the cluster tests talk to Kubernetes.",
    },
    Layer {
        library: "figment",
        allowed: |path| path.starts_with("services/service-kit/src/config"),
        remedy: "Configuration is read in one place: service_kit::config.",
    },
];

/// What would bring a database client along, into what holds rights in a cluster.
const DATABASE: [&str; 5] = ["migrator", "service-kit", "sqlx", "testkit", "tokio-postgres"];

/// The operator holds rights in a cluster, and links no database client: not by itself, and not by way of ours.
pub(super) fn operator_asks_no_database(tree: &Tree) -> Vec<Violation> {
    let Some(manifest) = tree.file("services/operator/Cargo.toml") else { return Vec::new() };
    let foreign = dependencies(manifest).into_iter().filter(|found| DATABASE.contains(&found.name.as_str()));
    let remedy = "What a Job finds out comes back as its report; the binary serves ports and counts.";
    foreign
        .map(|found| manifest.violation(found.line, format!("operator depends on {}", found.name), remedy))
        .collect()
}

fn under(path: &str, folders: &[&str]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}

/// order-model depends on nothing that does I/O.
pub(super) fn order_model_is_pure(tree: &Tree) -> Vec<Violation> {
    let Some(manifest) = tree.file("services/order-model/Cargo.toml") else { return Vec::new() };
    let is_pure = |name: &str, dev: bool| PURE.contains(&name) || (dev && PURE_IN_TESTS.contains(&name));
    let foreign = dependencies(manifest).into_iter().filter(|found| !is_pure(&found.name, found.dev));
    let remedy = "The rules of an order stay pure; put what needs this into a service or service-kit.";
    foreign
        .map(|found| manifest.violation(found.line, format!("order-model depends on {}", found.name), remedy))
        .collect()
}

/// Each library is named only where its layer is.
pub(super) fn libraries_stay_in_their_layers(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.rust() {
        let name = file.name();
        let code = file.code();
        for layer in LAYERS.iter().filter(|layer| !(layer.allowed)(&name)) {
            let lines = code.lines().enumerate().filter(|(_, line)| names_crate(line, layer.library));
            violations.extend(lines.map(|(index, _)| {
                file.violation(
                    index + 1,
                    format!("{} is named outside its layer", layer.library),
                    layer.remedy,
                )
            }));
        }
    }
    violations
}

/// A service's `main.rs` parses, loads, runs and flushes; what it runs is the library's.
pub(super) fn mains_are_short(tree: &Tree) -> Vec<Violation> {
    let is_main =
        |file: &&File| file.name().starts_with("services/") && file.name().ends_with("/src/main.rs");
    let long = tree.rust().filter(is_main).filter(|file| file.lines().count() > MAIN_LINES_MAX);
    let remedy = "main dispatches; move the rest into the library, where tests reach it.";
    long.map(|file| {
        file.violation(MAIN_LINES_MAX + 1, format!("main.rs has more than {MAIN_LINES_MAX} lines"), remedy)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture;
    use super::*;

    #[test]
    fn a_library_that_does_io_is_refused_in_order_model() {
        let manifest = "[dependencies]\nserde = \"1\"\ntokio = \"1\"\nserde_json = \"1\"\n[dev-dependencies]\nserde_json = \"1\"\n";
        let violations = order_model_is_pure(&fixture(&[("services/order-model/Cargo.toml", manifest)]));
        assert_eq!(violations.iter().map(|v| v.line).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn a_database_client_is_refused_in_the_operator() {
        let manifest = "[dependencies]\nkube = \"1\"\nsqlx = \"1\"\nservice-kit = \"1\"\n";
        let violations = operator_asks_no_database(&fixture(&[("services/operator/Cargo.toml", manifest)]));
        assert_eq!(violations.iter().map(|v| v.line).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn sqlx_is_refused_outside_store_and_allowed_in_it() {
        let text = "//! Text.\nuse sqlx::Row;\n";
        let tree = fixture(&[
            ("services/orders/src/http/list.rs", text),
            ("services/orders/src/store/list.rs", text),
        ]);
        let violations = libraries_stay_in_their_layers(&tree);
        assert_eq!(violations.len(), 1);
        assert!(violations[0].path.ends_with("http/list.rs") && violations[0].line == 2);
    }

    #[test]
    fn a_library_in_a_comment_or_a_string_is_no_use_of_it() {
        let text = "//! Uses sqlx::query elsewhere.\nconst NAME: &str = \"reqwest::Client\";\n";
        assert_eq!(libraries_stay_in_their_layers(&fixture(&[("services/orders/src/lib.rs", text)])), []);
    }

    #[test]
    fn a_long_main_is_refused_in_a_service_only() {
        let long = "//\n".repeat(41);
        let tree = fixture(&[("services/orders/src/main.rs", &long), ("xtask/src/main.rs", &long)]);
        assert_eq!(mains_are_short(&tree).len(), 1);
    }
}
