//! The plan: what turns observed into desired. What differs is found here; its order is that of
//! `order.rs`.

use iam::tag::{TagKey, Tags};
use std::{borrow::Cow, collections::BTreeMap};

use crate::plan::{
    form::{
        desired::Desired,
        fingerprint::{Owned, observed_policy},
        form::Facet,
        observed::{Contents, Observed, RolePart},
    },
    steps::{
        differences::{Differences, Inline, ObservedDocument},
        managed::{Attached, Managed, held},
        order::{Placed, ordered},
        step::{CHANGE, Call, Step, Why},
    },
};
use iam::{
    account::Account,
    limits::{INLINE_TOTAL, MANAGED_POLICIES_DEFAULT, TAGS, counted_size},
    policy::{Policy, PolicyKind, compare, contain, decode::decode, diff::Diff, subjects},
};

/// The plan for a role that does not exist: `CreateRole` with all that fits in it, then its
/// policies. `contents` is what is known of those that are to be attached.
#[must_use]
pub fn create(desired: &Desired, contents: &Contents) -> Vec<Step> {
    let Desired { identity, form, terms: _ } = desired;
    let create = Call::CreateRole {
        path: identity.path.clone(),
        trust: form.trust.to_json(),
        description: form.description.clone(),
        max_session: form.max_session,
        boundary: form.boundary.clone(),
        tags: form.tags.clone(),
    };
    let mut differences = Differences::none();
    for facet in form.borrowed().facets() {
        match facet {
            // They are in the call.
            Facet::Trust(_)
            | Facet::Boundary(_)
            | Facet::Tags(_)
            | Facet::Attributes { description: _, max_session: _ } => {}
            Facet::Attached(arns) => {
                differences.attach =
                    arns.iter().map(|arn| Attached { arn, policy: held(contents, arn) }).collect();
            }
            Facet::Inline(policies) => {
                differences.inline = policies
                    .iter()
                    .map(|(name, new)| Inline {
                        name,
                        old: ObservedDocument::Absent,
                        size: 0,
                        new: Some(new),
                    })
                    .collect();
            }
        }
    }
    let create = Step::new(identity.role(), create, Why::Missing);
    let rest = ordered(differences, &identity.account).into_iter().map(
        |Placed { call, why, needs, gives_back, group }| {
            // All need the role.
            let needs =
                std::iter::once(0).chain(needs.into_iter().map(|place| place + 1)).collect();
            let group = group.map(|place| place + 1);
            Step { needs, gives_back, group, ..Step::new(identity.role(), call, why) }
        },
    );
    std::iter::once(create).chain(rest).collect()
}

/// Says in the plan for a new role whom it is to trust.
pub fn tell_trust(steps: &mut [Step], desired: &Desired) {
    let Desired { identity, form, terms: _ } = desired;
    for step in steps {
        if matches!(step.call, Call::CreateRole { .. }) {
            let nobody = Policy { statements: Vec::new(), ..form.trust.clone() };
            let change = Diff::between(&nobody, &form.trust, &identity.account);
            step.change = Some(change.summary(CHANGE)).filter(|text| !text.is_empty());
        }
    }
}

/// The plan for a role that exists and is ours; empty when equal in meaning.
#[must_use]
pub fn diff(desired: &Desired, observed: &Observed, scope: &Owned) -> Vec<Step> {
    let mut steps = untold(desired, observed, scope);
    tell(&mut steps, observed, &desired.identity.account);
    steps
}

/// Tells of each step what it changes in the meaning of a document.
pub(super) fn tell(steps: &mut [Step], observed: &Observed, account: &Account) {
    let (trust, inline) = (observed.role.trust.clone(), observed.inline.clone());
    let mut texts = Texts { trust, inline, account };
    for step in steps {
        step.change = texts.changed_by(&step.call);
    }
}

/// The same plan without words for what changes in the meaning of documents: they cost more than to
/// find the steps.
#[must_use]
pub fn untold<'a>(desired: &'a Desired, observed: &'a Observed, scope: &Owned) -> Vec<Step> {
    let Desired { identity, form, terms: _ } = desired;
    let account = &identity.account;
    let mut differences = Differences::none();
    for facet in form.borrowed().beside(observed.form()).facets() {
        match facet {
            Facet::Trust((wanted, found)) => {
                if !compare(wanted, found, PolicyKind::Trust, account).is_equal() {
                    differences.trust = Some((read_trust(found), wanted));
                }
            }
            Facet::Boundary((wanted, found)) => {
                differences.boundary = (wanted != found).then_some((found, wanted));
                if let (Some(found), Some(wanted)) = (found, wanted) {
                    let known = |arn| held(&observed.contents, arn);
                    if let (Managed::Read(old), Managed::Read(new)) = (known(found), known(wanted))
                    {
                        // A Deny in it also cuts what nothing else has to allow.
                        differences.replaced = contain::change_among_others(Some(&old), Some(&new));
                    }
                }
            }
            Facet::Attached((wanted, found)) => {
                let unwanted = |arn: &&String| scope.has_attachment(arn) && !wanted.contains(*arn);
                let attached =
                    |arn: &'a String| Attached { arn, policy: held(&observed.contents, arn) };
                differences.detach = found.iter().filter(unwanted).map(attached).collect();
                differences.attach = wanted.difference(found).map(attached).collect();
                let stay = found.len() - differences.detach.len();
                differences.attached_stay = stay > 0;
                // An account may have been granted more: then it shows.
                let quota = MANAGED_POLICIES_DEFAULT.max(found.len()).max(wanted.len());
                differences.room.attached = quota.saturating_sub(stay);
            }
            Facet::Inline((wanted, found)) => {
                differences.inline = inline(wanted, found, scope, account);
                let changes = |name: &str| differences.inline.iter().any(|it| it.name == name);
                let stay: Vec<_> = found.iter().filter(|(name, _)| !changes(name)).collect();
                let taken = stay.iter().map(|(_, text)| size(text)).sum();
                differences.room.inline = INLINE_TOTAL.saturating_sub(taken);
                if differences.changes_permissions() {
                    differences.stay = stay.into_iter().map(|it| staying(it, wanted)).collect();
                }
            }
            Facet::Tags((wanted, found)) => {
                let calls = tag_steps(wanted, found, scope, desired.terms.respell);
                let decide = !calls.is_empty() && tags_decide(desired, observed, &calls);
                differences.tags =
                    calls.into_iter().map(|(call, why)| (call, why, decide)).collect();
                let new = wanted.keys().filter(|key| !found.contains_key(*key)).count();
                differences.tags_are_full = found.len() + new > TAGS;
            }
            Facet::Attributes { description: (wanted, found), max_session: (seconds, known) } => {
                let wanted = wanted.unwrap_or_default();
                if wanted != found.unwrap_or_default() || seconds != known {
                    let (description, max_session) = (wanted.to_owned(), seconds);
                    let call = Call::UpdateRole { description, max_session };
                    differences.attributes = Some((call, seconds < known));
                }
            }
        }
    }
    let step = |Placed { call, why, needs, gives_back, group }| Step {
        needs,
        gives_back,
        group,
        ..Step::new(identity.role(), call, why)
    };
    ordered(differences, account).into_iter().map(step).collect()
}

/// An inline policy that is as it is to be, or is not ours.
fn staying<'a>(
    (name, text): (&'a String, &'a String),
    wanted: &'a BTreeMap<String, Policy>,
) -> Inline<'a> {
    let new = wanted.get(name);
    // In the words in which it is written, so that its statements are the same before and after.
    let old = new.map_or_else(|| read(text), |policy| ObservedDocument::Read(policy.clone()));
    Inline { name, old, size: size(text), new }
}

/// An observed inline policy.
pub(super) fn read(text: &str) -> ObservedDocument {
    observed_policy(text, PolicyKind::Identity)
        .map_or(ObservedDocument::Unreadable, ObservedDocument::Read)
}

/// An observed trust policy in the form in which it is written, so that only what is new differs.
fn read_trust(text: &str) -> Option<Policy> {
    let mut policy = observed_policy(text, PolicyKind::Trust)?;
    let statements = subjects::joined(policy.statements).into_iter();
    policy.statements = statements.map(|(_, statement)| statement).collect();
    Some(policy)
}

/// The characters of an observed document that count.
pub(super) fn size(text: &str) -> usize {
    counted_size(&decode(text).unwrap_or(Cow::Borrowed(text)))
}

/// Inline policies that differ: first those that are to go.
fn inline<'a>(
    wanted: &'a BTreeMap<String, Policy>,
    found: &'a BTreeMap<String, String>,
    scope: &Owned,
    account: &Account,
) -> Vec<Inline<'a>> {
    let mut differences = Vec::new();
    for (name, text) in
        found.iter().filter(|(name, _)| scope.has_inline(name) && !wanted.contains_key(*name))
    {
        differences.push(Inline { name, old: read(text), size: size(text), new: None });
    }
    for (name, policy) in wanted {
        let old = match found.get(name) {
            None => ObservedDocument::Absent,
            Some(text) if compare(policy, text, PolicyKind::Identity, account).is_equal() => {
                continue;
            }
            Some(text) => read(text),
        };
        let size = found.get(name).map(|text| size(text)).unwrap_or_default();
        differences.push(Inline { name, old, size, new: Some(policy) });
    }
    differences
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
                (std::mem::replace(&mut self.trust, trust.clone()), trust, PolicyKind::Trust)
            }
            Call::PutInline { name, document } => (
                self.inline.insert(name.clone(), document.clone())?,
                document,
                PolicyKind::Identity,
            ),
            _ => return None,
        };
        let old = match kind {
            PolicyKind::Trust => read_trust(&old)?,
            _ => observed_policy(&old, kind)?,
        };
        let change = Diff::between(&old, &observed_policy(new, kind)?, self.account);
        Some(change.summary(CHANGE)).filter(|text| !text.is_empty())
    }
}

/// Whether a document of the role, as it is or is to be, names one of the tags that change as a
/// condition key or variable (`aws:PrincipalTag/…`): then the tag may decide what is allowed.
fn tags_decide(desired: &Desired, observed: &Observed, calls: &[(Call, Why)]) -> bool {
    let keys: Vec<String> = calls
        .iter()
        .flat_map(|(call, _)| call.parts())
        .filter_map(|part| match part {
            RolePart::Tag(key) => Some(format!("tag/{}", key.as_str().to_lowercase())),
            _ => None,
        })
        .collect();
    let form = &desired.form;
    let wanted = std::iter::once(&form.trust).chain(form.inline.values()).map(Policy::to_json);
    let found = std::iter::once(&observed.role.trust).chain(observed.inline.values());
    let found = found.map(|text| decode(text).unwrap_or(Cow::Borrowed(text)).into_owned());
    wanted.chain(found).any(|text| {
        let text = text.to_lowercase();
        keys.iter().any(|key| text.contains(key))
    })
}

fn tag_steps(tags: &Tags, observed: &Tags, scope: &Owned, respell: bool) -> Vec<(Call, Why)> {
    let mut unwanted: Vec<TagKey> = observed
        .keys()
        .filter(|key| scope.has_tag(key) && !tags.contains_key(key))
        .cloned()
        .collect();
    unwanted.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    let changed: Tags = tags
        .iter()
        .filter(|(key, value)| {
            observed.get_key_value(*key).is_none_or(|(stored, found)| {
                found != *value || (respell && stored.as_str() != key.as_str())
            })
        })
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
