//! Takes the script and the style sheet of Swagger UI out of their archive, for the page at `/docs`.
//!
//! They stay compressed as they are: what an archive holds and what `Content-Encoding: gzip` says differ in their frames only.
//! So nothing is unpacked, and a program carries 440 kB for its page instead of 4 MB.

use std::io::{Error, Result};
use std::path::PathBuf;

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED as ARCHIVE;

const WANTED: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];

/// Signatures and places of a ZIP archive's records (APPNOTE.TXT 4.3).
const END_SIGNATURE: &[u8] = b"PK\x05\x06";
const ENTRY_SIGNATURE: &[u8] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;
const DEFLATED: usize = 8;

/// A gzip member without name or time (RFC 1952).
const GZIP_HEADER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = output_folder()?;
    for name in WANTED {
        let gzip =
            find(name).ok_or_else(|| Error::other(format!("the archive has no {name} that is deflated")))?;
        std::fs::write(folder.join(format!("{name}.gz")), gzip)?;
    }
    Ok(())
}

/// The file `dist/<name>`, as a gzip member.
fn find(name: &str) -> Option<Vec<u8>> {
    let end = ARCHIVE.windows(4).rposition(|bytes| bytes == END_SIGNATURE)?;
    let mut at = number(end + 16, 4)?;
    while ARCHIVE.get(at..at + 4)? == ENTRY_SIGNATURE {
        let [name_bytes, extra_bytes, comment_bytes] =
            [number(at + 28, 2)?, number(at + 30, 2)?, number(at + 32, 2)?];
        let path = ARCHIVE.get(at + ENTRY_BYTES..at + ENTRY_BYTES + name_bytes)?;
        if path.ends_with(format!("/dist/{name}").as_bytes()) && number(at + 10, 2)? == DEFLATED {
            let local = number(at + 42, 4)?;
            let begin = local + LOCAL_BYTES + number(local + 26, 2)? + number(local + 28, 2)?;
            let content = ARCHIVE.get(begin..begin + number(at + 20, 4)?)?;
            let checksum = ARCHIVE.get(at + 16..at + 20)?;
            let size = ARCHIVE.get(at + 24..at + 28)?;
            return Some([GZIP_HEADER, content, checksum, size].concat());
        }
        at += ENTRY_BYTES + name_bytes + extra_bytes + comment_bytes;
    }
    None
}

/// The number that stands at `at`, least byte first.
fn number(at: usize, bytes: usize) -> Option<usize> {
    Some(ARCHIVE.get(at..at + bytes)?.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

#[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts by the environment")]
fn output_folder() -> Result<PathBuf> {
    let folder =
        std::env::var_os("OUT_DIR").ok_or_else(|| Error::other("cargo sets OUT_DIR for build scripts"))?;
    Ok(PathBuf::from(folder))
}
