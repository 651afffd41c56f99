//! Sample orders at every stage, made through the API like anybody's.
//!
//! Their ids are fixed, so a second `up` finds them and leaves them as people have moved them since.

use reqwest::Method;
use serde_json::{Value, json};

use testkit::catalog::Model as CatalogModel;

use crate::client::{Http, HttpError};
use crate::plan::{BUYER, LADDER, MAKER, OTHER_BUYER, Step};

/// Why the samples are not all there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SampleError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("sample order {order_id}: {what} was answered with {status}: {body}")]
    Refused { order_id: u64, what: &'static str, status: u16, body: String },
}

struct Sample {
    buyer: &'static str,
    /// How many rungs it has climbed.
    rungs: usize,
    alert: bool,
    model: Model,
}

enum Model {
    /// One of the catalog's, by position.
    Known(usize),
    /// An id that the catalog answers with 404.
    Gone,
    None,
}

const GONE: &str = "ffffffffffffffffffffffff";

const SAMPLES: [Sample; 9] = [
    Sample { buyer: BUYER, rungs: 0, alert: false, model: Model::Known(0) },
    Sample { buyer: BUYER, rungs: 1, alert: false, model: Model::Known(1) },
    Sample { buyer: BUYER, rungs: 2, alert: false, model: Model::Known(2) },
    Sample { buyer: BUYER, rungs: 3, alert: false, model: Model::Known(3) },
    Sample { buyer: BUYER, rungs: 4, alert: false, model: Model::Known(4) },
    Sample { buyer: OTHER_BUYER, rungs: 4, alert: false, model: Model::Known(5) },
    Sample { buyer: OTHER_BUYER, rungs: 3, alert: true, model: Model::Known(6) },
    Sample { buyer: OTHER_BUYER, rungs: 4, alert: false, model: Model::Gone },
    Sample { buyer: OTHER_BUYER, rungs: 4, alert: false, model: Model::None },
];

/// How many were made now; the others were there.
pub(crate) async fn make(
    http: &Http,
    status_url: &str,
    models: &[CatalogModel],
) -> Result<usize, SampleError> {
    let mut made = 0;
    for (order_id, sample) in (1..).zip(&SAMPLES) {
        let answer = http
            .send(
                &Method::POST,
                &format!("{status_url}/orders/"),
                Some(&order(order_id, sample, models).to_string()),
            )
            .await?;
        match answer.status {
            201 => climb(http, status_url, order_id, sample, maker(sample, models)).await?,
            409 => continue,
            status => {
                return Err(SampleError::Refused {
                    order_id,
                    what: "creating it",
                    status,
                    body: answer.text,
                });
            }
        }
        made += 1;
    }
    Ok(made)
}

fn known<'a>(sample: &Sample, models: &'a [CatalogModel]) -> Option<&'a CatalogModel> {
    if let Model::Known(position) = sample.model { models.get(position) } else { None }
}

/// Who makes it: the model's maker, if it has a model.
fn maker<'a>(sample: &Sample, models: &'a [CatalogModel]) -> &'a str {
    known(sample, models).map_or(MAKER, |model| &model.created_by)
}

fn order(order_id: u64, sample: &Sample, models: &[CatalogModel]) -> Value {
    let mut body = json!({
        "order_id": order_id,
        "requester_id": sample.buyer,
        "created_by": maker(sample, models),
        "custom_params": { "wood": "oak", "width_mm": 1400 },
        "cost_initial": 180,
        "cost_final": 195.5,
    });
    match known(sample, models) {
        Some(model) => body["model_id"] = model.model_id.as_str().into(),
        None if matches!(sample.model, Model::Gone) => body["model_id"] = GONE.into(),
        None => {}
    }
    body
}

async fn climb(
    http: &Http,
    status_url: &str,
    order_id: u64,
    sample: &Sample,
    maker: &str,
) -> Result<(), SampleError> {
    let alert = sample.alert.then_some(Step::Alert);
    for step in LADDER.into_iter().take(sample.rungs).chain(alert) {
        let url = format!("{status_url}/orders/{order_id}/update");
        let answer = http.send(&Method::PUT, &url, Some(&step.body(sample.buyer, maker))).await?;
        if answer.status != 200 {
            let (status, body) = (answer.status, answer.text);
            return Err(SampleError::Refused { order_id, what: step.name(), status, body });
        }
    }
    Ok(())
}
