//! The gateway's secret is exchanged as docs/edge.md says while requests come; and files that cannot be used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use testkit::wait;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::PATIENCE;
use crate::client::{Answer, Client};
use crate::double::Double;
use crate::nginx::{GATEWAY_SECRET, Nginx, Site};
use crate::system::{System, order, token};

const NEXT: &str = "planted-gateway-secret-9876543210zyxwv";
const READ_AGAIN: &str = "were read again";
/// Of each of the callers below.
const PERIOD: Duration = Duration::from_millis(20);
const CALLERS: usize = 4;
/// Enough to be sure of the state that things are in.
const MANY: usize = 150;

/// Reads by somebody who is known, on and on.
struct Load {
    succeeded: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    callers: JoinSet<Vec<String>>,
}

impl Load {
    fn start(client: &Client, path: &str) -> Self {
        let (succeeded, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            // A connection that nobody uses is closed when NGINX reads its files again, as when it ends: HTTP's own race.
            let (client, path) = (client.unconnected(), path.to_owned());
            let (succeeded, is_over) = (Arc::clone(&succeeded), Arc::clone(&is_over));
            callers.spawn(async move {
                let mut ticks = interval(PERIOD);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                let mut failures = Vec::new();
                while !is_over.load(Ordering::SeqCst) {
                    ticks.tick().await;
                    let request = client.request(Method::GET, &path).bearer_auth(token("ada"));
                    match Answer::attempt(request).await {
                        Ok(answer) if answer.status == 200 => {
                            succeeded.fetch_add(1, Ordering::SeqCst);
                        }
                        failed => failures.push(format!("{failed:?}")),
                    }
                }
                failures
            });
        }
        Self { succeeded, is_over, callers }
    }

    /// Waits until many more succeeded.
    async fn goes_on(&self) {
        let enough = self.succeeded.load(Ordering::SeqCst) + MANY;
        let more = || async { (self.succeeded.load(Ordering::SeqCst) >= enough).then_some(()) };
        wait::until("many more requests", PATIENCE, more).await.expect("they succeed");
    }

    async fn end_without_failure(self) -> usize {
        self.is_over.store(true, Ordering::SeqCst);
        let failures = self.callers.join_all().await.concat();
        let succeeded = self.succeeded.load(Ordering::SeqCst);
        assert!(
            failures.is_empty(),
            "{} of {succeeded} failed: {:?}",
            failures.len(),
            &failures[..failures.len().min(3)]
        );
        succeeded
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nginx"]
async fn while_the_gateway_s_secret_is_exchanged_no_request_fails() {
    let (system, nginx) = System::with_edge().await;
    let path = format!("/orders/{}", order(&nginx.client()).await);
    let load = Load::start(&nginx.client(), &path);
    load.goes_on().await;
    // First it is known, then it is used, then the one before is forgotten. Files are read again within a second.
    for text in
        [format!("{GATEWAY_SECRET}\n{NEXT}\n"), format!("{NEXT}\n{GATEWAY_SECRET}\n"), format!("{NEXT}\n")]
    {
        let times = nginx.said(READ_AGAIN);
        system.secrets.write(&text).expect("written");
        load.goes_on().await;
        nginx.secret.write(&text).expect("written");
        nginx.until_said(READ_AGAIN, times).await;
        load.goes_on().await;
    }
    println!("{} requests, none failed", load.end_without_failure().await);
    // That it was exchanged: the service knows the old one no more.
    nginx.secret.write(GATEWAY_SECRET).expect("written");
    let locked_out =
        || async { (nginx.client().get(&path, &token("ada")).await.status == 401).then_some(()) };
    wait::until("the old secret opens nothing", PATIENCE, locked_out).await.expect("it does not");
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn files_that_cannot_be_used_leave_what_was_and_are_told() {
    let behind = Double::start(200, &[("x-user-id", "ada")]).await;
    let nginx = Nginx::start(&Site::before(behind.address)).await;
    for wrong in
        ["", "short", "a secret with blanks and 32 characters", "injected0123456789012345678901234;}"]
    {
        let times = nginx.said("cannot be used");
        nginx.secret.write(wrong).expect("written");
        nginx.until_said("cannot be used", times).await;
        assert_eq!(nginx.client().get("/orders/7", "t").await.status, 200);
    }
    let told = behind.arrived();
    assert_eq!(told.last().expect("a request").all("x-gateway-secret"), [GATEWAY_SECRET]);
    let times = nginx.said(READ_AGAIN);
    nginx.secret.write(NEXT).expect("written");
    nginx.until_said(READ_AGAIN, times).await;
    let changed = || async {
        nginx.client().get("/orders/7", "t").await;
        (behind.arrived().last()?.all("x-gateway-secret") == [NEXT]).then_some(())
    };
    wait::until("the next secret is shown", PATIENCE, changed).await.expect("it is");
    assert!(!nginx.written().contains("planted"), "{}", nginx.written());
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn asked_to_end_it_finishes_what_it_has_and_ends_well() {
    let behind = Double::start(200, &[("x-user-id", "ada")]).await;
    let nginx = Nginx::start(&Site::before(behind.address)).await;
    assert_eq!(nginx.client().get("/orders/7", "t").await.status, 200);
    let address = nginx.address;
    assert_eq!(nginx.end().await, Some(0));
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody is left");
}
