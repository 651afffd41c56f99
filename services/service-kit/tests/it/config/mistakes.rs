//! What is said of a configuration that cannot be used: every mistake at once, its key, its layer, what is allowed.

use super::{assert_says, loaded, refusal};

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    for (variable, key, near) in [
        ("ATELIER_DATABSE__HOST", "databse.host", "database.host"),
        ("ATELIER_DATABASE__HOTS", "database.hots", "database.host"),
        ("ATELIER_LISTN", "listn", "listen"),
        ("ATELIER_OUTER__INNER__COLOR", "outer.inner.color", "outer.inner.colour"),
        ("ATELIER_OUTER__INER__SIZES", "outer.iner.sizes", "outer.inner.sizes"),
        ("ATELIER_DATABASE__READ_CONECTIONS", "database.read_conections", "database.read_connections"),
    ] {
        assert_says(
            &refusal("", &[(variable, "1")]),
            &format!("{key} (environment variable {variable}): unknown key; did you mean {near}?"),
        );
    }
}

#[test]
fn an_unknown_key_of_the_file_is_named_at_any_depth() {
    let text = refusal(
        "lissten = 'x'\n[databse]\nhost = 'x'\nport = 1\n[outer.inner]\ncolors = 'x'\n[outer.extra.deep]\nwidth = 1",
        &[],
    );
    assert_says(&text, "lissten (file FILE): unknown key; did you mean listen?");
    assert_says(&text, "databse.host (file FILE): unknown key; did you mean database.host?");
    assert_says(&text, "databse.port (file FILE): unknown key; did you mean database.port?");
    assert_says(&text, "outer.inner.colors (file FILE): unknown key; did you mean outer.inner.colour?");
    assert!(text.contains("outer.extra.deep.width (file FILE): unknown key"), "{text}");
    assert!(text.starts_with("5 mistakes in the configuration:"), "{text}");
}

#[test]
fn an_unknown_key_that_is_like_no_other_is_not_explained_away() {
    assert_says(
        &refusal("", &[("ATELIER_ZZZZ", "1")]),
        "zzzz (environment variable ATELIER_ZZZZ): unknown key",
    );
}

#[test]
fn an_empty_unknown_section_is_named_with_its_layer() {
    let text = refusal("[databse]", &[]);
    assert!(text.contains("databse (file FILE): unknown key; did you mean database."), "{text}");
}

#[test]
fn odd_names_of_variables_are_unknown_keys_too() {
    for variable in
        ["ATELIER_", "ATELIER___", "ATELIER_DATABASE__", "ATELIER___HOST", "ATELIER_NAME____X", "ATELIER_A.B"]
    {
        let text = refusal("", &[(variable, "1")]);
        assert!(text.contains(variable), "{variable}: {text}");
    }
}

#[test]
fn every_mistake_is_listed_with_its_layer() {
    let text = refusal(
        "count = -1\nhosts = 'a'\ncolour = 'x'\n[outer]\nwidth = 'wide'",
        &[("ATELIER_ENABLED", "maybe"), ("ATELIER_LEVEL", "loud"), ("PORT", "x"), ("ATELIER_NARROW", "11")],
    );
    assert!(text.starts_with("8 mistakes in the configuration:\n"), "{text}");
    for part in [
        "count (file FILE): must be a whole number",
        "hosts (file FILE): must be a list",
        "colour (file FILE): unknown key",
        "outer.width (file FILE): must be a whole number",
        "enabled (environment variable ATELIER_ENABLED): must be true or false",
        "level (environment variable ATELIER_LEVEL): must be one of: quiet, very_loud",
        "listen (alias PORT): must be host:port",
        "narrow (environment variable ATELIER_NARROW): must be a whole number from 1 to 10",
    ] {
        assert!(text.contains(part), "\nmissing: {part}\nin: {text}");
    }
}

#[test]
fn what_only_several_keys_together_tell_is_listed_too() {
    let text = refusal("count = 13", &[("ATELIER_DATABASE__URL", "postgres://me@localhost/db")]);
    assert_says(&text, "count (file FILE): brings bad luck");
    assert_says(&text, "database.host (default): database.url is set too; use one of them");
    assert!(text.starts_with("2 mistakes"), "{text}");
}

#[test]
fn what_several_keys_tell_is_listed_beside_what_one_key_tells() {
    // A wrong type somewhere must not hide what can be told of the rest: the operator would start a second time to learn it.
    let text = refusal("count = 13\nenabled = 'x'", &[]);
    assert_says(&text, "enabled (file FILE): must be true or false");
    assert_says(&text, "count (file FILE): brings bad luck");
    let text = refusal("count = 13\nunknown = 'x'", &[]);
    assert_says(&text, "count (file FILE): brings bad luck");
}

#[test]
fn a_section_given_as_a_value_is_told() {
    for (file, environment, origin) in [
        ("", &[("ATELIER_OUTER", "x")][..], "environment variable ATELIER_OUTER"),
        ("outer = 1", &[], "file FILE"),
        ("outer = ['x']", &[], "file FILE"),
    ] {
        assert_says(&refusal(file, environment), &format!("outer ({origin}): must be a section"));
    }
}

#[test]
fn a_value_given_as_a_section_is_told() {
    let text = refusal("", &[("ATELIER_NAME__FIRST", "x")]);
    assert_says(&text, "name (environment variable ATELIER_NAME__FIRST): must be a text");
    assert_says(&refusal("[name]\nfirst = 'x'", &[]), "name (file FILE): must be a text");
    assert_says(
        &refusal("hosts = { a = 1 }", &[]),
        "hosts (file FILE): must be a list, items separated by commas in the environment",
    );
}

#[test]
fn an_empty_section_in_place_of_a_value_is_told_with_its_layer() {
    assert_says(&refusal("[name]", &[]), "name (file FILE): must be a text");
}

#[test]
fn a_section_and_a_value_of_one_name_in_the_environment_are_told() {
    let text = refusal("", &[("ATELIER_OUTER", "x"), ("ATELIER_OUTER__WIDTH", "2")]);
    assert_says(&text, "outer (environment variable ATELIER_OUTER): is a section: outer.width is set too");
}

#[test]
fn the_bounds_are_allowed_and_what_is_beyond_them_is_told_with_them() {
    for narrow in ["1", "10"] {
        loaded("", &[("ATELIER_NARROW", narrow)]);
    }
    for narrow in ["0", "11", "-1", "99999999999"] {
        let line = "must be a whole number from 1 to 10";
        let text = refusal("", &[("ATELIER_NARROW", narrow)]);
        assert_says(&text, &format!("narrow (environment variable ATELIER_NARROW): {line}"));
        assert_says(&refusal(&format!("narrow = {narrow}"), &[]), &format!("narrow (file FILE): {line}"));
    }
}

#[test]
fn a_number_that_its_type_cannot_hold_is_told_by_its_key() {
    for (key, file) in [
        ("count", "count = 4294967296"),
        ("count", "count = -1"),
        ("ports", "ports = [65536]"),
        ("outer.inner.sizes", "[outer.inner]\nsizes = [-1]"),
    ] {
        let text = refusal(file, &[]);
        assert!(text.contains(&format!("{key} (file FILE): must be")), "{file}: {text}");
    }
}
