//! What `kubectl apply` recorded of a resource. On the client's side it drops every `null` of a
//! manifest, where a template left a line empty, before the API server or we can see it: only its
//! own record still has it.

use crate::{
    api::LAST_APPLIED,
    plan::scope::{
        identity::SPEC,
        problems::{FORM, refused},
    },
};
use iam::{
    finding::{Field, Finding},
    text::{
        json,
        node::{Bounds, Node},
    },
};

/// A manifest: a spec, and what is around it.
const MANIFEST: Bounds = Bounds { depth: SPEC.depth + 1, ..SPEC };

/// Each field of the spec that is `null` in the record. A record that can't be read is one problem:
/// what it hides can't be told.
#[must_use]
pub fn nulls(record: Option<&str>) -> Vec<Finding> {
    let mut found = Vec::new();
    match record.map(|record| json::parse(record, MANIFEST)) {
        None => {}
        Some(Ok(manifest)) => {
            if let Some(spec) = manifest.get("spec") {
                visit(&Field::of("/spec"), spec, &mut found);
            }
        }
        Some(Err(error)) => {
            let annotation = Field::of("/metadata/annotations").quoted(LAST_APPLIED);
            let message = format!("can't be read: {}", Finding::from(error).sentence());
            found.push(refused(FORM, annotation, message, "apply again, or remove the annotation"));
        }
    }
    found
}

fn visit(field: &Field, node: &Node, found: &mut Vec<Finding>) {
    match node {
        Node::Null => found.push(refused(
            FORM,
            field,
            "is null in the manifest, and kubectl apply dropped it",
            "write a value or remove the line, and apply again",
        )),
        Node::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(&field.item(index), item, found);
            }
        }
        Node::Object(members) => {
            for (name, value) in members {
                visit(&field.name(name), value, found);
            }
        }
        Node::Bool(_) | Node::Number(_) | Node::String(_) => {}
    }
}
