//! How soon the services are ready, and how large their images are.

use std::fs;
use std::path::Path;

use crate::error::BenchError;
use crate::measure::{Bench, as_float};
use crate::report::{Findings, Goal, Row};

const GROUP: &str = "footprint";
/// Where `cargo xtask image --save target/images` leaves them.
const IMAGES: &str = "target/images";

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    let mut times = Vec::new();
    for _ in 0..bench.options.rounds {
        let copy = bench.copy().await?;
        times.push(bench.start(&bench.plain(), &copy).await?.ready.as_secs_f64() * 1e3);
    }
    findings.keep(GROUP, &times);
    findings.rows.push(Row::timed(GROUP, "both services ready after", "ms", Goal::AtMost(100.0), &times));
    for name in ["order-status", "orders", "migrator"] {
        let what = format!("image of {name}");
        let size = fs::metadata(Path::new(IMAGES).join(format!("{name}.tar"))).map(|file| file.len());
        findings.rows.push(match size {
            Ok(size) => Row::counted(GROUP, what, "MB", Goal::AtMost(25.0), as_float(size) / 1e6),
            Err(_) => Row::skipped(GROUP, what, "`cargo xtask image --save target/images` was not run"),
        });
    }
    Ok(())
}
