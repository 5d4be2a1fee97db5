//! What is to be done, and when. One entry for each resource: being asked twice is being asked
//! once, at the earlier time.

use std::collections::{BTreeMap, BTreeSet};

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

#[derive(Debug)]
struct Due {
    at: Timestamp,
    cause: Cause,
}

/// Pending resources by due time. Trees: when thousands have had their turn, nothing of them stays
/// in memory.
#[derive(Debug, Default)]
pub struct Queue {
    due: BTreeMap<ResourceKey, Due>,
    order: BTreeSet<(Timestamp, ResourceKey)>,
}

impl Queue {
    /// Asks for a pass at `at`. Of two requests the earlier time counts, and a full pass covers a
    /// closer look.
    pub fn push(&mut self, key: ResourceKey, at: Timestamp, cause: Cause) {
        let next = match self.due.remove(&key) {
            None => Due { at, cause },
            Some(old) => {
                self.order.remove(&(old.at, key.clone()));
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
                Due { at: old.at.min(at), cause }
            }
        };
        self.order.insert((next.at, key.clone()));
        self.due.insert(key, next);
    }

    /// Replaces whatever is pending: a new generation does not wait for the back-off of the former
    /// one.
    pub fn replace(&mut self, key: ResourceKey, at: Timestamp) {
        self.remove(&key);
        self.push(key, at, Cause::Full);
    }

    /// Forgets a resource.
    pub fn remove(&mut self, key: &ResourceKey) {
        if let Some(old) = self.due.remove(key) {
            self.order.remove(&(old.at, key.clone()));
        }
    }

    /// Takes the first resource that is due and that `may_start`.
    pub fn pop(
        &mut self,
        now: Timestamp,
        may_start: impl Fn(&ResourceKey) -> bool,
    ) -> Option<(ResourceKey, Cause)> {
        let key = self
            .order
            .iter()
            .take_while(|(at, _)| *at <= now)
            .map(|(_, key)| key)
            .find(|key| may_start(key))?
            .clone();
        let due = self.due.remove(&key)?;
        self.order.remove(&(due.at, key.clone()));
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
        self.order.iter().map(|(at, _)| *at).find(|at| *at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ResourceKey {
        ResourceKey { namespace: "a".into(), name: name.into() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn being_asked_twice_is_being_asked_once_at_the_earlier_time() {
        let mut queue = Queue::default();
        queue.push(key("x"), at(10), Cause::Full);
        queue.push(key("x"), at(5), Cause::Full);
        assert_eq!(queue.next_at(), Some(at(5)));
        assert!(queue.pop(at(5), |_| true).is_some());
        assert!(queue.pop(at(100), |_| true).is_none());
    }

    #[test]
    fn a_full_pass_covers_a_closer_look() {
        let mut queue = Queue::default();
        queue.push(key("x"), at(10), Cause::Full);
        queue.push(key("x"), at(5), Cause::Drift(Hint { generation: 1, detail: None }));
        assert!(matches!(queue.pop(at(5), |_| true), Some((_, Cause::Full))));
    }

    #[test]
    fn a_deadline_far_away_leaves_a_closer_look_as_it_is() {
        let mut queue = Queue::default();
        queue.push(key("x"), at(1_000), Cause::Deadline);
        queue.push(key("x"), at(5), Cause::Drift(Hint { generation: 1, detail: None }));
        queue.push(key("x"), at(1_000), Cause::Deadline);
        assert!(matches!(queue.pop(at(5), |_| true), Some((_, Cause::Drift(_)))));
        queue.push(key("x"), at(9), Cause::Full);
        queue.push(key("x"), at(7), Cause::Deadline);
        assert!(matches!(queue.pop(at(7), |_| true), Some((_, Cause::Full))));
    }

    #[test]
    fn a_resource_that_may_not_start_does_not_hold_up_the_others() {
        let mut queue = Queue::default();
        queue.push(key("x"), at(1), Cause::Full);
        queue.push(key("y"), at(2), Cause::Full);
        let (first, _) = queue.pop(at(2), |key| key.name != "x").unwrap();
        assert_eq!(first, key("y"));
        assert_eq!((queue.waiting(at(0)), queue.waiting(at(1))), (0, 1));
        assert_eq!(queue.next_at(), Some(at(1)));
    }

    #[test]
    fn a_new_generation_does_not_wait_for_the_back_off() {
        let mut queue = Queue::default();
        queue.push(key("x"), at(500), Cause::Drift(Hint { generation: 1, detail: None }));
        queue.replace(key("x"), at(600));
        assert_eq!(queue.next_at(), Some(at(600)));
    }
}
