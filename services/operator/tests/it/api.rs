//! A double of the API server: objects by path, as much of its verbs as the operator uses, and a cluster that carries Jobs out
//! the way a test says. It is no mock that expects calls: whatever order a pass works in, what counts is what is there after it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::BodyExt;
use hyper::{Method, Request, Response};
use kube::Client;
use kube::client::Body;
use operator::report::Report;
use serde_json::{Value, json};
use tower::service_fn;

use crate::support::merge;

/// What the cluster holds.
#[derive(Clone, Default)]
pub(crate) struct Cluster(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    objects: BTreeMap<String, Value>,
    /// Calls, as `PATCH /path`.
    calls: Vec<String>,
    /// Calls that begin so are refused with this code.
    refused: Option<(String, u16)>,
    version: u64,
}

impl Cluster {
    /// A client of it.
    pub(crate) fn client(&self) -> Client {
        let cluster = self.clone();
        Client::new(
            service_fn(move |request: Request<Body>| {
                let cluster = cluster.clone();
                async move { Ok::<_, Infallible>(cluster.answer(request).await) }
            }),
            "shop",
        )
    }

    /// Puts an object there.
    pub(crate) fn put(&self, path: &str, object: Value) {
        self.0.lock().expect("no panic").objects.insert(path.to_owned(), object);
    }

    /// Takes it away.
    pub(crate) fn take(&self, path: &str) {
        self.0.lock().expect("no panic").objects.remove(path);
    }

    /// What is there.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.0.lock().expect("no panic").objects.get(path).cloned()
    }

    /// The objects directly below a path.
    pub(crate) fn below(&self, path: &str) -> Vec<Value> {
        let inside = self.0.lock().expect("no panic");
        let is_below = |key: &&String| key.strip_prefix(path).is_some_and(|rest| !rest[1..].contains('/'));
        inside.objects.keys().filter(is_below).map(|key| inside.objects[key].clone()).collect()
    }

    /// Calls that begin so, since the last time somebody asked.
    pub(crate) fn calls(&self, begin: &str) -> usize {
        let mut inside = self.0.lock().expect("no panic");
        let count = inside.calls.iter().filter(|call| call.starts_with(begin)).count();
        inside.calls.clear();
        count
    }

    /// Refuses calls that begin so, or none.
    pub(crate) fn refuse(&self, call: Option<(&str, u16)>) {
        self.0.lock().expect("no panic").refused = call.map(|(call, code)| (call.to_owned(), code));
    }

    /// Brings a Job to its end, with a pod that left this report.
    pub(crate) fn end(&self, job: &str, at: &str, report: &Report) {
        let path = format!("/apis/batch/v1/namespaces/shop/jobs/{job}");
        let is_done = report.outcome == operator::report::Outcome::Done;
        let mut object = self.get(&path).expect("the Job is there");
        let kind = if is_done { "Complete" } else { "Failed" };
        object["status"] = json!({
            "conditions": [{ "type": kind, "status": "True", "lastTransitionTime": at }],
            "failed": i32::from(!is_done), "succeeded": i32::from(is_done),
        });
        self.put(&path, object);
        self.leave(job, at, i32::from(!is_done), report);
    }

    /// A pod of a Job has ended, and the Job may go on.
    pub(crate) fn leave(&self, job: &str, at: &str, exit_code: i32, report: &Report) {
        let message = report.to_message().expect("a message");
        let ended = json!({ "exitCode": exit_code, "finishedAt": at, "message": message });
        let count = self.below("/api/v1/namespaces/shop/pods").len();
        self.put(
            &format!("/api/v1/namespaces/shop/pods/{job}-{count}"),
            json!({
                "metadata": { "name": format!("{job}-{count}"), "labels": { "batch.kubernetes.io/job-name": job } },
                "status": { "containerStatuses": [{
                    "name": "migrator", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                    "state": { "terminated": ended },
                }] },
            }),
        );
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let path = head.uri.path().to_owned();
        let (status, value) = self.judge(&head.method, &path, body);
        let response = Response::builder().status(status).header("content-type", "application/json");
        response.body(Body::from(value.to_string().into_bytes())).expect("an answer")
    }

    fn judge(&self, method: &Method, path: &str, body: Value) -> (u16, Value) {
        let mut inside = self.0.lock().expect("no panic");
        let call = format!("{method} {path}");
        inside.calls.push(call.clone());
        if let Some((begin, code)) = &inside.refused
            && call.starts_with(begin.as_str())
        {
            return (*code, failure(*code));
        }
        let (object, part) = match path.strip_suffix("/status") {
            Some(object) => (object.to_owned(), Some("status")),
            None => (path.to_owned(), None),
        };
        match *method {
            Method::GET if is_list(path) => {
                let below = |key: &&String| key.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
                let items: Vec<Value> =
                    inside.objects.keys().filter(below).map(|key| inside.objects[key].clone()).collect();
                (200, json!({ "metadata": {}, "items": items }))
            }
            Method::GET => inside.objects.get(path).map_or((404, failure(404)), |found| (200, found.clone())),
            Method::DELETE => match inside.objects.remove(path) {
                Some(gone) => (200, gone),
                None => (404, failure(404)),
            },
            Method::POST => {
                let name = body["metadata"]["name"].as_str().unwrap_or("made").to_owned();
                inside.store(&format!("{path}/{name}"), body)
            }
            Method::PUT => {
                let stored =
                    inside.objects.get(path).map(|found| found["metadata"]["resourceVersion"].clone());
                if stored.is_some_and(|version| version != body["metadata"]["resourceVersion"]) {
                    return (409, failure(409));
                }
                inside.store(path, body)
            }
            _ => {
                let known = inside.objects.get(&object).cloned();
                if part.is_some() && known.is_none() {
                    return (404, failure(404));
                }
                let mut value = known.unwrap_or_else(|| json!({}));
                match part {
                    // Whoever applies owns what is there: what is not applied again is gone.
                    Some(part) => value[part] = body[part].clone(),
                    None => merge(&mut value, &body),
                }
                inside.store(&object, value)
            }
        }
    }
}

impl Inside {
    fn store(&mut self, path: &str, mut object: Value) -> (u16, Value) {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.objects.insert(path.to_owned(), object.clone());
        (200, object)
    }
}

fn is_list(path: &str) -> bool {
    ["/jobs", "/pods", "/schemamigrations", "/leases", "/events"].iter().any(|kind| path.ends_with(kind))
}

fn failure(code: u16) -> Value {
    let reason = match code {
        404 => "NotFound",
        409 => "Conflict",
        403 => "Forbidden",
        _ => "InternalError",
    };
    json!({ "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason })
}
