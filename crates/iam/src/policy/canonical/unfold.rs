//! From the canonical form back to a document.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::policy::document::{Policy, PrincipalKind, PrincipalSet, Scope, Statement};

use crate::policy::canonical::{Atom, Canonical, Caseless, Folded, Form, Listed, Who, spelling};

impl Canonical<'_> {
    /// A document with this canonical form; `None` for one that was too large to fold.
    #[must_use]
    pub fn unfolded(&self) -> Option<Policy> {
        let Form::Folded(folded) = &self.0 else { return None };
        let statements = folded
            .atoms
            .chunk_by(|one, other| one.is_beside(*other))
            .flat_map(|group| statements(folded, group));
        Some(Policy { version: folded.version, id: None, statements: statements.collect() })
    }
}

/// The atoms that differ in their action alone: one statement, and one for each `NotAction`.
fn statements(folded: &Folded<'_>, group: &[Atom]) -> Vec<Statement> {
    let Some(first) = group.first() else { return Vec::new() };
    let Some(case) = folded.cases.get(usize::from(first.case)) else { return Vec::new() };
    let (mut only, mut except) = (Vec::new(), Vec::new());
    for atom in group {
        match folded.actions.get(usize::from(atom.action)) {
            Some(Listed::One(text)) => only.push(text.lower()),
            Some(Listed::Except(list)) => {
                except.push(Scope::Except(list.iter().map(Caseless::lower).collect()));
            }
            None => {}
        }
    }
    let only = (!only.is_empty()).then_some(Scope::Only(only));
    // There is nothing at the place of an element that the statement did not have.
    let principals = folded.principals.get(usize::from(first.principal));
    let resources = folded.resources.get(usize::from(first.resource));
    let each = |actions| Statement {
        sid: None,
        effect: case.effect,
        principals: principals.map(who),
        actions,
        resources: resources.map(|listed| match listed {
            Listed::One(text) => Scope::Only(vec![text.clone().into_owned()]),
            Listed::Except(list) => {
                Scope::Except(list.iter().map(|text| text.clone().into_owned()).collect())
            }
        }),
        conditions: spelling::conditions(&case.clauses),
    };
    only.into_iter().chain(except).map(each).collect()
}

fn who(who: &Who<'_>) -> Scope<PrincipalSet> {
    let kinds = |list: &[(PrincipalKind, Cow<'_, str>)]| {
        let mut kinds: BTreeMap<PrincipalKind, Vec<String>> = BTreeMap::new();
        for (kind, value) in list {
            kinds.entry(*kind).or_default().push(value.clone().into_owned());
        }
        PrincipalSet::Kinds(kinds)
    };
    match who {
        Who::Everyone => Scope::Only(PrincipalSet::Everyone),
        Who::One(one) => Scope::Only(kinds(std::slice::from_ref(one))),
        Who::ExceptEveryone => Scope::Except(PrincipalSet::Everyone),
        Who::Except(list) => Scope::Except(kinds(list)),
    }
}
