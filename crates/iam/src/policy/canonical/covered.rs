//! Leaving out actions that another one covers, with all else equal (Q17).

use crate::policy::pattern::{Pattern, Syntax, is_action};

use crate::policy::canonical::{Atom, Caseless, Listed};

/// An action with a wildcard: what stands before it, and what it matches.
struct Wide<'a> {
    beginning: &'a str,
    /// `None` for everything: a single `*` ends the action.
    pattern: Option<Pattern>,
}

impl<'a> Wide<'a> {
    /// `None` for an action without a wildcard, and for one that matches nothing.
    fn new(action: &'a Listed<Caseless<'_>>) -> Option<Self> {
        let text = text(action).filter(|text| *text == "*" || is_action(text))?;
        let (beginning, rest) = text.split_at_checked(text.find(['*', '?'])?)?;
        Some(Self { beginning, pattern: (rest != "*").then(|| Pattern::new(text, Syntax::ACTION)) })
    }

    /// Whether this one matches all that `action` does, which has a wildcard itself when `narrow`
    /// is given.
    fn covers(&self, action: &Listed<Caseless<'_>>, narrow: Option<&Wide<'_>>) -> bool {
        let Some(text) = text(action) else { return false };
        // A pattern whose first wildcard stands further to the front also matches what begins in
        // another way.
        let begins = text
            .get(..self.beginning.len())
            .is_some_and(|text| text.eq_ignore_ascii_case(self.beginning));
        begins
            && match (&self.pattern, narrow) {
                (None, _) => true,
                (Some(pattern), None) => pattern.matches(&text.to_ascii_lowercase()),
                (Some(pattern), Some(_)) => pattern.covers(&Pattern::new(text, Syntax::ACTION)),
            }
    }
}

fn text<'a>(action: &'a Listed<Caseless<'_>>) -> Option<&'a str> {
    match action {
        Listed::One(text) => Some(&text.0),
        Listed::Except(_) => None,
    }
}

/// Leaves out each atom whose action another atom covers that is equal in everything else, and the
/// actions that no atom names then. The atoms are sorted, so those that differ in their action
/// alone stand together.
pub(super) fn drop_covered(atoms: &mut Vec<Atom>, actions: &mut Vec<Listed<Caseless<'_>>>) {
    let wide: Vec<Option<Wide<'_>>> = actions.iter().map(Wide::new).collect();
    if wide.iter().all(Option::is_none) {
        return;
    }
    let wide_of = |place: u16| wide.get(usize::from(place)).and_then(Option::as_ref);
    let covers = |wide: &Wide<'_>, narrow: u16| {
        actions.get(usize::from(narrow)).is_some_and(|action| wide.covers(action, wide_of(narrow)))
    };
    // The groups of one statement have the same actions: the answer for one is that for the next.
    let (mut last, mut keeps): (&[Atom], Vec<bool>) = (&[], Vec::new());
    let mut kept: Vec<Atom> = Vec::with_capacity(atoms.len());
    for group in atoms.chunk_by(|one, other| one.is_beside(*other)) {
        if !last.iter().map(|atom| atom.action).eq(group.iter().map(|atom| atom.action)) {
            let others: Vec<(u16, &Wide<'_>)> = group
                .iter()
                .filter_map(|atom| wide_of(atom.action).map(|wide| (atom.action, wide)))
                .collect();
            let keep = |atom: &Atom| {
                !others
                    .iter()
                    .any(|(place, wide)| *place != atom.action && covers(wide, atom.action))
            };
            keeps = group.iter().map(keep).collect();
            last = group;
        }
        kept.extend(group.iter().zip(&keeps).filter(|(_, keep)| **keep).map(|(atom, _)| *atom));
    }
    if kept.len() < atoms.len() {
        *atoms = kept;
        drop_unused(atoms, actions);
    }
}

/// Takes actions out of the table that no atom names any more. The order stays, so the atoms stay
/// sorted.
fn drop_unused(atoms: &mut [Atom], actions: &mut Vec<Listed<Caseless<'_>>>) {
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
