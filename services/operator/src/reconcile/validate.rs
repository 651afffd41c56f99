//! Whether a migration may be carried out at all, by what the controller was told to trust. Pure.

use super::seen::{Seen, SeenSecret};
use crate::crd::{CREDENTIALS_LABEL, HOSTS_ANNOTATION, Reason, SchemaMigrationSpec};

/// Why it may not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The image comes from elsewhere.
    #[error("the image {image} is below none of the allowed prefixes: {}", prefixes.join(", "))]
    Image {
        /// The image.
        image: String,
        /// What would be allowed.
        prefixes: Vec<String>,
    },
    /// There is no such Secret.
    #[error("there is no Secret {name} in this namespace")]
    NoSecret {
        /// Its name.
        name: String,
    },
    /// The Secret is not meant for this.
    #[error(
        "the Secret {name} lacks the label {CREDENTIALS_LABEL}=true, by which its owner says that migrations may use it"
    )]
    Unlabelled {
        /// Its name.
        name: String,
    },
    /// The Secret's login is not meant for this host, which whoever writes a migration could make their own.
    #[error(
        "the Secret {name} may be sent to {allowed} only, by its annotation {HOSTS_ANNOTATION}, and not to {host}"
    )]
    Host {
        /// The Secret.
        name: String,
        /// Where it may be sent.
        allowed: String,
        /// Where it would be.
        host: String,
    },
}

impl Refusal {
    /// The reason of the conditions.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Image { .. } => Reason::ImageNotAllowed,
            Self::NoSecret { .. } | Self::Unlabelled { .. } | Self::Host { .. } => Reason::SecretNotAllowed,
        }
    }
}

/// Refuses what must not become a Job.
pub fn validate(spec: &SchemaMigrationSpec, seen: &Seen, image_prefixes: &[String]) -> Result<(), Refusal> {
    if !image_prefixes.iter().any(|prefix| is_below(&spec.image, prefix)) {
        return Err(Refusal::Image { image: spec.image.clone(), prefixes: image_prefixes.to_vec() });
    }
    for name in secrets(spec) {
        match seen.secrets.get(name) {
            Some(SeenSecret::Labelled) => {}
            // An authority's certificate is sent to nobody.
            Some(SeenSecret::LabelledFor(_)) if name != spec.database.credentials.secret => {}
            Some(SeenSecret::LabelledFor(hosts)) if is_among(&spec.database.host, hosts) => {}
            Some(SeenSecret::LabelledFor(hosts)) => {
                let (name, allowed, host) = (name.to_owned(), hosts.clone(), spec.database.host.clone());
                return Err(Refusal::Host { name, allowed, host });
            }
            Some(SeenSecret::Unlabelled) => return Err(Refusal::Unlabelled { name: name.to_owned() }),
            Some(SeenSecret::Missing) | None => return Err(Refusal::NoSecret { name: name.to_owned() }),
        }
    }
    Ok(())
}

/// The Secrets that the Job would mount.
pub fn secrets(spec: &SchemaMigrationSpec) -> impl Iterator<Item = &str> {
    let ca = spec.database.ca.as_ref().and_then(|ca| ca.secret.as_deref());
    std::iter::once(spec.database.credentials.secret.as_str()).chain(ca)
}

fn is_among(host: &str, hosts: &str) -> bool {
    hosts.split(',').any(|allowed| allowed.trim() == host)
}

/// A prefix ends where a part of the name ends: `registry/atelier` is no prefix of `registry/atelier-evil/migrator`.
fn is_below(image: &str, prefix: &str) -> bool {
    !prefix.is_empty()
        && image
            .strip_prefix(prefix)
            .is_some_and(|rest| prefix.ends_with('/') || rest.is_empty() || rest.starts_with(['/', ':', '@']))
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn a_prefix_ends_where_a_part_of_the_name_ends() {
        for (image, prefix, is_it) in [
            ("r.example/atelier/migrator:1", "r.example/atelier", true),
            ("r.example/atelier/migrator:1", "r.example/atelier/", true),
            ("r.example/atelier/migrator@sha256:0", "r.example/atelier/migrator", true),
            ("r.example/atelier-evil/migrator:1", "r.example/atelier", false),
            ("r.example.evil/atelier/migrator:1", "r.example", false),
            ("evil/r.example/atelier/migrator:1", "r.example/atelier", false),
            ("r.example/atelier/migrator:1", "", false),
        ] {
            assert_eq!(is_below(image, prefix), is_it, "{image} below {prefix}");
        }
    }
}
