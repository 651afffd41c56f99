//! `cargo xtask bench`: builds what is measured, and becomes the program that measures. What is measured is what ships, as it
//! goes into images.
//!
//! What time cannot change is the same in every profile, so `--quick` takes the one that everything else here is built in.

use crate::failure::Failure;
use crate::forward::{self, Args};
use crate::image::{Place, Programs};
use crate::shell::{self, Profile};

const QUICK: &str = "--quick";
/// Names a folder of other programs.
const OTHERS: &str = "--programs";
/// What measures, and what is measured.
const PROGRAMS: [&str; 3] = ["bench", "order-status", "orders"];

/// Hands over everything that was typed.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if args.words().any(|word| word == QUICK) {
        shell::build(&PROGRAMS)?;
        return forward::become_program(shell::sibling("bench")?, &[], args);
    }
    shell::build_in(Profile::Release, &["bench"])?;
    let bench = shell::built(Profile::Release, "bench")?;
    if args.words().any(|word| word.to_string_lossy().starts_with(OTHERS)) {
        return forward::become_program(bench, &[], args);
    }
    let programs = Programs::compile(&Place::ours()?, "release", None, None, false)?;
    forward::become_program(bench, &[OTHERS.as_ref(), programs.folder.as_os_str()], args)
}

/// The step of `cargo xtask ci`.
pub(crate) fn quick() -> Result<(), Failure> {
    shell::build(&PROGRAMS)?;
    shell::run(shell::program(shell::sibling("bench")?).arg(QUICK))
}
