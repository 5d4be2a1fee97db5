//! What changed between two documents, by statement, and whether it widens or narrows access.
//!
//! Statements are matched when they say the same, then by Sid, then by likeness. What has no effect
//! (order, spelling, a Sid) is no change. The text of a [`Diff`] is the one text of it for the
//! command line, plans, Events and the audit log.

mod element;
mod matching;
mod print;
#[cfg(test)]
mod tests;

use crate::account::Account;

use crate::policy::compare::between;
use crate::policy::contain::{AccessChange, Containment, access, access_within};
use crate::policy::document::{Effect, Policy, Statement, Version};
use crate::policy::work::{BUDGET, Work};

pub use element::ElementChange;
pub use print::request_node;

/// The changes from one document to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff {
    /// The versions, when they differ.
    pub version: Option<(Version, Version)>,
    /// In the order of the new document; what was removed comes behind.
    pub statements: Vec<StatementChange>,
    /// What the whole change does to access.
    pub access: AccessChange,
}

/// The change of one statement.
#[derive(Clone, Debug, PartialEq)]
pub struct StatementChange {
    /// What happened to it.
    pub kind: ChangeKind,
    /// What that does to access, the statement taken alone.
    pub direction: Direction,
}

/// What happened to a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeKind {
    /// It is new.
    Added(PlacedStatement),
    /// It is gone.
    Removed(PlacedStatement),
    /// It says something else.
    Changed {
        /// Where it was.
        old: PlacedStatement,
        /// Where it is.
        new: PlacedStatement,
        /// What differs in it.
        elements: Vec<ElementChange>,
    },
}

/// A statement and where it stands in its document.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedStatement {
    /// From 0.
    pub index: usize,
    /// The statement.
    pub statement: Statement,
}

/// Whether a change widens and whether it narrows; `None` where that can't be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Direction {
    /// Something is allowed that was not.
    pub widens: Option<bool>,
    /// Something is not allowed any more.
    pub narrows: Option<bool>,
}

impl From<&AccessChange> for Direction {
    fn from(access: &AccessChange) -> Self {
        let told = |containment: &Containment| match containment {
            Containment::NoNewAccess => Some(false),
            Containment::NewAccess(_) => Some(true),
            Containment::Unknown(_) => None,
        };
        Self { widens: told(&access.widens), narrows: told(&access.narrows) }
    }
}

impl Direction {
    /// What a change of a Deny does, from what the same change of an Allow would do.
    const fn of_deny(self) -> Self {
        Self { widens: self.narrows, narrows: self.widens }
    }
}

impl Diff {
    /// The changes from `old` to `new`, in a role of `account`.
    #[must_use]
    pub fn between(old: &Policy, new: &Policy, account: &Account) -> Self {
        let version = (old.version != new.version).then_some((old.version, new.version));
        if version.is_none() && between(new, old, account).is_equal() {
            let same = AccessChange {
                widens: Containment::NoNewAccess,
                narrows: Containment::NoNewAccess,
            };
            return Self { version, statements: Vec::new(), access: same };
        }
        let alone = |policy: &Policy, statement: &Statement| Policy {
            version: policy.version,
            id: None,
            statements: vec![statement.clone()],
        };
        let place = |policy: &Policy, index: usize| {
            policy
                .statements
                .get(index)
                .map(|statement| PlacedStatement { index, statement: statement.clone() })
        };
        // What the whole change does to access has a budget of its own: that does not depend on how
        // many statements there are. What each of them does has what is left of the time.
        let access = access(Some(old), Some(new));
        // Where all of each document is one Allow, that is told already.
        let whole = [old, new].iter().all(|policy| {
            policy.statements.len() < 2
                && policy.statements.iter().all(|statement| statement.effect == Effect::Allow)
        });
        let work = Work::of(BUDGET / 4);
        let mut statements = Vec::new();
        for (before, after) in matching::pairs(old, new, account, &work) {
            let (was, is) = (
                before.and_then(|index| place(old, index)),
                after.and_then(|index| place(new, index)),
            );
            let direction = if whole {
                Direction::from(&access)
            } else {
                direction(
                    was.as_ref().map(|place| alone(old, &place.statement)).as_ref(),
                    is.as_ref().map(|place| alone(new, &place.statement)).as_ref(),
                    &work,
                )
            };
            let kind = match (was, is) {
                (None, Some(new)) => ChangeKind::Added(new),
                (Some(old), None) => ChangeKind::Removed(old),
                (Some(old), Some(new)) => {
                    let elements = element::changes(&old.statement, &new.statement, account);
                    ChangeKind::Changed { old, new, elements }
                }
                (None, None) => continue,
            };
            statements.push(StatementChange { kind, direction });
        }
        Self { version, statements, access }
    }

    /// Whether nothing changed that AWS evaluates.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.version.is_none() && self.statements.is_empty()
    }

    /// What the whole change does to access.
    #[must_use]
    pub fn direction(&self) -> Direction {
        Direction::from(&self.access)
    }
}

/// Of one statement, or of none before or after. A Deny alone allows nothing: what it shuts out is
/// compared instead.
fn direction(old: Option<&Policy>, new: Option<&Policy>, work: &Work) -> Direction {
    let effect = |policy: Option<&Policy>| {
        policy.and_then(|policy| policy.statements.first()).map(|first| first.effect)
    };
    let opened = |policy: Option<&Policy>| {
        let mut policy = policy?.clone();
        policy.statements.iter_mut().for_each(|statement| statement.effect = Effect::Allow);
        Some(policy)
    };
    match (effect(old), effect(new)) {
        (Some(Effect::Deny), Some(Effect::Allow)) => {
            Direction { widens: Some(true), narrows: Some(false) }
        }
        (Some(Effect::Allow), Some(Effect::Deny)) => {
            Direction { widens: Some(false), narrows: Some(true) }
        }
        (Some(Effect::Deny), _) | (_, Some(Effect::Deny)) => {
            Direction::from(&access_within(opened(old).as_ref(), opened(new).as_ref(), work))
                .of_deny()
        }
        _ => Direction::from(&access_within(old, new, work)),
    }
}
