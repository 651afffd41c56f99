//! Going through a list page by page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use testkit::wait;

use super::List;
use crate::fixtures::{Row, insert, order, raise_epoch};
use crate::support::{Answer, PATIENCE, World};

/// Ada's paid orders with these ids, and between them what must not show: unpaid ones and other people's.
async fn world_of(list: List, ids: impl IntoIterator<Item = i64>) -> World {
    let world = World::start().await;
    let orders: Vec<Row> = ids
        .into_iter()
        .flat_map(|id| {
            [
                list.owned(order(id), "ada"),
                list.owned(order(id + 1), "ada").at("completed").alerted(),
                list.owned(order(id + 2), "bob"),
            ]
        })
        .collect();
    insert(&world.database, &orders).await;
    world
}

/// 10, 20, 30 … up to the last.
fn tens(last: i64) -> impl DoubleEndedIterator<Item = i64> {
    (1..=last / 10).map(|number| number * 10)
}

async fn page(world: &World, list: List, query: &str, after: Option<&str>) -> Answer {
    let after = after.map(|cursor| format!("&after={cursor}")).unwrap_or_default();
    world.get(&format!("{}?{query}{after}", list.path("ada"))).await
}

/// The first page's cursor.
async fn cursor(world: &World, list: List, query: &str) -> String {
    page(world, list, query, None).await.next().expect("there is a next page")
}

/// All pages, by one query each.
async fn all_pages(world: &World, list: List, mut query: impl FnMut(usize) -> String) -> Vec<Vec<i64>> {
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let answer = page(world, list, &query(pages.len()), after.as_deref()).await;
        pages.push(answer.ids());
        after = answer.next();
        if after.is_none() {
            return pages;
        }
        assert!(pages.len() < 1000, "the pages never end");
    }
}

pub(super) async fn pages_hold_each_order_once_in_order(list: List) {
    let world = world_of(list, tens(170)).await;
    let expected: Vec<i64> = tens(170).rev().collect();
    for limit in [1, 5, 16, 17, 200] {
        let pages = all_pages(&world, list, |_| format!("limit={limit}")).await;
        assert!(pages.iter().rev().skip(1).all(|page| page.len() == limit), "only the last may be shorter");
        assert_eq!(pages.concat(), expected, "limit {limit}");
    }
}

pub(super) async fn the_limit_may_change_from_page_to_page(list: List) {
    let world = world_of(list, tens(170)).await;
    let limits = [3, 1, 7, 2, 200];
    let pages = all_pages(&world, list, |page| format!("limit={}", limits[page])).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 7, 2, 4]);
    assert_eq!(pages.concat(), tens(170).rev().collect::<Vec<i64>>());
}

pub(super) async fn orders_that_arrive_meanwhile_shift_no_page(list: List) {
    let world = world_of(list, tens(100)).await;
    let mut seen = Vec::new();
    let mut after = None;
    for new in 1000.. {
        let answer = page(&world, list, "limit=3", after.as_deref()).await;
        seen.extend(answer.ids());
        after = answer.next();
        if after.is_none() {
            break;
        }
        insert(&world.database, &[list.owned(order(new), "ada")]).await;
    }
    assert_eq!(seen, tens(100).rev().collect::<Vec<i64>>());
    assert_eq!(page(&world, list, "limit=1", None).await.ids(), [1002]);
}

pub(super) async fn the_link_leads_through_the_same_pages(list: List) {
    let world = world_of(list, tens(60)).await;
    let mut address = format!("{}?status=all&limit=5", list.path("ada"));
    let mut seen = Vec::new();
    loop {
        let answer = world.get(&address).await;
        seen.extend(answer.ids());
        let Some(next) = answer.next() else {
            assert_eq!(answer.header("link"), "", "the last page leads nowhere");
            break;
        };
        let link =
            answer.header("link").strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\""));
        let query = link.expect("a link to the next page");
        assert_eq!(query, format!("?status=all&limit=5&after={next}"));
        address = format!("{}{query}", list.path("ada"));
    }
    assert_eq!(seen, tens(60).flat_map(|id| [id, id + 1]).rev().collect::<Vec<i64>>());
}

pub(super) async fn a_full_last_page_has_no_next(list: List) {
    let world = world_of(list, [10, 20, 30, 40]).await;
    let first = page(&world, list, "limit=2", None).await;
    let second = page(&world, list, "limit=2", first.next().as_deref()).await;
    assert_eq!((second.ids(), second.next()), (vec![20, 10], None));
    let whole = page(&world, list, "limit=4", None).await;
    assert_eq!((whole.ids().len(), whole.next()), (4, None));
}

pub(super) async fn filtered_lists_are_paged_too(list: List) {
    let world = world_of(list, tens(60)).await;
    for (filter, expected) in [
        ("status=all", tens(60).flat_map(|id| [id, id + 1]).rev().collect::<Vec<i64>>()),
        ("status=completed&alert=true", tens(60).map(|id| id + 1).rev().collect()),
        ("status=all&alert=false", tens(60).rev().collect()),
        ("alert=true", Vec::new()),
    ] {
        let pages = all_pages(&world, list, |_| format!("{filter}&limit=4")).await;
        assert_eq!(pages.concat(), expected, "{filter}");
    }
}

pub(super) async fn a_malformed_cursor_is_400(list: List) {
    let world = world_of(list, [10, 20]).await;
    let good = cursor(&world, list, "limit=1").await;
    assert!(good.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{good}");
    let bytes = URL_SAFE_NO_PAD.decode(&good).expect("base64url");
    let changed = |place: usize, by: u8| {
        let mut bytes = bytes.clone();
        bytes[place] ^= by;
        URL_SAFE_NO_PAD.encode(bytes)
    };
    // Format, epoch and hash must be right to the bit; the position between them is free, it carries no authority.
    let mut bad: Vec<String> = (0..5).chain(13..bytes.len()).map(|place| changed(place, 1)).collect();
    bad.extend(["", "x", "10", "%00", "%FF", "null", "===="].map(str::to_owned));
    bad.extend([
        format!("{good}A"),
        format!("{good}="),
        good[1..].to_owned(),
        good[..good.len() - 1].to_owned(),
    ]);
    bad.push("A".repeat(5000));
    for after in bad {
        let answer = page(&world, list, "limit=1", Some(&after)).await;
        answer.assert_problem(400, "bad_cursor");
    }
    assert_eq!(page(&world, list, "limit=1", Some(&good)).await.ids(), [10]);
}

pub(super) async fn a_cursor_to_where_no_order_can_be_is_400(list: List) {
    let world = world_of(list, [10, 20]).await;
    let good = cursor(&world, list, "limit=1").await;
    for position in [i64::MIN, -1, 0, 1 << 53, i64::MAX] {
        let mut bytes = URL_SAFE_NO_PAD.decode(&good).expect("base64url");
        bytes[5..13].copy_from_slice(&position.to_be_bytes());
        let answer = page(&world, list, "limit=1", Some(&URL_SAFE_NO_PAD.encode(bytes))).await;
        answer.assert_problem(400, "bad_cursor");
    }
}

pub(super) async fn a_cursor_of_another_owner_is_400(list: List) {
    let world = world_of(list, [10, 20]).await;
    let good = cursor(&world, list, "limit=1").await;
    for other in ["bob", "Ada", "nobody"] {
        let answer = world.get(&format!("{}?limit=1&after={good}", list.path(other))).await;
        answer.assert_problem(400, "bad_cursor");
    }
}

pub(super) async fn a_cursor_of_another_filter_is_400(list: List) {
    let world = world_of(list, [10, 20]).await;
    let good = cursor(&world, list, "limit=1").await;
    // Saying the default aloud changes nothing.
    assert_eq!(page(&world, list, "status=paid", Some(&good)).await.ids(), [10]);
    for filter in ["status=all", "status=completed", "alert=true", "alert=false"] {
        page(&world, list, filter, Some(&good)).await.assert_problem(400, "bad_cursor");
    }
    let unfiltered = cursor(&world, list, "status=all&limit=1").await;
    page(&world, list, "status=all&alert=false", Some(&unfiltered)).await.assert_problem(400, "bad_cursor");
}

pub(super) async fn a_cursor_of_the_other_list_is_400(list: List) {
    let world = World::start().await;
    let both = |id| order(id).of("ada").by("ada");
    insert(&world.database, &[both(10), both(20)]).await;
    let good = cursor(&world, list, "limit=1").await;
    page(&world, list.other(), "limit=1", Some(&good)).await.assert_problem(400, "bad_cursor");
}

pub(super) async fn a_cursor_of_before_a_restore_is_400(list: List) {
    let world = world_of(list, [10, 20]).await;
    let before = cursor(&world, list, "limit=1").await;
    assert_eq!(page(&world, list, "limit=1", Some(&before)).await.ids(), [10]);
    raise_epoch(&world.database).await;
    let refused = wait::until("the service sees the new epoch", PATIENCE, || async {
        let answer = page(&world, list, "limit=1", Some(&before)).await;
        (answer.status != 200).then_some(answer)
    })
    .await
    .expect("the old cursor is refused");
    refused.assert_problem(400, "bad_cursor");
    let after = cursor(&world, list, "limit=1").await;
    assert_eq!(page(&world, list, "limit=1", Some(&after)).await.ids(), [10]);
}
