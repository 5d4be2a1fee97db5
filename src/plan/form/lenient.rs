//! What is read leniently of a spec, also of one that is refused: whether the role is to stay when
//! its resource goes, when it ends, and what of it is ours alone.

use jiff::Timestamp;

use crate::{
    api::{kinds::iam_role::DeletionPolicy, moment, resource::Resource},
    plan::{
        decide::lifetime::{self, Lifetime},
        form::desired::Exclusive,
        scope::{
            identity::read_spec,
            limits::Limits,
            problems::{FORM, LIMIT, refused},
        },
    },
};
use iam::{
    finding::{Field, Finding},
    nearest::nearest,
    text::node::Node,
};

/// What a deletion does: a resource with a mistake in its spec can still be deleted. Where it says
/// nothing, the default of the operator holds.
///
/// # Errors
/// The problem when it can't be told whether the role is to be kept, or may not be.
pub fn deletion_terms(resource: &Resource, limits: &Limits) -> Result<DeletionPolicy, Finding> {
    const FIELDS: [&str; 2] = ["deletionPolicy", "driftPolicy"];
    let node = read_spec(&resource.spec)?;
    for (name, _) in node.as_object().into_iter().flatten() {
        if let Some(meant) = nearest(name, FIELDS.into_iter()).filter(|meant| meant != name) {
            return Err(unsure(name, &format!("is no field, and may mean {meant}")));
        }
    }
    if observes(&node)? {
        return allowed(limits.allow_observe, "driftPolicy", "Observe", "--allow-observe");
    }
    match text(&node, "deletionPolicy") {
        None => Ok(limits.default_deletion),
        Some("Delete") => Ok(DeletionPolicy::Delete),
        Some("Retain") => {
            allowed(limits.allow_retain, "deletionPolicy", "Retain", "--allow-retain")
        }
        Some(_) => Err(unsure("deletionPolicy", "is neither Delete nor Retain")),
    }
}

/// Whether the end of the lifetime leaves the role where it is, as far as can be told: a wish to
/// observe counts also where it is misspelt, but not where nobody may have it.
#[must_use]
pub fn outlives(resource: &Resource, limits: &Limits) -> bool {
    limits.allow_observe
        && read_spec(&resource.spec).is_ok_and(|node| observes(&node).unwrap_or(true))
}

/// The end that a resource asks for whose spec is refused, of what can be read, or was known
/// before: the earlier. Only a spec that is accepted moves it later or takes it away.
#[must_use]
pub fn end(resource: &Resource) -> Option<Timestamp> {
    let saved = resource.status.expires_at.as_ref().map(|end| end.0);
    let node = read_spec(&resource.spec).ok();
    let asked = |field: &str| node.as_ref()?.get("lifetime")?.get(field)?.as_str();
    let until = asked("expiresAt").and_then(moment::parse).map(Lifetime::Until);
    let ttl = asked("ttl").and_then(|text| lifetime::parse_duration(text).ok());
    let length = ttl.filter(jiff::SignedDuration::is_positive).map(Lifetime::For);
    let ends = [until, length].into_iter().flatten();
    let ends = ends.filter_map(|lifetime| lifetime.end(resource.created, None));
    ends.chain(saved).min()
}

/// What of a role we keep alone, by a spec that is refused. Where that can't be told, others may
/// have added to it.
#[must_use]
pub fn exclusive(resource: &Resource) -> Exclusive {
    let node = read_spec(&resource.spec).ok();
    let management = node.as_ref().map(|node| node.get("management"));
    let alone = |field: &str, default: bool| match management {
        None => false,
        Some(None) => default,
        Some(Some(management)) => match (management, management.get(field)) {
            (Node::Object(_), None) => default,
            (_, mode) => mode.and_then(Node::as_str) == Some("Exclusive"),
        },
    };
    Exclusive {
        attached: alone("managedPolicies", true),
        inline: alone("inlinePolicies", true),
        tags: alone("tags", false),
    }
}

/// # Errors
/// The problem when it can't be told.
fn observes(node: &Node) -> Result<bool, Finding> {
    match text(node, "driftPolicy") {
        None | Some("Correct") => Ok(false),
        Some("Observe") => Ok(true),
        Some(_) => Err(unsure("driftPolicy", "is neither Correct nor Observe")),
    }
}

fn text<'a>(node: &'a Node, field: &str) -> Option<&'a str> {
    node.get(field).map(|node| node.as_str().unwrap_or_default())
}

/// The role stays, if the operator lets roles stay for that.
fn allowed(
    allowed: bool,
    field: &str,
    value: &str,
    setting: &str,
) -> Result<DeletionPolicy, Finding> {
    if allowed {
        return Ok(DeletionPolicy::Retain);
    }
    let message = format!("{value} is not allowed here ({setting})");
    let remedy = "take it out, and the role is deleted; or ask the operator to let it stay";
    Err(refused(LIMIT, Field::of("/spec").name(field), message, remedy))
}

fn unsure(name: &str, message: &str) -> Finding {
    let remedy = "correct it, so that it is known whether the role is to be kept";
    refused(FORM, Field::of("/spec").name(name), message, remedy)
}
