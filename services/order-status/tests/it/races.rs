//! Many callers at once: nobody gets a 500, nothing is lost, and each answer is about its own caller's move.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::support::foreign::Lock;
use crate::support::{Answer, App, BUYER, Instance, MAKER, PATIENT};

#[tokio::test]
async fn of_fifty_creates_of_one_id_one_is_201_and_the_others_are_the_duplicate_answer() {
    let app = App::start().await;
    for order_id in [7, 8, 9] {
        let attempts = (0..50).map(|caller| {
            let body =
                json!({"order_id": order_id, "requester_id": format!("buyer-{caller}"), "created_by": MAKER});
            let app = &app;
            async move { app.post(&body).await }
        });
        let answers = join_all(attempts).await;
        let (created, refused): (Vec<&Answer>, Vec<&Answer>) =
            answers.iter().partition(|answer| answer.status == 201);
        assert_eq!((created.len(), refused.len()), (1, 49));
        for answer in refused {
            answer.refused(409, "order_exists", "The order ID already exists");
        }
        assert_eq!(app.get(&format!("/orders/{order_id}")).await.json(), created[0].order());
    }
    app.finish().await;
}

#[tokio::test]
async fn fifty_creates_without_an_id_get_fifty_ids() {
    let app = App::start().await;
    let taken = 5;
    let body = json!({"order_id": taken, "requester_id": BUYER, "created_by": MAKER});
    assert_eq!(app.post(&body).await.status, 201);
    let ids: HashSet<i64> = join_all((0..50).map(|_| app.order())).await.into_iter().collect();
    assert_eq!(ids.len(), 50);
    assert!(!ids.contains(&taken));
    app.finish().await;
}

/// A move that either party makes of an order, by its number: both directions of every flag, the buyer's and the maker's.
async fn nth_move(instance: &Instance, order_id: i64, number: usize) -> Answer {
    let new_value = (number / 6).is_multiple_of(2);
    match number % 6 {
        0 => instance.buyer(order_id, "requested", new_value).await,
        1 => instance.maker(order_id, "accepted", new_value).await,
        2 => instance.maker(order_id, "completed", new_value).await,
        3 => instance.buyer(order_id, "paid", true).await,
        4 => instance.buyer(order_id, "alert", new_value).await,
        _ => instance.maker(order_id, "alert", new_value).await,
    }
}

/// Asserts that each version belongs to one answer, that each answer shows its own caller's write, and that nothing is lost.
async fn check_history(app: &App, order_id: i64, answers: &[(usize, Answer)]) {
    let mut by_version: Vec<(i64, String)> = Vec::new();
    for (_, answer) in answers.iter().filter(|(_, answer)| answer.status == 200) {
        let order = answer.order();
        let version = order["version"].as_i64().expect("a version");
        assert_eq!(answer.header("etag"), Some(format!("\"{version}\"").as_str()));
        by_version.push((version, order.to_string()));
    }
    by_version.sort();
    by_version.dedup();
    let versions: HashSet<i64> = by_version.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions.len(), by_version.len(), "two answers tell one version differently: {by_version:?}");

    let now = app.status(order_id).await.json()["version"].as_i64().expect("a version");
    assert_eq!(app.events(order_id).await, now, "an event for each version");
    // Every version above the first was somebody's move, and each mover was told.
    for version in 2..=now {
        assert!(versions.contains(&version), "nobody was told of version {version} of {now}");
    }
    assert!(now > 2, "hardly anything moved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_moves_of_one_order_by_both_parties_lose_nothing() {
    let app = App::start_with(&PATIENT).await;
    let order_id = app.order().await;
    let moves = (0..200).map(|number| {
        let app = &app;
        async move { (number, nth_move(app, order_id, number).await) }
    });
    let answers = join_all(moves).await;
    for (_, answer) in &answers {
        assert!(matches!(answer.status, 200 | 403 | 409), "{answer:?}");
    }
    // 403 is for an alert that the other party raised; every other refusal is the ladder's.
    for (number, answer) in answers.iter().filter(|(_, answer)| answer.status == 403) {
        assert!(number % 6 >= 4, "move {number}: {answer:?}");
    }
    check_history(&app, order_id, &answers).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_services_on_one_database_lose_nothing_either() {
    let app = App::start_with(&PATIENT).await;
    let second = app.second(&PATIENT).await;
    let order_id = app.order().await;
    let moves = (0..120).map(|number| {
        let instance: &Instance = if number % 2 == 0 { &app } else { &second };
        // Both services get moves of both parties and both directions.
        async move { (number / 2, nth_move(instance, order_id, number / 2).await) }
    });
    let answers = join_all(moves).await;
    for (_, answer) in &answers {
        assert!(matches!(answer.status, 200 | 403 | 409 | 503), "{answer:?}");
        if answer.status == 503 {
            assert_eq!(answer.json()["code"], "contended", "{answer:?}");
        }
    }
    check_history(&app, order_id, &answers).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_buyer_who_withdraws_while_the_maker_accepts_one_of_them_wins_each_of_a_hundred_rounds() {
    let app = App::start_with(&PATIENT).await;
    let mut withdrawn = 0;
    for _ in 0..100 {
        let order_id = app.order_at("requested").await;
        let (withdraw, accept) =
            tokio::join!(app.buyer(order_id, "requested", false), app.maker(order_id, "accepted", true));
        match (withdraw.status, accept.status) {
            (200, 409) => {
                accept.refused(409, "earlier_stage_missing", "Cannot set accepted before requested");
                assert_eq!(withdraw.order()["status"], "created");
                withdrawn += 1;
            }
            (409, 200) => {
                withdraw.refused(409, "later_stages", "Cannot modify requested after later stages");
                assert_eq!(accept.order()["status"], "accepted");
            }
            _ => panic!("{withdraw:?} {accept:?}"),
        }
        assert_eq!(app.events(order_id).await, 3);
    }
    println!("the buyer was first in {withdrawn} of 100 rounds");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flag_set_true_and_false_at_once_shows_each_caller_their_own_write() {
    let app = App::start_with(&PATIENT).await;
    for _ in 0..40 {
        let order_id = app.order().await;
        let (yes, no) =
            tokio::join!(app.buyer(order_id, "requested", true), app.buyer(order_id, "requested", false));
        let (yes, no) = (yes.order(), no.order());
        assert_eq!((&yes["requested"], &yes["version"]), (&json!(true), &json!(2)));
        assert_eq!(no["requested"], false);
        // Either it was false still, or it is false again.
        assert!(no["version"] == 1 || no["version"] == 3, "{no}");
        let now = app.status(order_id).await.json();
        assert_eq!(now["requested"], json!(no["version"] == 1));
    }
    app.finish().await;
}

#[tokio::test]
async fn a_row_that_a_foreign_session_holds_delays_its_own_moves_only_and_until_their_deadline() {
    let deadline = Duration::from_millis(800);
    let app = App::start_with(&[("ATELIER_DATABASE__ITEM_DEADLINE_MS", "800")]).await;
    let (held, free) = (app.order().await, app.order().await);
    let lock = Lock::order(&app.database, held).await;
    let started = Instant::now();
    let others = async {
        for new_value in [true, false] {
            assert_eq!(app.get(&format!("/orders/{held}")).await.status, 200);
            assert_eq!(app.status(held).await.status, 200);
            assert_eq!(app.buyer(free, "requested", new_value).await.status, 200);
            assert_eq!(app.status(free).await.status, 200);
        }
        started.elapsed()
    };
    let move_of_held = async { (app.buyer(held, "requested", true).await, started.elapsed()) };
    let ((answer, took), others_took) = tokio::join!(move_of_held, others);
    let detail = "Others keep changing or holding this; nothing was changed, try again shortly";
    answer.refused(503, "contended", detail);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(took > deadline / 2 && took < deadline * 2, "{took:?}");
    assert!(others_took < took, "the others took {others_took:?}");

    lock.release().await;
    assert_eq!(app.buyer(held, "requested", true).await.order()["version"], 2);
    app.finish().await;
}

#[tokio::test]
async fn a_row_that_is_let_go_in_time_is_moved() {
    let app = App::start_with(&PATIENT).await;
    let order_id = app.order().await;
    let lock = Lock::order(&app.database, order_id).await;
    let (answer, ()) = tokio::join!(app.buyer(order_id, "requested", true), async {
        app.until_active(1.0).await;
        assert_eq!(app.events(order_id).await, 1, "it was not moved while it was held");
        lock.release().await;
    });
    assert_eq!(answer.order()["version"], 2);
    app.finish().await;
}

#[tokio::test]
async fn everybody_who_waits_for_a_held_row_is_told_that_it_is_contended_and_no_connection_is_lost() {
    let app = App::start_with(&[("ATELIER_DATABASE__ITEM_DEADLINE_MS", "400")]).await;
    let order_id = app.order().await;
    let lock = Lock::order(&app.database, order_id).await;
    for _ in 0..3 {
        for answer in join_all((0..64).map(|_| app.buyer(order_id, "requested", true))).await {
            assert_eq!((answer.status, &answer.json()["code"]), (503, &json!("contended")), "{answer:?}");
        }
    }
    assert_eq!(
        app.series("db_reconnects_total").await,
        [],
        "connections were given up for somebody else's lock"
    );
    lock.release().await;
    app.finish().await;
}
