//! Runs a load: in a closed loop, where each client asks when it has its answer, or at a fixed rate, where a request's time
//! begins when it was due, so that a slow answer is not hidden by the requests that it held back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::client::{Client, ClientError};
use super::judge::Verdict;
use super::script::{Question, Script};
use super::spec::{Report, Spec, Until};
use service_kit::chain;

use crate::population::Population;
use crate::statistics::percentile;

const EXAMPLES_MAX: usize = 5;

/// The first request is due a moment after the clients know of it.
const LEAD: Duration = Duration::from_millis(50);

struct Run {
    script: Script,
    report: Report,
    latencies_us: Vec<u32>,
    /// From when it was sent.
    sent_us: Vec<u32>,
    asked: u64,
}

#[derive(Clone)]
struct Shared {
    run: Arc<Mutex<Run>>,
    until: Until,
    rate: Option<f64>,
    begin: Instant,
}

/// Runs it to its end.
pub(super) async fn drive(spec: &Spec, population: Population) -> Report {
    let script = Script::new(spec, population);
    let run =
        Run { script, report: Report::default(), latencies_us: Vec::new(), sent_us: Vec::new(), asked: 0 };
    let run = Arc::new(Mutex::new(run));
    let mut clients: Vec<Client> = (0..spec.clients).map(|_| Client::new(spec.status, spec.orders)).collect();
    for client in &mut clients {
        // One that cannot connect now is seen when it has something to ask.
        drop(client.connect(spec.kind.is_list()).await);
    }
    let begin = Instant::now() + LEAD;
    let shared = Shared { run: Arc::clone(&run), until: spec.until, rate: spec.rate, begin };
    let mut asking = JoinSet::new();
    for client in clients {
        asking.spawn(shared.clone().ask_on_and_on(client));
    }
    while asking.join_next().await.is_some() {}

    let mut run = lock(&run);
    let seconds = begin.elapsed().as_secs_f64();
    let due = spec.rate.map_or(run.asked, |rate| shared.due_in_all(rate));
    let mut latencies = std::mem::take(&mut run.latencies_us);
    latencies.sort_unstable();
    run.sent_us.sort_unstable();
    Report {
        seconds,
        unsent: due.saturating_sub(run.asked),
        p50_us: percentile(&latencies, 500),
        p99_us: percentile(&latencies, 990),
        sent_p99_us: percentile(&run.sent_us, 990),
        max_us: latencies.last().copied().unwrap_or_default(),
        ..run.report.clone()
    }
}

fn lock(run: &Mutex<Run>) -> MutexGuard<'_, Run> {
    run.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
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
    fn next(&self) -> Option<(Question, Option<Instant>)> {
        let mut run = lock(&self.run);
        if let Until::Requests(count) = self.until
            && run.asked >= count
        {
            return None;
        }
        let due = self.rate.map(|rate| self.begin + Duration::from_secs_f64(as_float(run.asked) / rate));
        if let Until::Seconds(seconds) = self.until {
            let end = self.begin + Duration::from_secs_f64(seconds);
            if due.unwrap_or(end).max(Instant::now()) >= end && (due.is_some() || Instant::now() >= end) {
                return None;
            }
        }
        run.asked += 1;
        Some((run.script.next(), due))
    }

    fn due_in_all(&self, rate: f64) -> u64 {
        match self.until {
            Until::Requests(count) => count,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "seconds by a rate, both small and positive"
            )]
            Until::Seconds(seconds) => (seconds * rate) as u64,
        }
    }

    fn note(
        &self,
        question: &Question,
        answer: Result<super::client::Answer, ClientError>,
        took: [Duration; 2],
    ) {
        let mut run = lock(&self.run);
        let said = match answer {
            Err(error) => {
                run.report.broken += 1;
                Some(chain(&error))
            }
            Ok(answer) => {
                let verdict = run.script.judge(question, answer.status, &answer.headers, &answer.body);
                run.count(verdict, took, &answer.body)
            }
        };
        if let Some(said) = said
            && run.report.examples.len() < EXAMPLES_MAX
        {
            run.report.examples.push(format!("{} {}: {said}", question.method, question.path));
        }
    }
}

impl Run {
    /// Counts an answer; words if it is an example of something wrong.
    fn count(&mut self, verdict: Verdict, took: [Duration; 2], body: &[u8]) -> Option<String> {
        match verdict {
            Verdict::Good => {
                self.report.good += 1;
                let [due, sent] = took.map(|took| u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
                self.latencies_us.push(due);
                self.sent_us.push(sent);
                None
            }
            Verdict::Refused => {
                self.report.refused += 1;
                None
            }
            Verdict::Failed(status) => {
                self.report.failed += 1;
                Some(format!("{status} {}", String::from_utf8_lossy(body)))
            }
            Verdict::Mismatch(mismatch) => {
                self.report.mismatches += 1;
                Some(mismatch.to_string())
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of requests, far below 2^53")]
fn as_float(count: u64) -> f64 {
    count as f64
}
