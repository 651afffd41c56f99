//! What a configuration brings, as a file and in the environment. It is used or refused in words, which never tell a secret.

use service_kit::config::{Settings, Sources, load};

use crate::fuzz;

/// Stands in the corpus wherever a secret does.
const SECRET: &str = "PLANTED";

/// How reading it ends.
fn outcome<C: Settings>(sources: &Sources) -> String {
    match load::<C>(sources) {
        Ok(loaded) => {
            let shown =
                loaded.values.iter().find(|value| is_secret(&value.key) && value.value.contains(SECRET));
            assert!(shown.is_none(), "{shown:?} is shown");
            format!("used {}", loaded.notices.len())
        }
        Err(refused) => {
            let said = refused.to_string();
            assert!(!said.is_empty(), "refused without a word");
            // What a key is not, without what was in it.
            said.lines().filter_map(|line| line.split(['"', '\'', '`']).next()).take(4).collect()
        }
    }
}

fn is_secret(key: &str) -> bool {
    ["password", "secrets", "url"].iter().any(|word| key.ends_with(word))
}

#[tokio::test]
async fn whatever_is_in_a_configuration() {
    let file = std::env::temp_dir().join(format!("atelier-fuzz-{}.toml", std::process::id()));
    fuzz("configuration", include_str!("../../corpus/configuration.txt"), async |input| {
        // Lines that look like variables are some, the others are the file.
        let (mut environment, mut text) = (Vec::new(), Vec::new());
        for line in input.split_inclusive(|byte| *byte == b'\n') {
            let line_text = String::from_utf8_lossy(line);
            match line_text.trim_end().split_once('=') {
                Some((name, value)) if name.chars().all(|c| c.is_ascii_uppercase() || c == '_') => {
                    environment.push((name.to_owned(), value.to_owned()));
                }
                _ => text.extend_from_slice(line),
            }
        }
        std::fs::write(&file, text).expect("a file");
        let sources = Sources { file: Some(file.clone()), environment };
        format!("{} {}", outcome::<order_status::Config>(&sources), outcome::<orders::Config>(&sources))
    })
    .await;
    drop(std::fs::remove_file(&file));
}
