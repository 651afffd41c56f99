//! The chart's edge, as helm renders it: the same files, with this release's facts in the places of the example's, and NGINX is
//! content with them; routes that lead to it, and values that cannot be.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use testkit::certificate::Authority;
use testkit::file::TestFile;

use crate::repository;

const TEMPLATE: &str = "charts/atelier/templates/edge/_nginx.tpl";

/// Values with which an edge is complete, merged with `more`.
fn values(more: Value) -> Value {
    let mut values = json!({
        "database": { "host": "db.example.com", "existingSecret": "atelier-database" },
        "catalog": { "url": "https://catalog.example.com/catalog" },
        "auth": {
            "mode": "gateway",
            "gateway": { "existingSecret": "atelier-gateway" },
            "verify": { "enabled": true },
            "hs256": { "existingSecret": "atelier-auth" },
        },
        "edge": { "nginx": { "enabled": true } },
    });
    merge(&mut values, more);
    values
}

/// Values of a release without an edge whose services verify tokens.
fn plain(more: Value) -> Value {
    let mut plain = values(
        json!({ "auth": { "mode": "token", "verify": { "enabled": false } }, "edge": { "nginx": { "enabled": false } } }),
    );
    merge(&mut plain, more);
    plain
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

fn helm(values: &Value) -> Output {
    // JSON is YAML too.
    let file = TestFile::new(&values.to_string()).expect("a file");
    let mut command = Command::new("helm");
    command.args(["template", "atelier"]).arg(repository("charts/atelier"));
    command
        .args(["--namespace", "shop", "--kube-version", "1.33.0", "--values", file.path()])
        .output()
        .expect("helm")
}

fn rendered(values: &Value) -> Vec<Value> {
    let output = helm(values);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_saphyr::from_multiple(&String::from_utf8(output.stdout).expect("text")).expect("manifests")
}

fn one<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let found = objects.iter().find(|it| it["kind"] == kind && it["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}

/// What helm says of values that cannot be.
fn refusal(values: &Value) -> String {
    let output = helm(values);
    assert!(!output.status.success(), "{values} can be used");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The files of the rendered edge.
fn files(values: &Value) -> serde_json::Map<String, Value> {
    one(&rendered(values), "ConfigMap", "atelier-edge")["data"].as_object().expect("files").clone()
}

#[test]
fn the_chart_finds_what_it_replaces() {
    let template = std::fs::read_to_string(repository(TEMPLATE)).expect(TEMPLATE);
    let sites: String = ["site.conf", "site.server.conf", "site.verifier.conf"]
        .map(|file| std::fs::read_to_string(repository("k8s/edge").join(file)).expect(file))
        .concat();
    let replaced = template.split("| replace \"").skip(1).filter_map(|rest| {
        let quoted = rest.replace("\\\"", "\u{1}");
        Some(quoted.split_once('"')?.0.replace('\u{1}', "\"").replace("\\n", "\n"))
    });
    let replaced: Vec<String> = replaced.collect();
    assert_eq!(replaced.len(), 12, "{replaced:?}");
    for text in replaced {
        assert!(sites.contains(&text), "{text} is nowhere in k8s/edge/site.*.conf");
    }
}

#[test]
#[ignore = "needs helm and nginx"]
fn nginx_is_content_with_what_the_chart_renders() {
    let own = json!({
        "auth": { "verify": { "enabled": false }, "hs256": { "existingSecret": "" } },
        "edge": {
            "cors": { "origins": ["https://shop.example.com", "http://localhost:3000"], "credentials": true },
            "nginx": {
                "verifier": { "url": "https://login.example.com:8443/check?of=atelier", "caSecret": "login-ca" },
                "trustedHops": ["10.0.0.0/8", "fd00::/8"],
                "rate": { "perSecond": 1_000_000, "burst": 1_000_000 },
            },
        },
    });
    let all = json!({ "edge": { "cors": { "origins": ["*"] } } });
    let plain_http = json!({
        "auth": { "verify": { "enabled": false } },
        "edge": { "nginx": { "verifier": { "url": "http://verifier.login.svc" } } },
    });
    let authority = TestFile::new(Authority::new("login").expect("an authority").pem()).expect("a file");
    for (more, expected) in [
        (json!({}), &["atelier-order-status.shop.svc:9117", "http://verifier/auth/verify", "rate=50r/s"][..]),
        (
            own,
            &[
                "\"http://localhost:3000\" $http_origin;",
                "login.example.com:8443 max_fails=0",
                "https://verifier/check?of=atelier;",
                "Host login.example.com:8443;",
                "proxy_ssl_name login.example.com;",
                "set_real_ip_from fd00::/8;",
                "\nreal_ip_recursive on;",
                "rate=1000000r/s",
                "burst=1000000 ",
                "$cors_credentials {\n    default \"true\";",
            ],
        ),
        (all, &["$cors_origin {\n    default \"*\";", "# real_ip_recursive"]),
        (plain_http, &["verifier.login.svc:80 ", "http://verifier/;", "Host verifier.login.svc;"]),
    ] {
        let files = files(&values(more));
        let text: String = files.values().filter_map(Value::as_str).collect();
        for part in expected {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("127.0.0.1:"), "nothing of the example is left");
        assert_is_content(&files, authority.path());
    }
}

/// Asserts that `nginx -t` is. Names of the cluster are of no use here, nor is a path of the pod.
fn assert_is_content(files: &serde_json::Map<String, Value>, authority: &str) {
    let secret = TestFile::new("proxy_set_header X-Gateway-Secret x;").expect("a file");
    let folder = Path::new(secret.path()).parent().expect("a folder");
    std::fs::rename(secret.path(), folder.join("secret.conf")).expect("renamed");
    for (name, text) in files {
        let text = text.as_str().expect("text");
        let lines = text.lines().map(|line| match line.split_once("server ") {
            Some((before, rest)) if rest.contains("max_fails") => {
                format!("{before}server 127.0.0.1:{}", rest.split_once(':').expect("a port").1)
            }
            _ => line.replace("/etc/atelier/verifier-ca/ca.crt", authority),
        });
        std::fs::write(folder.join(name), lines.collect::<Vec<_>>().join("\n")).expect("written");
    }
    let mut command = Command::new("nginx");
    command.arg("-t").arg("-e").arg("stderr").arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    let output = command.output().expect("nginx");
    assert!(output.status.success(), "{files:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "needs helm"]
fn what_is_no_place_s_own_is_the_same_as_without_a_cluster() {
    for (name, text) in files(&values(json!({}))) {
        if !name.starts_with("site.") {
            let own = std::fs::read_to_string(repository("k8s/edge").join(&name)).expect(&name);
            let lines = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
            assert_eq!(lines(text.as_str().expect("text").trim()), lines(own.trim()), "{name}");
        }
    }
}

#[test]
#[ignore = "needs helm"]
fn pods_of_the_edge_hold_no_right_and_keys_of_tokens_go_to_whom_they_concern() {
    let objects = rendered(&values(json!({})));
    let pod = &one(&objects, "Deployment", "atelier-edge")["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    let confined = json!({
        "runAsUser": 65532, "runAsGroup": 65532, "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
        "capabilities": { "drop": ["ALL"] },
    });
    assert_eq!(pod["containers"][0]["securityContext"], confined);
    let secrets = |name: &str| {
        let volumes = &one(&objects, "Deployment", name)["spec"]["template"]["spec"]["volumes"];
        let volumes = volumes.as_array().expect("volumes").iter();
        let mut names: Vec<String> =
            volumes.filter_map(|it| it["secret"]["secretName"].as_str().map(str::to_owned)).collect();
        names.sort();
        names
    };
    assert_eq!(secrets("atelier-edge"), ["atelier-gateway"]);
    assert_eq!(secrets("atelier-orders"), ["atelier-database", "atelier-gateway"]);
    assert_eq!(secrets("atelier-order-status"), ["atelier-auth", "atelier-database", "atelier-gateway"]);
}

#[test]
#[ignore = "needs helm"]
fn a_route_takes_identity_off_in_every_rule_and_leads_each_path_to_its_service() {
    let route = json!({ "enabled": true, "parentRefs": [{ "name": "shared" }], "filters": [{ "type": "ExtensionRef" }] });
    let objects = rendered(&plain(json!({ "httpRoute": route })));
    let rules = one(&objects, "HTTPRoute", "atelier")["spec"]["rules"].as_array().expect("rules").clone();
    let leads = |rule: &Value| {
        let paths: Vec<&Value> =
            rule["matches"].as_array().expect("matches").iter().map(|it| &it["path"]["value"]).collect();
        json!([paths, rule["backendRefs"][0]["name"], rule["backendRefs"][0]["port"]])
    };
    let to_orders = json!([["/orders/user", "/orders/created_by"], "atelier-orders", 5019]);
    assert_eq!(
        rules.iter().map(leads).collect::<Vec<_>>(),
        [to_orders, json!([["/orders"], "atelier-order-status", 5017])]
    );
    for rule in &rules {
        let types: Vec<&Value> =
            rule["filters"].as_array().expect("filters").iter().map(|it| &it["type"]).collect();
        assert_eq!(types, ["RequestHeaderModifier", "ExtensionRef"]);
        let removed = json!(["X-User-Id", "X-Username", "X-Roles", "X-Gateway-Secret"]);
        assert_eq!(rule["filters"][0]["requestHeaderModifier"]["remove"], removed);
    }

    let cors = json!({ "origins": ["https://shop.example.com"], "credentials": true });
    let with_cors = json!({ "httpRoute": { "enabled": true, "parentRefs": [{ "name": "shared" }], "corsFilter": true }, "edge": { "cors": cors } });
    let objects = rendered(&plain(with_cors));
    let filter = &one(&objects, "HTTPRoute", "atelier")["spec"]["rules"][0]["filters"][1];
    assert_eq!(filter["type"], "CORS");
    assert_eq!(filter["cors"]["allowOrigins"], json!(["https://shop.example.com"]));
    assert_eq!((&filter["cors"]["allowCredentials"], &filter["cors"]["maxAge"]), (&json!(true), &json!(600)));

    // In front of NGINX, everything leads there.
    let route = json!({ "httpRoute": { "enabled": true, "parentRefs": [{ "name": "shared" }] } });
    let objects = rendered(&values(route));
    let rules = one(&objects, "HTTPRoute", "atelier")["spec"]["rules"].as_array().expect("rules").clone();
    assert_eq!(rules.iter().map(leads).collect::<Vec<_>>(), [json!([["/orders"], "atelier-edge", 80])]);
}

#[test]
#[ignore = "needs helm"]
fn an_ingress_has_a_class_hosts_and_tls_and_the_same_paths() {
    let tls = json!([{ "secretName": "shop-tls", "hosts": ["shop.example.com"] }]);
    let ingress =
        json!({ "enabled": true, "className": "traefik", "hosts": ["shop.example.com"], "tls": tls });
    let objects = rendered(&plain(json!({ "ingress": ingress })));
    let spec = &one(&objects, "Ingress", "atelier")["spec"];
    assert_eq!((&spec["ingressClassName"], &spec["tls"]), (&json!("traefik"), &tls));
    let paths = spec["rules"][0]["http"]["paths"].as_array().expect("paths").iter();
    let paths: Vec<Value> = paths.map(|it| json!([it["path"], it["backend"]["service"]["name"]])).collect();
    let expected = json!([
        ["/orders/user", "atelier-orders"],
        ["/orders/created_by", "atelier-orders"],
        ["/orders", "atelier-order-status"],
    ]);
    assert_eq!(json!(paths), expected);
}

#[test]
#[ignore = "needs helm"]
fn what_cannot_be_is_refused_in_a_sentence() {
    let bare = json!({ "auth": { "mode": "gateway" }, "edge": { "nginx": { "enabled": false } } });
    let route = json!({ "httpRoute": { "enabled": true, "parentRefs": [{ "name": "shared" }] } });
    let ingress = json!({ "ingress": { "enabled": true, "hosts": ["shop.example.com"] } });
    let with = |base: &Value, more: &Value| {
        let mut all = base.clone();
        merge(&mut all, more.clone());
        all
    };
    for (more, said) in [
        (with(&bare, &route), "auth.mode gateway behind httpRoute alone"),
        (with(&bare, &ingress), "auth.mode gateway behind ingress alone"),
        (with(&bare, &with(&route, &ingress)), "auth.mode gateway behind httpRoute and ingress alone"),
        (json!({ "auth": { "mode": "token" } }), "auth.mode token does not listen: set auth.mode gateway"),
        (
            json!({ "auth": { "gateway": { "existingSecret": "" } } }),
            "auth.gateway.existingSecret is not set",
        ),
        (
            json!({ "auth": { "verify": { "enabled": false } } }),
            "edge.nginx has nobody to ask who is calling",
        ),
        (json!({ "auth": { "hs256": { "existingSecret": "" } } }), "which needs keys of tokens"),
        (json!({ "auth": { "jwks": { "url": "https://a.example.com" } } }), "are both set: use one of them"),
        (
            json!({ "auth": { "hs256": { "existingSecret": "" }, "jwks": { "url": "https://a.example.com" } } }),
            "auth.token.audience is not set",
        ),
        (
            json!({ "edge": { "nginx": { "verifier": { "url": "https://a.example.com" } } } }),
            "the edge asks one of them",
        ),
        (json!({ "edge": { "nginx": { "verifier": { "caSecret": "a" } } } }), "is no https address"),
        (
            json!({ "edge": { "cors": { "origins": ["*"], "credentials": true } } }),
            "edge.cors.credentials with the origin *",
        ),
        (
            json!({ "edge": { "cors": { "origins": ["*", "https://a.example.com"] } } }),
            "edge.cors.origins has * and others",
        ),
        (with(&route, &json!({ "httpRoute": { "parentRefs": [] } })), "httpRoute.parentRefs is empty"),
        (with(&route, &json!({ "httpRoute": { "corsFilter": true } })), "would both answer for CORS"),
        (with(&ingress, &json!({ "ingress": { "hosts": [] } })), "ingress.hosts is empty"),
        // What could break out of NGINX's configuration.
        (json!({ "edge": { "cors": { "origins": ["https://a.example.com\" 1; }"] } } }), "origins"),
        (json!({ "edge": { "nginx": { "trustedHops": ["10.0.0.0/8; }"] } } }), "trustedHops"),
        (json!({ "edge": { "nginx": { "verifier": { "url": "http://a.example.com/$x" } } } }), "verifier"),
    ] {
        let refused = refusal(&values(more.clone()));
        assert!(refused.contains(said), "{more}: {said} is not in {refused}");
    }
    let no_origin =
        json!({ "httpRoute": { "enabled": true, "parentRefs": [{ "name": "shared" }], "corsFilter": true } });
    assert!(refusal(&plain(no_origin)).contains("edge.cors.origins names no page"));
}
