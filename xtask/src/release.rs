//! `cargo xtask release VERSION`: makes a commit's tree a release's. One version for crates, charts and images, the changelog cut,
//! and what whoever upgrades has to know, told from the migrations.
//!
//! It changes files and nothing else; committing, tagging and pushing are for whoever releases, and what follows a tag is
//! `.github/workflows/release.yml`.

mod changelog;
mod upgrading;
mod version;

use std::fs;

use crate::failure::Failure;
use crate::{codegen, shell, squawk, tidy};
use version::Version;

const CHANGELOG: &str = "CHANGELOG.md";

const EXAMPLES: &str = "\
Examples:
  cargo xtask release 0.2.0 --dry-run     # what is in the way?
  cargo xtask release 0.2.0";

/// Which release.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Its number, as in 1.2.3.
    version: Version,
    /// Only say what is in the way, and what would be written of upgrading.
    #[arg(long)]
    dry_run: bool,
}

/// Looks whether it can be released, then states the version everywhere.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let version = args.version;
    let tag = newest_tag();
    is_next(version, tag.as_deref())?;
    is_clean()?;
    are_safe()?;
    let path = shell::root().join(CHANGELOG);
    let text = fs::read_to_string(&path).map_err(Failure::file(&path))?;
    let upgrading = upgrading::notes(&tidy::released_migrations()?)?;
    let day = shell::output(shell::program("date").args(["--utc", "+%F"]))?;
    let cut = changelog::cut(&text, version, day.trim(), &upgrading).ok_or_else(|| Failure::Unready {
        what: format!("{CHANGELOG} says nothing under `## Unreleased`"),
        remedy: "Say there what users notice.",
    })?;
    println!("release: {version}, after {}\n\n### Upgrading\n{upgrading}", tag.as_deref().unwrap_or("none"));
    if args.dry_run {
        return Ok(());
    }
    fs::write(&path, cut).map_err(Failure::file(&path))?;
    version::state(version)?;
    // The lock file states the versions of our crates, and renders those of the charts.
    shell::run(shell::cargo().args(["update", "--workspace", "--offline", "--quiet"]))?;
    codegen::run(&codegen::Args { check: false })?;
    println!("\nNext: read `git diff`, then");
    println!("  git commit --all --message \"Release {version}\"");
    println!("  cargo xtask ci");
    println!("  git tag --annotate v{version} --message \"Atelier {version}\"");
    println!("  git push --follow-tags");
    Ok(())
}

/// What the changelog says of `version`.
pub(crate) fn said(version: &str) -> Result<String, Failure> {
    let path = shell::root().join(CHANGELOG);
    let text = fs::read_to_string(&path).map_err(Failure::file(&path))?;
    let said = version.parse().ok().and_then(|version| changelog::notes(&text, version));
    said.map(str::to_owned).ok_or_else(|| Failure::Unready {
        what: format!("{CHANGELOG} has no section of {version}"),
        remedy: "`cargo xtask release` makes it.",
    })
}

/// The newest release that this commit descends from.
fn newest_tag() -> Option<String> {
    shell::ask(shell::program("git").args(["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]))
}

/// A release is newer than the one before it; the first may be what the tree says already.
fn is_next(version: Version, tag: Option<&str>) -> Result<(), Failure> {
    let before = tag.and_then(|tag| tag.strip_prefix('v')?.parse::<Version>().ok());
    let is_next = before.is_none_or(|before| before < version)
        && version::CURRENT.parse().is_ok_and(|current: Version| current <= version);
    let what = || format!("{version} does not follow {}", tag.unwrap_or(version::CURRENT));
    is_next.then_some(()).ok_or_else(|| Failure::Unready { what: what(), remedy: "Versions only go up." })
}

/// What is not committed would be part of the release's commit, unread.
fn is_clean() -> Result<(), Failure> {
    let changed = shell::output(shell::program("git").args(["status", "--porcelain"]))?;
    let what = || format!("{} files differ from the last commit", changed.lines().count());
    let remedy = "Commit or stash them; `git status` names them.";
    changed.is_empty().then_some(()).ok_or_else(|| Failure::Unready { what: what(), remedy })
}

/// No released migration was changed, and no expand would lock out, or break, the applications of the release before.
fn are_safe() -> Result<(), Failure> {
    tidy::run()?;
    squawk::run()?;
    shell::run(shell::cargo().args(["test", "--quiet", "--package", "migrator", "--lib", "analysis"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_only_go_up() {
        let current: Version = version::CURRENT.parse().expect("ours");
        let follows = |version: &str, tag| is_next(version.parse().expect("a version"), tag).is_ok();
        assert!(is_next(current, None).is_ok(), "the first release may be what the tree says");
        assert!(follows("999.0.0", Some("v0.1.0")));
        assert!(!follows("999.0.0", Some("v999.0.0")));
        assert!(!follows("0.0.1", None));
    }
}
