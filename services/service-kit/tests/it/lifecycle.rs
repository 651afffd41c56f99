//! The order in which things stop, for a process of a few tasks that say when they were told to.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use service_kit::lifecycle::{Lifecycle, LifecycleError, ShutdownConfig};
use service_kit::readiness::Readiness;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);
const AT_ONCE: ShutdownConfig = ShutdownConfig { delay_ms: 0, drain_ms: 0 };
const NEVER: ShutdownConfig = ShutdownConfig { delay_ms: 300_000, drain_ms: 300_000 };

/// What happened, in its order.
type Events = Arc<Mutex<Vec<String>>>;

struct Process {
    lifecycle: Lifecycle,
    readiness: Readiness,
    events: Events,
    asks: Arc<Notify>,
}

impl Process {
    /// One served task and what it needs.
    fn new() -> Self {
        let (readiness, events) = (Readiness::default(), Events::default());
        let mut lifecycle = Lifecycle::new(readiness.clone());
        let say = |event: &'static str| {
            let events = Arc::clone(&events);
            move || events.lock().expect("events").push(event.to_owned())
        };
        let (stop, rest) = (lifecycle.stop_serving(), lifecycle.stop_rest());
        let (served, ended) = (say("stops serving"), say("is told to end"));
        let (leaving, is_leaving) = (lifecycle.leaving(), say("is leaving"));
        let is_ready = readiness.clone();
        lifecycle.serve("served", async move {
            stop.cancelled().await;
            assert!(!is_ready.report().is_ready(), "un-ready before it stops serving");
            if leaving.has_begun() {
                is_leaving();
            }
            // Whatever runs beside it has time to go wrong.
            for _ in 0..100 {
                yield_now().await;
            }
            served();
        });
        lifecycle.support("needed", async move {
            rest.cancelled().await;
            ended();
        });
        Self { lifecycle, readiness, events, asks: Arc::default() }
    }

    async fn run(self, config: ShutdownConfig) -> Result<(), LifecycleError> {
        let ended = self.lifecycle.run(&config, async || self.asks.notified().await);
        timeout(PATIENCE, ended).await.expect("it ends")
    }
}

fn told(events: &Events) -> Vec<String> {
    events.lock().expect("events").clone()
}

const IN_ORDER: [&str; 3] = ["is leaving", "stops serving", "is told to end"];

#[tokio::test]
async fn what_requests_need_ends_after_them_and_clients_were_told_before() {
    let process = Process::new();
    let (events, readiness) = (Arc::clone(&process.events), process.readiness.clone());
    assert!(readiness.report().is_ready());
    process.asks.notify_one();
    process.run(AT_ONCE).await.expect("as it was asked to");
    assert_eq!(told(&events), IN_ORDER);
}

#[tokio::test]
async fn a_task_that_ends_stops_the_others_in_order_and_is_the_reason() {
    let mut process = Process::new();
    let events = Arc::clone(&process.events);
    process.lifecycle.support("mortal", async {});
    let ended = process.run(AT_ONCE).await;
    assert!(matches!(ended, Err(LifecycleError::TaskEnded("mortal"))), "{ended:?}");
    assert_eq!(told(&events), IN_ORDER);
}

#[tokio::test]
async fn a_task_that_panics_stops_the_others_in_order_and_is_the_reason() {
    let mut process = Process::new();
    let events = Arc::clone(&process.events);
    process.lifecycle.serve("mortal", async { panic!("planted") });
    let ended = process.run(AT_ONCE).await;
    assert!(matches!(ended, Err(LifecycleError::TaskPanicked(_))), "{ended:?}");
    assert_eq!(told(&events), IN_ORDER);
}

#[tokio::test]
async fn a_task_that_panics_while_everything_stops_is_no_success() {
    let mut process = Process::new();
    let stop = process.lifecycle.stop_serving();
    process.lifecycle.serve("mortal", async move {
        stop.cancelled().await;
        panic!("planted");
    });
    process.asks.notify_one();
    let ended = process.run(AT_ONCE).await;
    assert!(matches!(ended, Err(LifecycleError::TaskPanicked(_))), "{ended:?}");
}

#[tokio::test]
async fn a_second_wish_waits_for_nothing() {
    let process = Process::new();
    let (asks, readiness) = (Arc::clone(&process.asks), process.readiness.clone());
    let began = Instant::now();
    let ask_twice = async {
        asks.notify_one();
        while readiness.report().is_ready() {
            yield_now().await;
        }
        asks.notify_one();
    };
    let (ended, ()) = tokio::join!(process.run(NEVER), ask_twice);
    assert!(matches!(ended, Err(LifecycleError::Aborted)), "{ended:?}");
    assert!(began.elapsed() < PATIENCE);
}

#[tokio::test]
async fn a_wish_while_the_process_of_a_dead_task_stops_is_the_first_one() {
    let mut process = Process::new();
    let (events, asks) = (Arc::clone(&process.events), Arc::clone(&process.asks));
    let stop = process.lifecycle.stop_serving();
    process.lifecycle.support("mortal", async {});
    process.lifecycle.serve("beside", async move {
        stop.cancelled().await;
        asks.notify_one();
    });
    let ended = process.run(AT_ONCE).await;
    assert!(matches!(ended, Err(LifecycleError::TaskEnded("mortal"))), "{ended:?}");
    assert_eq!(told(&events), IN_ORDER);
}
