//! What the API server makes of an `IAMRole`: defaults, and the rules of the schema about names
//! that are pinned.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::Value;

use crate::{api::RoleStatus, plan::failure::ClusterError};

/// The status as it comes back from JSON: times lose what is below a second.
pub(super) fn as_stored(status: &RoleStatus) -> Result<RoleStatus, ClusterError> {
    let refused = |error: serde_json::Error| ClusterError::Refused(error.to_string());
    let mut seen: Vec<&str> = Vec::new();
    for condition in &status.conditions {
        if seen.contains(&condition.type_.as_str()) {
            return Err(ClusterError::Refused(format!(
                "status.conditions: Duplicate value: {}",
                condition.type_
            )));
        }
        seen.push(&condition.type_);
    }
    serde_json::to_value(status).and_then(serde_json::from_value).map_err(refused)
}

/// The conditions after a server-side apply, in which they are a map by `type`: what the controller
/// applied `before` and leaves out now goes, and what others wrote stays where it stands.
pub(super) fn applied(
    old: &[Condition],
    before: &BTreeSet<String>,
    new: Vec<Condition>,
) -> Vec<Condition> {
    let is = |type_: &str, conditions: &[Condition]| conditions.iter().any(|c| c.type_ == type_);
    let named = new.clone();
    let mut new = new.into_iter();
    let mut merged = Vec::new();
    for old in old {
        if is(&old.type_, &merged) {
            continue;
        }
        if is(&old.type_, &named) {
            for next in new.by_ref() {
                let reached = next.type_ == old.type_;
                merged.push(next);
                if reached {
                    break;
                }
            }
        } else if !before.contains(&old.type_) {
            merged.push(old.clone());
        }
    }
    merged.extend(new);
    merged
}

/// `spec.roleName` and `spec.path`, where given, must be what the status has resolved. A rule of
/// the schema.
pub(super) fn pinned(spec: &str, status: &RoleStatus) -> Result<(), ClusterError> {
    let spec = parse(spec)?;
    for (field, resolved) in [("roleName", &status.role_name), ("path", &status.path)] {
        if let (Some(asked), Some(resolved)) = (spec.get(field).and_then(Value::as_str), resolved)
            && asked != resolved
        {
            return Err(ClusterError::Refused(format!(
                "spec.{field}: {asked} is not what status has: {resolved}"
            )));
        }
    }
    Ok(())
}

/// Status of an object that was just created: the one default of the schema.
pub(super) fn fresh_status() -> RoleStatus {
    RoleStatus { observed_generation: Some(-1), ..RoleStatus::default() }
}

pub(super) fn parse(spec: &str) -> Result<Value, ClusterError> {
    serde_json::from_str(spec).map_err(|error| ClusterError::Refused(format!("spec: {error}")))
}

/// `spec.roleName` and `spec.path` may not change once set. A rule of the schema.
pub(super) fn unchanged(old: &Value, new: &Value) -> Result<(), ClusterError> {
    for field in ["roleName", "path"] {
        if let Some(before) = old.get(field)
            && new.get(field) != Some(before)
        {
            return Err(ClusterError::Refused(format!("spec.{field} may not change once set")));
        }
    }
    Ok(())
}
