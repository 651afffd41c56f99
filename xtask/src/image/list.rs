//! One name for an image of several kinds of processors: a list in the registry, of which each machine takes its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::engine::{Engine, without_tls};
use crate::failure::Failure;
use crate::shell;

impl Engine {
    /// Makes `name` the list of `members`, which the registry has already, and gives the digest by which it is known there.
    pub(super) fn push_list(self, name: &str, members: &[String], scratch: &Path) -> Result<String, Failure> {
        for mut command in self.list(name, members, scratch) {
            shell::run(&mut command)?;
        }
        match self {
            Self::Docker => {
                let format = "{{.Manifest.Digest}}";
                let mut ask = self.command();
                ask.args(["buildx", "imagetools", "inspect", name, "--format", format]);
                Ok(shell::output(&mut ask)?.trim().to_owned())
            }
            Self::Podman | Self::Buildah => {
                let file = digest_file(scratch);
                let digest = fs::read_to_string(&file).map_err(Failure::file(&file))?;
                Ok(digest.trim().to_owned())
            }
        }
    }

    fn list(self, name: &str, members: &[String], scratch: &Path) -> Vec<Command> {
        if self == Self::Docker {
            let mut create = self.command();
            create.args(["buildx", "imagetools", "create", "--tag", name]).args(members);
            return vec![create];
        }
        let manifest = |words: &[&str]| {
            let mut command = self.command();
            command.arg("manifest").args(words);
            command
        };
        // One of an earlier try would keep what it lists.
        let mut commands = vec![manifest(&["create", "--amend", name])];
        commands.extend(members.iter().map(|member| {
            let mut add = manifest(&["add"]);
            add.args(without_tls(name)).args([name, &format!("docker://{member}")]);
            add
        }));
        let mut push = manifest(&["push", "--all", "--digestfile"]);
        push.arg(digest_file(scratch)).args(without_tls(name)).arg(name).arg(format!("docker://{name}"));
        commands.push(push);
        commands.push(manifest(&["rm", name]));
        commands
    }
}

fn digest_file(scratch: &Path) -> std::path::PathBuf {
    scratch.join("list-digest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_made_of_what_the_registry_has() {
        let members = ["r/a@sha256:1".to_owned(), "r/a@sha256:2".to_owned()];
        let words = |engine: Engine| {
            let commands = engine.list("r/a:1", &members, Path::new("s"));
            commands.iter().map(shell::describe).collect::<Vec<_>>()
        };
        assert_eq!(
            words(Engine::Docker),
            ["docker buildx imagetools create --tag r/a:1 r/a@sha256:1 r/a@sha256:2"]
        );
        assert_eq!(
            words(Engine::Buildah),
            [
                "buildah manifest create --amend r/a:1",
                "buildah manifest add r/a:1 docker://r/a@sha256:1",
                "buildah manifest add r/a:1 docker://r/a@sha256:2",
                "buildah manifest push --all --digestfile s/list-digest r/a:1 docker://r/a:1",
                "buildah manifest rm r/a:1",
            ]
        );
        let here = Engine::Buildah.list("127.0.0.1:5000/a:1", &members, Path::new("s"));
        let is_told = |command: &Command| shell::describe(command).contains("--tls-verify=false");
        assert_eq!(here.iter().map(is_told).collect::<Vec<_>>(), [false, true, true, true, false]);
    }
}
