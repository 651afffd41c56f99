//! The table of docs/reliability.md: a line for each row, of which a run replaces its own and no other.

use std::fs;
use std::path::PathBuf;
use std::thread::available_parallelism;

use super::Args;
use super::rows::{self, By, Row};
use crate::failure::Failure;
use crate::shell;

const BEGIN: &str = "<!-- `cargo xtask prove` writes what follows. -->";
const END: &str = "<!-- End of what it writes. -->";
const HEAD: &str =
    "| | what is claimed | goal | figure | what shows that it can fail | run |\n|---|---|---|---|---|---|";
/// In the place of what nobody has found yet.
const NOTHING: &str = "–";
/// Between a control and what it found.
const FOUND: &str = " → ";
const SHORT: &str = " --short";

/// One run, as it is told.
pub(super) struct Run {
    figure: String,
    is_control: bool,
    /// By what, when, where.
    how: String,
}

impl Run {
    pub(super) fn now(row: &Row, args: &Args, is_as_claimed: bool, figure: String) -> Result<Self, Failure> {
        let date = shell::output(shell::program("date").args(["--utc", "+%F"]))?;
        let commit = shell::output(shell::program("git").args(["rev-parse", "--short=9", "HEAD"]))?;
        let (cores, processor) = (available_parallelism().map_or(1, usize::from), processor());
        let (date, commit) = (date.trim(), commit.trim());
        let command = command(row, args);
        Ok(Self {
            figure: if is_as_claimed { figure } else { format!("**MISSED** {figure}") },
            is_control: args.control,
            how: format!("`{command}`, {date}, commit {commit}, {cores} cores of {processor}"),
        })
    }

    fn is_short(&self) -> bool {
        self.how.split('`').nth(1).is_some_and(|command| command.contains(SHORT))
    }
}

/// As it would be typed to repeat it.
fn command(row: &Row, args: &Args) -> String {
    let is_short = args.short && !matches!(row.by, By::Commands(_));
    let has_seed = matches!(row.by, By::Program | By::Measured | By::Tests(_));
    let seed = has_seed.then(|| format!(" --seed {}", args.seed));
    let minutes =
        args.minutes.filter(|_| row.by == By::Program).map(|minutes| format!(" --minutes {minutes}"));
    let words = [is_short.then(|| SHORT.to_owned()), seed, minutes];
    format!("cargo xtask prove {}{}", row.name, words.into_iter().flatten().collect::<String>())
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or("an unknown kind", |(_, name)| name).to_owned()
}

/// The page, line by line.
pub(super) struct Page {
    before: String,
    lines: Vec<(&'static str, [String; 3])>,
    after: String,
}

fn path() -> PathBuf {
    shell::root().join("docs/reliability.md")
}

impl Page {
    pub(super) fn read() -> Result<Self, Failure> {
        Ok(Self::of(&fs::read_to_string(path()).map_err(Failure::file(path()))?))
    }

    pub(super) fn write(&self) -> Result<(), Failure> {
        fs::write(path(), self.text()).map_err(Failure::file(path()))
    }

    /// What is not there yet is at the end, and empty.
    fn of(text: &str) -> Self {
        let (before, rest) = text.split_once(BEGIN).unwrap_or((text, ""));
        let (table, after) = rest.split_once(END).unwrap_or(("", ""));
        let lines = rows::all().map(|row| {
            let line = table.lines().find(|line| line.starts_with(&format!("| {} |", row.name)));
            let cells: Vec<&str> = line.unwrap_or_default().split(" | ").collect();
            let cell = |at: usize| cells.get(at).map_or(NOTHING, |cell| cell.trim_end_matches(" |"));
            let control = cell(4).split_once(FOUND).map_or("", |(_, found)| found);
            (row.name, [cell(3), control, cell(5)].map(str::to_owned))
        });
        Self { before: before.to_owned(), lines: lines.collect(), after: after.to_owned() }
    }

    fn text(&self) -> String {
        let lines = rows::all().zip(&self.lines).map(|(row, (_, [figure, control, how]))| {
            let Row { name, claim, goal, control: what, .. } = row;
            let found = if control.is_empty() { String::new() } else { format!("{FOUND}{control}") };
            format!("| {name} | {claim} | {goal} | {figure} | {what}{found} | {how} |")
        });
        let lines = lines.collect::<Vec<_>>().join("\n");
        format!("{}{BEGIN}\n{HEAD}\n{lines}\n{END}{}", self.before, self.after)
    }

    /// Puts a run into its row. A short one does not replace what a long one found.
    pub(super) fn note(&mut self, row: &Row, run: &Run) {
        let Some((_, [figure, control, how])) = self.lines.iter_mut().find(|(name, _)| *name == row.name)
        else {
            return;
        };
        // A bar would begin another cell.
        let found = run.figure.replace('|', "/").replace('\n', " ");
        if run.is_control {
            *control = found;
        } else if !run.is_short() || how == NOTHING || how.contains(SHORT) {
            (*figure, *how) = (found, run.how.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(figure: &str, command: &str, is_control: bool) -> Run {
        Run { figure: figure.to_owned(), is_control, how: format!("`{command}`, some day") }
    }

    fn line<'a>(text: &'a str, name: &str) -> &'a str {
        text.lines().find(|line| line.starts_with(&format!("| {name} |"))).expect("a line")
    }

    fn row(name: &str) -> &'static Row {
        rows::all().find(|row| row.name == name).expect("a row")
    }

    #[test]
    fn a_run_replaces_its_own_line_and_nothing_else() {
        let mut page = Page::of(&format!("Before.\n\n{BEGIN}\n{END}\nAfter.\n"));
        page.note(row("R2"), &run("3 | 4", "prove R2 --short", false));
        page.note(row("R6"), &run("6", "prove R6", false));
        let text = page.text();
        assert!(text.starts_with("Before.\n") && text.ends_with("\nAfter.\n"), "{text}");
        assert!(line(&text, "R2").contains("| 3 / 4 |"), "{text}");
        let mut again = Page::of(&text);
        assert_eq!(again.text(), text, "what is read is what was written");
        again.note(row("R2"), &run("5", "prove R2", false));
        again.note(row("R2"), &run("found", "prove R2", true));
        again.note(row("R2"), &run("7", "prove R2 --short", false));
        let later = again.text();
        assert!(line(&later, "R2").contains("| 5 |") && line(&later, "R2").contains("→ found |"), "{later}");
        assert_eq!(line(&later, "R6"), line(&text, "R6"));
    }

    #[test]
    fn the_committed_page_says_what_the_table_says() {
        let text = include_str!("../../../docs/reliability.md");
        assert_eq!(Page::of(text).text(), text, "`cargo xtask prove` writes it anew");
    }
}
