//! What IAM accepts: lengths, characters and shapes. Source: the AWS service model of IAM and "IAM
//! and AWS STS quotas" in the user guide.

use std::{collections::BTreeSet, fmt::Write};

use serde_json::{Map, Value};

use crate::plan::failure::IamErrorClass;

/// Why a call is refused: the class, and words like AWS's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) class: IamErrorClass,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(class: IamErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(IamErrorClass::Refused, message)
    }

    pub(super) fn no_role(name: &str) -> Self {
        Self::new(IamErrorClass::NotFound, format!("The role with name {name} cannot be found."))
    }
}

/// RFC 3986 percent-encoding as IAM sends documents: everything but the unreserved characters, a
/// space as `%20`.
pub(super) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Characters that count towards a policy's quota.
pub(super) fn size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

fn name_characters(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
}

pub(super) fn role_name(name: &str) -> Result<(), Refusal> {
    if (1..=64).contains(&name.len()) && name_characters(name) {
        return Ok(());
    }
    Err(Refusal::invalid(format!("The specified value for roleName is invalid: {name:?}")))
}

pub(super) fn policy_name(name: &str) -> Result<(), Refusal> {
    if (1..=128).contains(&name.len()) && name_characters(name) {
        return Ok(());
    }
    Err(Refusal::invalid(format!("The specified value for policyName is invalid: {name:?}")))
}

pub(super) fn path(path: &str) -> Result<(), Refusal> {
    let shape = path == "/" || (path.len() > 2 && path.starts_with('/') && path.ends_with('/'));
    if shape && path.len() <= 512 && path.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Refusal::invalid(format!("The specified value for path is invalid: {path:?}")))
}

/// True for paths of roles that only AWS services may change.
pub(super) fn reserved(path: &str) -> bool {
    path.starts_with("/aws-service-role/") || path.starts_with("/aws-reserved/")
}

pub(super) fn description(text: &str) -> Result<(), Refusal> {
    let allowed = |c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{a1}'..='\u{ff}');
    if text.chars().count() <= 1000 && text.chars().all(allowed) {
        return Ok(());
    }
    Err(Refusal::invalid("Value at 'description' failed to satisfy constraint"))
}

pub(super) fn max_session(seconds: i32) -> Result<(), Refusal> {
    if (3600..=43_200).contains(&seconds) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "Value {seconds} at 'maxSessionDuration' failed to satisfy constraint"
    )))
}

fn tag_characters(text: &str) -> bool {
    // Letters, numbers and separators of Unicode, and some signs.
    text.chars().all(|c| {
        c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
    })
}

fn aws_prefix(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

/// Tags of one call: one bad tag refuses all.
pub(super) fn tags<'a>(
    tags: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for (key, value) in tags {
        tag_key(key)?;
        if value.chars().count() > 256 || !tag_characters(value) || aws_prefix(value) {
            return Err(Refusal::invalid(format!("Tag value {value:?} of {key:?} is invalid")));
        }
        if !seen.insert(key.to_lowercase()) {
            return Err(Refusal::invalid(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
    }
    Ok(())
}

pub(super) fn tag_key(key: &str) -> Result<(), Refusal> {
    if (1..=128).contains(&key.chars().count()) && tag_characters(key) && !aws_prefix(key) {
        return Ok(());
    }
    Err(Refusal::invalid(format!("Tag key {key:?} is invalid")))
}

/// A policy ARN of a shape that IAM takes.
pub(super) fn policy_arn(arn: &str) -> Result<(), Refusal> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let shape = match parts.as_slice() {
        ["arn", partition, "iam", "", account, resource] => {
            partition.starts_with("aws")
                && (*account == "aws" || account_id(account))
                && resource.strip_prefix("policy/").is_some_and(|rest| {
                    !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic())
                })
        }
        _ => false,
    };
    if shape { Ok(()) } else { Err(Refusal::invalid(format!("ARN {arn} is not valid."))) }
}

pub(super) fn account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whose permissions a document is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DocumentKind {
    Trust,
    Inline,
}

fn malformed(message: &str) -> Refusal {
    Refusal::invalid(format!("MalformedPolicyDocument: {message}"))
}

/// Parses a policy and checks its grammar; who the principals are is checked elsewhere.
pub(super) fn document(text: &str, kind: DocumentKind) -> Result<Value, Refusal> {
    if text.is_empty() || text.chars().count() > 131_072 {
        return Err(Refusal::invalid(
            "Value at 'policyDocument' failed to satisfy constraint: length",
        ));
    }
    if !text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}')) {
        return Err(Refusal::invalid("The specified value for policyDocument is invalid"));
    }
    let value: Value =
        serde_json::from_str(text).map_err(|_| malformed("This policy contains invalid Json"))?;
    let policy = value.as_object().ok_or_else(|| malformed("Syntax errors in policy."))?;
    for (name, value) in policy {
        let good = match name.as_str() {
            "Version" => value == "2012-10-17" || value == "2008-10-17",
            "Id" => value.is_string(),
            "Statement" => true,
            _ => false,
        };
        if !good {
            return Err(malformed(&format!("Syntax errors in policy: {name}")));
        }
    }
    let statements: Vec<_> = match policy.get("Statement") {
        Some(Value::Array(list)) => list.iter().map(Value::as_object).collect(),
        Some(one) => vec![one.as_object()],
        None => Vec::new(),
    };
    if statements.is_empty() {
        return Err(malformed("Missing required field Statement"));
    }
    let mut sids = BTreeSet::new();
    for fields in statements {
        let fields = fields.ok_or_else(|| malformed("Syntax errors in policy."))?;
        statement(fields, kind)?;
        if let Some(sid) = fields.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty())
            && !sids.insert(sid.to_owned())
        {
            return Err(malformed(&format!(
                "Statement IDs (SID) in a single policy must be unique: {sid}"
            )));
        }
    }
    Ok(value)
}

fn statement(fields: &Map<String, Value>, kind: DocumentKind) -> Result<(), Refusal> {
    for (name, value) in fields {
        let good = match name.as_str() {
            "Sid" => {
                value.as_str().is_some_and(|sid| sid.bytes().all(|b| b.is_ascii_alphanumeric()))
            }
            "Effect" => value == "Allow" || value == "Deny",
            "Action" | "NotAction" => strings(value)
                .is_some_and(|list| !list.is_empty() && list.iter().all(|one| action(one))),
            "Resource" | "NotResource" if kind == DocumentKind::Trust => {
                return Err(malformed("Has prohibited field Resource"));
            }
            "Resource" | "NotResource" => strings(value)
                .is_some_and(|list| !list.is_empty() && list.iter().all(|one| resource(one))),
            "Principal" | "NotPrincipal" if kind == DocumentKind::Inline => {
                return Err(malformed("Policy document should not specify a principal."));
            }
            "Principal" | "NotPrincipal" => principals(value),
            "Condition" => condition(value),
            _ => false,
        };
        if !good {
            return Err(malformed(&format!("Syntax errors in policy: {name}")));
        }
    }
    let one_of = |name, other| fields.contains_key(name) != fields.contains_key(other);
    if !fields.contains_key("Effect") || !one_of("Action", "NotAction") {
        return Err(malformed("Missing required field Effect or Action"));
    }
    let rest = if kind == DocumentKind::Trust {
        one_of("Principal", "NotPrincipal")
    } else {
        one_of("Resource", "NotResource")
    };
    if !rest {
        return Err(malformed("Missing required field Principal or Resource"));
    }
    if kind == DocumentKind::Trust
        && !fields.get("Action").and_then(strings).unwrap_or_default().iter().all(|one| sts(one))
    {
        return Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."));
    }
    Ok(())
}

/// A string or a list of strings, as a list.
pub(super) fn strings(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(one) => Some(vec![one]),
        Value::Array(list) => list.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn action(text: &str) -> bool {
    text == "*"
        || text
            .split_once(':')
            .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
}

fn sts(action: &str) -> bool {
    action.get(..4).is_some_and(|service| service.eq_ignore_ascii_case("sts:"))
}

fn resource(text: &str) -> bool {
    text == "*" || text.starts_with("arn:") || text.starts_with('*') || text.starts_with("${")
}

/// The bare string `"*"` is refused in a trust policy; `{"AWS": "*"}` is taken.
fn principals(value: &Value) -> bool {
    value.as_object().is_some_and(|kinds| {
        !kinds.is_empty()
            && kinds.iter().all(|(kind, names)| {
                ["AWS", "Service", "Federated"].contains(&kind.as_str())
                    && strings(names).is_some_and(|list| !list.is_empty())
            })
    })
}

fn condition(value: &Value) -> bool {
    let scalar = |value: &Value| value.is_string() || value.is_boolean() || value.is_number();
    let values = |value: &Value| {
        value.as_array().map_or_else(|| scalar(value), |list| list.iter().all(scalar))
    };
    value.as_object().is_some_and(|operators| {
        operators
            .values()
            .all(|keys| keys.as_object().is_some_and(|keys| keys.values().all(values)))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A call of the controller can't hold such tags: its keys are equal without letter case.
    #[test]
    fn a_key_that_stands_twice_by_letter_case_is_refused() {
        let twice = BTreeMap::from([("k".into(), "1".into()), ("K".into(), "2".into())]);
        assert!(tags(&twice).is_err_and(|refusal| refusal.class == IamErrorClass::Refused));
    }
}
