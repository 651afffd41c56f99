//! A double of the program `kind`: it writes down what it is told, and fails or hangs where a test wants it to.

use std::fs;
use std::path::PathBuf;

use super::Kind;

const SCRIPT: &str = r#"
cd "$(dirname "$0")"
printf '%s\n' "$*" >>calls
if [ "$1" = "$(cat hangs 2>/dev/null)" ]; then exec sleep 60; fi
if [ "$1" = "$(cat fails 2>/dev/null)" ]; then echo 'no space left' >&2; exit 1; fi
"#;

/// The program, in a folder of its own that goes with it.
pub(crate) struct Double(PathBuf);

impl Double {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("atelier-kind-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("kind"), SCRIPT).expect("written");
        Self(folder)
    }

    /// What takes it for kind. A shell reads it, because a file that was just written may be too busy to be a program.
    pub(crate) fn kind(&self) -> Kind {
        Kind::new("sh", vec![self.0.join("kind")], &self.0)
    }

    pub(crate) fn fails_at(&self, verb: &str) {
        fs::write(self.0.join("fails"), verb).expect("written");
    }

    pub(crate) fn hangs_at(&self, verb: &str) {
        fs::write(self.0.join("hangs"), verb).expect("written");
    }

    pub(crate) fn is_called(&self) -> bool {
        !self.calls().is_empty()
    }

    /// The words of each call.
    pub(crate) fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.0.join("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
