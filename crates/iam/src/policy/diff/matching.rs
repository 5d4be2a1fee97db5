//! Which statement of the old document became which of the new one.

use std::collections::BTreeSet;

use crate::account::Account;
use crate::policy::compare::between;
use crate::policy::document::{Policy, PrincipalSet, Scope, Statement};

/// Statements that share less than this are two statements.
const ALIKE: f64 = 0.34;

/// Pairs of indexes into the old and the new document, for statements that do not say the same: new
/// ones in their order, with what they were; then those that are gone.
pub(super) fn pairs(
    old: &Policy,
    new: &Policy,
    account: &Account,
) -> Vec<(Option<usize>, Option<usize>)> {
    let mut before: Vec<usize> = (0..old.statements.len()).collect();
    let mut after: Vec<usize> = (0..new.statements.len()).collect();
    let alone = |policy: &Policy, index: usize| Policy {
        version: new.version,
        id: None,
        statements: policy.statements.get(index).into_iter().cloned().collect(),
    };
    // Two that say the same are no change, however often they stand.
    let same =
        |was: usize, is: usize| between(&alone(new, is), &alone(old, was), account).is_equal();
    let kept: BTreeSet<usize> =
        after.iter().copied().filter(|is| before.iter().any(|was| same(*was, *is))).collect();
    before.retain(|was| !kept.iter().any(|is| same(*was, *is)));
    after.retain(|is| !kept.contains(is));

    let mut matched: Vec<(usize, usize)> = Vec::new();
    let mut take = |was: usize, is: usize, before: &mut Vec<usize>, after: &mut Vec<usize>| {
        before.retain(|index| *index != was);
        after.retain(|index| *index != is);
        matched.push((was, is));
    };
    let sid = |policy: &Policy, index: usize| {
        policy
            .statements
            .get(index)
            .and_then(|statement| statement.sid.clone())
            .filter(|sid| !sid.is_empty())
    };
    for is in after.clone() {
        let Some(name) = sid(new, is) else { continue };
        if let Some(was) = before.iter().copied().find(|was| sid(old, *was).as_ref() == Some(&name))
        {
            take(was, is, &mut before, &mut after);
        }
    }
    let words =
        |policy: &Policy, index: usize| policy.statements.get(index).map(words).unwrap_or_default();
    let mut scores: Vec<(f64, usize, usize)> = before
        .iter()
        .flat_map(|was| {
            let theirs = words(old, *was);
            after.iter().map(move |is| (*was, *is, theirs.clone()))
        })
        .map(|(was, is, theirs)| {
            let mine = words(new, is);
            let common =
                f64::from(u32::try_from(mine.intersection(&theirs).count()).unwrap_or(u32::MAX));
            let all = f64::from(u32::try_from(mine.union(&theirs).count()).unwrap_or(u32::MAX));
            (common / all.max(1.0), was, is)
        })
        .filter(|(score, ..)| *score >= ALIKE)
        .collect();
    scores.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
    for (_, was, is) in scores {
        if before.contains(&was) && after.contains(&is) {
            take(was, is, &mut before, &mut after);
        }
    }
    // One of each that is left over is more likely changed than replaced.
    let effect = |policy: &Policy, index: usize| {
        policy.statements.get(index).map(|statement| statement.effect)
    };
    if let ([was], [is]) = (before.as_slice(), after.as_slice())
        && effect(old, *was) == effect(new, *is)
    {
        let (was, is) = (*was, *is);
        take(was, is, &mut before, &mut after);
    }
    let mut out: Vec<(Option<usize>, Option<usize>)> =
        matched.into_iter().map(|(was, is)| (Some(was), Some(is))).collect();
    out.extend(after.into_iter().map(|is| (None, Some(is))));
    out.sort_by_key(|(_, is)| *is);
    out.extend(before.into_iter().map(|was| (Some(was), None)));
    out
}

/// What a statement is made of, for likeness.
fn words(statement: &Statement) -> BTreeSet<String> {
    let Statement { sid: _, effect, principals, actions, resources, conditions } = statement;
    let mut out = BTreeSet::from([effect.as_str().to_owned()]);
    out.extend(
        actions
            .content()
            .iter()
            .map(|action| format!("{} {}", actions.is_except(), action.to_lowercase())),
    );
    if let Some(resources) = resources {
        out.extend(
            resources
                .content()
                .iter()
                .map(|resource| format!("{} {resource}", resources.is_except())),
        );
    }
    if let Some(PrincipalSet::Kinds(kinds)) = principals.as_ref().map(Scope::content) {
        out.extend(
            kinds.iter().flat_map(|(kind, values)| {
                values.iter().map(move |value| format!("{kind} {value}"))
            }),
        );
    }
    for (operator, keys) in conditions {
        for (key, values) in keys {
            out.extend(
                values.iter().map(|value| format!("{operator} {} {value}", key.to_lowercase())),
            );
        }
    }
    out
}
