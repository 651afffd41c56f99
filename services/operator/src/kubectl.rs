//! `kubectl atelier`: what a person asks of a `SchemaMigration`, and the one thing that only a person may do, approving a plan.
//! It works with the rights of whoever types it, and changes nothing but what it says.

mod bundle;
mod doctor;
mod plan;
mod status;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use kube::api::{Api, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::json;

use crate::controller::ClusterError;
use crate::crd::SchemaMigration;
use crate::reconcile::Clock;

const EXAMPLES: &str = "\
Examples:
  kubectl atelier status                     # how all migrations stand
  kubectl atelier plan atelier               # what it would do, with its hash
  kubectl atelier approve atelier HASH
  kubectl atelier doctor                     # what does the operator lack?";

/// What is asked, and where.
#[derive(Debug, Clone, Args)]
#[command(override_usage = "kubectl atelier [OPTIONS] <COMMAND>", after_help = EXAMPLES)]
pub struct KubectlArgs {
    /// The namespace; that of the kubeconfig's context, unless given
    #[arg(long, short, global = true)]
    namespace: Option<String>,
    /// The context of the kubeconfig
    #[arg(long, global = true)]
    context: Option<String>,
    /// The kubeconfig
    #[arg(long, global = true, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    #[command(subcommand)]
    word: Word,
}

#[derive(Debug, Clone, Subcommand)]
enum Word {
    /// Say how a migration stands, and what to do
    Status {
        /// Which; all, unless given
        name: Option<String>,
    },
    /// Show what would be done, what it locks and destroys, by a Job of the migration's image that only looks
    Plan {
        /// Which
        name: String,
    },
    /// Approve a plan by its hash
    Approve {
        /// Which
        name: String,
        /// The hash that `plan` or `status` shows
        hash: String,
    },
    /// Run again although nothing else changed
    Retry {
        /// Which
        name: String,
    },
    /// Say who holds the migration lock, if a Job of this migration waits for it
    Lock {
        /// Which
        name: String,
    },
    /// Look at everything that the operator needs, and say what is missing
    Doctor,
    /// Write all that a bug report needs as one JSON, without secrets
    Bundle {
        /// Which
        name: String,
    },
}

/// Why an answer was not given.
#[derive(Debug, thiserror::Error)]
pub enum KubectlError {
    /// The API server refused, or did not answer.
    #[error("the cluster did not do what was asked")]
    Cluster(#[from] kube::Error),
    /// Standard output.
    #[error("the answer could not be written")]
    Output(#[from] io::Error),
    /// A JSON of ours.
    #[error("the answer cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The hash is of another plan.
    #[error("the plan of {name} is {}, not {given}: look at it with `kubectl atelier plan {name}`, and approve that hash if it is what you want", actual.as_deref().unwrap_or("not known yet, or there is nothing to approve"))]
    OtherPlan {
        /// The migration.
        name: String,
        /// What was given.
        given: String,
        /// What waits.
        actual: Option<String>,
    },
    /// The Job that looks could not be built.
    #[error("the plan cannot be asked for")]
    Build(#[from] crate::reconcile::build::BuildError),
    /// The Job that looks failed.
    #[error("the plan could not be made: {0}")]
    NoPlan(String),
    /// Something is missing that is needed.
    #[error("{0} of the checks failed")]
    Unwell(usize),
}

/// A client of the cluster that the words choose.
pub async fn client(args: &KubectlArgs) -> Result<Client, ClusterError> {
    let options = KubeConfigOptions { context: args.context.clone(), ..KubeConfigOptions::default() };
    let unusable = |source| ClusterError::Kubeconfig(Box::new(source));
    let kubeconfig = match &args.kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let mut config =
        Config::from_custom_kubeconfig(kubeconfig.map_err(unusable)?, &options).await.map_err(unusable)?;
    if let Some(namespace) = &args.namespace {
        config.default_namespace.clone_from(namespace);
    }
    Client::try_from(config).map_err(ClusterError::Client)
}

/// Answers on `out`.
pub async fn run(
    client: Client,
    args: &KubectlArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), KubectlError> {
    let migrations = Api::<SchemaMigration>::default_namespaced(client.clone());
    match &args.word {
        Word::Status { name: None } => status::all(&migrations, out).await,
        Word::Status { name: Some(name) } => status::one(&migrations.get(name).await?, out),
        Word::Plan { name } => Box::pin(plan::show(&client, &migrations.get(name).await?, out)).await,
        Word::Approve { name, hash } => approve(&migrations, name, hash, out).await,
        Word::Retry { name } => retry(&migrations, name, out).await,
        Word::Lock { name } => status::lock(&migrations.get(name).await?, out),
        Word::Doctor => doctor::examine(&client, clock, out).await,
        Word::Bundle { name } => bundle::write(&client, &migrations.get(name).await?, out).await,
    }
}

/// Nothing is approved but what waits now; whether this person may, the API server knows.
async fn approve(
    migrations: &Api<SchemaMigration>,
    name: &str,
    hash: &str,
    out: &mut impl Write,
) -> Result<(), KubectlError> {
    let migration = migrations.get(name).await?;
    let actual = migration.status.as_ref().and_then(|status| status.plan_hash.clone());
    if actual.as_deref() != Some(hash) {
        return Err(KubectlError::OtherPlan { name: name.to_owned(), given: hash.to_owned(), actual });
    }
    change(migrations, name, &json!({ "approvedPlanHash": hash })).await?;
    writeln!(
        out,
        "plan {hash} of {name} is approved; `kubectl atelier status {name}` says what becomes of it"
    )?;
    Ok(())
}

async fn retry(
    migrations: &Api<SchemaMigration>,
    name: &str,
    out: &mut impl Write,
) -> Result<(), KubectlError> {
    let retry = migrations.get(name).await?.spec.retry + 1;
    change(migrations, name, &json!({ "retry": retry })).await?;
    writeln!(out, "{name} runs again (retry {retry})")?;
    Ok(())
}

async fn change(
    migrations: &Api<SchemaMigration>,
    name: &str,
    spec: &serde_json::Value,
) -> Result<SchemaMigration, kube::Error> {
    let params = PatchParams { field_manager: Some("kubectl-atelier".to_owned()), ..PatchParams::default() };
    migrations.patch(name, &params, &Patch::Merge(json!({ "spec": spec }))).await
}
