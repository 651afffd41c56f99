//! Which failure ends with which exit code: the one place that knows both.

use std::error::Error;
use std::fmt::Write as _;
use std::io;

use operator::controller::ClusterError;
use operator::kubectl::KubectlError;
use operator::lease::Lost;
use service_kit::config::ConfigError;
use service_kit::exit::Exit;
use service_kit::http::BindError;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

use crate::config::AddressError;
use crate::log::LogError;
use crate::migrate::after_restore::AfterRestoreError;
use crate::migrate::apply::ApplyError;
use crate::migrate::files::FilesError;
use crate::migrate::grants::GrantsError;
use crate::migrate::lock::LockError;
use crate::migrate::roles::RolesError;
use crate::migrate::status::{StatusError, WaitError};
use crate::migrate::verify::VerifyError;
use crate::migrate::{
    AdoptError, BackfillError, ChangeError, ContractError, DownError, EraseError, Finding, PlanError,
};

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the configuration cannot be used")]
    Configuration(#[source] ConfigError),
    #[error("the log cannot be started")]
    Log(#[source] LogError),
    #[error("the database's address cannot be used")]
    Address(#[source] AddressError),
    #[error("this binary was built with migrations that it does not understand")]
    Files(#[source] FilesError),
    #[error("the roles cannot be used")]
    Roles(#[source] RolesError),
    #[error("the roles have no names: give --owner, --writer and --reader, or set database.roles")]
    RolesUnnamed,
    #[error("no plan could be made")]
    Plan(#[source] PlanError),
    #[error("up failed")]
    Up(#[source] ChangeError),
    #[error("the contracts did not run")]
    Contracts(#[source] ContractError),
    #[error("the backfill did not finish")]
    Backfill(#[source] BackfillError),
    #[error("down failed")]
    Down(#[source] DownError),
    #[error("the old database's address cannot be used")]
    From(#[source] AddressError),
    #[error("the file of --from-file cannot be read")]
    FromFile(#[source] io::Error),
    #[error(
        "--from would send the password to another machine unprotected: use sslmode=verify-full, or say --allow-plaintext"
    )]
    FromUnprotected,
    #[error("the file of --csv cannot be written")]
    Rows(#[source] io::Error),
    #[error("the adoption did not come to its end")]
    Adopt(#[source] AdoptError),
    #[error("the erasure was not made")]
    Erase(#[source] EraseError),
    #[error("the bundle could not be written")]
    Bundle(#[source] io::Error),
    #[error("status failed")]
    Status(#[source] StatusError),
    #[error("after-restore failed")]
    AfterRestore(#[source] AfterRestoreError),
    #[error("verify failed")]
    Verify(#[source] VerifyError),
    #[error("the schema is not what this release needs")]
    Wait(#[source] WaitError),
    #[error("the report could not be written")]
    Report(#[source] io::Error),
    #[error("the cluster cannot be reached")]
    Cluster(#[source] ClusterError),
    #[error("the definition could not be written")]
    Definition(#[source] operator::crd::DefinitionError),
    #[error("the controller's port cannot be served")]
    Ops(#[source] BindError),
    #[error("the controller ends")]
    Controller(#[source] Lost),
    #[error("kubectl atelier")]
    Kubectl(#[source] KubectlError),
    #[error("the answer could not be written")]
    Output(#[source] io::Error),
    #[error("stopped before it was done")]
    Stopped,
}

impl Failure {
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Configuration(_)
            | Self::Log(_)
            | Self::Address(_)
            | Self::Roles(_)
            | Self::RolesUnnamed
            | Self::From(_)
            | Self::FromFile(_)
            | Self::FromUnprotected => Exit::Configuration,
            Self::Stopped => Exit::Temporary,
            Self::Files(_)
            | Self::Output(_)
            | Self::Bundle(_)
            | Self::Rows(_)
            | Self::Report(_)
            | Self::Definition(_)
            | Self::Ops(_)
            | Self::Controller(_)
            | Self::Kubectl(_) => Exit::Failure,
            Self::AfterRestore(AfterRestoreError::Move(error) | AfterRestoreError::Read(error))
            | Self::Status(StatusError::Read(error))
            | Self::Verify(VerifyError::Read { source: error, .. }) => exit_of_statement(error),
            Self::Plan(error) => exit_of_plan(error),
            Self::Up(error) => exit_of_change(error),
            Self::Contracts(error) => exit_of_contracts(error),
            Self::Backfill(error) => exit_of_backfill(error),
            Self::Down(error) => exit_of_down(error),
            Self::Adopt(error) => exit_of_adoption(error),
            Self::Erase(error) => exit_of_erasure(error),
            Self::Wait(WaitError::NewerSchema { .. }) => Exit::NewerSchema,
            Self::AfterRestore(_) | Self::Cluster(_) | Self::Status(_) | Self::Verify(_) | Self::Wait(_) => {
                Exit::Temporary
            }
        }
    }
}

fn exit_of_change(error: &ChangeError) -> Exit {
    match error {
        ChangeError::NewerSchema { .. } => Exit::NewerSchema,
        ChangeError::Checksum { .. } => Exit::Checksum,
        ChangeError::Lock(LockError::Pooler { .. } | LockError::Pooled) => Exit::Configuration,
        ChangeError::NotApproved { .. } => Exit::NotApproved,
        ChangeError::Connect(_)
        | ChangeError::Stopped
        | ChangeError::Lock(_)
        | ChangeError::Apply(ApplyError::LockTimeout { .. }) => Exit::Temporary,
        ChangeError::Roles(error) | ChangeError::Grants(error) => match error {
            GrantsError::RoleMissing { .. }
            | GrantsError::NotOwner { .. }
            | GrantsError::ForeignSchema { .. } => Exit::Configuration,
            GrantsError::Query(source) => exit_of_statement(source),
        },
        ChangeError::Apply(ApplyError::Failed { source, .. }) | ChangeError::Bookkeeping { source, .. } => {
            exit_of_statement(source)
        }
    }
}

fn exit_of_plan(error: &PlanError) -> Exit {
    match error {
        PlanError::Connect(_) => Exit::Temporary,
        PlanError::Refused(error) => exit_of_change(error),
        PlanError::Read(error) => exit_of_statement(error),
    }
}

fn exit_of_contracts(error: &ContractError) -> Exit {
    match error {
        ContractError::Change(error) => exit_of_change(error),
        ContractError::Backfill(error) => exit_of_backfill(error),
        ContractError::NotYet { .. }
        | ContractError::NotApproved { .. }
        | ContractError::OldApplications { .. } => Exit::NotApproved,
        ContractError::OldApplicationCame { .. } => Exit::Temporary,
    }
}

fn exit_of_backfill(error: &BackfillError) -> Exit {
    match error {
        BackfillError::Change(error) => exit_of_change(error),
        BackfillError::Unknown { .. } => Exit::Configuration,
        BackfillError::Checksum { .. } => Exit::Checksum,
        BackfillError::Busy { .. } => Exit::Temporary,
        BackfillError::ExpandsPending { .. } => Exit::Failure,
        BackfillError::Failed { source, .. } => exit_of_statement(source),
    }
}

fn exit_of_adoption(error: &AdoptError) -> Exit {
    match error {
        AdoptError::Change(error) => exit_of_change(error),
        AdoptError::OldConnect(_) | AdoptError::Alone => Exit::Temporary,
        AdoptError::OldRead(error) | AdoptError::New(error) => exit_of_statement(error),
        AdoptError::Pooled
        | AdoptError::Shape { .. }
        | AdoptError::TimeZone { .. }
        | AdoptError::AnotherSource { .. }
        | AdoptError::OtherChoices { .. } => Exit::Configuration,
        AdoptError::SchemaBehind | AdoptError::Report(_) | AdoptError::Different { .. } => Exit::Failure,
    }
}

fn exit_of_erasure(error: &EraseError) -> Exit {
    match error {
        EraseError::Change(error) => exit_of_change(error),
        EraseError::Busy(_) => Exit::Temporary,
        EraseError::Failed(error) => exit_of_statement(error),
        EraseError::SchemaBehind => Exit::Failure,
    }
}

fn exit_of_down(error: &DownError) -> Exit {
    match error {
        DownError::Change(error) => exit_of_change(error),
        DownError::Plan(error) => exit_of_plan(error),
        DownError::Contract { .. } => Exit::NewerSchema,
        DownError::NoDownFile { .. } | DownError::Unusable { .. } => Exit::Failure,
        DownError::NotApproved { .. } | DownError::NewApplications { .. } => Exit::NotApproved,
    }
}

/// A connection that broke is worth another try; a statement that was refused is not, and one that our login may not run is for
/// whoever configured the login.
fn exit_of_statement(error: &sqlx::Error) -> Exit {
    let code = match error {
        sqlx::Error::Io(_) => return Exit::Temporary,
        sqlx::Error::Database(error) => error.code().unwrap_or_default(),
        _ => return Exit::Failure,
    };
    match &*code {
        // Nobody gave way in time, or the server is going, or it is a standby that is not yet, or no more, the one to write to.
        "55P03" | "25006" => Exit::Temporary,
        code if code.starts_with("08") || code.starts_with("57P0") => Exit::Temporary,
        "42501" => Exit::Configuration,
        _ => Exit::Failure,
    }
}

/// A changed file outranks what else was found: nothing may be migrated until it is restored.
pub(super) fn exit_of_findings(findings: &[Finding]) -> Exit {
    if findings.iter().any(|finding| matches!(finding, Finding::Checksum { .. })) {
        Exit::Checksum
    } else if findings.is_empty() {
        Exit::Success
    } else {
        Exit::Failure
    }
}

/// An error and its causes, one a line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = format!("error: {error}");
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(sqlx::Error::Database(refusal)) = error.downcast_ref::<sqlx::Error>() {
            text.push_str("\n  because: ");
            text.push_str(&said(refusal.as_ref()));
            return text;
        }
        // Some libraries repeat their source in their own text.
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text.push_str("\n  because: ");
            text.push_str(&cause);
        }
        source = error.source();
    }
    text
}

/// What the server said: once, and without the line of its own source that the driver tells.
fn said(refusal: &dyn DatabaseError) -> String {
    let mut text = refusal.message().to_owned();
    if let Some(code) = refusal.code() {
        let _ = write!(text, " (SQLSTATE {code})");
    }
    if let Some(refusal) = refusal.try_downcast_ref::<PgDatabaseError>() {
        for (what, more) in [("detail", refusal.detail()), ("hint", refusal.hint())] {
            if let Some(more) = more {
                let _ = write!(text, "\n  {what}: {more}");
            }
        }
    }
    text
}
