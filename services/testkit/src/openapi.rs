//! An OpenAPI document held against itself and against real answers: references resolve, examples and answers fit their schemas.
//!
//! Stricter than JSON Schema in one point: a key that a schema does not name is a mistake, because then the document lags behind
//! the code. Patterns are not looked at; everything else that our schemas say is.

mod held;

use serde_json::Value;

pub use held::{Held, Outcome, Route};

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// A document.
#[derive(Debug)]
pub struct Document(Value);

/// One operation of it.
#[derive(Debug, Clone, Copy)]
pub struct Operation<'a> {
    /// In small letters, as the document writes it.
    pub method: &'a str,
    /// With its parameters in braces.
    pub path: &'a str,
    /// What the document says of it.
    pub object: &'a Value,
}

impl Document {
    /// Reads one.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }

    /// The whole of it.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Every operation, in the document's order of paths.
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let paths = entries(&self.0["paths"]);
        let operations = paths.flat_map(|(path, item)| {
            entries(item).filter_map(move |(method, operation)| {
                let method = METHODS.iter().find(|known| **known == method)?;
                Some(Operation { method, path, object: operation })
            })
        });
        operations.collect()
    }

    /// What is wrong with the document, each with its place.
    pub fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.find_in(&self.0, "#", &mut found);
        found
    }

    /// What is wrong with an answer: its status is not declared, or its body is not what was declared.
    pub fn mistakes_of_answer(
        &self,
        operation: Operation<'_>,
        status: u16,
        body: Option<&Value>,
    ) -> Vec<String> {
        let Some(response) = operation.object["responses"].get(status.to_string()) else {
            return vec![format!("{status} is not declared")];
        };
        let declared = entries(&response["content"]).next();
        match (declared, body) {
            (None, None) => Vec::new(),
            (Some((_, content)), Some(body)) => self.mistakes_of(&content["schema"], body, "body"),
            (Some(_), None) => vec!["a body is declared, and there is none".to_owned()],
            (None, Some(_)) => vec!["there is a body, and none is declared".to_owned()],
        }
    }

    /// The name of every example of a refusal, without what tells several of one code apart.
    pub fn codes_shown(&self) -> Vec<String> {
        let responses = self.operations();
        let responses = responses.iter().flat_map(|operation| entries(&operation.object["responses"]));
        let contents =
            responses.filter_map(|(_, response)| response.pointer("/content/application~1problem+json"));
        let examples = contents.flat_map(|content| entries(&content["examples"]));
        let mut codes: Vec<String> = examples
            .filter_map(|(_, example)| example["value"]["code"].as_str().map(str::to_owned))
            .collect();
        codes.sort();
        codes.dedup();
        codes
    }

    fn find_in(&self, value: &Value, place: &str, found: &mut Vec<String>) {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str)
            && self.resolve(value).is_null()
        {
            found.push(format!("{place}: {reference} leads nowhere"));
        }
        if let Some(schema) = value.get("schema") {
            let examples = entries(&value["examples"]).map(|(name, example)| (name, &example["value"]));
            for (name, example) in examples.chain(value.get("example").map(|example| ("example", example))) {
                found.extend(self.mistakes_of(schema, example, &format!("{place}/{name}")));
            }
        }
        for (key, value) in entries(value).filter(|(key, _)| *key != "example" && *key != "examples") {
            self.find_in(value, &format!("{place}/{key}"), found);
        }
        for (index, value) in value.as_array().into_iter().flatten().enumerate() {
            self.find_in(value, &format!("{place}/{index}"), found);
        }
    }

    /// What is wrong with `value`, of which `schema` is said.
    fn mistakes_of(&self, schema: &Value, value: &Value, place: &str) -> Vec<String> {
        let schema = self.resolve(schema);
        if let Some(choices) = schema["oneOf"].as_array() {
            let fits =
                choices.iter().filter(|choice| self.mistakes_of(choice, value, place).is_empty()).count();
            return if fits == 1 { Vec::new() } else { vec![format!("{place}: fits {fits} of the choices")] };
        }
        let mut found = Vec::new();
        if !types(schema).any(|name| is_of(name, value)) {
            return vec![format!("{place}: {value} is no {}", schema["type"])];
        }
        if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
            found.push(format!("{place}: {value} is none of {}", schema["enum"]));
        }
        let length = value.as_str().and_then(|text| u32::try_from(text.chars().count()).ok()).map(f64::from);
        let size = value.as_f64().or(length);
        let bounds = [("minimum", true), ("minLength", true), ("maximum", false), ("maxLength", false)];
        for (name, is_least) in bounds {
            let bound = schema[name].as_f64();
            if size.zip(bound).is_some_and(|(size, bound)| if is_least { size < bound } else { size > bound })
            {
                found.push(format!("{place}: {value} is beyond {name}"));
            }
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            found.extend(self.mistakes_of(&schema["items"], item, &format!("{place}/{index}")));
        }
        if value.is_object() {
            self.check_keys(schema, value, place, &mut found);
        }
        found
    }

    fn check_keys(&self, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if value.get(name).is_none() {
                found.push(format!("{place}: has no {name}"));
            }
        }
        // An object whose keys are ruled by a pattern is its owner's.
        let is_free = schema.get("propertyNames").is_some();
        for (key, value) in entries(value).filter(|_| !is_free) {
            match schema["properties"].get(key) {
                Some(schema) => found.extend(self.mistakes_of(schema, value, &format!("{place}/{key}"))),
                None => found.push(format!("{place}: {key} is not described")),
            }
        }
    }

    /// What a reference leads to; anything else is itself.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.0.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null),
            None => value,
        }
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// The types that a schema allows.
fn types(schema: &Value) -> impl Iterator<Item = &str> {
    schema["type"].as_array().into_iter().flatten().chain([&schema["type"]]).filter_map(Value::as_str)
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r##"{
        "paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/A"}, "example": EXAMPLE
        }}}}}}},
        "components": {"schemas": {"A": {
            "type": "object", "required": ["n"],
            "properties": {
                "n": {"type": "integer", "minimum": 1, "maximum": 3},
                "s": {"type": ["string", "null"], "enum": ["x", null]},
                "l": {"type": "array", "items": {"type": "boolean"}},
                "o": {"type": "object", "propertyNames": {"pattern": "^a$"}}
            }
        }}}
    }"##;

    fn mistakes(example: &str) -> Vec<String> {
        Document::read(&DOCUMENT.replace("EXAMPLE", example)).unwrap().mistakes()
    }

    #[test]
    fn examples_that_fit_are_let_pass() {
        for example in
            [r#"{"n":1}"#, r#"{"n":3,"s":null,"l":[true],"o":{"anything":7}}"#, r#"{"n":2,"s":"x"}"#]
        {
            assert_eq!(mistakes(example), Vec::<String>::new(), "{example}");
        }
    }

    #[test]
    fn each_way_of_not_fitting_is_found() {
        let wrong = [
            "null",
            "{}",
            r#"{"n":0}"#,
            r#"{"n":4}"#,
            r#"{"n":1.5}"#,
            r#"{"n":"1"}"#,
            r#"{"n":1,"s":"y"}"#,
            r#"{"n":1,"l":[1]}"#,
            r#"{"n":1,"l":{}}"#,
            r#"{"n":1,"m":1}"#,
        ];
        for example in wrong {
            assert_eq!(mistakes(example).len(), 1, "{example}");
        }
        let lost = DOCUMENT.replace("schemas/A\"", "schemas/B\"").replace("EXAMPLE", "{}");
        assert!(!Document::read(&lost).unwrap().mistakes().is_empty());
    }

    #[test]
    fn an_answer_that_was_not_declared_is_found() {
        let document = Document::read(&DOCUMENT.replace("EXAMPLE", "{\"n\":1}")).unwrap();
        let operation = document.operations()[0];
        assert_eq!((operation.method, operation.path), ("get", "/a"));
        let body: Value = serde_json::from_str("{\"n\":2}").unwrap();
        assert!(document.mistakes_of_answer(operation, 200, Some(&body)).is_empty());
        assert_eq!(document.mistakes_of_answer(operation, 201, Some(&body)).len(), 1);
        assert_eq!(document.mistakes_of_answer(operation, 200, None).len(), 1);
    }
}
