//! One case a kind of statement, written independently of the code: what it locks, and whether it destroys.

use super::*;
use crate::migrate::MigrationSet;

/// Locks as `relation MODE`, and what is destroyed.
fn looked_at(sql: &str) -> (Vec<String>, Vec<String>) {
    let mut found = analyse(sql);
    assert_eq!(found.len(), 1, "{sql}");
    let PlannedStatement { locks, destroys, .. } = found.remove(0);
    (locks.into_iter().map(|lock| format!("{} {}", lock.relation, lock.mode)).collect(), destroys)
}

#[test]
fn additions_take_their_lock_and_destroy_nothing() {
    for (sql, lock) in [
        ("CREATE TABLE a.new (n int PRIMARY KEY, t text COLLATE \"C\" NOT NULL)", &[][..]),
        ("CREATE TABLE a.new (n int REFERENCES a.t)", &["a.t SHARE ROW EXCLUSIVE"]),
        ("CREATE TABLE a.new PARTITION OF a.t FOR VALUES IN (1)", &["a.t ACCESS EXCLUSIVE"]),
        ("CREATE INDEX i ON a.t (n)", &["a.t SHARE"]),
        (
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a.t (n DESC) WHERE n > 0",
            &["a.t SHARE UPDATE EXCLUSIVE"],
        ),
        ("ALTER TABLE a.t ADD COLUMN m int", &["a.t ACCESS EXCLUSIVE"]),
        (
            "ALTER TABLE a.t ADD COLUMN m int REFERENCES a.other",
            &["a.t ACCESS EXCLUSIVE", "a.other SHARE ROW EXCLUSIVE"],
        ),
        ("ALTER TABLE a.t ADD CONSTRAINT c CHECK (n > 0) NOT VALID", &["a.t ACCESS EXCLUSIVE"]),
        (
            "ALTER TABLE a.t ADD CONSTRAINT c FOREIGN KEY (n) REFERENCES a.other (n) NOT VALID",
            &["a.t SHARE ROW EXCLUSIVE", "a.other SHARE ROW EXCLUSIVE"],
        ),
        ("ALTER TABLE a.t VALIDATE CONSTRAINT c", &["a.t SHARE UPDATE EXCLUSIVE"]),
        ("ALTER TABLE a.t SET (fillfactor = 90)", &["a.t SHARE UPDATE EXCLUSIVE"]),
        ("ALTER TABLE a.t VALIDATE CONSTRAINT c, ADD COLUMN m int", &["a.t ACCESS EXCLUSIVE"]),
        ("ALTER TABLE a.t ALTER COLUMN m SET DEFAULT 1", &["a.t ACCESS EXCLUSIVE"]),
        ("ALTER TABLE a.t ALTER COLUMN m DROP NOT NULL", &["a.t ACCESS EXCLUSIVE"]),
        ("ALTER TABLE a.t ENABLE TRIGGER g", &["a.t SHARE ROW EXCLUSIVE"]),
        ("ALTER TYPE a.kind ADD VALUE IF NOT EXISTS 'later'", &[]),
        (
            "CREATE TRIGGER g AFTER INSERT ON a.t FOR EACH ROW EXECUTE FUNCTION a.f()",
            &["a.t SHARE ROW EXCLUSIVE"],
        ),
        ("CREATE FUNCTION a.f() RETURNS int LANGUAGE sql AS $$ DROP TABLE a.t; SELECT 1 $$", &[]),
        ("INSERT INTO a.t (n) VALUES (1) ON CONFLICT DO NOTHING", &["a.t ROW EXCLUSIVE"]),
        ("INSERT INTO a.t SELECT n FROM a.other", &["a.t ROW EXCLUSIVE"]),
        ("LOCK TABLE a.t IN EXCLUSIVE MODE", &["a.t EXCLUSIVE"]),
        ("COMMENT ON TABLE a.t IS 'DROP TABLE a.t'", &["a.t SHARE UPDATE EXCLUSIVE"]),
        ("SELECT 'DROP TABLE a.t'", &[]),
    ] {
        let (locks, destroys) = looked_at(sql);
        assert_eq!(
            (locks.as_slice(), destroys.as_slice()),
            (lock.iter().map(ToString::to_string).collect::<Vec<_>>().as_slice(), &[][..]),
            "{sql}"
        );
    }
}

#[test]
fn what_is_destroyed_is_named() {
    for (sql, lock, destroyed) in [
        (
            "DROP TABLE IF EXISTS a.t CASCADE",
            "a.t ACCESS EXCLUSIVE",
            "table a.t with its rows, and whatever depends on it",
        ),
        ("DROP INDEX a.i", "a.i ACCESS EXCLUSIVE", "index a.i"),
        ("DROP INDEX CONCURRENTLY IF EXISTS a.i", "a.i SHARE UPDATE EXCLUSIVE", "index a.i"),
        ("DROP SEQUENCE a.s", "a.s ACCESS EXCLUSIVE", "sequence a.s"),
        ("DROP TYPE a.kind", "", "type a.kind"),
        ("DROP FUNCTION a.f()", "", "FUNCTION a.f()"),
        ("DROP TRIGGER g ON a.t", "a.t ACCESS EXCLUSIVE", "trigger g, and what it guards"),
        (
            "TRUNCATE a.t CASCADE",
            "a.t ACCESS EXCLUSIVE",
            "every row of a.t, and of every table that refers to it",
        ),
        ("DELETE FROM a.t", "a.t ROW EXCLUSIVE", "every row of a.t"),
        ("DELETE FROM a.t WHERE n = 1", "a.t ROW EXCLUSIVE", "the rows that match of a.t"),
        ("UPDATE a.t SET n = 1, m = 2", "a.t ROW EXCLUSIVE", "what every row of a.t held in n, m"),
        ("ALTER TABLE a.t DROP COLUMN n", "a.t ACCESS EXCLUSIVE", "column a.t.n with its values"),
        (
            "ALTER TABLE a.t DROP CONSTRAINT c",
            "a.t ACCESS EXCLUSIVE",
            "constraint c of a.t, and what it guards",
        ),
        (
            "ALTER TABLE a.t RENAME COLUMN n TO m",
            "a.t ACCESS EXCLUSIVE",
            "the name a.t.n, which older applications use",
        ),
        ("ALTER TABLE a.t RENAME TO u", "a.t ACCESS EXCLUSIVE", "the name a.t, which older applications use"),
        ("ALTER TABLE a.t DISABLE TRIGGER g", "a.t SHARE ROW EXCLUSIVE", "what trigger g of a.t guards"),
        (
            "ALTER TABLE a.t ALTER COLUMN n SET NOT NULL",
            "a.t ACCESS EXCLUSIVE",
            "the freedom to leave a.t.n empty; the table may be read through under the lock",
        ),
        (
            "ALTER TABLE a.t ALTER COLUMN n TYPE smallint",
            "a.t ACCESS EXCLUSIVE",
            "the values of a.t.n that SMALLINT does not hold; the table may be rewritten under the lock",
        ),
        (
            "CREATE OR REPLACE FUNCTION a.f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
            "",
            "what function a.f did until now",
        ),
    ] {
        let (locks, destroys) = looked_at(sql);
        assert_eq!((locks.join(", ").as_str(), destroys), (lock, vec![destroyed.to_owned()]), "{sql}");
    }
}

#[test]
fn what_is_not_understood_counts_as_destructive_and_names_itself() {
    for sql in [
        "DO $$ BEGIN PERFORM 1; END $$",
        "SELECT atelier.forget_everything()",
        "SELECT setval('a.s', 1)",
        "WITH gone AS (DELETE FROM a.t RETURNING n) SELECT n FROM gone",
        "INSERT INTO a.t WITH gone AS (DELETE FROM a.u RETURNING n) SELECT n FROM gone",
        "SET session_replication_role = replica",
        "CALL a.p()",
        "FROBNICATE THE TABLES",
        "ALTER TABLE a.t CLUSTER ON i",
        "CREATE TABLE a.new (n int) FROBNICATE",
    ] {
        let (_, destroys) = looked_at(sql);
        let [sentence] = destroys.as_slice() else { panic!("{sql}: {destroys:?}") };
        assert!(sentence.starts_with("not understood") && sentence.contains(&sql[..8]), "{sentence}");
    }
}

#[test]
fn the_expands_of_this_repository_destroy_nothing() {
    let set = MigrationSet::embedded().expect("the repository's migrations");
    for file in set.of(crate::migrate::Phase::Expand) {
        for statement in analyse(&file.sql) {
            assert_eq!(statement.destroys, Vec::<String>::new(), "{}", file.file);
        }
    }
}
