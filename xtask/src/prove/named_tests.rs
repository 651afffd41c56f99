//! Rows that tests of the workspace prove: each is run by its name, and all must be there and pass.

use super::{Args, Outcome, figures};
use crate::failure::Failure;
use crate::test;

/// A package, and filters of its tests: each must name one at least.
pub(super) type Tests = &'static [(&'static str, &'static [&'static str])];

pub(super) fn run(tests: Tests, args: &Args) -> Result<Outcome, Failure> {
    let environment = environment(args);
    let (mut passed, mut told, mut are_all_well) = (0, Vec::new(), true);
    for (package, filters) in tests {
        let mut said = String::new();
        for program in test::programs(package)?.iter().filter(|program| test::has_any(program, filters)) {
            let (status, lines) = test::by_name(program, filters, &environment)?;
            are_all_well &= status.success();
            said += &lines;
        }
        let absent: Vec<_> = filters.iter().filter(|filter| !is_among(&said, filter)).collect();
        if !absent.is_empty() {
            let names = absent.iter().map(|filter| format!("tests of {package} called {filter}")).collect();
            return Err(Failure::Missing { names, remedy: "xtask/src/prove/rows names what is not there." });
        }
        passed += count(&said, "passed");
        told.extend(figures(&said));
    }
    told.insert(0, format!("{passed} tests pass{}", if are_all_well { "" } else { ", OTHERS FAIL" }));
    Ok(Outcome { figures: told, is_as_claimed: are_all_well })
}

/// What asks a test for its long form, and tells it what chance hangs on; `proptest` has names of its own for both.
fn environment(args: &Args) -> Vec<(&'static str, String)> {
    let seed = args.seed.to_string();
    let mut environment = vec![("ATELIER_TEST_SEED", seed.clone()), ("PROPTEST_RNG_SEED", seed)];
    if !args.short {
        environment.push(("ATELIER_TEST_LONG", "yes".to_owned()));
        environment.push(("PROPTEST_CASES", "10000".to_owned()));
    }
    environment
}

/// Whether a test of such a name was run.
fn is_among(said: &str, filter: &str) -> bool {
    let run = said.lines().filter_map(|line| line.strip_prefix("test "));
    run.filter_map(|line| line.split_once(" ... ")).any(|(name, _)| name.contains(filter))
}

/// Over all summaries: `test result: ok. 3 passed; 0 failed; …`.
fn count(said: &str, what: &str) -> usize {
    let summaries = said.lines().filter(|line| line.starts_with("test result: "));
    let words = summaries.flat_map(|line| line.split(['.', ';']));
    words.filter_map(|words| words.trim().strip_suffix(what)?.trim().parse::<usize>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "running 2 tests\ntest a::one ... ok\ntest a::two ... figure: 3\nok\n\n\
        test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.00s\n\
        test result: ok. 11 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";

    #[test]
    fn passed_tests_are_counted_over_all_programs() {
        assert_eq!(count(SAID, "passed"), 13);
    }

    #[test]
    fn a_filter_that_names_no_test_is_found_out() {
        assert!(is_among(SAID, "a::") && is_among(SAID, "two") && !is_among(SAID, "three"));
    }
}
