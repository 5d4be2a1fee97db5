//! How many roles may go, or change by themselves, before somebody is asked. Counted by namespace
//! first: one that is over its own share is held alone, and the account when the others together
//! are over.

pub mod confirm;
pub mod done;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use crate::plan::failure::ClusterError;

/// So many are never too many.
pub const FLOOR: usize = 10;
/// What was done counts for this long.
pub const WINDOW: Duration = Duration::from_mins(10);
/// Expired roles of an account that are removed in a minute.
pub const EXPIRIES_A_MINUTE: usize = 10;
/// No removal waits longer than this for others to show.
pub const LONGEST_WAVE: Duration = Duration::from_mins(1);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counted {
    /// Roles that go because their resource is deleted, or because of an end that nobody wrote in
    /// the resource.
    Removals,
    /// Roles whose desired form is another one without a new generation of their resource.
    Changes,
    /// Roles that go at the end that their resource names.
    Expiries,
}

impl Counted {
    /// The word in records and commands.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Removals => "removals",
            Self::Changes => "changes",
            Self::Expiries => "expiries",
        }
    }

    /// What a word means.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Removals, Self::Changes, Self::Expiries].into_iter().find(|it| it.word() == word)
    }
}

/// One namespace of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Roles that it has, those among them that wait to go.
    pub roles: usize,
    /// That wait, and nobody has confirmed.
    pub pending: usize,
    /// That were done in the window, and nobody had confirmed.
    pub done: usize,
}

/// What is counted in one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// By namespace.
    pub spaces: BTreeMap<String, Space>,
    /// A sweep was complete: the number of roles is known.
    pub swept: bool,
}

/// Whose share is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The namespace's own.
    Namespace,
    /// The account's.
    Account,
}

impl Space {
    fn count(self) -> usize {
        self.pending.saturating_add(self.done)
    }
}

impl Census {
    /// How many of so many roles may go, or change, in the window.
    #[must_use]
    pub fn share(&self, roles: usize) -> usize {
        if self.swept { FLOOR.max(roles / 10) } else { FLOOR }
    }

    fn alone(&self, space: Space) -> bool {
        // What is gone was there when it began: a wave does not shrink its own share.
        space.count() > self.share(space.roles.saturating_add(space.done))
    }

    /// Whose share the waiting roles of a namespace are beyond; `None` when they may go.
    #[must_use]
    pub fn over(&self, namespace: &str) -> Option<Over> {
        if self.spaces.get(namespace).is_some_and(|space| self.alone(*space)) {
            return Some(Over::Namespace);
        }
        let others = self.spaces.values().filter(|space| !self.alone(**space));
        let count: usize = others.map(|space| space.count()).sum();
        let roles: usize =
            self.spaces.values().map(|space| space.roles.saturating_add(space.done)).sum();
        (count > self.share(roles)).then_some(Over::Account)
    }
}

/// How much longer a removal waits for others to show: `wave` after the last new one of its
/// namespace, at most a minute after it showed itself. `None` when it has waited.
#[must_use]
pub fn wave(
    seen: Timestamp,
    last_in_namespace: Timestamp,
    now: Timestamp,
    wave: Duration,
) -> Option<Duration> {
    let after = |from: Timestamp, time: Duration| from.checked_add(time).unwrap_or(Timestamp::MAX);
    let end = after(last_in_namespace.max(seen), wave).min(after(seen, LONGEST_WAVE));
    let left: Duration = end.duration_since(now).try_into().unwrap_or_default();
    // A clock that was set back holds nothing longer than that.
    Some(left.min(LONGEST_WAVE)).filter(|left| !left.is_zero())
}

/// Of a confirmed change so many go now, out of those that are still open: one, then ten, then a
/// share at a time, each lot after the former is ready. `total` is what was confirmed.
#[must_use]
pub fn lot(total: usize, open: usize, share: usize) -> usize {
    let ready = total.saturating_sub(open);
    let mut reach = 1_usize;
    for next in [10, share.max(FLOOR)] {
        if ready < reach {
            return reach.saturating_sub(ready).min(open);
        }
        reach = reach.saturating_add(next);
    }
    let size = share.max(FLOOR);
    while reach <= ready {
        reach = reach.saturating_add(size);
    }
    reach.saturating_sub(ready).min(open)
}

/// Why a plan has to wait although it may be carried out otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brake {
    /// Others may follow: look again after this time.
    Wave(Duration),
    /// Too many: somebody has to confirm.
    Over(Counted, Over),
    /// It is confirmed, and those before it are not ready yet.
    Turn,
    /// So many expired roles were removed in this minute: look again after this time.
    Minute(Duration),
    /// Somebody has confirmed that the role stays when its resource goes.
    Kept,
    /// It can't be counted.
    Uncounted(ClusterError),
}

#[cfg(test)]
mod tests;
