//! The command line: facts in, values out, and a sentence for each fact that cannot be one.

use std::path::PathBuf;

use clap::{Args, Parser};

use crate::charts::Chart;
use crate::digests::{Digests, DigestsError};
use crate::facts::{catalog_url, host, jwks_url, object_name, place, word};
use crate::values::{
    Auth, AuthMode, Catalog, Component, Database, DatabaseAuth, Hs256, Image, Jwks, Login, Roles, Tls,
    TokenRules, Values,
};

const EXAMPLES: &str = "\
Examples:
  cargo xtask values --db-host db.example.com \\
      --catalog-url https://catalog.example.com/catalog >values.yaml
  cargo xtask values --db-host postgres.shop.svc \\
      --db-ca-secret atelier-database-ca \\
      --db-roles atelier_owner,atelier_writer,atelier_reader \\
      --catalog-url http://catalog.shop.svc:8080/catalog >values.yaml";

/// What this program does.
#[derive(Debug, Parser)]
#[command(name = "chart", bin_name = "cargo xtask", max_term_width = 100)]
pub(crate) enum Cli {
    /// Values for the Helm chart, from the facts that only you know
    #[command(after_help = EXAMPLES)]
    Values(Box<ValuesArgs>),
    /// A chart's values.schema.json, for `cargo xtask codegen`
    #[command(hide = true)]
    Schema {
        /// Which.
        chart: Chart,
    },
    /// The tables of a chart's README, for `cargo xtask codegen`
    #[command(hide = true)]
    Table {
        /// Which.
        chart: Chart,
    },
    /// What the charts make of each file of their folders `ci`, for `cargo xtask codegen`
    #[command(hide = true)]
    Rendered {
        /// Where to write.
        folder: PathBuf,
    },
    /// Kubernetes' own schemas, from the Python package that carries them, as kubeconform reads them
    #[command(hide = true)]
    Schemas {
        /// A folder of the package.
        from: PathBuf,
        /// Where to write.
        to: PathBuf,
    },
}

/// The facts.
#[derive(Debug, Args)]
pub(crate) struct ValuesArgs {
    /// The PostgreSQL server's name or address, as pods reach it.
    #[arg(long, value_name = "HOST", value_parser = host)]
    db_host: String,
    /// Its port [default: 5432].
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    db_port: Option<u16>,
    /// The database's name [default: atelier].
    #[arg(long, value_name = "NAME", value_parser = word)]
    db_name: Option<String>,
    /// The Secret with the authority that signed the server's certificate (key ca.crt), if it is no well-known one.
    #[arg(long, value_name = "SECRET", value_parser = object_name)]
    db_ca_secret: Option<String>,
    /// A login each for migrator, order-status and orders, named by their roles: OWNER,WRITER,READER. Their Secrets are
    /// atelier-database-migrator, -writer and -reader. Without it, one login does everything (Secret atelier-database).
    #[arg(long, value_name = "ROLES", value_delimiter = ',', num_args = 1, value_parser = word)]
    db_roles: Option<Vec<String>>,
    /// The catalog's base address, as pods reach it; usually it ends in /catalog.
    #[arg(long, value_name = "URL", value_parser = catalog_url)]
    catalog_url: String,
    /// The key set of whoever signs tokens. Without it, tokens are signed with a shared secret (Secret atelier-auth).
    #[arg(long, value_name = "URL", value_parser = jwks_url, requires = "issuer", requires = "audience")]
    jwks_url: Option<String>,
    /// Who must have issued a token.
    #[arg(long, value_name = "ISS", requires = "jwks_url", value_parser = word)]
    issuer: Option<String>,
    /// Whom a token must be meant for.
    #[arg(long, value_name = "AUD", requires = "jwks_url", value_parser = word)]
    audience: Option<String>,
    /// Registry and path of the images [default: the chart's].
    #[arg(long, value_name = "REGISTRY", value_parser = place)]
    image_registry: Option<String>,
    /// The file that `cargo xtask image` wrote: each image by its digest, or by its tag where it was not pushed.
    #[arg(long, value_name = "FILE", conflicts_with = "image_registry")]
    image_digests: Option<PathBuf>,
}

/// Why there are no values.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ValuesError {
    /// `--db-roles` is not three names.
    #[error(
        "--db-roles must be three different names, as in --db-roles atelier_owner,atelier_writer,atelier_reader"
    )]
    Roles,
    /// The digests cannot be used.
    #[error(transparent)]
    Digests(#[from] DigestsError),
    /// The values cannot be written.
    #[error("the values cannot be written as YAML")]
    Yaml(#[source] serde_saphyr::ser::Error),
}

impl ValuesArgs {
    /// The values that these facts make.
    pub(crate) fn values(&self) -> Result<Values, ValuesError> {
        let digests = self.image_digests.as_deref().map(Digests::read).transpose()?.unwrap_or_default();
        let component = |program: &str| digests.of(program).map(|image| Component { image });
        let registry = self.image_registry.clone().or_else(|| digests.registry().map(str::to_owned));
        Ok(Values {
            image: registry.map(|registry| Image { registry }),
            database: self.database()?,
            catalog: Catalog { url: self.catalog_url.clone() },
            auth: self.auth(),
            migrations: component("migrator"),
            order_status: component("order-status"),
            orders: component("orders"),
        })
    }

    fn database(&self) -> Result<Database, ValuesError> {
        let (existing_secret, auth, roles) = match self.db_roles.as_deref() {
            None => (Some("atelier-database".to_owned()), None, None),
            Some([owner, writer, reader])
                if owner != writer
                    && writer != reader
                    && owner != reader
                    && [owner, writer, reader].iter().all(|name| !name.is_empty()) =>
            {
                let login = |name: &str| Login { existing_secret: format!("atelier-database-{name}") };
                let auth = DatabaseAuth {
                    migrator: login("migrator"),
                    writer: login("writer"),
                    reader: login("reader"),
                };
                let roles = Roles { owner: owner.clone(), writer: writer.clone(), reader: reader.clone() };
                (None, Some(auth), Some(roles))
            }
            Some(_) => return Err(ValuesError::Roles),
        };
        Ok(Database {
            host: self.db_host.clone(),
            port: self.db_port,
            name: self.db_name.clone(),
            tls: self.db_ca_secret.clone().map(|ca_secret| Tls { ca_secret }),
            existing_secret,
            auth,
            roles,
        })
    }

    fn auth(&self) -> Auth {
        let rules = |issuer: &String, audience: &String| TokenRules {
            issuer: issuer.clone(),
            audience: audience.clone(),
        };
        let hs256 = || Hs256 { existing_secret: "atelier-auth".to_owned(), key: "jwt-hs256".to_owned() };
        Auth {
            mode: AuthMode::Token,
            token: self.issuer.as_ref().zip(self.audience.as_ref()).map(|(iss, aud)| rules(iss, aud)),
            jwks: self.jwks_url.clone().map(|url| Jwks { url }),
            hs256: self.jwks_url.is_none().then(hs256),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says by panicking that something is not as it should be")]

    use clap::CommandFactory;

    use super::*;

    #[test]
    fn what_is_written_of_it_is_what_it_understands() {
        let program = Cli::command();
        manual::check(program.find_subcommand("values").expect("the word"), "cargo xtask values");
    }

    const FACTS: [&str; 6] = [
        "chart",
        "values",
        "--db-host",
        "postgres.shop.svc",
        "--catalog-url=https://c.example.com/catalog",
        "",
    ];

    fn yaml(more: &[&str]) -> String {
        let words = FACTS[..5].iter().chain(more).copied();
        let Cli::Values(args) = Cli::try_parse_from(words).unwrap() else { panic!("values") };
        serde_saphyr::to_string(&args.values().unwrap()).unwrap()
    }

    fn refusal(words: &[&str]) -> String {
        Cli::try_parse_from(words).unwrap_err().to_string()
    }

    #[test]
    fn two_facts_are_enough_and_name_the_secrets() {
        let yaml = yaml(&[]);
        let expected = "\
database:
  host: postgres.shop.svc
  existingSecret: atelier-database
catalog:
  url: https://c.example.com/catalog
auth:
  mode: token
  hs256:
    existingSecret: atelier-auth
    key: jwt-hs256
";
        assert_eq!(yaml, expected);
    }

    #[test]
    fn a_key_set_takes_issuer_and_audience_along_and_no_shared_secret() {
        let jwks = "--jwks-url=https://login.example.com/keys";
        let yaml = yaml(&[jwks, "--issuer=https://login.example.com", "--audience=atelier"]);
        assert!(yaml.contains("issuer: https://login.example.com\n    audience: atelier\n"), "{yaml}");
        assert!(!yaml.contains("hs256"), "{yaml}");
        assert!(refusal(&[&FACTS[..5], &[jwks]].concat()).contains("--issuer"));
    }

    #[test]
    fn a_login_each_names_three_secrets_and_three_roles() {
        let yaml = yaml(&["--db-roles=o,w,r", "--db-ca-secret=ca"]);
        for line in ["existingSecret: atelier-database-reader", "owner: o", "caSecret: ca"] {
            assert!(yaml.contains(line), "{line}: {yaml}");
        }
        for roles in ["o,w", "o,w,w"] {
            let words = [&FACTS[..5], &["--db-roles", roles]].concat();
            let Cli::Values(args) = Cli::try_parse_from(words).unwrap() else { panic!("values") };
            assert!(matches!(args.values(), Err(ValuesError::Roles)), "{roles}");
        }
        assert!(refusal(&[&FACTS[..5], &["--db-roles=o,,r"]].concat()).contains("must not be empty"));
    }

    #[test]
    fn a_fact_that_cannot_be_one_is_refused_in_a_sentence() {
        let catalog = FACTS[4];
        for host in ["postgres://h", "h:5432", "user@h", "h/db", ""] {
            let said = refusal(&["chart", "values", "--db-host", host, catalog]);
            assert!(said.contains("host"), "{host}: {said}");
        }
        for url in ["catalog.example.com", "ftp://c", "https://c/?q=1", "https://a:b@c/"] {
            let said = refusal(&["chart", "values", "--db-host=h", "--catalog-url", url]);
            assert!(said.contains("http or https"), "{url}: {said}");
        }
        let plain = ["--jwks-url=http://i/keys", "--issuer=i", "--audience=a"];
        assert!(refusal(&[&FACTS[..5], &plain].concat()).contains("https"));
        assert!(refusal(&["chart", "values", "--db-host=h"]).contains("--catalog-url"));
    }
}
