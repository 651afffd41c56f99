//! What docs/migrations.md answers to its four questions is what this program answers.

use std::path::Path;
use std::process::Command;

use testkit::console::{Example, examples, masked};
use testkit::{Role, TestDatabase};

use crate::support::{application, of_schema, run};

const DOCUMENT: &str = include_str!("../../../../docs/migrations.md");
/// What is asked of a service instead; its own tests do.
const OF_A_SERVICE: &str = "curl ";

/// What a shell says to it, both its outputs, with this binary at hand.
fn said(database: &TestDatabase, example: &Example) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_migrator")).parent().expect("its folder");
    let path = format!("{}:/usr/bin:/bin", binary.display());
    let output = Command::new("sh")
        .args(["-c", &format!("{} 2>&1", example.command)])
        .env_clear()
        .env("PATH", path)
        .env("ATELIER_DATABASE__URL", database.url(Role::Admin))
        .env("ATELIER_LOG__LEVEL", "off")
        .output()
        .expect("a shell");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn the_four_questions_are_answered_as_the_document_says() {
    let database = of_schema(5).await;
    let by_hand = DOCUMENT.split_once("Somebody ran `").expect("what was done by hand").1;
    let by_hand = by_hand.split_once('`').expect("a statement").0;
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    run(&mut admin, by_hand).await.expect("changed by hand");
    let _old = application(&database, "atelier/order-status schema=4").await;
    let all = examples(DOCUMENT, "## Four questions");
    let ours: Vec<&Example> = all.iter().filter(|it| !it.command.starts_with(OF_A_SERVICE)).collect();
    assert_eq!((all.len(), ours.len()), (6, 5));
    for example in ours {
        let said = said(&database, example);
        assert_eq!(masked(&said), masked(&example.output), "$ {}\n{said}", example.command);
    }
}
