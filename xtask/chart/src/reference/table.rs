//! The README's tables: every option with its default, a table for each key of the highest level that has keys below.

use std::fmt::Write as _;

use serde_json::Value;

use super::options::{Opt, Options};

/// All of it, as Markdown.
pub(crate) fn table(options: &Options) -> String {
    let (groups, single): (Vec<&Opt>, Vec<&Opt>) =
        options.roots.iter().partition(|option| !option.children.is_empty());
    let mut text = String::from("### Everything\n\n");
    rows(&mut text, &single);
    for group in groups {
        let _ = write!(text, "\n### `{}`\n\n{}\n\n", group.path, sentences(&group.description));
        rows(&mut text, &leaves(group));
    }
    text
}

/// The keys below that have none below themselves; what is said of those between stands before the first.
fn leaves(option: &Opt) -> Vec<&Opt> {
    let below = option.children.iter().flat_map(|child| [vec![child], leaves(child)].concat());
    below.collect()
}

fn rows(text: &mut String, options: &[&Opt]) {
    text.push_str("| key | default | what it is |\n|---|---|---|\n");
    for option in options {
        let default = if option.children.is_empty() { code(&option.default) } else { String::new() };
        let what = option.description.replace('|', "\\|");
        let _ = writeln!(text, "| `{}` | {default} | {what} |", option.path);
    }
}

/// As one would write it in a values file, on one line.
fn code(default: &Value) -> String {
    format!("`{}`", default.to_string().replace('|', "\\|"))
}

/// One a line.
fn sentences(text: &str) -> String {
    text.replace(". ", ".\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says by panicking that something is not as it should be")]

    use super::*;

    #[test]
    fn each_option_is_a_row_with_its_default_under_its_group() {
        let text = "# Alone.\na: 1\n# A group. Of two.\ng:\n  # Inner.\n  i:\n    # B|C.\n    b: [x]\n";
        let expected = "### Everything\n\n| key | default | what it is |\n|---|---|---|\n| `a` | `1` | Alone. |\n\n\
                        ### `g`\n\nA group.\nOf two.\n\n| key | default | what it is |\n|---|---|---|\n\
                        | `g.i` |  | Inner. |\n| `g.i.b` | `[\"x\"]` | B\\|C. |\n";
        let text = text.replace("    b: [x]", "    # @ {items: {type: string}}\n    b: [x]");
        assert_eq!(table(&Options::read(&text).unwrap()), expected);
    }
}
