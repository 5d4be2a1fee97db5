//! The plan: what turns observed into desired, in the order that never widens access on the way.
//!
//! Order: boundary put; removals; trust, when something trusted now is no longer wanted; what adds; attributes; tags;
//! trust, when it only adds; last a boundary that is removed, because that can only widen.

use std::collections::BTreeMap;

use crate::{
    iam::{
        arn::Account,
        policy::{Kind, Policy, compare},
        tag,
    },
    plan::{
        desired::Desired,
        fingerprint::{self, Scope},
        observed::{DEFAULT_SESSION, Observed, RoleRecord},
        step::{Call, Step, Why},
    },
};

/// The plan for a role that does not exist: `CreateRole` with all that fits in it, then one call for each policy.
#[must_use]
pub fn create(desired: &Desired) -> Vec<Step> {
    // Destructured, so that a new field does not compile until someone has decided how it is written.
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
    let step = |call| Step { role: identity.name.clone(), call, why: Why::Missing };
    let mut steps = vec![step(Call::CreateRole {
        path: identity.path.clone(),
        trust: trust.to_json(),
        description: description.clone(),
        max_session: *max_session,
        boundary: boundary.clone(),
        tags: tags.clone(),
    })];
    steps.extend(
        inline.iter().map(|(name, policy)| step(Call::PutInline { name: name.clone(), document: policy.to_json() })),
    );
    steps.extend(attached.iter().map(|arn| step(Call::Attach { arn: arn.clone() })));
    steps
}

/// The plan for a role that exists and is ours; empty when equal in meaning.
#[must_use]
pub fn diff(desired: &Desired, observed: &Observed, scope: &Scope) -> Vec<Step> {
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
    let step = |call, why| Step { role: identity.name.clone(), call, why };
    let mut steps = Vec::new();

    let mut boundary_removed = None;
    match (boundary, observed_boundary) {
        (Some(arn), None) => steps.push(step(Call::PutBoundary { arn: arn.clone() }, Why::Missing)),
        (Some(arn), Some(other)) if arn != other => {
            steps.push(step(Call::PutBoundary { arn: arn.clone() }, Why::Differs));
        }
        (None, Some(_)) => boundary_removed = Some(step(Call::DeleteBoundary, Why::NotWanted)),
        _ => {}
    }

    for arn in observed_attached.iter().filter(|arn| scope.has_attachment(arn) && !attached.contains(*arn)) {
        steps.push(step(Call::Detach { arn: arn.clone() }, Why::NotWanted));
    }
    for name in observed_inline.keys().filter(|name| scope.has_inline(name) && !inline.contains_key(*name)) {
        steps.push(step(Call::DeleteInline { name: name.clone() }, Why::NotWanted));
    }

    let trust_differs = !compare(trust, observed_trust, Kind::Trust, account).is_equal();
    let mut trust_step = trust_differs.then(|| step(Call::UpdateTrust { trust: trust.to_json() }, Why::Differs));
    if !only_adds(trust, observed_trust, account) {
        steps.extend(trust_step.take());
    }

    for (name, policy) in inline {
        let call = || Call::PutInline { name: name.clone(), document: policy.to_json() };
        match observed_inline.get(name) {
            None => steps.push(step(call(), Why::Missing)),
            Some(text) if compare(policy, text, Kind::Identity, account).is_equal() => {}
            Some(_) => steps.push(step(call(), Why::Differs)),
        }
    }
    for arn in attached.difference(observed_attached) {
        steps.push(step(Call::Attach { arn: arn.clone() }, Why::Missing));
    }

    let wanted_description = description.as_deref().unwrap_or_default();
    if wanted_description != observed_description.as_deref().unwrap_or_default()
        || *max_session != observed_session.unwrap_or(DEFAULT_SESSION)
    {
        let call = Call::UpdateRole { description: wanted_description.to_owned(), max_session: *max_session };
        steps.push(step(call, Why::Differs));
    }

    steps.extend(tag_steps(tags, observed_tags, scope).into_iter().map(|(call, why)| step(call, why)));
    steps.extend(trust_step);
    steps.extend(boundary_removed);
    steps
}

/// True when each observed statement is also desired, so that replacing the trust takes nothing away from anybody.
fn only_adds(trust: &Policy, observed: &str, account: &Account) -> bool {
    let Some(observed) = fingerprint::observed_policy(observed, Kind::Trust) else { return false };
    let (desired, observed) = (trust.canonical(account), observed.canonical(account));
    desired.version() == observed.version()
        && observed.statements().all(|statement| desired.statements().any(|other| other == statement))
}

fn tag_steps(tags: &BTreeMap<String, String>, observed: &BTreeMap<String, String>, scope: &Scope) -> Vec<(Call, Why)> {
    let have: BTreeMap<String, &str> = observed.iter().map(|(key, value)| (tag::fold(key), value.as_str())).collect();
    let want: std::collections::BTreeSet<String> = tags.keys().map(|key| tag::fold(key)).collect();
    let unwanted: Vec<String> =
        observed.keys().filter(|key| scope.has_tag(key) && !want.contains(&tag::fold(key))).cloned().collect();
    let changed: BTreeMap<String, String> = tags
        .iter()
        .filter(|(key, value)| have.get(&tag::fold(key)) != Some(&value.as_str()))
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
