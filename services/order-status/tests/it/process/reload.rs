//! SIGHUP: the configuration is read again, and `database.read_only` taken from it.

use serde_json::{Value, json};
use testkit::{Role, TestDatabase};

use super::TemporaryFile;
use crate::support::program::Program;
use crate::support::{Instance, PATIENCE};

async fn until_writes(instance: &Instance, status: &str) {
    instance
        .until_readyz("the switch is turned", PATIENCE, |_, report: &Value| {
            report["conditions"]["writes"]["status"] == status
        })
        .await;
}

#[tokio::test]
async fn read_only_is_taken_from_the_file_at_sighup_and_a_broken_file_changes_nothing() {
    let database = TestDatabase::create().await.expect("a database");
    let file = TemporaryFile::new("reload", "");
    let program = Program::serve(
        &database.url(Role::Writer),
        &[("ATELIER_CONFIG", file.path()), ("ATELIER_SHUTDOWN__DELAY_MS", "0")],
    );
    let instance = program.instance().await;
    instance.until_ready().await;
    let order = instance.order().await;

    file.write("[database]\nread_only = true\n");
    program.signal("HUP");
    until_writes(&instance, "degraded").await;
    let refused = instance.buyer(order, "requested", true).await;
    assert_eq!((refused.status, &refused.json()["code"]), (503, &json!("read_only")), "{refused:?}");

    file.write("[database]\nread_onyl = false\n");
    program.signal("HUP");
    program.until_logged(&["the configuration cannot be read again"]).await;
    assert_eq!(instance.buyer(order, "requested", true).await.status, 503, "it stays as it was");

    file.write("[database]\nread_only = false\n");
    program.signal("HUP");
    until_writes(&instance, "ok").await;
    assert_eq!(instance.buyer(order, "requested", true).await.status, 200);

    program.signal("TERM");
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.output.contains("database.read_only"), "the nearest known key is named: {}", ended.output);
}
