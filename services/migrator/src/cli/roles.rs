//! `roles --print-sql`, which needs no configuration when the arguments say everything: whoever makes the roles often has
//! none yet.

use std::io::Write;

use service_kit::cli::{CommonArgs, load};
use service_kit::exit::Exit;

use super::args::RolesArgs;
use super::outcome::Failure;
use crate::config::Config;
use crate::migrate::Roles;

/// Prints the script.
pub(super) fn print(args: &RolesArgs, common: &CommonArgs, out: &mut impl Write) -> Result<Exit, Failure> {
    let RolesArgs { owner, writer, reader, database, .. } = args;
    let (roles, database) = if let (Some(owner), Some(writer), Some(reader), Some(database)) =
        (owner, writer, reader, database)
    {
        (Roles::new(owner, writer, reader).map_err(Failure::Roles)?, database.clone())
    } else {
        let config = load::<Config>(common).map_err(Failure::Configuration)?.settings;
        let address = config.database.connect_options().map_err(Failure::Address)?;
        let named = |given: &Option<String>, configured: Option<String>| given.clone().or(configured);
        let configured = config.database.roles;
        let (Some(owner), Some(writer), Some(reader)) = (
            named(owner, configured.owner),
            named(writer, configured.writer),
            named(reader, configured.reader),
        ) else {
            return Err(Failure::RolesUnnamed);
        };
        let database = named(database, address.get_database().map(str::to_owned));
        (
            Roles::new(&owner, &writer, &reader).map_err(Failure::Roles)?,
            database.unwrap_or_else(|| "atelier".to_owned()),
        )
    };
    out.write_all(roles.script(&database).as_bytes()).map_err(Failure::Output)?;
    Ok(Exit::Success)
}
