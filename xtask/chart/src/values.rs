//! The part of the chart's values that this program writes, in the chart's spelling. What is absent is the chart's default.

use serde::Serialize;

use crate::digests::ImageValues;

/// A values file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Values {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<Image>,
    pub(crate) database: Database,
    pub(crate) catalog: Catalog,
    pub(crate) auth: Auth,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) migrations: Option<Component>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order_status: Option<Component>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) orders: Option<Component>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Image {
    pub(crate) registry: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Database {
    pub(crate) host: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls: Option<Tls>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) existing_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth: Option<DatabaseAuth>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) roles: Option<Roles>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tls {
    pub(crate) ca_secret: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct DatabaseAuth {
    pub(crate) migrator: Login,
    pub(crate) writer: Login,
    pub(crate) reader: Login,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Login {
    pub(crate) existing_secret: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Roles {
    pub(crate) owner: String,
    pub(crate) writer: String,
    pub(crate) reader: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Catalog {
    pub(crate) url: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Auth {
    pub(crate) mode: AuthMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<TokenRules>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jwks: Option<Jwks>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hs256: Option<Hs256>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AuthMode {
    Token,
}

#[derive(Debug, Serialize)]
pub(crate) struct TokenRules {
    pub(crate) issuer: String,
    pub(crate) audience: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Jwks {
    pub(crate) url: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hs256 {
    pub(crate) existing_secret: String,
    pub(crate) key: String,
}

/// What is set of a service or of the migrator.
#[derive(Debug, Serialize)]
pub(crate) struct Component {
    pub(crate) image: ImageValues,
}
