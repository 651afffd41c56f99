//! Walks a merged configuration beside its schema: types the environment's texts a leaf at a time, and lists every mistake.
//! serde would stop at the first one, and would guess a type from a text's looks.

use figment::value::{Dict, Num, Value};
use serde_json::{Map, Value as Json};

use super::DumpedValue;
use super::Listen;
use super::layers::Layers;
use super::mistake::Mistake;
use super::secret::MASK;

/// How alike a misspelt key must be to a known one to be taken for it (Jaro-Winkler, 1.0 is equal).
const SIMILARITY_MIN: f64 = 0.75;

/// The schema's word for the one kind of text that has a form of its own.
const HOST_PORT: &str = "host-port";

pub(super) struct Walk<'a> {
    layers: &'a Layers,
    found: Vec<Mistake>,
    values: Vec<DumpedValue>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(layers: &'a Layers) -> Self {
        Self { layers, found: layers.conflicts.clone(), values: Vec::new() }
    }

    pub(super) fn root(&mut self, schema: &Json) -> Json {
        let mut known = Vec::new();
        collect_keys(schema, "", &mut known);
        self.section(&self.layers.root, schema, "", &known)
    }

    pub(super) fn finish(self) -> (Vec<Mistake>, Vec<DumpedValue>) {
        (self.found, self.values)
    }

    fn section(&mut self, dict: &Dict, schema: &Json, path: &str, known: &[String]) -> Json {
        let properties = properties(schema);
        for (name, value) in dict {
            if properties.is_none_or(|properties| !properties.contains_key(name)) {
                self.unknown(value, &join(path, name), known);
            }
        }
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let mut out = Map::new();
        for (name, schema) in properties.into_iter().flatten() {
            let key = join(path, name);
            let is_section = properties_of(schema).is_some();
            match dict.get(name) {
                Some(Value::Dict(_, inner)) if is_section => {
                    out.insert(name.clone(), self.section(inner, non_null(schema), &key, known));
                }
                Some(value) => {
                    // A stand-in for what is wrong lets the sections' own checks see all the rest.
                    let leaf = self.leaf(value, schema, &key).unwrap_or_else(|| stand_in(schema));
                    out.insert(name.clone(), leaf);
                }
                None if is_section => {
                    out.insert(name.clone(), self.section(&Dict::new(), non_null(schema), &key, known));
                }
                None if required.contains(&name.as_str()) => {
                    self.found.push(Mistake::missing(&key, format!("must be set: {}", allowed(schema))));
                    out.insert(name.clone(), stand_in(schema));
                }
                None => {}
            }
        }
        Json::Object(out)
    }

    /// Names every leaf below an unknown key: each was written by somebody who thinks that it does something.
    fn unknown(&mut self, value: &Value, key: &str, known: &[String]) {
        if let Value::Dict(_, dict) = value
            && !dict.is_empty()
        {
            for (name, value) in dict {
                self.unknown(value, &join(key, name), known);
            }
            return;
        }
        let problem = match nearest(key, known) {
            Some(near) => format!("unknown key; did you mean {near}?"),
            None => "unknown key".to_owned(),
        };
        self.found.push(Mistake::at(key, &self.layers.origin(value.tag()), problem));
    }

    fn leaf(&mut self, value: &Value, schema: &Json, key: &str) -> Option<Json> {
        let schema = non_null(schema);
        let origin = self.layers.leaf_origin(value);
        let typed =
            typed(value, schema, self.layers.is_untyped(value)).filter(|json| in_bounds(json, schema));
        let Some(json) = typed else {
            self.found.push(Mistake::at(key, &origin, format!("must be {}", allowed(schema))));
            return None;
        };
        let is_secret = schema["writeOnly"] == true || schema["items"]["writeOnly"] == true;
        let value = if is_secret { format!("\"{MASK}\"") } else { json.to_string() };
        self.values.push(DumpedValue { key: key.to_owned(), value, origin });
        Some(json)
    }
}

/// The value as JSON of the schema's type; a text of the environment is read as that type.
fn typed(value: &Value, schema: &Json, untyped: bool) -> Option<Json> {
    let kind = kind(schema);
    match (value, kind) {
        (Value::String(_, text), "integer") if untyped => text.trim().parse::<i64>().ok().map(Json::from),
        (Value::String(_, text), "number") if untyped => {
            text.trim().parse::<f64>().ok().filter(|number| number.is_finite()).map(Json::from)
        }
        (Value::String(_, text), "boolean") if untyped => text.trim().parse::<bool>().ok().map(Json::from),
        (Value::String(_, text), "array") if untyped => {
            let items = text.split(',').filter(|_| !text.trim().is_empty());
            items.map(|item| typed(&Value::from(item.trim()), &schema["items"], true)).collect()
        }
        (Value::String(_, text), "string") => Some(Json::from(text.as_str())),
        (Value::Bool(_, flag), "boolean") => Some(Json::from(*flag)),
        (Value::Num(_, number), "integer") => integer(*number).map(Json::from),
        (Value::Num(_, number), "number") => Some(match *number {
            Num::F64(it) => Some(it).filter(|it| it.is_finite()).map(Json::from)?,
            Num::F32(it) => Some(it).filter(|it| it.is_finite()).map(Json::from)?,
            other => Json::from(integer(other)?),
        }),
        (Value::Array(_, items), "array") => {
            items.iter().map(|item| typed(item, &schema["items"], false)).collect()
        }
        _ => None,
    }
}

fn integer(number: Num) -> Option<i64> {
    number
        .to_i128()
        .or_else(|| number.to_u128().and_then(|it| i128::try_from(it).ok()))
        .and_then(|it| it.try_into().ok())
}

fn in_bounds(json: &Json, schema: &Json) -> bool {
    if let Some(items) = json.as_array() {
        return items.iter().all(|item| in_bounds(item, non_null(&schema["items"])));
    }
    if let Some(number) = json.as_f64() {
        let (min, max) = bounds(schema);
        return min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max);
    }
    match (json.as_str(), choices(schema)) {
        (Some(text), choices) if !choices.is_empty() => choices.contains(&text),
        (Some(text), _) if schema["format"] == HOST_PORT => Listen::try_from(text.to_owned()).is_ok(),
        _ => true,
    }
}

/// The bounds that the schema states, else those of the number's type.
fn bounds(schema: &Json) -> (Option<f64>, Option<f64>) {
    let of_type = match schema["format"].as_str() {
        Some("uint8") => Some((0.0, f64::from(u8::MAX))),
        Some("uint16") => Some((0.0, f64::from(u16::MAX))),
        Some("uint32") => Some((0.0, f64::from(u32::MAX))),
        Some("int8") => Some((f64::from(i8::MIN), f64::from(i8::MAX))),
        Some("int16") => Some((f64::from(i16::MIN), f64::from(i16::MAX))),
        Some("int32") => Some((f64::from(i32::MIN), f64::from(i32::MAX))),
        _ => None,
    };
    let min = schema["minimum"].as_f64().or(of_type.map(|(min, _)| min));
    let max = schema["maximum"].as_f64().or(of_type.map(|(_, max)| max));
    (min, max)
}

/// What a key takes, in words.
fn allowed(schema: &Json) -> String {
    let schema = non_null(schema);
    let choices = choices(schema);
    if !choices.is_empty() {
        return format!("one of: {}", choices.join(", "));
    }
    if schema["format"] == HOST_PORT {
        return "host:port, for example 127.0.0.1:5017".to_owned();
    }
    let bounds = match bounds(schema) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        (Some(min), None) => format!(" of at least {min}"),
        _ => String::new(),
    };
    match kind(schema) {
        "integer" => format!("a whole number{bounds}"),
        "number" => format!("a number{bounds}"),
        "boolean" => "true or false".to_owned(),
        "array" => "a list, items separated by commas in the environment".to_owned(),
        "object" => "a section".to_owned(),
        _ => "a text".to_owned(),
    }
}

/// A value of the right type, for a key whose own is wrong or missing. It is never used: the process does not start.
fn stand_in(schema: &Json) -> Json {
    let schema = non_null(schema);
    if let Some(choice) = choices(schema).last() {
        return Json::from(*choice);
    }
    match kind(schema) {
        "integer" | "number" => schema["minimum"].as_i64().unwrap_or(0).into(),
        "boolean" => false.into(),
        "array" => Json::Array(Vec::new()),
        "object" => Json::Object(Map::new()),
        _ if schema["format"] == HOST_PORT => "127.0.0.1:0".into(),
        _ => "".into(),
    }
}

fn kind(schema: &Json) -> &str {
    match &schema["type"] {
        Json::String(kind) => kind,
        Json::Array(kinds) => {
            kinds.iter().filter_map(Json::as_str).find(|kind| *kind != "null").unwrap_or("string")
        }
        _ => "string",
    }
}

/// The texts that an enumeration allows; empty where the schema is none.
fn choices(schema: &Json) -> Vec<&str> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let described = schema["oneOf"].as_array().into_iter().flatten().map(|variant| &variant["const"]);
    let nested = schema["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|variant| variant["enum"].as_array().into_iter().flatten());
    listed.chain(described).chain(nested).filter_map(Json::as_str).collect()
}

/// The schema without its `null` alternative: an absent key is how a configuration says `null`.
fn non_null(schema: &Json) -> &Json {
    schema["anyOf"]
        .as_array()
        .and_then(|variants| variants.iter().find(|variant| variant["type"] != "null"))
        .unwrap_or(schema)
}

fn properties(schema: &Json) -> Option<&Map<String, Json>> {
    schema["properties"].as_object()
}

fn properties_of(schema: &Json) -> Option<&Map<String, Json>> {
    properties(non_null(schema))
}

fn collect_keys(schema: &Json, path: &str, keys: &mut Vec<String>) {
    for (name, schema) in properties_of(schema).into_iter().flatten() {
        let key = join(path, name);
        if properties_of(schema).is_some() {
            collect_keys(schema, &key, keys);
        } else {
            keys.push(key);
        }
    }
}

fn nearest<'k>(key: &str, known: &'k [String]) -> Option<&'k str> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(key, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate.as_str())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
