//! What is in an image: a folder for each, laid out as the image's root will be.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::programs::Programs;
use crate::failure::Failure;
use crate::shell;

/// Where programs look for certificate authorities.
const AUTHORITIES: &str = "etc/ssl/certs/ca-certificates.crt";

/// Lays out an image's root for each program, in a folder of its name, and says how many bytes it holds.
pub(super) fn lay_out(context: &Path, programs: &Programs) -> Result<Vec<(&'static str, u64)>, Failure> {
    if context.exists() {
        fs::remove_dir_all(context).map_err(Failure::file(context))?;
    }
    let authorities = authorities();
    let mut sizes = Vec::new();
    for (name, program) in &programs.files {
        let root = context.join(name);
        let read = |path: &Path| fs::read(path).map_err(Failure::file(path));
        let mut bytes = place(&read(program)?, &root, Path::new(name), 0o755)?;
        bytes += place(authorities.as_bytes(), &root, Path::new(AUTHORITIES), 0o644)?;
        if !programs.are_static {
            for library in libraries(program)? {
                let inside = library.strip_prefix("/").unwrap_or(&library);
                bytes += place(&read(&library)?, &root, inside, 0o755)?;
            }
        }
        sizes.push((*name, bytes));
    }
    Ok(sizes)
}

/// The certificate authorities that Mozilla trusts, as PEM. Not what this machine trusts: the authority of a company's
/// proxy, or of who builds, is nobody's else.
fn authorities() -> String {
    let mut pem = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        let text = BASE64_STANDARD.encode(certificate);
        for line in text.as_bytes().chunks(64) {
            pem.extend(line.iter().map(|byte| char::from(*byte)));
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem
}

/// Writes `content` to `path` below `root`, readable by everybody whatever this machine's habits are: an image's user
/// owns none of its files. Gives the number of bytes.
fn place(content: &[u8], root: &Path, path: &Path, mode: u32) -> Result<u64, Failure> {
    let to = root.join(path);
    let folders: Vec<&Path> = to.ancestors().skip(1).take_while(|folder| folder.starts_with(root)).collect();
    fs::create_dir_all(to.parent().unwrap_or(root)).map_err(Failure::file(&to))?;
    fs::write(&to, content).map_err(Failure::file(&to))?;
    for (path, mode) in folders.into_iter().map(|folder| (folder, 0o755)).chain([(to.as_path(), mode)]) {
        fs::set_permissions(path, PermissionsExt::from_mode(mode)).map_err(Failure::file(path))?;
    }
    Ok(content.len() as u64)
}

/// The files that `program` is linked with, the loader among them.
fn libraries(program: &Path) -> Result<Vec<PathBuf>, Failure> {
    Ok(parse_ldd(&shell::output(shell::program("ldd").arg(program))?))
}

/// A line is `name => /path (address)`, or `/path (address)` for the loader; what the kernel brings has no path.
fn parse_ldd(text: &str) -> Vec<PathBuf> {
    let path = |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from);
    text.lines().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;

    #[test]
    fn an_image_is_laid_out_for_a_user_who_owns_nothing_of_it() {
        let folder = env::temp_dir().join(format!("atelier-image-{}", process::id()));
        let program = folder.join("orders-as-built");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(&program, "a program").expect("a program");
        let context = folder.join("context");
        let programs =
            Programs { folder: PathBuf::new(), files: vec![("orders", program)], are_static: true };
        let sizes = lay_out(&context, &programs).expect("laid out");

        let mode = |path: &str| {
            let metadata = fs::metadata(context.join(path)).expect(path);
            metadata.permissions().mode() & 0o777
        };
        assert_eq!((mode("orders/orders"), mode("orders/etc/ssl/certs/ca-certificates.crt")), (0o755, 0o644));
        for path in ["orders", "orders/etc", "orders/etc/ssl", "orders/etc/ssl/certs"] {
            assert_eq!(mode(path), 0o755, "{path}");
        }
        let bundle = authorities();
        assert_eq!(sizes, [("orders", ("a program".len() + bundle.len()) as u64)]);
        assert!(bundle.matches("-----BEGIN CERTIFICATE-----\nMII").count() > 100);
        assert!(bundle.lines().all(|line| line.len() <= 64), "lines of PEM are short");
        fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn libraries_and_the_loader_are_found_and_the_kernels_part_is_not() {
        let text = "\tlinux-vdso.so.1 (0x1)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x2)\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x3)\n";
        let expected = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"];
        assert_eq!(parse_ldd(text), expected.map(PathBuf::from));
        assert_eq!(parse_ldd("\tstatically linked\n"), Vec::<PathBuf>::new());
    }
}
