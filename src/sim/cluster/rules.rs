//! What the API server makes of an object: defaults, and the rules of the schema about names of
//! roles that are pinned.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    api::{kind::Kind, kinds::iam_role::IamRole},
    plan::failure::ClusterError,
};

/// The status as it comes back from JSON: times lose what is below a second.
pub(super) fn as_stored<K: Kind>(status: &K::Status) -> Result<Value, ClusterError> {
    let refused = |error: serde_json::Error| ClusterError::Refused(error.to_string());
    let status = serde_json::to_value(status).map_err(refused)?;
    let mut seen: Vec<&Value> = Vec::new();
    for of_type in conditions(&status).iter().filter_map(|condition| condition.get("type")) {
        if seen.contains(&of_type) {
            return Err(ClusterError::Refused(format!(
                "status.conditions: Duplicate value: {of_type}"
            )));
        }
        seen.push(of_type);
    }
    serde_json::from_value::<K::Status>(status.clone()).map_err(refused)?;
    Ok(status)
}

fn conditions(status: &Value) -> &[Value] {
    status.get("conditions").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn type_of(condition: &Value) -> &str {
    condition.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// Types of the conditions in a status.
pub(super) fn condition_types(status: &Value) -> BTreeSet<String> {
    conditions(status).iter().map(|condition| type_of(condition).to_owned()).collect()
}

/// The status after a server-side apply of `new`. Conditions are a map by `type` in it: what the
/// controller applied `before` and leaves out now goes, and what others wrote stays where it
/// stands.
pub(super) fn applied(old: &Value, before: &BTreeSet<String>, new: Value) -> Value {
    let merged = merged(conditions(old), before, conditions(&new));
    with_conditions(new, merged)
}

fn merged(old: &[Value], before: &BTreeSet<String>, new: &[Value]) -> Vec<Value> {
    let is = |of_type: &str, conditions: &[Value]| conditions.iter().any(|c| type_of(c) == of_type);
    let mut rest = new.iter();
    let mut merged = Vec::new();
    for old in old {
        let of_type = type_of(old);
        if is(of_type, &merged) {
            continue;
        }
        if is(of_type, new) {
            for next in rest.by_ref() {
                merged.push(next.clone());
                if type_of(next) == of_type {
                    break;
                }
            }
        } else if !before.contains(of_type) {
            merged.push(old.clone());
        }
    }
    merged.extend(rest.cloned());
    merged
}

/// Puts a condition in front of all others, in place of that of its type.
pub(super) fn put_condition(status: &mut Value, condition: &Value) {
    let others = conditions(status).iter().filter(|old| type_of(old) != type_of(condition));
    let all = [condition].into_iter().chain(others).cloned().collect();
    *status = with_conditions(status.take(), all);
}

/// The status with these conditions; without any, one that lacks the field goes on lacking it.
fn with_conditions(mut status: Value, conditions: Vec<Value>) -> Value {
    if let Some(fields) = status.as_object_mut()
        && (!conditions.is_empty() || fields.contains_key("conditions"))
    {
        fields.insert("conditions".to_owned(), conditions.into());
    }
    status
}

/// `spec.roleName` and `spec.path`, where given, must be what the status has resolved. A rule of
/// the schema.
pub(super) fn pinned(kind: &str, spec: &str, status: &Value) -> Result<(), ClusterError> {
    let spec = parse(spec)?;
    for field in pinned_fields(kind) {
        let text = |part: &Value| part.get(field).and_then(Value::as_str).map(str::to_owned);
        if let (Some(asked), Some(resolved)) = (text(&spec), text(status))
            && asked != resolved
        {
            return Err(ClusterError::Refused(format!(
                "spec.{field}: {asked} is not what status has: {resolved}"
            )));
        }
    }
    Ok(())
}

/// Status of an object that was just created: the one default of the schema. A kind whose status
/// has no such field does not see it.
pub(super) fn fresh_status() -> Value {
    json!({"observedGeneration": -1})
}

fn pinned_fields(kind: &str) -> &'static [&'static str] {
    if kind == IamRole::row().name() { &["roleName", "path"] } else { &[] }
}

pub(super) fn parse(spec: &str) -> Result<Value, ClusterError> {
    serde_json::from_str(spec).map_err(|error| ClusterError::Refused(format!("spec: {error}")))
}

/// `spec.roleName` and `spec.path` may not change once set. A rule of the schema.
pub(super) fn unchanged(kind: &str, old: &Value, new: &Value) -> Result<(), ClusterError> {
    for field in pinned_fields(kind) {
        if let Some(before) = old.get(field)
            && new.get(field) != Some(before)
        {
            return Err(ClusterError::Refused(format!("spec.{field} may not change once set")));
        }
    }
    Ok(())
}
