//! What must stay true of the chart, whatever its values: held against what Helm makes of it.

mod configuration;
mod confinement;
mod documents;
mod jobs;
mod labels;
mod network;
mod operator;
mod refusals;
mod secrets;
mod values;

use chart::Chart;
use chart::render::{RenderError, Rendering};
use serde_json::Value;

/// The objects of a rendering that the chart takes.
fn objects(rendering: &Rendering) -> Vec<Value> {
    rendering.objects().expect("values that the chart takes")
}

/// What the chart says of values that it refuses; empty where it takes them.
fn refusal(rendering: &Rendering) -> String {
    match rendering.text().err() {
        Some(RenderError::Refused(said)) => said,
        other => {
            assert!(other.is_none(), "{other:?}");
            String::new()
        }
    }
}

/// Everything that the folder `ci` of the chart makes, by the name of the file.
fn matrix() -> Vec<(String, Vec<Value>)> {
    let names = Chart::Atelier.matrix().expect("the folder ci");
    assert!(names.len() > 7, "{names:?}");
    names.into_iter().map(|name| (name.clone(), objects(&Rendering::of(&name)))).collect()
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// An object's kind and name.
fn name(object: &Value) -> String {
    format!("{} {}", text(object, "/kind"), text(object, "/metadata/name"))
}

/// What an object's pods are made of, if it has any.
fn pod_template(object: &Value) -> Option<&Value> {
    if text(object, "/kind") == "Pod" {
        return Some(object);
    }
    object.pointer("/spec/template").or_else(|| object.pointer("/spec/jobTemplate/spec/template"))
}
