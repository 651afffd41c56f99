//! `custom_params` of a create: an object, or a text that holds one, within what can be kept.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, BUYER, MAKER};

/// Creates an order with `params`, as they stand here.
async fn create(app: &App, params: &str) -> Answer {
    let body = format!(r#"{{"requester_id":"{BUYER}","created_by":"{MAKER}","custom_params":{params}}}"#);
    app.send(Method::POST, "/orders", body).await
}

#[tokio::test]
async fn a_text_that_holds_an_object_becomes_the_object() {
    let app = App::start().await;
    let order = create(&app, r#""{\"colour\": \"red\", \"n\": [1, {\"a\": null}]}""#).await.order();
    assert_eq!(order["custom_params"], json!({"colour": "red", "n": [1, {"a": null}]}));
    let again = app.get(&format!("/orders/{}", order["id"])).await.json();
    assert_eq!(again["custom_params"], order["custom_params"]);
    app.finish().await;
}

#[tokio::test]
async fn what_is_kept_is_what_was_given() {
    let app = App::start().await;
    let cases = [
        "{}",
        r#"{"n":[18446744073709551615,-9223372036854775808,9007199254740993,0.1,1e300,-1.5e-7]}"#,
        r#"{"text":"18446744073709551616","":"the empty key","ü😀":"\u001f\\ \" "}"#,
        r#"{"requested":true,"order_id":"no id of ours"}"#,
    ];
    for params in cases {
        let given: Value = serde_json::from_str(params).unwrap();
        let order = create(&app, params).await.order();
        assert_eq!(order["custom_params"], given, "{params}");
        let again = app.get(&format!("/orders/{}", order["id"])).await.json();
        assert_eq!(again["custom_params"], given, "{params}, read again");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_object_is_refused() {
    let app = App::start().await;
    for params in ["[]", "7", "true"] {
        create(&app, params).await.wrong_field("custom_params", "must be a JSON object");
    }
    for text in [r#""""#, r#""red""#, r#""[1]""#, r#""7""#, r#""{\"a\":""#, r#""\"{}\"""#, r#""null""#] {
        let answer = create(&app, text).await;
        answer.wrong_field("custom_params", "must be a JSON object, or a text that holds one");
    }
    app.finish().await;
}

#[tokio::test]
async fn sixteen_kibibytes_of_compact_json_pass_and_one_more_byte_does_not() {
    let app = App::start().await;
    let params = |bytes: usize| format!(r#"{{ "k" : "{}" }}"#, "x".repeat(bytes - r#"{"k":""}"#.len()));
    let order = create(&app, &params(16_384)).await.order();
    assert_eq!(order["custom_params"]["k"].as_str().map(str::len), Some(16_376));
    let answer = create(&app, &params(16_385)).await;
    answer.wrong_field("custom_params", "must have at most 16384 bytes as compact JSON");
    app.finish().await;
}

#[tokio::test]
async fn what_the_database_or_a_reader_could_not_keep_is_refused() {
    let app = App::start().await;
    for params in
        [r#"{"a":"\u0000"}"#, r#"{"\u0000":1}"#, r#"{"a":[{"b":["\u0000"]}]}"#, r#""{\"a\":\"\\u0000\"}""#]
    {
        create(&app, params).await.wrong_field("custom_params", "must not contain the character NUL");
    }
    for params in [
        r#"{"a":18446744073709551616}"#,
        r#"{"a":[-9223372036854775809]}"#,
        r#""{\"a\":99999999999999999999999}""#,
    ] {
        let answer = create(&app, params).await;
        answer.wrong_field("custom_params", "must hold no integer beyond 64 bits; send it as a text");
    }
    let unreadable = "cannot be read: it holds half of a surrogate pair";
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    for params in [r#"{"a":"\ud800"}"#, r#"{"\udc00":1}"#, r#""\ud800""#] {
        create(&app, params).await.wrong_field("custom_params", unreadable);
    }
    create(&app, &deep).await.wrong_field("custom_params", "is nested too deeply");
    app.finish().await;
}

#[tokio::test]
async fn a_number_beyond_every_float_is_refused_with_a_sentence_about_numbers() {
    let app = App::start().await;
    let answer = create(&app, r#"{"a":1e999}"#).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.starts_with("custom_params ") && !detail.contains("surrogate"), "{detail}");
    app.finish().await;
}
