//! Words for what the brakes hold. No number that moves is in them: a status is not written again
//! because another resource was deleted.

use crate::{
    api::reason,
    plan::decide::brakes::{Brake, Counted, EXPIRIES_A_MINUTE, Over},
};

/// Reason and sentence for a resource that is held.
#[must_use]
pub fn held(
    brake: &Brake,
    counted: Counted,
    role: &str,
    namespace: &str,
) -> (&'static str, String) {
    let (reason, done, undone) = match counted {
        Counted::Changes => (
            reason::CHANGE_HELD,
            "be changed without a change of their resources",
            "is not changed",
        ),
        Counted::Removals | Counted::Expiries => {
            (reason::REMOVAL_HELD, "be removed", "is not removed")
        }
    };
    let who = match brake {
        Brake::Turn => {
            return (
                reason,
                format!(
                    "role {role} {undone} yet: the change is confirmed and rolls out step by \
                     step, each after the roles before are Ready"
                ),
            );
        }
        Brake::Uncounted(error) => {
            return (
                reason,
                format!(
                    "role {role} {undone}, because removals and changes can't be \
                counted: {error}"
                ),
            );
        }
        Brake::Over(_, Over::Namespace) => format!("roles of namespace {namespace}"),
        _ => "roles of the account".to_owned(),
    };
    let message = format!(
        "role {role} {undone}: more {who} would {done} within ten minutes than is allowed without \
         confirmation; an operator can list and confirm them with rolewright confirm"
    );
    (reason, message)
}

/// For an expired role that waits for its minute.
#[must_use]
pub fn minute(role: &str) -> String {
    format!(
        "the lifetime of role {role} is over, and it is deleted soon: {EXPIRIES_A_MINUTE} expired \
         roles are deleted each minute"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::failure::ClusterError;

    #[test]
    fn what_is_held_says_whose_share_is_used_up_and_who_can_help() {
        let removal = Brake::Over(Counted::Removals, Over::Namespace);
        assert_eq!(
            held(&removal, Counted::Removals, "test-a_x", "a"),
            (
                "RemovalHeld",
                "role test-a_x is not removed: more roles of namespace a would be removed within \
                 ten minutes than is allowed without confirmation; an operator can list and \
                     confirm them with rolewright confirm"
                    .to_owned()
            )
        );
        let change = Brake::Over(Counted::Changes, Over::Account);
        let (reason, message) = held(&change, Counted::Changes, "r", "a");
        assert_eq!(reason, "ChangeHeld");
        assert!(message.contains("more roles of the account would be changed"), "{message}");
        let (_, message) = held(&Brake::Turn, Counted::Changes, "r", "a");
        assert!(message.contains("step by step"), "{message}");
        let error = ClusterError::Refused("leases is forbidden".into());
        let (_, message) = held(&Brake::Uncounted(error), Counted::Removals, "r", "a");
        assert!(message.contains("leases is forbidden"), "{message}");
    }
}
