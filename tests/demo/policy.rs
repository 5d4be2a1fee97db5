//! Policy documents as AWS delivers them: read, compared by content, and put into words. Written
//! anew here, so that what the table says does not rest on the code that it is about.

use anyhow::Context;
use serde_json::{Map, Value};

/// A document from an answer of IAM, which sends it with percent-encoding (RFC 3986).
///
/// # Errors
/// When it is no JSON.
pub fn read(encoded: &str) -> anyhow::Result<Value> {
    let text = decoded(encoded);
    let value: Value =
        serde_json::from_str(&text).with_context(|| format!("a policy document of AWS: {text}"))?;
    Ok(canonical(&value))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |digit: Option<u8>| digit.and_then(|digit| char::from(digit).to_digit(16));
        match byte {
            b'%' => match (hex(rest.next()), hex(rest.next())) {
                (Some(high), Some(low)) => bytes.extend(u8::try_from(high * 16 + low)),
                _ => bytes.push(b'?'),
            },
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The same content in one form: IAM keeps no order in lists, and one value may stand with or
/// without brackets.
pub fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(canonical).collect();
            items.sort_by_key(Value::to_string);
            items.dedup();
            if items.len() == 1 { items.remove(0) } else { Value::Array(items) }
        }
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), canonical(value))).collect()
        }
        other => other.clone(),
    }
}

/// One sentence for each statement.
pub fn words(document: &Value) -> String {
    let statements = each(document.get("Statement").unwrap_or(&Value::Null));
    statements.iter().filter_map(Value::as_object).map(statement).collect::<Vec<_>>().join("\n")
}

fn statement(fields: &Map<String, Value>) -> String {
    let list = |key: &str| fields.get(key).map(values);
    let mut text = list("Effect").unwrap_or_default();
    for (key, before) in [
        ("Action", ""),
        ("NotAction", "all but "),
        ("Resource", "on "),
        ("NotResource", "on all but "),
    ] {
        if let Some(list) = list(key) {
            text = format!("{text} {before}{list}");
        }
    }
    match fields.get("Principal") {
        Some(Value::Object(kinds)) => {
            let kinds: Vec<String> =
                kinds.iter().map(|(kind, list)| format!("{kind} {}", values(list))).collect();
            text = format!("{text} to {}", kinds.join(" and "));
        }
        Some(anyone) => text = format!("{text} to {}", values(anyone)),
        None => {}
    }
    let conditions = fields.get("Condition").and_then(Value::as_object).into_iter().flatten();
    let conditions: Vec<String> = conditions
        .flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, list)| format!("{key} {operator} {}", values(list)))
        })
        .collect();
    if conditions.is_empty() { text } else { format!("{text} if {}", conditions.join(" and ")) }
}

fn values(list: &Value) -> String {
    let texts = each(list)
        .iter()
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    texts.collect::<Vec<_>>().join(", ")
}

fn each(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}
