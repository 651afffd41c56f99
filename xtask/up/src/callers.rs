//! How the services of this run know their callers: by their word, or by tokens that this run signs.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use crate::error::UpError;
use crate::home::Home;
use crate::plan::{BUYER, MAKER};

/// The year 2100: a token of ours ends with its secret, which ends with its run.
const EXPIRES_AT: u64 = 4_102_444_800;

/// Whom the services believe.
#[derive(Debug)]
pub(crate) enum Callers {
    /// Whoever says who they are.
    Open,
    /// Whoever has a token: an operator who is also a party of every order of the examples, and a stranger to all orders.
    Token { secrets_file: PathBuf, operator: String, stranger: String },
}

impl Callers {
    /// Makes a secret for this run, and tokens that are signed with it.
    pub(crate) fn with_token(home: &Home) -> Result<Self, UpError> {
        let file = home.token_secret();
        let secret = make_secret(&file).map_err(|source| UpError::File { path: file.clone(), source })?;
        let key = EncodingKey::from_secret(secret.as_bytes());
        let token = |user_id, username, roles: &[&str]| {
            let claims = json!({ "sub": user_id, "username": username, "roles": roles, "exp": EXPIRES_AT });
            encode(&Header::default(), &claims, &key)
        };
        let operator = token(BUYER, MAKER, &["operator"])?;
        let stranger = token("stranger", "stranger", &[])?;
        Ok(Self::Token { secrets_file: file, operator, stranger })
    }

    /// What the services are told.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Open => vec![("ATELIER_AUTH__MODE", "open".to_owned())],
            Self::Token { secrets_file, .. } => vec![
                ("ATELIER_AUTH__MODE", "token".to_owned()),
                ("ATELIER_AUTH__HS256__SECRETS_FILE", secrets_file.display().to_string()),
            ],
        }
    }

    /// What a command beside the services is told.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Open => Vec::new(),
            Self::Token { operator, stranger, .. } => {
                vec![("BEARER_TOKEN", operator.clone()), ("BEARER_TOKEN_OF_STRANGER", stranger.clone())]
            }
        }
    }
}

fn make_secret(file: &Path) -> io::Result<String> {
    let mut halves = [[0; 16]; 2];
    File::open("/dev/urandom")?.read_exact(halves.as_flattened_mut())?;
    let [first, second] = halves.map(u128::from_be_bytes);
    let secret = format!("{first:032x}{second:032x}");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    file.write_all(secret.as_bytes())?;
    Ok(secret)
}
