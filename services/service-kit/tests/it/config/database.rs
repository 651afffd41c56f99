//! Where the database is and how the way to it is secured.

use service_kit::config::load;
use service_kit::database::{Build, DatabaseConfig};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Config, File, assert_says, sources};

/// A database configuration from these keys alone, or what is said of it. An empty text takes a default away.
fn database(keys: &[(&str, &str)]) -> Result<DatabaseConfig, String> {
    let lines: Vec<String> = keys.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    let file = format!("[database]\n{}", lines.join("\n"));
    load::<Bare>(&sources(Some(&File::new(file)), &[]))
        .map(|loaded| loaded.settings.database)
        .map_err(|error| error.to_string())
}

/// The section alone, without the host and the user that the other tests have by default.
#[derive(Debug, Clone, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Bare {
    database: DatabaseConfig,
}

impl service_kit::config::Settings for Bare {
    const DEFAULTS: &'static str = "
        [database]
        allow_plaintext = false
        read_connections = 1
        write_connections = 1
        batch_items_max = 128
        connect_timeout_ms = 1000
        item_deadline_ms = 1000
        statement_timeout_ms = 1234
        queue_items_max = 10
        read_only = false
    ";

    fn check(&self, mistakes: &mut service_kit::config::Mistakes<'_>) {
        self.database.check(mistakes);
    }
}

const URL: (&str, &str) = ("url", "'postgres://me:secret@db.example:5433/shop'");
const HOST: (&str, &str) = ("host", "'db.example'");
const USER: (&str, &str) = ("user", "'me'");

#[track_caller]
fn refused(keys: &[(&str, &str)], part: &str) {
    let text = database(keys).expect_err("it cannot be used");
    assert!(text.contains(part), "{keys:?}: {text}");
}

#[test]
fn one_of_url_and_host_must_be_set_and_only_one() {
    assert!(database(&[URL]).is_ok());
    assert!(database(&[HOST, USER]).is_ok());
    refused(
        &[],
        "database.host (not set; file key database.host, or ATELIER_DATABASE__HOST): must be set, or database.url",
    );
    refused(&[URL, HOST, USER], "database.url is set too; use one of them");
    refused(
        &[HOST],
        "database.user (not set; file key database.user, or ATELIER_DATABASE__USER): must be set",
    );
}

#[test]
fn a_parameter_that_nobody_understands_is_named_without_its_value() {
    let url = |parameters: &str| format!("'postgres://a@localhost/b?{parameters}'");
    refused(
        &[("url", &url("sslmod=planted"))],
        "has the parameter 'sslmod', which is unknown: the known ones are sslmode",
    );
    let told = database(&[("url", &url("sslmod=planted"))]).expect_err("refused");
    assert!(!told.contains("planted"), "{told}");
    assert!(database(&[("url", &url("sslmode=disable&options[lock_timeout]=1s"))]).is_ok());
}

#[test]
fn one_password_is_enough() {
    refused(
        &[HOST, USER, ("password", "'a'"), ("password_file", "'/run/secrets/p'")],
        "database.password is set too; use one of them",
    );
    assert!(database(&[URL, ("password_file", "'/run/secrets/p'")]).is_ok());
}

#[test]
fn an_address_that_is_none_is_refused_with_its_form() {
    for url in ["''", "'db.example'", "'postgres://me@db:port/shop'", "'postgres://me@local host/shop'"] {
        refused(&[("url", url)], "must be of the form postgres://user:password@host:port/name");
    }
}

#[test]
fn an_address_of_another_kind_of_server_is_refused() {
    for url in ["'mysql://me@db/shop'", "'http://me@db/shop'", "'redis://db'"] {
        refused(&[("url", url)], "must be of the form postgres://user:password@host:port/name");
    }
    for url in ["'postgres://me@db/shop'", "'postgresql://me@db/shop'"] {
        assert!(database(&[("url", url)]).is_ok(), "{url}");
    }
}

#[test]
fn off_loopback_a_connection_must_be_verified_unless_somebody_decided_otherwise() {
    for mode in ["disable", "allow", "prefer"] {
        let quoted = format!("'{mode}'");
        let by_key = [HOST, USER, ("sslmode", quoted.as_str())];
        let url = format!("'postgres://me@db.example/shop?sslmode={mode}'");
        let by_url = [("url", url.as_str())];
        for keys in [&by_key[..], &by_url] {
            refused(keys, "would send the password to another machine unprotected");
            let allowed = [keys, &[("allow_plaintext", "true")]].concat();
            assert!(database(&allowed).is_ok(), "{allowed:?}");
        }
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        assert!(database(&[HOST, USER, ("sslmode", &format!("'{mode}'"))]).is_ok(), "{mode}");
    }
    refused(
        &[HOST, USER, ("sslmode", "'full'")],
        "must be one of: disable, allow, prefer, require, verify-ca, verify-full",
    );
}

#[test]
fn an_authority_that_nobody_would_look_at_is_refused() {
    let ca = ("ca_file", "'/run/ca.crt'");
    let refusal = database(&[HOST, USER, ca, ("sslmode", "'require'")]).expect_err("it verifies nothing");
    assert!(refusal.contains("database.sslmode"), "{refusal}");
    for mode in ["'verify-ca'", "'verify-full'"] {
        assert!(database(&[HOST, USER, ca, ("sslmode", mode)]).is_ok(), "{mode}");
    }
}

#[test]
fn what_is_not_said_is_verified_off_loopback_and_preferred_on_it() {
    let mode = |keys: &[(&str, &str)]| {
        let database = database(keys).expect("it can be used");
        format!("{:?}", database.connect_options(Build::of("test")).expect("options").get_ssl_mode())
    };
    assert_eq!(mode(&[HOST, USER]), "VerifyFull");
    assert_eq!(mode(&[URL]), "VerifyFull");
    for host in ["'localhost'", "'127.0.0.1'", "'127.8.8.8'", "'::1'", "'/var/run/postgresql'"] {
        assert_eq!(mode(&[("host", host), USER]), "Prefer", "{host}");
    }
    assert_eq!(mode(&[("url", "'postgres://me@localhost/shop'")]), "Prefer");
    assert_eq!(mode(&[("url", "'postgres://me@db.example/shop?sslmode=require'")]), "Require");
    assert_eq!(
        mode(&[("url", "'postgres://me@db.example/shop?sslmode=require'"), ("sslmode", "'verify-ca'")]),
        "VerifyCa"
    );
}

#[test]
fn a_name_that_only_looks_like_loopback_is_another_machine() {
    for host in [
        "'localhost.example'",
        "'127.0.0.1.example'",
        "'0.0.0.0'",
        "'10.0.0.1'",
        "'LOCALHOST.example'",
        "'[::2]'",
    ] {
        refused(&[("host", host), USER, ("sslmode", "'prefer'")], "another machine");
    }
}

#[test]
fn the_parts_and_the_address_lead_to_the_same_place() {
    let parts = [HOST, USER, ("port", "5433"), ("name", "'shop'"), ("password", "'secret'")];
    let place = |options: &PgConnectOptions| {
        let name = options.get_database().map(str::to_owned);
        (options.get_host().to_owned(), options.get_port(), options.get_username().to_owned(), name)
    };
    let of = |keys: &[(&str, &str)]| {
        place(&database(keys).expect("usable").connect_options(Build::of("test")).expect("options"))
    };
    assert_eq!(of(&parts), of(&[URL]));
    assert_eq!(
        of(&[HOST, USER]),
        ("db.example".to_owned(), 5432, "me".to_owned(), Some("atelier".to_owned()))
    );
}

#[test]
fn ports_are_ports() {
    for port in ["0", "65536", "-1"] {
        let text = database(&[HOST, USER, ("port", port)]).expect_err("it cannot be used");
        assert!(text.contains("must be a whole number from 1 to 65535"), "{text}");
    }
}

#[test]
fn a_password_file_that_is_not_there_is_named() {
    let keys = [HOST, USER, ("password_file", "'/nonexistent/password'")];
    let error = database(&keys)
        .expect("usable until it is needed")
        .connect_options(Build::of("test"))
        .expect_err("no file");
    assert!(error.to_string().contains("/nonexistent/password"), "{error}");
}

/// The password that a client of these options offers to a server that asks for it in clear text.
async fn offered(options: PgConnectOptions, listener: &TcpListener) -> String {
    let ask = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        read_message(&mut stream).await;
        stream.write_all(b"R\0\0\0\x08\0\0\0\x03").await.expect("asked");
        assert_eq!(stream.read_u8().await.expect("an answer"), b'p');
        read_message(&mut stream).await
    };
    let (password, connected) = tokio::join!(ask, options.connect());
    assert!(connected.is_err());
    String::from_utf8(password).expect("UTF-8").trim_end_matches('\0').to_owned()
}

async fn read_message(stream: &mut TcpStream) -> Vec<u8> {
    let length = stream.read_u32().await.expect("a length");
    let mut message = vec![0; usize::try_from(length).expect("small") - 4];
    stream.read_exact(&mut message).await.expect("a message");
    message
}

#[tokio::test]
async fn the_password_file_is_read_again_for_each_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let file = File::new("first\n");
    let quoted = format!("'{}'", file.path());
    let url = format!("'postgres://me:from-the-address@127.0.0.1:{port}/shop'");
    let port = port.to_string();
    let by_host = [
        ("host", "'127.0.0.1'"),
        USER,
        ("port", &*port),
        ("sslmode", "'disable'"),
        ("password_file", &*quoted),
    ];
    let by_url = [("url", &*url), ("sslmode", "'disable'"), ("password_file", &*quoted)];
    for keys in [&by_host[..], &by_url] {
        let database = database(keys).expect("usable");
        for (written, expected) in
            [("first\n", "first"), ("second\r\n", "second"), (" third ", " third "), ("", "")]
        {
            std::fs::write(&file.0, written).expect("rotated");
            let options = database.connect_options(Build::of("test")).expect("options");
            assert_eq!(offered(options, &listener).await, expected, "{written:?}");
        }
    }
}

#[test]
fn the_server_is_told_who_comes_and_how_long_a_statement_may_take() {
    let options =
        database(&[HOST, USER]).expect("usable").connect_options(Build::of("orders")).expect("options");
    assert!(options.get_application_name().is_some_and(|name| name.starts_with("atelier/orders schema=")));
    assert!(options.get_options().is_some_and(|text| text.contains("statement_timeout=1234")));
}

#[test]
fn the_section_says_what_is_wrong_with_each_limit() {
    for key in [
        "read_connections",
        "batch_items_max",
        "connect_timeout_ms",
        "item_deadline_ms",
        "statement_timeout_ms",
        "queue_items_max",
    ] {
        let text = database(&[HOST, USER, (key, "0")]).expect_err("it cannot be used");
        assert!(text.contains(&format!("database.{key} (file ")) && text.contains("from 1 to"), "{text}");
    }
    let file = File::new("");
    let text = load::<Config>(&sources(Some(&file), &[("ATELIER_DATABASE__SSLMODE", "x")]))
        .expect_err("no mode")
        .to_string();
    assert_says(
        &text,
        "database.sslmode (environment variable ATELIER_DATABASE__SSLMODE): must be one of: disable, allow, prefer, require, verify-ca, verify-full",
    );
}
