//! Runs a load: in a closed loop, where each client asks when it has its answer, or at a fixed rate, where a request's time
//! begins when it was due, so that a slow answer is not hidden by the requests that it held back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use service_kit::chain;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::client::{Answer, Client, ClientError};
use crate::question::{Question, Verdict};
use crate::report::{Report, percentile};
use crate::target::Target;

/// Of each kind of what can go wrong.
const EXAMPLES_MAX: u64 = 5;

/// The first request is due a moment after the clients know of it.
const LEAD: Duration = Duration::from_millis(50);

/// Which request comes next, and what its answer must say.
pub trait Script: Send + 'static {
    /// What is kept of a question until its answer.
    type Expected: Send + Sync;

    /// The next request. It never runs out.
    fn next(&mut self) -> Question<Self::Expected>;

    /// Judges an answer, and remembers what it acknowledged.
    fn judge(&mut self, question: &Question<Self::Expected>, answer: &Answer) -> Verdict;
}

/// How a script is run.
#[derive(Clone)]
pub struct Plan {
    /// Where order-status answers.
    pub status: Target,
    /// Where orders answers.
    pub orders: Target,
    /// Connections to each service, at most.
    pub clients: usize,
    /// Requests a second, due whether or not earlier ones were answered; without it each client asks when it has its answer.
    pub rate: Option<f64>,
    /// When it ends.
    pub until: Until,
    /// To which of the two services connections are made before anything is measured: to orders, if it is so.
    pub is_list: bool,
}

/// When a load ends; requests in flight are waited for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Until {
    /// After so long.
    Seconds(f64),
    /// After so many.
    Requests(u64),
}

struct Run<S> {
    script: S,
    report: Report,
    latencies_us: Vec<u32>,
    /// From when it was sent.
    sent_us: Vec<u32>,
    asked: u64,
    last_good: Instant,
    /// Of the latencies, those that a look at the running load has seen.
    seen: usize,
    /// When it was told to stop.
    stopped: Option<Instant>,
}

struct Shared<S> {
    run: Arc<Mutex<Run<S>>>,
    until: Until,
    rate: Option<f64>,
    begin: Instant,
}

/// A load that runs.
pub struct Running<S> {
    shared: Shared<S>,
    asking: JoinSet<()>,
}

/// Connects, and begins.
pub async fn start<S: Script>(plan: Plan, script: S) -> Running<S> {
    let mut clients: Vec<Client> =
        (0..plan.clients).map(|_| Client::new(plan.status.clone(), plan.orders.clone())).collect();
    for client in &mut clients {
        // One that cannot connect now is seen when it has something to ask.
        drop(client.connect(plan.is_list).await);
    }
    let begin = Instant::now() + LEAD;
    let run = Run {
        script,
        report: Report::default(),
        latencies_us: Vec::new(),
        sent_us: Vec::new(),
        asked: 0,
        last_good: begin,
        seen: 0,
        stopped: None,
    };
    let shared = Shared { run: Arc::new(Mutex::new(run)), until: plan.until, rate: plan.rate, begin };
    let mut asking = JoinSet::new();
    for client in clients {
        asking.spawn(shared.clone().ask_on_and_on(client));
    }
    Running { shared, asking }
}

impl<S: Script> Running<S> {
    /// The counts so far; the times are of what was answered since the last look.
    pub fn look(&self) -> Report {
        let mut run = lock(&self.shared.run);
        let mut recent = run.latencies_us.get(run.seen..).unwrap_or_default().to_vec();
        run.seen = run.latencies_us.len();
        recent.sort_unstable();
        Report { seconds: self.shared.begin.elapsed().as_secs_f64(), ..run.report.clone() }.timed(&recent)
    }

    /// Right answers so far.
    pub fn good(&self) -> u64 {
        lock(&self.shared.run).report.good
    }

    /// Does something with the script, between two of its requests.
    pub fn with<T>(&self, work: impl FnOnce(&mut S) -> T) -> T {
        work(&mut lock(&self.shared.run).script)
    }

    /// Asks nothing more than what is due by now.
    pub fn stop(&self) {
        lock(&self.shared.run).stopped.get_or_insert_with(Instant::now);
    }

    /// Waits for the end, and gives the script back with all that it remembers. Nothing goes on without this value.
    pub async fn end(mut self) -> (Report, Option<S>) {
        while self.asking.join_next().await.is_some() {}
        let Shared { run, rate, begin, .. } = &self.shared;
        let (rate, begin) = (*rate, *begin);
        let (seconds, due) = {
            let run = lock(run);
            (begin.elapsed().as_secs_f64(), rate.map_or(run.asked, |rate| self.shared.due_in_all(&run, rate)))
        };
        let Some(run) = Arc::into_inner(self.shared.run) else { return (Report::default(), None) };
        let mut run = run.into_inner().unwrap_or_else(PoisonError::into_inner);
        run.latencies_us.sort_unstable();
        run.sent_us.sort_unstable();
        let report = Report {
            seconds,
            unsent: due.saturating_sub(run.asked),
            sent_p99_us: percentile(&run.sent_us, 990),
            ..run.report
        };
        (report.timed(&run.latencies_us), Some(run.script))
    }
}

impl Report {
    fn timed(self, sorted: &[u32]) -> Self {
        Self {
            p50_us: percentile(sorted, 500),
            p99_us: percentile(sorted, 990),
            max_us: sorted.last().copied().unwrap_or_default(),
            ..self
        }
    }
}

fn lock<S>(run: &Mutex<Run<S>>) -> MutexGuard<'_, Run<S>> {
    run.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self { run: Arc::clone(&self.run), ..*self }
    }
}

impl<S: Script> Shared<S> {
    async fn ask_on_and_on(self, mut client: Client) {
        sleep_until(self.begin).await;
        while let Some((question, due)) = self.next() {
            if let Some(due) = due {
                sleep_until(due).await;
            }
            let sent = Instant::now();
            let answer = client.ask(&question).await;
            let took = [due.unwrap_or(sent).elapsed(), sent.elapsed()];
            self.note(&question, answer, took);
        }
    }

    /// The next request and when it is due, until there is none.
    fn next(&self) -> Option<(Question<S::Expected>, Option<Instant>)> {
        let mut run = lock(&self.run);
        let due = self.rate.map(|rate| self.begin + Duration::from_secs_f64(as_float(run.asked) / rate));
        let end = match self.until {
            Until::Requests(count) if run.asked >= count => return None,
            Until::Requests(_) => None,
            Until::Seconds(seconds) => Some(self.begin + Duration::from_secs_f64(seconds)),
        };
        let now = Instant::now();
        if let Some(end) = end.into_iter().chain(run.stopped).min()
            && due.unwrap_or(now).max(now) >= end
        {
            return None;
        }
        run.asked += 1;
        Some((run.script.next(), due))
    }

    fn due_in_all(&self, run: &Run<S>, rate: f64) -> u64 {
        let stopped = run.stopped.map(|stopped| stopped.saturating_duration_since(self.begin).as_secs_f64());
        let seconds = match self.until {
            Until::Requests(count) if stopped.is_none() => return count,
            Until::Requests(_) => stopped.unwrap_or_default(),
            Until::Seconds(seconds) => stopped.unwrap_or(seconds).min(seconds),
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "seconds by a rate, both small and positive"
        )]
        let due = (seconds * rate) as u64;
        due
    }

    fn note(
        &self,
        question: &Question<S::Expected>,
        answer: Result<Answer, ClientError>,
        took: [Duration; 2],
    ) {
        let mut run = lock(&self.run);
        let said = match answer {
            Err(error) => {
                run.report.broken += 1;
                (run.report.broken <= EXAMPLES_MAX).then(|| chain(&error))
            }
            Ok(answer) => {
                let verdict = run.script.judge(question, &answer);
                run.count(verdict, took, &answer.body)
            }
        };
        if let Some(said) = said {
            let (at, sent) = (self.begin.elapsed().as_secs_f64(), took[1].as_secs_f64());
            let example =
                format!("{at:.1} s, after {sent:.2} s: {} {}: {said}", question.method, question.path);
            run.report.examples.push(example);
        }
    }
}

impl<S> Run<S> {
    /// Counts an answer; words if it is an example of something wrong.
    fn count(&mut self, verdict: Verdict, took: [Duration; 2], body: &[u8]) -> Option<String> {
        match verdict {
            Verdict::Good => {
                self.report.good += 1;
                let now = Instant::now();
                let silence = micros(now.saturating_duration_since(self.last_good));
                self.report.silence_us = self.report.silence_us.max(silence);
                self.last_good = now;
                let [due, sent] = took.map(micros);
                self.latencies_us.push(due);
                self.sent_us.push(sent);
                None
            }
            Verdict::Refused => {
                self.report.refused += 1;
                (self.report.refused <= EXAMPLES_MAX).then(|| String::from_utf8_lossy(body).into_owned())
            }
            Verdict::Failed(status) => {
                self.report.failed += 1;
                let words = || format!("{status} {}", String::from_utf8_lossy(body));
                (self.report.failed <= EXAMPLES_MAX).then(words)
            }
            Verdict::Mismatch(mismatch) => {
                self.report.mismatches += 1;
                (self.report.mismatches <= EXAMPLES_MAX).then(|| mismatch.to_string())
            }
        }
    }
}

fn micros(took: Duration) -> u32 {
    u32::try_from(took.as_micros()).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a count of requests, far below 2^53")]
fn as_float(count: u64) -> f64 {
    count as f64
}
