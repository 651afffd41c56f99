//! The cluster's Gateway and nothing else in front: the services look at tokens themselves, and headers that say who somebody
//! is say nothing. Who answers browsers is the Gateway's own affair.

use crate::error::{Failure, ensure};
use crate::orders::People;
use crate::questions;
use crate::release::{Release, WAIT};
use crate::stage::Stage;
use crate::way::Way;

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let Some(gateway) = &stage.setting.gateway else { return Ok(()) };
    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    let route = gateway.route(&stage.host());
    release.install(&values, &[WAIT.as_slice(), &[&route]].concat()).await?;

    let people = People::of(stage).await?;
    let way = Way::Gateway(gateway, stage.host());
    questions::taken(&way).await?;
    let id = questions::sold(&way, &people).await?;
    questions::spoofed(&way, &people, id).await?;
    // The control of the case edge: that browsers may ask is NGINX's doing.
    let answer = way.send(questions::preflight_of("https://shop.example.com")?).await?;
    stage.note(&format!("a preflight without NGINX is answered with {}", answer.status));
    let is_let_in = answer.headers.contains_key("access-control-allow-origin");
    ensure(!is_let_in, "no leave for browsers without httpRoute.corsFilter", &answer)
}
