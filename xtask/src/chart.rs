//! `cargo xtask chart`: outside judges of the charts and of what they make: Helm's own lint, kubeconform, kube-score, kustomize.
//!
//! Each is left out by name where it is not installed, and fails where nothing may be left out. What the judges cannot know
//! is for the tests of the crate `chart`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::judges::{self, Judge};
use crate::shell;

/// What may not be left out.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Fail, instead of skipping, where this judge is missing; `all` means every one. CI=true means all.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(crate) require: Vec<String>,
}

const CHARTS: [&str; 2] = ["charts/atelier", "charts/atelier-operator"];
const RENDERED: &str = "k8s/rendered";
/// The oldest Kubernetes that the chart is for, and the newest whose schemas are there.
const VERSIONS: [&str; 2] = ["1.30.0", "1.36.0"];
/// Kinds of operators, whose schemas come with those; the Rust tests look at ours of them.
const FOREIGN: &str = "ExternalSecret,HTTPRoute,PrometheusRule,SchemaMigration,ServiceMonitor";
/// What kube-score asks for and is not given, each for a reason.
const EXCEPTIONS: [(&str, &str); 7] = [
    (
        "container-ephemeral-storage-request-and-limit",
        "the root is read-only and no volume can be written to",
    ),
    (
        "container-image-pull-policy",
        "tags are never moved, and with Always a registry's outage would be ours",
    ),
    (
        "container-security-context-user-group-id",
        "the user is the image's own, 65532; the chart names none on purpose",
    ),
    ("deployment-has-host-podantiaffinity", "topologySpreadConstraints spread the pods, per rollout"),
    (
        "pod-networkpolicy",
        "it wants egress closed, which only who knows the addresses can do; a test has every pod under a policy",
    ),
    (
        "networkpolicy-targets-pod",
        "in mode operator the migrator's pods are made by a controller, and not rendered",
    ),
    ("deployment-replicas", "a file of values for trying out has one pod of each service"),
];

/// Asks each judge that is there.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let judges: [(&str, Judge); 4] =
        [("helm", lint), ("kubeconform", conform), ("kube-score", score), ("kubectl", kustomize)];
    judges::ask("chart", &judges, &args.require)
}

/// Every file of values, where a warning is a failure too.
fn lint() -> Result<(), Failure> {
    for chart in CHARTS {
        for values in files(Path::new(chart).join("ci"))? {
            shell::run(
                shell::program("helm").args(["lint", "--strict", "--quiet", chart, "--values"]).arg(&values),
            )?;
        }
    }
    Ok(())
}

/// Every rendered object against the schemas of Kubernetes: those that a Python package carries, else kubeconform's own,
/// which it fetches.
fn conform() -> Result<(), Failure> {
    let package = package();
    if package.is_none() {
        println!("chart: the Python package kubernetes-validate is not here, so kubeconform fetches schemas");
    }
    for version in VERSIONS {
        let mut command = shell::program("kubeconform");
        command.args(["-strict", "-summary", "-skip", FOREIGN, "-kubernetes-version", version]);
        if let Some(package) = &package {
            command.arg("-schema-location").arg(schemas(package, version)?);
        }
        for folder in [RENDERED, "k8s/dev", "k8s/collector"] {
            command.args(files(folder)?);
        }
        shell::run(&mut command)?;
    }
    Ok(())
}

/// Where the package's schemas are, beside the program that it brings along.
fn package() -> Option<PathBuf> {
    let script = "import os, kubernetes_validate as it; print(os.path.dirname(it.__file__))";
    let program = shell::find("kubernetes-validate").and_then(|path| fs::canonicalize(path).ok());
    let beside = program.map(|path| path.with_file_name("python3")).filter(|path| path.is_file());
    let python = beside.unwrap_or_else(|| "python3".into());
    let folder = shell::ask(shell::program(python).args(["-c", script]))?;
    Some(PathBuf::from(folder).join("kubernetes-json-schema"))
}

/// Rewrites the schemas of a version once; what kubeconform is told about where they are.
fn schemas(package: &Path, version: &str) -> Result<String, Failure> {
    let name = format!("v{version}-local-strict");
    let ours = shell::root().join("target/chart/schemas");
    if !ours.join(&name).is_dir() {
        shell::build(&["chart"])?;
        let folders = [package.join(&name), ours.join(&name)];
        shell::run(shell::program(shell::sibling("chart")?).arg("schemas").args(folders))?;
    }
    let pattern =
        "{{.NormalizedKubernetesVersion}}-local{{.StrictSuffix}}/{{.ResourceKind}}{{.KindSuffix}}.json";
    Ok(format!("{}/{pattern}", ours.display()))
}

/// Every folder that is written for kustomize can be put together.
fn kustomize() -> Result<(), Failure> {
    for folder in ["k8s/raw", "k8s/dev", "k8s/collector"] {
        shell::output(shell::program("kubectl").args(["kustomize", folder]))?;
    }
    Ok(())
}

/// What is good practice, but for the exceptions; each file by itself, since they are releases of one name.
fn score() -> Result<(), Failure> {
    for file in files(RENDERED)? {
        let mut command = shell::program("kube-score");
        command.args(["score", "--kubernetes-version", "v1.30", "--exit-one-on-warning"]);
        // A limit of processor time slows a pod down in the very moment in which it is needed; its request is its share.
        command.arg("--ignore-container-cpu-limit");
        for (name, _reason) in EXCEPTIONS {
            command.args(["--ignore-test", name]);
        }
        said(command.arg(file))?;
    }
    Ok(())
}

/// Runs to the end, and shows what is said of objects that are not as they should be.
fn said(command: &mut Command) -> Result<(), Failure> {
    let described = shell::describe(command);
    let output = command.output().map_err(|source| Failure::Start { command: described.clone(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    said.lines().filter(|line| !line.ends_with('✅')).for_each(|line| println!("{line}"));
    Err(Failure::Ended { command: described, status: output.status })
}

/// The YAML files of a folder of the repository, in order.
fn files(folder: impl AsRef<Path>) -> Result<Vec<PathBuf>, Failure> {
    let folder = shell::root().join(folder);
    let entries = fs::read_dir(&folder).map_err(Failure::file(&folder))?;
    let mut files: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    files.retain(|path| {
        path.extension().is_some_and(|extension| extension == "yaml") && !path.ends_with("kustomization.yaml")
    });
    files.sort();
    Ok(files)
}
