//! What `helm template` makes of a chart, as objects.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::charts::Chart;

/// A release's name and namespace, which no matter but that they are always the same.
const RELEASE: [&str; 3] = ["atelier", "--namespace", "shop"];
/// The oldest Kubernetes that the chart is for, and kinds of others that it may make. What a machine has does not matter.
const CLUSTER: [&str; 4] = ["--kube-version", "1.30.0", "--api-versions", "monitoring.coreos.com/v1"];

/// Values to render with.
#[derive(Debug, Clone)]
pub struct Rendering {
    chart: Chart,
    release: String,
    flags: Vec<String>,
}

/// Why nothing was rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Helm cannot be started.
    #[error("helm could not be started")]
    Start(#[source] std::io::Error),
    /// The chart refused the values; this is what was said.
    #[error("{0}")]
    Refused(String),
    /// What came is no YAML.
    #[error("what helm made is no YAML")]
    Yaml(#[source] Box<serde_saphyr::Error>),
}

impl Rendering {
    /// With a file of the folder `ci` of the services' chart, by the first part of its name.
    pub fn of(name: &str) -> Self {
        Self::of_chart(Chart::Atelier, name)
    }

    /// The same of either chart.
    pub fn of_chart(chart: Chart, name: &str) -> Self {
        Self { chart, ..Self::with(&chart.folder().join(format!("ci/{name}-values.yaml"))) }
    }

    /// With a file of values.
    pub fn with(values: &Path) -> Self {
        let values = ["--values".to_owned(), values.display().to_string()];
        Self { chart: Chart::Atelier, release: RELEASE[0].to_owned(), flags: values.to_vec() }
    }

    /// The same with another file of values on top.
    #[must_use]
    pub fn and(mut self, values: &Path) -> Self {
        self.flags.extend(["--values".to_owned(), values.display().to_string()]);
        self
    }

    /// The same for a release of another name.
    #[must_use]
    pub fn named(mut self, release: &str) -> Self {
        release.clone_into(&mut self.release);
        self
    }

    /// The same with one value changed: keys joined by dots, dots within a key behind a backslash.
    #[must_use]
    pub fn set(mut self, path: &str, value: &Value) -> Self {
        self.flags.extend(["--set-json".to_owned(), format!("{path}={value}")]);
        self
    }

    /// What Helm prints.
    pub fn text(&self) -> Result<String, RenderError> {
        self.run(&["template"], &CLUSTER)
    }

    /// What Helm tells whoever installs, and installs not; in no cluster.
    pub fn notes(&self) -> Result<String, RenderError> {
        let text = self.run(&["install", "--dry-run=client"], &[])?;
        Ok(text.split_once("NOTES:").map(|(_, notes)| notes.to_owned()).unwrap_or_default())
    }

    fn run(&self, verb: &[&str], more: &[&str]) -> Result<String, RenderError> {
        let mut command = Command::new("helm");
        command.env("KUBECONFIG", "/dev/null").args(verb).arg(&self.release).arg(self.chart.folder());
        command.args(&RELEASE[1..]).args(more).args(&self.flags);
        let output = command.output().map_err(RenderError::Start)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(RenderError::Refused(String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    /// The objects, in Helm's order.
    pub fn objects(&self) -> Result<Vec<Value>, RenderError> {
        let objects: Vec<Value> =
            serde_saphyr::from_multiple(&self.text()?).map_err(|error| RenderError::Yaml(Box::new(error)))?;
        Ok(objects.into_iter().filter(|object| !object.is_null()).collect())
    }
}
