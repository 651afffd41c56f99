//! A pod's port as a port of this machine, for clients that want an address: the database's.

use std::net::SocketAddr;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::Namespace;
use crate::error::Failure;

/// It is gone with this value, and so are the connections through it.
pub(crate) struct Tunnel {
    pub(crate) address: SocketAddr,
    carrying: JoinHandle<()>,
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

impl Namespace {
    /// Each connection to its address is one to the pod's `port`.
    pub(crate) async fn tunnel(&self, pod: &'static str, port: u16) -> Result<Tunnel, Failure> {
        let listening = async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = listening.await.map_err(Failure::Tunnel)?;
        let pods = self.all::<Pod>();
        let carrying = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(carry(pods.clone(), pod, port, client));
            }
        });
        Ok(Tunnel { address, carrying })
    }
}

/// A connection that breaks is broken for its client, which is where it is told.
async fn carry(pods: Api<Pod>, pod: &str, port: u16, mut client: TcpStream) {
    let Ok(mut forwarder) = pods.portforward(pod, &[port]).await else { return };
    if let Some(mut stream) = forwarder.take_stream(port) {
        let _ = copy_bidirectional(&mut client, &mut stream).await;
    }
}
