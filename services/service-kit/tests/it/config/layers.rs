//! Which layer wins: defaults < aliases < file < environment.

use service_kit::config::load;

use super::{Config, File, Level, assert_says, loaded, origin, refusal, sources};

#[test]
fn defaults_hold_where_nobody_says_otherwise() {
    let loaded = loaded("", &[]);
    assert_eq!(loaded.settings.name, "default");
    assert_eq!(loaded.settings.level, Level::Quiet);
    assert_eq!(loaded.settings.outer.inner.sizes, [1]);
    assert_eq!(loaded.settings.note, None);
    assert!(loaded.notices.is_empty());
    assert!(loaded.values.iter().all(|value| value.origin == "default"), "{:?}", loaded.values);
}

#[test]
fn an_alias_beats_the_default_and_is_told() {
    let loaded = loaded("", &[("OLD_NAME", "old"), ("PORT", "8080"), ("OLD_COUNT", "7")]);
    assert_eq!(loaded.settings.name, "old");
    assert_eq!(loaded.settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(loaded.settings.count, 7);
    assert_eq!(origin(&loaded, "listen"), "alias PORT");
    assert_eq!(loaded.notices.len(), 3);
    assert!(loaded.notices.contains(&"PORT is read as listen".to_owned()), "{:?}", loaded.notices);
}

#[test]
fn a_variable_of_a_standard_that_nobody_reads_is_told() {
    let loaded = loaded("", &[("OLD_FASHIONED", "1"), ("OLDER", "2"), ("ELSEWHERE", "3")]);
    assert_eq!(loaded.notices, ["OLD_FASHIONED is not supported and does nothing"]);
}

#[test]
fn the_file_beats_an_alias_and_that_is_told() {
    let file = File::new("name = 'filed'");
    let loaded = load::<Config>(&sources(Some(&file), &[("OLD_NAME", "old")])).expect("it can be used");
    assert_eq!(loaded.settings.name, "filed");
    assert_eq!(loaded.notices, ["OLD_NAME is not used, because name is set"]);
    assert_eq!(origin(&loaded, "name"), format!("file {}", file.path()));
}

#[test]
fn the_environment_beats_the_file() {
    let loaded = loaded(
        "name = 'filed'\n[outer]\nwidth = 2",
        &[("ATELIER_NAME", "set"), ("ATELIER_OUTER__WIDTH", "3"), ("OLD_NAME", "old")],
    );
    assert_eq!((loaded.settings.name.as_str(), loaded.settings.outer.width), ("set", 3));
    assert_eq!(origin(&loaded, "name"), "environment variable ATELIER_NAME");
    assert_eq!(origin(&loaded, "outer.width"), "environment variable ATELIER_OUTER__WIDTH");
}

#[test]
fn a_layer_changes_only_the_keys_that_it_names() {
    let loaded = loaded("[outer.inner]\ncolour = 'blue'", &[("ATELIER_OUTER__INNER__SIZES", "4,5")]);
    assert_eq!(loaded.settings.outer.width, 1);
    assert_eq!(loaded.settings.outer.inner.colour, "blue");
    assert_eq!(loaded.settings.outer.inner.sizes, [4, 5]);
}

#[test]
fn a_list_replaces_the_list_below_it() {
    let loaded = loaded("hosts = ['c']", &[("ATELIER_PORTS", "1,2")]);
    assert_eq!(loaded.settings.hosts, ["c"]);
    assert_eq!(loaded.settings.ports, [1, 2]);
}

#[test]
fn a_file_that_is_not_there_is_refused_by_its_name() {
    let mut sources = sources(None, &[]);
    sources.file = Some("/nonexistent/atelier.toml".into());
    let text = load::<Config>(&sources).expect_err("it cannot be used").to_string();
    assert!(text.contains("/nonexistent/atelier.toml cannot be read"), "{text}");
    sources.file = Some(env!("CARGO_TARGET_TMPDIR").into());
    let text = load::<Config>(&sources).expect_err("a folder cannot be used").to_string();
    assert!(text.contains("cannot be read"), "{text}");
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let file = File::new(b"name = '\xFF'");
    let text = load::<Config>(&sources(Some(&file), &[])).expect_err("it cannot be used").to_string();
    assert!(text.contains(file.path()) && text.contains("cannot be read"), "{text}");
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_its_name_and_the_line() {
    for (file, line) in
        [("name = ", "line 1"), ("count = 1\nname: x", "line 2"), ("count = 1\ncount = 2", "line 2")]
    {
        let text = refusal(file, &[]);
        assert!(text.contains("no TOML") && text.contains(line), "{file}: {text}");
        assert!(text.contains("FILE"), "which file is it? {text}");
    }
}

#[test]
fn an_alias_that_cannot_be_used_is_named_as_it_was_given() {
    assert_says(
        &refusal("", &[("PORT", "eighty")]),
        "listen (alias PORT): must be host:port, for example 127.0.0.1:5017",
    );
    assert_says(
        &refusal("", &[("OLD_COUNT", "many")]),
        "count (alias OLD_COUNT): must be a whole number from 0 to 4294967295",
    );
}
