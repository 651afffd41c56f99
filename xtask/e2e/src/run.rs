//! One run: a cluster, the images, the cases one after the other, and whatever happens, everything taken down.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::signal::unix::{SignalKind, signal};

use crate::cases::{CASES, Case};
use crate::cli::{Cli, ProviderName};
use crate::error::{Failure, chain};
use crate::images;
use crate::namespace::{Namespace, connect};
use crate::provider::Provider;
use crate::sets::{self, Changes};
use crate::stage::{Setting, Stage};
use crate::summary::{End, Outcome, Summary};

/// Files of the runs: values, kubeconfigs, and what failed namespaces looked like.
const FOLDER: &str = "target/e2e";

/// Runs the cases that were asked for.
pub(crate) async fn run(cli: Cli) -> Result<Summary, Failure> {
    let cases = chosen(cli.filter.as_deref())?;
    let folder =
        std::path::absolute(FOLDER).map_err(|source| Failure::File { path: FOLDER.into(), source })?;
    std::fs::create_dir_all(&folder).map_err(|source| Failure::File { path: folder.clone(), source })?;
    let images = cli.images.clone().unwrap_or_else(|| folder.join("images"));
    if cli.images.is_none() {
        timed("images built", images::build(&images)).await?;
    }
    let provider = Provider::choose(&cli, &folder)?;
    let namespaces = Namespaces::default();
    let work = async {
        timed("images loaded", images::load(&images, &provider)).await?;
        let kubeconfig = provider.kubeconfig().to_owned();
        let setting = Setting {
            client: connect(&kubeconfig).await?,
            kubeconfig,
            images: images.join("images.json"),
            postgres_image: cli.postgres_image.clone(),
            restart_api_server: cli.restart_api_server.clone(),
            gateway: cli.gateway.clone(),
            nginx_image: cli.nginx_image.clone(),
            collector_image: cli.collector_image.clone(),
            rate: cli.rate,
            long: cli.long,
            can_fetch: cli.provider == ProviderName::Kind,
            folder,
        };
        all(&cli, &cases, &setting, &namespaces).await
    };
    inside(&provider, &namespaces, cli.keep, signalled(), work).await
}

/// Does `work` while the cluster is there. Then, or when `stopped` comes first, or when the cluster cannot even be made,
/// what was made is taken down, unless it is to be kept.
async fn inside<T>(
    provider: &Provider,
    namespaces: &Namespaces,
    keep: bool,
    stopped: impl Future<Output = ()>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let made_and_worked = async {
        timed("cluster ready", provider.up()).await?;
        work.await
    };
    let outcome = tokio::select! {
        outcome = made_and_worked => outcome,
        () = stopped => Err(Failure::Stopped),
    };
    if keep {
        println!("kept; kubectl --kubeconfig {} shows it", provider.kubeconfig().display());
        return outcome;
    }
    namespaces.clear().await;
    let down = provider.down().await;
    outcome.and_then(|done| down.map(|()| done))
}

async fn all(
    cli: &Cli,
    cases: &[&Case],
    setting: &Setting,
    namespaces: &Namespaces,
) -> Result<Summary, Failure> {
    let begin = Instant::now();
    let changed = match &cli.changed_since {
        Some(base) => Some(Changes::since(base).await?),
        None => None,
    };
    let mut summary = Summary::default();
    let (mut beside, mut alone) = (Vec::new(), Vec::new());
    for case in cases {
        if let Some(why) = sets::left_out(case.name, setting, changed.as_ref()) {
            summary.0.push(Outcome { case: case.name, took: Duration::ZERO, end: End::LeftOut(why) });
        } else if sets::is_alone(case.name) {
            alone.push(*case);
        } else {
            beside.push(*case);
        }
    }
    for (cases, jobs) in [(beside, cli.jobs.into()), (alone, 1)] {
        let running = cases.into_iter().map(|case| one(case, setting, namespaces, cli.keep));
        let mut running = stream::iter(running).buffer_unordered(jobs);
        while let Some(outcome) = running.try_next().await? {
            summary.0.push(outcome);
        }
    }
    println!("\n{} in {}", summary.text(), seconds(begin));
    if let Some(path) = &cli.junit {
        summary.write(path)?;
    }
    Ok(summary)
}

/// Runs one case in a namespace of its own, and says how it went. Only trouble with the cluster itself is an error.
async fn one(
    case: &Case,
    setting: &Setting,
    namespaces: &Namespaces,
    keep: bool,
) -> Result<Outcome, Failure> {
    let begin = Instant::now();
    let namespace = Namespace::create(setting.client.clone(), case.name).await?;
    namespaces.add(namespace.clone());
    println!("       {}: in namespace {}", case.name, namespace.name());
    let outcome = match Stage::set(case.name, setting.clone(), namespace.clone()).await {
        Ok(stage) => (case.run)(&stage).await,
        Err(failure) => Err(failure),
    };
    match &outcome {
        Ok(()) => println!("ok     {} ({})", case.name, seconds(begin)),
        Err(failure) => {
            let dump = setting.folder.join(namespace.name());
            let seen = match namespace.dump(&dump).await {
                Ok(gist) => format!("{gist}  all of it: {}", dump.display()),
                Err(failure) => format!("  the namespace cannot be looked at: {}", chain(&failure)),
            };
            println!("FAILED {} ({})\n{}\n{seen}", case.name, seconds(begin), chain(failure));
        }
    }
    if !keep {
        namespace.delete().await?;
    }
    let end = outcome.map_or_else(|failure| End::Failed(chain(&failure)), |()| End::Passed);
    Ok(Outcome { case: case.name, took: begin.elapsed(), end })
}

fn chosen(filter: Option<&str>) -> Result<Vec<&'static Case>, Failure> {
    let filter = filter.unwrap_or_default();
    let cases: Vec<&Case> = CASES.iter().filter(|case| case.name.contains(filter)).collect();
    if cases.is_empty() {
        let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        return Err(Failure::NoCase { filter: filter.to_owned(), names: names.join(", ") });
    }
    Ok(cases)
}

async fn timed(what: &str, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let begin = Instant::now();
    work.await?;
    println!("{what}: {}", seconds(begin));
    Ok(())
}

fn seconds(since: Instant) -> String {
    format!("{:.1} s", since.elapsed().as_secs_f64())
}

/// The namespaces that this run made, and nobody else's.
#[derive(Default)]
struct Namespaces(Mutex<Vec<Namespace>>);

impl Namespaces {
    fn add(&self, namespace: Namespace) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(namespace);
    }

    /// Begins to delete those that are left; the cluster brings it to its end.
    async fn clear(&self) {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for namespace in &made {
            // Most of them are being deleted already, or gone.
            drop(namespace.delete().await);
        }
    }
}

/// Waits for Ctrl-C or a supervisor. Where signals cannot be received, they end the process on the spot.
async fn signalled() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            _ = terminated.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::path::Path;

    use super::*;
    use crate::provider::kind::double::Double;
    use testkit::wait;

    const DEADLINE: Duration = Duration::from_secs(10);

    async fn calls(
        double: &Double,
        keep: bool,
        stopped: impl Future<Output = ()>,
    ) -> (Result<(), Failure>, Vec<String>) {
        let provider = Provider::Kind(double.kind());
        let outcome = inside(&provider, &Namespaces::default(), keep, stopped, ready(Ok(()))).await;
        let verbs =
            double.calls().iter().filter_map(|call| Some(call.split_once(' ')?.0.to_owned())).collect();
        (outcome, verbs)
    }

    #[tokio::test]
    async fn a_cluster_that_was_made_is_deleted_after_the_work_unless_it_is_kept() {
        let (outcome, verbs) = calls(&Double::new("work"), false, pending()).await;
        assert!(outcome.is_ok() && verbs == ["create", "delete"], "{verbs:?}");
        let (outcome, verbs) = calls(&Double::new("kept"), true, pending()).await;
        assert!(outcome.is_ok() && verbs == ["create"], "{verbs:?}");
    }

    #[tokio::test]
    async fn a_cluster_that_could_not_be_made_or_was_interrupted_is_deleted_too() {
        let double = Double::new("unmade");
        double.fails_at("create");
        let (outcome, verbs) = calls(&double, false, pending()).await;
        assert!(matches!(outcome, Err(Failure::Ended { .. })) && verbs == ["create", "delete"], "{verbs:?}");

        let double = Double::new("interrupted");
        double.hangs_at("create");
        let interrupted = wait::until("kind was called", DEADLINE, async || double.is_called().then_some(()));
        let (outcome, verbs) = calls(&double, false, async { drop(interrupted.await) }).await;
        assert!(matches!(outcome, Err(Failure::Stopped)) && verbs == ["create", "delete"], "{verbs:?}");
    }

    #[tokio::test]
    async fn a_cluster_that_takes_no_image_is_deleted_and_one_that_stays_is_told() {
        let double = Double::new("unloaded");
        double.fails_at("load");
        let provider = Provider::Kind(double.kind());
        let work = provider.load(Path::new("orders.tar"));
        let outcome = inside(&provider, &Namespaces::default(), false, pending(), work).await;
        assert!(
            matches!(&outcome, Err(Failure::Ended { command, .. }) if command.contains("load image-archive"))
        );
        assert!(double.calls().last().is_some_and(|call| call.starts_with("delete cluster")));

        let double = Double::new("stays");
        double.fails_at("delete");
        let (outcome, verbs) = calls(&double, false, pending()).await;
        assert!(matches!(outcome, Err(Failure::Ended { .. })) && verbs == ["create", "delete"], "{verbs:?}");
    }

    #[test]
    fn a_filter_chooses_by_a_part_of_the_name_and_a_wrong_one_names_what_there_is() {
        let names: Vec<&str> = chosen(Some("host")).expect("a case").iter().map(|case| case.name).collect();
        assert_eq!(names, ["new_host"]);
        assert_eq!(chosen(None).expect("cases").len(), CASES.len());
        let Err(failure) = chosen(Some("nothing like it")) else { panic!("there is no such case") };
        assert!(failure.to_string().contains("install, collision"), "{failure}");
    }
}
