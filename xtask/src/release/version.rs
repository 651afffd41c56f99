//! The version: which it is, which is newer, and every place that states it. Cargo.toml has it; the others follow.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use crate::failure::Failure;
use crate::shell;

/// A release's number, as Semantic Versioning has it; without what may follow it, for each release here is a whole one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl FromStr for Version {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected three numbers, as in 1.2.3";
        let number = |part: &str| {
            let is_plain = part == "0" || !part.starts_with('0');
            part.parse().ok().filter(|_| is_plain && part.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let parts: Option<Vec<u32>> = text.split('.').map(number).collect();
        match parts.as_deref() {
            Some(&[major, minor, patch]) => Ok(Self { major, minor, patch }),
            _ => Err(expected),
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { major, minor, patch } = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// Files, and what stands before the version in them.
const PLACES: [(&str, &str); 13] = [
    ("Cargo.toml", "\nversion = \""),
    ("charts/atelier/Chart.yaml", "\nversion: "),
    ("charts/atelier/Chart.yaml", "\nappVersion: "),
    ("charts/atelier-operator/Chart.yaml", "\nversion: "),
    ("charts/atelier-operator/Chart.yaml", "\nappVersion: "),
    ("k8s/dev/catalog.yaml", "image: localhost/atelier/catalog-stub:"),
    ("Dockerfile", "--tag localhost/atelier/order-status:"),
    ("charts/atelier/ci/all-enabled-values.yaml", "  tag: "),
    ("docs/kubernetes.md", "--version "),
    ("docs/kubernetes.md", "/orders:"),
    ("k8s/gitops/argocd/application.yaml", "targetRevision: v"),
    ("k8s/gitops/flux/atelier.yaml", "tag: v"),
    ("README.md", "--tag localhost/atelier/orders:"),
];

/// What this was built as, which is what every place states.
pub(super) const CURRENT: &str = env!("CARGO_PKG_VERSION");

/// States `version` everywhere, once every place was found.
pub(super) fn state(version: Version) -> Result<(), Failure> {
    let mut changed: Vec<(PathBuf, String)> = Vec::new();
    for (file, before) in PLACES {
        let path = shell::root().join(file);
        let text = match changed.iter().position(|(known, _)| *known == path) {
            Some(known) => changed.swap_remove(known).1,
            None => fs::read_to_string(&path).map_err(Failure::file(&path))?,
        };
        let stated = format!("{before}{CURRENT}");
        if !text.contains(&stated) {
            return Err(Failure::Unready {
                what: format!("{file} does not say `{}`", stated.trim()),
                remedy: "Put the file or the list in xtask/src/release/version.rs right.",
            });
        }
        changed.push((path, text.replace(&stated, &format!("{before}{version}"))));
    }
    changed.iter().try_for_each(|(path, text)| fs::write(path, text).map_err(Failure::file(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_three_plain_numbers_and_they_are_compared_as_numbers() {
        let version = |text: &str| text.parse::<Version>();
        assert!(version("0.9.9").expect("one") < version("0.10.0").expect("one"));
        assert_eq!(version("1.20.3").expect("one").to_string(), "1.20.3");
        for wrong in ["1.2", "10.0.0.1", "v1.2.3", "1.2.x", "01.2.3", "1.2.3-rc.1", "+1.2.3", ""] {
            assert!(version(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_place_states_the_version_that_this_was_built_with() {
        for (file, before) in PLACES {
            let text = fs::read_to_string(shell::root().join(file)).expect(file);
            let stated = format!("{before}{CURRENT}");
            assert!(text.contains(&stated), "{file} does not say {stated}");
        }
    }
}
