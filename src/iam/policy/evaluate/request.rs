//! Reading a request from JSON: `{"action", "resource", "principal": {KIND: "…"}, "context": {"key": "value" or ["v1", "v2"]}}`.

use std::collections::BTreeSet;

use crate::iam::json::{self, Node, child};
use crate::iam::limits;
use crate::iam::nearest::nearest;
use crate::iam::policy::document::PrincipalKind;
use crate::iam::quote::shown;

use super::{Context, Request};

const MEMBERS: [&str; 4] = ["action", "resource", "principal", "context"];

/// Why a text is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RequestError(String);

fn wrong(pointer: &str, what: impl std::fmt::Display) -> RequestError {
    RequestError(format!("{}: {what}", if pointer.is_empty() { "the request" } else { pointer }))
}

impl Request {
    /// Reads a request from JSON text of at most 64 KiB.
    ///
    /// # Errors
    /// The first problem, with its JSON pointer and the remedy.
    pub fn read(text: &str) -> Result<Self, RequestError> {
        let node = json::parse(text, limits::DOCUMENT).map_err(|error| RequestError(error.to_string()))?;
        let members = node.as_object().ok_or_else(|| wrong("", "must be an object; write {\"action\": …}"))?;
        let mut request = Self::default();
        for (name, value) in members {
            let place = child("", name);
            match name.as_str() {
                "action" => request.action = string(value, &place)?,
                "resource" => request.resource = Some(string(value, &place)?),
                "principal" => request.principal = Some(principal(value, &place)?),
                "context" => request.context = context(value, &place)?,
                other => {
                    let remedy = nearest(other, MEMBERS.into_iter())
                        .map_or_else(|| "remove it".to_owned(), |name| format!("did you mean {}?", shown(name)));
                    return Err(wrong(&place, format!("a request has no member {}; {remedy}", shown(other))));
                }
            }
        }
        if request.action.is_empty() {
            return Err(wrong("", "needs an action; add \"action\": \"SERVICE:NAME\""));
        }
        Ok(request)
    }
}

fn string(node: &Node, place: &str) -> Result<String, RequestError> {
    node.as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(|| {
        wrong(place, format!("must be a string that is not empty, not {}; write it in double quotes", node.type_name()))
    })
}

fn principal(node: &Node, place: &str) -> Result<(PrincipalKind, String), RequestError> {
    let Some([(kind, value)]) = node.as_object() else {
        return Err(wrong(place, "must be an object of one member; write {\"AWS\": \"arn:…\"}"));
    };
    let place = child(place, kind);
    let known = PrincipalKind::of(kind).ok_or_else(|| {
        wrong(&place, format!("{} is no kind of principal; write AWS, Service or Federated", shown(kind)))
    })?;
    Ok((known, string(value, &place)?))
}

fn context(node: &Node, place: &str) -> Result<Context, RequestError> {
    let keys = node.as_object().ok_or_else(|| wrong(place, "must be an object; write {\"KEY\": \"VALUE\"}"))?;
    let mut seen = BTreeSet::new();
    let mut context = Context::default();
    for (key, value) in keys {
        let place = child(place, key);
        if !seen.insert(key.to_lowercase()) {
            return Err(wrong(&place, "stands twice in different letter case, which does not count; keep one"));
        }
        context = match value {
            Node::Array(items) => {
                let values: Result<Vec<_>, _> =
                    items.iter().enumerate().map(|(index, item)| scalar(item, &child(&place, index))).collect();
                context.with_list(key, values?)
            }
            single => context.with(key, &scalar(single, &place)?),
        };
    }
    Ok(context)
}

fn scalar(node: &Node, place: &str) -> Result<String, RequestError> {
    match node {
        Node::String(text) => Ok(text.clone()),
        Node::Number(digits) => Ok(digits.clone()),
        Node::Bool(value) => Ok(value.to_string()),
        other => Err(wrong(place, format!("must be a string, number or boolean, not {}", other.type_name()))),
    }
}
