//! R6: service and PostgreSQL are killed in turn, by the signal that nobody hears, while a shop goes on. Whatever was acknowledged
//! must be there in the end. The control is a server that acknowledges before it writes.

use std::time::Instant;

use testkit::postgres::StopMode;

use crate::Finding;
use crate::cli::Options;
use crate::error::ProveError;
use crate::stage::{Stage, link};
use crate::store;

const RATE: f64 = 150.0;
/// Right answers before each kill.
const BETWEEN: u64 = 100;
/// Kept in memory until then, so that a kill finds something to lose.
const FORGETFUL: [(&str, &str); 2] = [("synchronous_commit", "off"), ("wal_writer_delay", "10s")];

pub(super) async fn prove(options: &Options) -> Result<Finding, ProveError> {
    let kills = options.either(50, 6);
    let mut stage = Stage::start(options, if options.control { &FORGETFUL } else { &[] }).await?;
    let port = stage.server.port();
    let mut service = stage.order_status(&stage.plain(), port).await?;
    let lists = stage.system(&stage.plain(), port).await?;
    let way = link("127.0.0.1", service.api.port()).await?;
    let shop = stage.shop(way.address(), lists.orders, RATE).await?;
    let begin = Instant::now();
    for number in 0..kills {
        shop.goes_on(BETWEEN).await?;
        if number % 2 == 0 {
            drop(service);
            service = stage.order_status(&stage.plain(), port).await?;
            way.lead_to("127.0.0.1", service.api.port());
        } else {
            stage.server.stop(StopMode::Killed).await?;
            stage.server.start_again(&mut |_| {}).await?;
        }
        println!("kill {} of {kills}, {:.0} s", number + 1, begin.elapsed().as_secs_f64());
    }
    shop.goes_on(BETWEEN).await?;
    let audited = shop.audited().await;
    let rows = store::orders(&stage.server).await?;
    let figure = format!("{kills} kills; {}; {rows} rows, history law holds", audited.words());
    Ok(Finding { figure, is_met: audited.is_true() })
}
