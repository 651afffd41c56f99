//! `adopt` and `erase`: what their arguments lead to, and where the report of rows that did not fit goes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use service_kit::config::Secret;
use service_kit::database::DatabaseAddress;
use service_kit::exit::Exit;
use sqlx::postgres::PgConnectOptions;

use super::args::{AdoptArgs, EraseArgs, FromArgs};
use super::outcome::Failure;
use super::{Call, report};
use crate::config::AddressError;
use crate::migrate::{self, AdoptOptions, Person};

impl<O: Write> Call<'_, O> {
    pub(super) async fn adopt(
        &mut self,
        args: AdoptArgs,
        stop: impl Future<Output = ()>,
    ) -> Result<Exit, Failure> {
        let from = old_database(&args)?;
        let AdoptArgs {
            schema,
            time_zone,
            doubt,
            moved,
            batch_rows,
            quick: is_quick,
            csv,
            dry_run,
            output,
            ..
        } = args;
        let how = AdoptOptions { from, schema, time_zone, doubt, moved, batch_rows, is_quick };
        // The report of before stays until this one is whole.
        let mut part = csv.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let mut rows = BufWriter::new(File::create(&part).map_err(Failure::Rows)?);
        let done = migrate::adopt_until(&self.database, &self.options, &how, dry_run, &mut rows, stop).await;
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                // It is half a report; the failure is what counts.
                let _ = fs::remove_file(&part);
                return Err(Failure::Adopt(error));
            }
        };
        fs::rename(&part, &csv).map_err(Failure::Rows)?;
        self.say(output, &done, |done, out| report::adopted(done, &csv, out))?;
        Ok(Exit::Success)
    }

    pub(super) async fn erase(
        &mut self,
        args: EraseArgs,
        stop: impl Future<Output = ()>,
    ) -> Result<Exit, Failure> {
        let person = Person { user_id: args.who.user, username: args.who.username, with_params: args.params };
        let erased = migrate::erase_until(&self.database, &self.options, &person, args.dry_run, stop)
            .await
            .map_err(Failure::Erase)?;
        self.say(args.output, &erased, report::erased)?;
        Ok(Exit::Success)
    }
}

/// Under the same rules as our own database: no password goes to another machine unprotected unless somebody says so.
fn old_database(args: &AdoptArgs) -> Result<PgConnectOptions, Failure> {
    let url = match &args.from {
        FromArgs { from: Some(url), .. } => url.clone(),
        FromArgs { from_file: Some(file), .. } => {
            fs::read_to_string(file).map_err(Failure::FromFile)?.trim().to_owned()
        }
        FromArgs { .. } => return Err(Failure::FromFile(io::ErrorKind::NotFound.into())),
    };
    let address = DatabaseAddress {
        url: Some(Secret::from(url)),
        host: None,
        port: None,
        name: None,
        user: None,
        user_file: None,
        password: None,
        password_file: None,
        sslmode: None,
        ca_file: args.from_ca_file.clone(),
        allow_plaintext: args.allow_plaintext,
    };
    let options = address.connect_options().map_err(|error| Failure::From(AddressError::of(error)))?;
    if address.is_unprotected() { Err(Failure::FromUnprotected) } else { Ok(options) }
}
