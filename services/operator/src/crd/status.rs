//! What is the case: written by the controller alone, and never a secret in it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is the case.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaMigrationStatus {
    /// The generation that all of this is about; -1 before the controller saw any.
    #[serde(default = "never")]
    pub observed_generation: i64,
    /// The schema's version: the highest file applied that adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_version: Option<i64>,
    /// The version that the image brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_version: Option<i64>,
    /// The lowest schema that an application must have been built for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_app_schema: Option<i64>,
    /// Files that wait.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<String>,
    /// The hash to approve; absent while there is nothing to approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_hash: Option<String>,
    /// The looks of the schema, hashed, as the last migration left them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// How many pods were started for what is wanted now.
    #[serde(default)]
    pub attempts: i32,
    /// Why the last pod failed, until one succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// The Job that matters now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_name: Option<String>,
    /// The last Jobs that changed the schema or were to, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Entry>,
    /// `Ready`, `Reconciling` and `Stalled` as kstatus has them; `Planned`, `Approved`, `DriftDetected`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

impl Default for SchemaMigrationStatus {
    fn default() -> Self {
        Self {
            observed_generation: never(),
            current_version: None,
            target_version: None,
            min_app_schema: None,
            pending: Vec::new(),
            plan_hash: None,
            fingerprint: None,
            attempts: 0,
            last_error: None,
            job_name: None,
            history: Vec::new(),
            conditions: Vec::new(),
        }
    }
}

fn never() -> i64 {
    -1
}

/// A Job that changed the schema, or was to.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its name.
    pub job: String,
    /// When it ended.
    pub at: Time,
    /// How: the outcome that it reported.
    pub outcome: String,
    /// The schema's version after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<i64>,
    /// The hash under which it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_plan_hash: Option<String>,
}

/// The types of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The schema is as far as it may go by itself, and services of the image can work.
    Ready,
    /// Something is being done, or waits to be tried again.
    Reconciling,
    /// Nothing will change until somebody does something.
    Stalled,
    /// What would be done is known.
    Planned,
    /// Whatever waits may run.
    Approved,
    /// The database is not what the migrations made of it.
    DriftDetected,
}

impl Kind {
    /// As conditions have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::Planned => "Planned",
            Self::Approved => "Approved",
            Self::DriftDetected => "DriftDetected",
        }
    }
}

/// Why a condition is as it is: a closed set, each of which `docs/operator.md` explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "docs/operator.md says of each what it means and what to do")]
pub enum Reason {
    Planning,
    PlanReady,
    AwaitingApproval,
    Approved,
    NotNeeded,
    Applying,
    LockHeld,
    RetryingAfterLockTimeout,
    DatabaseUnreachable,
    Applied,
    ContractPending,
    OldApplicationsConnected,
    ChecksumMismatch,
    UnknownNewerSchema,
    DriftDetected,
    AsMigrated,
    NotVerified,
    ImageNotAllowed,
    SecretNotAllowed,
    Failed,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Planning,
        Self::PlanReady,
        Self::AwaitingApproval,
        Self::Approved,
        Self::NotNeeded,
        Self::Applying,
        Self::LockHeld,
        Self::RetryingAfterLockTimeout,
        Self::DatabaseUnreachable,
        Self::Applied,
        Self::ContractPending,
        Self::OldApplicationsConnected,
        Self::ChecksumMismatch,
        Self::UnknownNewerSchema,
        Self::DriftDetected,
        Self::AsMigrated,
        Self::NotVerified,
        Self::ImageNotAllowed,
        Self::SecretNotAllowed,
        Self::Failed,
    ];

    /// As conditions have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Planning => "Planning",
            Self::PlanReady => "PlanReady",
            Self::AwaitingApproval => "AwaitingApproval",
            Self::Approved => "Approved",
            Self::NotNeeded => "NotNeeded",
            Self::Applying => "Applying",
            Self::LockHeld => "LockHeld",
            Self::RetryingAfterLockTimeout => "RetryingAfterLockTimeout",
            Self::DatabaseUnreachable => "DatabaseUnreachable",
            Self::Applied => "Applied",
            Self::ContractPending => "ContractPending",
            Self::OldApplicationsConnected => "OldApplicationsConnected",
            Self::ChecksumMismatch => "ChecksumMismatch",
            Self::UnknownNewerSchema => "UnknownNewerSchema",
            Self::DriftDetected => "DriftDetected",
            Self::AsMigrated => "AsMigrated",
            Self::NotVerified => "NotVerified",
            Self::ImageNotAllowed => "ImageNotAllowed",
            Self::SecretNotAllowed => "SecretNotAllowed",
            Self::Failed => "Failed",
        }
    }
}
