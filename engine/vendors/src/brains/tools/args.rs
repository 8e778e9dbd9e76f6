//! Arguments as models write them, against the schema they were told.

use serde_json::{Map, Value};

/// The arguments in `text`, if they fit `schema`.
///
/// What is checked is what a model gets wrong: no JSON, something missing, of another kind, or none
/// of those allowed. The rest of JSON Schema is the tool's own to check.
///
/// # Errors
/// What is wrong, in words for the model.
pub(super) fn read(text: &str, schema: &Value) -> Result<Map<String, Value>, String> {
    let value: Value =
        serde_json::from_str(text).map_err(|_| "arguments are no JSON".to_owned())?;
    let Value::Object(arguments) = value else {
        return Err("arguments are no object".to_owned());
    };
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in names.filter_map(Value::as_str) {
        let is_blank = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
        match arguments.get(name) {
            None | Some(Value::Null) => return Err(format!("{name} is missing")),
            Some(value) if is_blank(value) => return Err(format!("{name} is empty")),
            Some(_) => (),
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, value) in &arguments {
        let Some(property) = properties.and_then(|properties| properties.get(name)) else {
            if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
                return Err(format!("{name} is no argument of this tool"));
            }
            continue;
        };
        check(name, value, property)?;
    }
    Ok(arguments)
}

fn check(name: &str, value: &Value, property: &Value) -> Result<(), String> {
    if let Some(kind) = property.get("type").and_then(Value::as_str) {
        let fits = match kind {
            "string" => value.is_string(),
            "number" => value.is_number(),
            "integer" => value.is_i64() || value.is_u64(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            _ => true,
        };
        if !fits {
            return Err(format!("{name} must be of type {kind}"));
        }
    }
    if let Some(allowed) = property.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
        return Err(format!("{name} must be one of {}", allowed.join(", ")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_models_get_wrong_is_told() {
        let schema = json!({ "type": "object", "required": ["day"], "additionalProperties": false,
            "properties": { "day": { "type": "string", "enum": ["monday", "friday"] },
                            "people": { "type": "integer" } } });
        let check = |text: &str| read(text, &schema).map(|arguments| arguments.len());
        assert_eq!(check("{\"day\":\"friday\",\"people\":2}"), Ok(2));
        for (text, wrong) in [
            ("{\"day\":", "arguments are no JSON"),
            ("3", "arguments are no object"),
            ("{}", "day is missing"),
            ("{\"day\":\" \"}", "day is empty"),
            ("{\"day\":3}", "day must be of type string"),
            ("{\"day\":\"sunday\"}", "day must be one of \"monday\", \"friday\""),
            ("{\"day\":\"friday\",\"people\":2.5}", "people must be of type integer"),
            ("{\"day\":\"friday\",\"x\":1}", "x is no argument of this tool"),
        ] {
            assert_eq!(check(text), Err(wrong.to_owned()), "{text}");
        }
    }
}
