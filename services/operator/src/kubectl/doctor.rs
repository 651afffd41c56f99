//! What the operator needs, looked at with the rights of whoever asks.

use std::io::Write;

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::SignedDuration;
use kube::api::{Api, ListParams, PostParams};
use kube::{Client, ResourceExt};

use super::KubectlError;
use crate::controller::LEASE;
use crate::crd::{CREDENTIALS_LABEL, SchemaMigration};
use crate::reconcile::Clock;
use crate::reconcile::validate::secrets;

/// A lease that was not renewed for so long is nobody's.
const LEASE_AGE_MAX: SignedDuration = SignedDuration::from_secs(30);

/// Says a line for each thing; fails if one is not as it should be.
pub(super) async fn examine(
    client: &Client,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), KubectlError> {
    let mut wrong = 0;
    let mut say = |is_well: bool, text: String| {
        wrong += usize::from(!is_well);
        writeln!(out, "{}  {text}", if is_well { "ok   " } else { "WRONG" })
    };
    let migrations = Api::<SchemaMigration>::default_namespaced(client.clone());
    let found = match migrations.list(&ListParams::default()).await {
        Ok(found) => {
            say(
                true,
                format!("the kind SchemaMigration is there, {} of them in this namespace", found.items.len()),
            )?;
            found.items
        }
        Err(error) => {
            say(
                false,
                format!(
                    "the kind SchemaMigration is not to be had: {error}; is the chart atelier-operator installed?"
                ),
            )?;
            Vec::new()
        }
    };
    let (is_well, text) = lease(client, clock).await;
    say(is_well, text)?;
    for migration in &found {
        let status = migration.status.clone().unwrap_or_default();
        let is_seen = Some(status.observed_generation) == migration.metadata.generation;
        say(
            is_seen,
            format!(
                "{}: the controller has seen generation {}",
                migration.name_any(),
                status.observed_generation
            ),
        )?;
        for name in secrets(&migration.spec) {
            let (is_well, text) = secret(client, name).await;
            say(is_well, format!("{}: {text}", migration.name_any()))?;
        }
    }
    let may = may_approve(client).await?;
    // Not to be allowed is no fault.
    say(true, format!("you may {}approve plans here", if may { "" } else { "not " }))?;
    if wrong == 0 { Ok(()) } else { Err(KubectlError::Unwell(wrong)) }
}

async fn lease(client: &Client, clock: &Clock) -> (bool, String) {
    // The controller's own namespace may be another; whoever may not look there is told so.
    let all = Api::<Lease>::all(client.clone());
    let named = ListParams::default().fields(&format!("metadata.name={LEASE}"));
    let found = match all.list(&named).await {
        Ok(found) => found.items,
        Err(_) => match Api::<Lease>::default_namespaced(client.clone()).list(&named).await {
            Ok(found) => found.items,
            Err(error) => return (false, format!("whether a controller leads is not to be seen: {error}")),
        },
    };
    let fresh = found.iter().filter_map(|lease| {
        let spec = lease.spec.as_ref()?;
        let age = clock().duration_since(spec.renew_time.as_ref()?.0);
        (age < LEASE_AGE_MAX).then(|| spec.holder_identity.clone()).flatten()
    });
    match fresh.collect::<Vec<_>>().as_slice() {
        [] => (false, "no controller leads: look at the pods of atelier-operator".to_owned()),
        leaders => (true, format!("{} leads", leaders.join(", "))),
    }
}

async fn secret(client: &Client, name: &str) -> (bool, String) {
    match Api::<Secret>::default_namespaced(client.clone()).get_metadata_opt(name).await {
        Ok(Some(secret)) if secret.labels().get(CREDENTIALS_LABEL).is_some_and(|value| value == "true") => {
            (true, format!("Secret {name} is labelled"))
        }
        Ok(Some(_)) => (
            false,
            format!("Secret {name} lacks the label: kubectl label secret {name} {CREDENTIALS_LABEL}=true"),
        ),
        Ok(None) => (false, format!("there is no Secret {name}")),
        Err(error) => (true, format!("you may not see Secret {name}: {error}")),
    }
}

async fn may_approve(client: &Client) -> Result<bool, kube::Error> {
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                group: Some("migrations.atelier.dev".to_owned()),
                resource: Some("schemamigrations".to_owned()),
                namespace: Some(client.default_namespace().to_owned()),
                verb: Some("approve".to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let answer =
        Api::<SelfSubjectAccessReview>::all(client.clone()).create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
