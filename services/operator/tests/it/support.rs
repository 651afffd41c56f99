//! What the tests share: a migration as most people write it.

use operator::crd::SchemaMigration;
use serde_json::{Value, json};

/// The prefix that images must be below.
pub(crate) const PREFIX: &str = "registry.example.com/atelier";

/// A migration with the facts that nobody can leave out, and with `more` in its spec.
pub(crate) fn migration(more: &Value) -> SchemaMigration {
    let mut object = json!({
        "apiVersion": "migrations.atelier.dev/v1alpha1",
        "kind": "SchemaMigration",
        "metadata": { "name": "atelier", "namespace": "shop", "uid": "11111111-0000-0000-0000-000000000000", "generation": 1 },
        "spec": {
            "image": format!("{PREFIX}/migrator:2.0.0"),
            "database": { "host": "db.example.com", "credentials": { "secret": "atelier-database" } },
        },
    });
    merge(&mut object["spec"], more);
    serde_json::from_value(object).expect("a migration")
}

/// Puts `more` over `value`, key by key.
pub(crate) fn merge(value: &mut Value, more: &Value) {
    match (value, more) {
        (Value::Object(value), Value::Object(more)) => {
            for (key, more) in more {
                merge(value.entry(key).or_insert(Value::Null), more);
            }
        }
        (value, more) => *value = more.clone(),
    }
}
