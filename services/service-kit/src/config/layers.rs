//! The layers of a configuration and where a value came from. Texts of the environment stay texts here:
//! only the walker, which knows a key's type, may read `0123` as a number or keep it as a password.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Toml};
use figment::value::{Dict, Tag, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::mistake::{ConfigError, Mistake};

const PREFIX: &str = "ATELIER_";

/// What a configuration is read from, besides its defaults.
// No `Debug`: the environment may hold secrets of everybody.
#[derive(Default, Clone)]
pub struct Sources {
    /// A TOML file, from `--config` or `ATELIER_CONFIG`.
    pub file: Option<PathBuf>,
    /// Environment variables, all of them: the layers pick theirs.
    pub environment: Vec<(String, String)>,
}

/// A variable of others, and the key of ours that it fills.
#[derive(Debug, Clone, Copy)]
pub struct Alias {
    /// The variable's name.
    pub variable: &'static str,
    /// The key, levels joined by dots.
    pub key: &'static str,
    /// What the variable's text becomes.
    pub convert: fn(&str) -> String,
    /// Other keys that say the same: where the file or the environment sets one of them, the variable is not used.
    pub outranked_by: &'static [&'static str],
}

/// The merged layers.
pub(crate) struct Layers {
    figment: Figment,
    pub(super) root: Dict,
    pub(super) notices: Vec<String>,
    pub(super) conflicts: Vec<Mistake>,
}

impl Layers {
    pub(super) fn read(
        defaults: &str,
        aliases: &[Alias],
        standards: &[&str],
        sources: &Sources,
    ) -> Result<Self, ConfigError> {
        let mut conflicts = Vec::new();
        let mut chosen = Figment::new();
        if let Some(file) = &sources.file {
            let text = std::fs::read_to_string(file)
                .map_err(|source| ConfigError::UnreadableFile { file: file.clone(), source })?;
            chosen =
                chosen.merge(Named { name: format!("file {}", file.display()), inner: Toml::string(&text) });
            chosen.extract::<Dict>().map_err(|error| ConfigError::syntax(file, &error))?;
        }
        let chosen = chosen.merge(Texts::from_pairs(
            "environment variable",
            sources.environment.iter().filter_map(|(name, text)| {
                let key = name.strip_prefix(PREFIX).filter(|key| !is_foreign(key))?;
                Some((name.clone(), key.to_lowercase().replace("__", "."), text.clone()))
            }),
            &mut conflicts,
        ));

        let (used, mut notices) = used_aliases(aliases, sources, &chosen);
        notices.extend(without_effect(aliases, standards, sources));
        let alias_layer = Texts::from_pairs(
            "alias",
            used.into_iter().map(|(alias, text)| {
                (alias.variable.to_owned(), alias.key.to_owned(), (alias.convert)(text))
            }),
            &mut conflicts,
        );
        let figment = Figment::from(Named { name: "default".to_owned(), inner: Toml::string(defaults) })
            .merge(alias_layer)
            .merge(chosen);
        let root =
            figment.extract::<Dict>().map_err(|error| ConfigError::syntax(Path::new("defaults"), &error))?;
        Ok(Self { figment, root, notices, conflicts })
    }

    /// The layer that a value came from, in words.
    pub(super) fn origin(&self, tag: Tag) -> String {
        self.figment
            .get_metadata(tag)
            .map_or_else(|| "default".to_owned(), |metadata| metadata.name.to_string())
    }

    /// The layer that the value at `key` came from, in words; `None` where no layer has it.
    pub(super) fn origin_of_key(&self, key: &str) -> Option<String> {
        let value = self.figment.find_value(key).ok()?;
        Some(self.leaf_origin(&value))
    }

    pub(super) fn leaf_origin(&self, value: &Value) -> String {
        match value {
            Value::Dict(tag, dict) => {
                dict.values().next().map_or_else(|| self.origin(*tag), |it| self.leaf_origin(it))
            }
            other => self.origin(other.tag()),
        }
    }

    /// Whether a value is a text whose type its writer could not express.
    pub(super) fn is_untyped(&self, value: &Value) -> bool {
        let origin = self.leaf_origin(value);
        origin.starts_with("environment variable") || origin.starts_with("alias")
    }
}

/// The aliases that fill a key, and what the operator should know of all that are set.
fn used_aliases<'a>(
    aliases: &'a [Alias],
    sources: &'a Sources,
    chosen: &Figment,
) -> (Vec<(&'a Alias, &'a str)>, Vec<String>) {
    let mut used: Vec<(&Alias, &str)> = Vec::new();
    let mut notices = Vec::new();
    for alias in aliases {
        let Some((_, text)) = sources.environment.iter().find(|(name, _)| name == alias.variable) else {
            continue;
        };
        let (variable, key) = (alias.variable, alias.key);
        if let Some(winner) = alias.outranked_by.iter().chain([&key]).find(|key| chosen.contains(key)) {
            notices.push(format!("{variable} is not used, because {winner} is set"));
        } else if let Some((first, _)) = used.iter().find(|(other, _)| other.key == key) {
            notices.push(format!("{variable} is not used, because {} is set", first.variable));
        } else {
            notices.push(format!("{variable} is read as {key}"));
            used.push((alias, text));
        }
    }
    (used, notices)
}

/// Variables of a standard that no alias reads.
fn without_effect(aliases: &[Alias], standards: &[&str], sources: &Sources) -> Vec<String> {
    let names = sources.environment.iter().map(|(name, _)| name);
    names
        .filter(|name| standards.iter().any(|standard| name.starts_with(standard)))
        .filter(|name| aliases.iter().all(|alias| alias.variable != *name))
        .map(|name| format!("{name} is not supported and does nothing"))
        .collect()
}

/// Variables that Kubernetes injects for a Service whose name begins with the prefix, and our own switch for the file.
fn is_foreign(key: &str) -> bool {
    let first_level = !key.contains("__");
    // A Service may be named exactly like the prefix; what is left of its variables then lacks the underscore in front.
    let name = format!("_{key}");
    let injected = name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || name.contains("_PORT_");
    key == "CONFIG" || (first_level && injected)
}

/// A TOML text under a name of our choice, so that messages say where a value stands.
struct Named<P> {
    name: String,
    inner: P,
}

impl<P: Provider> Provider for Named<P> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<figment::value::Map<Profile, Dict>, figment::Error> {
        self.inner.data()
    }
}

/// One provider for each variable, because figment keeps one name a provider, and a message must name the variable.
#[derive(Default)]
struct Texts {
    figment: Figment,
}

impl Texts {
    fn from_pairs(
        kind: &str,
        pairs: impl Iterator<Item = (String, String, String)>,
        conflicts: &mut Vec<Mistake>,
    ) -> Figment {
        let pairs: BTreeMap<String, (String, String)> =
            pairs.map(|(variable, key, text)| (key, (variable, text))).collect();
        let mut texts = Self::default();
        for (key, (variable, text)) in &pairs {
            let origin = format!("{kind} {variable}");
            let below = format!("{key}.");
            if let Some((deeper, _)) = pairs.range(below.clone()..).next()
                && deeper.starts_with(&below)
            {
                conflicts.push(Mistake::at(key, &origin, format!("is a section: {deeper} is set too")));
                continue;
            }
            texts.figment = texts.figment.merge(Text { origin, key: key.clone(), value: text.clone() });
        }
        texts.figment
    }
}

struct Text {
    origin: String,
    key: String,
    value: String,
}

impl Provider for Text {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<figment::value::Map<Profile, Dict>, figment::Error> {
        let nested = self.key.rsplit('.').fold(Value::from(self.value.clone()), |inner, level| {
            Value::from(Dict::from([(level.to_owned(), inner)]))
        });
        let dict = nested.into_dict().unwrap_or_default();
        Ok(figment::value::Map::from([(Profile::Default, dict)]))
    }
}
