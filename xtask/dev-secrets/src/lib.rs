//! The Secrets that a development cluster needs beside `k8s/dev` and the chart, as manifests.
//!
//! Everything secret in them is made here, at random, and is written nowhere else; so nothing of it can be in the
//! repository, and who makes them again gets others.

mod certificate;

use migrator::migrate::Roles;
use migrator::migrate::roles::RolesError;
use serde_json::{Value, json};

/// The database that the logins are for.
pub const DATABASE: &str = "atelier";

/// Why there are no Secrets.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The certificate of PostgreSQL could not be made; a namespace that is no DNS name is one reason.
    #[error("the certificate of PostgreSQL could not be made")]
    Certificate(#[source] rcgen::Error),
    /// The logins cannot be these.
    #[error("the logins cannot be made")]
    Roles(#[source] RolesError),
}

/// The manifests, for this namespace only: PostgreSQL's certificate carries its name.
pub fn manifests(namespace: &str) -> Result<Vec<Value>, SecretsError> {
    let certified = certificate::make(namespace).map_err(SecretsError::Certificate)?;
    let (owner, writer, reader) = (login("atelier_owner"), login("atelier_writer"), login("atelier_reader"));
    let roles = Roles::new(&owner.0, &writer.0, &reader.0).map_err(SecretsError::Roles)?;
    let mut script = roles.script(DATABASE);
    for (user, password) in [&owner, &writer, &reader] {
        // Hexadecimal digits and plain names, which need no quoting.
        script.extend(["\nALTER ROLE ", user, " PASSWORD '", password, "';"]);
    }
    let secret = |name: &str, kind: &str, data: Value| {
        let metadata = json!({ "name": name, "namespace": namespace });
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "stringData": data })
    };
    let basic_auth = |name: &str, (user, password): &(String, String)| {
        secret(name, "kubernetes.io/basic-auth", json!({ "username": user, "password": password }))
    };
    let tls = json!({ "tls.crt": certified.certificate, "tls.key": certified.key });
    Ok(vec![
        secret("postgres-tls", "kubernetes.io/tls", tls),
        basic_auth("postgres-superuser", &login("postgres")),
        secret("postgres-roles", "Opaque", json!({ "roles.sql": script })),
        secret("atelier-database-ca", "Opaque", json!({ "ca.crt": certified.authority })),
        basic_auth("atelier-database-migrator", &owner),
        basic_auth("atelier-database-writer", &writer),
        basic_auth("atelier-database-reader", &reader),
        secret("atelier-auth", "Opaque", json!({ "jwt-hs256": random() })),
    ])
}

/// A user and a password for it.
fn login(user: &str) -> (String, String) {
    (user.to_owned(), random())
}

/// 32 random bytes as 64 hexadecimal digits.
fn random() -> String {
    let [high, low]: [u128; 2] = rand::random();
    format!("{high:032x}{low:032x}")
}
