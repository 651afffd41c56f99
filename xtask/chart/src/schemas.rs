//! Kubernetes' own schemas for kubeconform, without a network: the Python package kubernetes-validate carries them, with
//! references that only its own program follows. They are written once more with references that lead beside the file.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// How references into the package begin.
const FOREIGN: &str = "/api/_definitions.json";
const OURS: &str = "_definitions.json";

/// Why the schemas cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemasError {
    /// A file or folder cannot be read or written.
    #[error("{} cannot be read or written", path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// A file is no JSON.
    #[error("{} is no JSON", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
}

/// Reads every schema of `from` and writes it into `to`.
pub(crate) fn rewrite(from: &Path, to: &Path) -> Result<(), SchemasError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| SchemasError::File { path, source }
    };
    std::fs::create_dir_all(to).map_err(failed(to))?;
    for entry in std::fs::read_dir(from).map_err(failed(from))? {
        let path = entry.map_err(failed(from))?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(failed(&path))?;
        let mut schema: Value = serde_json::from_str(&text)
            .map_err(|source| SchemasError::Json { path: path.clone(), source })?;
        schema.as_object_mut().map(|schema| schema.remove("$id"));
        lead_beside(&mut schema);
        let path = to.join(path.file_name().unwrap_or_default());
        std::fs::write(&path, schema.to_string()).map_err(failed(&path))?;
    }
    Ok(())
}

fn lead_beside(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "$ref" => *text = text.replacen(FOREIGN, OURS, 1),
                    value => lead_beside(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(lead_beside),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_to_the_file_beside_wherever_they_stand() {
        let mut schema = serde_json::json!({"a": [{"$ref": "/api/_definitions.json#/x"}], "$ref": "#/y"});
        lead_beside(&mut schema);
        assert_eq!(schema, serde_json::json!({"a": [{"$ref": "_definitions.json#/x"}], "$ref": "#/y"}));
    }
}
