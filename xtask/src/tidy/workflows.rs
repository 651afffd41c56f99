//! What a build server does: our own commands, and actions of others only as they were when somebody looked at them.

use super::{Tree, Violation};

const OURS: [&str; 2] = [".ci/run", "cargo xtask "];

/// Steps run `.ci/run` or `cargo xtask`, so that a laptop repeats any red job; actions are pinned by commit.
pub(super) fn workflows_call_only_us(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.files.iter().filter(|file| file.name().starts_with(".github/workflows/")) {
        for (number, line) in file.lines() {
            let line = line.trim().trim_start_matches("- ");
            if let Some(command) = line.strip_prefix("run:").map(str::trim)
                && !OURS.iter().any(|ours| format!("{command} ").starts_with(ours))
            {
                let remedy = "Make it a step of `cargo xtask ci`, and call that.";
                violations.push(file.violation(number, "a workflow does something of its own", remedy));
            }
            if let Some(action) = line.strip_prefix("uses:").map(str::trim)
                && !is_pinned(action)
            {
                let remedy = "Pin it by its commit, with the version behind it in a comment.";
                violations.push(file.violation(number, format!("{action} is not pinned"), remedy));
            }
        }
    }
    violations
}

fn is_pinned(action: &str) -> bool {
    let commit = action.split_once('@').map_or("", |(_, rest)| rest.split(' ').next().unwrap_or_default());
    commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit()) && action.contains(" # v")
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture;
    use super::*;

    #[test]
    fn foreign_commands_and_floating_actions_are_found() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let text = format!(
            "- run: .ci/run --only deny\n- run: cargo xtask ci\n- run: cargo test\n\
             - uses: a/b@v4\n- uses: a/b@{commit} # v4.0.0\n- uses: a/b@{commit}\n"
        );
        let found = workflows_call_only_us(&fixture(&[(".github/workflows/ci.yml", &text)]));
        assert_eq!(found.iter().map(|violation| violation.line).collect::<Vec<_>>(), [3, 4, 6]);
    }
}
