//! What the double knows of a model. A model that was not given to it follows from its id, so a test can say what to expect.

use serde_json::{Value, json};

use crate::Price;

const WHAT: [&str; 8] = ["Chair", "Lamp", "Shelf", "Bowl", "Table", "Bench", "Frame", "Stool"];
const OF: [&str; 5] = ["oak", "ash", "walnut", "cherry", "steel"];

/// A model as the catalog shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// 24 hex digits.
    pub model_id: String,
    /// What it is called.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// The format of its file.
    pub format: String,
    /// Its price in hundredths.
    pub price_cents: u32,
    /// Who made it.
    pub created_by: String,
}

impl Model {
    /// The model of an id, by arithmetic. `None` if the id is not 24 hex digits.
    pub fn of(model_id: &str) -> Option<Self> {
        if model_id.len() != 24 {
            return None;
        }
        let number = u128::from_str_radix(model_id, 16).ok()?;
        let pick = |words: &[&'static str], salt: u128| -> &'static str {
            usize::try_from((number / salt) % words.len() as u128)
                .ok()
                .and_then(|at| words.get(at))
                .copied()
                .unwrap_or("")
        };
        let (what, of) = (pick(&WHAT, 1), pick(&OF, 8));
        Some(Self {
            model_id: model_id.to_owned(),
            name: format!("{what} of {of}"),
            description: format!("A {} of {of}, made to order.", what.to_lowercase()),
            format: "step".to_owned(),
            price_cents: u32::try_from(number % 100_000).unwrap_or_default(),
            created_by: format!("maker-{}", number % 10),
        })
    }

    /// The price as text with two decimals, as the services pass it on.
    pub fn price_text(&self) -> String {
        format!("{}.{:02}", self.price_cents / 100, self.price_cents % 100)
    }

    /// The object under `model` in an answer.
    pub fn json(&self, price: Price) -> Value {
        let price = match price {
            Price::Number => json!(f64::from(self.price_cents) / 100.0),
            Price::Text => json!(self.price_text()),
        };
        json!({
            "model_id": self.model_id,
            "name": self.name,
            "description": self.description,
            "format": self.format,
            "price": price,
            "created_by": self.created_by,
        })
    }
}
