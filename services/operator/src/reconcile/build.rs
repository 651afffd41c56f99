//! The Job of a step: the same that the chart renders in mode `job`, with an owner. Pure; a test holds the two together.

use k8s_openapi::api::batch::v1::Job;
use kube::Resource;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::seen::Word;
use crate::crd::{Database, SchemaMigration, SchemaMigrationSpec};

/// What the Job does.
pub const LABEL_WORD: &str = "atelier.dev/word";
/// The hash of what it was made from.
pub const LABEL_INPUTS: &str = "atelier.dev/inputs";
/// The how-many-eth of its kind.
pub const LABEL_ATTEMPT: &str = "atelier.dev/attempt";
/// Which migration it belongs to.
pub const LABEL_MIGRATION: &str = "atelier.dev/migration";
/// The hash that was approved when it was made.
pub const ANNOTATION_APPROVED: &str = "atelier.dev/approved-plan-hash";

/// Where the migrator leaves its report: the file that the kubelet reads when the container has ended.
const REPORT: &str = "/dev/termination-log";
/// The group of the image's user, which has no line in any /etc/passwd.
const GROUP: i64 = 65532;
/// So much of a hash tells Jobs apart.
const HASH_BYTES: usize = 5;
/// A Job's name becomes a label's value, 63 characters at most; the word, the hash and the attempt come behind it.
const NAME_CHARS_MAX: usize = 36;

/// A Job that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What it does.
    pub word: Word,
    /// The hash that was approved.
    pub approved: Option<String>,
    /// The how-many-eth of its kind.
    pub attempt: u32,
}

/// A Job cannot be built: what is in its template is no part of a Job.
#[derive(Debug, thiserror::Error)]
#[error("the Job's template cannot be used")]
pub struct BuildError(#[source] serde_json::Error);

/// What tells one wish from the next: the spec of the Job that would apply it. A Job of other inputs is out of date.
pub fn inputs(spec: &SchemaMigrationSpec) -> String {
    hash(&job_spec(spec, &Order { word: Word::Up, approved: None, attempt: 0 }))
}

/// The Job of `order`.
pub fn build(migration: &SchemaMigration, order: &Order) -> Result<Job, BuildError> {
    let spec = job_spec(&migration.spec, order);
    let of = migration.metadata.name.as_deref().unwrap_or_default();
    let again = if order.attempt > 0 { format!("-{}", order.attempt) } else { String::new() };
    let name = format!("{}-{}-{}{again}", shortened(of), order.word.name(), hash(&spec));
    let mut annotations = Map::new();
    if let Some(approved) = &order.approved {
        annotations.insert(ANNOTATION_APPROVED.to_owned(), json!(approved));
    }
    let job = json!({
        "metadata": {
            "name": name,
            "namespace": migration.metadata.namespace,
            "labels": {
                "app.kubernetes.io/managed-by": "atelier-operator",
                "app.kubernetes.io/part-of": "atelier",
                LABEL_MIGRATION: shortened(of),
                LABEL_WORD: order.word.name(),
                LABEL_INPUTS: inputs(&migration.spec),
                LABEL_ATTEMPT: order.attempt.to_string(),
            },
            "annotations": annotations,
            "ownerReferences": migration.controller_owner_ref(&()).into_iter().collect::<Vec<_>>(),
        },
        "spec": spec,
    });
    serde_json::from_value(job).map_err(BuildError)
}

/// The start of a name, for what has to fit behind it.
pub fn shortened(name: &str) -> &str {
    let end = name.char_indices().nth(NAME_CHARS_MAX).map_or(name.len(), |(at, _)| at);
    name[..end].trim_end_matches(['-', '.'])
}

fn hash(spec: &Value) -> String {
    let digest = Sha256::digest(spec.to_string());
    let start = digest.iter().take(HASH_BYTES).fold(0_u64, |start, byte| start << 8 | u64::from(*byte));
    format!("{start:0width$x}", width = 2 * HASH_BYTES)
}

fn job_spec(spec: &SchemaMigrationSpec, order: &Order) -> Value {
    // A finding is there at the next try too, and a plan that fails is made again by whoever wants it.
    let backoff_limit = if order.word == Word::Verify { 0 } else { spec.backoff_limit };
    json!({
        "activeDeadlineSeconds": spec.active_deadline_seconds,
        "backoffLimit": backoff_limit,
        "podFailurePolicy": { "rules": [
            { "action": "Ignore", "onPodConditions": [{ "type": "DisruptionTarget", "status": "True" }] },
            { "action": "FailJob", "onExitCodes": { "containerName": "migrator", "operator": "In", "values": [64, 65, 66, 67] } },
            { "action": "Count", "onExitCodes": { "containerName": "migrator", "operator": "In", "values": [1, 75] } },
        ] },
        "template": {
            "metadata": {
                "labels": spec.job_template.labels,
                "annotations": annotations(spec),
            },
            "spec": pod_spec(spec, order),
        },
    })
}

fn annotations(spec: &SchemaMigrationSpec) -> Value {
    let mut annotations = spec.job_template.annotations.clone();
    annotations.insert("atelier.dev/retry".to_owned(), spec.retry.to_string());
    json!(annotations)
}

fn pod_spec(spec: &SchemaMigrationSpec, order: &Order) -> Value {
    let template = &spec.job_template;
    let mut pod = json!({
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
        "restartPolicy": "Never",
        "containers": [{
            "name": "migrator",
            "image": spec.image,
            "imagePullPolicy": spec.image_pull_policy,
            "args": args(order),
            "env": environment(spec),
            "securityContext": {
                "runAsGroup": GROUP,
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": { "drop": ["ALL"] },
            },
            "resources": template.resources,
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": mounts(&spec.database),
        }],
        "volumes": volumes(&spec.database),
    });
    let optional = [
        (!spec.image_pull_secrets.is_empty(), "imagePullSecrets", names(&spec.image_pull_secrets)),
        (!template.node_selector.is_empty(), "nodeSelector", json!(template.node_selector)),
        (!template.tolerations.is_empty(), "tolerations", json!(template.tolerations)),
        (template.affinity.is_some(), "affinity", json!(template.affinity)),
    ];
    for (_, key, value) in optional.into_iter().filter(|(is_there, ..)| *is_there) {
        pod[key] = value;
    }
    pod
}

fn names(secrets: &[String]) -> Value {
    secrets.iter().map(|name| json!({ "name": name })).collect()
}

fn args(order: &Order) -> Vec<&str> {
    let mut args = match order.word {
        Word::Plan => vec!["plan", "--output", "json"],
        Word::Up => vec!["up"],
        Word::Contracts => vec!["up", "--contracts"],
        Word::Verify => vec!["verify", "--output", "json"],
    };
    if let (true, Some(approved)) = (order.word.changes(), &order.approved) {
        args.extend(["--approved-plan-hash", approved]);
    }
    args.extend(["--report", REPORT]);
    args
}

/// As the migrator reads it; sorted by what it is about, as the chart has it.
fn environment(spec: &SchemaMigrationSpec) -> Vec<Value> {
    let database = &spec.database;
    let mut all: Vec<(&str, String)> = Vec::new();
    if database.allow_plaintext {
        all.push(("DATABASE__ALLOW_PLAINTEXT", "true".to_owned()));
    }
    if database.ca.is_some() {
        all.push(("DATABASE__CA_FILE", "/etc/atelier/database-ca/ca.crt".to_owned()));
    }
    all.push(("DATABASE__HOST", database.host.clone()));
    all.push(("DATABASE__NAME", database.name.clone()));
    all.push(("DATABASE__PASSWORD_FILE", "/etc/atelier/database/password".to_owned()));
    all.push(("DATABASE__PORT", database.port.to_string()));
    all.push(("DATABASE__SSLMODE", database.sslmode.clone()));
    all.push(("DATABASE__USER_FILE", "/etc/atelier/database/username".to_owned()));
    if let Some(roles) = &database.roles {
        all.push(("DATABASE__ROLES__OWNER", roles.owner.clone()));
        all.push(("DATABASE__ROLES__READER", roles.reader.clone()));
        all.push(("DATABASE__ROLES__WRITER", roles.writer.clone()));
    }
    all.push(("LOG__FORMAT", "json".to_owned()));
    all.push(("LOG__LEVEL", spec.log_level.clone()));
    all.push(("MIGRATIONS__DEADLINE_MS", (spec.patience_seconds * 1000).to_string()));
    all.push(("MIGRATIONS__IMAGE", spec.image.clone()));
    all.into_iter()
        .map(|(name, value)| json!({ "name": format!("ATELIER_{name}"), "value": value }))
        .collect()
}

fn mounts(database: &Database) -> Vec<Value> {
    let mut mounts =
        vec![json!({ "name": "database", "mountPath": "/etc/atelier/database", "readOnly": true })];
    if database.ca.is_some() {
        mounts.push(
            json!({ "name": "database-ca", "mountPath": "/etc/atelier/database-ca", "readOnly": true }),
        );
    }
    mounts
}

fn volumes(database: &Database) -> Vec<Value> {
    let login = &database.credentials;
    let mut volumes = vec![json!({ "name": "database", "secret": {
        "secretName": login.secret,
        "items": [
            { "key": login.username_key, "path": "username" },
            { "key": login.password_key, "path": "password" },
        ],
    } })];
    if let Some(ca) = &database.ca {
        let items = json!([{ "key": ca.key, "path": "ca.crt" }]);
        volumes.push(match (&ca.secret, &ca.config_map) {
            (Some(secret), _) => {
                json!({ "name": "database-ca", "secret": { "secretName": secret, "items": items } })
            }
            (None, name) => json!({ "name": "database-ca", "configMap": { "name": name, "items": items } }),
        });
    }
    volumes
}
