//! From a document to its atoms.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use crate::iam::arn::Account;
use crate::iam::policy::document::{Policy, PrincipalSet, Scope, Statement};
use crate::iam::policy::pattern::{Pattern, Syntax};

use super::{ATOMS, Atom, Folded, Listed, Who, spelling};

/// What was met, in the order in which it was met.
struct Table<T> {
    places: HashMap<T, u16>,
    items: Vec<T>,
}

impl<T: Clone + Eq + Hash + Ord> Table<T> {
    fn new() -> Self {
        Self { places: HashMap::new(), items: Vec::new() }
    }

    /// No document has more items than atoms, and those fit.
    fn place(&mut self, item: T) -> u16 {
        let next = u16::try_from(self.items.len()).unwrap_or(u16::MAX);
        let items = &mut self.items;
        *self.places.entry(item).or_insert_with_key(|item| {
            items.push(item.clone());
            next
        })
    }

    /// The items that are used, sorted, and the new place of each.
    fn sorted(self, used: impl Fn(u16) -> bool) -> (Vec<T>, Vec<u16>) {
        let mut order: Vec<(T, usize)> = self
            .items
            .into_iter()
            .enumerate()
            .filter(|(place, _)| u16::try_from(*place).is_ok_and(&used))
            .map(|(place, item)| (item, place))
            .collect();
        let highest = order.iter().map(|(_, place)| place + 1).max().unwrap_or(0);
        order.sort_unstable();
        let mut places = vec![0; highest];
        for (new, (_, old)) in order.iter().enumerate() {
            if let Some(place) = places.get_mut(*old) {
                *place = u16::try_from(new).unwrap_or(u16::MAX);
            }
        }
        (order.into_iter().map(|(item, _)| item).collect(), places)
    }
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
    let (mut actions, mut principals, mut resources, mut conditions) =
        (Table::new(), Table::new(), Table::new(), Table::new());
    let mut atoms: Vec<Atom> = Vec::new();
    for statement in &policy.statements {
        let when = conditions.place(spelling::clauses(&statement.conditions, policy.version));
        let what = listed(&statement.actions, &mut actions, spelling::action);
        let on: Vec<Option<u16>> = match &statement.resources {
            None => vec![None],
            Some(scope) => listed(scope, &mut resources, |text| spelling::resource(text, policy.version).into_owned())
                .into_iter()
                .map(Some)
                .collect(),
        };
        let by: Vec<Option<u16>> = match &statement.principals {
            None => vec![None],
            Some(scope) => who(scope, account).into_iter().map(|who| Some(principals.place(who))).collect(),
        };
        for principal in by {
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
    drop_covered(&mut atoms, &actions.items);

    let used = |of: &dyn Fn(&Atom) -> Option<u16>| -> HashSet16 {
        let mut set = HashSet16::default();
        atoms.iter().filter_map(of).for_each(|place| set.insert(place));
        set
    };
    let used_actions = used(&|atom| Some(atom.action));
    let (actions, action_places) = actions.sorted(|place| used_actions.has(place));
    let (principals, principal_places) = principals.sorted(|_| true);
    let (resources, resource_places) = resources.sorted(|_| true);
    let (conditions, condition_places) = conditions.sorted(|_| true);
    let moved = |places: &[u16], place: u16| places.get(usize::from(place)).copied().unwrap_or(place);
    for atom in &mut atoms {
        atom.action = moved(&action_places, atom.action);
        atom.principal = atom.principal.map(|place| moved(&principal_places, place));
        atom.resource = atom.resource.map(|place| moved(&resource_places, place));
        atom.conditions = moved(&condition_places, atom.conditions);
    }
    atoms.sort_unstable();
    Some(Folded { version: policy.version, actions, principals, resources, conditions, atoms })
}

/// A set of places.
#[derive(Default)]
struct HashSet16(Vec<bool>);

impl HashSet16 {
    fn insert(&mut self, place: u16) {
        let place = usize::from(place);
        if self.0.len() <= place {
            self.0.resize(place + 1, false);
        }
        if let Some(flag) = self.0.get_mut(place) {
            *flag = true;
        }
    }

    fn has(&self, place: u16) -> bool {
        self.0.get(usize::from(place)).copied().unwrap_or(false)
    }
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

fn listed(scope: &Scope<Vec<String>>, table: &mut Table<Listed>, spelled: impl Fn(&str) -> String) -> Vec<u16> {
    match scope {
        Scope::Only(list) => list.iter().map(|text| table.place(Listed::One(spelled(text)))).collect(),
        Scope::Except(list) => vec![table.place(Listed::Except(list.iter().map(|text| spelled(text)).collect()))],
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

/// Leaves out each atom whose action another atom covers that is equal in everything else (Q17). The atoms are sorted, so
/// those that differ in their action alone stand together.
fn drop_covered(atoms: &mut Vec<Atom>, actions: &[Listed]) {
    let text = |place: u16| match actions.get(usize::from(place)) {
        Some(Listed::One(text)) => Some(text.as_str()),
        _ => None,
    };
    let is_wide = |place: u16| text(place).is_some_and(|text| text.contains(['*', '?']));
    if !atoms.iter().any(|atom| is_wide(atom.action)) {
        return;
    }
    let mut patterns: HashMap<u16, Pattern> = HashMap::new();
    let mut known: HashMap<(u16, u16), bool> = HashMap::new();
    let mut covers = |wide: u16, narrow: u16| -> bool {
        let (Some(wide_text), Some(narrow_text)) = (text(wide), text(narrow)) else { return false };
        let beginning = wide_text.split(['*', '?']).next().unwrap_or_default();
        if !narrow_text.starts_with(beginning) {
            return false;
        }
        *known.entry((wide, narrow)).or_insert_with(|| {
            for (place, text) in [(wide, wide_text), (narrow, narrow_text)] {
                patterns.entry(place).or_insert_with(|| Pattern::new(text, Syntax::ACTION));
            }
            let found = (patterns.get(&wide), patterns.get(&narrow));
            matches!(found, (Some(wide), Some(narrow)) if wide.covers(narrow))
        })
    };
    let rest = |atom: &Atom| Atom { action: 0, ..*atom };
    let mut kept: Vec<Atom> = Vec::with_capacity(atoms.len());
    for group in atoms.chunk_by(|one, other| rest(one) == rest(other)) {
        let wide: Vec<u16> = group.iter().map(|atom| atom.action).filter(|action| is_wide(*action)).collect();
        kept.extend(
            group.iter().filter(|atom| !wide.iter().any(|wide| *wide != atom.action && covers(*wide, atom.action))),
        );
    }
    *atoms = kept;
}
