//! S7: what ships is made of the sources alone. The commit is checked out into two folders whose names differ in length too,
//! the programs are compiled in each as `cargo xtask image` does it, and must be the same.

use std::fs;
use std::path::{Path, PathBuf};

use super::Outcome;
use crate::failure::Failure;
use crate::image::{Libc, Place, Programs};
use crate::shell;

/// Both lie below `target/prove/S7`.
const FOLDERS: [&str; 2] = ["here", "somewhere/else"];
/// Every program has it in it.
const SHIFTED: &str = "services/service-kit/src/lib.rs";

/// A control shifts the lines of one file in the second folder, where both were compiled before.
pub(super) fn run(is_short: bool, is_control: bool) -> Result<Outcome, Failure> {
    let profile = if is_short { "dev" } else { "release" };
    let folders = FOLDERS.map(|name| shell::root().join("target/prove/S7").join(name));
    if is_control {
        shift(&folders[1].join(SHIFTED))?;
    } else {
        for folder in &folders {
            check_out(folder)?;
        }
    }
    let [first, second] = &folders;
    let [ones, others] = [compile(first, profile)?, compile(second, profile)?];
    let (mut figures, mut different) = (Vec::new(), 0);
    for ((name, one), (_, other)) in ones.files.iter().zip(&others.files) {
        let read = |path: &PathBuf| fs::read(path).map_err(Failure::file(path));
        let (one, other) =
            (Program::new(first, read(one)?, one)?, Program::new(second, read(other)?, other)?);
        let verdict = one.compared_with(&other);
        println!("S7: {name}: {} bytes, sha256 {}: {verdict}", one.bytes.len(), one.sha256);
        if verdict != Verdict::Same {
            println!("S7: `strings` and `diffoscope` show what a program has of its folder or its hour");
        }
        figures.push(format!("{name}: {verdict}"));
        different += usize::from(verdict != Verdict::Same);
    }
    Ok(Outcome { figures, is_as_claimed: (different == 0) != is_control })
}

/// The commit that is checked out here, and nothing that is not committed.
fn check_out(folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Failure::file(folder))?;
    }
    let mut git = shell::program("git");
    shell::run(git.args(["clone", "--quiet", "--no-hardlinks"]).arg(shell::root()).arg(folder))
}

fn compile(folder: &Path, profile: &str) -> Result<Programs, Failure> {
    println!("S7: compiling in {}", folder.display());
    Programs::compile(&Place::of(folder), profile, Some(Libc::Musl), None, false)
}

/// Line numbers are in what a program says when it fails.
fn shift(file: &Path) -> Result<(), Failure> {
    let text = fs::read_to_string(file).map_err(Failure::file(file))?;
    fs::write(file, format!("\n{text}")).map_err(Failure::file(file))
}

/// One program as it was made.
struct Program {
    bytes: Vec<u8>,
    sha256: String,
    names_its_folder: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Same,
    Different,
    NamesItsFolder,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Same => "the same in both folders",
            Self::Different => "ANOTHER in the second folder",
            Self::NamesItsFolder => "NAMES THE FOLDER in which it was made",
        })
    }
}

impl Program {
    fn new(folder: &Path, bytes: Vec<u8>, path: &Path) -> Result<Self, Failure> {
        let folder = folder.as_os_str().as_encoded_bytes();
        let names_its_folder = bytes.windows(folder.len()).any(|window| window == folder);
        let said = shell::output(shell::program("sha256sum").arg(path))?;
        let sha256 = said.split_whitespace().next().unwrap_or_default().to_owned();
        Ok(Self { bytes, sha256, names_its_folder })
    }

    fn compared_with(&self, other: &Self) -> Verdict {
        if self.bytes != other.bytes {
            Verdict::Different
        } else if self.names_its_folder || other.names_its_folder {
            Verdict::NamesItsFolder
        } else {
            Verdict::Same
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(bytes: &[u8], names_its_folder: bool) -> Program {
        Program { bytes: bytes.to_vec(), sha256: String::new(), names_its_folder }
    }

    #[test]
    fn programs_are_the_same_only_if_every_byte_is_and_neither_names_its_folder() {
        let one = program(b"one", false);
        assert_eq!(one.compared_with(&program(b"one", false)), Verdict::Same);
        assert_eq!(one.compared_with(&program(b"two", false)), Verdict::Different);
        assert_eq!(one.compared_with(&program(b"one", true)), Verdict::NamesItsFolder);
    }

    #[test]
    fn a_program_that_names_its_folder_is_found_out() {
        let path = shell::root().join("Cargo.toml");
        let found = |text: &str| {
            let made = Program::new(Path::new("/somewhere/else"), text.into(), &path);
            made.expect("a program").names_its_folder
        };
        assert!(found("panicked at /somewhere/else/src/main.rs"));
        assert!(!found("panicked at /atelier/src/main.rs"));
    }
}
