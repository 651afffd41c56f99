//! Reports of earlier runs as one: a full run takes hours, and one of its parts may be measured anew.

use std::fs;
use std::path::PathBuf;

use super::{Findings, Row};
use crate::error::BenchError;

impl Findings {
    /// What was found in these runs, the oldest first: a row that was measured again is as it was the last time.
    pub(crate) fn of_reports(files: &[PathBuf]) -> Result<Option<Self>, BenchError> {
        let mut all: Option<Self> = None;
        for file in files {
            let text = fs::read_to_string(file).map_err(BenchError::file(file))?;
            let report: Self = serde_json::from_str(&text)
                .map_err(|source| BenchError::Report { path: file.clone(), source })?;
            match &mut all {
                Some(all) => all.add(report),
                None => all = Some(report),
            }
        }
        Ok(all)
    }

    fn add(&mut self, newer: Self) {
        self.machine = newer.machine;
        let names = |row: &Row| (row.group.clone(), row.what.clone(), row.of.clone());
        for row in newer.rows {
            match self.rows.iter_mut().find(|old| names(old) == names(&row)) {
                Some(old) => *old = row,
                None => self.rows.push(row),
            }
        }
        self.notes.extend(newer.notes);
        self.raw.extend(newer.raw);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::report::Goal;
    use rig::machine::Machine;

    fn found(rows: Vec<Row>) -> Findings {
        let machine = Machine::here("17");
        Findings { machine, options: Vec::new(), rows, notes: Vec::new(), raw: BTreeMap::new() }
    }

    #[test]
    fn what_was_measured_again_takes_the_place_of_what_was_before() {
        let row = |what: &str, value| Row::counted("trips", what, "a request", Goal::Told, value);
        let mut all = found(vec![row("one", 1.0), row("other", 2.0)]);
        all.add(found(vec![row("one", 3.0), row("new", 4.0)]));
        let told: Vec<_> =
            all.rows.iter().map(|row| (row.what.as_str(), row.figure.map(|it| it.median))).collect();
        assert_eq!(told, [("one", Some(3.0)), ("other", Some(2.0)), ("new", Some(4.0))]);
    }
}
