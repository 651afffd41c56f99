//! What `POST /orders` refuses: with which status, which code and which sentence.

use reqwest::Method;
use serde_json::{Value, json};

use crate::orders::NO_ID;
use crate::support::raw::Raw;
use crate::support::{Answer, App, BUYER, MAKER};

/// Creates an order with `field` as it stands here, all else being right.
async fn create(app: &App, field: &str, value: &str) -> Answer {
    let mut fields = vec![("requester_id", r#""buyer-7""#), ("created_by", r#""maker-3""#)];
    fields.retain(|&(name, _)| name != field);
    fields.push((field, value));
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    app.send(Method::POST, "/orders", format!("{{{}}}", fields.join(","))).await
}

async fn refuses_each(app: &App, field: &str, values: &[&str], message: &str) {
    for value in values {
        create(app, field, value).await.wrong_field(field, message);
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_400() {
    let app = App::start().await;
    let empty = app.send(Method::POST, "/orders", "").await;
    empty.refused(400, "malformed_body", "The body is empty; send a JSON object");
    let none = Answer::of(app.request(Method::POST, "/orders")).await;
    none.refused(400, "malformed_body", "The body is empty; send a JSON object");
    for body in
        ["{", "order", "{\"a\":1} x", "{'a':1}", "{\"a\":}", "{\"cost_final\":NaN}", "\u{feff}{}", "\0"]
    {
        let answer = app.send(Method::POST, "/orders", body).await;
        let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (400, &json!("malformed_body")),
            "{body}: {answer:?}"
        );
        assert!(detail.starts_with("The body is not JSON: "), "{body}: {detail}");
    }
    let not_utf8 = app.send(Method::POST, "/orders", b"{\"requester_id\":\"\xff\xfe\"}".to_vec()).await;
    assert_eq!(not_utf8.status, 400, "{not_utf8:?}");
    app.finish().await;
}

#[tokio::test]
async fn json_that_is_no_object_is_422() {
    let app = App::start().await;
    for body in ["[]", "[{\"requester_id\":\"a\"}]", "7", "\"text\"", "true", "null"] {
        let answer = app.send(Method::POST, "/orders", body).await;
        answer.refused(422, "invalid_fields", "The body must be a JSON object");
    }
    app.finish().await;
}

#[tokio::test]
async fn another_media_type_is_415_whatever_the_body() {
    let app = App::start().await;
    let body = json!({"requester_id": BUYER, "created_by": MAKER}).to_string();
    for media_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "text/json+json"]
    {
        let request =
            app.request(Method::POST, "/orders").header("content-type", media_type).body(body.clone());
        let answer = Answer::of(request).await;
        answer.refused(415, "unsupported_media_type", "Send the body as application/json");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_body_over_64_kib_is_413_and_its_sender_reads_the_answer() {
    let app = App::start().await;
    let body = |bytes: usize| {
        let frame = json!({"requester_id": BUYER, "created_by": MAKER, "note": ""}).to_string().len();
        json!({"requester_id": BUYER, "created_by": MAKER, "note": "x".repeat(bytes - frame)}).to_string()
    };
    assert_eq!(app.send(Method::POST, "/orders", body(65_536)).await.status, 201);
    for bytes in [65_537, 900_000] {
        let answer = app.send(Method::POST, "/orders", body(bytes)).await;
        answer.refused(413, "body_too_large", "The body must have at most 65536 bytes");
    }
    // A client that sends all of it before it reads: a cut connection could take the answer with it.
    let (mut raw, body) = (Raw::connect(app.address).await, body(900_000));
    raw.send(format!("POST /orders HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
        .await;
    assert_eq!(raw.answer().await.map(|answer| answer.status), Some(413));
    assert!(!raw.is_cut().await);
    app.finish().await;
}

#[tokio::test]
async fn parties_are_required_texts_that_could_be_somebody() {
    let app = App::start().await;
    for field in ["requester_id", "created_by"] {
        refuses_each(&app, field, &["null"], "is required").await;
        refuses_each(&app, field, &["7", "true", "[]", "{}", "[\"a\"]"], "must be a text").await;
        refuses_each(&app, field, &[r#""""#, r#"" ""#, r#""\t""#, "\"\u{a0}\""], "must not be empty").await;
        let blanks = [r#"" a""#, r#""a ""#, "\"a\u{a0}\"", "\"\u{3000}a\""];
        refuses_each(&app, field, &blanks, "must not begin or end with a blank").await;
        let controls = [r#""a\u0000b""#, r#""a\nb""#, r#""\u001b[31m""#, r#""a\u007f""#, r#""a\u0085b""#];
        refuses_each(&app, field, &controls, "must not contain control characters").await;
        for long in ["x".repeat(256), "ß".repeat(256), "x".repeat(60_000)] {
            create(&app, field, &format!("\"{long}\""))
                .await
                .wrong_field(field, "must have at most 255 characters");
        }
        let halves = [r#""\ud800""#, r#""a\udfffb""#];
        let message = "cannot be read: it holds half of a surrogate pair";
        refuses_each(&app, field, &halves, message).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn an_id_that_is_no_integer_of_its_range_is_422() {
    let app = App::start().await;
    let values = [
        "0",
        "-1",
        "1.5",
        "\"7\"",
        "\" 7 \"",
        "true",
        "[7]",
        "2147483648.5",
        "9007199254740992",
        "9007199254740992.0",
        "1e300",
        "-7.0",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999999999999999",
    ];
    refuses_each(&app, "order_id", &values, NO_ID).await;
    app.finish().await;
}

#[tokio::test]
async fn a_model_id_is_24_hexadecimal_digits() {
    let app = App::start().await;
    let values = [
        r#""""#,
        r#""0123456789abcdef0123456""#,
        r#""0123456789abcdef012345678""#,
        r#""0123456789abcdef0123456g""#,
        // What would leave its place in the catalog's address.
        r#""../../../../../../secret""#,
        r#""%2e%2e%2f%2e%2e%2fsecrets""#,
        r#""0123456789abcdef0123/567""#,
        r#""user@elsewhere.example:80""#,
        r#""0123456789abcdef01234\r\n7""#,
        r#""0123456789abcdef0123456\u0000""#,
        r#""0123456789abcdef0123?567""#,
        r#""0123456789abcdef0123#567""#,
        r#""ßßßßßßßßßßßß""#,
    ];
    refuses_each(&app, "model_id", &values, "must be 24 hexadecimal digits").await;
    refuses_each(&app, "model_id", &["7", "{}"], "must be a text").await;
    app.finish().await;
}

#[tokio::test]
async fn a_cost_is_a_number_of_money() {
    let app = App::start().await;
    for field in ["cost_initial", "cost_final"] {
        refuses_each(
            &app,
            field,
            &[r#""12.50""#, r#""NaN""#, r#""Infinity""#, "true", "[]"],
            "must be a number",
        )
        .await;
        let beyond = ["-0.01", "-1", "10000000000", "1e30", "1e300", "18446744073709551616"];
        refuses_each(&app, field, &beyond, "must be from 0 to 9999999999.99").await;
        refuses_each(&app, field, &["0.001", "12.345", "0.305"], "must have at most 2 decimals").await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_cost_beyond_every_float_is_refused_with_a_sentence_about_costs() {
    let app = App::start().await;
    create(&app, "cost_final", "1e999").await.wrong_field("cost_final", "must be from 0 to 9999999999.99");
    app.finish().await;
}

#[tokio::test]
async fn who_is_asking_is_held_to_the_same_rules() {
    let app = App::start().await;
    for field in ["user_id", "username"] {
        refuses_each(&app, field, &["7"], "must be a text").await;
        refuses_each(&app, field, &[r#""""#], "must not be empty").await;
    }
    app.finish().await;
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let app = App::start().await;
    let answer = app
        .post(&json!({
            "order_id": "7", "requester_id": 7, "model_id": "no", "custom_params": [], "cost_initial": "free",
            "cost_final": -1, "user_id": "", "username": " a",
        }))
        .await;
    let problem = answer.refused(422, "invalid_fields", "9 fields are wrong; errors lists each");
    let mut named: Vec<(&str, &str)> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["field"].as_str().unwrap(), error["message"].as_str().unwrap()))
        .collect();
    named.sort_unstable();
    let expected = [
        ("cost_final", "must be from 0 to 9999999999.99"),
        ("cost_initial", "must be a number"),
        ("created_by", "is required"),
        ("custom_params", "must be a JSON object"),
        ("model_id", "must be 24 hexadecimal digits"),
        ("order_id", NO_ID),
        ("requester_id", "must be a text"),
        ("user_id", "must not be empty"),
        ("username", "must not begin or end with a blank"),
    ];
    assert_eq!(named, expected);
    app.finish().await;
}

#[tokio::test]
async fn an_id_that_is_taken_is_409_and_the_first_order_stays_as_it_was() {
    let app = App::start().await;
    let first = app.post(&json!({"order_id": 7, "requester_id": BUYER, "created_by": MAKER})).await.order();
    for body in [
        json!({"order_id": 7, "requester_id": BUYER, "created_by": MAKER}),
        json!({"order_id": 7, "requester_id": "another", "created_by": "another", "cost_final": 1}),
    ] {
        app.post(&body).await.refused(409, "order_exists", "The order ID already exists");
    }
    assert_eq!(app.get("/orders/7").await.json(), first);
    assert_eq!(app.events(7).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn a_refused_create_leaves_nothing_behind() {
    let app = App::start().await;
    let bodies: [Value; 3] =
        [json!({}), json!({"order_id": 3, "requester_id": BUYER}), json!({"order_id": 3, "created_by": " "})];
    for body in bodies {
        assert_eq!(app.post(&body).await.status, 422);
    }
    app.get("/orders/3").await.refused(404, "order_not_found", "Order not found");
    app.finish().await;
}

#[tokio::test]
async fn a_field_that_is_sent_twice_is_named_instead_of_one_winning() {
    let app = App::start().await;
    let body = r#"{"order_id":1,"order_id":2,"requester_id":"ada","created_by":"max"}"#;
    app.send(Method::POST, "/orders", body).await.wrong_field("order_id", "must be given once");
    app.finish().await;
}
