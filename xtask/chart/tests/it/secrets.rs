//! Contents of Secrets are in Secrets and nowhere else.

use chart::render::Rendering;
use serde_json::json;

use crate::{matrix, name, objects, pod_template, refusal, text};

const CONTENT: &str = "a-content-that-nothing-else-has";

#[test]
#[ignore = "needs helm"]
fn the_content_of_a_secret_in_the_values_is_in_that_secret_alone() {
    let rendering = Rendering::of("minimal")
        .set("inlineSecrets.secrets.atelier-auth.jwt-hs256", &json!(CONTENT))
        .set("inlineSecrets.allowed", &json!(true));
    let objects = objects(&rendering);
    let with: Vec<String> =
        objects.iter().filter(|object| object.to_string().contains(CONTENT)).map(name).collect();
    assert_eq!(with, ["Secret atelier-auth"]);
}

#[test]
#[ignore = "needs helm"]
fn a_secret_in_the_values_is_refused_unless_it_is_meant() {
    let said = refusal(
        &Rendering::of("minimal").set("inlineSecrets.secrets.atelier-auth.jwt-hs256", &json!(CONTENT)),
    );
    assert!(said.contains("inlineSecrets.allowed") && !said.contains(CONTENT), "{said}");
}

#[test]
#[ignore = "needs helm"]
fn a_secret_among_the_keys_of_a_service_is_refused() {
    for path in ["database.url", "database.password", "auth.hs256.secrets", "audit.key"] {
        let said = refusal(&Rendering::of("minimal").set(&format!("orders.config.{path}"), &json!(CONTENT)));
        assert!(said.contains(&format!("orders.config.{path} would put a secret")), "{path}: {said}");
        assert!(!said.contains(CONTENT), "{said}");
    }
}

#[test]
#[ignore = "needs helm"]
fn whoever_installs_is_told_every_secret_that_pods_mount() {
    for (file, objects) in matrix() {
        let notes = Rendering::of(&file).notes().expect("notes");
        let pods = objects.iter().filter(|object| text(object, "/kind") != "Pod").filter_map(pod_template);
        let volumes = pods.flat_map(|pod| pod["spec"]["volumes"].as_array().into_iter().flatten());
        let mounted = volumes.filter_map(|volume| volume.pointer("/secret/secretName")?.as_str());
        for secret in mounted {
            assert!(notes.contains(&format!("Secret {secret} with ")), "{file}: {secret}: {notes}");
        }
    }
}

#[test]
#[ignore = "needs helm"]
fn a_secret_from_a_store_is_named_as_pods_mount_it() {
    let objects = objects(&Rendering::of("external-secrets"));
    let made: Vec<&str> = objects
        .iter()
        .filter(|object| text(object, "/kind") == "ExternalSecret")
        .map(|object| text(object, "/spec/target/name"))
        .collect();
    assert_eq!(made, ["atelier-auth", "atelier-catalog", "atelier-database"]);
    let mounted = objects.iter().map(ToString::to_string).collect::<String>();
    for name in made {
        assert!(mounted.contains(&format!("\"secretName\":\"{name}\"")), "{name}");
    }
}
