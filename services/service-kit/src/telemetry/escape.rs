//! Whatever stands in a line of the log, it stays one line and moves no cursor: control characters leave as escapes.

use std::fmt::Write as _;
use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

/// Writes lines to what another makes, each whole line in one call.
///
/// A message, an error's text or a value may come from anywhere. JSON escapes newlines itself, but neither DEL nor the C1
/// controls, which some terminals obey; the format for people escapes only what it takes for the ANSI sequences it knows.
/// One place for both formats cannot be forgotten by either, so neither may colour its lines.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<M>(pub M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Escaped<M> {
    type Writer = EscapedLine<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EscapedLine(self.0.make_writer())
    }
}

/// Writes one line.
#[derive(Debug)]
pub struct EscapedLine<W>(W);

impl<W: Write> Write for EscapedLine<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let (body, end) = line.strip_suffix(b"\n").map_or((line, ""), |body| (body, "\n"));
        if body.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            self.0.write_all(line)?;
        } else {
            self.0.write_all((escape(&String::from_utf8_lossy(body)) + end).as_bytes())?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// `\u000a` for a newline: the one spelling that is right inside JSON too.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        // Two more end a line for some readers without being controls.
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            // Writing to a text never fails.
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}
