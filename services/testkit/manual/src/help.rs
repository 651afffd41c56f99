//! A program's own words: does its help fit a screen, and does it understand what is written about it?

use clap::Command;
use clap::error::ErrorKind;

use crate::typed::{Typed, typed};

/// The width of a terminal that nobody made wider.
const WIDTH_MAX: usize = 80;
/// The height of a screen, with room for the line that asked.
const LINES_MAX: usize = 50;
/// What stands above a program's examples.
const EXAMPLES: &str = "Examples:";

/// Fails unless the help of `program` fits a screen and has examples, and the program understands these and every command of
/// it in a document. It is typed as `called`, which may be several words.
///
/// # Panics
///
/// With every fault that was found; it is for tests.
#[track_caller]
pub fn check(program: &Command, called: &str) {
    let faults = faults(program, called);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn faults(program: &Command, called: &str) -> Vec<String> {
    let mut faults = Vec::new();
    look(program, called, &mut faults);
    if !help(program, &[]).contains(EXAMPLES) {
        faults.push(format!("`{called} --help` has no examples"));
    }
    for (path, text) in crate::documents() {
        for found in typed(&text) {
            if let Err(fault) = is_understood(program, called, &found) {
                faults.push(format!("{}:{}: {fault}", path.display(), found.line));
            }
        }
    }
    faults
}

/// The program's help, and that of each of its words.
fn look(program: &Command, called: &str, faults: &mut Vec<String>) {
    let mut ways: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(way) = ways.pop() {
        let text = help(program, &way);
        let name = [&[called.to_owned()], &way[..]].concat().join(" ");
        // Clap breaks every line but that of the usage.
        let wide = text.lines().filter(|line| !line.starts_with("Usage:"));
        let (lines, width) = (text.lines().count(), wide.map(|line| line.chars().count()).max());
        if lines > LINES_MAX || width > Some(WIDTH_MAX) {
            let width = width.unwrap_or_default();
            faults.push(format!(
                "`{name} --help` is {width} x {lines}, more than {WIDTH_MAX} x {LINES_MAX}:\n{text}"
            ));
        }
        let examples = text.split_once(EXAMPLES).map_or("", |(_, rest)| rest);
        for example in typed(&format!("```sh\n{examples}\n```")) {
            if let Err(fault) = is_understood(program, called, &example) {
                faults.push(format!("an example of `{name} --help`: {fault}"));
            }
        }
        let here = way.iter().try_fold(program, |command, word| command.find_subcommand(word));
        let words = here.into_iter().flat_map(Command::get_subcommands).filter(|word| !word.is_hide_set());
        ways.extend(words.map(|word| [&way[..], &[word.get_name().to_owned()]].concat()));
    }
}

/// What it prints where a terminal is as wide as that.
fn help(program: &Command, way: &[String]) -> String {
    let program = program.clone().no_binary_name(true).term_width(WIDTH_MAX);
    let words = way.iter().map(String::as_str).chain(["--help"]);
    program.try_get_matches_from(words).err().map(|said| said.render().to_string()).unwrap_or_default()
}

/// Commands of other programs are nobody's concern here.
fn is_understood(program: &Command, called: &str, typed: &Typed) -> Result<(), String> {
    let called: Vec<&str> = called.split(' ').collect();
    let Some(words) =
        typed.words.get(called.len()..).filter(|_| typed.words.iter().zip(&called).all(|(a, b)| a == b))
    else {
        return Ok(());
    };
    let program = program.clone().no_binary_name(true);
    let Err(refusal) = program.try_get_matches_from(words.iter().filter(|word| *word != "…")) else {
        return Ok(());
    };
    let is_fine = match refusal.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
        // A sentence may leave away what is needed besides, and let a word stand for a number.
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand | ErrorKind::ArgumentConflict => false,
        _ => !typed.is_whole,
    };
    if is_fine { Ok(()) } else { Err(format!("`{}`: {refusal}", typed.words.join(" "))) }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction};

    use super::*;

    fn program() -> Command {
        let count = Arg::new("count").long("count").value_parser(clap::value_parser!(u8)).required(true);
        let flag = Arg::new("flag").long("flag").action(ArgAction::SetTrue);
        Command::new("p").arg(count).arg(flag)
    }

    fn said(line: &str, is_whole: bool) -> Result<(), String> {
        let words = line.split(' ').map(str::to_owned).collect();
        is_understood(&program(), "cargo p", &Typed { line: 1, words, is_whole })
    }

    #[test]
    fn what_can_be_copied_must_be_right_and_what_is_named_must_exist() {
        assert_eq!(said("cargo p --count 1 --flag", true), Ok(()));
        assert_eq!(said("cargo p --help", true), Ok(()));
        assert_eq!(said("cargo q --other", true), Ok(()), "another program's");
        for (line, is_fine_in_a_sentence) in [
            ("cargo p", true),
            ("cargo p --count N", true),
            ("cargo p --other", false),
            ("cargo p word", false),
        ] {
            assert!(said(line, true).is_err(), "{line}");
            assert_eq!(said(line, false).is_ok(), is_fine_in_a_sentence, "{line}");
        }
    }

    #[test]
    fn help_that_is_too_high_too_wide_or_has_a_wrong_example_is_found() {
        let found = |program: &Command| {
            let mut faults = Vec::new();
            look(program, "p", &mut faults);
            faults.len()
        };
        let fine = "Examples:\n  p --count 3   # three\n";
        assert_eq!(found(&program().after_help(fine)), 0);
        assert_eq!(found(&program().after_help("Examples:\n  p --count many\n")), 1);
        assert_eq!(found(&program().after_help("x".repeat(WIDTH_MAX + 1))), 1);
        assert_eq!(found(&program().after_help("x\n".repeat(LINES_MAX))), 1);
        assert_eq!(found(&Command::new("p").subcommand(program().after_help("x\n".repeat(LINES_MAX)))), 1);
    }
}
