//! From the canonical form back to a document.

use std::collections::{BTreeMap, BTreeSet};

use crate::iam::policy::document::{Policy, PrincipalSet, Scope, Statement};

use super::{Atom, Canonical, Folded, Form, Listed, Who, spelling};

impl Canonical {
    /// A document with this canonical form; `None` for one that was too large to fold.
    #[must_use]
    pub fn unfolded(&self) -> Option<Policy> {
        let Form::Folded(folded) = &self.0 else { return None };
        let statements =
            folded.atoms.chunk_by(|one, other| rest(one) == rest(other)).flat_map(|group| statements(folded, group));
        Some(Policy { version: folded.version, id: None, statements: statements.collect() })
    }
}

fn rest(atom: &Atom) -> Atom {
    Atom { action: 0, ..*atom }
}

/// The atoms that differ in their action alone: one statement, and one for each `NotAction`.
fn statements(folded: &Folded, group: &[Atom]) -> Vec<Statement> {
    let Some(first) = group.first() else { return Vec::new() };
    let (mut only, mut except) = (Vec::new(), Vec::new());
    for atom in group {
        match folded.actions.get(usize::from(atom.action)) {
            Some(Listed::One(text)) => only.push(text.clone()),
            Some(Listed::Except(list)) => except.push(Scope::Except(list.iter().cloned().collect())),
            None => {}
        }
    }
    let only = (!only.is_empty()).then_some(Scope::Only(only));
    let clauses = folded.conditions.get(usize::from(first.conditions));
    let principals = first.principal.and_then(|place| folded.principals.get(usize::from(place)));
    let resources = first.resource.and_then(|place| folded.resources.get(usize::from(place)));
    let each = |actions| Statement {
        sid: None,
        effect: first.effect,
        principals: principals.map(who),
        actions,
        resources: resources.map(|listed| match listed {
            Listed::One(text) => Scope::Only(vec![text.clone()]),
            Listed::Except(list) => Scope::Except(list.iter().cloned().collect()),
        }),
        conditions: clauses.map(spelling::conditions).unwrap_or_default(),
    };
    only.into_iter().chain(except).map(each).collect()
}

fn who(who: &Who) -> Scope<PrincipalSet> {
    let kinds = |list: &BTreeSet<_>| {
        let mut kinds: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for (kind, value) in list {
            let value: &String = value;
            kinds.entry(*kind).or_default().push(value.clone());
        }
        PrincipalSet::Kinds(kinds)
    };
    match who {
        Who::Everyone => Scope::Only(PrincipalSet::Everyone),
        Who::One(kind, value) => Scope::Only(kinds(&BTreeSet::from([(*kind, value.clone())]))),
        Who::ExceptEveryone => Scope::Except(PrincipalSet::Everyone),
        Who::Except(list) => Scope::Except(kinds(list)),
    }
}
