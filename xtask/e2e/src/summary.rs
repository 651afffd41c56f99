//! How a run went, case by case: for people, as an exit code, and as `JUnit`'s XML for build servers.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::error::Failure;

/// How one case went.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) case: &'static str,
    pub(crate) took: Duration,
    pub(crate) end: End,
}

/// How it ended.
#[derive(Debug)]
pub(crate) enum End {
    Passed,
    /// With what was expected and found.
    Failed(String),
    /// It was not run, for this reason.
    LeftOut(String),
}

/// How all of them went.
#[derive(Debug, Default)]
pub(crate) struct Summary(pub(crate) Vec<Outcome>);

impl Summary {
    fn count(&self, is_it: impl Fn(&End) -> bool) -> usize {
        self.0.iter().filter(|outcome| is_it(&outcome.end)).count()
    }

    fn failed(&self) -> usize {
        self.count(|end| matches!(end, End::Failed(_)))
    }

    fn left_out(&self) -> usize {
        self.count(|end| matches!(end, End::LeftOut(_)))
    }

    /// A failed case fails the run.
    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// A line a case, and the counts.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for Outcome { case, took, end } in &self.0 {
            let seconds = took.as_secs_f64();
            let _ = match end {
                End::Passed => writeln!(text, "{case:<26} {seconds:>7.1} s  passed"),
                End::Failed(_) => writeln!(text, "{case:<26} {seconds:>7.1} s  FAILED"),
                End::LeftOut(why) => writeln!(text, "{case:<26}            not run: {why}"),
            };
        }
        let passed = self.0.len() - self.failed() - self.left_out();
        let _ = write!(text, "{passed} passed, {} failed, {} not run", self.failed(), self.left_out());
        text
    }

    /// Writes it as `JUnit`'s XML.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        std::fs::write(path, self.junit()).map_err(|source| Failure::File { path: path.to_owned(), source })
    }

    fn junit(&self) -> String {
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"e2e\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
            self.0.len(),
            self.failed(),
            self.left_out()
        );
        for Outcome { case, took, end } in &self.0 {
            let _ = write!(xml, "  <testcase name=\"{case}\" time=\"{:.1}\">", took.as_secs_f64());
            let _ = match end {
                End::Passed => Ok(()),
                End::Failed(found) => write!(xml, "<failure>{}</failure>", escaped(found)),
                End::LeftOut(why) => write!(xml, "<skipped message=\"{}\"/>", escaped(why)),
            };
            xml.push_str("</testcase>\n");
        }
        xml + "</testsuite>\n"
    }
}

/// As it may stand in XML, which has no place for control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(end: End) -> Summary {
        Summary(vec![Outcome { case: "install", took: Duration::from_millis(1250), end }])
    }

    #[test]
    fn one_failed_case_fails_the_run() {
        let code = |end| format!("{:?}", of(end).exit_code());
        assert_eq!(code(End::Passed), format!("{:?}", ExitCode::SUCCESS));
        assert_eq!(code(End::LeftOut("why".to_owned())), format!("{:?}", ExitCode::SUCCESS));
        assert_eq!(code(End::Failed("what".to_owned())), format!("{:?}", ExitCode::FAILURE));
    }

    #[test]
    fn each_case_is_named_with_its_end_and_counted() {
        let text = of(End::LeftOut("it needs --gateway".to_owned())).text();
        assert!(text.contains("install") && text.contains("not run: it needs --gateway"), "{text}");
        assert!(text.ends_with("0 passed, 0 failed, 1 not run"), "{text}");
    }

    #[test]
    fn what_was_found_cannot_end_its_element() {
        let xml = of(End::Failed("<a> & \u{1b}".to_owned())).junit();
        assert!(xml.contains("<failure>&lt;a&gt; &amp; \u{fffd}</failure>"), "{xml}");
        assert!(xml.contains(r#"tests="1" failures="1" skipped="0""#), "{xml}");
    }
}
