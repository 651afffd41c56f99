//! Configuration: layers, typing, mistakes, secrets. The settings are the tests' own, so that each kind of key is there.

mod database;
mod environment;
mod layers;
mod mistakes;
mod secrets;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use schemars::JsonSchema;
use serde::Deserialize;
use service_kit::config::{Alias, Listen, Loaded, Mistakes, Secret, Settings, Sources, load};
use service_kit::database::DatabaseConfig;

/// A key of each kind.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    listen: Listen,
    name: String,
    count: u32,
    #[schemars(range(min = 1, max = 10))]
    narrow: u32,
    rate: f64,
    enabled: bool,
    level: Level,
    hosts: Vec<String>,
    ports: Vec<u16>,
    note: Option<String>,
    tokens: Vec<Secret>,
    outer: Outer,
    database: DatabaseConfig,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Level {
    Quiet,
    VeryLoud,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Outer {
    width: u32,
    inner: Inner,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Inner {
    colour: String,
    sizes: Vec<u32>,
}

impl Settings for Config {
    const DEFAULTS: &'static str = r#"
        listen = "127.0.0.1:1"
        name = "default"
        count = 1
        narrow = 1
        rate = 0.5
        enabled = false
        level = "quiet"
        hosts = ["a", "b"]
        ports = []
        tokens = []
        [outer]
        width = 1
        [outer.inner]
        colour = "red"
        sizes = [1]
        [database]
        host = "localhost"
        user = "me"
        allow_plaintext = false
        read_connections = 1
        write_connections = 1
        batch_items_max = 128
        connect_timeout_ms = 1000
        item_deadline_ms = 1000
        statement_timeout_ms = 1000
        queue_items_max = 10
        read_only = false
    "#;

    const ALIASES: &'static [&'static [Alias]] = &[&[
        Alias {
            variable: "PORT",
            key: "listen",
            convert: |port| format!("127.0.0.1:{port}"),
            outranked_by: &[],
        },
        Alias { variable: "OLD_NAME", key: "name", convert: str::to_owned, outranked_by: &[] },
        Alias { variable: "OLD_COUNT", key: "count", convert: str::to_owned, outranked_by: &[] },
    ]];
    const STANDARDS: &'static [&'static str] = &["OLD_"];

    fn check(&self, mistakes: &mut Mistakes<'_>) {
        if self.count == 13 {
            mistakes.add("count", "brings bad luck");
        }
        if self.narrow > self.count.saturating_add(10) {
            mistakes.add("narrow", "is too wide");
        }
        self.database.check(mistakes);
    }
}

/// A file of a test's own. It is removed with this value.
struct File(PathBuf);

impl File {
    fn new(text: impl AsRef<[u8]>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("config-{}-{number}", std::process::id()));
        std::fs::write(&path, text).expect("the file is written");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn sources(file: Option<&File>, environment: &[(&str, &str)]) -> Sources {
    Sources {
        file: file.map(|file| file.0.clone()),
        environment: environment
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect(),
    }
}

#[track_caller]
fn loaded(file: &str, environment: &[(&str, &str)]) -> Loaded<Config> {
    let file = File::new(file);
    load(&sources(Some(&file), environment)).expect("it can be used")
}

/// What is said of a configuration that cannot be used; the file's path in it reads `FILE`.
#[track_caller]
fn refusal(file: &str, environment: &[(&str, &str)]) -> String {
    let file = File::new(file);
    let error = load::<Config>(&sources(Some(&file), environment)).expect_err("it cannot be used");
    error.to_string().replace(file.path(), "FILE")
}

/// One line about one mistake.
#[track_caller]
fn assert_says(text: &str, line: &str) {
    assert!(text.lines().any(|given| given.trim() == line), "\nmissing: {line}\nin: {text}");
}

/// The layer that a key's value came from.
#[track_caller]
fn origin(loaded: &Loaded<Config>, key: &str) -> String {
    let value = loaded.values.iter().find(|value| value.key == key).expect("the key has a value");
    value.origin.clone()
}
