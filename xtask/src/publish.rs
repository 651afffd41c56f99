//! `cargo xtask publish`: a release's images and charts, to a registry of OCI artifacts, with what lets others trust them.
//!
//! It publishes the tagged commit and nothing else. Signatures are cosign's, of whoever runs it; a list of contents (`CycloneDX`) is
//! attested to each image, made by syft out of what cargo-auditable put into the programs. The subjects are listed in
//! `target/publish/subjects.txt`, for a build server that attests how it came by them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::image::{self, Arch};
use crate::{release, shell};

const CHARTS: [&str; 2] = ["charts/atelier", "charts/atelier-operator"];

const EXAMPLES: &str = "\
Examples:
  cargo xtask publish --registry registry.example.com/atelier --sign --announce
  cargo xtask publish --registry 127.0.0.1:5000/atelier --arch amd64 \\
      --profile dev --untagged            # to try it";

/// Where to, and how much of it.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The registry's folder for the images, as in `registry.example.com/atelier`; charts go into `charts` below it.
    #[arg(long, value_name = "REGISTRY")]
    registry: String,
    /// For which processors.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["amd64", "arm64"])]
    arch: Vec<Arch>,
    /// The cargo profile.
    #[arg(long, default_value = "release")]
    profile: String,
    /// Sign everything with cosign, and attest to each image its list of contents, made by syft.
    #[arg(long)]
    sign: bool,
    /// Make the release's page on GitHub with gh: the changelog's section, and the lists of contents.
    #[arg(long)]
    announce: bool,
    /// Publish although this commit has no tag of its version, for trying out.
    #[arg(long, conflicts_with_all = ["sign", "announce"])]
    untagged: bool,
}

/// Something that was published: its name without a tag, and its digest.
struct Subject {
    name: String,
    digest: String,
}

impl Subject {
    fn reference(&self) -> String {
        format!("{}@{}", self.name, self.digest)
    }

    /// What it is called below the registry, as a file's name.
    fn file(&self) -> String {
        self.name.rsplit('/').next().unwrap_or(&self.name).to_owned()
    }
}

/// Builds, pushes, then signs and announces as asked.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    if !args.untagged {
        is_tagged(version)?;
    }
    for tool in tools(args) {
        if shell::find(tool).is_none() {
            return Err(Failure::missing_tool(tool));
        }
    }
    let folder = shell::root().join("target/publish");
    fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    let pushed = image::publish(&args.registry, version, &args.arch, &args.profile)?;
    let images: Vec<Subject> = pushed.into_iter().map(|(name, digest)| Subject { name, digest }).collect();
    let mut charts = Vec::new();
    for chart in CHARTS {
        charts.push(push_chart(chart, version, args, &folder)?);
    }
    let list = folder.join("subjects.txt");
    fs::write(&list, checksums(images.iter().chain(&charts))).map_err(Failure::file(&list))?;
    let mut contents = Vec::new();
    if args.sign {
        for subject in images.iter().chain(&charts) {
            shell::run(shell::program("cosign").args(["sign", "--yes", &subject.reference()]))?;
        }
        for image in &images {
            contents.push(attest_contents(image, &folder)?);
        }
    }
    if args.announce {
        announce(version, &folder, &contents)?;
    }
    for subject in images.iter().chain(&charts) {
        println!("published: {}", subject.reference());
    }
    println!("published: {} lists them", list.display());
    Ok(())
}

fn tools(args: &Args) -> impl Iterator<Item = &'static str> {
    let signing = args.sign.then_some(["cosign", "syft"]).into_iter().flatten();
    ["helm"].into_iter().chain(signing).chain(args.announce.then_some("gh"))
}

/// What is published is what the tag says, to the letter.
fn is_tagged(version: &str) -> Result<(), Failure> {
    let git = |words: &[&str]| shell::output(shell::program("git").args(words));
    let tag = format!("v{version}");
    let is_clean = git(&["status", "--porcelain"])?.is_empty();
    let is_here = git(&["tag", "--points-at", "HEAD"])?.lines().any(|line| line == tag);
    if is_clean && is_here {
        return Ok(());
    }
    Err(Failure::Unready {
        what: format!("this is not the tree of the tag {tag}"),
        remedy: "Check the tag out in a clone of its own; --untagged is for trying out.",
    })
}

/// Packs a chart and pushes it.
fn push_chart(chart: &str, version: &str, args: &Args, folder: &Path) -> Result<Subject, Failure> {
    let name = Path::new(chart).file_name().and_then(|name| name.to_str()).unwrap_or(chart);
    let helm = || shell::program("helm");
    shell::output(helm().args(["package", chart, "--destination"]).arg(folder))?;
    let archive = folder.join(format!("{name}-{version}.tgz"));
    let to = format!("{}/charts", args.registry);
    let mut push = helm();
    push.arg("push").arg(&archive).arg(format!("oci://{to}"));
    push.args(image::is_of_this_machine(&args.registry).then_some("--plain-http"));
    let told = shell::told(&mut push)?;
    let digest =
        told.lines().find_map(|line| line.strip_prefix("Digest: ")).ok_or_else(|| Failure::Unready {
            what: format!("helm did not say under which digest it pushed {name}"),
            remedy: "Look what `helm push` prints now.",
        })?;
    Ok(Subject { name: format!("{to}/{name}"), digest: digest.trim().to_owned() })
}

/// What is in an image, by the lists within its programs.
fn attest_contents(image: &Subject, folder: &Path) -> Result<PathBuf, Failure> {
    let file = folder.join(format!("{}.cdx.json", image.file()));
    let mut syft = shell::program("syft");
    syft.arg("scan").arg(format!("registry:{}", image.reference()));
    shell::run(syft.arg("--output").arg(format!("cyclonedx-json={}", file.display())))?;
    let mut cosign = shell::program("cosign");
    cosign.args(["attest", "--yes", "--type", "cyclonedx", "--predicate"]).arg(&file);
    shell::run(cosign.arg(image.reference()))?;
    Ok(file)
}

fn announce(version: &str, folder: &Path, files: &[PathBuf]) -> Result<(), Failure> {
    let page = folder.join("notes.md");
    fs::write(&page, release::said(version)?).map_err(Failure::file(&page))?;
    let mut gh = shell::program("gh");
    gh.args([
        "release",
        "create",
        &format!("v{version}"),
        "--verify-tag",
        "--title",
        &format!("Atelier {version}"),
    ]);
    shell::run(gh.arg("--notes-file").arg(&page).args(files))
}

/// As `sha256sum` writes them.
fn checksums<'a>(subjects: impl Iterator<Item = &'a Subject>) -> String {
    let mut text = String::new();
    for Subject { name, digest } in subjects {
        let _ = writeln!(text, "{}  {name}", digest.trim_start_matches("sha256:"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_listed_as_checksums() {
        let subject = |name: &str, digest: &str| Subject { name: name.to_owned(), digest: digest.to_owned() };
        let subjects =
            [subject("r/atelier/orders", "sha256:ab"), subject("r/atelier/charts/atelier", "sha256:cd")];
        assert_eq!(checksums(subjects.iter()), "ab  r/atelier/orders\ncd  r/atelier/charts/atelier\n");
        assert_eq!(subjects[0].reference(), "r/atelier/orders@sha256:ab");
        assert_eq!(subjects[1].file(), "atelier");
    }
}
