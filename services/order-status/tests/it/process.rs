//! The real binary: how it starts, refuses to start, answers questions about its configuration, and stops.

mod configuration;
mod dead_task;
mod first;
mod log_level;
mod reload;
mod stopping;

use std::path::PathBuf;

use crate::support::program::Program;

/// A file that is removed with this value.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("order-status-{}-{name}.toml", std::process::id()));
        let file = Self(path);
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).expect("written");
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path in UTF-8")
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn it_says_its_version() {
    let ended = Program::run(&["--version"], &[]).await;
    assert_eq!(
        (ended.code, ended.output.as_str()),
        (Some(0), concat!("order-status ", env!("CARGO_PKG_VERSION")))
    );
}

#[tokio::test]
async fn a_command_line_that_is_wrong_is_refused_in_words() {
    let ended = Program::run(&["--no-such-thing"], &[]).await;
    assert_eq!(ended.code, Some(64));
    assert!(ended.errors.contains("--no-such-thing"), "{ended:?}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_exit_1_with_a_sentence_that_names_it_and_why() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for key in ["ATELIER_LISTEN", "ATELIER_OPS_LISTEN"] {
        let program = Program::serve("postgres://nobody@127.0.0.1:1/none", &[(key, &address)]);
        let ended = program.end().await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let said = format!("{}\n{}", ended.output, ended.errors);
        assert!(said.contains(&format!("cannot listen on {address}")), "{key}: {said}");
        assert!(said.to_lowercase().contains("in use"), "{key}, the cause: {said}");
    }
}
