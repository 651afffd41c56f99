//! The cluster's Gateway, as `--gateway` names it: what routes attach to it by, where it listens, and requests that come through it.

use std::net::{AddrParseError, IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{HOST, HeaderValue};
use serde_json::json;
use tokio::net::TcpStream;

use crate::error::Failure;
use crate::namespace::{Answer, exchange, in_time};

const CONNECT_MAX: Duration = Duration::from_secs(5);
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
    /// A release's route to it, under this host's name, for Helm.
    pub(crate) fn route(&self, host: &str) -> String {
        let parent = json!({ "namespace": self.namespace, "name": self.name });
        let route = json!({ "enabled": true, "parentRefs": [parent], "hostnames": [host] });
        format!("--set-json=httpRoute={route}")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// One request for `host`, on a connection of its own.
    pub(crate) async fn send(
        &self,
        host: &str,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Answer, Failure> {
        let host = HeaderValue::from_str(host).map_err(|source| Failure::Request(source.into()))?;
        request.headers_mut().insert(HOST, host);
        let connect = async { TcpStream::connect(self.address).await.map_err(Failure::Gateway) };
        let stream = in_time("the Gateway takes a connection", CONNECT_MAX, connect).await?;
        exchange(stream, "behind the Gateway", request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_named_by_its_object_and_its_address() {
        let gateway: Gateway = "edge/shared=192.0.2.7".parse().expect("a gateway");
        assert_eq!(gateway.address, SocketAddr::from(([192, 0, 2, 7], 80)));
        let route = gateway.route("shop.example.com");
        for part in [r#"{"name":"shared","namespace":"edge"}"#, r#"["shop.example.com"]"#] {
            assert!(route.contains(part), "{route}");
        }
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
