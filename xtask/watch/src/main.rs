//! `watch FOLDER`: writes the chart's dashboards, as Grafana reads them. `cargo xtask codegen` puts them in place.

use std::fs;
use std::io::{Error, Result};
use std::path::Path;

fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).ok_or_else(|| Error::other("say into which folder"))?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    for (name, dashboard) in watch::dashboards() {
        fs::write(folder.join(format!("{name}.json")), dashboard)?;
    }
    Ok(())
}
