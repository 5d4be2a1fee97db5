//! From a document to its groups.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::account::Account;
use crate::policy::document::{Policy, PrincipalSet, Scope};
use crate::policy::subjects;
use crate::policy::work::Work;

use crate::policy::canonical::covered::Actions;
use crate::policy::canonical::set::set;
use crate::policy::canonical::{
    Case, Caseless, Clause, Folded, Group, Listed, NOWHERE, Named, Value, Who, spelling,
};

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
    fn into_table(self) -> (Vec<T>, Vec<u32>) {
        let mut order: Vec<(T, usize)> = self.0.into_iter().zip(0..).collect();
        order.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let mut places = vec![NOWHERE; order.len()];
        let mut table: Vec<T> = Vec::with_capacity(order.len());
        for (item, added) in order {
            if table.last() != Some(&item) {
                table.push(item);
            }
            // No document has so many items that one does not fit.
            if let (Some(place), Ok(last)) = (places.get_mut(added), u32::try_from(table.len() - 1))
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
    cases: Range<usize>,
    principals: Range<usize>,
    resources: Range<usize>,
    actions: Range<usize>,
}

/// `None` when it costs too much.
pub(super) fn folded<'a>(policy: &'a Policy, account: &Account, work: &Work) -> Option<Folded<'a>> {
    let resource = |text: &'a str| spelling::resource(text, policy.version);
    let (mut cases, mut principals) = (Column::new(), Column::new());
    let (mut resources, mut actions) = (Column::new(), Column::new());
    let rows: Vec<Row> = policy
        .statements
        .iter()
        .map(|statement| Row {
            cases: cases.add(by_subject(
                Case {
                    effect: statement.effect,
                    clauses: spelling::clauses(&statement.conditions, policy.version),
                },
                statement.principals.is_some(),
                work,
            )),
            principals: principals
                .add(statement.principals.iter().flat_map(|scope| who(scope, account))),
            resources: resources
                .add(statement.resources.iter().flat_map(|scope| listed(scope, resource))),
            actions: actions.add(named(&statement.actions, work)),
        })
        .collect();
    if work.is_over() {
        return None;
    }
    let (cases, case_places) = cases.into_table();
    let (principals, principal_places) = principals.into_table();
    let (resources, resource_places) = resources.into_table();
    let (actions, action_places) = actions.into_table();

    // What each statement says of whom and what, and with which list of actions.
    let mut lists = Lists::default();
    let mut said: Vec<(Group, u32)> = Vec::new();
    for Row { cases, principals, resources, actions } in rows {
        let actions = set(places(&action_places, actions).iter().copied());
        let cases = places(&case_places, cases);
        let principals = places(&principal_places, principals);
        let resources = places(&resource_places, resources);
        let groups = cases.len().saturating_mul(principals.len()).saturating_mul(resources.len());
        if !work.spend(actions.len().saturating_add(groups)) {
            return None;
        }
        let list = lists.place(actions);
        for case in cases {
            for principal in principals {
                said.extend(resources.iter().map(|resource| {
                    let (case, principal, resource) = (*case, *principal, *resource);
                    (Group { case, principal, resource, list: NOWHERE }, list)
                }));
            }
        }
    }
    said.sort_unstable();
    said.dedup();

    // All that is said of the same: the lists together, without what others of them cover. The
    // groups of one statement have the same lists: the answer for one is that for the next.
    let ready = Actions::new(&actions);
    let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
    let mut wholes = Lists::default();
    let mut groups: Vec<Group> = Vec::new();
    for same in said.chunk_by(|(one, _), (other, _)| one == other) {
        let Some((group, _)) = same.first() else { continue };
        let parts: Vec<u32> = same.iter().map(|(_, list)| *list).collect();
        if !work.spend(parts.len()) {
            return None;
        }
        let list = if let Some(list) = known.get(&parts) {
            *list
        } else {
            let together: Vec<u32> =
                parts.iter().flat_map(|list| lists.get(*list)).copied().collect();
            if !work.spend(together.len()) {
                return None;
            }
            let whole = wholes.place(ready.uncovered(set(together), work));
            known.insert(parts, whole);
            whole
        };
        groups.push(Group { list, ..*group });
    }
    if work.is_over() {
        return None;
    }
    let (lists, ranks) = wholes.into_order();
    for group in &mut groups {
        group.list = place_in(&ranks, group.list);
    }
    let mut folded = Folded {
        version: policy.version,
        cases,
        principals,
        resources,
        actions: Vec::new(),
        lists,
        groups,
    };
    folded.actions = used(actions, &mut folded.lists);
    Some(folded)
}

/// A case for each subject of a statement with principals, since a list of them is the same as a
/// statement for each. Each has all other clauses too, which counts as work.
fn by_subject<'a>(case: Case<'a>, has_principals: bool, work: &Work) -> Vec<Case<'a>> {
    let Some(place) = has_principals.then(|| only_subject(&case.clauses)).flatten() else {
        return vec![case];
    };
    let mut rest = case.clone();
    let values = match rest.clauses.get_mut(place) {
        Some(clause) => std::mem::take(&mut clause.values),
        None => return vec![case],
    };
    let others: usize = rest.clauses.iter().map(|clause| 1 + clause.values.len()).sum();
    if !work.spend(values.len().saturating_mul(others).saturating_mul(8)) {
        return vec![case]; // It is not folded at all.
    }
    let one = |value: Value<'a>| {
        let mut one = rest.clone();
        if let Some(clause) = one.clauses.get_mut(place) {
            clause.values.push(value);
        }
        one
    };
    values.into_iter().map(one).collect()
}

/// The place of the only clause about subjects, if it has several of which one must match.
fn only_subject(clauses: &[Clause<'_>]) -> Option<usize> {
    let mut found = (0..).zip(clauses).filter(|(_, clause)| subjects::is_subject(&clause.key.0));
    match (found.next(), found.next()) {
        (Some((place, Clause { operator: Named::Known(operator), values, .. })), None) => {
            (subjects::is_choice(*operator) && values.len() > 1).then_some(place)
        }
        _ => None,
    }
}

/// Lists of places, each once.
#[derive(Default)]
struct Lists {
    places: BTreeMap<Vec<u32>, u32>,
    all: Vec<Vec<u32>>,
}

impl Lists {
    fn place(&mut self, list: Vec<u32>) -> u32 {
        // No document has so many lists that one does not fit.
        let next = u32::try_from(self.all.len()).unwrap_or(NOWHERE);
        *self.places.entry(list).or_insert_with_key(|list| {
            self.all.push(list.clone());
            next
        })
    }

    fn get(&self, place: u32) -> &[u32] {
        usize::try_from(place)
            .ok()
            .and_then(|place| self.all.get(place))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Sorted; and for each place as it was given out, the one that it has then.
    fn into_order(self) -> (Vec<Vec<u32>>, Vec<u32>) {
        let mut ranks = vec![NOWHERE; self.all.len()];
        for (rank, place) in (0..).zip(self.places.values()) {
            let slot = usize::try_from(*place).ok().and_then(|place| ranks.get_mut(place));
            if let Some(slot) = slot {
                *slot = rank;
            }
        }
        (self.places.into_keys().collect(), ranks)
    }
}

/// The actions that a list still names; the lists name their new places. The order stays, so the
/// lists stay sorted.
fn used<T>(actions: Vec<T>, lists: &mut [Vec<u32>]) -> Vec<T> {
    let mut named = vec![false; actions.len()];
    for action in lists.iter().flatten() {
        let slot = usize::try_from(*action).ok().and_then(|action| named.get_mut(action));
        if let Some(slot) = slot {
            *slot = true;
        }
    }
    let mut next = 0;
    let moved: Vec<u32> = named
        .iter()
        .map(|named| {
            let place = next;
            next += u32::from(*named);
            place
        })
        .collect();
    for action in lists.iter_mut().flatten() {
        *action = place_in(&moved, *action);
    }
    actions.into_iter().zip(named).filter_map(|(action, named)| named.then_some(action)).collect()
}

fn place_in(places: &[u32], of: u32) -> u32 {
    usize::try_from(of).ok().and_then(|of| places.get(of)).copied().unwrap_or(NOWHERE)
}

/// The places of one statement, or the one place of an element that it does not have.
fn places(places: &[u32], range: Range<usize>) -> &[u32] {
    places.get(range).filter(|places| !places.is_empty()).unwrap_or(&[NOWHERE])
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

/// The actions of a statement; a `NotAction` without what others of it cover, as the list of all
/// that is said with `Action` later is (Q17).
fn named<'a>(scope: &'a Scope<Vec<String>>, work: &Work) -> Vec<Listed<Caseless<'a>>> {
    let all = listed(scope, spelling::action);
    let [Listed::Except(list)] = all.as_slice() else { return all };
    let ones: Vec<Listed<Caseless<'_>>> = list.iter().cloned().map(Listed::One).collect();
    let places = (0..).zip(&ones).map(|(place, _)| place).collect();
    let kept = Actions::new(&ones).uncovered(places, work);
    let kept = (0..).zip(list).filter(|(place, _)| kept.binary_search(place).is_ok());
    vec![Listed::Except(kept.map(|(_, action)| action.clone()).collect())]
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
