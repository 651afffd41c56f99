//! Secrets are exchanged while requests come in through the Gateway: the key of tokens by way of two, and the services' passwords
//! of the database. No request fails, and no pod is started anew.

use std::time::Duration;

use serde_json::Value;

use super::restarts::roll;
use crate::database::Database;
use crate::error::{Failure, ensure};
use crate::namespace::until;
use crate::orders::{People, Person, request};
use crate::release::{Release, Service, WAIT, name, restarts};
use crate::stage::Stage;
use crate::traffic::{Traffic, route};

const SECRET: (&str, &str) = ("atelier-auth", "jwt-hs256");
const TAKEN_MAX: Duration = Duration::from_mins(2);

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    release.install(&values, &[WAIT.as_slice(), &[&route(stage)?]].concat()).await?;
    let traffic = Traffic::begin(stage).await?;

    let others = dev_secrets::manifests("elsewhere")?;
    let next = of(&others, SECRET.0, SECRET.1);
    let old = stage.namespace.secret_text(SECRET.0, SECRET.1).await?;
    let (of_old, of_next) = (People::signed(old.as_bytes())?, People::signed(next.as_bytes())?);
    exchange(stage, &release, &format!("{old}\n{next}")).await?;
    knows(&release, &of_next.buyer, true).await?;
    traffic.change_key(next.as_bytes());
    traffic.goes_on().await?;
    exchange(stage, &release, next).await?;
    knows(&release, &of_old.buyer, false).await?;
    traffic.goes_on().await?;
    traffic.note("the key of tokens was exchanged");

    let database = Database::reach(stage).await?;
    for login in ["writer", "reader"] {
        let password = of(&others, &format!("atelier-database-{login}"), "password");
        database.change_password(stage, login, password).await?;
    }
    look_again(&release).await?;
    traffic.goes_on().await?;
    for pod in [release.pods(Service::OrderStatus).await?, release.pods(Service::Orders).await?].concat() {
        ensure(restarts(&pod) == 0, "a pod that was never started anew", name(&pod))?;
    }
    // Whoever comes now connects with the new ones.
    roll(stage, 1).await?;
    traffic.goes_on().await?;
    traffic.note("the passwords were exchanged");
    traffic.end_without_failure().await
}

/// What stands in a Secret of another namespace's: random, and nobody's.
fn of<'a>(others: &'a [Value], secret: &str, key: &str) -> &'a str {
    let found = others.iter().find(|other| other["metadata"]["name"] == secret);
    found.and_then(|other| other["stringData"][key].as_str()).unwrap_or_default()
}

async fn exchange(stage: &Stage, release: &Release, keys: &str) -> Result<(), Failure> {
    stage.namespace.set_secret(SECRET.0, SECRET.1, keys).await?;
    look_again(release).await
}

async fn look_again(release: &Release) -> Result<(), Failure> {
    for service in Service::ALL {
        release.look_again(service).await?;
    }
    Ok(())
}

/// Waits until every pod takes this person's token, or none does.
async fn knows(release: &Release, person: &Person, is_known: bool) -> Result<(), Failure> {
    for service in Service::ALL {
        let path = match service {
            Service::OrderStatus => "/orders/1".to_owned(),
            Service::Orders => format!("/orders/user/{}", person.name),
        };
        for pod in release.ready(service, 2).await? {
            until(&format!("{} has the new key", name(&pod)), TAKEN_MAX, async || {
                let answer = release.ask(service, &pod, request(Some(person), "GET", &path, None)?).await?;
                Ok(((answer.status != 401) == is_known).then_some(()))
            })
            .await?;
        }
    }
    Ok(())
}
