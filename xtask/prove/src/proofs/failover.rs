//! A server is killed while a shop goes on, its standby is promoted, and the database's address leads there. With synchronous
//! replication nothing that was acknowledged may be missing. In the control replication waits for nobody, and is cut off before.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use testkit::postgres::{DataFolder, PostgresServer, StopMode};
use testkit::proxy::Link;
use testkit::wait;

use crate::Finding;
use crate::cli::Options;
use crate::error::ProveError;
use crate::stage::{Audited, Stage, durable, lasts, link};
use crate::store;

const RATE: f64 = 150.0;
const BETWEEN: u64 = 200;
/// How long right answers may stay away.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_mins(1);

/// Two data folders that go with this value.
struct Folders(PathBuf);

impl Folders {
    fn new(round: u32) -> Self {
        // Where the user that a server of root's runs as may go.
        Self(PathBuf::from(format!("/var/tmp/atelier-prove-{}-{round}", std::process::id())))
    }

    fn of(&self, name: &str) -> PathBuf {
        self.0.with_extension(name)
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        for name in ["first", "second"] {
            drop(fs::remove_dir_all(self.of(name)));
        }
    }
}

pub(super) async fn prove(options: &Options) -> Result<Finding, ProveError> {
    let rounds = options.either(5, 1);
    let (mut are_true, mut longest, mut words) = (true, Duration::ZERO, Vec::new());
    for round in 0..rounds {
        let (audited, promoted) = one(options, round).await?;
        let silence = Duration::from_micros(audited.load.silence_us.into());
        println!("promoted after {promoted:?}, no right answer for {silence:?}; {}", audited.words());
        are_true &= audited.is_true();
        longest = longest.max(silence);
        words.push(audited.words());
    }
    let last = words.pop().unwrap_or_default();
    let figure = format!(
        "{rounds} failovers, followed within {:.1} s from the kill on, promotion included; of the last: {last}",
        longest.as_secs_f64()
    );
    Ok(Finding { figure, is_met: are_true && longest <= FOLLOWED_WITHIN })
}

/// One failover of a fresh pair; what became of what was acknowledged, and how long the promotion took.
async fn one(options: &Options, round: u32) -> Result<(Audited, Duration), ProveError> {
    let folders = Folders::new(round);
    let [first, second] = ["first", "second"].map(|name| DataFolder::Kept(folders.of(name)));
    let waits_for = if options.control { "" } else { "*" };
    let mut made = PostgresServer::start(durable(first.clone(), &[]), &mut |_| {}).await?;
    store::make(&made).await?;
    made.stop(StopMode::Fast).await?;
    copy(&folders.of("first"), &folders.of("second"))?;
    let settings = [("synchronous_standby_names", waits_for)];
    let primary = PostgresServer::start(durable(first, &settings), &mut |_| {}).await?;
    let replication = link("127.0.0.1", primary.port()).await?;
    let from = format!("host=127.0.0.1 port={} user=postgres", replication.address().port());
    let standby = PostgresServer::start(durable(second, &[("primary_conninfo", &from)]), &mut |_| {}).await?;
    let is_streaming =
        || async { store::streaming(&primary).await.is_ok_and(|count| count == 1).then_some(()) };
    wait::until("the standby streams", PATIENCE, is_streaming).await?;

    let mut stage = Stage::on(options, primary).await?;
    let database = stage.link().await?;
    let system = stage.system(&stage.plain(), database.address().port()).await?;
    let shop = stage.shop(system.status, system.orders, RATE).await?;
    shop.goes_on(BETWEEN).await?;
    if options.control {
        replication.set(Link::Silent);
        shop.goes_on(BETWEEN).await?;
    }
    let begin = Instant::now();
    stage.server.stop(StopMode::Killed).await?;
    // Nothing of the old server may arrive any more.
    drop(replication);
    store::promote(&standby).await?;
    database.lead_to("127.0.0.1", standby.port());
    let promoted = begin.elapsed();
    shop.goes_on(BETWEEN).await?;
    lasts(Duration::from_secs(2)).await;
    let audited = shop.audited().await;
    store::orders(&standby).await?;
    Ok((audited, promoted))
}

/// A server's folder once more, as a standby's.
fn copy(from: &Path, to: &Path) -> Result<(), ProveError> {
    let copied = Command::new("cp").arg("--archive").arg(from).arg(to).status();
    copied
        .and_then(|status| {
            if status.success() { Ok(()) } else { Err(std::io::Error::other("cp does not copy the data")) }
        })
        .and_then(|()| fs::write(to.join("data/standby.signal"), ""))
        .map_err(ProveError::Place)
}
