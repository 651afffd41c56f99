//! The programs that build images: what each is told. They are only asked for what all of them have.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use clap::ValueEnum;

use super::programs::Arch;
use crate::failure::Failure;
use crate::shell;

/// In the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Engine {
    Docker,
    Podman,
    Buildah,
}

impl Engine {
    /// The one that was asked for, or the first, if it `works`.
    pub(super) fn choose(asked: Option<Self>, works: impl Fn(Self) -> bool) -> Result<Self, Failure> {
        let candidates = asked.as_ref().map_or(Self::value_variants(), std::slice::from_ref);
        candidates.iter().copied().find(|engine| works(*engine)).ok_or_else(|| Failure::Missing {
            names: candidates.iter().map(ToString::to_string).collect(),
            remedy: "One that works is enough; `cargo xtask tools` says how to get it.",
        })
    }

    /// Whether it is here and answers; docker's client is of no use without its server.
    pub(super) fn works(self) -> bool {
        let question: &[&str] = match self {
            Self::Docker => &["version", "--format", "{{.Server.Version}}"],
            Self::Podman | Self::Buildah => &["--version"],
        };
        shell::ask(self.command().args(question)).is_some()
    }

    /// Builds the stage `program` of the `Dockerfile`, with `context` in place of the stage that compiles.
    pub(super) fn build(
        self,
        program: &str,
        name: &str,
        context: &Path,
        arch: Option<Arch>,
        labels: &[(&str, String)],
    ) -> Command {
        let mut command = self.command();
        command.args(["build", "--quiet", "--file", "Dockerfile", "--target", program, "--tag", name]);
        for (label, value) in labels {
            command.arg("--label").arg(format!("org.opencontainers.image.{label}={value}"));
        }
        if let Some(arch) = arch {
            // Nothing is run while an image is put together, so no engine has to be of that kind.
            command.arg(format!("--platform=linux/{}", arch.name()));
        }
        command.arg("--build-context").arg(format!("programs={}", context.display()));
        command.arg(context);
        command
    }

    /// Writes the image `name` to the docker-archive `path`.
    pub(super) fn save(self, name: &str, path: &Path) -> Command {
        let mut command = self.command();
        match self {
            Self::Docker => command.args(["save", "--output"]).arg(path).arg(name),
            Self::Podman => command
                .args(["save", "--quiet", "--format", "docker-archive", "--output"])
                .arg(path)
                .arg(name),
            Self::Buildah => command
                .args(["push", "--quiet", name])
                .arg(format!("docker-archive:{}:{name}", path.display())),
        };
        command
    }

    /// Pushes the image `name` to the registry that it names, and gives the digest by which it is known there.
    pub(super) fn push(self, name: &str, scratch: &Path) -> Result<String, Failure> {
        match self {
            Self::Docker => {
                shell::run(self.command().args(["push", "--quiet", name]))?;
                let format = "{{index .RepoDigests 0}}";
                let known =
                    shell::output(self.command().args(["image", "inspect", "--format", format, name]))?;
                Ok(known.trim().rsplit('@').next().unwrap_or_default().to_owned())
            }
            Self::Podman | Self::Buildah => {
                let file = scratch.join("digest");
                let mut push = self.command();
                push.args(["push", "--quiet", "--digestfile"]).arg(&file).args(without_tls(name)).arg(name);
                shell::run(&mut push)?;
                let digest = fs::read_to_string(&file).map_err(Failure::file(&file))?;
                Ok(digest.trim().to_owned())
            }
        }
    }

    pub(super) fn command(self) -> Command {
        shell::program(self.to_string())
    }
}

/// A registry of this machine, for trying out, has no TLS; Docker knows that by itself.
pub(super) fn without_tls(name: &str) -> Option<&'static str> {
    is_of_this_machine(name).then_some("--tls-verify=false")
}

/// Whether a name's registry is one of this machine.
pub(crate) fn is_of_this_machine(name: &str) -> bool {
    name.starts_with("127.0.0.1:")
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_engine_that_works_is_taken_unless_one_is_asked_for() {
        let only = |one: Engine| move |engine| engine == one;
        assert_eq!(Engine::choose(None, |_| true).expect("an engine"), Engine::Docker);
        assert_eq!(Engine::choose(None, only(Engine::Buildah)).expect("an engine"), Engine::Buildah);
        assert_eq!(Engine::choose(Some(Engine::Podman), |_| true).expect("an engine"), Engine::Podman);
    }

    #[test]
    fn an_engine_that_was_asked_for_and_does_not_work_is_named_and_not_replaced() {
        let failure = Engine::choose(Some(Engine::Docker), |engine| engine != Engine::Docker);
        let told = failure.expect_err("docker does not work").to_string();
        assert!(told.starts_with("missing: docker. "), "{told}");
        let told = Engine::choose(None, |_| false).expect_err("nothing works").to_string();
        assert!(told.starts_with("missing: docker, podman, buildah. "), "{told}");
    }

    #[test]
    fn a_build_is_given_the_programs_and_the_labels() {
        let labels = [("version", "1.2.3".to_owned())];
        let command =
            Engine::Podman.build("orders", "localhost/a/orders:1", Path::new("somewhere"), None, &labels);
        assert_eq!(
            shell::describe(&command),
            "podman build --quiet --file Dockerfile --target orders --tag localhost/a/orders:1 \
             --label org.opencontainers.image.version=1.2.3 --build-context programs=somewhere somewhere"
        );
    }

    #[test]
    fn an_image_for_other_processors_says_so() {
        let command = Engine::Buildah.build("orders", "a", Path::new("b"), Some(Arch::Arm64), &[]);
        assert!(shell::describe(&command).contains(" --platform=linux/arm64 "), "{command:?}");
    }

    #[test]
    fn every_engine_saves_the_same_kind_of_archive() {
        let words = |engine: Engine| shell::describe(&engine.save("a/b:1", Path::new("b.tar")));
        assert_eq!(words(Engine::Docker), "docker save --output b.tar a/b:1");
        assert_eq!(words(Engine::Podman), "podman save --quiet --format docker-archive --output b.tar a/b:1");
        assert_eq!(words(Engine::Buildah), "buildah push --quiet a/b:1 docker-archive:b.tar:a/b:1");
    }
}
