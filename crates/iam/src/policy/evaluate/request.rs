//! Reading a request from JSON or YAML: `{"action", "resource", "principal": {KIND: "…"},
//! "context": {"key": "value" or ["v1", "v2"]}}`.

use std::collections::BTreeSet;

use crate::finding::{Check, Field, Finding};
use crate::limits;
use crate::nearest::nearest;
use crate::policy::document::PrincipalKind;
use crate::quote::shown;
use crate::text::{Text, node::Node, pointer::Pointer};

use crate::policy::evaluate::{Context, Request};

const MEMBERS: [&str; 4] = ["action", "resource", "principal", "context"];

/// A problem of meaning, before its place in the text is known.
fn wrong(at: &Pointer<'_>, message: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding::error(Check::REQUEST, Field::of_document(at), message).with_remedy(remedy)
}

impl Request {
    /// Reads a request from text of at most 1 MiB without its white space, JSON or YAML.
    ///
    /// # Errors
    /// The first problem, with line, column, JSON pointer and the remedy.
    pub fn read(text: &str) -> Result<Self, Finding> {
        let text = Text::read(text, limits::given(text))?;
        request(&text.node).map_err(|finding| {
            let place = text.places([finding.pointer()]).first().copied();
            finding.with_place(place)
        })
    }
}

fn request(node: &Node) -> Result<Request, Finding> {
    let root = Pointer::Root;
    let members = node
        .as_object()
        .ok_or_else(|| wrong(&root, "the request must be an object", "write {\"action\": …}"))?;
    let mut request = Request::default();
    for (name, value) in members {
        let at = root.key(name);
        match name.as_str() {
            "action" => request.action = string(value, &at)?,
            "resource" => request.resource = Some(string(value, &at)?),
            "principal" => request.principal = Some(principal(value, &at)?),
            "context" => request.context = context(value, &at)?,
            other => {
                let remedy = nearest(other, MEMBERS.into_iter()).map_or_else(
                    || "remove it".to_owned(),
                    |name| format!("did you mean {}?", shown(name)),
                );
                return Err(wrong(
                    &at,
                    format!("a request has no member {}", shown(other)),
                    remedy,
                ));
            }
        }
    }
    if request.action.is_empty() {
        let remedy = "add \"action\": \"SERVICE:NAME\"";
        return Err(wrong(&root, "the request needs an action", remedy));
    }
    Ok(request)
}

fn string(node: &Node, at: &Pointer<'_>) -> Result<String, Finding> {
    node.as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(|| {
        wrong(
            at,
            format!("must be a string that is not empty, not {}", node.type_name()),
            "write it in double quotes",
        )
    })
}

fn principal(node: &Node, at: &Pointer<'_>) -> Result<(PrincipalKind, String), Finding> {
    let Some([(kind, value)]) = node.as_object() else {
        return Err(wrong(at, "must be an object of one member", "write {\"AWS\": \"arn:…\"}"));
    };
    let at = at.key(kind);
    let known = PrincipalKind::of(kind).ok_or_else(|| {
        wrong(
            &at,
            format!("{} is no kind of principal", shown(kind)),
            "write AWS, Service or Federated",
        )
    })?;
    Ok((known, string(value, &at)?))
}

fn context(node: &Node, at: &Pointer<'_>) -> Result<Context, Finding> {
    let keys = node
        .as_object()
        .ok_or_else(|| wrong(at, "must be an object", "write {\"KEY\": \"VALUE\"}"))?;
    let mut seen = BTreeSet::new();
    let mut context = Context::default();
    for (key, value) in keys {
        let at = at.key(key);
        if !seen.insert(key.to_lowercase()) {
            return Err(wrong(
                &at,
                "stands twice in different letter case, which does not count",
                "keep one",
            ));
        }
        context = match value {
            Node::Array(items) => {
                let values: Result<Vec<_>, _> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| scalar(item, &at.item(index)))
                    .collect();
                context.with_list(key, values?)
            }
            single => context.with(key, &scalar(single, &at)?),
        };
    }
    Ok(context)
}

fn scalar(node: &Node, at: &Pointer<'_>) -> Result<String, Finding> {
    match node {
        Node::String(text) => Ok(text.clone()),
        Node::Number(digits) => Ok(digits.clone()),
        Node::Bool(value) => Ok(value.to_string()),
        other => Err(wrong(
            at,
            format!("must be a string, number or boolean, not {}", other.type_name()),
            "",
        )),
    }
}

#[cfg(test)]
mod tests;
