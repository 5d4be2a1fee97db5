//! The conditions of one resource, small enough to be kept for each.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::{
    api::{
        condition::{self, State},
        reason,
    },
    plan::say::conditions,
};

/// The conditions of one resource that are ours, as its status has them: by type, each with its own
/// reason. Small, two bytes a type: the index keeps one for each resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConditionStates([Option<ConditionState>; condition::ALL.len()]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ConditionState {
    state: State,
    /// Place of its reason in [`reason::ALL`].
    reason: u8,
}

/// A place in the table of reasons fits into a byte.
const _: () = assert!(reason::ALL.len() <= u8::MAX as usize);

impl ConditionState {
    fn of(condition: &Condition) -> Self {
        let known = reason::constant(&condition.reason);
        let place = (0..u8::MAX).zip(reason::ALL).find(|(_, (name, ..))| *name == known);
        Self {
            state: State::of(&condition.status),
            reason: place.map(|(place, _)| place).unwrap_or_default(),
        }
    }

    fn reason(self) -> &'static str {
        reason::ALL.get(usize::from(self.reason)).map(|(name, ..)| *name).unwrap_or_default()
    }
}

impl ConditionStates {
    /// As the list in a status says.
    #[must_use]
    pub fn of(conditions: &[Condition]) -> Self {
        Self(
            condition::ALL
                .map(|(type_, _)| conditions::find(conditions, type_).map(ConditionState::of)),
        )
    }

    /// Whether any of them stands for this reason.
    #[must_use]
    pub fn are_for(self, reason: &str) -> bool {
        self.0.into_iter().flatten().any(|stand| stand.reason() == reason)
    }

    /// The reason of a condition that is there.
    #[must_use]
    pub fn reason(self, of: &str) -> Option<&'static str> {
        self.states().find(|(type_, ..)| *type_ == of).map(|(.., reason)| reason)
    }

    /// Type, state and reason of each condition that is there. Before the first report those that
    /// every resource has are unknown, for no reason.
    pub fn states(self) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        condition::ALL.into_iter().zip(self.0).filter_map(|((type_, _), stand)| match stand {
            Some(stand) => Some((type_, stand.state.name(), stand.reason())),
            None => {
                condition::ALWAYS.contains(&type_).then_some((type_, State::Unknown.name(), ""))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::say::conditions::{Contribution, Said, merge};

    #[test]
    fn each_type_is_counted_with_its_own_state_and_reason() {
        let mut list = Vec::new();
        let say = |type_, state, reason| Contribution {
            type_,
            said: Some(Said { state, reason, message: String::new() }),
        };
        let said = vec![
            say(condition::READY, State::False, reason::THROTTLED),
            say(condition::RECONCILING, State::True, reason::PROGRESSING),
            say(condition::EXPIRED, State::False, reason::UPDATED),
        ];
        merge(&mut list, said, 1, jiff::Timestamp::UNIX_EPOCH);
        let mut theirs = list[0].clone();
        theirs.type_ = "example.org/Audited".into();
        list.insert(0, theirs);
        assert_eq!(
            ConditionStates::of(&list).states().collect::<Vec<_>>(),
            [
                ("Ready", "False", "Throttled"),
                ("Synced", "Unknown", ""),
                ("Reconciling", "True", "Progressing"),
                ("Expired", "False", "Updated"),
            ]
        );
    }

    #[test]
    fn a_reason_that_is_not_ours_is_counted_as_one_that_nobody_knows() {
        let mut list = Vec::new();
        let said = Said { state: State::True, reason: "Other", message: String::new() };
        let said = vec![Contribution { type_: condition::READY, said: Some(said) }];
        merge(&mut list, said, 1, jiff::Timestamp::UNIX_EPOCH);
        let counted = ConditionStates::of(&list).states().next();
        assert_eq!(counted, Some(("Ready", "True", reason::INTERNAL_ERROR)));
    }

    #[test]
    fn every_reason_survives_being_kept() {
        for (name, ..) in reason::ALL {
            let mut list = Vec::new();
            let said = Said { state: State::False, reason: name, message: String::new() };
            let said = vec![Contribution { type_: condition::READY, said: Some(said) }];
            merge(&mut list, said, 1, jiff::Timestamp::UNIX_EPOCH);
            let counted = ConditionStates::of(&list).states().next();
            assert_eq!(counted, Some(("Ready", "False", *name)));
        }
    }
}
