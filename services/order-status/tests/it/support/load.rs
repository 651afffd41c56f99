//! A steady load of requests that are all expected to succeed: one request again and again, made with a proof that can be exchanged
//! meanwhile, or a mixture.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use testkit::wait;
use tokio::sync::{MutexGuard, Semaphore};
use tokio::task::JoinHandle;

use super::{Answer, PATIENCE};

/// 500 requests a second.
const PERIOD: Duration = Duration::from_millis(2);
/// More are not begun before some have ended: a machine that cannot keep up gets fewer requests, not a heap of them.
const AT_ONCE_MAX: usize = 64;
/// How many requests make one sure of the state that things are in.
const MANY: usize = 300;

/// Two loads at once would each be half of one.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// How a request is made somebody's by a proof.
type Prove = fn(RequestBuilder, &str) -> RequestBuilder;
/// The request of this number, with this proof.
type Make = dyn Fn(usize, &str) -> RequestBuilder + Send + Sync;

struct State {
    make: Box<Make>,
    asked: AtomicUsize,
    /// Each request holds the one it was made with until it is answered.
    proof: Mutex<Arc<String>>,
    succeeded: AtomicUsize,
    failures: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

/// Requests on and on, until it is ended.
pub(crate) struct Load {
    state: Arc<State>,
    began: Instant,
    asking: JoinHandle<()>,
    _turn: MutexGuard<'static, ()>,
}

impl Load {
    /// Begins to send `request` again and again, which must have no body, and waits until many succeeded.
    pub(crate) async fn start(request: RequestBuilder, proof: String, prove: Prove) -> Self {
        let again = move |_, proof: &str| prove(request.try_clone().expect("it has no body"), proof);
        Self::mixed(proof, again).await
    }

    /// Begins to send what `make` makes of the request's number and the proof, and waits until many succeeded.
    pub(crate) async fn mixed(
        proof: String,
        make: impl Fn(usize, &str) -> RequestBuilder + Send + Sync + 'static,
    ) -> Self {
        let turn = ONE_AT_A_TIME.lock().await;
        let state = Arc::new(State {
            make: Box::new(make),
            asked: AtomicUsize::new(0),
            proof: Mutex::new(Arc::new(proof)),
            succeeded: AtomicUsize::new(0),
            failures: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let asking = tokio::spawn(Arc::clone(&state).ask_on_and_on());
        let load = Self { state, began: Instant::now(), asking, _turn: turn };
        load.goes_on().await;
        load
    }

    /// Waits until many more succeeded.
    pub(crate) async fn goes_on(&self) {
        let enough = self.state.succeeded.load(Ordering::SeqCst) + MANY;
        let more = || async { (self.state.succeeded.load(Ordering::SeqCst) >= enough).then_some(()) };
        let waited = wait::until("many more requests", PATIENCE, more).await;
        waited.unwrap_or_else(|error| panic!("{error}: {:?}", self.state.failures));
    }

    /// Uses another proof from now on. Once this returns, nobody uses the one before any more, and many used the new one.
    pub(crate) async fn change_over(&self, proof: String) {
        let before = std::mem::replace(&mut *self.state.proof.lock().expect("the proof"), Arc::new(proof));
        let unused = || async { (Arc::strong_count(&before) == 1).then_some(()) };
        wait::until("the old proof is used no more", PATIENCE, unused).await.expect("requests end");
        self.goes_on().await;
    }

    /// Ends it, asserts that nothing failed, and gives its figures.
    pub(crate) async fn end_without_failure(self) -> String {
        self.state.is_over.store(true, Ordering::SeqCst);
        self.asking.await.expect("all are answered");
        let seconds = self.began.elapsed().as_secs_f64();
        let succeeded = self.state.succeeded.load(Ordering::SeqCst);
        let failures = self.state.failures.lock().expect("failures");
        let figures = format!("{succeeded} requests in {seconds:.1} s, {} failed", failures.len());
        assert!(failures.is_empty(), "{figures}: {:?}", &failures[..failures.len().min(3)]);
        figures
    }
}

impl State {
    async fn ask_on_and_on(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(PERIOD);
        let places = Arc::new(Semaphore::new(AT_ONCE_MAX));
        while !self.is_over.load(Ordering::SeqCst) {
            ticks.tick().await;
            let place = Arc::clone(&places).acquire_owned().await.expect("a place");
            let state = Arc::clone(&self);
            tokio::spawn(async move {
                state.ask().await;
                drop(place);
            });
        }
        let all = u32::try_from(AT_ONCE_MAX).expect("few");
        drop(places.acquire_many(all).await.expect("all places"));
    }

    async fn ask(&self) {
        let proof = Arc::clone(&self.proof.lock().expect("the proof"));
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        match Answer::attempt((self.make)(number, &proof)).await {
            Ok(answer) if answer.status == 200 || answer.status == 201 => {
                self.succeeded.fetch_add(1, Ordering::SeqCst);
            }
            failed => self.failures.lock().expect("failures").push(format!("{failed:?}")),
        }
    }
}
