//! A secret is planted in every place where one can stand, and searched for in everything that is shown.

use super::{File, loaded, refusal};

const PLANTED: &str = "planted-hunter2";

#[track_caller]
fn assert_hidden(text: &str) {
    assert!(!text.contains("hunter2"), "a secret is shown: {text}");
}

#[test]
fn the_dump_and_debug_of_a_good_configuration_hide_secrets() {
    let url = format!("postgres://me:{PLANTED}@localhost/db?sslmode=disable");
    let file = format!("tokens = ['{PLANTED}', '{PLANTED}']\n[database]\npassword = '{PLANTED}'");
    let with_password = loaded(&file, &[]);
    let with_list = loaded("", &[("ATELIER_TOKENS", PLANTED), ("ATELIER_DATABASE__PASSWORD", PLANTED)]);
    assert_eq!(with_list.settings.tokens[0].expose(), PLANTED);
    let file = File::new("");
    let mut sources = super::sources(Some(&file), &[("ATELIER_DATABASE__URL", &url)]);
    for loaded in [with_password, with_list] {
        assert_hidden(&format!("{loaded:?}"));
        for key in ["tokens", "database.password"] {
            let value = loaded.values.iter().find(|value| value.key == key).expect("it is listed");
            assert_eq!(value.value, "\"***\"", "{key}");
        }
    }
    // The message that refuses a configuration for another reason shows none either.
    let error = service_kit::config::load::<super::Config>(&sources).expect_err("host is set too");
    assert_hidden(&format!("{error} {error:?}"));
    sources.environment.push(("ATELIER_COUNT".to_owned(), "x".to_owned()));
    let error = service_kit::config::load::<super::Config>(&sources).expect_err("count is wrong");
    assert_hidden(&format!("{error} {error:?}"));
}

#[test]
fn a_mistake_about_a_secret_does_not_show_it() {
    for (file, environment) in [
        (format!("tokens = '{PLANTED}'"), vec![]),
        (format!("tokens = [['{PLANTED}']]"), vec![]),
        (format!("tokens = {{ a = '{PLANTED}' }}"), vec![]),
        (format!("[database]\npasswort = '{PLANTED}'"), vec![]),
        (format!("[database.password]\nvalue = '{PLANTED}'"), vec![]),
        (format!("[database]\nsslmode = '{PLANTED}'"), vec![]),
        (format!("[database]\npassword = '{PLANTED}'\npassword_file = '/x'"), vec![]),
        (String::new(), vec![("ATELIER_DATABASE", PLANTED)]),
        (String::new(), vec![("ATELIER_DATABASE__URL", PLANTED)]),
        (String::new(), vec![("ATELIER_DATABASE__PASWORD", PLANTED)]),
        (String::new(), vec![("ATELIER_DATABASE__URL__X", PLANTED)]),
        (String::new(), vec![("ATELIER_DATABASE__READ_CONNECTIONS", PLANTED)]),
        (String::new(), vec![("ATELIER_LEVEL", PLANTED)]),
        (String::new(), vec![("ATELIER_LISTEN", PLANTED)]),
        (String::new(), vec![("PORT", PLANTED)]),
    ] {
        assert_hidden(&refusal(&file, &environment));
    }
}

#[test]
fn a_file_that_is_no_toml_does_not_show_its_secrets() {
    for file in [
        format!("[database]\npassword = '{PLANTED}"),
        format!("[database]\npassword = {PLANTED}"),
        format!("[database]\npassword = '{PLANTED}' x"),
        format!("[database]\npassword = '{PLANTED}'\npassword = '{PLANTED}'"),
        PLANTED.to_owned(),
    ] {
        assert_hidden(&refusal(&file, &[]));
    }
}

#[test]
fn a_database_address_that_cannot_be_read_is_not_shown() {
    for url in [
        format!("postgres://me:{PLANTED}@localhost:port/db"),
        format!("mysql://me:{PLANTED}@localhost/db"),
        format!("postgres://me:{PLANTED}@local host/db"),
        format!("postgres://me@localhost/db?sslmode={PLANTED}"),
        format!("me:{PLANTED}@localhost"),
    ] {
        let loaded = super::File::new("");
        let mut sources = super::sources(Some(&loaded), &[("ATELIER_DATABASE__URL", &url)]);
        sources.environment.push(("ATELIER_NAME".to_owned(), "x".to_owned()));
        let error = service_kit::config::load::<super::Config>(&sources).expect_err("it cannot be used");
        assert_hidden(&format!("{error} {error:?}"));
    }
}
