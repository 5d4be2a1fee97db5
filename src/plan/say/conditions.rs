//! Conditions one by one. Whoever has something to say contributes the types that it speaks of,
//! each with a reason and a message of its own. That is merged into the list: what nobody speaks of
//! stays as it is, whether it is ours and said at another moment, or another manager's.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::api::{
    RoleStatus,
    condition::{self, State},
};

/// What is said of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// One of [`condition::ALL`].
    pub type_: &'static str,
    /// `None` takes the condition away: of an abnormal-true type that is well, because waiting
    /// tools take its presence for trouble.
    pub said: Option<Said>,
}

/// How one type stands, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// How it stands.
    pub state: State,
    /// One of [`crate::api::reason::ALL`].
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl Said {
    /// True when it stands there already, for the same reason. In which words, and of which
    /// generation, is no difference.
    fn stands(&self, condition: &Condition) -> bool {
        condition.status == self.state.name() && condition.reason == self.reason
    }
}

/// The condition of a type.
#[must_use]
pub fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// Whether the condition of a type is there and `True`.
#[must_use]
pub fn is_true(conditions: &[Condition], type_: &str) -> bool {
    find(conditions, type_).is_some_and(|condition| condition.status == State::True.name())
}

/// True when the status says that this generation was reconciled and AWS was equal.
#[must_use]
pub fn is_ready(status: &RoleStatus, generation: i64) -> bool {
    status.observed_generation == Some(generation) && is_true(&status.conditions, condition::READY)
}

/// True when saying all of it would change no state and no reason.
#[must_use]
pub fn stand(conditions: &[Condition], contributions: &[Contribution]) -> bool {
    contributions.iter().all(|Contribution { type_, said }| match (said, find(conditions, type_)) {
        (Some(said), Some(old)) => said.stands(old),
        (said, old) => said.is_none() && old.is_none(),
    })
}

/// True when each is told there already, in the same words.
#[must_use]
pub fn say(conditions: &[Condition], contributions: &[Contribution]) -> bool {
    stand(conditions, contributions)
        && contributions.iter().all(|Contribution { type_, said }| {
            let told = find(conditions, type_).map(|condition| &condition.message);
            told == said.as_ref().map(|said| &said.message)
        })
}

/// Merges what is said of `generation` into the list. A time moves only when the state of its
/// condition changes. What stands there keeps its place, so that an order which the API server or
/// another manager has made is no news; what is new stands behind those of ours that come before
/// it.
pub fn merge(
    conditions: &mut Vec<Condition>,
    contributions: Vec<Contribution>,
    generation: i64,
    now: Timestamp,
) {
    for Contribution { type_, said } in contributions {
        let Some(Said { state, reason, message }) = said else {
            conditions.retain(|old| old.type_ != type_);
            continue;
        };
        let mut next = Condition {
            type_: type_.into(),
            status: state.name().into(),
            observed_generation: Some(generation),
            last_transition_time: whole_seconds(now),
            reason: reason.into(),
            message,
        };
        if let Some(old) = conditions.iter_mut().find(|old| old.type_ == type_) {
            if old.status == next.status {
                next.last_transition_time = old.last_transition_time.clone();
            }
            *old = next;
        } else {
            conditions.insert(place(conditions, type_), next);
        }
    }
}

/// Where a type goes that is not in the list yet.
fn place(conditions: &[Condition], type_: &str) -> usize {
    let before = || condition::ALL.iter().take_while(|(ours, _)| *ours != type_);
    conditions
        .iter()
        .rposition(|old| before().any(|(ours, _)| *ours == old.type_))
        .map_or(0, |last| last + 1)
}

/// The status without the conditions of other managers. A status is applied server-side, where
/// conditions are a map by type: what we apply becomes ours, and what we leave out stays theirs.
#[must_use]
pub fn own(status: &RoleStatus) -> RoleStatus {
    let mut own = status.clone();
    own.conditions.retain(|condition| condition::is_ours(&condition.type_));
    own
}

/// A time as the API server keeps it. A fraction of a second would come back cut off and look like
/// news for ever.
#[must_use]
pub fn whole_seconds(time: Timestamp) -> Time {
    Time(Timestamp::from_second(time.as_second()).unwrap_or(time))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{prelude::*, sample::select};

    use super::*;
    use crate::api::reason;

    const THEIRS: &str = "example.org/Audited";

    fn theirs() -> Condition {
        Condition {
            type_: THEIRS.into(),
            status: State::False.name().into(),
            reason: "Overdue".into(),
            message: String::new(),
            observed_generation: Some(0),
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
        }
    }

    /// Any of our types, each with a state or as one that is well.
    fn any_said() -> impl Strategy<Value = BTreeMap<&'static str, Option<State>>> {
        let types = condition::ALL.map(|(type_, _)| type_).to_vec();
        let state = select(vec![State::True, State::False, State::Unknown]);
        prop::collection::btree_map(select(types), prop::option::of(state), 0..=5)
    }

    /// Each type with a reason and a message of its own.
    fn contributions(said: &BTreeMap<&'static str, Option<State>>) -> Vec<Contribution> {
        let reason = |type_| {
            let at = condition::ALL.iter().position(|(ours, _)| *ours == type_).unwrap();
            reason::ALL[at].0
        };
        let say = |type_, state: Option<State>| Contribution {
            type_,
            said: state.map(|state| Said { state, reason: reason(type_), message: type_.into() }),
        };
        said.iter().map(|(type_, state)| say(*type_, *state)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn each_type_goes_by_what_is_said_of_it_and_stays_when_nothing_is(before in any_said(),
            said in any_said(), place in 0..6_usize) {
            let at = |second: i64| Timestamp::from_second(second).unwrap();
            let mut list = Vec::new();
            merge(&mut list, contributions(&before), 1, at(1));
            let theirs = theirs();
            list.insert(place.min(list.len()), theirs.clone());
            let old = list.clone();
            merge(&mut list, contributions(&said), 2, at(2));

            prop_assert_eq!(find(&list, THEIRS), Some(&theirs));
            for (type_, _) in condition::ALL {
                let (was, is) = (find(&old, type_), find(&list, type_));
                match said.get(type_) {
                    None => prop_assert_eq!(is, was),
                    Some(None) => prop_assert_eq!(is, None),
                    Some(Some(state)) => {
                        let is = is.unwrap();
                        prop_assert_eq!((is.status.as_str(), is.message.as_str()),
                            (state.name(), type_));
                        prop_assert_eq!(is.observed_generation, Some(2));
                        let moved = was.is_none_or(|was| was.status != is.status);
                        prop_assert_eq!(is.last_transition_time.0, at(if moved { 2 } else { 1 }));
                    }
                }
            }
            let ours: Vec<&str> = list.iter().map(|ours| ours.type_.as_str())
                .filter(|type_| condition::is_ours(type_)).collect();
            let order = condition::ALL.map(|(type_, _)| type_);
            let order: Vec<&str> =
                order.into_iter().filter(|type_| ours.contains(type_)).collect();
            prop_assert_eq!(ours, order);
            prop_assert!(stand(&list, &contributions(&said)));
        }
    }

    #[test]
    fn a_condition_stands_with_its_state_and_reason_in_whatever_words() {
        let say = |state, reason: &'static str, message: &str| {
            let said = Some(Said { state, reason, message: message.into() });
            [Contribution { type_: condition::READY, said }]
        };
        let mut list = Vec::new();
        let paused = say(State::False, reason::PAUSED, "one");
        assert!(!stand(&list, &paused));
        merge(&mut list, paused.to_vec(), 1, Timestamp::UNIX_EPOCH);
        assert!(stand(&list, &say(State::False, reason::PAUSED, "other")));
        assert!(!super::say(&list, &say(State::False, reason::PAUSED, "other")));
        assert!(super::say(&list, &paused));
        assert!(!stand(&list, &say(State::True, reason::PAUSED, "one")));
        assert!(!stand(&list, &say(State::False, reason::EXPIRED, "one")));
        let well = Contribution { type_: condition::READY, said: None };
        assert!(!stand(&list, std::slice::from_ref(&well)));
        assert!(stand(&[], &[well]));
    }
}
