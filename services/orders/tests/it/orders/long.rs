//! A list of ten thousand orders, gone through while new ones arrive.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::fixtures::{Row, insert, order};
use crate::support::World;

/// How many orders a filter looks at.
const LOOKED_AT: i64 = 5_000;

/// A filter that finds little goes on from page to page, and finds all there is.
#[tokio::test]
async fn a_filter_looks_at_so_many_orders_a_page_and_finds_each_once() {
    let world = World::start().await;
    let wanted = [3, 7, LOOKED_AT + 2, 2 * LOOKED_AT + 1];
    let some = |id| if wanted.contains(&id) { order(id).at("accepted") } else { order(id) };
    let all: Vec<Row> = (1..=2 * LOOKED_AT + 1).map(some).collect();
    for some in all.chunks(2000) {
        insert(&world.database, some).await;
    }
    for (owner, filter, pages) in [
        ("user/ada", "status=accepted", vec![vec![2 * LOOKED_AT + 1, LOOKED_AT + 2], vec![7, 3], vec![]]),
        ("created_by/maren", "status=accepted&limit=1", wanted.iter().rev().map(|id| vec![*id]).collect()),
        ("created_by/maren", "alert=true", vec![vec![], vec![]]),
        ("user/ada", "alert=true&status=requested", vec![vec![], vec![], vec![]]),
        ("user/nobody", "status=accepted", vec![vec![]]),
    ] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let answer = world.get(&format!("/orders/{owner}?{filter}{after}")).await;
            seen.push(answer.ids());
            let Some(next) = answer.next() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(seen, pages, "{owner}?{filter}");
    }
}

const ORDERS: i64 = 10_000;
const PAGE: usize = 50;

fn median(took: &[Duration]) -> Duration {
    let mut sorted = took.to_vec();
    sorted.sort();
    sorted[sorted.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_ten_thousand_orders_is_listed_once_in_order_while_new_ones_arrive() {
    let world = World::start().await;
    let paid: Vec<Row> = (1..=ORDERS).map(order).collect();
    for some in paid.chunks(2000) {
        insert(&world.database, some).await;
    }
    let (stop, mut stopped) = oneshot::channel::<()>();
    let arriving = async {
        let mut arrived = 0;
        while stopped.try_recv() == Err(TryRecvError::Empty) {
            arrived += 1;
            insert(&world.database, &[order(ORDERS + arrived)]).await;
        }
        arrived
    };
    let reading = async {
        let (mut seen, mut took, mut address) =
            (Vec::new(), Vec::new(), format!("/orders/user/ada?limit={PAGE}"));
        loop {
            let answer = world.get(&address).await;
            seen.extend(answer.ids());
            took.push(answer.took);
            let Some(next) = answer.next() else { break };
            address = format!("/orders/user/ada?limit={PAGE}&after={next}");
        }
        drop(stop);
        (seen, took)
    };
    let (arrived, (seen, took)) = tokio::join!(arriving, reading);

    let newest = *seen.first().expect("a page");
    assert!(newest >= ORDERS, "the list began with what was there: {newest}");
    assert_eq!(seen, (1..=newest).rev().collect::<Vec<i64>>(), "each once, newest first");
    let (first, last) = (median(&took[1..21]), median(&took[took.len() - 21..took.len() - 1]));
    let ratio = last.as_secs_f64() / first.as_secs_f64();
    println!(
        "{} pages while {arrived} orders arrived; the last ones took {ratio:.2} of the first ones' time",
        took.len()
    );
    assert!(arrived > 0 && took.len() >= 200);
    assert!(ratio < 5.0, "a page far down must not cost more: {first:?}, {last:?}");
}
