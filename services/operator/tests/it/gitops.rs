//! How Argo CD sees a migration: its script is run, for each state that matters.

use std::process::Command;

use serde_json::{Value, json};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../k8s/gitops/argocd/health.lua");

/// The object as Lua writes it.
fn lua(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Array(items) => format!("{{{}}}", items.iter().map(lua).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let fields = map.iter().map(|(key, value)| format!("{key} = {}", lua(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

fn health(object: &Value) -> String {
    let program = format!(
        "obj = {}; local health = dofile({SCRIPT:?}); io.write(health.status .. ' ' .. health.message)",
        lua(object)
    );
    let output = Command::new("lua").args(["-e", &program]).output().expect("lua");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stands(reason: &str, ready: bool, stalled: bool, drift: bool) -> Value {
    let word = |is: bool| if is { "True" } else { "False" };
    json!({
        "metadata": { "generation": 2 },
        "status": { "observedGeneration": 2, "conditions": [
            { "type": "Ready", "status": word(ready), "reason": reason, "message": "so it is" },
            { "type": "Stalled", "status": word(stalled), "reason": reason, "message": "so it is" },
            { "type": "DriftDetected", "status": word(drift), "reason": "DriftDetected", "message": "by hand" },
        ] },
    })
}

#[test]
#[ignore = "needs lua"]
fn argo_cd_sees_what_the_conditions_say() {
    let unseen = json!({ "metadata": { "generation": 1 }, "status": { "observedGeneration": -1 } });
    assert_eq!(health(&unseen), "Progressing no controller has seen it yet");
    let mut older = stands("Applied", true, false, false);
    older["metadata"]["generation"] = json!(3);
    assert!(health(&older).starts_with("Progressing the controller has not seen"), "an old success is none");
    assert_eq!(health(&stands("Applied", true, false, false)), "Healthy Applied: so it is");
    assert_eq!(health(&stands("Applying", false, false, false)), "Progressing Applying: so it is");
    assert_eq!(
        health(&stands("AwaitingApproval", false, false, false)),
        "Suspended AwaitingApproval: so it is"
    );
    assert_eq!(
        health(&stands("ChecksumMismatch", false, true, false)),
        "Degraded ChecksumMismatch: so it is"
    );
    assert_eq!(health(&stands("Applied", true, false, true)), "Degraded DriftDetected: by hand");
}
