//! One caller who asks for far more than there is gets no other caller refused: each has a fair share of every queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use testkit::wait;

use super::callers::{As, Mode, OPERATOR, REQUESTER};
use crate::support::{App, PATIENCE};

/// As many requests of the greedy caller are under way at any moment.
const GREEDY: usize = 64;

/// One connection and a short queue, so that the greedy caller fills it many times over; nobody's time is up meanwhile.
const NARROW: [(&str, &str); 5] = [
    ("ATELIER_DATABASE__BATCH_ITEMS_MAX", "1"),
    ("ATELIER_DATABASE__READ_CONNECTIONS", "1"),
    ("ATELIER_DATABASE__WRITE_CONNECTIONS", "1"),
    ("ATELIER_DATABASE__QUEUE_ITEMS_MAX", "8"),
    ("ATELIER_DATABASE__ITEM_DEADLINE_MS", "20000"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_floods_the_service_is_refused_and_another_is_not() {
    let app = Arc::new(App::start_with(&[Mode::Token.settings(), &NARROW].concat()).await);
    let order = As(&app, REQUESTER).order().await;
    let path = format!("/orders/{order}/status");
    let (done, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let floods: Vec<_> = (0..GREEDY)
        .map(|_| {
            let (app, path, done, refused) = (app.clone(), path.clone(), done.clone(), refused.clone());
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    let answer = As(&app, REQUESTER).get(&path).await;
                    match answer.status {
                        200 => {}
                        503 if answer.json()["code"] == "overloaded" => {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                        _ => panic!("{answer:?}"),
                    }
                }
            })
        })
        .collect();
    let flooded = || async { (refused.load(Ordering::Relaxed) > GREEDY).then_some(()) };
    wait::until("the queue is full", PATIENCE, flooded).await.expect("the greedy caller is refused");

    let before = refused.load(Ordering::Relaxed);
    for _ in 0..100 {
        let answer = As(&app, OPERATOR).get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert!(refused.load(Ordering::Relaxed) > before, "the queue was full all the while");

    done.store(true, Ordering::Relaxed);
    for flood in floods {
        flood.await.expect("nothing but 200 and overloaded");
    }
}
