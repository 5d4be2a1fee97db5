//! What is done with a role while its spec is refused: it is held to what was last written, as far
//! as the limits of today allow that.
//!
//! What was last written stands in the status, and may be forged. So each step is proven to take
//! access away, whatever else the role has: none needs another, and any of them may fail. There is
//! one exception, the boundary that the operator makes mandatory: it is put, whatever stood there.
//!
//! Of a document that both takes and gives, what is taken goes, and nothing comes back before the
//! spec is right. A managed policy goes when what it holds was read and only allows.

use std::collections::BTreeSet;

use crate::plan::{
    form::{
        fingerprint::{Owned, observed_policy},
        held::{Held, HeldDocument},
        observed::{Observed, RolePart},
    },
    scope::limits::Limits,
    steps::{
        diff,
        differences::{delete, put},
        interim,
        managed::{self, Managed},
        principals::{closed, writable},
        step::{Call, IN_FLIGHT, Step, Why},
    },
};
use iam::{
    account::Account,
    policy::{
        Effect, Policy, PolicyKind, compare,
        contain::{self, Change},
    },
    role::RoleKey,
};

/// What is done, and what is only said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Narrowing {
    /// The steps; none needs another.
    pub steps: Vec<Step>,
    /// What is otherwise than it was last written, and stays so.
    pub open: Vec<Open>,
}

/// A part that is otherwise than it was last written, and stays so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Open {
    /// It allows less: nothing is given back.
    Less(RolePart),
    /// It may allow more, and nothing proves that a step would only take that away.
    Unproven(RolePart),
    /// Others attached it where they may, and the operator does not allow it.
    Forbidden(RolePart),
}

/// What becomes of one document.
enum Outcome {
    /// It is as it was written, or was not known.
    Equal,
    /// It is written so; `None` when it goes.
    Write(Option<Policy>),
    /// It allows less than it did.
    Less,
    /// Nothing can be proven.
    Unproven,
}

/// What is to be done with a role, as it was last written within the limits of today; `held` is
/// `None` where nobody knows that. `scope` tells what of it counts.
#[must_use]
pub fn narrowing(
    held: Option<&Held>,
    observed: &Observed,
    scope: &Owned,
    role: &RoleKey,
    limits: &Limits,
) -> Narrowing {
    let mut plan =
        Plan { observed, account: &limits.account, writes: Vec::new(), open: Vec::new() };
    let mandatory = limits.operators_boundary();
    let replaced = plan.boundary(held, mandatory);
    if let Some(held) = held {
        plan.trust(&held.trust);
        plan.inline(held, scope);
        plan.attached(held, scope, limits);
    }
    // Last: what is allowed under another boundary is no longer that which the steps before it
    // took away.
    plan.writes.extend(replaced);
    let Plan { writes, open, .. } = plan;
    let mut steps: Vec<Step> =
        writes.into_iter().map(|call| Step::new(role.clone(), call, Why::Held)).collect();
    // What only goes makes room, and needs none.
    let mut first = None;
    for (place, step) in steps.iter_mut().enumerate() {
        let goes = matches!(step.call, Call::DeleteInline { .. } | Call::Detach { .. });
        let open = first.filter(|first| place - first < IN_FLIGHT).unwrap_or(place);
        first = goes.then_some(open);
        step.group = first;
    }
    diff::tell(&mut steps, observed, &limits.account);
    Narrowing { steps, open }
}

/// The managed policies that have to be read, because more may be proven then.
#[must_use]
pub fn unread(open: &[Open], held: Option<&Held>, observed: &Observed) -> BTreeSet<String> {
    let boundaries = || held.and_then(|held| held.boundary.as_ref());
    let arns = open.iter().flat_map(|open| match open {
        Open::Unproven(RolePart::Attachment(arn)) => vec![arn],
        Open::Unproven(RolePart::Boundary) => {
            boundaries().into_iter().chain(&observed.role.boundary).collect()
        }
        _ => Vec::new(),
    });
    arns.filter(|arn| !observed.contents.contains_key(*arn)).cloned().collect()
}

struct Plan<'a> {
    observed: &'a Observed,
    account: &'a Account,
    writes: Vec<Call>,
    open: Vec<Open>,
}

impl Plan<'_> {
    /// A boundary where there is none only takes away. Returns the write of one that takes the
    /// place of another.
    fn boundary(&mut self, held: Option<&Held>, mandatory: Option<String>) -> Option<Call> {
        let found = &self.observed.role.boundary;
        let always = mandatory.is_some();
        let wanted = mandatory.or_else(|| held?.boundary.clone())?;
        match found {
            Some(found) if *found == wanted => None,
            None => {
                self.writes.push(Call::PutBoundary { arn: wanted });
                None
            }
            Some(_) if always => Some(Call::PutBoundary { arn: wanted }),
            Some(found) => {
                let read = |arn| managed::held(&self.observed.contents, arn);
                let narrower = match (read(found), read(&wanted)) {
                    (Managed::Read(old), Managed::Read(new)) => narrower(Some(&old), Some(&new)),
                    _ => false,
                };
                if narrower {
                    self.writes.push(Call::PutBoundary { arn: wanted });
                } else {
                    self.open.push(Open::Unproven(RolePart::Boundary));
                }
                None
            }
        }
    }

    fn trust(&mut self, held: &HeldDocument) {
        let found = &self.observed.role.trust;
        let outcome = match held {
            HeldDocument::Hash(_) => known(held, found, PolicyKind::Trust, self.account),
            HeldDocument::Whole(policy) => trust(policy, found, self.account),
        };
        match outcome {
            Outcome::Equal => {}
            Outcome::Write(Some(policy)) => {
                self.writes.push(Call::UpdateTrust { trust: policy.to_json() });
            }
            Outcome::Less => self.open.push(Open::Less(RolePart::Trust)),
            Outcome::Write(None) | Outcome::Unproven => {
                self.open.push(Open::Unproven(RolePart::Trust));
            }
        }
    }

    fn inline(&mut self, held: &Held, scope: &Owned) {
        let found = &self.observed.inline;
        let mut puts = Vec::new();
        let missing = held.inline.keys().filter(|name| !found.contains_key(*name));
        let names = found.keys().filter(|name| scope.has_inline(name)).chain(missing);
        // Names that begin so are ours alone, and no spec can ask for them.
        for name in names.filter(|name| !name.to_ascii_lowercase().starts_with("rolewright-")) {
            let part = || RolePart::Inline(name.clone());
            match self.one_inline(found.get(name), held.inline.get(name)) {
                Outcome::Equal => {}
                Outcome::Write(None) => self.writes.push(delete(name)),
                Outcome::Write(Some(policy)) => puts.push(put(name, &policy)),
                Outcome::Less => self.open.push(Open::Less(part())),
                Outcome::Unproven => self.open.push(Open::Unproven(part())),
            }
        }
        // They may need the room of those that go.
        self.writes.extend(puts);
    }

    fn one_inline(&self, found: Option<&String>, held: Option<&HeldDocument>) -> Outcome {
        let new = match (found, held) {
            (None, Some(HeldDocument::Hash(_))) => return Outcome::Less,
            (Some(found), Some(held @ HeldDocument::Hash(_))) => {
                return known(held, found, PolicyKind::Identity, self.account);
            }
            (_, Some(HeldDocument::Whole(policy))) => Some(policy),
            (_, None) => None,
        };
        let old = match found {
            None => None,
            Some(text) => match observed_policy(text, PolicyKind::Identity) {
                None => return Outcome::Unproven,
                Some(old) => Some(old),
            },
        };
        match (&old, new) {
            (Some(old), Some(new)) if compare::between(new, old, self.account).is_equal() => {
                Outcome::Equal
            }
            (old, new) => inline(old.as_ref(), new),
        }
    }

    fn attached(&mut self, held: &Held, scope: &Owned, limits: &Limits) {
        let found = &self.observed.attached;
        for arn in found.iter().filter(|arn| !held.attached.contains(*arn)) {
            let part = RolePart::Attachment(arn.clone());
            if !scope.has_attachment(arn) {
                if !limits.may_attach(arn) {
                    self.open.push(Open::Forbidden(part));
                }
                continue;
            }
            match managed::held(&self.observed.contents, arn).change() {
                Change::Same | Change::Wider => {
                    self.writes.push(Call::Detach { arn: arn.clone() });
                }
                Change::Narrower => self.open.push(Open::Less(part)),
                Change::Unknown => self.open.push(Open::Unproven(part)),
            }
        }
        let gone = held.attached.difference(found);
        self.open.extend(gone.map(|arn| Open::Less(RolePart::Attachment(arn.clone()))));
    }
}

/// A document of which only a hash is known.
fn known(held: &HeldDocument, found: &String, kind: PolicyKind, account: &Account) -> Outcome {
    match held.hash_is_of(found, kind, account) {
        Some(true) => Outcome::Equal,
        Some(false) | None => Outcome::Unproven,
    }
}

fn trust(held: &Policy, found: &str, account: &Account) -> Outcome {
    let nobody = closed();
    let held = if held.statements.is_empty() { &nobody } else { held };
    let Some(old) = observed_policy(found, PolicyKind::Trust) else { return Outcome::Unproven };
    let narrower = |old: &Policy, new: &Policy| contain::contains(old, new).is_proven();
    if compare::between(held, &old, account).is_equal() {
        return Outcome::Equal;
    }
    if narrower(held, &old) {
        return Outcome::Less;
    }
    if narrower(&old, held) {
        return Outcome::Write(Some(writable(held)));
    }
    let allows = |trust: &Policy| trust.statements.iter().any(|it| it.effect == Effect::Allow);
    // Nobody who was let in is let in now: then nobody is.
    let between = interim::between(&old, held).map(|trust| writable(&trust));
    let between = between.filter(allows).unwrap_or_else(closed);
    if narrower(&between, &old) {
        Outcome::Less
    } else if narrower(&old, &between) {
        Outcome::Write(Some(between))
    } else {
        Outcome::Unproven
    }
}

/// Whether a document only takes away in the place of another, whatever else the role has.
fn narrower(old: Option<&Policy>, new: Option<&Policy>) -> bool {
    matches!(contain::change_among_others(old, new), Change::Same | Change::Narrower)
}

fn inline(old: Option<&Policy>, new: Option<&Policy>) -> Outcome {
    if narrower(old, new) {
        return Outcome::Write(new.cloned());
    }
    if narrower(new, old) {
        return Outcome::Less;
    }
    let nothing = Policy::new(Vec::new());
    let between = interim::between(old.unwrap_or(&nothing), new.unwrap_or(&nothing));
    let Some(between) = between else { return Outcome::Unproven };
    let between = (!between.statements.is_empty()).then_some(between);
    if narrower(between.as_ref(), old) {
        Outcome::Less
    } else if narrower(old, between.as_ref()) {
        Outcome::Write(between)
    } else {
        Outcome::Unproven
    }
}

#[cfg(test)]
mod tests;
