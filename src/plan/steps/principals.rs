//! Principals of a trust policy that are gone.
//!
//! AWS keeps roles and users in a trust policy by unique id and shows them by ARN. Of one that was
//! deleted it shows the bare id for ever, and does not trust another one of the same name: writing
//! the ARN again would. So such a principal is held back until somebody asks for it anew. Source:
//! the IAM user guide, "AWS JSON policy elements: Principal".

use iam::role::RoleKey;
use std::{
    cell::LazyCell,
    collections::{BTreeMap, BTreeSet, HashSet},
};

use crate::{
    api::kinds::iam_role::status::ReplacedPrincipal,
    plan::{
        failure::{IamError, IamErrorClass},
        form::{desired::Desired, fingerprint::observed_policy, observed::Observed},
    },
};
use iam::{
    account::Account,
    arn::IamArn,
    policy::{
        Effect, Policy, PolicyKind, PrincipalKind, PrincipalSet, Scope, Statement, compare, contain,
    },
};

/// The prefix of the unique ids of what an ARN names: `AROA` for a role, `AIDA` for a user.
fn prefix_of(arn: &str) -> Option<&'static str> {
    match IamArn::parse(arn).ok()?.kind.as_str() {
        "role" => Some("AROA"),
        "user" => Some("AIDA"),
        _ => None,
    }
}

/// The prefix of a unique id.
fn orphan(value: &str) -> Option<&'static str> {
    let prefix = ["AROA", "AIDA"].into_iter().find(|prefix| value.starts_with(prefix))?;
    let shape = value.len() >= 16
        && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    shape.then_some(prefix)
}

/// The role that an ARN stands for.
#[must_use]
pub fn role_of(arn: &str) -> Option<RoleKey> {
    IamArn::parse(arn).ok()?.role()
}

/// The accounts, roles and users that a statement names.
fn named(statement: &Statement) -> &[String] {
    match &statement.principals {
        Some(Scope::Only(PrincipalSet::Kinds(kinds))) => {
            kinds.get(&PrincipalKind::Aws).map_or(&[], Vec::as_slice)
        }
        _ => &[],
    }
}

/// All that a policy names in any statement.
fn all_named(policy: &Policy) -> impl Iterator<Item = &String> {
    policy.statements.iter().flat_map(named)
}

/// The statement without some of those that it names; `None` when nobody is left.
fn thinned(statement: &Statement, goes: impl Fn(&str) -> bool) -> Option<Statement> {
    let mut statement = statement.clone();
    if let Some(Scope::Only(PrincipalSet::Kinds(kinds))) = &mut statement.principals {
        if let Some(values) = kinds.get_mut(&PrincipalKind::Aws) {
            values.retain(|value| !goes(value));
        }
        kinds.retain(|_, values| !values.is_empty());
        if kinds.is_empty() {
            return None;
        }
    }
    Some(statement)
}

/// A trust policy that trusts nobody.
#[must_use]
pub fn closed() -> Policy {
    const ACTIONS: [&str; 3] =
        ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];
    Policy::new(vec![Statement::deny(ACTIONS).principal(PrincipalKind::Aws, ["*"])])
}

fn or_closed(mut policy: Policy, statements: Vec<Statement>) -> Policy {
    policy.statements = statements;
    if policy.statements.is_empty() { closed() } else { policy }
}

/// The policy without ids of principals that are gone: AWS takes none.
#[must_use]
pub fn writable(policy: &Policy) -> Policy {
    let statements = policy
        .statements
        .iter()
        .filter_map(|statement| thinned(statement, |value| orphan(value).is_some()));
    or_closed(policy.clone(), statements.collect())
}

/// The policy without these principals. Only Allows lose them: a Deny without one of its principals
/// would deny less.
fn without(policy: &Policy, held: &BTreeSet<&str>) -> Policy {
    let thin = |statement: &Statement| match statement.effect {
        Effect::Allow => thinned(statement, |value| held.contains(value)),
        Effect::Deny => Some(statement.clone()),
    };
    or_closed(policy.clone(), policy.statements.iter().filter_map(thin).collect())
}

/// Which principals are to be held back: those that AWS shows to be gone, and those that are known
/// to be (`known`, as status has them) and are not trusted again.
///
/// An id tells no name. It is taken for the one principal that is missing in an otherwise equal
/// statement; where that leaves a choice, for every principal that it could be: to hold one back
/// too much is said and can be asked for, to trust one too much can't be seen.
#[must_use]
pub fn replaced(
    desired: &Policy,
    observed: Option<&str>,
    known: &[ReplacedPrincipal],
    account: &Account,
) -> Vec<ReplacedPrincipal> {
    let observed = observed.and_then(|text| observed_policy(text, PolicyKind::Trust));
    let mut found: BTreeMap<String, Option<String>> = BTreeMap::new();
    let shown: BTreeSet<&String> = observed.iter().flat_map(all_named).collect();
    for principal in known {
        if all_named(desired).any(|name| *name == principal.arn) && !shown.contains(&principal.arn)
        {
            found.insert(principal.arn.clone(), principal.id.clone());
        }
    }
    let absent = LazyCell::new(|| absent(desired, observed.as_ref(), account));
    for statement in observed.iter().flat_map(|policy| &policy.statements) {
        let ids: Vec<&String> =
            named(statement).iter().filter(|value| orphan(value).is_some()).collect();
        if ids.is_empty() {
            continue;
        }
        let of_a_kind = |name: &str| ids.iter().any(|id| orphan(id) == prefix_of(name));
        let mut missing = candidates(&absent, statement, account);
        missing.retain(|name| of_a_kind(name));
        if missing.is_empty() {
            missing = all_named(desired)
                .filter(|name| of_a_kind(name) && !shown.contains(name))
                .cloned()
                .collect();
        }
        let id = if let ([id], 1) = (ids.as_slice(), missing.len()) {
            Some((*id).clone())
        } else {
            None
        };
        for name in missing {
            let entry = found.entry(name).or_default();
            *entry = id.clone().or_else(|| entry.take());
        }
    }
    found.into_iter().map(|(arn, id)| ReplacedPrincipal { arn, id }).collect()
}

/// The desired Allows that no observed statement says.
fn absent<'a>(
    desired: &'a Policy,
    observed: Option<&Policy>,
    account: &Account,
) -> Vec<&'a Statement> {
    let meaning =
        |statement: &Statement| Policy::new(vec![statement.clone()]).canonical(account).bytes();
    let said: HashSet<Vec<u8>> =
        observed.iter().flat_map(|policy| &policy.statements).map(meaning).collect();
    desired
        .statements
        .iter()
        .filter(|wanted| wanted.effect == Effect::Allow && !said.contains(&meaning(wanted)))
        .collect()
}

/// Whom an observed statement with ids lacks, of the desired statements that it could be.
fn candidates(absent: &[&Statement], statement: &Statement, account: &Account) -> BTreeSet<String> {
    let living = thinned(statement, |value| orphan(value).is_some());
    let mut names = BTreeSet::new();
    for wanted in absent {
        let missing: BTreeSet<&String> = named(wanted)
            .iter()
            .filter(|name| prefix_of(name).is_some() && !named(statement).contains(name))
            .collect();
        let rest = thinned(wanted, |value| missing.iter().any(|name| *name == value));
        let as_wanted = match (&living, rest) {
            (Some(living), Some(rest)) => same(living, &rest, account),
            // Nobody is left in either: then all else must be equal.
            (None, None) => same(&bare(statement), &bare(wanted), account),
            _ => false,
        };
        if as_wanted {
            names.extend(missing.into_iter().cloned());
        }
    }
    names
}

/// The statement, about everybody.
fn bare(statement: &Statement) -> Statement {
    let everybody = [(PrincipalKind::Aws, vec!["*".to_owned()])].into();
    Statement { principals: Some(Scope::Only(PrincipalSet::Kinds(everybody))), ..statement.clone() }
}

fn same(one: &Statement, other: &Statement, account: &Account) -> bool {
    let [one, other] = [one, other].map(|statement| Policy::new(vec![statement.clone()]));
    compare::between(&one, &other, account).is_equal()
}

/// What is to be written and what is compared with, while principals are held back.
#[derive(Debug)]
pub struct View {
    /// What is desired, without those who are held back.
    pub desired: Desired,
    /// What AWS has, without the ids that stand for them.
    pub observed: Observed,
}

/// Lays the principals that are held back over both sides. All else in the trust policy stays as it
/// is, and is compared.
#[must_use]
pub fn view(desired: &Desired, observed: &Observed, held: &[ReplacedPrincipal]) -> View {
    let account = &desired.identity.account;
    let target = held_back(desired, held);
    let mut observed = observed.clone();
    if let Some(policy) =
        observed_policy(&observed.role.trust, PolicyKind::Trust).filter(|_| !held.is_empty())
        && let Some(explained) = explained(&desired.form.trust, &policy, held, account)
    {
        observed.role.trust = explained.to_json();
    }
    View { desired: target, observed }
}

/// What is desired, without those who are held back.
#[must_use]
pub fn held_back(desired: &Desired, held: &[ReplacedPrincipal]) -> Desired {
    if held.is_empty() {
        return desired.clone();
    }
    let mut rest = desired.clone();
    rest.form.trust = without_these(&desired.form.trust, held);
    rest
}

/// The policy without the principals that are held back.
#[must_use]
pub fn without_these(policy: &Policy, held: &[ReplacedPrincipal]) -> Policy {
    without(policy, &held.iter().map(|principal| principal.arn.as_str()).collect())
}

/// Whether an Allow of the policy lets this principal in by its name.
#[must_use]
pub fn lets_in(trust: &Policy, arn: &str) -> bool {
    allowed(trust).any(|name| name == arn)
}

/// All that the Allows of a policy name.
fn allowed(trust: &Policy) -> impl Iterator<Item = &String> {
    let allows = trust.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    allows.flat_map(named)
}

/// The observed policy without the ids that stand for held principals in statements that are as
/// desired but for them. `None` when there are none.
fn explained(
    desired: &Policy,
    observed: &Policy,
    held: &[ReplacedPrincipal],
    account: &Account,
) -> Option<Policy> {
    let is_held = |value: &str| held.iter().any(|principal| principal.arn == value);
    let mut any = false;
    let statements = observed
        .statements
        .iter()
        .filter_map(|statement| {
            let dead = |value: &str| orphan(value).is_some();
            let living = thinned(statement, dead);
            let as_desired = || {
                desired.statements.iter().any(|wanted| {
                    let as_wanted = match (&living, thinned(wanted, is_held)) {
                        (Some(living), Some(rest)) => same(living, &rest, account),
                        (None, None) => same(&bare(statement), &bare(wanted), account),
                        _ => false,
                    };
                    as_wanted
                        && ["AROA", "AIDA"].into_iter().all(|prefix| {
                            let ids = named(statement)
                                .iter()
                                .filter(|value| orphan(value) == Some(prefix))
                                .count();
                            let gone = named(wanted)
                                .iter()
                                .filter(|name| is_held(name) && prefix_of(name) == Some(prefix))
                                .count();
                            ids <= gone
                        })
                })
            };
            let has_ids = named(statement).iter().any(|value| dead(value));
            if statement.effect == Effect::Allow && has_ids && as_desired() {
                any = true;
                living
            } else {
                Some(statement.clone())
            }
        })
        .collect();
    any.then(|| or_closed(observed.clone(), statements))
}

/// Whether AWS still shows the id of a principal that is gone.
#[must_use]
pub fn shows_orphans(trust: &str) -> bool {
    observed_policy(trust, PolicyKind::Trust)
        .is_some_and(|policy| all_named(&policy).any(|value| orphan(value).is_some()))
}

/// The principal that AWS does not know, by its refusal of a trust policy; only one that an Allow
/// of the policy names.
#[must_use]
pub fn refused(error: &IamError, trust: &Policy) -> Option<String> {
    // `MalformedPolicyDocument: Invalid principal in policy:
    // "AWS":"arn:aws:iam::123456789012:role/none"`
    let (_, words) = error.message.split_once("Invalid principal in policy:")?;
    if error.class != IamErrorClass::InvalidPrincipal {
        return None;
    }
    allowed(trust).find(|name| words.contains(&format!("\"{name}\""))).cloned()
}

/// Whether `trust` trusts nobody who is not trusted now.
#[must_use]
pub fn not_wider(observed: &str, trust: &Policy) -> bool {
    observed_policy(observed, PolicyKind::Trust)
        .is_some_and(|observed| contain::contains(&observed, trust).is_proven())
}

#[cfg(test)]
mod tests;
