//! `images.json`: which image is which service, for whoever deploys them.
//!
//! ```json
//! {
//!   "orders": { "image": "localhost/atelier/orders", "tag": "0.1.0", "digest": null, "archive": "orders.tar" }
//! }
//! ```
//!
//! `digest` is the registry's and is there only after a push, because nothing else can be pulled by it; `archive` is
//! relative to the file and is there only if the image was saved.

use std::fmt::Write as _;

/// One image.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) program: &'static str,
    pub(super) image: String,
    pub(super) tag: String,
    pub(super) digest: Option<String>,
    pub(super) archive: Option<String>,
}

/// The whole file.
pub(super) fn json(entries: &[Entry]) -> String {
    let mut text = String::from("{\n");
    for (index, Entry { program, image, tag, digest, archive }) in entries.iter().enumerate() {
        let end = if index + 1 < entries.len() { "," } else { "" };
        let (digest, archive) = (or_null(digest.as_deref()), or_null(archive.as_deref()));
        let _ = writeln!(
            text,
            r#"  {}: {{ "image": {}, "tag": {}, "digest": {digest}, "archive": {archive} }}{end}"#,
            quoted(program),
            quoted(image),
            quoted(tag)
        );
    }
    text + "}\n"
}

fn or_null(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), quoted)
}

/// Names of images and tags are ASCII, and an engine has taken them, so only these two could end the text.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_image_is_listed_with_what_is_known_of_it() {
        let saved = Entry {
            program: "orders",
            image: "localhost/atelier/orders".to_owned(),
            tag: "0.1.0".to_owned(),
            digest: None,
            archive: Some("orders.tar".to_owned()),
        };
        let pushed = Entry {
            program: "migrator",
            digest: Some("sha256:0".to_owned()),
            archive: None,
            ..saved.clone()
        };
        let expected = r#"{
  "orders": { "image": "localhost/atelier/orders", "tag": "0.1.0", "digest": null, "archive": "orders.tar" },
  "migrator": { "image": "localhost/atelier/orders", "tag": "0.1.0", "digest": "sha256:0", "archive": null }
}
"#;
        assert_eq!(json(&[saved, pushed]), expected);
    }

    #[test]
    fn no_name_can_end_its_text() {
        assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
    }
}
