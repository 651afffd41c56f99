//! The definition of the kind, made of its types: for the API server, and as a template of the chart.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{CustomResourceDefinition, JSON};
use kube::CustomResourceExt;
use serde_json::json;

use super::SchemaMigration;

/// The definition, as the API server is given it. A new object has a status at once: `observedGeneration: -1` says that no
/// controller has seen it, and whoever waits for readiness does not take the silence for an old success.
pub fn definition() -> CustomResourceDefinition {
    let mut definition = SchemaMigration::crd();
    for version in &mut definition.spec.versions {
        let properties = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
            .and_then(|schema| schema.properties.as_mut());
        if let Some(status) = properties.and_then(|properties| properties.get_mut("status")) {
            status.default = Some(JSON(json!({ "observedGeneration": -1 })));
        }
    }
    definition
}

/// Why the definition cannot be written; a bug of this crate.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "one for each format")]
pub enum DefinitionError {
    #[error("it is no JSON")]
    Json(#[source] serde_json::Error),
    #[error("it is no YAML")]
    Yaml(#[source] Box<serde_saphyr::ser::Error>),
}

/// The definition as a template of the chart: kept when the chart goes, unless its values say otherwise.
pub fn definition_template() -> Result<String, DefinitionError> {
    let mut definition = serde_json::to_value(definition()).map_err(DefinitionError::Json)?;
    definition["metadata"] = json!({ "name": SchemaMigration::crd_name() });
    let yaml =
        serde_saphyr::to_string(&definition).map_err(|source| DefinitionError::Yaml(Box::new(source)))?;
    let (head, body) = yaml.split_once("metadata:\n").unwrap_or(("", &yaml));
    Ok(format!(
        "# Generated from services/operator/src/crd.rs by `cargo xtask codegen`.\n{{{{- if .Values.crds.install }}}}\n{head}metadata:\n  \
         {{{{- if .Values.crds.keep }}}}\n  annotations: {{helm.sh/resource-policy: keep}}\n  {{{{- end }}}}\n{body}{{{{- end }}}}\n"
    ))
}
