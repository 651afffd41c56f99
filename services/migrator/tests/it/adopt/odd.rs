//! Rows that nobody should have, and that an old database has all the same.

use std::collections::BTreeMap;

use sqlx::query_scalar;
use testkit::Role;

use super::old::{Old, adopt};
use crate::support::{create, migrated};

const ODD: &str = r#"
    ALTER TABLE orders ALTER COLUMN order_id TYPE bigint;
    ALTER TABLE customs ALTER COLUMN id TYPE bigint, ALTER COLUMN cost_initial TYPE double precision, ALTER COLUMN created_at DROP DEFAULT;
    INSERT INTO orders (requester_id) VALUES (NULL);
    INSERT INTO orders (order_id, requester_id, created_by, requested) VALUES
        (9007199254740991, 'u', 'm', true), (9007199254740992, 'u', 'm', true), (-4, 'u', 'm', true), (0, 'u', 'm', true),
        (7, NULL, NULL, NULL), (8, 'u', repeat('m', 256), true), (9, ' u', 'm', true), (10, 'u', 'm', true), (11, 'u', 'm', true);
    INSERT INTO customs (id, custom_params, cost_initial, cost_final, state, created_at) VALUES
        (-1, NULL, NULL, NULL, NULL, NULL), (7, NULL, NULL, NULL, NULL, NULL), (9223372036854775807, NULL, NULL, NULL, NULL, NULL);
    INSERT INTO customs (id, user_id, created_by, custom_params, cost_initial, cost_final, created_at) VALUES
        (8, 'u', 'm', to_jsonb(repeat('x', 10000000)), 'Infinity', 10000000000, '294276-12-31'),
        (9, 'u', 'm', '"\"{}\""', 0.1, 0.999, '4713-01-01 BC'),
        (10, 'u', 'm', '"{\"a\": 1e-20000}"', 1e300, 0, '2024-03-31 02:30:00'),
        (11, 'u', 'm', '"{\"b\": 1, \"b\": 2, \"a\": \"\\ud83d\\ude00\"}"', 0, 0, '2024-01-01');
"#;

#[tokio::test]
async fn what_is_beyond_all_bounds_is_told_and_keeps_nobody_out() {
    let mut old = Old::of(0).await;
    old.run(ODD).await;
    let (database, mut admin) = migrated(Role::Admin).await;
    crate::support::run(&mut admin, &create(11)).await.expect("an order of the new system");
    let mut how = old.how();
    how.time_zone = "Europe/Berlin".to_owned();
    let (done, report) = adopt(&database, &how).await.expect("adopted");
    let found: BTreeMap<&str, i64> = done.findings.iter().map(|found| (found.rule, found.rows)).collect();
    let expected = [
        ("cost_rounded", 1),
        ("cost_unusable", 2),
        ("created_at_missing", 3),
        ("creator_unusable", 1),
        ("flag_missing", 1),
        ("id_taken", 1),
        ("no_creator", 1),
        ("no_custom", 1),
        ("no_order_id", 6),
        ("no_requester", 1),
        ("params_no_object", 1),
        ("params_too_large", 1),
        ("refused", 1),
        ("requester_differs", 0),
        ("requester_unusable", 1),
        ("state_unknown", 1),
    ];
    let expected: BTreeMap<&str, i64> = expected.into_iter().filter(|(_, rows)| *rows > 0).collect();
    assert_eq!(found, expected, "{report}");
    assert_eq!((done.adopted, done.verified), (3, Some(3)), "8, 9 and the highest");
    assert_eq!(done.ids_from, Some(12), "the highest id of all does not end the sequence");
    let params: String = query_scalar("SELECT custom_params::text FROM atelier.orders WHERE order_id = 9")
        .fetch_one(&mut admin)
        .await
        .expect("an order");
    assert_eq!(params, r#"{"value": "\"{}\""}"#, "one level is unpacked, as the services do");
    database.check_history_law().await.expect("the law holds");
    let (again, same) = adopt(&database, &how).await.expect("again");
    assert_eq!((again.adopted, again.changed, same), (0, 0, report));
}
