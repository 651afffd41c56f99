//! The Secrets fit each other and the chart, and no two sets of them are alike.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dev_secrets::manifests;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use serde_json::Value;

/// The manifests by name.
fn made(namespace: &str) -> BTreeMap<String, Value> {
    let all = manifests(namespace).expect("the Secrets");
    let name = |secret: &Value| secret["metadata"]["name"].as_str().expect("a name").to_owned();
    all.into_iter().map(|secret| (name(&secret), secret)).collect()
}

fn data<'a>(secrets: &'a BTreeMap<String, Value>, name: &str, key: &str) -> &'a str {
    secrets[name]["stringData"][key].as_str().expect(key)
}

#[test]
fn every_secret_that_the_chart_and_the_database_mount_is_there() {
    let secrets = made("shop");
    for (name, kind, keys) in [
        ("atelier-auth", "Opaque", &["jwt-hs256"][..]),
        ("atelier-database-ca", "Opaque", &["ca.crt"]),
        ("atelier-database-migrator", "kubernetes.io/basic-auth", &["username", "password"]),
        ("atelier-database-reader", "kubernetes.io/basic-auth", &["username", "password"]),
        ("atelier-database-writer", "kubernetes.io/basic-auth", &["username", "password"]),
        ("postgres-roles", "Opaque", &["roles.sql"]),
        ("postgres-superuser", "kubernetes.io/basic-auth", &["username", "password"]),
        ("postgres-tls", "kubernetes.io/tls", &["tls.crt", "tls.key"]),
    ] {
        assert_eq!(secrets[name]["type"], kind, "{name}");
        assert_eq!(secrets[name]["metadata"]["namespace"], "shop", "{name}");
        for key in keys {
            assert!(!data(&secrets, name, key).is_empty(), "{name} {key}");
        }
    }
    assert_eq!(secrets.len(), 8);
}

#[test]
fn every_secret_that_the_manifests_name_is_made() {
    let text = include_str!("../../../k8s/dev/postgres.yaml");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mounted = lines.iter().filter_map(|line| line.strip_prefix("secretName: "));
    let read = lines.windows(2).filter(|pair| pair[0] == "secretKeyRef:");
    let names: Vec<&str> = mounted.chain(read.filter_map(|pair| pair[1].strip_prefix("name: "))).collect();
    assert_eq!(names, ["postgres-roles", "postgres-tls", "postgres-superuser", "postgres-superuser"]);
    let secrets = made("shop");
    for name in names {
        assert!(secrets.contains_key(name), "{name}");
    }
}

#[test]
fn the_certificate_is_good_for_the_database_of_its_namespace_and_no_other() {
    let secrets = made("shop");
    let pem = |name: &str, key: &str| {
        CertificateDer::from_pem_slice(data(&secrets, name, key).as_bytes()).expect("a certificate")
    };
    let mut roots = RootCertStore::empty();
    roots.add(pem("atelier-database-ca", "ca.crt")).expect("an authority");
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()))
        .build()
        .expect("a verifier");
    let certificate = pem("postgres-tls", "tls.crt");
    let now = UnixTime::since_unix_epoch(Duration::from_hours(500_000));
    let verdict = |name: &str| {
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        verifier.verify_server_cert(&certificate, &[], &name, &[], now).map(drop)
    };
    for name in ["postgres.shop.svc", "postgres.shop.svc.cluster.local", "localhost"] {
        verdict(name).expect(name);
    }
    for name in ["postgres.other.svc", "postgres", "catalog.shop.svc"] {
        verdict(name).expect_err(name);
    }
    let key = data(&secrets, "postgres-tls", "tls.key");
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    let signing = default_provider().key_provider.load_private_key(key).expect("a key that signs");
    rustls::sign::CertifiedKey::new(vec![certificate.clone()], signing).keys_match().expect("its key");
}

#[test]
fn each_login_has_the_password_that_the_script_sets() {
    let secrets = made("shop");
    let script = data(&secrets, "postgres-roles", "roles.sql");
    for name in ["atelier-database-migrator", "atelier-database-writer", "atelier-database-reader"] {
        let (user, password) = (data(&secrets, name, "username"), data(&secrets, name, "password"));
        assert!(script.contains(&format!("CREATE ROLE \"{user}\" LOGIN")), "{user}");
        assert!(script.contains(&format!("ALTER ROLE {user} PASSWORD '{password}';")), "{user}");
    }
}

#[test]
fn no_two_secrets_are_alike() {
    let (one, other) = (made("shop"), made("shop"));
    let mut seen: Vec<&str> = Vec::new();
    for secrets in [&one, &other] {
        for (name, key) in [
            ("atelier-auth", "jwt-hs256"),
            ("atelier-database-ca", "ca.crt"),
            ("atelier-database-migrator", "password"),
            ("atelier-database-reader", "password"),
            ("atelier-database-writer", "password"),
            ("postgres-superuser", "password"),
            ("postgres-tls", "tls.key"),
        ] {
            let secret = data(secrets, name, key);
            assert!(secret.len() >= 64 && !seen.contains(&secret), "{name} {key}");
            seen.push(secret);
        }
    }
}

#[test]
fn a_namespace_that_is_no_name_is_refused() {
    manifests("schöner laden").expect_err("no DNS name");
}
