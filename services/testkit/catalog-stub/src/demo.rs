//! A dozen models with names that read well, for the demonstration system.

use crate::Model;

/// Number at the end of the id, name, description, price in hundredths, maker.
const MODELS: [(u32, &str, &str, u32, &str); 12] = [
    (1, "Reading chair", "A low oak chair with a leather sling, for long evenings.", 48_000, "maren"),
    (2, "Garden bench", "Three seats of larch that weather to silver.", 62_500, "maren"),
    (3, "Desk lamp", "Brushed brass, one arm, a linen shade.", 17_900, "tomas"),
    (4, "Wall shelf", "Ash on a hidden rail, cut to the length you name.", 9_900, "tomas"),
    (5, "Fruit bowl", "Turned cherry, oiled, thirty centimetres wide.", 7_450, "ines"),
    (6, "Step stool", "Two steps that fold flat behind a door.", 8_800, "ines"),
    (7, "Letter box", "Folded steel with a brass flap and your name.", 13_900, "jonas"),
    (8, "Coat rack", "Seven turned pegs on a walnut board.", 6_750, "jonas"),
    (9, "Dining table", "Solid oak for eight, with two drawers for cards.", 189_000, "maren"),
    (10, "Picture frame", "Mitred walnut with museum glass, any size.", 5_900, "ines"),
    (11, "Book press", "Cast iron and beech, for binding at home.", 23_400, "tomas"),
    (12, "Rocking horse", "Ash and horsehair, for riders up to five.", 31_000, "jonas"),
];

/// The models.
pub fn models() -> Vec<Model> {
    let model = |&(number, name, description, price_cents, maker): &(u32, &str, &str, u32, &str)| Model {
        model_id: model_id(number),
        name: name.to_owned(),
        description: description.to_owned(),
        format: "step".to_owned(),
        price_cents,
        created_by: maker.to_owned(),
    };
    MODELS.iter().map(model).collect()
}

/// The id of the model with this number, 1 to 12.
pub fn model_id(number: u32) -> String {
    format!("a7e11e5{number:017x}")
}
