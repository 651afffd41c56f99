//! The inventory of commands in documents: whose test understands them, what runs them, what nobody can run here.

use Held::{Cannot, Does, Runs};

/// Programs whose words are held against every document, and where: a test there parses each command as the program does.
pub(super) const PROGRAMS: [(&str, &str); 13] = [
    ("cargo xtask bench", "xtask/bench/src/cli.rs"),
    ("cargo xtask dev-secrets", "xtask/dev-secrets/src/main.rs"),
    ("cargo xtask e2e", "xtask/e2e/src/cli.rs"),
    ("cargo xtask load", "xtask/load/src/cli.rs"),
    ("cargo xtask up", "xtask/up/src/cli.rs"),
    ("cargo xtask values", "xtask/chart/src/cli.rs"),
    ("cargo xtask", "xtask/src/contents.rs"),
    ("helm", CHART),
    ("kubectl atelier", MIGRATOR),
    ("kubectl", CHART),
    ("migrator", MIGRATOR),
    ("order-status", "services/order-status/src/cli.rs"),
    ("orders", "services/orders/src/cli.rs"),
];

/// Programs that every system has, as they have been for decades; and curl.
pub(super) const TOOLS: [&str; 9] = ["curl", "grep", "head", "mkdir", "sed", "sh", "sort", "tail", "uniq"];

/// Commands of a document.
pub(super) struct Line {
    pub(super) document: &'static str,
    /// The words that they begin with.
    pub(super) command: &'static str,
    pub(super) held: Held,
}

/// What is done about a command.
pub(super) enum Held {
    /// A test reads the document, runs what it finds there, and holds the answer against it.
    Runs(&'static str),
    /// A test, a case on a cluster, or a step of CI does the same in its own words.
    Does(&'static str),
    /// Nobody can run it here, for this reason.
    Cannot(&'static str),
}

const fn line(document: &'static str, command: &'static str, held: Held) -> Line {
    Line { document, command, held }
}

const CI: &str = "xtask/src/ci.rs";
const CI_RUN: &str = ".ci/run";
const RELEASE: &str = ".github/workflows/release.yml";
const HELM: &str = "xtask/e2e/src/release.rs";
const STAGE: &str = "xtask/e2e/src/stage.rs";
const MIGRATOR: &str = "services/migrator/tests/it/documents.rs";
const CONFIGURATION: &str = "services/order-status/tests/it/process/configuration.rs";
const CHART: &str = "xtask/chart/tests/it/documents.rs";

/// In the order of the documents.
pub(super) const INVENTORY: &[Line] = &[
    line("README.md", "cargo xtask up", Does(CI)),
    line("README.md", "cargo xtask test", Does(CI)),
    line("README.md", "curl", Runs("xtask/up/src/tour.rs")),
    line("README.md", "cargo xtask image --save", Does(CI_RUN)),
    line("README.md", "cargo xtask image --push", Does(RELEASE)),
    line("README.md", "cargo xtask values", Does(STAGE)),
    line("README.md", "helm upgrade", Does(HELM)),
    line("CONTRIBUTING.md", "cargo xtask up", Does(CI)),
    line("CONTRIBUTING.md", "cargo xtask test", Does(CI)),
    line("charts/atelier/README.md", "cargo xtask values", Does(STAGE)),
    line("charts/atelier/README.md", "helm upgrade", Does(HELM)),
    line("charts/atelier-operator/README.md", "helm upgrade", Does("xtask/e2e/src/cases/operator/site.rs")),
    line("docs/adopting.md", "", Runs(MIGRATOR)),
    line("docs/configuration.md", "", Runs(CONFIGURATION)),
    line("docs/edge.md", "", Does("xtask/edge/tests/it/nginx.rs")),
    line("docs/kubernetes.md", "cargo xtask image", Does(RELEASE)),
    line("docs/kubernetes.md", "cargo xtask values", Does(STAGE)),
    line("docs/kubernetes.md", "helm upgrade", Does(HELM)),
    line("docs/kubernetes.md", "kubectl port-forward", Does("xtask/e2e/src/namespace/forward.rs")),
    line("docs/kubernetes.md", "curl", Does("xtask/e2e/src/cases/refusals.rs")),
    line("docs/kubernetes.md", "kubectl -n shop", Does("xtask/e2e/src/release/jobs.rs")),
    line("docs/kubernetes.md", "helm test", Does("xtask/e2e/src/cases/tested.rs")),
    line("docs/kubernetes.md", "kubectl --namespace shop describe", Cannot("it is for a test that failed")),
    line("docs/kubernetes.md", "helm template", Runs(CHART)),
    line("docs/kubernetes.md", "sed", Runs(CHART)),
    line("docs/kubernetes.md", "cargo xtask e2e", Does(CI_RUN)),
    line("docs/migrations.md", "migrator", Runs(MIGRATOR)),
    line("docs/migrations.md", "grep", Runs(MIGRATOR)),
    line("docs/migrations.md", "curl", Runs("services/order-status/tests/it/release.rs")),
    line("docs/operations.md", "helm upgrade", Does(HELM)),
    line("docs/operations.md", "kubectl port-forward", Does("xtask/e2e/src/namespace/forward.rs")),
    line("docs/operations.md", "curl -X PUT", Does("services/order-status/tests/it/process/log_level.rs")),
    line("docs/operations.md", "curl -s", Does("xtask/e2e/src/cases/refusals.rs")),
    line("docs/operations.md", "orders doctor", Does("services/orders/tests/it/doctor.rs")),
    line("docs/operations.md", "order-status explain", Runs("services/order-status/tests/it/explain.rs")),
    line("docs/operations.md", "kubectl", Cannot("what it shows is a release in trouble")),
    line("docs/operations.md", "migrator after-restore", Runs(MIGRATOR)),
    line("docs/operations.md", "grep", Cannot("it reads the log of a release in trouble")),
    line("docs/operations.md", "sort", Cannot("as grep")),
    line("docs/operations.md", "uniq", Cannot("as grep")),
    line("docs/operator.md", "helm upgrade", Does("xtask/e2e/src/cases/operator/site.rs")),
    line("docs/operator.md", "kubectl", Does("xtask/e2e/src/cases/operator/words.rs")),
    line("docs/performance.md", "cargo xtask image", Does(CI_RUN)),
    line(
        "docs/reliability.md",
        "cargo xtask prove",
        Cannot("a proof takes minutes; its line there says when it was run"),
    ),
    line(
        "docs/performance.md",
        "cargo xtask bench",
        Cannot("it takes hours of a quiet machine; `--quick` is a step of CI"),
    ),
    line("docs/performance.md", "cargo xtask load", Does("xtask/load/src/main.rs")),
    line(
        "docs/reliability.md",
        "cargo xtask prove",
        Cannot("it takes hours of a machine; the document's figures are its output"),
    ),
    line("docs/security.md", "", Runs(MIGRATOR)),
    line("k8s/dev/README.md", "kubectl", Does(STAGE)),
    line("k8s/dev/README.md", "cargo xtask dev-secrets", Does(STAGE)),
    line("k8s/dev/README.md", "cargo xtask image", Does(CI_RUN)),
    line("k8s/dev/README.md", "sed", Runs(CHART)),
    line("k8s/gitops/README.md", "kubectl", Does("services/operator/tests/it/gitops.rs")),
    line("k8s/raw/README.md", "kubectl", Does("xtask/e2e/src/cases/raw.rs")),
];
