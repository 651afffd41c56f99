//! Outside judges: programs of others that know more of a thing than we do. Each that is there is asked; each that is not is
//! named, and fails the run where nothing may be left out.

use crate::failure::Failure;
use crate::needs::Required;
use crate::shell;

/// Is content, or has said what is wrong.
pub(crate) type Judge = fn() -> Result<(), Failure>;

/// Asks each of `judges`, which are named by their programs, about `subject`.
pub(crate) fn ask(subject: &str, judges: &[(&str, Judge)], require: &[String]) -> Result<(), Failure> {
    let (there, missing): (Vec<_>, Vec<_>) = judges.iter().partition(|(name, _)| shell::find(name).is_some());
    let mut passed = Ok(());
    for (name, judge) in there {
        println!("{subject}: {name}");
        passed = passed.and(judge());
    }
    let required = Required::new(require);
    let names: Vec<String> = missing.iter().map(|(name, _)| (*name).to_owned()).collect();
    println!("skipped: {} ({})", names.len(), names.join(", "));
    let names: Vec<String> = names.into_iter().filter(|name| required.has(name)).collect();
    if !names.is_empty() {
        let remedy = "`cargo xtask tools` says how to get them.";
        return Err(Failure::Missing { names, remedy });
    }
    passed
}
