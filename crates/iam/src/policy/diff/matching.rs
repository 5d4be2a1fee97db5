//! Which statement of the old document became which of the new one.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::account::Account;
use crate::policy::compare::meanings;
use crate::policy::document::{Policy, PrincipalSet, Scope, Statement};
use crate::policy::work::Work;

/// Statements that share less than this are two statements.
const ALIKE: f64 = 0.34;

/// Pairs of indexes into the old and the new document, which are not equal, for statements that do
/// not say the same: new ones in their order, with what they were; then those that are gone.
pub(super) fn pairs(
    old: &Policy,
    new: &Policy,
    account: &Account,
    work: &Work,
) -> Vec<(Option<usize>, Option<usize>)> {
    let alone = old.version == new.version && [old, new].map(|all| all.statements.len()) == [1, 1];
    let [was, is] = if alone {
        // They are not the same, or the documents would be.
        [vec![0], vec![1]]
    } else {
        // Two that say the same are no change, however often they stand.
        meanings([old, new], new.version, account, work)
    };
    let [known, wanted] = [&was, &is].map(|all| all.iter().collect::<HashSet<_>>());
    let left = |all: &[usize], others: &HashSet<&usize>| -> BTreeSet<usize> {
        (0..).zip(all).filter(|(_, one)| !others.contains(one)).map(|(index, _)| index).collect()
    };
    let (mut before, mut after) = (left(&was, &wanted), left(&is, &known));

    let mut matched: Vec<(usize, usize)> = Vec::new();
    let mut take =
        |was: usize, is: usize, before: &mut BTreeSet<usize>, after: &mut BTreeSet<usize>| {
            before.remove(&was);
            after.remove(&is);
            matched.push((was, is));
        };
    let mut by_sid: HashMap<&str, Vec<usize>> = HashMap::new();
    for was in before.iter().rev() {
        if let Some(name) = sid(old, *was) {
            by_sid.entry(name).or_default().push(*was);
        }
    }
    for is in after.clone() {
        let same = sid(new, is).and_then(|name| by_sid.get_mut(name)).and_then(Vec::pop);
        if let Some(was) = same {
            take(was, is, &mut before, &mut after);
        }
    }
    for (_, was, is) in likenesses(old, new, (&before, &after), work) {
        if before.contains(&was) && after.contains(&is) {
            take(was, is, &mut before, &mut after);
        }
    }
    // One of each that is left over is more likely changed than replaced.
    let effect = |policy: &Policy, index: usize| {
        policy.statements.get(index).map(|statement| statement.effect)
    };
    if let (Some(was), Some(is)) = (only(&before), only(&after))
        && effect(old, was) == effect(new, is)
    {
        take(was, is, &mut before, &mut after);
    }
    let mut out: Vec<(Option<usize>, Option<usize>)> =
        matched.into_iter().map(|(was, is)| (Some(was), Some(is))).collect();
    out.extend(after.into_iter().map(|is| (None, Some(is))));
    out.sort_by_key(|(_, is)| *is);
    out.extend(before.into_iter().map(|was| (Some(was), None)));
    out
}

fn sid(policy: &Policy, index: usize) -> Option<&str> {
    policy.statements.get(index)?.sid.as_deref().filter(|sid| !sid.is_empty())
}

fn only(indexes: &BTreeSet<usize>) -> Option<usize> {
    indexes.first().copied().filter(|_| indexes.len() == 1)
}

/// Pairs of statements that are alike enough, and how much, the most alike first.
fn likenesses(
    old: &Policy,
    new: &Policy,
    (before, after): (&BTreeSet<usize>, &BTreeSet<usize>),
    work: &Work,
) -> Vec<(f64, usize, usize)> {
    // Words as numbers, which are compared faster.
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut numbered = |policy: &Policy, index: usize| -> Vec<u32> {
        let words = policy.statements.get(index).map(words).unwrap_or_default();
        let mut list: Vec<u32> = words
            .into_iter()
            .map(|word| {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                *numbers.entry(word).or_insert(next)
            })
            .collect();
        list.sort_unstable();
        list
    };
    let was: Vec<(usize, Vec<u32>)> =
        before.iter().map(|index| (*index, numbered(old, *index))).collect();
    let is: Vec<(usize, Vec<u32>)> =
        after.iter().map(|index| (*index, numbered(new, *index))).collect();
    let mut scores: Vec<(f64, usize, usize)> = Vec::new();
    for (was, theirs) in &was {
        for (is, mine) in &is {
            if !work.spend(1 + mine.len() + theirs.len()) {
                return Vec::new();
            }
            let common = in_common(mine, theirs);
            let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
            let all = number(mine.len() + theirs.len() - common).max(1.0);
            let score = number(common) / all;
            if score >= ALIKE {
                scores.push((score, *was, *is));
            }
        }
    }
    scores.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
    scores
}

/// How many stand in both of two sorted lists.
fn in_common(one: &[u32], other: &[u32]) -> usize {
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    let mut count = 0;
    while let (Some(mine), Some(theirs)) = (one.peek(), other.peek()) {
        let order = mine.cmp(theirs);
        count += usize::from(order.is_eq());
        if order.is_le() {
            one.next();
        }
        if order.is_ge() {
            other.next();
        }
    }
    count
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
