//! Every pod holds no right that it does not need, runs an image that is named exactly, and has bounds.

use serde_json::{Value, json};

use crate::{matrix, name, pod_template};

/// Every container of every pod, with the pod's spec and a name for failures.
fn containers(objects: &[Value]) -> Vec<(String, &Value, &Value)> {
    let mut all = Vec::new();
    for object in objects {
        let Some(spec) = pod_template(object).map(|template| &template["spec"]) else { continue };
        for list in ["initContainers", "containers"] {
            for container in spec[list].as_array().into_iter().flatten() {
                all.push((name(object), spec, container));
            }
        }
    }
    all
}

#[test]
#[ignore = "needs helm"]
fn every_pod_passes_pod_security_restricted_and_has_no_token() {
    for (file, objects) in matrix() {
        let containers = containers(&objects);
        assert!(containers.len() >= 2, "{file}");
        for (name, spec, container) in containers {
            let at = format!("{file}: {name}");
            assert_eq!(spec["automountServiceAccountToken"], json!(false), "{at}");
            assert_eq!(spec["enableServiceLinks"], json!(false), "{at}");
            assert_eq!(spec["securityContext"]["runAsNonRoot"], json!(true), "{at}");
            assert_eq!(spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{at}");
            assert!(spec["securityContext"]["runAsUser"].is_null(), "{at}: the image's own user");
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], json!(false), "{at}");
            assert_eq!(context["readOnlyRootFilesystem"], json!(true), "{at}");
            assert_eq!(context["capabilities"]["drop"], json!(["ALL"]), "{at}");
            assert!(container["resources"]["limits"]["memory"].is_string(), "{at}");
            assert!(container["resources"]["requests"]["cpu"].is_string(), "{at}");
        }
    }
}

#[test]
#[ignore = "needs helm"]
fn every_image_is_named_by_a_digest_or_by_a_tag_that_is_not_latest() {
    for (file, objects) in matrix() {
        for (name, _, container) in containers(&objects) {
            let image = container["image"].as_str().unwrap_or_default();
            let tag =
                image.rsplit_once('/').and_then(|(_, last)| last.split_once([':', '@'])).map(|(_, tag)| tag);
            assert!(tag.is_some_and(|tag| !tag.is_empty() && tag != "latest"), "{file}: {name}: {image}");
        }
    }
}

#[test]
#[ignore = "needs helm"]
fn secrets_are_mounted_as_folders_and_never_in_the_environment() {
    for (file, objects) in matrix() {
        for (name, _, container) in containers(&objects) {
            for mount in container["volumeMounts"].as_array().into_iter().flatten() {
                assert!(
                    mount["subPath"].is_null(),
                    "{file}: {name}: what changes would not arrive in {mount}"
                );
            }
            for variable in container["env"].as_array().into_iter().flatten() {
                assert!(variable["valueFrom"].is_null(), "{file}: {name}: {variable}");
            }
            assert!(container["envFrom"].is_null(), "{file}: {name}");
        }
    }
}

#[test]
#[ignore = "needs helm"]
fn nobody_is_given_a_right_in_the_cluster() {
    for (file, objects) in matrix() {
        for object in &objects {
            assert!(!name(object).contains("Role"), "{file}: {}", name(object));
        }
    }
}
