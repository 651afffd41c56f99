//! CHANGELOG.md: what is not released yet becomes a release's, with what whoever upgrades has to know of the schema.

use super::version::Version;

const UNRELEASED: &str = "## Unreleased\n";

/// The text of a section, without its heading; `None` where there is no such heading.
fn section<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(heading)?;
    Some(rest.split("\n## ").next().unwrap_or(rest).trim())
}

/// Heads what is not released with `version` and the day, with `upgrading` below it; `None` where nothing is said.
pub(super) fn cut(text: &str, version: Version, day: &str, upgrading: &str) -> Option<String> {
    let said = section(text, UNRELEASED).filter(|said| !said.is_empty())?;
    let (before, rest) = text.split_once(UNRELEASED)?;
    let after = &rest[rest.find(said)? + said.len()..];
    let heading = heading(version);
    Some(format!("{before}{UNRELEASED}\n{heading}{day}\n\n{said}\n\n### Upgrading\n{upgrading}{after}"))
}

fn heading(version: Version) -> String {
    format!("## {version} - ")
}

/// What is said of a release, for the page that announces it.
pub(super) fn notes(text: &str, version: Version) -> Option<&str> {
    section(text, &heading(version)).and_then(|said| said.split_once('\n')).map(|(_day, said)| said.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().expect("a version")
    }

    #[test]
    fn what_was_not_released_is_headed_and_nothing_else_changes() {
        let text = "# Changelog\n\nWords.\n\n## Unreleased\n\n### Added\n- That.\n\n## 0.1.0 - 2026-01-02\n\n### Added\n- This.\n";
        let cut = cut(text, version("0.2.0"), "2026-03-04", "- Nothing.").expect("something to release");
        assert_eq!(
            cut,
            "# Changelog\n\nWords.\n\n## Unreleased\n\n## 0.2.0 - 2026-03-04\n\n### Added\n- That.\n\n### Upgrading\n- Nothing.\n\n\
             ## 0.1.0 - 2026-01-02\n\n### Added\n- This.\n"
        );
        assert_eq!(notes(&cut, version("0.2.0")), Some("### Added\n- That.\n\n### Upgrading\n- Nothing."));
        assert_eq!(notes(&cut, version("0.1.0")), Some("### Added\n- This."));
        assert_eq!(notes(&cut, version("0.3.0")), None);
    }

    #[test]
    fn the_first_release_is_cut_as_well_and_an_empty_one_never() {
        let first =
            cut("## Unreleased\n\n- That.\n", version("0.1.0"), "2026-03-04", "- U.").expect("something");
        assert_eq!(first, "## Unreleased\n\n## 0.1.0 - 2026-03-04\n\n- That.\n\n### Upgrading\n- U.\n");
        assert_eq!(
            cut("## Unreleased\n\n## 0.1.0 - 2026-03-04\n\n- That.\n", version("0.2.0"), "d", "u"),
            None
        );
        assert_eq!(cut("# Changelog\n", version("0.2.0"), "d", "u"), None);
    }
}
