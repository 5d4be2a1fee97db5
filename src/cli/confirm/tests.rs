use clap::Parser;
use rstest::rstest;

use super::*;
use crate::{
    api::{ResourceKey, RoleStatus, condition, object::Pause, reason, resource::Resource},
    plan::say::conditions::{Contribution, Said, merge},
};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn now() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

fn args(words: &str) -> Args {
    let line = format!("confirm --installation prod {words}");
    Line::try_parse_from(line.split_whitespace()).unwrap().args
}

#[rstest]
#[case("", "2026-11-30T13:00:00Z")]
#[case("--for 24h", "2026-12-01T12:00:00Z")]
#[case("removals --keep --yes 3", "2026-11-30T13:00:00Z")]
fn a_confirmation_counts_for_a_time(#[case] words: &str, #[case] end: &str) {
    assert_eq!(until(&args(words), now()), Ok(end.parse().unwrap()));
}

#[rstest]
#[case("--for 25h", "between 1s and 24h")]
#[case("--for 0s", "between 1s and 24h")]
#[case("--for soon", "no duration")]
#[case("changes --keep", "--keep is for removals")]
#[case("--yes 3", "write removals or changes")]
fn what_does_not_go_together_is_refused(#[case] words: &str, #[case] says: &str) {
    let refused = until(&args(words), now()).unwrap_err();
    assert!(refused.contains(says), "{refused}");
}

#[test]
fn only_the_number_is_a_word_of_consent() {
    assert!(agrees(" 37\n", 37));
    for line in ["", "\n", "y\n", "yes\n", "3\n", "370\n", "037\n"] {
        assert!(!agrees(line, 37), "{line:?}");
    }
}

fn resource(namespace: &str, name: &str, held_for: &'static str) -> Resource {
    let mut status = RoleStatus {
        role_name: Some(format!("prod-{namespace}_{name}")),
        desired_hash: Some("hash".into()),
        plan: Some(vec![format!("PutRolePermissionsBoundary on prod-{namespace}_{name}: other")]),
        ..RoleStatus::default()
    };
    let state = if held_for == reason::RECONCILED {
        condition::State::True
    } else {
        condition::State::False
    };
    let said = Said { state, reason: held_for, message: "because".into() };
    let ready = Contribution { type_: condition::READY, said: Some(said) };
    merge(&mut status.conditions, vec![ready], 1, now());
    Resource {
        key: ResourceKey { namespace: namespace.into(), name: name.into() },
        uid: format!("uid-{namespace}-{name}"),
        generation: 1,
        version: 1,
        created: now(),
        deleting: held_for == reason::REMOVAL_HELD,
        finalizer: true,
        pause: Pause::No,
        reconcile_requested_at: None,
        last_applied: None,
        spec: "{}".into(),
        status,
    }
}

fn all() -> Vec<Resource> {
    vec![
        resource("b", "z", reason::REMOVAL_HELD),
        resource("a", "y", reason::REMOVAL_HELD),
        resource("a", "x", reason::REMOVAL_HELD),
        resource("a", "c", reason::CHANGE_HELD),
        resource("a", "d", reason::CHANGE_HELD),
        resource("a", "ready", reason::RECONCILED),
        resource("a", "refused", reason::INVALID_SPEC),
    ]
}

#[test]
fn removals_are_listed_in_sum_and_in_full() {
    let listing = Listing::of(all(), Counted::Removals, &[], now());
    assert_eq!(
        listing.text(Verb::Removals),
        "removals: 3 roles would be removed\n\
         \x20      2  namespace a\n\
         \x20      1  namespace b\n\
         in full:\n\
         \x20 a/x  role prod-a_x\n\
         \x20 a/y  role prod-a_y\n\
         \x20 b/z  role prod-b_z\n"
    );
    let confirmation = listing.confirmation(Verb::Keep, now());
    assert_eq!((confirmation.verb, confirmation.number), (Verb::Keep, 3));
    let set = ["uid-b-z", "uid-a-x", "uid-a-y"];
    assert_eq!(confirmation.digest, confirm::digest(set));
}

#[test]
fn changes_are_added_up_by_what_they_do() {
    let listing = Listing::of(all(), Counted::Changes, &[], now());
    assert_eq!(
        listing.text(Verb::Changes),
        "changes: 2 roles would change\n\
         \x20      2  namespace a\n\
         in sum:\n\
         \x20      2  PutRolePermissionsBoundary on ROLE: other\n\
         in full:\n\
         \x20 a/c  role prod-a_c\n\
         \x20   PutRolePermissionsBoundary on prod-a_c: other\n\
         \x20 a/d  role prod-a_d\n\
         \x20   PutRolePermissionsBoundary on prod-a_d: other\n"
    );
}

#[test]
fn what_is_confirmed_is_not_asked_for_again_and_a_roll_out_that_stopped_says_where() {
    let first = Listing::of(all(), Counted::Changes, &[], now());
    let confirmation =
        first.confirmation(Verb::Changes, now() + jiff::SignedDuration::from_hours(1));
    let sets = ["uid-a-c/hash", "uid-a-d/hash"];
    let accepted = [Accepted::of(&confirmation, [sets.to_vec()], now()).unwrap()];
    let mut later = all();
    later.retain(|resource| resource.key.name != "c");
    later.push(resource("a", "c", reason::REFUSED));
    let listing = Listing::of(later, Counted::Changes, &accepted, now());
    assert!(listing.is_empty());
    assert_eq!(
        listing.text(Verb::Changes),
        "changes: 1 are confirmed and wait for their turn\n\
         not as written yet: IAMRole a/c: Refused: because\n\
         changes: nothing is held\n"
    );
}

#[test]
fn a_confirmation_stands_beside_those_that_still_count() {
    let confirmation =
        |until: &str| -> Confirmation { format!("removals 1 00 until {until}").parse().unwrap() };
    let (over, other) =
        (confirmation("2026-11-30T11:00:00Z"), confirmation("2026-11-30T14:00:00Z"));
    let new = confirmation("2026-11-30T13:00:00Z");
    let text = beside(&format!("{over}; nonsense;{other}"), &new, now());
    assert_eq!(text, format!("{new}; {other}"));
    assert_eq!(beside(&text, &new, now()), text, "the same again is no other");
}
