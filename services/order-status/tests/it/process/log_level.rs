//! `PUT /loglevel`: what is logged changes while the program runs.

use serde_json::{Value, json};

use crate::support::Instance;
use crate::support::program::Program;

/// Asks for a path that is not there; the id by which its line can be found.
async fn asked(instance: &Instance) -> String {
    let answer = instance.get("/nothing").await;
    answer.header("x-request-id").expect("an id").to_owned()
}

#[tokio::test]
async fn the_level_changes_while_it_runs_and_a_level_that_is_none_changes_nothing() {
    let more = [("ATELIER_LOG__LEVEL", "info,request=error"), ("ATELIER_SHUTDOWN__DELAY_MS", "0")];
    let program = Program::serve("postgres://nobody@127.0.0.1:1/none", &more);
    let instance = program.instance().await;
    let silent = asked(&instance).await;

    assert_eq!(instance.put_ops("/loglevel", &json!("info")).await.0, 200);
    let told = asked(&instance).await;
    program.until_logged(&[&told]).await;

    for wrong in [json!("loud"), json!("request=loud"), json!("a=b=c")] {
        let (status, said) = instance.put_ops("/loglevel", &wrong).await;
        assert_eq!(status, 400, "{wrong}: {said}");
        assert!(said.contains("a level (off, error"), "{said}");
    }
    let still_told = asked(&instance).await;
    program.until_logged(&[&still_told]).await;

    assert_eq!(instance.put_ops("/loglevel", &json!("info,request=off")).await.0, 200);
    let silent_again = asked(&instance).await;
    program.signal("TERM");
    let ended = program.end().await;
    let lines = ended.output.lines().filter(|line| line.contains("\"request\""));
    let ids: Vec<Value> =
        lines.map(|line| serde_json::from_str::<Value>(line).unwrap()["request_id"].clone()).collect();
    assert_eq!(ids, [told, still_told], "neither {silent} nor {silent_again}");
}
