//! The bounds of ids and versions: nothing passes that the database or a JSON reader would refuse or bend.

use order_model::{ModelId, ModelIdError, OrderId, OrderIdError, Version};

fn parse(text: &str) -> Result<i64, OrderIdError> {
    text.parse::<OrderId>().map(OrderId::get)
}

fn model_id(text: &str) -> Result<ModelId, ModelIdError> {
    ModelId::try_from(text.to_owned())
}

#[test]
fn an_order_id_is_from_1_to_2_to_the_53_less_1() {
    for inside in [1, 2, 2_147_483_648, 9_007_199_254_740_991] {
        assert_eq!(OrderId::try_from(inside).map(OrderId::get), Ok(inside));
    }
    for outside in [0, -1, 9_007_199_254_740_992, i64::MAX, i64::MIN] {
        assert_eq!(OrderId::try_from(outside), Err(OrderIdError), "{outside}");
    }
    assert_eq!(OrderId::MAX.get(), 9_007_199_254_740_991);
}

#[test]
fn an_order_id_in_text_is_digits() {
    assert_eq!(parse("1"), Ok(1));
    assert_eq!(parse("9007199254740991"), Ok(9_007_199_254_740_991));
}

#[test]
fn leading_zeros_of_an_order_id_count_for_nothing() {
    assert_eq!(parse("007"), Ok(7));
    assert_eq!(parse("0009007199254740991"), Ok(9_007_199_254_740_991));
    assert_eq!(parse(&format!("{}7", "0".repeat(300))), Ok(7));
}

#[test]
fn anything_but_digits_is_no_order_id() {
    for text in [
        "",
        " ",
        "+7",
        "-7",
        " 7",
        "7 ",
        " 7 ",
        "7\n",
        "7\0",
        "7.0",
        "7.",
        "7e0",
        "1_000",
        "1,000",
        "0x7",
        "7a",
        "seven",
        "NaN",
        "٧",
        "７",
        "²",
        "7\u{a0}",
        "%37",
        "\u{feff}7",
    ] {
        assert_eq!(parse(text), Err(OrderIdError), "{text:?}");
    }
}

#[test]
fn digits_beyond_the_range_overflow_into_no_order_id() {
    for text in [
        "0",
        "000",
        "9007199254740992",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551617",
        "340282366920938463463374607431768211457",
    ] {
        assert_eq!(parse(text), Err(OrderIdError), "{text}");
    }
    assert_eq!(parse(&"9".repeat(10_000)), Err(OrderIdError));
}

#[test]
fn an_order_id_prints_and_serialises_as_its_number() {
    let id = OrderId::try_from(9_007_199_254_740_991).expect("an order id");
    assert_eq!(id.to_string(), "9007199254740991");
    assert_eq!(serde_json::to_string(&id).expect("JSON"), "9007199254740991");
}

#[test]
fn a_version_is_from_1_to_2_to_the_53_less_1() {
    assert_eq!(Version::FIRST.get(), 1);
    for inside in [1, 2, 9_007_199_254_740_991] {
        assert_eq!(Version::new(inside).map(Version::get), Some(inside));
    }
    for outside in [0, -1, 9_007_199_254_740_992, i64::MAX, i64::MIN] {
        assert_eq!(Version::new(outside), None, "{outside}");
    }
}

#[test]
fn the_next_version_is_one_more() {
    assert_eq!(Version::FIRST.next().get(), 2);
    assert_eq!(Version::FIRST.next().next().to_string(), "3");
}

#[test]
fn a_model_id_is_24_hex_digits_of_either_case_and_keeps_it() {
    for text in [
        "64c0ffee64c0ffee64c0ffee",
        "64C0FFEE64C0FFEE64C0FFEE",
        "64c0FFee64C0ffEE64c0ffee",
        "0123456789abcdefABCDEF09",
    ] {
        let id = model_id(text).expect("a model id");
        assert_eq!(id.as_str(), text);
        assert_eq!(serde_json::to_string(&id).expect("JSON"), format!("\"{text}\""));
    }
}

#[test]
fn two_spellings_of_a_model_id_are_one_in_lower_case() {
    let shouted = model_id("64C0FFEE64C0FFEE64C0FFEE").expect("a model id");
    let said = model_id("64c0ffee64c0ffee64c0ffee").expect("a model id");
    assert_ne!(shouted, said);
    assert_eq!(shouted.lower_case(), said);
    assert_eq!(said.lower_case(), said);
}

#[test]
fn anything_else_is_no_model_id() {
    for text in [
        "",
        "64c0ffee64c0ffee64c0ffe",
        "64c0ffee64c0ffee64c0ffeee",
        "64c0ffee64c0ffee64c0ffeg",
        "64c0ffee64c0ffee64c0ffe ",
        " 64c0ffee64c0ffee64c0ffe",
        "64c0ffee64c0ffee64c0ffe\0",
        "64c0ffee64c0ffee64c0ffee\n",
        "64c0ffee/../admin/c0ffee",
        "64c0ffee%2e64c0ffee64c0f",
        "0x64c0ffee64c0ffee64c0ff",
        "+64c0ffee64c0ffee64c0ffe",
        "６４c0ffee64c0ffee64c0ffee",
        "éééééééééééé",
    ] {
        assert_eq!(model_id(text), Err(ModelIdError), "{text:?}");
    }
}
