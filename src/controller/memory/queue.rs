//! What is to be done, when, and whose turn is next. One entry for each resource: being asked twice
//! is being asked once, at the earlier time.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use iam::{account::AccountId, role::RoleKey};
use jiff::Timestamp;

use crate::{api::ResourceKey, plan::form::observed::RoleDetail};

/// What a sweep saw, so that the closer look reads only what differs.
#[derive(Clone, Debug)]
pub struct Hint {
    /// Generation of the resource that the sweep compared with.
    pub generation: i64,
    /// The role as the page showed it; `None` when only its attributes differ.
    pub detail: Option<Box<RoleDetail>>,
}

/// Why a resource has its turn.
#[derive(Clone, Debug)]
pub enum Cause {
    /// Everything is read.
    Full,
    /// A sweep saw a difference.
    Drift(Hint),
    /// The lifetime ends. Asked for again after each pass, so it gives way to any other cause.
    Deadline,
}

impl Cause {
    /// Whether access may have been opened: a page shows other policies, another trust policy or
    /// another boundary than the resource asks for. More is not known before the closer look.
    #[must_use]
    pub fn may_be_open(&self) -> bool {
        matches!(self, Self::Drift(Hint { detail: Some(_), .. }))
    }
}

/// Resources that have their turns one after the other: those of one namespace in one account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Lane {
    account: AccountId,
    namespace: String,
}

#[derive(Debug)]
struct Due {
    at: Timestamp,
    cause: Cause,
    account: AccountId,
    /// Goes first within its lane.
    urgent: bool,
}

/// What is asked for in one lane, by due time.
#[derive(Debug, Default)]
struct Requests {
    urgent: BTreeSet<(Timestamp, ResourceKey)>,
    rest: BTreeSet<(Timestamp, ResourceKey)>,
    /// When it was served last, or began to wait.
    served: u64,
}

/// How many passes may run at the same time, and which do.
#[derive(Clone, Copy, Debug)]
pub struct Running<'a> {
    /// The role of each.
    pub roles: &'a HashMap<ResourceKey, RoleKey>,
    /// At most so many, beside those for lanes in which none runs.
    pub most: usize,
}

impl Running<'_> {
    /// True when another one may begin in a lane in which so many run. A quarter more is kept for
    /// lanes in which none does: whoever comes does not wait for one who has much to do, and who
    /// alone has much to do has all the rest. Only who asks for one at a time gets just that.
    fn may_begin(&self, in_lane: usize) -> bool {
        let kept = if self.most > 1 { (self.most / 4).max(1) } else { 0 };
        let most = if in_lane == 0 { self.most + kept } else { self.most };
        self.roles.len() < most
    }
}

/// Pending resources. Trees: when thousands have had their turn, nothing of them stays in memory.
#[derive(Debug, Default)]
pub struct Queue {
    due: BTreeMap<ResourceKey, Due>,
    order: BTreeSet<(Timestamp, ResourceKey)>,
    lanes: BTreeMap<Lane, Requests>,
    /// When each account was served last.
    accounts: BTreeMap<AccountId, u64>,
    served: u64,
}

impl Queue {
    /// Asks for a pass at `at`; the role is in `account`. Of two requests the earlier time counts,
    /// and a full pass covers a closer look.
    pub fn push(&mut self, account: AccountId, key: ResourceKey, at: Timestamp, cause: Cause) {
        let urgent = cause.may_be_open();
        let next = match self.take(&key) {
            None => Due { at, cause, account, urgent },
            Some(old) => {
                let cause = match (old.cause, cause) {
                    (Cause::Drift(old), Cause::Drift(new)) => Cause::Drift(Hint {
                        generation: new.generation,
                        detail: new.detail.or(old.detail),
                    }),
                    (Cause::Drift(hint), Cause::Deadline)
                    | (Cause::Deadline, Cause::Drift(hint)) => Cause::Drift(hint),
                    (Cause::Deadline, Cause::Deadline) => Cause::Deadline,
                    (Cause::Full, _) | (_, Cause::Full) => Cause::Full,
                };
                Due { at: old.at.min(at), cause, account, urgent: urgent || old.urgent }
            }
        };
        self.insert(key, next);
    }

    /// The role of a resource is in another account than was thought.
    pub fn moved(&mut self, account: AccountId, key: &ResourceKey) {
        if self.due.get(key).is_some_and(|due| due.account != account)
            && let Some(due) = self.take(key)
        {
            self.insert(key.clone(), Due { account, ..due });
        }
    }

    fn insert(&mut self, key: ResourceKey, due: Due) {
        let lane = Lane { account: due.account, namespace: key.namespace.clone() };
        let served = self.served;
        let requests =
            self.lanes.entry(lane).or_insert_with(|| Requests { served, ..Requests::default() });
        requests.of(due.urgent).insert((due.at, key.clone()));
        self.order.insert((due.at, key.clone()));
        self.due.insert(key, due);
    }

    /// Forgets a resource. A new generation does not wait for the back-off of the former one: what
    /// is pending is forgotten before it is asked for.
    pub fn remove(&mut self, key: &ResourceKey) {
        self.take(key);
    }

    fn take(&mut self, key: &ResourceKey) -> Option<Due> {
        let due = self.due.remove(key)?;
        let place = (due.at, key.clone());
        self.order.remove(&place);
        let lane = Lane { account: due.account, namespace: place.1.namespace.clone() };
        if let Some(requests) = self.lanes.get_mut(&lane) {
            requests.of(due.urgent).remove(&place);
            if requests.urgent.is_empty() && requests.rest.is_empty() {
                self.lanes.remove(&lane);
            }
        }
        Some(due)
    }

    /// Takes the resource whose turn is next, of those that are due and that `may_start`. Turns go
    /// round by account, then by namespace: first where the fewest passes run, then where the last
    /// turn is longest ago. Within a namespace opened access comes first.
    pub fn pop(
        &mut self,
        now: Timestamp,
        running: Running<'_>,
        may_start: impl Fn(&ResourceKey) -> bool,
    ) -> Option<(ResourceKey, Cause)> {
        self.next_at().filter(|at| *at <= now)?;
        let (mut accounts, mut lanes) = (BTreeMap::new(), BTreeMap::new());
        for (key, role) in running.roles {
            *accounts.entry(role.account).or_insert(0) += 1;
            *lanes.entry((role.account, key.namespace.as_str())).or_insert(0) += 1;
        }
        let in_account = |lane: &Lane| accounts.get(&lane.account).copied().unwrap_or(0_usize);
        let in_lane = |lane: &Lane| {
            lanes.get(&(lane.account, lane.namespace.as_str())).copied().unwrap_or(0_usize)
        };
        let mut turns: Vec<_> = self
            .lanes
            .iter()
            .filter(|(lane, requests)| requests.is_due(now) && running.may_begin(in_lane(lane)))
            .map(|(lane, requests)| {
                let account = self.accounts.get(&lane.account).copied().unwrap_or_default();
                ((in_account(lane), account, in_lane(lane), requests.served), lane, requests)
            })
            .collect();
        turns.sort_unstable_by_key(|(rank, lane, _)| (*rank, *lane));
        let key =
            turns.iter().find_map(|(_, _, requests)| requests.first(now, &may_start).cloned())?;
        let due = self.due.get(&key)?;
        self.served += 1;
        self.accounts.insert(due.account, self.served);
        let lane = Lane { account: due.account, namespace: key.namespace.clone() };
        if let Some(requests) = self.lanes.get_mut(&lane) {
            requests.served = self.served;
        }
        let due = self.take(&key)?;
        Some((key, due.cause))
    }

    /// How many are due and wait for their turn.
    #[must_use]
    pub fn waiting(&self, now: Timestamp) -> usize {
        self.order.iter().take_while(|(at, _)| *at <= now).count()
    }

    /// When the next one is due.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.order.first().map(|(at, _)| *at)
    }

    /// The first time after `now`: those due before it wait for something else than time.
    #[must_use]
    pub fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        let later = now.checked_add(Duration::from_nanos(1)).ok()?;
        let first = ResourceKey { namespace: String::new(), name: String::new() };
        self.order.range((later, first)..).next().map(|(at, _)| *at)
    }
}

impl Requests {
    fn of(&mut self, urgent: bool) -> &mut BTreeSet<(Timestamp, ResourceKey)> {
        if urgent { &mut self.urgent } else { &mut self.rest }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        [&self.urgent, &self.rest]
            .into_iter()
            .any(|set| set.first().is_some_and(|(at, _)| *at <= now))
    }

    /// The first that is due and that `may_start`.
    fn first(
        &self,
        now: Timestamp,
        may_start: impl Fn(&ResourceKey) -> bool,
    ) -> Option<&ResourceKey> {
        [&self.urgent, &self.rest].into_iter().find_map(|set| {
            let due = set.iter().take_while(|(at, _)| *at <= now);
            due.map(|(_, key)| key).find(|key| may_start(key))
        })
    }
}

#[cfg(test)]
mod tests;
