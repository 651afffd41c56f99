//! The NGINX in front, and a Gateway before it where there is one: browsers may ask, tokens open, nobody is who they only say
//! they are, and who goes past it is nobody.

use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::PostParams;
use serde_json::json;

use crate::error::{Failure, ensure};
use crate::namespace::{object, until};
use crate::neighbour::{BACK_DOORS, Door, Neighbour};
use crate::orders::{People, request};
use crate::questions::{self, ORIGIN};
use crate::release::{Release, Service, WAIT};
use crate::stage::Stage;
use crate::way::Way;

const AWAY_MAX: Duration = Duration::from_mins(1);
/// Past the edge, where only the edge may go: with its door open, whoever knocks is still nobody.
const PAST_IT: [Door; 2] = [
    Door::new("api-of-status", "http://atelier-order-status:5017/orders/1", "401"),
    Door::new("api-of-orders", "http://atelier-orders:5019/orders/user/ada", "401"),
];
const FRONT_DOOR: Door = Door::new("edge", "http://atelier-edge/orders/user/ada", "401");

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    let settings = settings(stage).await?;
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let took = release.install(&values, &[settings.as_slice(), &WAIT].concat()).await?;
    stage.note(&format!("from helm install to ready, NGINX among it: {:.1} s", took.as_secs_f64()));

    let people = People::of(stage).await?;
    let mut ways = vec![Way::Edge(&release)];
    if let Some(gateway) = &stage.setting.gateway {
        ways.push(Way::Gateway(gateway, stage.host()));
    }
    for way in &ways {
        questions::taken(way).await?;
        questions::preflight(way).await?;
        questions::refusals(way).await?;
        let id = questions::sold(way, &people).await?;
        questions::spoofed(way, &people, id).await?;
        stage.note(&format!("{}: preflight, tokens, refusals and forgeries as they should be", way.name()));
    }
    past_it(stage, &release, &people).await?;
    without_verifier(&release, &values, &settings, &people).await
}

/// Mode gateway behind NGINX, and a route to it where a Gateway is.
async fn settings(stage: &Stage) -> Result<Vec<String>, Failure> {
    // Long enough, of the right letters, and nobody's elsewhere.
    let proof = stage.namespace.name().repeat(2);
    let secret =
        json!({ "metadata": { "name": "atelier-gateway" }, "stringData": { "gateway-secret": proof } });
    stage.namespace.all::<Secret>().create(&PostParams::default(), &object(secret)?).await?;
    let image = stage.setting.nginx_image.as_ref().and_then(|image| image.rsplit_once(':'));
    let image = image.map(|(repository, tag)| json!({ "repository": repository, "tag": tag }));
    let nginx = json!({ "enabled": true, "image": image.unwrap_or_else(|| json!({})) });
    let edge = json!({ "cors": { "origins": [ORIGIN] }, "nginx": nginx });
    let mut settings = vec![
        "--set=auth.mode=gateway,auth.gateway.existingSecret=atelier-gateway,auth.verify.enabled=true"
            .to_owned(),
        format!("--set-json=edge={edge}"),
    ];
    settings.extend(stage.setting.gateway.as_ref().map(|gateway| gateway.route(&stage.host())));
    Ok(settings)
}

/// A neighbour reaches the edge and nothing behind it; where no policy keeps them off, forged headers make nobody somebody.
async fn past_it(stage: &Stage, release: &Release, people: &People) -> Result<(), Failure> {
    for pod in stage.namespace.pods("app.kubernetes.io/component=edge").await? {
        ensure(has_no_token(&pod), "no token of a service account in NGINX's pod", pod.metadata.name)?;
    }
    let neighbour = Neighbour::of(stage, release).await?;
    neighbour.reaches(&[FRONT_DOOR]).await?;
    neighbour.reaches_none_but_for_policies(&[BACK_DOORS.as_slice(), &PAST_IT].concat()).await?;
    // With a right token, too: in this mode a token says nothing to the services.
    for claims in [&[][..], &[("x-user-id", "ada")], &[("x-user-id", "ada"), ("x-gateway-secret", "guessed")]]
    {
        let mut forged = request(Some(&people.buyer), "GET", "/orders/user/ada", None)?;
        questions::claim(&mut forged, claims);
        let answer = release.send(Service::Orders, forged).await?;
        ensure(answer.status == 401, "401 for headers without the edge's proof", &answer)?;
    }
    Ok(())
}

/// Nobody is let in on a guess while the one who knows them is away, and a browser is told so.
async fn without_verifier(
    release: &Release,
    values: &Path,
    settings: &[&str],
    people: &People,
) -> Result<(), Failure> {
    release.upgrade(values, &[settings, &["--set=orderStatus.replicas=0"]].concat()).await?;
    // Pods that were asked to go serve on for some seconds.
    let answer = until("the verifier is away", AWAY_MAX, async || {
        let asked = questions::from_page(request(Some(&people.buyer), "GET", "/orders/user/ada", None)?);
        let answer = Way::Edge(release).send(asked).await?;
        Ok((answer.status != 200).then_some(answer))
    })
    .await?;
    let is_told = answer.status == 503 && answer.body["code"] == "identity_unavailable";
    ensure(is_told && !answer.header("retry-after").is_empty(), "503 with Retry-After", &answer)?;
    ensure(questions::may_read(&answer), "headers of CORS on a refusal", &answer)
}

fn has_no_token(pod: &Pod) -> bool {
    let spec = pod.spec.clone().unwrap_or_default();
    spec.volumes.iter().flatten().all(|volume| volume.projected.is_none())
}
