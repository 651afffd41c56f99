//! Which cases are run, and how: a short set always, and each other one when something that it covers has changed; those under
//! load, and those that concern the whole cluster, alone. What is left out is said by name, with the reason.

use std::process::Command;

use crate::error::Failure;
use crate::program;
use crate::stage::Setting;

/// Through the Gateway, each with the machine for itself.
const UNDER_LOAD: [&str; 5] = ["upgrade", "no_way_back", "failed_migration", "rotation", "rolling_restarts"];

/// What every case stands on.
const GROUND: [&str; 7] = [
    "Cargo.lock",
    "Dockerfile",
    "k8s/dev/",
    "rust-toolchain.toml",
    "xtask/e2e/",
    "xtask/load/",
    "xtask/src/image",
];

/// What happens to the whole cluster.
const TO_ALL: [&str; 2] = ["operator_without_its_kind", "operator_api_server"];

/// What a case is about, as beginnings of paths, beside what every case stands on; nothing for the short set.
fn covers(case: &str) -> Option<&'static [&'static str]> {
    Some(match case {
        "collision" | "gateway" | "hook" | "metrics" | "new_host" => &["charts/atelier/", "xtask/chart/"],
        "operator"
        | "operator_killed"
        | "operator_reasons"
        | "operator_words"
        | "operator_without_its_kind"
        | "operator_api_server" => {
            &["charts/", "services/migrator/", "services/operator/", "services/service-kit/"]
        }
        "refusals_missing_secret" | "refusals_wrong_authority" => {
            &["charts/atelier/", "services/migrator/", "services/service-kit/"]
        }
        "restart" | "rolling_restarts" | "rotation" => &["charts/atelier/", "services/"],
        "raw" => &["charts/atelier/", "k8s/raw/", "xtask/chart/"],
        "traces" => &["charts/atelier/", "k8s/collector/", "services/service-kit/"],
        "no_way_back" | "failed_migration" => {
            &["charts/atelier/", "migrations/", "services/", "xtask/other-releases/"]
        }
        _ => return None,
    })
}

/// Whether no other case may run beside it.
pub(crate) fn is_alone(case: &str) -> bool {
    UNDER_LOAD.contains(&case) || TO_ALL.contains(&case)
}

/// The flag without which a case cannot be run, where it was not given.
fn lacking(case: &str, setting: &Setting) -> Option<&'static str> {
    let (flag, is_given) = match case {
        "edge" => ("--nginx-image", setting.nginx_image.is_some() || setting.can_fetch),
        "gateway" => ("--gateway", setting.gateway.is_some()),
        "traces" => ("--collector-image", setting.collector_image.is_some() || setting.can_fetch),
        "operator_api_server" => ("--restart-api-server", setting.restart_api_server.is_some()),
        case if UNDER_LOAD.contains(&case) => ("--rate", setting.rate.is_some()),
        _ => return None,
    };
    (!is_given).then_some(flag)
}

/// Why a case is not run, where it is not; `changed` are the paths that did, if that is known.
pub(crate) fn left_out(case: &str, setting: &Setting, changed: Option<&Changes>) -> Option<String> {
    if let Some(flag) = lacking(case, setting) {
        return Some(format!("it needs {flag}"));
    }
    let changed = changed.filter(|changed| !changed.concern(case))?;
    Some(format!("nothing of what it covers changed since {}", changed.since))
}

/// What is not as it was.
#[derive(Debug)]
pub(crate) struct Changes {
    since: String,
    paths: Vec<String>,
}

impl Changes {
    /// All that differs from a commit, committed or not.
    pub(crate) async fn since(base: &str) -> Result<Self, Failure> {
        let unknown = |source| Failure::Changes { base: base.to_owned(), source: Box::new(source) };
        let mut paths = lines(&["diff", "--name-only", base]).await.map_err(unknown)?;
        paths.extend(lines(&["ls-files", "--others", "--exclude-standard"]).await.map_err(unknown)?);
        let since = lines(&["rev-parse", "--short", base]).await.map_err(unknown)?.concat();
        Ok(Self { since, paths })
    }

    /// Whether something that the case covers is among it.
    fn concern(&self, case: &str) -> bool {
        let Some(covered) = covers(case) else { return true };
        let all = covered.iter().chain(&GROUND);
        all.into_iter().any(|beginning| self.paths.iter().any(|path| path.starts_with(beginning)))
    }
}

async fn lines(words: &[&str]) -> Result<Vec<String>, Failure> {
    let mut git = Command::new("git");
    git.args(words);
    Ok(program::output(&mut git.into()).await?.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cases::{CASES, Case};

    fn changes(path: &str) -> Changes {
        Changes { since: "1234567".to_owned(), paths: vec![path.to_owned()] }
    }

    #[test]
    fn a_case_is_run_when_what_it_covers_changed_and_the_short_set_always() {
        let changed = changes("services/operator/src/lib.rs");
        for (case, concerns) in
            [("operator", true), ("rotation", true), ("metrics", false), ("install", true)]
        {
            assert_eq!(changed.concern(case), concerns, "{case}");
        }
        assert!(!changes("README.md").concern("rotation"));
        assert!(changes("Cargo.lock").concern("metrics"));
    }

    #[test]
    fn each_path_is_there_and_so_is_each_case_under_load() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let covered = CASES.iter().filter_map(|case| covers(case.name)).flatten();
        for path in covered.chain(&GROUND) {
            let named = root.join(path);
            assert!(named.exists() || named.with_extension("rs").exists(), "{path}");
        }
        for name in UNDER_LOAD.iter().chain(&TO_ALL) {
            assert!(CASES.iter().any(|case| case.name == *name), "{name}");
        }
    }

    #[test]
    fn each_case_is_told_of_in_the_documents() {
        let documents = include_str!("../../../docs/kubernetes.md");
        for Case { name, .. } in &CASES {
            let family = name.split_once('_').map_or(*name, |(family, _)| family);
            let is_told = [format!("| `{name}` |"), format!("| `{family}_…` |")];
            assert!(is_told.iter().any(|row| documents.contains(row)), "{name} is not in docs/kubernetes.md");
        }
    }

    #[tokio::test]
    async fn a_commit_that_is_not_there_is_no_base() {
        let failure = Changes::since("no-such-commit").await.expect_err("not there");
        assert!(failure.to_string().contains("no-such-commit"), "{failure}");
    }
}
