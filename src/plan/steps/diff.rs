//! The plan: what turns observed into desired. What differs is found here; its order is that of
//! `order.rs`.

use iam::tag::{TagKey, Tags};
use std::collections::BTreeMap;

use crate::plan::{
    form::{
        desired::Desired,
        fingerprint::{Scope, observed_policy},
        observed::{DEFAULT_SESSION, Observed, RoleRecord},
    },
    steps::{
        order::{Differences, Document, Inline, ordered},
        step::{CHANGE, Call, Step, Why},
    },
};
use iam::{
    account::Account,
    policy::{Kind, compare, diff::Diff},
};

/// The plan for a role that does not exist: `CreateRole` with all that fits in it, then its
/// policies.
#[must_use]
pub fn create(desired: &Desired) -> Vec<Step> {
    // Destructured, so that a new field does not compile until someone has decided how it is
    // written.
    let Desired {
        identity,
        description,
        max_session,
        boundary,
        trust,
        attached,
        inline,
        tags,
        exclusive: _,
        lifetime: _,
        deletion: _,
        drift: _,
        annotate: _, // in Kubernetes
        warnings: _,
    } = desired;
    let create = Call::CreateRole {
        path: identity.path.clone(),
        trust: trust.to_json(),
        description: description.clone(),
        max_session: *max_session,
        boundary: boundary.clone(),
        tags: tags.clone(),
    };
    let new = |(name, policy)| Inline { name, old: Document::Absent, new: Some(policy) };
    let differences = Differences {
        inline: inline.iter().map(|(name, policy)| (name.as_str(), policy)).map(new).collect(),
        attach: attached.iter().map(String::as_str).collect(),
        ..Differences::default()
    };
    std::iter::once((create, Why::Missing))
        .chain(ordered(differences, &identity.account))
        .map(|(call, why)| Step { role: identity.role(), call, why, change: None })
        .collect()
}

/// The plan for a role that exists and is ours; empty when equal in meaning.
#[must_use]
pub fn diff(desired: &Desired, observed: &Observed, scope: &Scope) -> Vec<Step> {
    let mut steps = untold(desired, observed, scope);
    let mut texts = Texts {
        trust: observed.role.trust.clone(),
        inline: observed.inline.clone(),
        account: &desired.identity.account,
    };
    for step in &mut steps {
        step.change = texts.changed_by(&step.call);
    }
    steps
}

/// The same plan without words for what changes in the meaning of documents: they cost more than to
/// find the steps.
#[must_use]
pub fn untold(desired: &Desired, observed: &Observed, scope: &Scope) -> Vec<Step> {
    let Desired {
        identity,
        description,
        max_session,
        boundary,
        trust,
        attached,
        inline,
        tags,
        exclusive: _,
        lifetime: _,
        deletion: _,
        drift: _,
        annotate: _, // in Kubernetes
        warnings: _,
    } = desired;
    let Observed { role, attached: observed_attached, inline: observed_inline } = observed;
    let RoleRecord {
        name: _,
        path: _,
        arn: _,
        role_id: _,
        created: _,
        trust: observed_trust,
        description: observed_description,
        max_session: observed_session,
        boundary: observed_boundary,
        tags: observed_tags,
    } = role;
    let account = &identity.account;
    let mut differences = Differences::default();

    if boundary != observed_boundary {
        differences.boundary = Some((observed_boundary.as_deref(), boundary.as_deref()));
    }
    if !compare(trust, observed_trust, Kind::Trust, account).is_equal() {
        differences.trust = Some((observed_policy(observed_trust, Kind::Trust), trust));
    }

    let read = |text: &str| {
        observed_policy(text, Kind::Identity).map_or(Document::Unreadable, Document::Read)
    };
    for (name, text) in observed_inline
        .iter()
        .filter(|(name, _)| scope.has_inline(name) && !inline.contains_key(*name))
    {
        differences.inline.push(Inline { name, old: read(text), new: None });
    }
    for (name, policy) in inline {
        let old = match observed_inline.get(name) {
            None => Document::Absent,
            Some(text) if compare(policy, text, Kind::Identity, account).is_equal() => continue,
            Some(text) => read(text),
        };
        differences.inline.push(Inline { name, old, new: Some(policy) });
    }
    let unwanted = |arn: &&String| scope.has_attachment(arn) && !attached.contains(*arn);
    differences.detach = observed_attached.iter().filter(unwanted).map(String::as_str).collect();
    differences.attach = attached.difference(observed_attached).map(String::as_str).collect();

    let wanted_description = description.as_deref().unwrap_or_default();
    if wanted_description != observed_description.as_deref().unwrap_or_default()
        || *max_session != observed_session.unwrap_or(DEFAULT_SESSION)
    {
        let (description, max_session) = (wanted_description.to_owned(), *max_session);
        differences.attributes = Some(Call::UpdateRole { description, max_session });
    }
    differences.tags = tag_steps(tags, observed_tags, scope);

    let step = |(call, why)| Step { role: identity.role(), call, why, change: None };
    ordered(differences, account).into_iter().map(step).collect()
}

/// The documents of a role, while a plan goes on.
struct Texts<'a> {
    trust: String,
    inline: BTreeMap<String, String>,
    account: &'a Account,
}

impl Texts<'_> {
    /// Takes a step. What a document that is replaced says then and did not before, or the other
    /// way round.
    fn changed_by(&mut self, call: &Call) -> Option<String> {
        let (old, new, kind) = match call {
            Call::UpdateTrust { trust } => {
                (std::mem::replace(&mut self.trust, trust.clone()), trust, Kind::Trust)
            }
            Call::PutInline { name, document } => {
                (self.inline.insert(name.clone(), document.clone())?, document, Kind::Identity)
            }
            _ => return None,
        };
        let change = Diff::between(
            &observed_policy(&old, kind)?,
            &observed_policy(new, kind)?,
            self.account,
        );
        Some(change.summary(CHANGE)).filter(|text| !text.is_empty())
    }
}

fn tag_steps(tags: &Tags, observed: &Tags, scope: &Scope) -> Vec<(Call, Why)> {
    let mut unwanted: Vec<TagKey> = observed
        .keys()
        .filter(|key| scope.has_tag(key) && !tags.contains_key(key))
        .cloned()
        .collect();
    unwanted.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    let changed: Tags = tags
        .iter()
        .filter(|(key, value)| observed.get(key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let mut calls = Vec::new();
    // Untag first: a role at the limit of 50 tags has no room for new ones.
    if !unwanted.is_empty() {
        calls.push((Call::Untag { keys: unwanted }, Why::NotWanted));
    }
    if !changed.is_empty() {
        calls.push((Call::Tag { tags: changed }, Why::Differs));
    }
    calls
}
