//! The commands in a Markdown text: those of its blocks, which somebody copies whole, and those that its sentences name.

/// A command, word by word as a shell would hand it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// On which line it begins.
    pub line: usize,
    /// The program and what it is given; redirections and the comment behind it are left away.
    pub words: Vec<String>,
    /// It stands in a block and can be copied; otherwise a sentence names it, perhaps in part.
    pub is_whole: bool,
}

/// A block of a Markdown text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence<'a> {
    /// The line of its first line.
    pub line: usize,
    /// What it is said to be in, as in `sh`.
    pub language: &'a str,
    /// Its lines, with the indentation of the list that it stands in.
    pub lines: Vec<&'a str>,
}

/// The blocks of `text`, in order.
pub fn fences(text: &str) -> Vec<Fence<'_>> {
    let mut fences: Vec<Fence<'_>> = Vec::new();
    let mut is_open = false;
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            if !is_open {
                fences.push(Fence { line: number + 1, language: language.trim(), lines: Vec::new() });
            }
            is_open = !is_open;
        } else if is_open && let Some(fence) = fences.last_mut() {
            fence.lines.push(line);
        }
    }
    fences
}

/// Every command of `text`. What another program is told to run behind ` -- /` is a command, too.
pub fn typed(text: &str) -> Vec<Typed> {
    let mut found = Vec::new();
    for fence in fences(text) {
        for (line, command) in lines(&fence) {
            found.extend(commands(&command).map(|words| Typed { line, words, is_whole: true }));
        }
    }
    for (line, code) in named(text) {
        found.extend(commands(code).map(|words| Typed { line, words, is_whole: false }));
    }
    let inner: Vec<Typed> = found.iter().filter_map(behind_dashes).collect();
    found.extend(inner);
    found.sort_by_key(|typed| typed.line);
    found
}

/// What somebody types of a block: all of `sh`, and of `console` what stands behind the prompt. A backslash joins lines.
fn lines(fence: &Fence<'_>) -> Vec<(usize, String)> {
    let mut joined: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (fence.line..).zip(&fence.lines) {
        let line = line.trim();
        let begins = match fence.language {
            "sh" => Some(line),
            "console" => line.strip_prefix("$ "),
            _ => None,
        };
        let Some(part) = (if goes_on { Some(line) } else { begins }) else { continue };
        if !goes_on {
            joined.push((number, String::new()));
        }
        let whole = part.strip_suffix('\\');
        goes_on = whole.is_some();
        if let Some((_, command)) = joined.last_mut() {
            command.push_str(whole.unwrap_or(part));
        }
    }
    joined
}

/// Code in sentences.
fn named(text: &str) -> Vec<(usize, &str)> {
    let mut is_open = false;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            is_open = !is_open;
        } else if !is_open {
            found.extend(line.split('`').skip(1).step_by(2).map(|code| (number, code)));
        }
    }
    found
}

fn behind_dashes(typed: &Typed) -> Option<Typed> {
    let at = typed.words.windows(2).position(|pair| pair[0] == "--" && pair[1].starts_with('/'))?;
    let mut words = typed.words[at + 1..].to_vec();
    words[0].remove(0);
    Some(Typed { words, ..*typed })
}

/// A line taken apart into its commands, as far as documents need a shell's grammar: quotes, pipes, lists, redirections,
/// comments. Nothing is expanded.
fn commands(line: &str) -> impl Iterator<Item = Vec<String>> {
    let mut shell = Shell { commands: vec![Vec::new()], ..Shell::default() };
    let (mut quote, mut depth) = (None, 0_usize);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') if depth == 0 => {
                quote = Some(c);
                shell.word.get_or_insert_default();
            }
            (None, '(') => {
                depth += 1;
                shell.push(c);
            }
            (None, ')') => {
                depth = depth.saturating_sub(1);
                shell.push(c);
            }
            (None, '#') if depth == 0 && shell.word.is_none() => break,
            (None, '|' | '&' | ';') if depth == 0 => {
                shell.end_word();
                shell.commands.push(Vec::new());
            }
            (None, '>' | '<') if depth == 0 => {
                shell.end_word();
                shell.is_redirected = true;
            }
            (None, c) if depth == 0 && c.is_whitespace() => shell.end_word(),
            (_, c) => shell.push(c),
        }
    }
    shell.end_word();
    shell.commands.into_iter().filter(|words| !words.is_empty())
}

/// What was read of a line.
#[derive(Default)]
struct Shell {
    commands: Vec<Vec<String>>,
    word: Option<String>,
    /// The next word is a file's name, and no argument.
    is_redirected: bool,
}

impl Shell {
    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if !std::mem::take(&mut self.is_redirected)
            && let Some(command) = self.commands.last_mut()
        {
            command.push(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        commands(line).map(|words| words.join("_")).collect()
    }

    #[test]
    fn a_line_is_taken_apart_as_a_shell_does() {
        assert_eq!(words("a 'b c' \"d\" --e='f g'  # said"), ["a_b c_d_--e=f g"]);
        assert_eq!(words("a | b && c;d & e || f"), ["a", "b", "c", "d", "e", "f"]);
        assert_eq!(words("a --b >c d"), ["a_--b_d"]);
        assert_eq!(words("a b#c 'x|y' $(date +%s | z)"), ["a_b#c_x|y_$(date +%s | z)"]);
        assert_eq!(words("a ''"), ["a_"]);
        assert_eq!(words("# said"), [""; 0]);
    }

    #[test]
    fn commands_stand_in_blocks_and_in_sentences() {
        let text = "Type `a b`, or:\n```sh\nc \\\n  d\n\ne\n```\n   ```console\n   $ f | g\n   answer\n   ```\n```toml\nh = 1\n```\n";
        let found: Vec<_> =
            typed(text).into_iter().map(|it| (it.line, it.words.join(" "), it.is_whole)).collect();
        let expected = [(1, "a b", false), (3, "c d", true), (6, "e", true), (9, "f", true), (9, "g", true)];
        assert_eq!(found, expected.map(|(line, words, is_whole)| (line, words.to_owned(), is_whole)));
    }

    #[test]
    fn what_another_program_is_to_run_is_a_command_too() {
        let found = typed("`kubectl exec pod -- /orders doctor`");
        assert_eq!(found[1].words, ["orders", "doctor"]);
    }
}
