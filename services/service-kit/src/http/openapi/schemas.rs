//! The words that schemas are made of: each kind of value with its bounds, as the parsers of `order-model` draw them.

use order_model::OrderId;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Ref, Schema, SchemaFormat, SchemaType, Type,
};

/// Control characters, NUL among them.
const CONTROL: &str = r"\x00-\x1f\x7f-\x9f";

/// A value's description: a schema, or the name of one.
pub type Shape = RefOr<Schema>;

/// An object: all of `required` are there, `optional` ones may be. Others are ignored in requests and may come in answers.
pub fn record<const N: usize, const M: usize>(
    about: &str,
    required: [(&str, Shape); N],
    optional: [(&str, Shape); M],
) -> Shape {
    let object = of(Type::Object, about);
    let object = required
        .into_iter()
        .fold(object, |object, (name, shape)| object.property(name, shape).required(name));
    optional.into_iter().fold(object, |object, (name, shape)| object.property(name, shape)).into()
}

/// The schema of this name.
pub fn named(schema: &str) -> Shape {
    Ref::from_schema_name(schema).into()
}

/// A list of one kind of thing.
pub fn list(about: &str, items: Shape) -> Shape {
    ArrayBuilder::new().description(Some(about)).items(items).into()
}

/// The same value, or `null`.
#[must_use]
pub fn or_null(shape: Shape) -> Shape {
    match shape {
        RefOr::T(Schema::Object(mut object)) => {
            if let SchemaType::Type(schema_type) = object.schema_type {
                object.schema_type = SchemaType::from_iter([schema_type, Type::Null]);
            }
            if let Some(values) = &mut object.enum_values {
                values.push(serde_json::Value::Null);
            }
            object.into()
        }
        other => OneOfBuilder::new().item(other).item(of(Type::Null, "Nothing.")).into(),
    }
}

/// Takes the description out, for a place that has its own.
pub(super) fn take_description(shape: &mut Shape) -> Option<String> {
    match shape {
        RefOr::T(Schema::Object(object)) => object.description.take(),
        _ => None,
    }
}

fn of(schema_type: Type, about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(schema_type).description(Some(about))
}

/// Any text.
pub fn text(about: &str) -> Shape {
    of(Type::String, about).into()
}

/// A text of this many characters that matches `pattern`, which must exclude NUL.
pub fn pattern(about: &str, pattern: &str, min: usize, max: usize) -> Shape {
    of(Type::String, about).pattern(Some(pattern)).min_length(Some(min)).max_length(Some(max)).into()
}

/// `*`, or entity tags: as many as the headers have room for, which no length can say.
pub fn entity_tags(about: &str) -> Shape {
    let tag = r#"(W/)?"[^"\x00-\x1f\x7f-\xff]*""#;
    of(Type::String, about).pattern(Some(format!(r"^(\*|{tag}( *, *{tag})*)$"))).into()
}

/// One of these names.
pub fn names<'a>(about: &str, names: impl IntoIterator<Item = &'a str>) -> Shape {
    of(Type::String, about).enum_values(Some(names)).into()
}

/// `true` or `false`.
pub fn boolean(about: &str) -> Shape {
    of(Type::Boolean, about).into()
}

/// A whole number from `min` to `max`.
pub fn integer(about: &str, min: i64, max: i64) -> Shape {
    of(Type::Integer, about)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(min))
        .maximum(Some(max))
        .into()
}

/// An order's id.
pub fn order_id(about: &str) -> Shape {
    integer(about, 1, OrderId::MAX.get())
}

/// An order's version: how often it has changed, its making included.
pub fn version(about: &str) -> Shape {
    integer(about, 1, OrderId::MAX.get())
}

/// A user's id or name.
pub fn identity(about: &str) -> Shape {
    let edge = format!(r"[^\s{CONTROL}]");
    pattern(about, &format!("^{edge}([^{CONTROL}]*{edge})?$"), 1, 255)
}

/// Why somebody did something, in their words: line breaks and tabs may be in it.
pub fn reason(about: &str) -> Shape {
    let plain = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]";
    pattern(about, &format!(r"^{plain}*[^\s{CONTROL}]{plain}*$"), 1, 500)
}

/// A model's id in the catalog.
pub fn model_id(about: &str) -> Shape {
    pattern(about, "^[0-9a-fA-F]{24}$", 24, 24)
}

/// An amount of money, as it goes out.
pub fn money(about: &str) -> Shape {
    of(Type::Number, about).minimum(Some(0)).maximum(Some(9_999_999_999.99)).into()
}

/// An amount of money, as it comes in: whole cents.
pub fn money_given(about: &str) -> Shape {
    of(Type::Number, about).minimum(Some(0)).maximum(Some(9_999_999_999.99)).multiple_of(Some(0.01)).into()
}

/// A point in time, RFC 3339 in UTC.
pub fn time(about: &str) -> Shape {
    of(Type::String, about).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into()
}

/// Where a page ended.
pub fn cursor(about: &str) -> Shape {
    pattern(about, "^[A-Za-z0-9_-]+$", 1, 64)
}

/// An object with any keys but such as hold NUL.
pub fn free_object(about: &str) -> Shape {
    let key = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^[^\x00]*$"));
    of(Type::Object, about).property_names(Some(key.build())).into()
}
