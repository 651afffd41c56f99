//! Services as processes that end with their values, what processes cost, and the machine they run on. Nothing here knows what is
//! measured or proven.

pub mod machine;
pub mod system;

use std::path::Path;
use std::process::Command;

/// `program`, kept to the processors that `place` names.
pub fn at(place: Option<&str>, program: &Path) -> Command {
    let Some(place) = place else { return Command::new(program) };
    let mut command = Command::new("taskset");
    command.arg("-c").arg(place).arg(program);
    command
}
