//! Claims about what happens at once, by chance, or too often.

use super::{By, Row};

pub(super) const ROWS: [Row; 5] = [
    Row {
        name: "R3",
        claim: "whatever breaks, what all callers are told could have happened one after the other",
        goal: "200 histories of 8 callers of two programs, with answers lost, connections to the database cut and programs killed: each is linearizable",
        by: By::Tests(&[("order-status", &["histories::"])]),
        control: "the same row: statements without the guard of versions, in a database without the history law, and without \
            deduplication, in a database without the unique key, are found",
    },
    Row {
        name: "R7",
        claim: "five times more requests than can be done for a minute cost those that can be done nothing",
        goal: "at least 0.9 of what is done otherwise, their p99 within the deadline, all others 503 with `Retry-After`, memory at most 1.2 times",
        by: By::Measured,
        control: "`one_mismatch_disqualifies_a_run` (bench); where processors are short instead it does fail: [performance.md](performance.md)",
    },
    Row {
        name: "R11",
        claim: "bytes that nobody would send break nothing: path, body, headers, cursor, token, traceparent, configuration",
        goal: "10 minutes each: no panic, no 500, no silence",
        by: By::Tests(&[("fuzz", &["whatever_is_"])]),
        control: "`an_error_of_ours_and_an_answer_that_is_no_json_are_noticed` (fuzz)",
    },
    Row {
        name: "R12",
        claim: "no line of the rules or of the batcher can be changed without a test that notices",
        goal: "no survivor without a written reason",
        by: By::Commands(&[
            &["mutants", "--package", "order-model"],
            &[
                "mutants",
                "--package=service-kit",
                "--file=services/service-kit/src/coalesce/**",
                "--timeout=60",
                "--",
                "--lib",
                "--",
                "coalesce",
                "fair",
            ],
        ]),
        control: "each mutant is one; `.cargo/mutants.toml` names those that no test can notice",
    },
    Row {
        name: "simulation",
        claim: "batcher, breaker and cache keep their laws in whatever order things happen, by whatever clock",
        goal: "10,000 seeds each",
        by: By::Tests(&[
            ("service-kit", &["coalesce::tests::storm::", "coalesce::tests::laws::"]),
            (
                "orders",
                &[
                    "a_sick_catalog_gets_one_call_a_pause_and_a_well_one_gets_all",
                    "what_is_shown_was_said_last_and_is_no_older_than_it_may_be",
                ],
            ),
        ]),
        control: "R12 changes the batcher line by line",
    },
];
