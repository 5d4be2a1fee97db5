//! What differs between documents that say the same.

use std::collections::BTreeSet;

use crate::account::Account;
use crate::policy::compare::meanings;
use crate::policy::document::{Policy, PrincipalSet, Statement};
use crate::policy::work::Work;
use crate::quote::shown;

use crate::policy::reasons::Reason;

pub(super) fn reasons(a: &Policy, b: &Policy, account: &Account) -> Vec<Reason> {
    let mut out = Vec::new();
    let id = |policy: &Policy| policy.id.clone().unwrap_or_default();
    if id(a) != id(b) {
        out.push(Reason::new(
            "/Id",
            format!("the Id is {} in A and {} in B", shown(&id(a)), shown(&id(b))),
        ));
    }
    let [mine, theirs] = meanings([a, b], a.version, account, &Work::new());
    let same = |one: Option<&usize>, other: Option<&usize>| one.is_some() && one == other;
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut order: Vec<usize> = Vec::new();
    for (index, statement) in b.statements.iter().enumerate() {
        let path = format!("/Statement/{index}");
        // The one at the same place first, so that twins are told apart by their place.
        let at_home = same(mine.get(index), theirs.get(index)).then_some(index);
        let found = at_home.or_else(|| {
            let twins: Vec<usize> = (0..a.statements.len())
                .filter(|other| same(mine.get(*other), theirs.get(index)))
                .collect();
            twins
                .iter()
                .copied()
                .find(|twin| !seen.contains(twin))
                .or_else(|| twins.first().copied())
        });
        let Some(other) = found else {
            out.push(Reason::new(
                path,
                "the statement says what A says in several statements, or a part of one",
            ));
            continue;
        };
        if seen.insert(other) {
            order.push(other);
        } else {
            out.push(Reason::new(
                &path,
                format!("the statement says again what statement {other} of A says"),
            ));
        }
        if let Some(other) = a.statements.get(other) {
            out.extend(inside(other, statement, &path));
        }
    }
    if !order.is_sorted() {
        out.push(Reason::new("/Statement", "the statements stand in another order"));
    }
    for missing in (0..a.statements.len()).filter(|index| !seen.contains(index)) {
        let twin =
            seen.iter().any(|index| *index != missing && same(mine.get(*index), mine.get(missing)));
        if twin {
            out.push(Reason::new(
                format!("/Statement/{missing}"),
                "A says this statement more than once, and B once",
            ));
        }
    }
    out
}

/// What is written otherwise in two statements that say the same.
fn inside(a: &Statement, b: &Statement, path: &str) -> Vec<Reason> {
    let mut out = Vec::new();
    let mut say =
        |element: &str, text: String| out.push(Reason::new(format!("{path}/{element}"), text));
    let sid = |statement: &Statement| statement.sid.clone().unwrap_or_default();
    if sid(a) != sid(b) {
        say("Sid", format!("the Sid is {} in A and {} in B", shown(&sid(a)), shown(&sid(b))));
    }
    let (mine, theirs) = (a.actions.content(), b.actions.content());
    let action = if a.actions.is_except() { "NotAction" } else { "Action" };
    if let Some(text) = list(mine, theirs) {
        let lower = |list: &[String]| {
            list.iter().map(|action| action.to_ascii_lowercase()).collect::<BTreeSet<_>>()
        };
        say(
            action,
            if lower(mine) == lower(theirs) && set(mine) != set(theirs) {
                "letter case of actions does not count".to_owned()
            } else if lower(mine) != lower(theirs) {
                "actions that others cover add nothing".to_owned()
            } else {
                text
            },
        );
    }
    if let (Some(mine), Some(theirs)) = (&a.resources, &b.resources)
        && let Some(text) = list(mine.content(), theirs.content())
    {
        say(if mine.is_except() { "NotResource" } else { "Resource" }, text);
    }
    if let (Some(mine), Some(theirs)) = (&a.principals, &b.principals)
        && let (PrincipalSet::Kinds(mine), PrincipalSet::Kinds(theirs)) =
            (mine.content(), theirs.content())
    {
        for (kind, values) in theirs {
            let text = mine.get(kind).and_then(|mine| list(mine, values));
            if let Some(text) = text {
                let text = if mine.get(kind).map(|mine| set(mine)) == Some(set(values)) {
                    text
                } else {
                    "the id of an account and its root ARN are the same".to_owned()
                };
                say(&format!("Principal/{kind}"), text);
            }
        }
    }
    for (operator, keys) in &b.conditions {
        for (key, values) in keys {
            let place =
                format!("Condition/{operator}/{}", key.replace('~', "~0").replace('/', "~1"));
            match a.conditions.get(operator).and_then(|keys| keys.get(key)) {
                Some(mine) => {
                    if let Some(text) = list(mine, values) {
                        let text = if set(mine) == set(values) {
                            text
                        } else {
                            "values are spelled in another way".to_owned()
                        };
                        say(&place, text);
                    }
                }
                None => {
                    say(
                        &place,
                        "the operator or the key is spelled in another way, which does not count"
                            .to_owned(),
                    );
                }
            }
        }
    }
    out
}

fn set(list: &[String]) -> BTreeSet<&String> {
    list.iter().collect()
}

/// What differs between two lists that name the same; `None` for a mere order, which JSON lists of
/// AWS do not keep.
fn list(mine: &[String], theirs: &[String]) -> Option<String> {
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort_unstable();
        list
    };
    if sorted(mine) == sorted(theirs) {
        return None;
    }
    Some(
        if set(mine) == set(theirs) {
            "values stand more than once"
        } else {
            "values are spelled in another way"
        }
        .to_owned(),
    )
}
