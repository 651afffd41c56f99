//! Claims about faults.

use super::{By, Row};

pub(super) const ROWS: [Row; 13] = [
    Row {
        name: "R1",
        claim: "after the way to the database was silent, reset, slow or forgotten, or the server crashed, all is well soon, without a restart",
        goal: "20 of 20 times of each fault at least 99 % right answers from 5 s after it on",
        by: By::Program,
        control: "sqlx's own pool over the same way",
    },
    Row {
        name: "R2",
        claim: "creates under a key, sent again when their answer was lost, make one order a key",
        goal: "10,000 keys, 5 % of answers lost: as many rows as keys",
        by: By::Program,
        control: "a new key for each try",
    },
    Row {
        name: "R4",
        claim: "every answer belongs to its question",
        goal: "none of 1,000,000 is another's",
        by: By::Measured,
        control: "`one_mismatch_disqualifies_a_run` (bench), `an_order_that_is_older_than_acknowledged_or_somebody_elses_is_noticed` (load)",
    },
    Row {
        name: "R5",
        claim: "the database refuses a row that its events do not tell, and an event that does not follow from the one before",
        goal: "every breach is refused",
        by: By::Tests(&[("migrator", &["history_law::"]), ("testkit", &["history::"])]),
        control: "`verify::a_guard_that_is_gone_or_off_is_found` (migrator), `history::` (testkit): breaches made with the guards off are found",
    },
    Row {
        name: "R6",
        claim: "whatever was acknowledged is there after service and database were killed",
        goal: "50 kills in turn under load, no acknowledged write missing",
        by: By::Program,
        control: "a database that answers before it writes (`synchronous_commit=off`)",
    },
    Row {
        name: "R8",
        claim: "restarts in turn behind a balancer lose no request",
        goal: "20 restarts at 1,000 requests a second, none lost",
        by: By::Measured,
        control: "the same instances killed instead of asked to end, which the same run counts",
    },
    Row {
        name: "R9",
        claim: "a list is there at its deadline however sick the catalog is, and asks for each model once",
        goal: "dead, 10 s slow, 500, garbage, endless, redirecting: in time, one call a cold model at most",
        by: By::Tests(&[(
            "orders",
            &[
                "catalog::sick::",
                "catalog::deadline::",
                "catalog::breaker::",
                "catalog::limits::",
                "catalog::answers::a_redirect_is_never_followed",
                "catalog::answers::errors_and_nonsense_are_unavailable",
                "catalog::cache::two_hundred_identical_requests_ask_for_each_model_once",
            ],
        )]),
        control: "`catalog::cache::a_cache_without_room_remembers_nothing`: calls are counted and do come twice",
    },
    Row {
        name: "R10",
        claim: "both services answer as their own documents say, whatever is asked",
        goal: "no failure of any check, no 500",
        by: By::Commands(&[&["xtask", "schemathesis"]]),
        control: "`openapi::` of both services hold refusals against the document in both directions",
    },
    Row {
        name: "R13",
        claim: "an order that a foreign session has locked delays its own moves only",
        goal: "p99 of all others at most 1.2 times as long; its own moves 503 at their deadline",
        by: By::Measured,
        control: "the run without a lock, which the same row compares with; `races::a_row_that_is_let_go_in_time_is_moved`",
    },
    Row {
        name: "R15",
        claim: "after a restore to an earlier time nothing that callers hold from the lost time is taken for something new",
        goal: "no id twice, old tags 412, old cursors 400",
        by: By::Tests(&[("order-status", &["restored::"]), ("migrator", &["after_restore::"])]),
        control: "`after_restore::a_restored_history_that_lies_is_named`",
    },
    Row {
        name: "R16",
        claim: "a migrator whose node is gone in the midst of an index is followed by the next",
        goal: "within 60 s",
        by: By::Tests(&[("migrator", &["node::", "killed::"])]),
        control: "`killed::a_migrator_whose_node_is_gone_keeps_its_lock_for_a_minute_at_most` waits for the lock that the dead one holds",
    },
    Row {
        name: "failover",
        claim: "a standby that is promoted under load is followed, and nothing acknowledged is lost",
        goal: "right answers again within 10 s, no acknowledged write missing",
        by: By::Program,
        control: "replication that is not synchronous, and far behind",
    },
    Row {
        name: "soak",
        claim: "under load with a fault each minute memory and descriptors stay, and nothing fails outside the faults",
        goal: "no error outside a fault, memory grows by less than 5 MiB an hour, descriptors stay",
        by: By::Program,
        control: "the slope of a process that keeps what it is given, in `xtask/prove`'s own tests",
    },
];
