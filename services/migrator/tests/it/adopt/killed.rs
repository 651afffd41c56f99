//! The real program, killed three times on its way: the next one goes on, and what comes of it is what an undisturbed run makes.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use sqlx::query_scalar;
use testkit::{Role, TestDatabase};

use super::old::{Old, adopt};
use crate::support::{CONNECTED, DEADLINE, count, migrated};

fn adopting(old: &Old, database: &TestDatabase, csv: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_migrator"))
        .args(["adopt", "--from", &old.database.url(Role::Admin), "--batch-rows", "20", "--csv", csv])
        .env_clear()
        .env("ATELIER_DATABASE__URL", database.url(Role::Owner))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs")
}

/// All that an adoption makes, but for the moments.
const ALL: &str = "SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
    SELECT concat_ws(' ', order_id, requester_id, created_by, stage, alert, version, model_id, custom_params, cost_initial, cost_final, created_at)
    FROM atelier.orders
    UNION ALL SELECT concat_ws(' ', order_id, version, state_type, new_value, from_stage, to_stage, actor, role) FROM atelier.order_events
    UNION ALL SELECT concat_ws(' ', order_id, source_hash, version) FROM atelier.schema_meta_adopted
) AS lines (line)";

async fn all(database: &TestDatabase) -> String {
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    query_scalar(ALL).fetch_one(&mut admin).await.expect("a hash")
}

#[tokio::test]
async fn three_deaths_on_the_way_change_nothing_of_the_end() {
    let old = Old::of(2000).await;
    let (database, _admin) = migrated(Role::Admin).await;
    let csv = std::env::temp_dir().join(format!("adoption-{}.csv", std::process::id()));
    let file = csv.to_string_lossy().into_owned();
    for at in [300, 800, 1400] {
        let mut killed = adopting(&old, &database, &file);
        testkit::wait::until("it comes so far", DEADLINE, || async {
            let mut admin = database.connect(Role::Admin).await.ok()?;
            let reached = "SELECT done_to FROM atelier.schema_meta_adoption";
            let done_to: i64 = query_scalar(reached).fetch_one(&mut admin).await.ok()?;
            (done_to >= at).then_some(())
        })
        .await
        .expect("it goes on");
        killed.kill().expect("killed");
        assert_eq!(killed.wait().expect("gone").signal(), Some(9), "it was at work at {at}");
        count(&database, CONNECTED, 0).await;
    }
    assert!(!csv.exists(), "half a report is none");
    let status = adopting(&old, &database, &file).wait().expect("ended");
    assert!(status.success(), "{status}");

    let (undisturbed, _) = migrated(Role::Admin).await;
    let (_, report) = adopt(&undisturbed, &old.how()).await.expect("adopted");
    assert_eq!(std::fs::read_to_string(&csv).expect("the report"), report);
    assert_eq!(all(&database).await, all(&undisturbed).await);
    database.check_history_law().await.expect("the law holds");
    std::fs::remove_file(&csv).expect("removed");
}
