//! How other programs are run: to the end, with what they print kept for whoever has to explain their failure.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::error::Failure;

/// Runs to the end and gives what was printed on standard output. It ends with us.
pub(crate) async fn output(command: &mut Command) -> Result<String, Failure> {
    Ok(ended(command).await?.0)
}

/// The same, and then what was said on standard error.
pub(crate) async fn said(command: &mut Command) -> Result<String, Failure> {
    let (printed, said) = ended(command).await?;
    Ok(printed + &said)
}

async fn ended(command: &mut Command) -> Result<(String, String), Failure> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output =
        command.output().await.map_err(|source| Failure::Start { command: describe(command), source })?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (printed, said) = (text(&output.stdout), text(&output.stderr));
    if output.status.success() {
        return Ok((printed, said));
    }
    let said = (printed + &said).trim().to_owned();
    Err(Failure::Ended { command: describe(command), status: output.status, said })
}

/// Runs to the end; what it prints is shown as it comes.
pub(crate) async fn shown(command: &mut Command) -> Result<(), Failure> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let status =
        command.status().await.map_err(|source| Failure::Start { command: describe(command), source })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Ended { command: describe(command), status, said: "see above".to_owned() })
}

/// A program of this workspace that was built into the folder in which this one lies.
pub(crate) fn sibling(name: &str) -> Result<PathBuf, Failure> {
    let here = std::env::current_exe()
        .map_err(|source| Failure::File { path: "the path of this program".into(), source })?;
    Ok(here.with_file_name(name))
}

/// The command as a person would type it.
fn describe(command: &Command) -> String {
    let command = command.as_std();
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = command.get_args().map(|word| word.to_string_lossy());
    std::iter::once(name.to_string_lossy()).chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_that_fails_is_named_with_everything_it_said() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; exit 3"]);
        let failure = output(&mut command).await.expect_err("it fails").to_string();
        assert!(failure.contains("exit 3` ended with exit status: 3:\none\ntwo"), "{failure}");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let failure = output(&mut Command::new("no-such-program")).await.expect_err("not there");
        assert!(failure.to_string().starts_with("`no-such-program` could not be started"), "{failure}");
    }
}
