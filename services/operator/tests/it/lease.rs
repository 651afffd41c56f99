//! The lease: one leads, the next one takes over what is not renewed, and nobody leads who could not say so.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use operator::lease::{Lease, Lost};
use tokio::time::{Instant, timeout};

use crate::api::Cluster;

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/shop/leases/operator";

fn lease(cluster: &Cluster, holder: &str) -> Lease {
    // Both believe that it is 1970: the time that is written in a lease decides nothing.
    Lease::new(cluster.client(), "shop", "operator", holder, Arc::new(|| Timestamp::UNIX_EPOCH))
}

#[tokio::test(start_paused = true)]
async fn the_second_waits_while_the_first_renews_and_leads_when_it_gives_back() {
    let cluster = Cluster::default();
    let (first, second) = (lease(&cluster, "one"), lease(&cluster, "two"));
    first.acquire().await;
    tokio::select! {
        _ = first.keep() => panic!("nobody took it"),
        () = second.acquire() => panic!("it was renewed all the time"),
        _ = timeout(Duration::from_mins(2), std::future::pending::<()>()) => {}
    }
    first.release().await;
    timeout(Duration::from_secs(6), second.acquire()).await.expect("at the next turn");
    assert_eq!(cluster.get(LEASE).expect("a lease")["spec"]["holderIdentity"], "two");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_renewed_is_taken_after_its_time_and_not_before() {
    let cluster = Cluster::default();
    lease(&cluster, "one").acquire().await;
    let begin = Instant::now();
    timeout(Duration::from_mins(1), lease(&cluster, "two").acquire()).await.expect("taken");
    assert!(begin.elapsed() >= Duration::from_secs(15), "{:?}", begin.elapsed());
    assert!(matches!(lease(&cluster, "one").keep().await, Lost::Taken { holder, .. } if holder == "two"));
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_renew_stops_before_another_may_begin() {
    let cluster = Cluster::default();
    let first = lease(&cluster, "one");
    first.acquire().await;
    cluster.refuse(Some(("PUT", 500)));
    let begin = Instant::now();
    assert!(matches!(first.keep().await, Lost::NotRenewed { .. }));
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
}
