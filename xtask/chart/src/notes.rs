//! What is left to do before the values can be installed: which Secrets to make, and how.

use std::fmt::Write;
use std::net::IpAddr;

use url::Url;

use crate::values::Values;

/// For standard error; the values themselves are on standard output.
pub(crate) fn what_is_left(values: &Values) -> String {
    let mut text = String::new();
    let catalog = Url::parse(&values.catalog.url).ok();
    let catalog = catalog.as_ref().and_then(Url::host_str).unwrap_or_default();
    for (flag, host) in [("--db-host", values.database.host.as_str()), ("--catalog-url", catalog)] {
        if is_the_pod_itself(host) {
            let _ = writeln!(
                text,
                "\nLook again at {flag}: to a pod, {host} is the pod itself and not this machine."
            );
        }
    }
    text.push_str("\nBefore you install, in the release's namespace:\n");
    let mut line = |words: &str| writeln!(text, "  {words}").is_ok();
    let mut login = |secret: &str, user: &str| {
        line(&format!(
            "kubectl create secret generic {secret} --type=kubernetes.io/basic-auth \\\n      \
             --from-literal=username={user} --from-literal=password=…"
        ));
    };
    let database = &values.database;
    if let Some(secret) = &database.existing_secret {
        login(secret, "…");
    }
    if let (Some(auth), Some(roles)) = (&database.auth, &database.roles) {
        login(&auth.migrator.existing_secret, &roles.owner);
        login(&auth.writer.existing_secret, &roles.writer);
        login(&auth.reader.existing_secret, &roles.reader);
    }
    if let Some(tls) = &database.tls {
        line(&format!("kubectl create secret generic {} --from-file=ca.crt=…", tls.ca_secret));
    }
    if let Some(hs256) = &values.auth.hs256 {
        let (secret, key) = (&hs256.existing_secret, &hs256.key);
        line(&format!(
            "kubectl create secret generic {secret} --from-literal={key}=\"$(openssl rand -base64 48)\""
        ));
    }
    if let Some(roles) = &database.roles {
        line(&format!(
            "The logins {}, {} and {} are made by whoever may: `migrator roles --print-sql` writes the script.",
            roles.owner, roles.writer, roles.reader
        ));
    }
    text.push_str("\nThen:\n");
    text.push_str(
        "  helm upgrade --install atelier charts/atelier -f values.yaml --wait --wait-for-jobs --timeout 12m\n",
    );
    text
}

/// A sidecar may listen there, so it is no mistake for certain.
fn is_the_pod_itself(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback() || address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_leads_a_pod_to_itself_is_known() {
        for host in ["localhost", "127.0.0.1", "127.0.1.1", "::1", "[::1]", "0.0.0.0"] {
            assert!(is_the_pod_itself(host), "{host}");
        }
        for host in ["db.example.com", "localhost.example.com", "10.0.0.1", ""] {
            assert!(!is_the_pod_itself(host), "{host}");
        }
    }
}
