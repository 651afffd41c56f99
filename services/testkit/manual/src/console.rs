//! Examples in documents: commands with what they print, so that a test can run the one and hold it against the other.

/// A command of a ```` ```console ```` block, and its answer below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// What is typed, without the prompt.
    pub command: String,
    /// What is printed, to the next prompt or the block's end.
    pub output: String,
}

/// The examples of `text` below the heading `heading` and above the next one of its level.
pub fn examples(text: &str, heading: &str) -> Vec<Example> {
    let level = heading.split(' ').next().unwrap_or_default();
    let section = text.split_once(&format!("\n{heading}\n")).map_or("", |(_, rest)| rest);
    let section = section.split(&format!("\n{level} ")).next().unwrap_or_default();
    let mut examples: Vec<Example> = Vec::new();
    for block in section.split("```console\n").skip(1) {
        let block = block.split("\n```").next().unwrap_or_default();
        let mut is_first = true;
        for line in block.lines() {
            match (line.strip_prefix("$ "), examples.last_mut()) {
                (Some(command), _) => {
                    examples.push(Example { command: command.to_owned(), output: String::new() });
                }
                (None, Some(example)) if !is_first => {
                    example.output.push_str(line);
                    example.output.push('\n');
                }
                (None, _) => {}
            }
            is_first = false;
        }
    }
    examples
}

/// The same with what differs from run to run made equal: numbers, and hashes of 32 digits.
pub fn masked(text: &str) -> String {
    let is_hash = |word: &str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut masked = String::new();
    for piece in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_hash(word) {
            masked.push_str("HASH");
        } else {
            for letter in word.chars() {
                match letter {
                    '0'..='9' if masked.ends_with('0') => {}
                    '0'..='9' => masked.push('0'),
                    letter => masked.push(letter),
                }
            }
        }
        masked.push_str(&piece[word.len()..]);
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_below_their_heading_with_what_they_print() {
        let text = "# All\n## One\n```console\n$ a\n1\n\n2\n$ b\n```\n```sh\nc\n```\n### Deeper\n```console\n$ d\n```\n## Two\n```console\n$ e\n```\n";
        let found = examples(text, "## One");
        let commands: Vec<&str> = found.iter().map(|example| example.command.as_str()).collect();
        assert_eq!(commands, ["a", "b", "d"]);
        assert_eq!(found[0].output, "1\n\n2\n");
        assert_eq!(examples(text, "## Three"), []);
    }

    #[test]
    fn numbers_and_hashes_are_all_the_same() {
        assert_eq!(masked("pid 15334, schema=4"), masked("pid 7, schema=5"));
        let (one, other) = ("3aa08dd8f87e7cb1ca0d9ac5a5a0f4d5", "00000000000000000000000000000000");
        assert_eq!(masked(&format!("is {one} now")), masked(&format!("is {other} now")));
        assert_ne!(masked("pid 1"), masked("pod 1"));
    }
}
