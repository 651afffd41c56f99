//! Comparing: in each round everybody runs once, in shuffled order, and a ratio is formed only inside a round.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::error::BenchError;
use crate::measure::{Asked, Bench, Measured};
use crate::pgbench;
use crate::report::Findings;
use rig::system::Variant;

/// Somebody who runs in each round.
pub(crate) enum Entry {
    Ours(Variant),
    /// One of `subject/pgbench-*.sql`, prepared, with eight clients: the floor of that statement.
    Pgbench(&'static str),
}

/// One figure of a run.
pub(crate) type Figure = fn(&Measured) -> f64;

/// The figures of one entry, a round each.
pub(crate) struct Runs(Vec<Vec<Measured>>);

impl Runs {
    /// One figure of one entry, by round.
    pub(crate) fn of(&self, entry: usize, figure: Figure) -> Vec<f64> {
        self.0.iter().filter_map(|round| round.get(entry).map(figure)).collect()
    }

    /// The ratio of one entry's figure to another's, by round.
    pub(crate) fn ratios(&self, one: usize, other: usize, figure: Figure) -> Vec<f64> {
        let pairs = self.of(one, figure).into_iter().zip(self.of(other, figure));
        pairs.filter(|(_, below)| *below > 0.0).map(|(above, below)| above / below).collect()
    }
}

/// Runs all rounds of `asked`; raw figures go into `findings` under `group`.
pub(crate) async fn run(
    bench: &Bench,
    findings: &mut Findings,
    group: &str,
    entries: &[Entry],
    asked: Asked,
) -> Result<Runs, BenchError> {
    let mut rounds = Vec::new();
    for round in 0..bench.options.rounds {
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.shuffle(&mut StdRng::seed_from_u64(round));
        let mut measured = Vec::new();
        for at in order {
            let asked = Asked { seed: asked.seed + round, ..asked };
            let run = match &entries[at] {
                Entry::Ours(variant) => bench.measure(variant, asked).await?,
                Entry::Pgbench(script) => pgbench::measure(bench, script, asked).await?,
            };
            findings.keep(group, &run);
            measured.push((at, run));
        }
        measured.sort_by_key(|(at, _)| *at);
        rounds.push(measured.into_iter().map(|(_, run)| run).collect());
        eprintln!("{group}, {}: round {} of {}", asked.kind.name(), round + 1, bench.options.rounds);
    }
    Ok(Runs(rounds))
}
