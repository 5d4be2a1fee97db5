//! What each user asked of the API server and wrote to it, from its audit log.

use std::path::Path;
use std::process::Command;

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

/// The events of a user, oldest first; also those in which the administrator acts as that user.
pub fn events(log: &Path, user: &str) -> Vec<Value> {
    // The log of a whole suite is long, and unoptimised code slow: grep picks the lines that may be
    // meant.
    let lines = Command::new("grep")
        .args(["-F", "-e", user])
        .arg(log)
        .output()
        .expect("grep starts")
        .stdout;
    let events = String::from_utf8_lossy(&lines).into_owned();
    let events = events.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let acting = |event: &Value| -> bool {
        let acting =
            event.pointer("/impersonatedUser/username").or_else(|| event.pointer("/user/username"));
        acting.is_some_and(|acting| acting == user)
    };
    events.filter(acting).collect()
}

pub fn writes(log: &Path, user: &str) -> Vec<AuditWrite> {
    events(log, user).iter().filter_map(write).collect()
}

fn write(event: &Value) -> Option<AuditWrite> {
    let text = |pointer: &str| {
        event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let verb = text("/verb");
    if text("/stage") != "ResponseComplete" || !WRITES.contains(&verb.as_str()) {
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
