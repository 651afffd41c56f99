//! `cargo xtask values` and the chart agree: what it prints is taken, and what the chart would refuse it refuses itself.

use std::path::PathBuf;
use std::process::Command;

use chart::Chart;
use chart::render::Rendering;
use serde_json::Value;

use crate::refusal;

const FACTS: [&str; 2] = ["--db-host=db.example.com", "--catalog-url=https://catalog.example.com/catalog"];
const ISSUER: [&str; 3] =
    ["--jwks-url=https://login.example.com/keys", "--issuer=https://login.example.com", "--audience=atelier"];

const REST: [&str; 5] = [
    "--db-port=6432",
    "--db-name=shop",
    "--db-ca-secret=authority",
    "--db-roles=o,w,r",
    "--image-registry=registry.example.com/atelier",
];
const FLAGS: [&str; 10] = [
    "--db-host",
    "--db-port",
    "--db-name",
    "--db-ca-secret",
    "--db-roles",
    "--catalog-url",
    "--jwks-url",
    "--issuer",
    "--audience",
    "--image-registry",
];
/// Texts that one fact or another cannot be.
const ODD: [&str; 23] = [
    "",
    " ",
    "a b",
    " a",
    "a ",
    "A",
    "a/b",
    "a@b",
    "/a",
    "-",
    "a,b,c",
    "a b,c,d",
    "0",
    "65536",
    "HTTPS://a",
    "https://a",
    "https://a b",
    "https://u@a",
    "https://a/?q",
    "HTTP://a/b",
    "http://a",
    "a\tb",
    "é",
];

/// What is printed for these facts; `None` where they are refused.
fn printed(facts: &[&str]) -> Option<String> {
    let output =
        Command::new(env!("CARGO_BIN_EXE_chart")).arg("values").args(facts).output().expect("it runs");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What the chart says of printed values.
fn chart_says(file: &str, yaml: &str) -> String {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{file}.yaml"));
    std::fs::write(&file, yaml).expect("a file");
    refusal(&Rendering::with(&file))
}

#[test]
#[ignore = "needs helm"]
fn the_chart_takes_what_is_printed_with_everything_told() {
    let all = [&FACTS[..], &ISSUER, &REST].concat();
    for facts in [FACTS.to_vec(), all, [&FACTS[1..], &["--db-host=2001:db8::1"]].concat()] {
        let yaml = printed(&facts).expect("values");
        assert_eq!(chart_says("whole", &yaml), "", "{facts:?}: {yaml}");
    }
}

#[test]
#[ignore = "needs helm"]
fn what_the_chart_would_refuse_is_refused_by_the_command_itself() {
    let mut taken = 0;
    for flag in FLAGS {
        for text in ODD {
            let others = [&FACTS[..], &ISSUER].concat();
            let others = others.into_iter().filter(|fact| !fact.starts_with(&format!("{flag}=")));
            let fact = format!("{flag}={text}");
            let facts: Vec<&str> = others.chain([fact.as_str()]).collect();
            let Some(yaml) = printed(&facts) else { continue };
            taken += 1;
            assert_eq!(
                chart_says("odd", &yaml),
                "",
                "{fact} is taken by the command and refused by the chart"
            );
        }
    }
    assert!((20..120).contains(&taken), "{taken} of the odd facts are taken");
}

#[test]
fn the_smallest_file_of_the_matrix_is_what_two_facts_print() {
    let read = |text: &str| serde_saphyr::from_str::<Value>(text).expect("YAML");
    let committed =
        std::fs::read_to_string(Chart::Atelier.folder().join("ci/minimal-values.yaml")).expect("a file");
    assert_eq!(read(&committed), read(&printed(&FACTS).expect("values")));
}

#[test]
fn every_key_that_is_printed_is_an_option_of_the_chart() {
    fn leaves(at: &str, value: &Value, found: &mut Vec<String>) {
        match value.as_object() {
            Some(map) => map.iter().for_each(|(key, value)| leaves(&format!("{at}.{key}"), value, found)),
            None => found.push(at.trim_start_matches('.').to_owned()),
        }
    }
    let all = [&FACTS[..], &ISSUER, &REST].concat();
    let yaml = printed(&all).expect("values");
    let mut keys = Vec::new();
    leaves("", &serde_saphyr::from_str::<Value>(&yaml).expect("YAML"), &mut keys);
    assert!(keys.len() > 12, "{keys:?}");
    let paths = chart::paths().expect("the chart's options");
    for key in keys {
        // A login is one option, with three keys of its own.
        let is_known = paths.iter().any(|(path, _)| *path == key || key.starts_with(&format!("{path}.")));
        assert!(is_known, "{key} is no option of the chart");
    }
}
