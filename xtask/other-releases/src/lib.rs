//! Releases that never were: all three programs of this one, with fewer migrations or more. `cargo xtask e2e` upgrades from one
//! to the other.
//!
//! They differ in nothing but the schema that they know and the files that their migrator brings. One program is all three; it
//! is whichever its file is called, so the images differ in that alone. They are never shipped.

mod other;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use migrator::migrate::{FilesError, MigrationSet};
use order_status::OrderStatus;
use orders::Orders;
use service_kit::cli::{self, ServiceArgs};
use service_kit::exit::Exit;

use other::Other;

/// The last schema of the release before: what this one adds by its first expand above is still missing.
pub const BEFORE: i64 = 4;
/// The schema of the release after. Far off, so that no file of ours gets the number.
pub const AFTER: i64 = 9001;

const ADDS: (&str, &str) = ("9001_after.expand.sql", include_str!("../migrations/9001_after.expand.sql"));
const CANNOT: (&str, &str) = ("9001_after.expand.sql", include_str!("../migrations/9001_broken.expand.sql"));

/// The migrations of the release before.
pub fn before() -> Result<MigrationSet, FilesError> {
    let ours = MigrationSet::embedded()?;
    let old = ours.iter().filter(|file| file.version <= BEFORE);
    MigrationSet::parse(old.map(|file| (&*file.file, &*file.sql)))
}

/// Those of the release after: ours, and one that adds.
pub fn after() -> Result<MigrationSet, FilesError> {
    with(ADDS)
}

/// The same release, made in a hurry: what it adds cannot be added where there are orders.
pub fn broken() -> Result<MigrationSet, FilesError> {
    with(CANNOT)
}

fn with(another: (&str, &str)) -> Result<MigrationSet, FilesError> {
    let ours = MigrationSet::embedded()?;
    let files = ours.iter().flat_map(|file| {
        let down = file.down_sql.as_deref().map(|sql| (file.file.replace(".expand.", ".down."), sql));
        [Some((file.file.clone(), &*file.sql)), down]
    });
    let files: Vec<(String, &str)> = files.flatten().chain([(another.0.to_owned(), another.1)]).collect();
    MigrationSet::parse(files.iter().map(|(name, sql)| (name.as_str(), *sql)))
}

#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    args: ServiceArgs,
}

/// The program that this file is called like, in a release of `SCHEMA` whose migrator brings these files.
pub fn main<const SCHEMA: i64>(files: Result<MigrationSet, FilesError>) -> ExitCode {
    let program = std::env::args_os().next().unwrap_or_default();
    match Path::new(&program).file_name().and_then(|name| name.to_str()) {
        Some("order-status") => serve::<Other<OrderStatus, SCHEMA>>(),
        Some("orders") => serve::<Other<Orders, SCHEMA>>(),
        Some("migrator") => migrator::cli::main(files),
        _ => Exit::Configuration.into(),
    }
}

fn serve<S: service_kit::service::Service>() -> ExitCode {
    match cli::parse::<Cli>() {
        Ok(cli) => service_kit::service::main::<S>(&cli.args),
        Err(exit) => exit.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_release_brings_the_schema_that_its_services_know() {
        let schema = |files: Result<MigrationSet, FilesError>| files.expect("well-formed").schema_version();
        assert_eq!((schema(before()), schema(after()), schema(broken())), (BEFORE, AFTER, AFTER));
    }

    #[test]
    fn the_release_before_lacks_an_expand_and_a_contract_of_ours() {
        let ours = MigrationSet::embedded().expect("well-formed");
        assert!(ours.schema_version() > BEFORE);
        let missing = |name: &str| ours.iter().any(|file| file.version > BEFORE && file.file.contains(name));
        assert!(missing(".expand.") && missing(".contract."));
    }
}
