//! Who is calling: asked of a verifier, told to the services, and never taken from the caller.

use reqwest::Method;
use serde_json::json;

use crate::client::{Answer, raw};
use crate::double::Double;
use crate::nginx::{GATEWAY_SECRET, Nginx, Site, free_address};
use crate::system::{System, operator, order, token};
use crate::{ORIGIN, PATIENCE};

/// Everything by which somebody could claim to be somebody else, in every spelling and more than once.
const CLAIMS: &str = "X-User-Id: root\r\nX-User-Id: root2\r\nx-user-id: root3\r\nX_User_Id: root\r\nX-User_Id: root\r\n\
    X-Username: root\r\nX-USERNAME: root\r\nX_Username: root\r\nX-Roles: operator\r\nX-Roles: operator\r\nX_Roles: operator\r\n\
    X-Gateway-Secret: guess\r\nX-Gateway-Secret: guess2\r\nX_Gateway_Secret: guess\r\nX-Forwarded-For: 192.0.2.1\r\n\
    X-Real-IP: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n";

#[tokio::test]
#[ignore = "needs nginx"]
async fn what_a_caller_claims_reaches_neither_the_service_nor_the_verifier() {
    let (verifier, service) = (Double::verifier().await, Double::start(200, &[]).await);
    let nginx = Nginx::start(&Site::before(service.address).verified_by(verifier.address)).await;
    let request = format!(
        "PUT /orders/7/update?x=1 HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nAuthorization: Bearer proof\r\n\
         Cookie: session=1\r\nX-Request-Id: an-id\r\nIf-Match: \"3\"\r\nContent-Length: 2\r\n{CLAIMS}\r\n{{}}"
    );
    let answer = raw(nginx.address, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");

    let told = service.one();
    for (name, value) in [
        ("x-user-id", "ada"),
        ("x-username", "ada.l"),
        ("x-gateway-secret", GATEWAY_SECRET),
        ("x-request-id", "an-id"),
        ("if-match", "\"3\""),
        ("host", "a.example"),
    ] {
        assert_eq!(told.all(name), [value], "{told:?}");
    }
    let names =
        ["content-length", "host", "if-match", "x-gateway-secret", "x-request-id", "x-user-id", "x-username"];
    assert_eq!(told.names(), names, "{told:?}");
    assert_eq!(
        (told.method.as_str(), told.path.as_str(), told.body_bytes),
        ("PUT", "/orders/7/update?x=1", 2)
    );

    let asked = verifier.one();
    let names = ["authorization", "cookie", "host", "x-original-method", "x-original-uri", "x-request-id"];
    assert_eq!(asked.names(), names, "{asked:?}");
    assert_eq!((asked.method.as_str(), asked.path.as_str(), asked.body_bytes), ("GET", "/auth/verify", 0));
    assert_eq!(asked.all("authorization"), ["Bearer proof"]);
    assert_eq!(asked.all("x-original-method"), ["PUT"]);
    assert_eq!(asked.all("x-original-uri"), ["/orders/7/update?x=1"]);
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn every_location_tells_the_service_who_it_is() {
    let (verifier, service) = (Double::verifier().await, Double::start(200, &[]).await);
    let nginx = Nginx::start(&Site::before(service.address).verified_by(verifier.address)).await;
    let paths = [
        "/orders",
        "/orders/",
        "/orders/7",
        "/orders/7/status",
        "/orders/user",
        "/orders/user/",
        "/orders/user/ada",
        "/orders/created_by",
        "/orders/created_by/maren",
    ];
    for path in paths {
        let request = nginx
            .client()
            .request(Method::GET, path)
            .header("x-user-id", "root")
            .header("x-roles", "operator");
        assert_eq!(Answer::of(request).await.status, 200, "{path}");
    }
    let arrived = service.arrived();
    assert_eq!(arrived.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(), paths);
    for told in arrived {
        assert_eq!((told.all("x-user-id"), told.all("x-roles")), (vec!["ada"], vec![]), "{told:?}");
        assert_eq!(told.all("x-gateway-secret"), [GATEWAY_SECRET], "{told:?}");
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn the_services_answer_each_as_who_they_are_whatever_they_claim() {
    let (system, nginx) = System::with_edge().await;
    let client = nginx.client();
    let id = order(&client).await;
    let path = format!("/orders/{id}");
    for (name, status) in [("ada", 200), ("maren", 200), ("stranger", 404)] {
        assert_eq!(client.get(&path, &token(name)).await.status, status, "{name}");
    }
    assert_eq!(client.get(&path, &operator()).await.status, 200);

    let claiming = |token: Option<String>| {
        let lines = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}{CLAIMS}\r\n")
    };
    let stranger = raw(nginx.address, claiming(Some(token("stranger"))).as_bytes()).await;
    assert!(stranger.starts_with("HTTP/1.1 404 "), "{stranger}");
    let nobody = raw(nginx.address, claiming(None).as_bytes()).await;
    assert!(nobody.starts_with("HTTP/1.1 401 "), "{nobody}");
    // Who is known is answered as themself and not refused for what they claim beside it.
    let own = raw(nginx.address, claiming(Some(token("ada"))).as_bytes()).await;
    assert!(own.starts_with("HTTP/1.1 200 "), "{own}");

    let moved = json!({ "state_type": "requested", "new_value": true }).to_string();
    let moved = client
        .send(Method::PUT, &format!("{path}/update"), &token("ada"), &moved)
        .header("if-match", "\"1\"");
    let moved = Answer::of(moved).await;
    assert_eq!((moved.status, moved.header("etag")), (200, Some("\"2\"")), "{moved:?}");
    let list = client.get("/orders/user/ada?status=all", &token("ada")).await;
    assert_eq!((list.status, &list.json()["orders"][0]["order_id"]), (200, &json!(id)), "{list:?}");
    drop(system);
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn who_shows_nothing_or_nothing_good_is_refused_with_the_verifier_s_challenge() {
    let (_system, nginx) = System::with_edge().await;
    let client = nginx.client();
    for authorization in [None, Some("Bearer nonsense"), Some("Basic YTpi"), Some("")] {
        for path in ["/orders/7", "/orders/user/ada"] {
            let mut request = client.request(Method::GET, path).header("origin", ORIGIN);
            if let Some(value) = authorization {
                request = request.header("authorization", value);
            }
            let answer = Answer::of(request).await;
            answer.refused(401, "unauthenticated");
            assert_eq!(
                answer.header("www-authenticate"),
                Some(r#"Bearer error="invalid_token""#),
                "{answer:?}"
            );
        }
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_verifier_of_one_s_own_is_believed_in_what_it_says_and_in_nothing_else() {
    let service = Double::start(200, &[]).await;
    let asked = async |status, headers: &[(&'static str, &'static str)]| {
        let verifier = Double::start(status, headers).await;
        let nginx = Nginx::start(&Site::before(service.address).verified_by(verifier.address)).await;
        nginx.client().get("/orders/7", "anything").await
    };
    asked(403, &[]).await.refused(403, "not_authorized");
    let plain = asked(401, &[]).await;
    plain.refused(401, "unauthenticated");
    assert_eq!(plain.header("www-authenticate"), Some("Bearer"), "a 401 has a challenge: {plain:?}");
    let own = asked(401, &[("www-authenticate", "Negotiate")]).await;
    assert_eq!(own.header("www-authenticate"), Some("Negotiate"), "{own:?}");
    // Neither yes nor no: a verifier that does not know is one that cannot be asked.
    for status in [302, 400, 404, 429, 500, 502, 503] {
        asked(status, &[("x-user-id", "root"), ("location", "/login")])
            .await
            .refused(503, "identity_unavailable");
    }
    assert!(service.arrived().is_empty(), "{:?}", service.arrived());

    // Yes, but as nobody: what the service then makes of it is its own refusal.
    assert_eq!(asked(204, &[]).await.status, 200);
    assert!(service.one().all("x-user-id").is_empty(), "{:?}", service.one());
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn without_an_answer_of_the_verifier_nobody_passes() {
    let service = Double::start(200, &[]).await;
    let away = Nginx::start(&Site::before(service.address).verified_by(free_address())).await;
    away.client().get("/orders/7", "anything").await.refused(503, "identity_unavailable");
    // It takes connections, and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let verifier = silent.local_addr().expect("an address");
    let mute = Nginx::start(&Site::before(service.address).verified_by(verifier)).await;
    let asked =
        tokio::time::timeout(PATIENCE / 3, async { mute.client().get("/orders/7", "anything").await });
    asked.await.expect("soon").refused(503, "identity_unavailable");
    assert!(service.arrived().is_empty(), "{:?}", service.arrived());
}
