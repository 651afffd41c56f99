//! The kind `SchemaMigration`, `migrations.atelier.dev/v1alpha1`: what is wanted, and the rules that the API server itself keeps.

#![expect(clippy::duplicated_attributes, reason = "columns of one type")]
#![expect(unreachable_pub, reason = "the derive of the rules writes the types once more, inside a function")]

mod definition;
mod status;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Affinity, ResourceRequirements, Toleration};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use definition::{DefinitionError, definition, definition_template};
pub use status::{Entry, Kind, Reason, SchemaMigrationStatus};

/// The label that a Secret must carry before a migration may name it.
pub const CREDENTIALS_LABEL: &str = "atelier.dev/database-credentials";
/// The annotation by which a Secret's owner says to which hosts its login may be sent, joined by commas; to any without it.
pub const HOSTS_ANNOTATION: &str = "atelier.dev/database-hosts";

/// What is wanted: an image of the migrator, at work on a database.
#[derive(Clone, Debug, PartialEq, CustomResource, KubeSchema, Serialize, Deserialize)]
#[kube(
    group = "migrations.atelier.dev",
    version = "v1alpha1",
    kind = "SchemaMigration",
    namespaced,
    status = "SchemaMigrationStatus",
    derive = "PartialEq",
    shortname = "schemig",
    category = "atelier",
    doc = "A database's schema, brought to the version of an image of the migrator.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason"
    ),
    printcolumn(name = "Schema", type_ = "integer", json_path = ".status.currentVersion"),
    printcolumn(name = "Target", type_ = "integer", json_path = ".status.targetVersion"),
    printcolumn(
        name = "Drift",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='DriftDetected')].status"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(oldSelf.target) || (has(self.target) && self.target >= oldSelf.target)").message("target may never be lowered or taken away: a schema does not go back"))]
pub struct SchemaMigrationSpec {
    /// The migrator's image. The controller takes only images below the prefixes that it was given.
    #[schemars(length(min = 1, max = 512))]
    pub image: String,
    /// When the image is fetched.
    #[serde(default)]
    pub image_pull_policy: PullPolicy,
    /// Names of Secrets with the registry's login.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<String>,
    /// Which database, and who works on it.
    pub database: Database,
    /// The schema that must be reached at least. Without it, what the image brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub target: Option<i64>,
    /// How far it goes: `Expand` only adds, `Contract` also takes away, once that was approved.
    #[serde(default)]
    pub phase: Phase,
    /// Whether files that only add run by themselves. What takes away never does.
    #[serde(default)]
    pub approval: Approval,
    /// The hash of the plan that may be carried out. Whoever sets it needs the verb `approve`, where the policy is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-f]{32}$"), length(max = 32))]
    pub approved_plan_hash: Option<String>,
    /// Raise it to run again although nothing else changed.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub retry: i32,
    /// How often a Job is tried again after lock or connection trouble.
    #[serde(default = "six")]
    #[schemars(range(min = 0))]
    pub backoff_limit: i32,
    /// How long a Job may take in all. Seconds.
    #[serde(default = "ten_minutes")]
    #[schemars(range(min = 1))]
    pub active_deadline_seconds: i64,
    /// How long the migrator waits for the server, for another migrator and for busy tables. Seconds.
    #[serde(default = "one_minute")]
    #[schemars(range(min = 1, max = 86400))]
    pub patience_seconds: i64,
    /// What the Job logs: error, warn, info, debug, trace, or directives.
    #[serde(default = "info")]
    #[schemars(length(max = 1024))]
    pub log_level: String,
    /// What else the Job's pod has.
    #[serde(default)]
    pub job_template: JobTemplate,
}

/// Which database, and who works on it.
#[derive(Clone, Debug, PartialEq, KubeSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.host == oldSelf.host && self.port == oldSelf.port && self.name == oldSelf.name").message("host, port and name of the database may not change: delete this object and make one for the other database"))]
#[x_kube(validation = Rule::new("!has(self.ca) || has(self.ca.secret) != has(self.ca.configMap)").message("ca names either a secret or a configMap"))]
pub struct Database {
    /// The server's name or address, not a pooler's.
    #[schemars(length(min = 1, max = 253))]
    pub host: String,
    /// Its port.
    #[serde(default = "postgres_port")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// The database's name.
    #[serde(default = "atelier")]
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// How the connection is protected.
    #[serde(default = "verify_full")]
    #[schemars(regex(pattern = "^(verify-full|verify-ca|require|prefer|allow|disable)$"))]
    pub sslmode: String,
    /// Lets the connection be unencrypted or unverified.
    #[serde(default)]
    pub allow_plaintext: bool,
    /// The login that owns the schema. The Secret must carry the label `atelier.dev/database-credentials: "true"`.
    pub credentials: Credentials,
    /// The authority that signed the server's certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Authority>,
    /// The three logins of the split tier, for the grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Roles>,
}

/// A Secret with a login.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// The Secret, of the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub secret: String,
    /// Its key with the name of the login.
    #[serde(default = "username")]
    pub username_key: String,
    /// Its key with the password.
    #[serde(default = "password")]
    pub password_key: String,
}

/// Where an authority's certificate is.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authority {
    /// A Secret of the same namespace, which must carry the same label as the login's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub secret: Option<String>,
    /// A `ConfigMap` of the same namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub config_map: Option<String>,
    /// The key in it.
    #[serde(default = "ca_crt")]
    pub key: String,
}

/// The three logins of the split tier.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Roles {
    /// Owns the schema.
    pub owner: String,
    /// The login of order-status.
    pub writer: String,
    /// The login of orders.
    pub reader: String,
}

/// When an image is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words are Kubernetes' own")]
pub enum PullPolicy {
    #[default]
    IfNotPresent,
    Always,
    Never,
}

/// How far a migration goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub enum Phase {
    /// Only what adds.
    Expand,
    /// Also what takes away, once it was approved.
    #[default]
    Contract,
}

/// Whether files that only add run by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub enum Approval {
    /// They do.
    #[default]
    Automatic,
    /// They wait for the hash of their plan.
    Manual,
}

/// What the Job's pod has beside what every one has: nothing here can give it rights.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobTemplate {
    /// Labels of the pod.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations of the pod.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// What the container asks for and may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// Labels of nodes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints that do not matter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Which nodes are preferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
}

fn six() -> i32 {
    6
}
fn ten_minutes() -> i64 {
    600
}
fn one_minute() -> i64 {
    60
}
fn info() -> String {
    "info".to_owned()
}
fn postgres_port() -> i32 {
    5432
}
fn atelier() -> String {
    "atelier".to_owned()
}
fn verify_full() -> String {
    "verify-full".to_owned()
}
fn username() -> String {
    "username".to_owned()
}
fn password() -> String {
    "password".to_owned()
}
fn ca_crt() -> String {
    "ca.crt".to_owned()
}
