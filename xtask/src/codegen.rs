//! `cargo xtask codegen [--check]`: everything that is generated and committed, and the proof that it is fresh.
//!
//! Each generator writes what it owns, at the paths of the repository, into a folder under `target/codegen`; then
//! that folder is compared with the repository. `--check` stops there, otherwise the differences are put in place.

mod chart;
mod dashboards;
mod documents;
mod edge;
pub(crate) mod queries;
mod schemas;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::needs::Required;
use crate::shell;

/// Whether to renew or only to look.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Change nothing; fail if a committed file is not what would be generated.
    #[arg(long)]
    pub(crate) check: bool,
}

/// One kind of generated files.
struct Generator {
    name: &'static str,
    /// What it owns, relative to the root: files, or folders whose every file it owns.
    owns: &'static [&'static str],
    /// Writes all that it owns below the given folder.
    make: fn(&Path) -> Result<(), Failure>,
    /// A program beside the toolchain without which it is left out, and fails where nothing may be.
    tool: Option<&'static str>,
}

const GENERATORS: [Generator; 7] = [
    Generator { name: "queries", owns: &[".sqlx"], make: queries::make, tool: None },
    Generator { name: "schemas", owns: &schemas::FILES, make: schemas::make, tool: None },
    Generator { name: "documents", owns: &documents::FILES, make: documents::make, tool: None },
    Generator { name: "chart", owns: &chart::FILES, make: chart::make, tool: None },
    Generator { name: "dashboards", owns: &[dashboards::FOLDER], make: dashboards::make, tool: None },
    Generator { name: "edge", owns: &[edge::FOLDER], make: edge::make, tool: None },
    Generator { name: "rendered", owns: &[chart::RENDERED], make: chart::render, tool: Some("helm") },
];

#[derive(Debug, PartialEq, Eq)]
enum Difference {
    Changed,
    Missing,
    Superfluous,
}

/// Generates, compares, and puts in place or complains.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let root = shell::root();
    let mut stale = 0;
    for generator in &GENERATORS {
        println!("codegen: {}", generator.name);
        if let Some(tool) = generator.tool.filter(|tool| shell::find(tool).is_none()) {
            if Required::new(&[]).has(tool) {
                return Err(Failure::missing_tool(tool));
            }
            println!("  skipped: {tool} is not installed; `cargo xtask tools` says how to get it");
            continue;
        }
        let fresh = root.join("target/codegen").join(generator.name);
        empty(&fresh)?;
        (generator.make)(&fresh)?;
        let differences = compare(&files(&root, generator.owns)?, &files(&fresh, generator.owns)?);
        for (path, difference) in &differences {
            println!("  {:<11} {}", format!("{difference:?}").to_lowercase(), path.display());
            if !args.check {
                put_in_place(&root.join(path), &fresh.join(path), difference)?;
            }
        }
        stale += differences.len();
        if args.check && stale > 0 {
            // The generators that follow build programs from these files.
            break;
        }
    }
    if stale == 0 {
        println!("codegen: everything is fresh");
        return Ok(());
    }
    if args.check {
        let remedy = "Run `cargo xtask codegen` and commit what it changes.".to_owned();
        return Err(Failure::Found { count: stale, what: "generated files are stale", remedy });
    }
    println!("codegen: {stale} files renewed");
    Ok(())
}

type Contents = BTreeMap<PathBuf, Vec<u8>>;

fn compare(committed: &Contents, fresh: &Contents) -> Vec<(PathBuf, Difference)> {
    let gone = committed.keys().filter(|path| !fresh.contains_key(*path));
    let mut all: Vec<_> = gone.map(|path| (path.clone(), Difference::Superfluous)).collect();
    for (path, content) in fresh {
        match committed.get(path) {
            None => all.push((path.clone(), Difference::Missing)),
            Some(old) if old != content => all.push((path.clone(), Difference::Changed)),
            Some(_) => {}
        }
    }
    all
}

fn put_in_place(target: &Path, fresh: &Path, difference: &Difference) -> Result<(), Failure> {
    if *difference == Difference::Superfluous {
        return fs::remove_file(target).map_err(Failure::file(target));
    }
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    }
    fs::copy(fresh, target).map(drop).map_err(Failure::file(target))
}

/// The owned files below `base`; folders are one level deep.
fn files(base: &Path, owned: &[&str]) -> Result<Contents, Failure> {
    let mut contents = Contents::new();
    for name in owned {
        let path = base.join(name);
        let paths = if path.is_dir() {
            let entries = fs::read_dir(&path).map_err(Failure::file(&path))?;
            entries.filter_map(Result::ok).map(|entry| entry.path()).collect()
        } else {
            vec![path]
        };
        for path in paths.into_iter().filter(|path| path.is_file()) {
            let content = fs::read(&path).map_err(Failure::file(&path))?;
            let relative = path.strip_prefix(base).unwrap_or(&path).to_owned();
            contents.insert(relative, content);
        }
    }
    Ok(contents)
}

fn empty(folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Failure::file(folder))?;
    }
    fs::create_dir_all(folder).map_err(Failure::file(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(pairs: &[(&str, &str)]) -> Contents {
        pairs.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn changed_missing_and_superfluous_files_are_told_apart() {
        let committed = contents(&[("same", "1"), ("changed", "1"), ("gone", "1")]);
        let fresh = contents(&[("same", "1"), ("changed", "2"), ("new", "1")]);
        let expected = [
            (PathBuf::from("gone"), Difference::Superfluous),
            (PathBuf::from("changed"), Difference::Changed),
            (PathBuf::from("new"), Difference::Missing),
        ];
        assert_eq!(compare(&committed, &fresh), expected);
    }
}
