//! From the canonical form back to a document.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::policy::document::{Policy, PrincipalKind, PrincipalSet, Scope, Statement};

use crate::policy::canonical::{Canonical, Caseless, Folded, Form, Group, Listed, Who, spelling};

impl Canonical<'_> {
    /// A document with this canonical form; `None` for one that was not folded.
    #[must_use]
    pub fn unfolded(&self) -> Option<Policy> {
        let Form::Folded(folded) = &self.0 else { return None };
        let statements = folded.groups.iter().flat_map(|group| statements(folded, group));
        Some(Policy { version: folded.version, id: None, statements: statements.collect() })
    }
}

/// One statement for the actions of a group, and one for each `NotAction`.
fn statements(folded: &Folded<'_>, group: &Group) -> Vec<Statement> {
    let Some(case) = at(&folded.cases, group.case) else { return Vec::new() };
    let (mut only, mut except) = (Vec::new(), Vec::new());
    for action in at(&folded.lists, group.list).into_iter().flatten() {
        match at(&folded.actions, *action) {
            Some(Listed::One(text)) => only.push(text.lower()),
            Some(Listed::Except(list)) => {
                except.push(Scope::Except(list.iter().map(Caseless::lower).collect()));
            }
            None => {}
        }
    }
    let only = (!only.is_empty()).then_some(Scope::Only(only));
    // There is nothing at the place of an element that the statement did not have.
    let principals = at(&folded.principals, group.principal);
    let resources = at(&folded.resources, group.resource);
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

fn at<T>(table: &[T], place: u32) -> Option<&T> {
    table.get(usize::try_from(place).ok()?)
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
