//! From a document to its atoms.

use std::collections::{BTreeSet, HashMap};

use crate::iam::arn::Account;
use crate::iam::policy::document::{Effect, Policy, PrincipalSet, Scope, Statement};
use crate::iam::policy::pattern::{Pattern, Syntax};

use super::{ATOMS, Atom, Clause, Folded, Listed, Who, spelling};

/// A statement with everything in its one spelling.
struct Spelled {
    effect: Effect,
    conditions: BTreeSet<Clause>,
    actions: Vec<Listed>,
    resources: Option<Vec<Listed>>,
    principals: Option<Vec<Who>>,
}

/// Sorted, each once.
fn table<'a, T: Ord + Clone + 'a>(items: impl Iterator<Item = &'a T>) -> Vec<T> {
    let mut items: Vec<&T> = items.collect();
    items.sort_unstable();
    items.dedup();
    items.into_iter().cloned().collect()
}

/// Where an item stands in its table. No document has more items than atoms, and those fit.
fn place<T: Ord>(table: &[T], item: &T) -> u16 {
    table.binary_search(item).ok().and_then(|place| u16::try_from(place).ok()).unwrap_or(u16::MAX)
}

fn places<T: Ord>(table: &[T], items: Option<&Vec<T>>) -> Vec<Option<u16>> {
    items.map_or_else(|| vec![None], |items| items.iter().map(|item| Some(place(table, item))).collect())
}

/// `None` when there are too many atoms.
pub(super) fn folded(policy: &Policy, account: &Account) -> Option<Folded> {
    let atoms_of = |statement: &Statement| {
        let actions = size(&statement.actions, Vec::len);
        let resources = statement.resources.as_ref().map_or(1, |scope| size(scope, Vec::len));
        let principals = statement.principals.as_ref().map_or(1, |scope| size(scope, principal_count));
        actions.saturating_mul(resources).saturating_mul(principals)
    };
    if policy.statements.iter().map(atoms_of).fold(0, usize::saturating_add) > ATOMS {
        return None;
    }
    let resource = |text: &str| spelling::resource(text, policy.version).into_owned();
    let spelled: Vec<Spelled> = policy
        .statements
        .iter()
        .map(|statement| Spelled {
            effect: statement.effect,
            conditions: spelling::clauses(&statement.conditions, policy.version),
            actions: listed(&statement.actions, spelling::action),
            resources: statement.resources.as_ref().map(|scope| listed(scope, resource)),
            principals: statement.principals.as_ref().map(|scope| who(scope, account)),
        })
        .collect();
    let mut actions = table(spelled.iter().flat_map(|statement| &statement.actions));
    let resources = table(spelled.iter().flat_map(|statement| &statement.resources).flatten());
    let principals = table(spelled.iter().flat_map(|statement| &statement.principals).flatten());
    let conditions = table(spelled.iter().map(|statement| &statement.conditions));
    let mut atoms: Vec<Atom> = Vec::new();
    for statement in &spelled {
        let when = place(&conditions, &statement.conditions);
        let what: Vec<u16> = statement.actions.iter().map(|action| place(&actions, action)).collect();
        let on = places(&resources, statement.resources.as_ref());
        for principal in places(&principals, statement.principals.as_ref()) {
            for resource in &on {
                atoms.extend(what.iter().map(|action| Atom {
                    effect: statement.effect,
                    conditions: when,
                    principal,
                    resource: *resource,
                    action: *action,
                }));
            }
        }
    }
    atoms.sort_unstable();
    atoms.dedup();
    if drop_covered(&mut atoms, &actions) {
        drop_unused(&mut atoms, &mut actions);
    }
    Some(Folded { version: policy.version, actions, principals, resources, conditions, atoms })
}

/// Takes actions out of the table that no atom names any more. The order stays, so the atoms stay sorted.
fn drop_unused(atoms: &mut [Atom], actions: &mut Vec<Listed>) {
    let mut used = vec![false; actions.len()];
    for atom in atoms.iter() {
        if let Some(flag) = used.get_mut(usize::from(atom.action)) {
            *flag = true;
        }
    }
    let mut next = 0;
    let moved: Vec<u16> = used
        .iter()
        .map(|used| {
            let place = next;
            next += u16::from(*used);
            place
        })
        .collect();
    for atom in atoms {
        atom.action = moved.get(usize::from(atom.action)).copied().unwrap_or(atom.action);
    }
    let mut flags = used.into_iter();
    actions.retain(|_| flags.next().unwrap_or(true));
}

fn size<T>(scope: &Scope<T>, count: impl Fn(&T) -> usize) -> usize {
    if scope.is_except() { 1 } else { count(scope.content()) }
}

fn principal_count(set: &PrincipalSet) -> usize {
    match set {
        PrincipalSet::Everyone => 1,
        PrincipalSet::Kinds(kinds) => kinds.values().map(Vec::len).sum(),
    }
}

fn listed(scope: &Scope<Vec<String>>, spelled: impl Fn(&str) -> String) -> Vec<Listed> {
    match scope {
        Scope::Only(list) => list.iter().map(|text| Listed::One(spelled(text))).collect(),
        Scope::Except(list) => vec![Listed::Except(list.iter().map(|text| spelled(text)).collect())],
    }
}

fn who(scope: &Scope<PrincipalSet>, account: &Account) -> Vec<Who> {
    let each = |set: &PrincipalSet| -> Option<Vec<_>> {
        let PrincipalSet::Kinds(kinds) = set else { return None };
        let spelled = kinds
            .iter()
            .flat_map(|(kind, values)| values.iter().map(|value| (*kind, spelling::principal(*kind, value, account))));
        Some(spelled.collect())
    };
    match scope {
        Scope::Only(set) => each(set).map_or_else(
            || vec![Who::Everyone],
            |list| list.into_iter().map(|(kind, value)| Who::One(kind, value)).collect(),
        ),
        Scope::Except(set) => {
            vec![each(set).map_or(Who::ExceptEveryone, |list| Who::Except(list.into_iter().collect::<BTreeSet<_>>()))]
        }
    }
}

/// Leaves out each atom whose action another atom covers that is equal in everything else (Q17), and tells whether there was
/// one. The atoms are sorted, so those that differ in their action alone stand together.
fn drop_covered(atoms: &mut Vec<Atom>, actions: &[Listed]) -> bool {
    // Of each action with a wildcard: what stands before it, which tells most pairs apart, and the pattern.
    let mut wide: HashMap<u16, (&str, Pattern)> = HashMap::new();
    let text = |place: u16| match actions.get(usize::from(place)) {
        Some(Listed::One(text)) => Some(text.as_str()),
        _ => None,
    };
    for (place, action) in (0..).zip(actions) {
        if let Listed::One(text) = action
            && let Some(end) = text.find(['*', '?'])
        {
            wide.insert(place, (text.get(..end).unwrap_or_default(), Pattern::new(text, Syntax::ACTION)));
        }
    }
    if wide.is_empty() {
        return false;
    }
    let covers = |(beginning, pattern): &(&str, Pattern), narrow: u16| {
        text(narrow).is_some_and(|text| {
            text.starts_with(beginning)
                && match wide.get(&narrow) {
                    Some((_, narrow)) => pattern.covers(narrow),
                    None => pattern.matches(text),
                }
        })
    };
    // The groups of one statement have the same actions: the answer for one is that for the next.
    let (mut last, mut keeps): (Vec<u16>, Vec<bool>) = (Vec::new(), Vec::new());
    let rest = |atom: &Atom| Atom { action: 0, ..*atom };
    let before = atoms.len();
    let mut kept: Vec<Atom> = Vec::with_capacity(before);
    for group in atoms.chunk_by(|one, other| rest(one) == rest(other)) {
        let same = last.len() == group.len() && last.iter().zip(group).all(|(action, atom)| *action == atom.action);
        if !same {
            last = group.iter().map(|atom| atom.action).collect();
            let of_group: Vec<_> =
                last.iter().filter_map(|action| wide.get(action).map(|found| (*action, found))).collect();
            keeps = last
                .iter()
                .map(|action| !of_group.iter().any(|(place, found)| place != action && covers(found, *action)))
                .collect();
        }
        kept.extend(group.iter().zip(&keeps).filter(|(_, keep)| **keep).map(|(atom, _)| *atom));
    }
    *atoms = kept;
    atoms.len() < before
}
