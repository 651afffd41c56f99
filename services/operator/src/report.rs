//! What a Job of the migrator found out, as its pod's termination message: JSON of 4096 bytes at most, which is all that
//! Kubernetes keeps. The migrator writes it, the controller reads it; both have it from here.

use serde::{Deserialize, Serialize};

/// What Kubernetes keeps of a termination message.
pub const BYTES_MAX: usize = 4096;
/// A report that is too long keeps so much of its message and so many files of each list.
const MESSAGE_CHARS_MAX: usize = 600;
const FILES_MAX: usize = 5;

/// How one run ended, and where it left the schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// The same in words, with its causes; empty where there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// How many findings `verify` had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<usize>,
    /// Where the schema stands; absent if that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// All was done.
    Done,
    /// `verify` found something.
    FindingsFound,
    /// Another migrator holds the lock.
    LockHeld,
    /// A table was busy.
    LockTimeout,
    /// There was no connection, or it broke.
    DatabaseUnreachable,
    /// An applied file was changed.
    ChecksumMismatch,
    /// The database is of a later release.
    UnknownNewerSchema,
    /// Applications are connected that would break.
    OldApplicationsConnected,
    /// The plan is not the one that was approved.
    NotApproved,
    /// Something has to run before the contracts.
    NotYet,
    /// Configuration, arguments or roles are wrong.
    Configuration,
    /// It was asked to stop.
    Stopped,
    /// Anything else.
    Failed,
}

impl Outcome {
    /// As status and history have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "Done",
            Self::FindingsFound => "FindingsFound",
            Self::LockHeld => "LockHeld",
            Self::LockTimeout => "LockTimeout",
            Self::DatabaseUnreachable => "DatabaseUnreachable",
            Self::ChecksumMismatch => "ChecksumMismatch",
            Self::UnknownNewerSchema => "UnknownNewerSchema",
            Self::OldApplicationsConnected => "OldApplicationsConnected",
            Self::NotApproved => "NotApproved",
            Self::NotYet => "NotYet",
            Self::Configuration => "Configuration",
            Self::Stopped => "Stopped",
            Self::Failed => "Failed",
        }
    }
}

/// Where the schema stands, held against the files of the image that looked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct State {
    /// Highest applied expand.
    pub schema_version: i64,
    /// Highest expand of the image.
    pub needed_version: i64,
    /// The lowest schema that an application must have been built for.
    pub min_app_schema: i64,
    /// Expands that have not run.
    pub expands: Vec<String>,
    /// Contracts that have not run.
    pub contracts: Vec<String>,
    /// Backfills that are not finished.
    pub backfills: Vec<String>,
    /// What has to run before the contracts.
    pub waits_for: Option<String>,
    /// The hash of what `up` would do.
    pub up_hash: Option<String>,
    /// The hash of what the contracts would do; absent while it cannot be approved.
    pub plan_hash: Option<String>,
    /// The looks of the schema as the last migration left them.
    pub fingerprint: Option<String>,
    /// Whether they are others now; absent where that cannot be told.
    pub is_drifted: Option<bool>,
}

impl Report {
    /// As a termination message. What is too long is cut, with a word that it was.
    pub fn to_message(&self) -> Result<String, serde_json::Error> {
        let whole = serde_json::to_string(self)?;
        if whole.len() <= BYTES_MAX {
            return Ok(whole);
        }
        let mut short = self.clone();
        short.message = cut(&self.message, MESSAGE_CHARS_MAX);
        if let Some(state) = &mut short.state {
            for files in [&mut state.expands, &mut state.contracts, &mut state.backfills] {
                shorten(files);
            }
        }
        serde_json::to_string(&short)
    }

    /// What a pod left. A message that is no report comes from a program that did not get so far; its exit code has to do.
    pub fn of_pod(exit_code: i32, message: &str) -> Self {
        serde_json::from_str(message).unwrap_or_else(|_| Self {
            outcome: match exit_code {
                0 => Outcome::Done,
                64 => Outcome::Configuration,
                65 => Outcome::ChecksumMismatch,
                66 => Outcome::NotApproved,
                67 => Outcome::UnknownNewerSchema,
                75 => Outcome::DatabaseUnreachable,
                _ => Outcome::Failed,
            },
            message: cut(message.trim(), MESSAGE_CHARS_MAX),
            findings: None,
            state: None,
        })
    }
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn shorten(files: &mut Vec<String>) {
    let more = files.len().saturating_sub(FILES_MAX);
    files.truncate(FILES_MAX);
    for file in files.iter_mut() {
        *file = cut(file, 60);
    }
    if more > 0 {
        files.push(format!("and {more} more"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_that_is_too_long_is_cut_and_can_still_be_read() {
        let file = |number: usize| format!("{number:04}_{}.contract.sql", "long".repeat(30));
        let state = State {
            contracts: (0..200).map(file).collect(),
            expands: (0..200).map(file).collect(),
            backfills: (0..200).map(file).collect(),
            plan_hash: Some("0123456789abcdef0123456789abcdef".to_owned()),
            ..State::default()
        };
        let message = "ü".repeat(5000);
        let report = Report { outcome: Outcome::LockHeld, message, findings: None, state: Some(state) };
        let text = report.to_message().expect("JSON");
        assert!(text.len() <= BYTES_MAX, "{}", text.len());
        let read = Report::of_pod(75, &text);
        let contracts = read.state.expect("a state").contracts;
        assert_eq!(
            (read.outcome, contracts.last().map(String::as_str)),
            (Outcome::LockHeld, Some("and 195 more"))
        );
    }

    #[test]
    fn words_that_are_no_report_are_kept_with_the_meaning_of_the_exit_code() {
        let report = Report::of_pod(65, "error: up failed\n");
        assert_eq!(
            (report.outcome, report.message.as_str()),
            (Outcome::ChecksumMismatch, "error: up failed")
        );
    }
}
