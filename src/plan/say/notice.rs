//! What is told of a resource as a Kubernetes Event.

use crate::{
    api::reason,
    plan::{say::words, steps::step::Step},
};

/// The API server refuses longer notes.
pub const NOTE_BYTES: usize = 1_000;
/// Of one step among others.
const STEP_BYTES: usize = 400;
/// What the words about the rest take.
const REST_BYTES: usize = 60;

/// A Kubernetes Event on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// True for type `Warning`.
    pub warning: bool,
    /// CamelCase, one of [`crate::api::reason`].
    pub reason: &'static str,
    /// CamelCase verb: what was being done.
    pub action: &'static str,
    /// For people; cut to [`NOTE_BYTES`] on a character boundary by the adapter.
    pub note: String,
}

impl Notice {
    /// What a pass has done to a role, each step with its reason: nearly always one Event.
    #[must_use]
    pub fn of_steps(done: &[(&'static str, Step)]) -> Vec<Self> {
        done.chunk_by(|(one, _), (next, _)| one == next).filter_map(of_one_reason).collect()
    }
}

fn of_one_reason(done: &[(&'static str, Step)]) -> Option<Notice> {
    let (reason, first) = done.first()?;
    let action = first.call.action();
    let alike = done.iter().all(|(_, step)| step.call.action() == action);
    Some(Notice {
        warning: *reason == reason::DRIFT_CORRECTED,
        reason,
        action: if alike { action } else { "Reconcile" },
        note: steps(done),
    })
}

/// The steps with their numbers, as many as there is room for. The others are counted.
fn steps(done: &[(&'static str, Step)]) -> String {
    if let [(_, step)] = done {
        return step.to_string();
    }
    let mut note = String::new();
    for (place, (_, step)) in done.iter().enumerate() {
        let between = if place == 0 { "" } else { "; " };
        let step = words::cut(&words::visible(&step.to_string()), STEP_BYTES);
        let next = format!("{between}({}) {step}", place + 1);
        if note.len() + next.len() + REST_BYTES > NOTE_BYTES {
            let left = done.len() - place;
            return note + between + &format!("and {left} more: the audit log has them all");
        }
        note += &next;
    }
    note
}

#[cfg(test)]
mod tests {
    use iam::role::RoleKey;

    use super::*;
    use crate::plan::steps::step::{Call, Why};

    fn step(call: Call) -> Step {
        let account = "123456789012".parse().unwrap();
        Step::new(RoleKey { account, name: "r".into() }, call, Why::NotWanted)
    }

    fn detach(name: &str) -> (&'static str, Step) {
        (reason::DELETED, step(Call::Detach { arn: name.to_owned() }))
    }

    #[test]
    fn the_steps_of_a_pass_are_one_event_that_names_each() {
        let steps = [detach("one"), detach("two"), (reason::DELETED, step(Call::DeleteRole))];
        let [told] = &Notice::of_steps(&steps)[..] else { panic!("one Event") };
        assert_eq!((told.reason, told.action, told.warning), ("Deleted", "Reconcile", false));
        let note = "(1) - detach one (not wanted); (2) - detach two (not wanted); \
                    (3) - delete role r (not wanted)";
        assert_eq!(told.note, note);
        let alike = &Notice::of_steps(&steps[..2])[0];
        assert_eq!(alike.action, "DetachRolePolicy");
        let alone = &Notice::of_steps(&steps[2..])[0];
        assert_eq!(
            (alone.action, alone.note.as_str()),
            ("DeleteRole", "- delete role r (not wanted)")
        );
        assert_eq!(Notice::of_steps(&[]), []);
    }

    #[test]
    fn steps_of_two_reasons_are_two_events() {
        let drift = (reason::DRIFT_CORRECTED, step(Call::DeleteBoundary));
        let told = Notice::of_steps(&[detach("one"), drift]);
        let told: Vec<_> = told.iter().map(|told| (told.reason, told.warning)).collect();
        assert_eq!(told, [("Deleted", false), ("DriftCorrected", true)]);
    }

    #[test]
    fn steps_that_an_event_has_no_room_for_are_counted() {
        let long = "x".repeat(2_000);
        let steps: Vec<_> = (0..30).map(|_| detach(&long)).collect();
        let note = &Notice::of_steps(&steps)[0].note;
        assert!(note.len() <= NOTE_BYTES, "{}", note.len());
        assert!(note.ends_with("; and 28 more: the audit log has them all"), "{note}");
    }
}
