//! The ways by which requests come to a release: straight to its pods, through its NGINX, through the cluster's Gateway.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;

use crate::error::Failure;
use crate::gateway::Gateway;
use crate::namespace::Answer;
use crate::release::{Release, Service};

/// One of them.
pub(crate) enum Way<'a> {
    /// To a pod of the service whose path it is.
    Straight(&'a Release),
    /// To a pod of the NGINX in front of both.
    Edge(&'a Release),
    /// To the Gateway, for a host name.
    Gateway(&'a Gateway, String),
}

impl Way<'_> {
    /// For messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Straight(_) => "straight",
            Self::Edge(_) => "through NGINX",
            Self::Gateway(..) => "through the Gateway",
        }
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
        match self {
            Self::Straight(release) => release.send(service(request.uri().path()), request).await,
            Self::Edge(release) => release.send_to_edge(request).await,
            Self::Gateway(gateway, host) => gateway.send(host, request).await,
        }
    }
}

/// Whose path it is.
fn service(path: &str) -> Service {
    let lists = ["/orders/user/", "/orders/created_by/"];
    if lists.iter().any(|list| path.starts_with(list)) { Service::Orders } else { Service::OrderStatus }
}
