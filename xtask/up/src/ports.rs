//! Which ports the services get, and whether they are free.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use tokio::time::interval;

use crate::cli::Demo;
use crate::error::UpError;
use crate::home::Home;
use crate::say::say;

/// How far above a service's port its operations port is: 5017 and 9017.
const OPS_ABOVE: u16 = 4000;
const FREE_TRIES_MAX: usize = 64;
/// The guard of a child gives it ten seconds to stop.
const LEFTOVERS_TIMEOUT: Duration = Duration::from_secs(15);
const LEFTOVERS_POLL: Duration = Duration::from_millis(100);

/// The ports of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) api: u16,
    pub(crate) ops: u16,
}

impl Ports {
    fn of(api: u16) -> Self {
        Self { api, ops: api + OPS_ABOVE }
    }

    /// Where the API listens.
    pub(crate) fn api_url(self) -> String {
        format!("http://127.0.0.1:{}", self.api)
    }

    /// Where readiness is told.
    pub(crate) fn ops_url(self) -> String {
        format!("http://127.0.0.1:{}", self.ops)
    }
}

/// The ports of order-status and orders: as asked, else the usual ones; any that are free if nobody comes back.
pub(crate) async fn choose(demo: &Demo, home: &Home) -> Result<(Ports, Ports), UpError> {
    let choose = |asked: Option<u16>, usual: u16| match asked {
        Some(port) => Ok(Ports::of(port)),
        None if demo.ends_by_itself() => any_free(),
        None => Ok(Ports::of(usual)),
    };
    let (status, orders) = (choose(demo.port_status, 5017)?, choose(demo.port_orders, 5019)?);
    if [orders.api, orders.ops].iter().any(|port| [status.api, status.ops].contains(port)) {
        return Err(UpError::PortTwice { port: orders.api });
    }
    let check_both = || check(status, "--port-status").and_then(|()| check(orders, "--port-orders"));
    let mut checked = check_both();
    if let (Err(UpError::PortTaken { port, .. }), Some(pid)) = (&checked, home.killed_before()) {
        say!(
            "Port {port} is taken. An earlier run (process {pid}) was killed; waiting for its services to stop."
        );
        let deadline = Instant::now() + LEFTOVERS_TIMEOUT;
        let mut ticks = interval(LEFTOVERS_POLL);
        while checked.is_err() && Instant::now() < deadline {
            ticks.tick().await;
            checked = check_both();
        }
    }
    checked.map(|()| (status, orders))
}

/// Both ports of a service can be listened on; the listeners are gone again when this returns.
fn check(ports: Ports, flag: &'static str) -> Result<(), UpError> {
    for port in [ports.api, ports.ops] {
        match listen(port) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                return Err(UpError::PortTaken { port, flag });
            }
            Err(source) => return Err(UpError::Port { port, flag, source }),
        }
    }
    Ok(())
}

fn any_free() -> Result<Ports, UpError> {
    for _ in 0..FREE_TRIES_MAX {
        let port = listen(0).and_then(|listener| listener.local_addr()).map_err(UpError::NoFreePort)?.port();
        // The system hands out high ports; what is 4000 above one may not exist.
        let api = if port > u16::MAX - OPS_ABOVE { port - OPS_ABOVE } else { port };
        if listen(api).is_ok() && listen(api + OPS_ABOVE).is_ok() {
            return Ok(Ports::of(api));
        }
    }
    Err(UpError::NoFreePort(ErrorKind::AddrInUse.into()))
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_the_flag_that_changes_it() {
        let ports = any_free().expect("a free pair");
        let _taken = listen(ports.ops).expect("listen");
        let error = check(ports, "--port-status").expect_err("should be taken");
        assert!(error.to_string().contains(&ports.ops.to_string()));
        assert!(error.to_string().contains("--port-status"));
    }
}
