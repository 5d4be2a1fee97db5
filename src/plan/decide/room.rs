//! Room for roles in a namespace: those that exist come first, then by age. Nobody loses a role for
//! it.

use jiff::Timestamp;

/// A resource that has a role, or is to have one. In this order they have room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place<K> {
    /// It has none yet.
    pub without_role: bool,
    /// When the resource was created.
    pub created: Timestamp,
    /// The lower, the earlier it was made: where two are of one age.
    pub first_version: u64,
    /// Which one.
    pub key: K,
}

/// How much room one resource finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// So many roles a namespace may have.
    pub most: usize,
    /// So many resources of the namespace come first.
    pub ahead: usize,
}

impl Room {
    /// What the resource with this key finds among all of its namespace; `None` when it is not
    /// among them.
    pub fn of<K: Ord>(key: &K, places: &[Place<K>], most: usize) -> Option<Self> {
        let own = places.iter().find(|place| place.key == *key)?;
        Some(Self { most, ahead: places.iter().filter(|place| *place < own).count() })
    }

    /// True when there is none.
    #[must_use]
    pub fn is_full(self) -> bool {
        self.ahead >= self.most
    }
}

/// Those for whom there is room.
#[must_use]
pub fn admitted<K: Ord>(mut places: Vec<Place<K>>, most: usize) -> Vec<Place<K>> {
    places.sort_unstable();
    places.truncate(most);
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(without_role: bool, created: i64, key: usize) -> Place<usize> {
        let created = Timestamp::from_second(created).unwrap();
        Place { without_role, created, first_version: 0, key }
    }

    #[test]
    fn roles_that_exist_come_first_and_then_the_older_resources() {
        let places = [place(true, 1, 0), place(false, 9, 1), place(true, 2, 2), place(false, 8, 3)];
        let ahead = |key| Room::of(&key, &places, 3).map(|room| (room.ahead, room.is_full()));
        assert_eq!(ahead(0), Some((2, false)));
        assert_eq!(ahead(1), Some((1, false)));
        assert_eq!(ahead(2), Some((3, true)));
        assert_eq!(ahead(3), Some((0, false)));
        assert_eq!(ahead(4), None);
    }

    proptest! {
        /// Whoever is told that there is room is admitted, and nobody else; a role that exists
        /// never makes way for one that does not.
        #[test]
        fn law_room_is_for_those_who_are_admitted(
            all in prop::collection::vec((any::<bool>(), 0i64..5), 0..30),
            most in 0usize..12,
        ) {
            let places: Vec<_> = all
                .iter()
                .enumerate()
                .map(|(key, (without_role, created))| place(*without_role, *created, key))
                .collect();
            let admitted: Vec<usize> =
                admitted(places.clone(), most).into_iter().map(|place| place.key).collect();
            prop_assert_eq!(admitted.len(), most.min(places.len()));
            for key in 0..places.len() {
                let room = Room::of(&key, &places, most).expect("it is among them");
                prop_assert_eq!(!room.is_full(), admitted.contains(&key));
            }
            let new = admitted.iter().any(|key| places[*key].without_role);
            let left = (0..places.len()).any(|key| {
                !places[key].without_role && !admitted.contains(&key)
            });
            prop_assert!(!(new && left));
        }
    }
}
