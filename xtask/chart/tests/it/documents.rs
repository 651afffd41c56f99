//! What documents show of helm and kubectl is understood by them, the values that they show are taken by the charts, and what
//! they make of a chart's files by other tools comes out as they say.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use chart::render::Rendering;
use manual::{Fence, fences, typed};

use crate::objects;

const KUBERNETES: &str = include_str!("../../../../docs/kubernetes.md");
const EDGE: &str = include_str!("../../../../docs/edge.md");
const DEVELOPMENT: &str = include_str!("../../../../k8s/dev/README.md");

/// What `program` makes of `words` before it would do anything: asked for help it has read them all, and refuses those that it
/// does not know. What stands behind ` -- ` is another program's.
fn fault(program: &str, words: &[String]) -> Option<String> {
    let own = words.split(|word| word == "--").next().unwrap_or_default();
    let own: Vec<&String> = own.iter().filter(|word| *word != "…").collect();
    let mut command = Command::new(program);
    let output = command.env("KUBECONFIG", "/dev/null").args(&own).arg("--help").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    // A word that it does not know is answered with the help of everything.
    let usage = format!("{program} ");
    let verb = said.split("Usage:").nth(1).and_then(|rest| rest.split_once(&usage)).map(|(_, rest)| rest);
    let verb = verb.and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    let is_known = output.status.success() && own.iter().any(|word| *word == verb);
    (!is_known).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
#[ignore = "needs helm and kubectl"]
fn every_command_of_helm_and_kubectl_is_understood() {
    let mut commands = BTreeMap::new();
    for (path, text) in manual::documents() {
        for command in typed(&text).into_iter().filter(|it| it.words.len() > 1 && it.words[1] != "atelier") {
            if ["helm", "kubectl"].contains(&command.words[0].as_str()) {
                commands.insert(command.words, format!("{}:{}", path.display(), command.line));
            }
        }
    }
    let said = |(words, place): (&Vec<String>, &String)| {
        Some(format!("{place}: {}", fault(&words[0], &words[1..])?))
    };
    let faults: Vec<String> = commands.iter().filter_map(said).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(commands.len() > 40, "{}", commands.len());
}

#[test]
#[ignore = "needs helm and kubectl"]
fn what_they_do_not_know_is_found() {
    for (line, is_known) in [
        ("upgrade --install a b --wait", true),
        ("upgrade --instal a b", false),
        ("upgrad --install a b", false),
    ] {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        assert_eq!(fault("helm", &words).is_none(), is_known, "{line}");
    }
}

fn of_language<'a>(text: &'a str, language: &str) -> Vec<Fence<'a>> {
    fences(text).into_iter().filter(|fence| fence.language == language).collect()
}

#[test]
#[ignore = "needs helm"]
fn the_values_that_documents_show_are_taken() {
    let folder = Folder::new("values");
    let mut taken = 0;
    for fence in [of_language(KUBERNETES, "yaml"), of_language(EDGE, "yaml")].concat() {
        let shown = folder.0.join("shown.yaml");
        fs::write(&shown, fence.lines.join("\n")).expect("a file");
        assert!(!objects(&Rendering::of("minimal").and(&shown)).is_empty());
        taken += 1;
    }
    assert_eq!(taken, 3);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder in which a person would type, with the charts and values in it; it goes with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("documents-{name}-{}", std::process::id()));
        fs::create_dir(&folder).expect("a folder");
        for name in ["charts", "k8s"] {
            symlink(root().join(name), folder.join(name)).expect("a link");
        }
        fs::copy(root().join("charts/atelier/ci/minimal-values.yaml"), folder.join("values.yaml"))
            .expect("values");
        Self(folder)
    }

    /// What a shell prints of `script`.
    fn run(&self, script: &str) -> String {
        let output =
            Command::new("sh").args(["-euc", script]).current_dir(&self.0).output().expect("a shell");
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in the folder of temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
#[ignore = "needs helm"]
fn what_is_made_of_files_by_other_tools_comes_out() {
    let folder = Folder::new("tools");
    let blocks = of_language(KUBERNETES, "sh");
    let rules = blocks.iter().map(|fence| fence.lines.join("\n")).find(|text| text.contains("helm template"));
    folder.run(&rules.expect("the rules for a Prometheus without operator"));
    let rules = fs::read_to_string(folder.0.join("atelier-rules.yaml")).expect("what it wrote");
    assert!(rules.contains("\ngroups:\n  "), "{rules}");

    let blocks = of_language(DEVELOPMENT, "sh");
    let change = blocks.iter().map(|fence| fence.lines.join("\n")).find(|text| text.starts_with("sed "));
    let (change, _) =
        change.as_deref().and_then(|text| text.split_once(" | kubectl ")).expect("another image");
    assert!(folder.run(change).contains("image: registry.example.com/postgres:16\n"));
}
