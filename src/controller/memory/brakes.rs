//! Which resources the brakes know of: since when they are to go, which are held, and which were
//! let go already. All of it comes back by itself after a crash.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    api::{ResourceKey, resource::Resource},
    plan::decide::brakes::{self, Counted, EXPIRIES_A_MINUTE, WINDOW},
};

/// From one look at what was confirmed to the next, while anything is held.
pub const LOOK: Duration = Duration::from_secs(5);
/// What is held and does not look itself comes back after this time all the same.
const COME_BACK: Duration = Duration::from_mins(5);

/// One resource that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldItem {
    /// As what.
    pub counted: Counted,
    /// Its name in a set that is confirmed.
    pub item: String,
}

/// What the brakes know between passes.
#[derive(Debug, Default)]
pub struct Brakes {
    /// When a deletion was seen first; by namespace, then name.
    seen: BTreeMap<ResourceKey, Timestamp>,
    held: BTreeMap<ResourceKey, HeldItem>,
    /// Counted on the Lease already: a second try is not counted again.
    let_go: HashMap<String, Timestamp>,
    /// The one of all that are held that looks often, and wakes the others.
    looker: Option<ResourceKey>,
    /// Expired roles that wait for a minute that has begun or is to come.
    minutes: BTreeMap<i64, usize>,
}

impl Brakes {
    /// Takes in what the watch delivers.
    pub fn saw(&mut self, resource: &Resource, now: Timestamp) {
        if resource.deleting {
            self.seen.entry(resource.key.clone()).or_insert(now);
        } else {
            self.seen.remove(&resource.key);
        }
    }

    /// The resource is gone. Returns who has to look now.
    pub fn gone(&mut self, key: &ResourceKey) -> Option<ResourceKey> {
        self.seen.remove(key);
        self.free(key)
    }

    /// How much longer a deletion waits for others of its namespace to show.
    pub fn wave(
        &mut self,
        key: &ResourceKey,
        now: Timestamp,
        length: Duration,
    ) -> Option<Duration> {
        let seen = *self.seen.entry(key.clone()).or_insert(now);
        let first = ResourceKey { namespace: key.namespace.clone(), name: String::new() };
        let last = self
            .seen
            .range(first..)
            .take_while(|(other, _)| other.namespace == key.namespace)
            .map(|(_, seen)| *seen)
            .max();
        brakes::wave(seen, last.unwrap_or(seen), now, length)
    }

    /// Holds a resource, and tells when it comes back.
    pub fn hold(&mut self, key: &ResourceKey, held: HeldItem) -> Duration {
        self.held.insert(key.clone(), held);
        let looker = self.looker.get_or_insert_with(|| key.clone());
        if looker == key { LOOK } else { COME_BACK }
    }

    /// It is held no longer. Returns who has to look now, when this one did so far.
    pub fn free(&mut self, key: &ResourceKey) -> Option<ResourceKey> {
        self.held.remove(key);
        if self.looker.as_ref() != Some(key) {
            return None;
        }
        self.looker = self.held.keys().next().cloned();
        self.looker.clone()
    }

    /// All that is held.
    pub fn held(&self) -> impl Iterator<Item = (&ResourceKey, &HeldItem)> {
        self.held.iter()
    }

    /// The sets that can be confirmed: all of what is held, and what is held of each namespace.
    /// What `is_open` refuses was confirmed already.
    #[must_use]
    pub fn sets(&self, counted: Counted, is_open: impl Fn(&str) -> bool) -> Vec<Vec<&str>> {
        let mut spaces: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let open = |held: &HeldItem| held.counted == counted && is_open(&held.item);
        for (key, held) in self.held.iter().filter(|(_, held)| open(held)) {
            spaces.entry(&key.namespace).or_default().push(&held.item);
        }
        let all = spaces.values().flatten().copied().collect();
        std::iter::once(all).chain(spaces.into_values()).collect()
    }

    /// It was counted on the Lease.
    pub fn counted(&mut self, item: String, now: Timestamp) {
        self.let_go.retain(|_, at| recent(*at, now));
        self.let_go.insert(item, now);
    }

    /// Whether it was counted in the window.
    #[must_use]
    pub fn was_counted(&self, item: &str, now: Timestamp) -> bool {
        self.let_go.get(item).is_some_and(|at| recent(*at, now))
    }

    /// A minute that has room for one more expired role, as the time until then.
    pub fn next_minute(&mut self, now: Timestamp) -> Duration {
        let this = now.as_second().div_euclid(60);
        self.minutes = self.minutes.split_off(&this);
        let taken: BTreeSet<i64> = self
            .minutes
            .iter()
            .filter(|(_, taken)| **taken >= EXPIRIES_A_MINUTE)
            .map(|(minute, _)| *minute)
            .collect();
        let mut to_come = this.saturating_add(1)..i64::MAX;
        let next = to_come.find(|minute| !taken.contains(minute)).unwrap_or(i64::MAX);
        let count = self.minutes.entry(next).or_default();
        *count = count.saturating_add(1);
        let at = Timestamp::from_second(next.saturating_mul(60)).unwrap_or(Timestamp::MAX);
        at.duration_since(now).try_into().unwrap_or(LOOK)
    }
}

fn recent(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).unsigned_abs() <= WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{RoleStatus, object::Pause};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key(namespace: &str, name: &str) -> ResourceKey {
        ResourceKey { namespace: namespace.into(), name: name.into() }
    }

    fn deleted(namespace: &str, name: &str) -> Resource {
        Resource {
            key: key(namespace, name),
            uid: name.into(),
            generation: 1,
            version: 1,
            created: at(0),
            deleting: true,
            finalizer: true,
            pause: Pause::No,
            reconcile_requested_at: None,
            last_applied: None,
            spec: "{}".into(),
            status: RoleStatus::default(),
        }
    }

    fn item(uid: &str) -> HeldItem {
        HeldItem { counted: Counted::Removals, item: uid.into() }
    }

    #[test]
    fn a_deletion_of_another_namespace_lengthens_nobodys_wave() {
        let (mut brakes, ten) = (Brakes::default(), Duration::from_secs(10));
        brakes.saw(&deleted("a", "x"), at(0));
        brakes.saw(&deleted("b", "x"), at(9));
        // Our own status comes back through the watch: it is no new deletion.
        brakes.saw(&deleted("a", "x"), at(9));
        assert_eq!(brakes.wave(&key("a", "x"), at(9), ten), Some(Duration::from_secs(1)));
        assert_eq!(brakes.wave(&key("a", "x"), at(10), ten), None);
        brakes.saw(&deleted("a", "y"), at(10));
        assert_eq!(brakes.wave(&key("a", "x"), at(10), ten), Some(ten));
        brakes.gone(&key("a", "y"));
        assert_eq!(brakes.wave(&key("a", "x"), at(10), ten), None);
    }

    #[test]
    fn one_of_all_that_are_held_looks_and_the_next_takes_over() {
        let mut brakes = Brakes::default();
        assert_eq!(brakes.hold(&key("a", "x"), item("x")), LOOK);
        assert_eq!(brakes.hold(&key("a", "y"), item("y")), COME_BACK);
        assert_eq!(brakes.hold(&key("a", "x"), item("x")), LOOK);
        assert_eq!(brakes.free(&key("a", "z")), None);
        assert_eq!(brakes.gone(&key("a", "x")), Some(key("a", "y")));
        assert_eq!(brakes.hold(&key("a", "y"), item("y")), LOOK);
        assert_eq!(brakes.free(&key("a", "y")), None, "nothing is held any more");
        assert_eq!(brakes.hold(&key("a", "x"), item("x")), LOOK);
    }

    #[test]
    fn what_is_held_can_be_confirmed_as_a_whole_and_by_namespace() {
        let mut brakes = Brakes::default();
        for (namespace, name) in [("a", "x"), ("a", "y"), ("b", "z")] {
            brakes.hold(&key(namespace, name), item(name));
        }
        let change = HeldItem { counted: Counted::Changes, item: "c".into() };
        brakes.hold(&key("a", "c"), change);
        let sets = brakes.sets(Counted::Removals, |_| true);
        assert_eq!(sets, [vec!["x", "y", "z"], vec!["x", "y"], vec!["z"]]);
        assert_eq!(brakes.sets(Counted::Removals, |item| item == "z"), [["z"], ["z"]]);
    }

    #[test]
    fn ten_of_the_expired_roles_have_each_minute() {
        let mut brakes = Brakes::default();
        let waits: Vec<u64> = (0..25).map(|_| brakes.next_minute(at(30)).as_secs()).collect();
        assert_eq!(waits[..10], [30; 10]);
        assert_eq!(waits[10..20], [90; 10]);
        assert_eq!(waits[20..], [150; 5]);
        assert_eq!(brakes.next_minute(at(95)).as_secs(), 85, "the minutes before are over");
    }
}
