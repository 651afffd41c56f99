//! `cargo xtask bench`: builds what is measured, and becomes the program that measures.
//!
//! What time cannot change is the same in every profile, so `--quick` takes the one that everything else here is built in.

use crate::failure::Failure;
use crate::forward::{self, Args};
use crate::shell::{self, Profile};

const QUICK: &str = "--quick";
/// What measures, and what is measured.
const PROGRAMS: [&str; 3] = ["bench", "order-status", "orders"];

/// Hands over everything that was typed.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let is_quick = args.words().any(|word| word == QUICK);
    let profile = if is_quick { Profile::Dev } else { Profile::Release };
    shell::build_in(profile, &PROGRAMS)?;
    forward::become_program(shell::built(profile, "bench")?, &[], args)
}

/// The step of `cargo xtask ci`.
pub(crate) fn quick() -> Result<(), Failure> {
    shell::build(&PROGRAMS)?;
    shell::run(shell::program(shell::sibling("bench")?).arg(QUICK))
}
