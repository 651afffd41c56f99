//! The bounds of what people write: names that nobody can forge or mistake, reasons that may have paragraphs.

use order_model::{Reason, TextError, UserId, Username};

/// Every blank of Unicode that is no control character.
const BLANKS: [char; 17] = [
    ' ', '\u{a0}', '\u{1680}', '\u{2000}', '\u{2001}', '\u{2002}', '\u{2003}', '\u{2004}', '\u{2005}',
    '\u{2006}', '\u{2007}', '\u{2008}', '\u{2009}', '\u{200a}', '\u{202f}', '\u{205f}', '\u{3000}',
];

/// The separators of lines and paragraphs: blanks too, and no control characters.
const SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];

type Parse = fn(&str) -> Result<String, TextError>;

/// Both kinds of identity: they have the same bounds.
const IDENTITIES: [Parse; 2] = [
    |text| UserId::try_from(text.to_owned()).map(|id| id.as_str().to_owned()),
    |text| Username::try_from(text.to_owned()).map(|name| name.as_str().to_owned()),
];

fn reason(text: &str) -> Result<String, TextError> {
    Reason::try_from(text.to_owned()).map(|reason| reason.as_str().to_owned())
}

/// The 65 control characters, NUL among them.
fn control_characters() -> impl Iterator<Item = char> {
    ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}')
}

fn blanks() -> impl Iterator<Item = char> {
    BLANKS.into_iter().chain(SEPARATORS)
}

#[test]
fn an_identity_has_1_to_255_characters_however_many_bytes_they_take() {
    for identity in IDENTITIES {
        for character in ["a", "é", "語", "𝄞"] {
            for length in [1, 2, 254, 255] {
                let text = character.repeat(length);
                assert_eq!(identity(&text), Ok(text.clone()), "{length} × {character}");
            }
            for length in [256, 257, 5_000_000] {
                assert_eq!(
                    identity(&character.repeat(length)),
                    Err(TextError::TooLong(255)),
                    "{length} × {character}"
                );
            }
        }
    }
}

#[test]
fn a_combining_mark_is_a_character_of_its_own_as_the_database_counts() {
    for identity in IDENTITIES {
        assert!(identity(&format!("{}e", "e\u{301}".repeat(127))).is_ok());
        assert_eq!(identity(&"e\u{301}".repeat(128)), Err(TextError::TooLong(255)));
    }
}

#[test]
fn an_identity_is_never_empty_nor_blank() {
    for identity in IDENTITIES {
        for text in ["", " ", "   ", "\t", "\n", "\u{a0}", "\u{3000}\u{2003}", "\u{2028}"] {
            assert_eq!(identity(text), Err(TextError::Empty), "{text:?}");
        }
    }
}

#[test]
fn an_identity_has_no_control_characters_anywhere() {
    let mut tried = 0;
    for control in control_characters() {
        for identity in IDENTITIES {
            assert_eq!(
                identity(&format!("a{control}b")),
                Err(TextError::ControlCharacter),
                "U+{:04X}",
                u32::from(control)
            );
            assert!(identity(&format!("{control}ab")).is_err(), "U+{:04X}", u32::from(control));
            assert!(identity(&format!("ab{control}")).is_err(), "U+{:04X}", u32::from(control));
        }
        tried += 1;
    }
    assert_eq!(tried, 65);
}

#[test]
fn an_identity_may_have_blanks_inside_but_not_at_its_ends() {
    for blank in blanks() {
        for identity in IDENTITIES {
            let inside = format!("a{blank}b");
            assert_eq!(identity(&inside), Ok(inside.clone()), "{inside:?}");
            for text in [format!("{blank}ab"), format!("ab{blank}"), format!("{blank}ab{blank}")] {
                assert_eq!(identity(&text), Err(TextError::BlankAtEnd), "{text:?}");
            }
        }
    }
}

#[test]
fn an_identity_is_kept_as_it_was_written() {
    for identity in IDENTITIES {
        for text in ["Ada", "ada", "O'Neil; DROP", "a/b", "é", "e\u{301}", "١٢", "007", "%2F", "null"] {
            assert_eq!(identity(text), Ok(text.to_owned()));
        }
    }
}

#[test]
fn identities_print_and_serialise_as_their_text() {
    let user_id = UserId::try_from("ada \"7\"".to_owned()).expect("a user id");
    let username = Username::try_from("ada \"7\"".to_owned()).expect("a username");
    assert_eq!(user_id.to_string(), "ada \"7\"");
    assert_eq!(username.to_string(), "ada \"7\"");
    assert_eq!(serde_json::to_string(&user_id).expect("JSON"), r#""ada \"7\"""#);
    assert_eq!(serde_json::to_string(&username).expect("JSON"), r#""ada \"7\"""#);
}

#[test]
fn a_reason_has_1_to_500_characters_however_many_bytes_they_take() {
    for character in ["a", "é", "語", "𝄞"] {
        for length in [1, 255, 256, 499, 500] {
            let text = character.repeat(length);
            assert_eq!(reason(&text), Ok(text.clone()), "{length} × {character}");
        }
        for length in [501, 502, 5_000_000] {
            assert_eq!(
                reason(&character.repeat(length)),
                Err(TextError::TooLong(500)),
                "{length} × {character}"
            );
        }
    }
}

#[test]
fn a_reason_is_never_empty_nor_blank() {
    for text in ["", " ", "\n", "\r\n\t", "\u{a0}", "\u{3000}\u{2003}", "\u{2028}"] {
        assert_eq!(reason(text), Err(TextError::Empty), "{text:?}");
    }
}

#[test]
fn a_reason_may_have_lines_and_tabs_and_is_kept_as_it_was_written() {
    for text in ["two\nlines", "two\r\nlines", "a\ttab", " an indent", "an end\n", "“é 語 𝄞”"] {
        assert_eq!(reason(text), Ok(text.to_owned()));
    }
}

#[test]
fn a_reason_has_no_other_control_characters() {
    let mut refused = 0;
    for control in control_characters().filter(|control| !['\n', '\r', '\t'].contains(control)) {
        for text in [format!("a{control}b"), format!("a{control}\nb")] {
            assert_eq!(reason(&text), Err(TextError::ControlCharacter), "{text:?}");
        }
        refused += 1;
    }
    assert_eq!(refused, 62);
}

#[test]
fn a_refused_text_reads_why() {
    assert_eq!(TextError::Empty.to_string(), "must not be empty");
    assert_eq!(TextError::TooLong(255).to_string(), "must have at most 255 characters");
    assert_eq!(TextError::ControlCharacter.to_string(), "must not contain control characters");
    assert_eq!(TextError::BlankAtEnd.to_string(), "must not begin or end with a blank");
}
