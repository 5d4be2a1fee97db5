//! From a document to its atoms.

use std::ops::Range;

use crate::account::Account;
use crate::policy::document::{Policy, PrincipalSet, Scope, Statement};

use crate::policy::canonical::covered::drop_covered;
use crate::policy::canonical::set::set;
use crate::policy::canonical::{ATOMS, Atom, Case, Folded, Listed, NOWHERE, Who, spelling};

/// The items of all statements, those of one statement side by side.
struct Column<T>(Vec<T>);

impl<T: Ord> Column<T> {
    fn new() -> Self {
        Self(Vec::new())
    }

    /// Where the items of one statement stand.
    fn add(&mut self, items: impl IntoIterator<Item = T>) -> Range<usize> {
        let start = self.0.len();
        self.0.extend(items);
        start..self.0.len()
    }

    /// The items sorted and each once; and for each as it was added, its place among those.
    fn into_table(self) -> (Vec<T>, Vec<u16>) {
        let mut order: Vec<(T, usize)> = self.0.into_iter().zip(0..).collect();
        order.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let mut places = vec![NOWHERE; order.len()];
        let mut table: Vec<T> = Vec::with_capacity(order.len());
        for (item, added) in order {
            if table.last() != Some(&item) {
                table.push(item);
            }
            // No document has more items than atoms, and those fit.
            if let (Some(place), Ok(last)) = (places.get_mut(added), u16::try_from(table.len() - 1))
            {
                *place = last;
            }
        }
        (table, places)
    }
}

/// Where the items of a statement stand in the four columns; an empty range where it has no such
/// element.
struct Row {
    case: Range<usize>,
    principals: Range<usize>,
    resources: Range<usize>,
    actions: Range<usize>,
}

/// `None` when there are too many atoms.
pub(super) fn folded<'a>(policy: &'a Policy, account: &Account) -> Option<Folded<'a>> {
    let count = policy.statements.iter().map(atoms_of).fold(0, usize::saturating_add);
    if count > ATOMS {
        return None;
    }
    let resource = |text: &'a str| spelling::resource(text, policy.version);
    let (mut cases, mut principals) = (Column::new(), Column::new());
    let (mut resources, mut actions) = (Column::new(), Column::new());
    let rows: Vec<Row> = policy
        .statements
        .iter()
        .map(|statement| Row {
            case: cases.add([Case {
                effect: statement.effect,
                clauses: spelling::clauses(&statement.conditions, policy.version),
            }]),
            principals: principals
                .add(statement.principals.iter().flat_map(|scope| who(scope, account))),
            resources: resources
                .add(statement.resources.iter().flat_map(|scope| listed(scope, resource))),
            actions: actions.add(listed(&statement.actions, spelling::action)),
        })
        .collect();
    let (cases, case_places) = cases.into_table();
    let (principals, principal_places) = principals.into_table();
    let (resources, resource_places) = resources.into_table();
    let (mut actions, action_places) = actions.into_table();
    let mut atoms: Vec<Atom> = Vec::with_capacity(count);
    for Row { case, principals, resources, actions } in rows {
        for case in places(&case_places, case) {
            for principal in places(&principal_places, principals.clone()) {
                for resource in places(&resource_places, resources.clone()) {
                    let each = |action: &u16| Atom {
                        case: *case,
                        principal: *principal,
                        resource: *resource,
                        action: *action,
                    };
                    atoms.extend(places(&action_places, actions.clone()).iter().map(each));
                }
            }
        }
    }
    atoms.sort_unstable_by_key(|atom| atom.key());
    atoms.dedup();
    drop_covered(&mut atoms, &mut actions);
    Some(Folded { version: policy.version, cases, principals, resources, actions, atoms })
}

/// The places of one statement, or the one place of an element that it does not have.
fn places(places: &[u16], range: Range<usize>) -> &[u16] {
    places.get(range).filter(|places| !places.is_empty()).unwrap_or(&[NOWHERE])
}

fn atoms_of(statement: &Statement) -> usize {
    let actions = size(&statement.actions, Vec::len);
    let resources = statement.resources.as_ref().map_or(1, |scope| size(scope, Vec::len));
    let principals = statement.principals.as_ref().map_or(1, |scope| size(scope, principal_count));
    actions.saturating_mul(resources).saturating_mul(principals)
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

fn listed<'a, T: Ord>(
    scope: &'a Scope<Vec<String>>,
    spelled: impl Fn(&'a str) -> T,
) -> Vec<Listed<T>> {
    match scope {
        Scope::Only(list) => list.iter().map(|text| Listed::One(spelled(text))).collect(),
        Scope::Except(list) => vec![Listed::Except(set(list.iter().map(|text| spelled(text))))],
    }
}

fn who<'a>(scope: &'a Scope<PrincipalSet>, account: &Account) -> Vec<Who<'a>> {
    let kinds = match scope.content() {
        PrincipalSet::Kinds(kinds) => kinds,
        PrincipalSet::Everyone if scope.is_except() => return vec![Who::ExceptEveryone],
        PrincipalSet::Everyone => return vec![Who::Everyone],
    };
    let spelled = kinds.iter().flat_map(|(kind, values)| {
        values.iter().map(|value| (*kind, spelling::principal(*kind, value, account)))
    });
    if scope.is_except() {
        vec![Who::Except(set(spelled))]
    } else {
        spelled.map(Who::One).collect()
    }
}
