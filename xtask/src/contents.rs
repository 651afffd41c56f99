//! What `cargo xtask` says of itself: a table of contents, in groups, because twenty words in a row tell nobody where to begin.

use std::fmt::Write as _;

use clap::CommandFactory;

/// Each command that is shown, once.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Every day", &["up", "test", "codegen", "tools"]),
    ("Checks", &["ci", "tidy", "schemathesis", "chart", "workflows"]),
    ("Database", &["migrate", "squawk"]),
    ("Kubernetes", &["image", "values", "dev-secrets", "e2e"]),
    ("Release", &["release", "publish"]),
    ("Measures and proofs", &["bench", "load", "prove"]),
];

const EXAMPLES: &str = "
Examples:
  cargo xtask up                  # a working system; try it with the tour's lines
  cargo xtask test -p migrator    # some of the tests
  cargo xtask ci                  # before you push

`cargo xtask COMMAND --help` has each command's flags, and examples of its own.";

/// The command line `C`, whose help is the table.
pub(crate) fn command<C: CommandFactory>() -> clap::Command {
    let command = C::command();
    let table = table(&command);
    command.help_template("{about-with-newline}\n{usage-heading} {usage}{after-help}").after_help(table)
}

fn table(command: &clap::Command) -> String {
    let mut table = String::new();
    for (group, words) in GROUPS {
        // Writing into a text does not fail.
        let _ = writeln!(table, "{}{group}:", if table.is_empty() { "" } else { "\n" });
        for word in words.iter().filter_map(|word| command.find_subcommand(word)) {
            let about = word.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(table, "  {:<13} {about}", word.get_name());
        }
    }
    table + EXAMPLES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_of_it_is_what_it_understands() {
        manual::check(&command::<crate::Command>(), "cargo xtask");
    }

    #[test]
    fn each_command_stands_in_the_table_once() {
        let command = crate::Command::command();
        let mut shown: Vec<&str> = command
            .get_subcommands()
            .filter(|word| !word.is_hide_set())
            .map(clap::Command::get_name)
            .collect();
        let mut listed: Vec<&str> = GROUPS.iter().flat_map(|(_, words)| *words).copied().collect();
        shown.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, shown);
    }
}
