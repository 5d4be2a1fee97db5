//! What each user wrote to the API server, from its audit log.

use std::path::Path;

use serde_json::Value;

/// One write that the API server answered, also a refused one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditWrite {
    pub verb: String,
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    /// HTTP status of the answer.
    pub code: u64,
}

const WRITES: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];

pub fn writes(log: &Path, user: &str) -> Vec<AuditWrite> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|event| write(&event, user))
        .collect()
}

fn write(event: &Value, user: &str) -> Option<AuditWrite> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let acting = event.pointer("/impersonatedUser/username").or_else(|| event.pointer("/user/username"))?;
    let verb = text("/verb");
    if acting != user || text("/stage") != "ResponseComplete" || !WRITES.contains(&verb.as_str()) {
        return None;
    }
    Some(AuditWrite {
        verb,
        resource: text("/objectRef/resource"),
        subresource: text("/objectRef/subresource"),
        namespace: text("/objectRef/namespace"),
        name: text("/objectRef/name"),
        code: event.pointer("/responseStatus/code").and_then(Value::as_u64).unwrap_or_default(),
    })
}
