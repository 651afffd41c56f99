//! S4: connections that say nothing, that say a byte a second, and that say far too much, while a shop goes on. The control leaves
//! room for a hundred connections only.

use std::net::SocketAddr;
use std::time::Duration;

use rig::machine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Finding;
use crate::cli::Options;
use crate::error::ProveError;
use crate::stage::{Stage, lasts};

const RATE: f64 = 100.0;
const P99_MAX_US: u32 = 250_000;
const SLOW: usize = 300;
const FLOODS: usize = 8;
/// Twice what a service takes.
const HEADER_BYTES: usize = 64 * 1024;
const SECOND: Duration = Duration::from_secs(1);
/// Between two connections of the same.
const PAUSE: Duration = Duration::from_millis(100);
/// Until the load has its connections.
const PATIENCE: Duration = Duration::from_secs(20);
const CONNECTIONS_MAX: &str = "ATELIER_HTTP__CONNECTIONS_MAX";

/// What somebody does with a connection.
#[derive(Clone, Copy)]
enum Manner {
    Idle,
    SlowHeaders,
    SlowBody,
    Flood,
}

/// On and on, also when the service has hung up.
async fn bother(address: SocketAddr, manner: Manner) {
    loop {
        if let Ok(stream) = TcpStream::connect(address).await {
            // That the service ends it is what it should do.
            drop(once(stream, manner).await);
        }
        lasts(PAUSE).await;
    }
}

async fn once(mut stream: TcpStream, manner: Manner) -> std::io::Result<()> {
    let drip: &[u8] = match manner {
        Manner::Idle => b"",
        Manner::SlowHeaders => {
            stream.write_all(b"GET /orders/1 HTTP/1.1\r\nhost: shop\r\n").await?;
            b"x-slow: 1\r\n"
        }
        Manner::SlowBody => {
            let head = "POST /orders/ HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n\
                content-length: 1000\r\n\r\n{";
            stream.write_all(head.as_bytes()).await?;
            b" "
        }
        Manner::Flood => {
            let flood =
                format!("GET / HTTP/1.1\r\nhost: shop\r\nx-flood: {}\r\n\r\n", "x".repeat(HEADER_BYTES));
            stream.write_all(flood.as_bytes()).await?;
            b""
        }
    };
    let (mut from, mut to) = stream.split();
    let mut heard = Vec::new();
    let drips = async {
        while !drip.is_empty() {
            lasts(SECOND).await;
            to.write_all(drip).await?;
        }
        std::future::pending::<std::io::Result<()>>().await
    };
    tokio::select! {
        dripped = drips => dripped,
        read = from.read_to_end(&mut heard) => read.map(drop),
    }
}

pub(super) async fn prove(options: &Options) -> Result<Finding, ProveError> {
    let (idle, seconds) = options.either((10_000, 60), (1000, 10));
    let stage = Stage::start(options, &[]).await?;
    let room = if options.control { "100" } else { "12000" };
    let system = stage.system(&stage.plain().with(CONNECTIONS_MAX, room), stage.server.port()).await?;
    let manners = [
        (Manner::Idle, idle),
        (Manner::SlowHeaders, SLOW),
        (Manner::SlowBody, SLOW),
        (Manner::Flood, FLOODS),
    ];
    let mut bothering = JoinSet::new();
    for (manner, count) in manners {
        for _ in 0..count {
            bothering.spawn(bother(system.status, manner));
        }
    }
    // Idle connections are closed after ten seconds and come again, so this is as they stay.
    lasts(10 * SECOND).await;
    let descriptors = machine::descriptors(system.pids()[0]);
    let Ok(shop) = timeout(PATIENCE, stage.shop(system.status, system.orders, RATE)).await else {
        let figure = format!("{descriptors} descriptors held; nobody else was connected within {PATIENCE:?}");
        return Ok(Finding { figure, is_met: false });
    };
    let shop = shop?;
    lasts(seconds * SECOND).await;
    let memory = machine::memory_mib(&system.pids()[..1]);
    let report = shop.end().await;
    bothering.shutdown().await;
    println!("{report}\n{:#?}", report.examples);
    let figure = format!(
        "{idle} idle, {SLOW} with slow headers, {SLOW} with slow bodies, {FLOODS} flooding; {descriptors} descriptors, {memory:.0} MiB; \
         {} requests of others in {seconds} s, {} failed, p99 {:.0} ms",
        report.answered() + report.broken,
        report.wrong() + report.unsent,
        f64::from(report.p99_us) / 1000.0
    );
    let is_held = options.control || descriptors >= idle;
    let is_met = is_held && report.wrong() + report.unsent == 0 && report.p99_us <= P99_MAX_US;
    Ok(Finding { figure, is_met })
}
