//! The statements as JSON Schemas (draft 2020-12), one document for each type and one for the envelope.
//!
//! Made from the types that parse, so that what a schema allows and what is read do not drift apart. A schema
//! says the form only: which party ids exist and what the rules allow is not known here.

use serde_json::{Map, Value, json};
use utoipa::PartialSchema as _;

use crate::statement::{REFERENCE_CHARS_MAX, StatementType};
use crate::types::{Origin, PartyId, Timestamp};

/// Where the schemas have their names: `<base><type>.json`.
pub const SCHEMA_BASE: &str = "https://tallystick.org/schemas/";

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of the `data` of a type, complete in itself.
pub fn json_schema(kind: StatementType) -> Value {
    let (schema, named) = kind.schema();
    let definitions: Map<String, Value> =
        named.into_iter().map(|(name, schema)| (name, closed(to_value(&schema)))).collect();
    let mut document = closed(to_value(&schema));
    if let Value::Object(members) = &mut document {
        members.insert("$schema".to_owned(), DRAFT.into());
        members.insert("$id".to_owned(), format!("{SCHEMA_BASE}{kind}.json").into());
        members.insert("title".to_owned(), kind.as_str().into());
        if !definitions.is_empty() {
            members.insert("$defs".to_owned(), definitions.into());
        }
    }
    document
}

/// The schema of the whole payload of a statement; that of its `data` is the document of its type.
pub fn envelope_schema() -> Value {
    let names: Vec<&str> = StatementType::ALL.iter().map(|kind| kind.as_str()).collect();
    let data = |name: &&str| {
        json!({
            "if": {"properties": {"type": {"const": name}}},
            "then": {"properties": {"data": {"$ref": format!("{SCHEMA_BASE}{name}.json")}}},
        })
    };
    json!({
        "$schema": DRAFT,
        "$id": format!("{SCHEMA_BASE}statement.json"),
        "title": "statement",
        "description": "The payload of a statement: a CloudEvents 1.0 object. It is signed as a compact JWS.",
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "registry", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {
                "type": "string", "minLength": 1, "maxLength": REFERENCE_CHARS_MAX,
                "description": "The author's own id of the statement, without control characters.",
            },
            "source": closed(to_value(&PartyId::schema())),
            "type": {"enum": names},
            "time": closed(to_value(&Timestamp::schema())),
            "registry": closed(to_value(&Origin::schema())),
            "datacontenttype": {"const": "application/json"},
            "data": {"type": "object"},
        },
        "additionalProperties": false,
        "allOf": names.iter().map(data).collect::<Vec<Value>>(),
    })
}

fn to_value(schema: &impl serde::Serialize) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

/// Refers to definitions of the same document, and refuses unknown members in every object, also in the variants
/// of an enumeration, where the derived schema does not say so.
fn closed(schema: Value) -> Value {
    match schema {
        Value::Object(members) => {
            let is_object = members.contains_key("properties");
            let mut closed_members: Map<String, Value> =
                members.into_iter().map(|(name, value)| (name, closed(value))).collect();
            if let Some(Value::String(target)) = closed_members.get_mut("$ref")
                && let Some(name) = target.strip_prefix("#/components/schemas/")
            {
                *target = format!("#/$defs/{name}");
            }
            if is_object {
                closed_members.insert("additionalProperties".to_owned(), false.into());
            }
            Value::Object(closed_members)
        }
        Value::Array(items) => items.into_iter().map(closed).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema,
    }
}
