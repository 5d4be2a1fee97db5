//! What the API server makes of an object: defaults, and the rules of the schema about names of
//! roles that are pinned.

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
    let conditions = status.get("conditions").and_then(Value::as_array).into_iter().flatten();
    for of_type in conditions.filter_map(|condition| condition.get("type")) {
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
