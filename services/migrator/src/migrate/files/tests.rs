//! What a migration file may be called, and what its header may say.

use std::time::Duration;

use super::*;

const WHY: &str = "-- Why: a test.\nSELECT 1;\n";

fn refused(files: &[(&str, &str)]) -> FilesError {
    MigrationSet::parse(files.iter().copied()).expect_err("the set should be refused")
}

fn header_refused(sql: &str) -> DirectiveError {
    match refused(&[("0001_a.expand.sql", sql)]) {
        FilesError::Directive { source, .. } => source,
        other => panic!("expected a directive error, got {other:?}"),
    }
}

#[test]
fn the_embedded_files_are_understood() {
    let set = MigrationSet::embedded().expect("the repository's migrations");
    assert!(set.schema_version() >= 4);
}

#[test]
fn files_are_ordered_by_number_and_the_schema_version_is_the_highest_expand() {
    let set = MigrationSet::parse([
        ("0003_c.contract.sql", WHY),
        ("0001_a.expand.sql", WHY),
        ("0002_b.expand.sql", WHY),
    ])
    .expect("a good set");
    let versions: Vec<i64> = set.iter().map(|migration| migration.version).collect();
    assert_eq!(versions, [1, 2, 3]);
    assert_eq!(set.schema_version(), 2);
}

#[test]
fn other_names_are_refused() {
    for name in [
        "0001_a.sql",
        "0001_a.up.sql",
        "001_a.expand.sql",
        "0001.expand.sql",
        "0001_.expand.sql",
        "0000_a.expand.sql",
        "+001_a.expand.sql",
        "0001_A.expand.sql",
        "0001_a b.expand.sql",
    ] {
        assert!(matches!(refused(&[(name, WHY)]), FilesError::Name { .. }), "{name} was accepted");
    }
}

#[test]
fn two_files_may_not_share_a_number() {
    let error = refused(&[("0001_a.expand.sql", WHY), ("0001_b.contract.sql", WHY)]);
    assert!(matches!(error, FilesError::SharedNumber { .. }));
}

#[test]
fn a_down_file_belongs_to_the_expand_of_its_name() {
    let set = MigrationSet::parse([("0001_a.down.sql", WHY), ("0001_a.expand.sql", WHY)]).expect("a pair");
    assert_eq!(set.iter().next().and_then(|migration| migration.down_sql.as_deref()), Some(WHY));

    assert!(matches!(refused(&[("0001_a.down.sql", WHY)]), FilesError::DownAlone { .. }));
    let beside_a_contract = refused(&[("0001_a.down.sql", WHY), ("0001_a.contract.sql", WHY)]);
    assert!(matches!(beside_a_contract, FilesError::DownAlone { .. }));
}

#[test]
fn description_and_checksum_are_what_sqlx_writes() {
    let set = MigrationSet::parse([("0007_order_notes.expand.sql", WHY)]).expect("a good set");
    let migration = set.iter().next().expect("one migration");
    assert_eq!(migration.description(), "order notes.expand");
    // sha384sum of the text; sqlx hashes the whole file and nothing else.
    assert_eq!(
        hex(&migration.checksum()),
        "838ebe7df39451fd98d1c30b41ec8db85059c91a3c2b97c772b07bf0e9f913d689c385c586343ce4c2b4d856bb90ac7a"
    );
}

#[test]
fn directives_stand_before_the_reason_and_are_read() {
    let sql = "-- no-transaction\n-- lock_timeout: 500ms\n-- statement_timeout: 3min\n-- Why: speed.\n\
               CREATE INDEX CONCURRENTLY IF NOT EXISTS things_idx ON atelier.things (a);";
    let set = MigrationSet::parse([("0001_a.expand.sql", sql)]).expect("a good file");
    let directives = set.iter().next().expect("one migration").directives.clone();
    assert_eq!(
        directives,
        Directives {
            transaction: false,
            lock_timeout: Duration::from_millis(500),
            statement_timeout: Duration::from_mins(3),
            backfill_batch: None,
            why: "speed.".to_owned(),
            concurrent_index: Some("things_idx".to_owned()),
        }
    );
}

#[test]
fn the_defaults_are_two_seconds_for_a_lock_and_no_limit_for_a_statement() {
    let set = MigrationSet::parse([("0001_a.expand.sql", WHY)]).expect("a good file");
    let directives = &set.iter().next().expect("one migration").directives;
    assert!(directives.transaction);
    assert_eq!(directives.lock_timeout, Duration::from_secs(2));
    assert_eq!(directives.statement_timeout, Duration::ZERO);
}

#[test]
fn a_misspelt_directive_does_not_pass_for_prose() {
    let error = header_refused("-- lock_timout: 1s\n-- Why: a test.\nSELECT 1;");
    assert_eq!(error, DirectiveError::Unknown { line: "-- lock_timout: 1s".to_owned() });
}

#[test]
fn a_file_says_why() {
    assert_eq!(header_refused("SELECT 1;"), DirectiveError::NoWhy);
    assert_eq!(header_refused("-- Why:\nSELECT 1;"), DirectiveError::NoWhy);
    assert_eq!(header_refused(""), DirectiveError::NoWhy);
}

#[test]
fn values_without_a_unit_or_out_of_sense_are_refused() {
    for line in
        ["lock_timeout: 2", "lock_timeout: 0", "statement_timeout: soon", "backfill: 10", "backfill: batch=0"]
    {
        let error = header_refused(&format!("-- {line}\n-- Why: a test.\nSELECT 1;"));
        assert!(matches!(error, DirectiveError::Value { .. }), "{line} was accepted");
    }
}

#[test]
fn a_file_without_transaction_holds_exactly_one_statement() {
    let two = "-- no-transaction\n-- Why: a test.\nSELECT ';'; SELECT 2;";
    assert_eq!(header_refused(two), DirectiveError::OneStatement { count: 2 });
    let none = "-- no-transaction\n-- Why: a test.\n-- SELECT 1;";
    assert_eq!(header_refused(none), DirectiveError::OneStatement { count: 0 });
}

#[test]
fn a_migration_does_not_end_its_own_transaction() {
    let error = header_refused("-- Why: a test.\nSELECT 1;\nCOMMIT;\nSELECT 2;");
    assert_eq!(error, DirectiveError::TransactionControl { word: "COMMIT".to_owned() });
    let body = "-- Why: a test.\nDO $$ BEGIN PERFORM 1; END; $$;";
    assert!(
        MigrationSet::parse([("0001_a.expand.sql", body)]).is_ok(),
        "words inside a body are no statements"
    );
}

#[test]
fn a_backfill_is_an_expand_that_no_version_counts() {
    let fill = "-- backfill: batch=1000\n-- Why: a test.\nUPDATE atelier.a SET m = n WHERE n IN (SELECT n FROM atelier.a WHERE m IS NULL LIMIT $1);";
    let set =
        MigrationSet::parse([("0001_a.expand.sql", WHY), ("0002_b.expand.sql", fill)]).expect("a good set");
    let filled: Vec<&str> = set.of(Phase::Backfill).map(|migration| migration.file.as_str()).collect();
    assert_eq!((filled, set.schema_version()), (vec!["0002_b.expand.sql"], 1));

    let contract = refused(&[("0001_a.contract.sql", fill)]);
    assert!(matches!(contract, FilesError::BackfillInContract { .. }), "{contract}");
    let with_down = refused(&[("0001_a.expand.sql", fill), ("0001_a.down.sql", WHY)]);
    assert!(matches!(with_down, FilesError::DownAlone { .. }), "{with_down}");
}

#[test]
fn a_backfill_is_one_statement_whose_one_parameter_is_the_batch() {
    for body in
        ["DELETE FROM atelier.a", "DELETE FROM atelier.a LIMIT $2", "SELECT $1; SELECT $1", "SELECT '$1'"]
    {
        let refused = header_refused(&format!("-- backfill: batch=10\n-- Why: a test.\n{body};"));
        assert_eq!(refused, DirectiveError::Backfill, "{body}");
    }
}

#[test]
fn a_contract_needs_applications_of_the_last_expand_before_it() {
    let set = MigrationSet::parse([
        ("0001_a.contract.sql", WHY),
        ("0002_b.expand.sql", WHY),
        ("0003_c.contract.sql", WHY),
        ("0004_d.expand.sql", WHY),
    ])
    .expect("a good set");
    let needed: Vec<i64> = set.of(Phase::Contract).map(|contract| set.needed_by(contract)).collect();
    assert_eq!(needed, [0, 2]);
}
