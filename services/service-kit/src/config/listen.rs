//! An address to listen on: `host:port`. Kept as text until it is bound, because a name may resolve to several addresses.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An address to listen on, as `host:port`; port 0 picks a free one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("format" = "host-port"))]
pub struct Listen {
    host: String,
    port: u16,
}

/// Why a text is no address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be host:port, for example 127.0.0.1:5017")]
pub struct ListenError;

impl TryFrom<String> for Listen {
    type Error = ListenError;

    fn try_from(text: String) -> Result<Self, ListenError> {
        let (host, port) = text.rsplit_once(':').ok_or(ListenError)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err(ListenError);
        }
        Ok(Self { host: host.to_owned(), port: port.parse().map_err(|_| ListenError)? })
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        listen.to_string()
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl Listen {
    /// Host and port, as the socket functions take them.
    pub fn to_pair(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether both cannot be had at once because they are the same; port 0 is another one each time.
    pub fn is_also(&self, other: &Self) -> bool {
        self.port != 0 && self == other
    }

    /// Whether only this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        is_loopback_host(&self.host)
    }
}

/// Whether a name or an address, in brackets or not, is this machine's own.
pub fn is_loopback_host(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_address_cannot_be_had_twice_but_for_port_0() {
        let at = |text: &str| Listen::try_from(text.to_owned()).expect("an address");
        assert!(at("127.0.0.1:5017").is_also(&at("127.0.0.1:5017")));
        assert!(!at("127.0.0.1:5017").is_also(&at("127.0.0.1:9017")));
        assert!(!at("127.0.0.1:0").is_also(&at("127.0.0.1:0")));
    }
}
