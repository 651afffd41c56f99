//! Lists the files of `migrations/` for the binary to embed, so that a new file needs no second place that names it.
//! It judges nothing: names and directives are read, and refused, by `migrate::files`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

fn main() -> io::Result<()> {
    let folder = Path::new("../../migrations");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|extension| extension == "sql") {
            println!("cargo::rerun-if-changed={}", folder.join(&name).display());
            names.push(name);
        }
    }
    names.sort();

    let mut list = String::from("&[\n");
    for name in &names {
        // The path is put together by the compiler that reads it: no folder of the building machine is written down.
        let _ = writeln!(
            list,
            "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../../migrations/\", {name:?}))),"
        );
    }
    list.push_str("]\n");
    fs::write(output_folder()?.join("migrations.rs"), list)
}

#[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts by the environment")]
fn output_folder() -> io::Result<PathBuf> {
    let folder = std::env::var_os("OUT_DIR")
        .ok_or_else(|| io::Error::other("cargo sets OUT_DIR for build scripts"))?;
    Ok(PathBuf::from(folder))
}
