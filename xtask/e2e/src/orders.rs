//! Orders as their parties see them: tokens, and the calls of the two services.

use std::collections::BTreeSet;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::error::{Failure, ensure};
use crate::namespace::Answer;
use crate::release::{Release, Service};
use crate::stage::Stage;
use crate::way::Way;

/// The model that an order is of: one of those that the catalog of `k8s/dev` has, by its id and name.
pub(crate) const MODEL: (&str, &str) = ("a7e11e500000000000000001", "Reading chair");
/// So far off that no clock matters: the year 2100.
pub(crate) const EXPIRES: i64 = 4_102_444_800;

/// A party of an order, with a token; its id is its name.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) token: String,
}

/// Who makes orders here and who fulfils them.
pub(crate) struct People {
    pub(crate) buyer: Person,
    pub(crate) maker: Person,
    /// Who has no part in it.
    pub(crate) stranger: Person,
}

impl People {
    /// Signs tokens with the key that the namespace's Secret holds.
    pub(crate) async fn of(stage: &Stage) -> Result<Self, Failure> {
        let secret = stage.namespace.secret_text("atelier-auth", "jwt-hs256").await?;
        Self::signed(secret.as_bytes())
    }

    /// Signs tokens with this key.
    pub(crate) fn signed(key: &[u8]) -> Result<Self, Failure> {
        let key = EncodingKey::from_secret(key);
        let person = |name: &'static str| {
            let claims = json!({ "sub": name, "username": name, "exp": EXPIRES });
            let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
            token.map(|token| Person { name, token }).map_err(Failure::Token)
        };
        Ok(Self { buyer: person("ada")?, maker: person("maren")?, stranger: person("eve")? })
    }
}

/// A request as `person`, or as nobody.
pub(crate) fn request(
    person: Option<&Person>,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(person) = person {
        request = request.header("authorization", format!("Bearer {}", person.token));
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    request.body(Full::new(bytes)).map_err(Failure::Request)
}

impl Way<'_> {
    /// Makes an order and walks it to paid, each step by whose turn it is. Returns its id.
    pub(crate) async fn walk(&self, people: &People) -> Result<u64, Failure> {
        let People { buyer, maker, .. } = people;
        let order = json!({
            "requester_id": buyer.name, "created_by": maker.name, "model_id": MODEL.0, "cost_final": 255.5,
        });
        let made = self.call(buyer, "POST", "/orders/", &order).await?;
        ensure(made.status == 201, "201 for a new order", &made)?;
        let id = made.body["order"]["order_id"].as_u64().unwrap_or_default();
        for (stage, person) in
            [("requested", buyer), ("accepted", maker), ("completed", maker), ("paid", buyer)]
        {
            let path = format!("/orders/{id}/update");
            let step = json!({ "state_type": stage, "new_value": true });
            let moved = self.call(person, "PUT", &path, &step).await?;
            ensure(moved.status == 200 && moved.body["order"]["status"] == stage, "the next stage", &moved)?;
        }
        Ok(id)
    }

    async fn call(&self, person: &Person, method: &str, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.send(request(Some(person), method, path, Some(body))?).await
    }

    /// Somebody's page of paid orders, from the other service.
    pub(crate) async fn page(&self, person: &Person) -> Result<Answer, Failure> {
        self.send(request(Some(person), "GET", &format!("/orders/user/{}", person.name), None)?).await
    }
}

impl Release {
    /// The same, without anybody in front.
    pub(crate) async fn walk(&self, people: &People) -> Result<u64, Failure> {
        Way::Straight(self).walk(people).await
    }

    /// The same, without anybody in front.
    pub(crate) async fn page(&self, person: &Person) -> Result<Answer, Failure> {
        Way::Straight(self).page(person).await
    }

    /// The ids of all of the buyer's orders, page by page.
    pub(crate) async fn all_orders(&self, person: &Person) -> Result<BTreeSet<u64>, Failure> {
        let mut ids = BTreeSet::new();
        let mut query = "?status=all&limit=200".to_owned();
        loop {
            let page = self.list(person, &query).await?;
            ensure(page.status == 200, "a page of orders", &page)?;
            let orders = page.body["orders"].as_array().into_iter().flatten();
            ids.extend(orders.filter_map(|order| order["order_id"].as_u64()));
            let Some(next) = page.body["next"].as_str() else { return Ok(ids) };
            query = format!("?status=all&limit=200&after={next}");
        }
    }

    async fn list(&self, person: &Person, query: &str) -> Result<Answer, Failure> {
        let path = format!("/orders/user/{}{query}", person.name);
        self.send(Service::Orders, request(Some(person), "GET", &path, None)?).await
    }

    /// An order, as one of its parties sees it.
    pub(crate) async fn order(&self, person: &Person, id: u64) -> Result<Answer, Failure> {
        self.send(Service::OrderStatus, request(Some(person), "GET", &format!("/orders/{id}"), None)?).await
    }
}
