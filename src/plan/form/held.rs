//! `status.held`: what a role was last written as. It is used only while the spec is refused, and
//! whoever may write the status may forge it: so it is held to the limits of today, and only what
//! takes access away is done with it (`steps/narrow.rs`).

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::{
    api::resource::Resource,
    plan::{
        form::{
            desired::Exclusive,
            fingerprint::{self, Document, Owned, hexadecimal, observed_policy},
            form::Form,
            lenient,
            observed::{Attachments, Observed, RolePart},
        },
        scope::limits::Limits,
    },
};
use iam::{
    account::Account,
    limits::VALUES,
    policy::{Effect, Policy, PolicyKind, Statement, Strictness, Work},
    text::{
        json,
        node::{Bounds, Node},
    },
    trust::limits::{Origin, Reach, check, check_namespace},
};

/// The longest text, in bytes.
pub const MOST: usize = 32 * 1024;
/// What is read: a document of 64 levels inside.
const READ: Bounds = Bounds { bytes: MOST, depth: 70, values: VALUES };

const TRUST: &str = "trust";
const INLINE: &str = "inline";
const ATTACHED: &str = "attached";
const BOUNDARY: &str = "boundary";
const ADDITIVE: &str = "additive";

/// A document as it was written.
#[derive(Clone, Debug, PartialEq)]
pub enum HeldDocument {
    /// This one.
    Whole(Policy),
    /// One of this hash; of an empty one nothing is known.
    Hash(String),
}

/// What a role was last written as. Tags, description and session duration are not held.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The trust policy.
    pub trust: HeldDocument,
    /// Inline policies by name.
    pub inline: BTreeMap<String, HeldDocument>,
    /// ARNs of the attached policies.
    pub attached: Attachments,
    /// ARN of the boundary.
    pub boundary: Option<String>,
    /// What others may have added to; tags do not count.
    pub exclusive: Exclusive,
}

impl Held {
    /// Of a role that is as desired.
    #[must_use]
    pub fn of(form: &Form<Policy>, exclusive: Exclusive) -> Self {
        // Destructured, so that someone decides whether a new part is held.
        let Form { description: _, max_session: _, boundary, trust, attached, inline, tags: _ } =
            form;
        let inline = inline
            .iter()
            .map(|(name, policy)| (name.clone(), HeldDocument::Whole(policy.clone())))
            .collect();
        Self {
            trust: HeldDocument::Whole(trust.clone()),
            inline,
            attached: attached.clone(),
            boundary: boundary.clone(),
            exclusive: Exclusive { tags: false, ..exclusive },
        }
    }

    /// Of the role as AWS has it, where the status of an earlier version has only the hash of what
    /// was last written, and that is it.
    #[must_use]
    pub fn taken(observed: &Observed, resource: &Resource, account: &Account) -> Option<Self> {
        let exclusive = lenient::exclusive(resource);
        let applied = resource.status.applied.clone().unwrap_or_default();
        let none = (std::iter::empty(), std::iter::empty(), std::iter::empty());
        let scope = Owned::among(exclusive, none, &applied);
        let (form, role) = (observed.form(), &observed.role);
        let hash = fingerprint::desired_hash((
            fingerprint::authorization(form, &scope, account),
            fingerprint::attributes(role.description.as_deref(), role.max_session),
        ));
        if resource.status.applied_hash() != Some(&hash) {
            return None;
        }
        let read = |text: &str, kind| observed_policy(text, kind).map(HeldDocument::Whole);
        let own = observed.inline.iter().filter(|(name, _)| scope.has_inline(name));
        let inline: Option<_> = own
            .map(|(name, text)| Some((name.clone(), read(text, PolicyKind::Identity)?)))
            .collect();
        let own = observed.attached.iter().filter(|arn| scope.has_attachment(arn));
        Some(Self {
            trust: read(&role.trust, PolicyKind::Trust)?,
            inline: inline?,
            attached: own.cloned().collect(),
            boundary: role.boundary.clone(),
            exclusive: Exclusive { tags: false, ..exclusive },
        })
    }

    /// The text of it: whole, or where that is too long only names and hashes; `None` where these
    /// are too long as well.
    #[must_use]
    pub fn encode(&self, account: &Account) -> Option<String> {
        let whole = self.text(|document, _| match document {
            HeldDocument::Whole(policy) => policy.to_node(),
            HeldDocument::Hash(hash) => Node::String(hash.clone()),
        });
        if whole.len() <= MOST {
            return Some(whole);
        }
        let hashed = self.text(|document, kind| match document {
            HeldDocument::Whole(policy) => Node::String(hash(policy, kind, account)),
            HeldDocument::Hash(hash) => Node::String(hash.clone()),
        });
        (hashed.len() <= MOST).then_some(hashed)
    }

    fn text(&self, document: impl Fn(&HeldDocument, PolicyKind) -> Node) -> String {
        let Self { trust, inline, attached, boundary, exclusive } = self;
        let strings = |all: Vec<&str>| {
            Node::Array(all.into_iter().map(|text| Node::String(text.to_owned())).collect())
        };
        let mut members = vec![(TRUST.to_owned(), document(trust, PolicyKind::Trust))];
        let mut add = |name: &str, node: Node, empty: bool| {
            if !empty {
                members.push((name.to_owned(), node));
            }
        };
        let documents = inline
            .iter()
            .map(|(name, policy)| (name.clone(), document(policy, PolicyKind::Identity)));
        add(INLINE, Node::Object(documents.collect()), inline.is_empty());
        let arns = attached.iter().map(String::as_str).collect();
        add(ATTACHED, strings(arns), attached.is_empty());
        let arn = boundary.clone().unwrap_or_default();
        add(BOUNDARY, Node::String(arn), boundary.is_none());
        let additive = [(ATTACHED, exclusive.attached), (INLINE, exclusive.inline)];
        let additive: Vec<&str> =
            additive.into_iter().filter(|(_, alone)| !alone).map(|(name, _)| name).collect();
        let none = additive.is_empty();
        add(ADDITIVE, strings(additive), none);
        Node::Object(members).to_text()
    }

    /// Reads a text of [`Held::encode`], or what somebody put in its place. A document in it that
    /// can't be read is one of which nothing is known.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let node = json::parse(text, READ).ok()?;
        let strings = |field: &str| {
            let list = node.get(field).and_then(Node::as_array).unwrap_or_default();
            list.iter().filter_map(Node::as_str).map(str::to_owned)
        };
        let additive: Vec<String> = strings(ADDITIVE).collect();
        let alone = |field: &str| additive.iter().all(|name| name != field);
        let inline = node.get(INLINE).and_then(Node::as_object).unwrap_or_default();
        Some(Self {
            trust: document(node.get(TRUST)?, PolicyKind::Trust),
            inline: inline
                .iter()
                .map(|(name, node)| (name.clone(), document(node, PolicyKind::Identity)))
                .collect(),
            attached: strings(ATTACHED).collect(),
            boundary: node.get(BOUNDARY).and_then(Node::as_str).map(str::to_owned),
            exclusive: Exclusive { attached: alone(ATTACHED), inline: alone(INLINE), tags: false },
        })
    }

    /// What of it the limits of today let a resource of this namespace have. What denies stays.
    #[must_use]
    pub fn within(self, namespace: &str, limits: &Limits) -> Self {
        let account = &limits.account;
        let reach = Reach { account, trusted: &limits.trusted };
        let work = Work::new();
        // What a spec could not have is not compared either: that could take for ever.
        let bounded = |document: HeldDocument| match document {
            HeldDocument::Whole(policy) if policy.canonical_within(account, &work).is_large() => {
                HeldDocument::Hash(String::new())
            }
            other => other,
        };
        let may_stand = |statement: &Statement| {
            statement.effect == Effect::Deny
                || (check(statement, reach, Origin::Grant).is_empty()
                    && check_namespace(statement, namespace).is_empty())
        };
        let trust = match bounded(self.trust) {
            HeldDocument::Whole(mut policy) => {
                policy.statements.retain(may_stand);
                HeldDocument::Whole(policy)
            }
            hash @ HeldDocument::Hash(_) => hash,
        };
        let named = self.boundary.filter(|arn| limits.may_be_boundary(arn));
        Self {
            trust,
            inline: self.inline.into_iter().map(|(name, held)| (name, bounded(held))).collect(),
            attached: self.attached.into_iter().filter(|arn| limits.may_attach(arn)).collect(),
            boundary: limits.operators_boundary().or(named),
            exclusive: self.exclusive,
        }
    }

    /// True when an item of a set, named by its part, is held. What is no item always is.
    #[must_use]
    pub fn wants(&self, part: &RolePart) -> bool {
        match part {
            RolePart::Attachment(arn) => self.attached.contains(arn),
            RolePart::Inline(name) => self.inline.contains_key(name),
            RolePart::Tag(_) => false,
            RolePart::Role | RolePart::Trust | RolePart::Boundary | RolePart::Attributes => true,
        }
    }
}

impl HeldDocument {
    /// Whether an observed document has the hash; `None` of one that is known whole.
    #[must_use]
    pub fn hash_is_of(&self, text: &String, kind: PolicyKind, account: &Account) -> Option<bool> {
        match self {
            Self::Whole(_) => None,
            Self::Hash(known) => Some(*known == hash(text, kind, account)),
        }
    }
}

fn hash(document: &impl Document, kind: PolicyKind, account: &Account) -> String {
    hexadecimal(&Sha256::digest(document.bytes(kind, account)))
}

fn document(node: &Node, kind: PolicyKind) -> HeldDocument {
    if let Some(hash) = node.as_str() {
        return HeldDocument::Hash(hash.to_owned());
    }
    let policy = Policy::parse(&node.to_text(), kind, Strictness::Observed);
    policy.map_or_else(|_| HeldDocument::Hash(String::new()), HeldDocument::Whole)
}

#[cfg(test)]
mod tests;
