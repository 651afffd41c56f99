//! Texts of the environment, which have no types: the key says what they are, never their looks.

use super::{Level, assert_says, loaded, refusal};

#[test]
fn a_text_key_keeps_every_text_as_it_is() {
    for text in
        ["0123", "true", "[a", "1e5", "", " padded ", "{x = 1}", "\"quoted\"", "a,b", "null", "ü😀", "-0"]
    {
        assert_eq!(loaded("", &[("ATELIER_NAME", text)]).settings.name, text, "{text:?}");
        assert_eq!(loaded("", &[("ATELIER_NOTE", text)]).settings.note.as_deref(), Some(text), "{text:?}");
        let inner = loaded("", &[("ATELIER_OUTER__INNER__COLOUR", text)]).settings.outer.inner;
        assert_eq!(inner.colour, text, "{text:?}");
    }
}

#[test]
fn a_whole_number_key_takes_digits_only() {
    for (text, number) in [("7", 7), ("0123", 123), (" 5 ", 5), ("4294967295", u32::MAX)] {
        assert_eq!(loaded("", &[("ATELIER_COUNT", text)]).settings.count, number, "{text:?}");
    }
    for text in ["", "true", "[a", "1e5", "1.0", "-1", "0x10", "1_000", "99999999999999999999", "seven"] {
        let refused = refusal("", &[("ATELIER_COUNT", text)]);
        assert!(
            refused.contains("count (environment variable ATELIER_COUNT): must be a whole number"),
            "{text:?}: {refused}"
        );
    }
}

#[test]
fn a_number_key_takes_any_finite_number() {
    for (text, number) in [("1e5", 100_000.0), ("0123", 123.0), ("-2.5", -2.5), ("7", 7.0)] {
        assert_eq!(
            loaded("", &[("ATELIER_RATE", text)]).settings.rate.to_bits(),
            f64::to_bits(number),
            "{text:?}"
        );
    }
    for text in ["", "true", "[a", "fast", "1,5"] {
        assert_says(
            &refusal("", &[("ATELIER_RATE", text)]),
            "rate (environment variable ATELIER_RATE): must be a number",
        );
    }
}

#[test]
fn what_is_no_finite_number_is_refused_by_its_key() {
    for text in ["NaN", "inf", "-inf", "1e999"] {
        assert_says(
            &refusal("", &[("ATELIER_RATE", text)]),
            "rate (environment variable ATELIER_RATE): must be a number",
        );
    }
}

#[test]
fn a_boolean_key_takes_true_and_false_only() {
    assert!(loaded("", &[("ATELIER_ENABLED", "true")]).settings.enabled);
    assert!(!loaded("enabled = true", &[("ATELIER_ENABLED", "false")]).settings.enabled);
    for text in ["", "0123", "1", "yes", "on", "TRUE", "[a", "1e5"] {
        assert_says(
            &refusal("", &[("ATELIER_ENABLED", text)]),
            "enabled (environment variable ATELIER_ENABLED): must be true or false",
        );
    }
}

#[test]
fn a_choice_lists_what_can_be_chosen() {
    assert_eq!(loaded("", &[("ATELIER_LEVEL", "very_loud")]).settings.level, Level::VeryLoud);
    for text in ["", "loud", "Quiet", "0"] {
        assert_says(
            &refusal("", &[("ATELIER_LEVEL", text)]),
            "level (environment variable ATELIER_LEVEL): must be one of: quiet, very_loud",
        );
    }
}

#[test]
fn a_list_is_written_with_commas() {
    let settings =
        loaded("", &[("ATELIER_HOSTS", "0123, true ,[a,1e5"), ("ATELIER_PORTS", "1, 02,65535")]).settings;
    assert_eq!(settings.hosts, ["0123", "true", "[a", "1e5"]);
    assert_eq!(settings.ports, [1, 2, 65535]);
    assert_eq!(loaded("", &[("ATELIER_HOSTS", "one")]).settings.hosts, ["one"]);
    for text in ["1,x", "1,,2", "65536", "1;2", "[1,2]"] {
        let refused = refusal("", &[("ATELIER_PORTS", text)]);
        assert!(
            refused.contains("ports (environment variable ATELIER_PORTS): must be a list"),
            "{text}: {refused}"
        );
    }
}

#[test]
fn an_empty_list_has_no_items() {
    // Not one empty item: an empty host, or an empty secret that everybody knows.
    assert_eq!(loaded("", &[("ATELIER_HOSTS", "")]).settings.hosts, [""; 0]);
    assert_eq!(loaded("ports = [1]", &[("ATELIER_PORTS", "")]).settings.ports, [0; 0]);
}

#[test]
fn a_files_types_are_what_they_are() {
    assert_eq!(loaded("rate = 7\ncount = 0x10", &[]).settings.count, 16);
    for (file, line) in [
        ("count = '7'", "count (file FILE): must be a whole number of at least 0"),
        ("count = 7.0", "count (file FILE): must be a whole number of at least 0"),
        ("rate = '7'", "rate (file FILE): must be a number"),
        ("enabled = 'true'", "enabled (file FILE): must be true or false"),
        ("enabled = 1", "enabled (file FILE): must be true or false"),
        ("name = 7", "name (file FILE): must be a text"),
        ("name = 2026-01-01", "name (file FILE): must be a text"),
    ] {
        let text = refusal(file, &[]).replace(" from 0 to 4294967295", " of at least 0");
        assert_says(&text, line);
    }
}

#[test]
fn variables_that_kubernetes_injects_for_a_release_of_our_name_are_ignored() {
    let injected = [
        ("ATELIER_ORDERS_PORT", "tcp://10.0.0.1:5019"),
        ("ATELIER_ORDERS_SERVICE_HOST", "10.0.0.1"),
        ("ATELIER_ORDERS_SERVICE_PORT", "5019"),
        ("ATELIER_ORDERS_SERVICE_PORT_API", "5019"),
        ("ATELIER_ORDERS_PORT_5019_TCP", "tcp://10.0.0.1:5019"),
        ("ATELIER_ORDERS_PORT_5019_TCP_ADDR", "10.0.0.1"),
        ("ATELIER_ORDERS_PORT_5019_TCP_PORT", "5019"),
        ("ATELIER_ORDERS_PORT_5019_TCP_PROTO", "tcp"),
    ];
    let loaded = loaded("", &injected);
    assert!(loaded.values.iter().all(|value| value.origin == "default"), "{:?}", loaded.values);
}

#[test]
fn variables_that_kubernetes_injects_for_a_service_named_atelier_are_ignored() {
    let injected = [
        ("ATELIER_PORT", "tcp://10.0.0.1:80"),
        ("ATELIER_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("ATELIER_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("ATELIER_SERVICE_HOST", "10.0.0.1"),
        ("ATELIER_SERVICE_PORT", "80"),
        ("ATELIER_SERVICE_PORT_HTTP", "80"),
    ];
    let loaded = loaded("", &injected);
    assert!(loaded.values.iter().all(|value| value.origin == "default"), "{:?}", loaded.values);
}

#[test]
fn keys_below_a_section_are_ours_whatever_they_end_in() {
    let loaded = loaded("", &[("ATELIER_DATABASE__PORT", "5433")]);
    assert_eq!(loaded.settings.database.address.port, Some(5433));
    let text = refusal("", &[("ATELIER_OUTER__SERVICE_HOST", "x")]);
    assert!(
        text.contains("outer.service_host (environment variable ATELIER_OUTER__SERVICE_HOST): unknown key"),
        "{text}"
    );
}

#[test]
fn variables_of_others_are_none_of_ours() {
    let loaded = loaded(
        "",
        &[
            ("NAME", "x"),
            ("atelier_name", "x"),
            ("ATELIERNAME", "x"),
            ("MY_ATELIER_NAME", "x"),
            ("ATELIER_CONFIG", "x"),
        ],
    );
    assert_eq!(loaded.settings.name, "default");
}
