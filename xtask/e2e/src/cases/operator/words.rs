//! `kubectl atelier`, as people use it: the program under its other name on the search path, and kubectl finds it.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::Value;
use tokio::process::Command;

use super::site::Site;
use crate::error::{Failure, ensure};
use crate::program;
use crate::stage::Stage;

const LOCK: &str = "SELECT pg_advisory_lock(27431051700299122)";
/// The words that a person types behind `kubectl label`, as `doctor` says them.
const LABEL: &str = "kubectl label secret atelier-database-migrator atelier.dev/database-credentials=true";

/// Somebody at a terminal.
struct Person {
    kubeconfig: PathBuf,
    /// Where the plugin is.
    folder: PathBuf,
}

impl Person {
    /// One with the rights of a service account, and the plugin on the path.
    fn new(site: &Site<'_>, account: &str) -> Result<Self, Failure> {
        let folder = site.stage.setting.folder.join(format!("{}.bin", site.stage.namespace.name()));
        let plugin = folder.join("kubectl-atelier");
        let unwritable = |source| Failure::File { path: plugin.clone(), source };
        std::fs::create_dir_all(&folder).map_err(unwritable)?;
        if !plugin.exists() {
            symlink(program::sibling("migrator")?, &plugin).map_err(unwritable)?;
        }
        Ok(Self { kubeconfig: site.kubeconfig_as(account)?, folder })
    }

    /// `kubectl atelier …`
    async fn types(&self, words: &[&str]) -> Result<String, Failure> {
        let mut shell = Command::new("sh");
        shell.args(["-c", "PATH=$0:$PATH; kubectl atelier \"$@\""]).arg(&self.folder).args(words);
        program::output(shell.env("KUBECONFIG", &self.kubeconfig)).await
    }

    /// The same, which has to be refused with these words.
    async fn is_told(&self, words: &[&str], why: &'static str) -> Result<(), Failure> {
        let answer = self.types(words).await;
        let is_it = matches!(&answer, Err(Failure::Ended { said, .. }) if said.contains(why));
        ensure(is_it, why, answer)
    }
}

pub(in crate::cases) async fn run(stage: &Stage) -> Result<(), Failure> {
    let site = Site { stage };
    site.with_the_kind(all(&site)).await
}

async fn all(site: &Site<'_>) -> Result<(), Failure> {
    let (database, _) = site.set(1, "Manual").await?;
    site.accounts().await?;
    let (editor, approver) = (Person::new(site, "editor")?, Person::new(site, "approver")?);
    // Whoever runs the cluster may look everywhere.
    let admin = Person { kubeconfig: site.kubeconfig_here()?, folder: approver.folder.clone() };

    site.tells("SecretNotAllowed", false).await?;
    admin.is_told(&["doctor"], LABEL).await?;
    site.label_secrets().await?;
    editor.types(&["retry", "atelier"]).await?;
    let hash = site.tells("AwaitingApproval", false).await?.plan_hash.unwrap_or_default();
    says(&admin, &["doctor"], "you may approve plans here").await?;
    says(&editor, &["status"], "atelier: AwaitingApproval, schema 4 of 5").await?;
    says(&editor, &["status", "atelier"], &format!("kubectl atelier approve atelier {hash}")).await?;
    let plan = admin.types(&["plan", "atelier"]).await?;
    let is_whole = plan.contains("0005_erasures.expand.sql") && plan.contains(&hash);
    ensure(is_whole, "the plan with its file and its hash", &plan)?;

    let mut hand = database.by_hand().await?;
    hand.run(LOCK).await?;
    approver
        .is_told(&["approve", "atelier", "00000000000000000000000000000000"], "approve that hash if")
        .await?;
    editor.is_told(&["approve", "atelier", &hash], "verb approve").await?;
    approver.types(&["approve", "atelier", &hash]).await?;
    site.tells("LockHeld", false).await?;
    says(&editor, &["lock", "atelier"], "SELECT pg_terminate_backend(").await?;
    hand.leave().await?;
    editor.types(&["retry", "atelier"]).await?;
    site.tells("ContractPending", true).await?;
    says(&editor, &["lock", "atelier"], "no Job of atelier waits").await?;
    bundle(site, &admin).await
}

async fn says(person: &Person, words: &[&str], part: &str) -> Result<(), Failure> {
    let said = person.types(words).await?;
    let found = format!("no {part:?} in {said}");
    if said.contains(part) { Ok(()) } else { Err(Failure::Unexpected { expected: "an answer", found }) }
}

/// Everything that a report needs, and no password.
async fn bundle(site: &Site<'_>, person: &Person) -> Result<(), Failure> {
    let text = person.types(&["bundle", "atelier"]).await?;
    let bundle: Value = serde_json::from_str(&text)
        .map_err(|source| Failure::Object { path: "kubectl atelier bundle".into(), source })?;
    for part in ["jobs", "pods", "events"] {
        let is_there = bundle[part].as_array().is_some_and(|items| !items.is_empty());
        ensure(is_there, "Jobs, pods and events", (part, &bundle[part]))?;
    }
    let password = site.stage.namespace.secret_text("atelier-database-migrator", "password").await?;
    ensure(!text.contains(&password), "a bundle without the password", "it is in there")
}
