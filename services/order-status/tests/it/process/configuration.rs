//! Configuration, as a process sees it: defaults < aliases < file < environment, and every mistake at once.

use order_status::Config;
use service_kit::config::{self, Secret, Sources};
use testkit::{Role, TestDatabase};

use super::TemporaryFile;
use crate::support::program::{Ended, Program};

const DOCUMENT: &str = include_str!("../../../../../docs/configuration.md");
const COMMITTED_SCHEMA: &str = include_str!("../../../config.schema.json");
const OPEN: (&str, &str) = ("ATELIER_AUTH__MODE", "open");
const URL: (&str, &str) = ("ATELIER_DATABASE__URL", "postgres://writer:hunter2@127.0.0.1:5432/atelier");

async fn dump(environment: &[(&str, &str)]) -> Ended {
    Program::run(&["config", "dump"], environment).await
}

#[tokio::test]
async fn without_a_mode_it_refuses_to_start_and_names_the_key() {
    let ended = Program::run(&[], &[URL]).await;
    assert_eq!(ended.code, Some(64), "{ended:?}");
    for words in ["auth.mode", "ATELIER_AUTH__MODE", "open"] {
        assert!(ended.errors.contains(words), "{words}: {}", ended.errors);
    }
}

#[tokio::test]
async fn every_mistake_is_listed_at_once_with_its_layer_and_the_nearest_key() {
    let file = TemporaryFile::new("mistakes", "[http]\nbody_timeout_ms = \"soon\"\n[shutdown]\ndelay = 5\n");
    let environment = [
        ("ATELIER_DATABASE__READ_CONECTIONS", "4"),
        ("ATELIER_DATABASE__PORT", "70000"),
        ("ATELIER_DATABASE__ITEM_DEADLINE_MS", "1.5"),
        ("ATELIER_LOG__FORMAT", "yaml"),
        ("ATELIER_LISTEN", "5017"),
        ("ATELIER_AUTH__ALLOW_OPEN_ON_NETWORK", "yes"),
        ("ATELIER_CONFIG", file.path()),
    ];
    for arguments in [&[] as &[&str], &["config", "check"], &["config", "dump"]] {
        let ended = Program::run(arguments, &environment).await;
        assert_eq!((ended.code, ended.output.as_str()), (Some(64), ""), "{ended:?}");
        let expected = [
            "mistakes in the configuration:".to_owned(),
            "database.read_conections (environment variable ATELIER_DATABASE__READ_CONECTIONS): unknown key; did you mean database.read_connections?".to_owned(),
            "database.port (environment variable ATELIER_DATABASE__PORT): must be a whole number from 1 to 65535".to_owned(),
            "database.item_deadline_ms (environment variable ATELIER_DATABASE__ITEM_DEADLINE_MS): must be a whole number from 1 to 60000".to_owned(),
            "log.format (environment variable ATELIER_LOG__FORMAT): must be one of: auto, json, pretty".to_owned(),
            "listen (environment variable ATELIER_LISTEN): must be host:port, for example 127.0.0.1:5017".to_owned(),
            "auth.allow_open_on_network (environment variable ATELIER_AUTH__ALLOW_OPEN_ON_NETWORK): must be true or false".to_owned(),
            format!("http.body_timeout_ms (file {}): must be a whole number from 1 to 300000", file.path()),
            format!("shutdown.delay (file {}): unknown key; did you mean shutdown.delay_ms?", file.path()),
            "auth.mode (not set; file key auth.mode, or ATELIER_AUTH__MODE): must be set: one of: ".to_owned(),
        ];
        for sentence in expected {
            assert!(ended.errors.contains(&sentence), "{sentence}\nis not in\n{}", ended.errors);
        }
    }
}

#[tokio::test]
async fn a_database_nowhere_is_among_the_mistakes_even_if_others_are_there() {
    let ended = Program::run(&[], &[("ATELIER_LOG__FORMAT", "yaml"), OPEN]).await;
    assert_eq!(ended.code, Some(64));
    assert!(ended.errors.contains("log.format"), "{}", ended.errors);
    assert!(ended.errors.contains("database.host"), "all at once: {}", ended.errors);
}

#[tokio::test]
async fn texts_of_the_environment_stay_texts_where_the_key_is_one() {
    for text in ["0123", "true", "[a", "1e5", "a=b", " x ", "\"quoted\"", "null"] {
        let environment = [
            OPEN,
            ("ATELIER_DATABASE__HOST", "127.0.0.1"),
            ("ATELIER_DATABASE__USER", text),
            ("ATELIER_DATABASE__PASSWORD", text),
        ];
        let pairs = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let sources = Sources { file: None, environment: pairs.into() };
        let settings =
            config::load::<Config>(&sources).unwrap_or_else(|error| panic!("{text}: {error}")).settings;
        let password = settings.base.database.address.password.as_ref().map(Secret::expose);
        assert_eq!((password, settings.base.database.address.user.as_deref()), (Some(text), Some(text)));

        let ended = Program::run(&["config", "check"], &environment).await;
        assert_eq!(
            (ended.code, ended.output.as_str()),
            (Some(0), "the configuration can be used"),
            "{ended:?}"
        );
    }
}

#[tokio::test]
async fn variables_that_a_cluster_injects_are_no_configuration() {
    let ended = dump(&[
        OPEN,
        URL,
        ("ATELIER_ORDERS_PORT", "tcp://10.0.0.1:5019"),
        ("ATELIER_ORDERS_PORT_5019_TCP", "tcp://10.0.0.1:5019"),
        ("ATELIER_ORDERS_PORT_5019_TCP_ADDR", "10.0.0.1"),
        ("ATELIER_ORDERS_SERVICE_HOST", "10.0.0.1"),
        ("ATELIER_ORDERS_SERVICE_PORT", "5019"),
        ("ATELIER_ORDERS_SERVICE_PORT_HTTP", "5019"),
    ])
    .await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.output.contains("10.0.0.1"), "{}", ended.output);
}

#[tokio::test]
async fn variables_that_a_cluster_injects_for_a_service_of_exactly_our_name_are_none_either() {
    let ended = dump(&[
        OPEN,
        URL,
        ("ATELIER_PORT", "tcp://10.0.0.1:5017"),
        ("ATELIER_PORT_5017_TCP", "tcp://10.0.0.1:5017"),
        ("ATELIER_SERVICE_HOST", "10.0.0.1"),
        ("ATELIER_SERVICE_PORT", "5017"),
    ])
    .await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn a_dump_shows_where_each_value_came_from_and_no_secret() {
    let file = TemporaryFile::new("dump", "[log]\nlevel = \"debug\"\nformat = \"json\"\n");
    let environment = [OPEN, URL, ("ATELIER_LOG__FORMAT", "pretty"), ("PORT", "6017")];
    let ended = Program::run(&["config", "dump", "--config", file.path()], &environment).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let expected = [
        "auth.mode = \"open\"  # environment variable ATELIER_AUTH__MODE".to_owned(),
        "database.url = \"***\"  # environment variable ATELIER_DATABASE__URL".to_owned(),
        format!("log.level = \"debug\"  # file {}", file.path()),
        "log.format = \"pretty\"  # environment variable ATELIER_LOG__FORMAT".to_owned(),
        "listen = \"127.0.0.1:6017\"  # alias PORT".to_owned(),
        "ops_listen = \"127.0.0.1:9017\"  # default".to_owned(),
        "database.item_deadline_ms = 1500  # default".to_owned(),
    ];
    for line in expected {
        assert!(ended.output.lines().any(|shown| shown == line), "{line}\nis not in\n{}", ended.output);
    }
    assert!(!ended.output.contains("hunter2") && !ended.errors.contains("hunter2"), "{ended:?}");
}

#[tokio::test]
async fn a_secret_is_in_no_message_about_it() {
    let wrong = [OPEN, ("ATELIER_DATABASE__URL", "hunter2, which is no address")];
    let both =
        [OPEN, URL, ("ATELIER_DATABASE__HOST", "127.0.0.1"), ("ATELIER_DATABASE__PASSWORD", "hunter2")];
    for environment in [&wrong as &[(&str, &str)], &both] {
        let ended = Program::run(&["config", "check"], environment).await;
        assert_eq!(ended.code, Some(64), "{ended:?}");
        assert!(!ended.output.contains("hunter2") && !ended.errors.contains("hunter2"), "{ended:?}");
    }
}

#[tokio::test]
async fn an_address_of_another_kind_of_database_is_a_mistake() {
    let mysql = ("ATELIER_DATABASE__URL", "mysql://writer:hunter2@127.0.0.1/atelier");
    let ended = Program::run(&["config", "check"], &[OPEN, mysql]).await;
    assert_eq!(ended.code, Some(64), "{ended:?}");
    assert!(ended.errors.contains("postgres://user:password@host:port/name"), "{ended:?}");
}

#[tokio::test]
async fn aliases_of_the_replaced_services_rank_below_everything_that_is_ours() {
    for alias in ["DB_URL", "POSTGRES_URI", "DATABASE_URL"] {
        let alone = dump(&[OPEN, (alias, URL.1)]).await;
        assert!(alone.output.contains(&format!("database.url = \"***\"  # alias {alias}")), "{alone:?}");
        let beaten = dump(&[OPEN, URL, (alias, "postgres://other@127.0.0.1/other")]).await;
        let line = "database.url = \"***\"  # environment variable ATELIER_DATABASE__URL";
        assert!(beaten.output.contains(line), "{beaten:?}");
    }
}

#[tokio::test]
async fn open_mode_refuses_an_address_that_others_reach_unless_it_is_allowed() {
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:5017", "example.invalid:5017"] {
        let ended = Program::run(&["config", "check"], &[OPEN, URL, ("ATELIER_LISTEN", listen)]).await;
        assert_eq!(ended.code, Some(64), "{listen}: {ended:?}");
        assert!(ended.errors.contains("auth.allow_open_on_network=true"), "{listen}: {}", ended.errors);
        let allowed = ("ATELIER_AUTH__ALLOW_OPEN_ON_NETWORK", "true");
        let ended =
            Program::run(&["config", "check"], &[OPEN, URL, ("ATELIER_LISTEN", listen), allowed]).await;
        assert_eq!(ended.code, Some(0), "{listen}: {ended:?}");
    }
    for listen in ["127.0.0.1:0", "localhost:5017", "[::1]:5017"] {
        let ended = Program::run(&["config", "check"], &[OPEN, URL, ("ATELIER_LISTEN", listen)]).await;
        assert_eq!(ended.code, Some(0), "{listen}: {ended:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_or_no_toml_is_named() {
    let missing = Program::run(&["--config", "/nowhere/atelier.toml"], &[OPEN, URL]).await;
    assert_eq!(missing.code, Some(64), "{missing:?}");
    assert!(missing.errors.contains("/nowhere/atelier.toml"), "{}", missing.errors);
    let file = TemporaryFile::new("broken", "listen = \n");
    let broken = Program::run(&["--config", file.path()], &[OPEN, URL]).await;
    assert_eq!(broken.code, Some(64), "{broken:?}");
    assert!(broken.errors.contains("TOML"), "{}", broken.errors);
    assert!(broken.errors.contains(file.path()), "which file: {}", broken.errors);
}

#[tokio::test]
async fn the_committed_schema_is_the_one_that_the_binary_prints() {
    let ended = Program::run(&["config", "schema"], &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.output.trim_end(), COMMITTED_SCHEMA.trim_end(), "run `cargo xtask codegen`");
}

#[tokio::test]
async fn what_the_document_asks_is_answered() {
    let database = TestDatabase::create().await.expect("a database");
    let url = database.url(Role::Writer);
    let environment = [OPEN, ("ATELIER_DATABASE__URL", url.as_str())];
    let mut asked = 0;
    for command in manual::typed(DOCUMENT).into_iter().filter(|command| command.is_whole) {
        let words: Vec<&str> = command.words[1..].iter().map(String::as_str).collect();
        let ended = Program::run(&words, &environment).await;
        assert_eq!(ended.code, Some(0), "{words:?}: {ended:?}");
        asked += 1;
    }
    assert_eq!(asked, 4);
}
