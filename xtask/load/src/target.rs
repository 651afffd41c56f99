//! Where a service answers: an address, what it is called there, and whether it is spoken to by TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::header::{HeaderValue, InvalidHeaderValue};
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use url::Url;

/// Why nothing can be asked there.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Neither http nor https, or nobody's name.
    #[error("{0} is no address of a service: it is to be http://… or https://…")]
    Url(Url),
    /// Nobody knows the name.
    #[error("{0} could not be looked up")]
    LookUp(String, #[source] std::io::Error),
    /// A name with no address.
    #[error("{0} has no address")]
    Nowhere(String),
    /// The name cannot stand in a certificate.
    #[error("no certificate can be for {0}")]
    Name(String, #[source] InvalidDnsNameError),
    /// The name cannot stand in a request.
    #[error("no request can be for {0}")]
    Host(String, #[source] InvalidHeaderValue),
}

/// A service, as it is asked.
#[derive(Clone)]
pub struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) host: HeaderValue,
    /// What stands before each path.
    pub(crate) prefix: String,
    pub(crate) tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Target {
    /// Whoever listens there, called `host`.
    pub fn at(address: SocketAddr, host: &str) -> Result<Self, TargetError> {
        let host =
            HeaderValue::from_str(host).map_err(|source| TargetError::Host(host.to_owned(), source))?;
        Ok(Self { address, host, prefix: String::new(), tls: None })
    }

    /// What a URL names, or who listens at `elsewhere` in its place.
    pub async fn of(url: &Url, elsewhere: Option<SocketAddr>) -> Result<Self, TargetError> {
        let invalid = || TargetError::Url(url.clone());
        let is_tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(invalid()),
        };
        let name = url.host_str().ok_or_else(invalid)?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().ok_or_else(invalid)?;
        let address = match elsewhere {
            Some(address) => address,
            None => look_up(&name, port).await?,
        };
        let host = url.port().map_or_else(|| name.clone(), |port| format!("{name}:{port}"));
        let server = |name: String| {
            ServerName::try_from(name.clone()).map_err(|source| TargetError::Name(name, source))
        };
        let tls = is_tls.then(|| Ok((connector(), server(name)?))).transpose()?;
        let prefix = url.path().trim_end_matches('/').to_owned();
        Ok(Self { prefix, tls, ..Self::at(address, &host)? })
    }

    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        self.address.ip().is_loopback()
    }
}

async fn look_up(name: &str, port: u16) -> Result<SocketAddr, TargetError> {
    let mut found = tokio::net::lookup_host((name, port))
        .await
        .map_err(|source| TargetError::LookUp(name.to_owned(), source))?;
    found.next().ok_or_else(|| TargetError::Nowhere(name.to_owned()))
}

/// By the authorities that Mozilla trusts.
fn connector() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(url: &str) -> Result<Target, TargetError> {
        Target::of(&Url::parse(url).expect("a URL"), None).await
    }

    #[tokio::test]
    async fn only_this_machine_is_local() {
        assert!(of("http://127.0.0.1:5017").await.expect("a target").is_local());
        assert!(of("http://[::1]:5017/shop").await.expect("a target").is_local());
        assert!(!of("http://10.0.0.1").await.expect("a target").is_local());
        let elsewhere = Some(SocketAddr::from(([127, 0, 0, 1], 80)));
        let url = Url::parse("http://shop.example.com/api/").expect("a URL");
        let target = Target::of(&url, elsewhere).await.expect("a target");
        assert!(target.is_local() && target.host == "shop.example.com" && target.prefix == "/api");
    }

    #[tokio::test]
    async fn what_is_no_address_of_a_service_is_said_to_be_none() {
        assert!(matches!(of("ftp://127.0.0.1").await, Err(TargetError::Url(_))));
    }
}
