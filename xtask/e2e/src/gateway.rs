//! The cluster's Gateway, as `--gateway` names it: what routes attach to it by, and where it listens.

use std::net::{AddrParseError, IpAddr, SocketAddr};
use std::str::FromStr;

use serde_json::{Value, json};

const HTTP: u16 = 80;

/// Where it is, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gateway {
    namespace: String,
    name: String,
    address: SocketAddr,
}

/// The flag's text cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GatewayError {
    #[error("must be NAMESPACE/NAME=ADDRESS, as in gateway/shared=192.0.2.7:8000")]
    Form,
    #[error("the address must be one of IP, with a port or without")]
    Address(#[source] AddrParseError),
}

impl FromStr for Gateway {
    type Err = GatewayError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (object, address) = text.split_once('=').ok_or(GatewayError::Form)?;
        let (namespace, name) = object.split_once('/').ok_or(GatewayError::Form)?;
        if namespace.is_empty() || name.is_empty() {
            return Err(GatewayError::Form);
        }
        let bare = address.parse::<IpAddr>().map(|address| SocketAddr::new(address, HTTP));
        let address = bare.or_else(|_| address.parse()).map_err(GatewayError::Address)?;
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned(), address })
    }
}

impl Gateway {
    /// What a route names it by.
    pub(crate) fn parent(&self) -> Value {
        json!({ "namespace": self.namespace, "name": self.name })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_named_by_its_object_and_its_address() {
        let gateway: Gateway = "edge/shared=192.0.2.7".parse().expect("a gateway");
        assert_eq!(gateway.address, SocketAddr::from(([192, 0, 2, 7], 80)));
        assert_eq!(gateway.parent(), json!({ "namespace": "edge", "name": "shared" }));
        let gateway: Gateway = "edge/shared=[2001:db8::7]:8000".parse().expect("a gateway");
        assert_eq!(gateway.address.port(), 8000);
    }

    #[test]
    fn what_names_no_gateway_is_refused() {
        for text in
            ["shared=192.0.2.7", "edge/shared", "/shared=192.0.2.7", "edge/shared=gateway.example.com"]
        {
            assert!(text.parse::<Gateway>().is_err(), "{text}");
        }
    }
}
