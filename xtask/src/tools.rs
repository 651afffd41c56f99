//! `cargo xtask tools`: what the commands can use, found or missing, what for, and how to get it.

use crate::failure::Failure;
use crate::shell;

struct Tool {
    name: &'static str,
    /// The words that make it tell its version.
    version: &'static [&'static str],
    purpose: &'static str,
    remedy: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "rustc",
        version: &["rustc", "--version"],
        purpose: "everything; the pinned version is in rust-toolchain.toml",
        remedy: "rustup toolchain install",
    },
    Tool {
        name: "rustfmt",
        version: &["cargo", "fmt", "--version"],
        purpose: "ci: fmt",
        remedy: "rustup component add rustfmt",
    },
    Tool {
        name: "clippy",
        version: &["cargo", "clippy", "--version"],
        purpose: "ci: clippy",
        remedy: "rustup component add clippy",
    },
    Tool {
        name: "cargo-deny",
        version: &["cargo", "deny", "--version"],
        purpose: "ci: deny (licences, bans, sources); skipped by name without it",
        remedy: "cargo install --locked cargo-deny",
    },
    Tool {
        name: "squawk",
        version: &["squawk", "--version"],
        purpose: "squawk, and the step of ci; skipped by name without it",
        remedy: "pipx install squawk-cli, in the version of .ci/requirements.in",
    },
    Tool {
        name: "actionlint",
        version: &["actionlint", "-version"],
        purpose: "workflows, and the step of ci; skipped by name without it",
        remedy: "with Go: go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12",
    },
    Tool {
        name: "zizmor",
        version: &["zizmor", "--version"],
        purpose: "workflows, and the step of ci; skipped by name without it",
        remedy: "pipx install zizmor, in the version of .ci/requirements.in",
    },
    Tool {
        name: "schemathesis",
        version: &["schemathesis", "--version"],
        purpose: "schemathesis, and the step of ci; skipped by name without it",
        remedy: "pipx install schemathesis, in the version of .ci/requirements.in",
    },
    Tool {
        name: "chromedriver",
        version: &["chromedriver", "--version"],
        purpose: "test: the page at /docs in chromium or google-chrome, whichever it belongs to; skipped by name without them",
        remedy: "your system's packages chromium and chromium-driver",
    },
    Tool {
        name: "pgbouncer",
        version: &["pgbouncer", "--version"],
        purpose: "test: through a pooler; 1.21 or newer, skipped by name without it",
        remedy: "your system's package pgbouncer; where that is older, .ci/pgbouncer.sh FOLDER builds one",
    },
    Tool {
        name: "otelcol",
        version: &["otelcol", "--version"],
        purpose: "test: traces, through the real OpenTelemetry collector; skipped by name without it",
        remedy: "with Go, as .ci/otelcol.yaml says, into a folder of the search path",
    },
    Tool {
        name: "prometheus",
        version: &["prometheus", "--version"],
        purpose: "test: dashboards and alerts, with its promtool; skipped by name without it",
        remedy: "your system's package prometheus",
    },
    Tool {
        name: "unshare",
        version: &["unshare", "--version"],
        purpose: "test: the services as the first process of namespaces of their own; skipped by name where the system gives none",
        remedy: "your system's package util-linux; on Ubuntu also sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    },
    Tool {
        name: "git",
        version: &["git", "--version"],
        purpose: "tidy: which files are the repository's, and which migrations were released",
        remedy: "your system's package git",
    },
    Tool {
        name: "psql",
        version: &["psql", "--version"],
        purpose: "nothing here needs it; handy for a look into the database that `up` prints",
        remedy: "your system's package postgresql-client",
    },
    Tool {
        name: "pgbench",
        version: &["pgbench", "--version"],
        purpose: "bench: the rows against the database alone; skipped by name without it",
        remedy: "your system's package postgresql-contrib (Debian: postgresql-15 has it)",
    },
    Tool {
        name: "valgrind",
        version: &["valgrind", "--version"],
        purpose: "bench: instructions of the rules; skipped by name without it",
        remedy: "your system's package valgrind",
    },
    Tool {
        name: "curl",
        version: &["curl", "--version"],
        purpose: "the tour that `up` prints (7.82 or newer, for --json)",
        remedy: "your system's package curl",
    },
    Tool {
        name: "musl-gcc",
        version: &["musl-gcc", "--version"],
        purpose: "image: static programs; without it this machine's C library goes into the images",
        remedy: "your system's package musl-tools (Debian), musl-gcc (Fedora) or musl (Arch)",
    },
    Tool {
        name: "aarch64-linux-gnu-gcc",
        version: &["aarch64-linux-gnu-gcc", "--version"],
        purpose: "image --arch arm64 on another kind of machine",
        remedy: "your system's package gcc-aarch64-linux-gnu, with libc6-dev-arm64-cross",
    },
    Tool {
        name: "cargo-auditable",
        version: &["cargo", "auditable", "--version"],
        purpose: "image: puts the list of its dependencies into each program, for scanners; without it that is missing",
        remedy: "cargo install --locked cargo-auditable",
    },
    Tool {
        name: "docker",
        version: &["docker", "version", "--format", "{{.Server.Version}}"],
        purpose: "image (23 or newer, with its server running); one of docker, podman and buildah is enough",
        remedy: "https://docs.docker.com/engine/install",
    },
    Tool {
        name: "podman",
        version: &["podman", "--version"],
        purpose: "image (4.2 or newer)",
        remedy: "your system's package podman",
    },
    Tool {
        name: "buildah",
        version: &["buildah", "--version"],
        purpose: "image (1.28 or newer)",
        remedy: "your system's package buildah",
    },
    Tool {
        name: "cosign",
        version: &["cosign", "version"],
        purpose: "publish --sign: signatures",
        remedy: "https://docs.sigstore.dev/cosign/system_config/installation, or with Go: go install github.com/sigstore/cosign/v3/cmd/cosign",
    },
    Tool {
        name: "syft",
        version: &["syft", "version"],
        purpose: "publish --sign: what is in each image",
        remedy: "https://github.com/anchore/syft, or with Go: go install github.com/anchore/syft/cmd/syft",
    },
    Tool {
        name: "gh",
        version: &["gh", "--version"],
        purpose: "publish --announce: the release's page",
        remedy: "https://cli.github.com",
    },
    Tool {
        name: "kubectl",
        version: &["kubectl", "version", "--client"],
        purpose: "a development cluster, k8s/dev; chart: what kustomize makes of k8s; test: its words in documents; skipped by name without it",
        remedy: "https://kubernetes.io/docs/tasks/tools",
    },
    Tool {
        name: "helm",
        version: &["helm", "version", "--short"],
        purpose: "the chart: codegen, ci, its tests; and e2e (3.18 or newer, or 4)",
        remedy: "https://helm.sh/docs/intro/install, or with Go: go install helm.sh/helm/v4/cmd/helm@v4.2.4",
    },
    Tool {
        name: "kubeconform",
        version: &["kubeconform", "-v"],
        purpose: "chart, and the step of ci; skipped by name without it",
        remedy: "with Go: go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0",
    },
    Tool {
        name: "kubernetes-validate",
        version: &["kubernetes-validate", "--version"],
        purpose: "chart: Kubernetes' schemas, which kubeconform fetches without it",
        remedy: "pipx install kubernetes-validate, in the version of .ci/requirements.in",
    },
    Tool {
        name: "kube-score",
        version: &["kube-score", "version"],
        purpose: "chart, and the step of ci; skipped by name without it",
        remedy: "with Go: go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0",
    },
    Tool {
        name: "lua",
        version: &["lua", "-v"],
        purpose: "the test of k8s/gitops/argocd; skipped by name without it",
        remedy: "your system's package lua5.4",
    },
    Tool {
        name: "kind",
        version: &["kind", "version"],
        purpose: "e2e, where no cluster is given (0.33 or newer, with Docker)",
        remedy: "https://kind.sigs.k8s.io",
    },
];

/// Prints the list; a missing tool is no failure, since each command says what it lacks.
#[expect(clippy::unnecessary_wraps, reason = "every command has one shape, so that main only dispatches")]
pub(crate) fn run() -> Result<(), Failure> {
    for tool in TOOLS {
        let mut words = tool.version.iter();
        let version = words.next().and_then(|name| shell::ask(shell::program(name).args(words)));
        let line = version.as_deref().and_then(|text| text.lines().next());
        match line {
            Some(line) => println!("found    {:<12} {line}", tool.name),
            None => println!("missing  {:<12} get it: {}", tool.name, tool.remedy),
        }
        println!("         {:<12} for {}", "", tool.purpose);
    }
    println!(
        "\nPostgreSQL needs no installing: `up` and `test` fetch a pinned server once, or use an installed one."
    );
    Ok(())
}
