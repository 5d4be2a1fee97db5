//! One row for each reason to wait, and for each way through.

use std::{collections::BTreeMap, time::Duration};

use iam::role::RoleName;
use jiff::Timestamp;
use rstest::rstest;

use super::*;
use crate::plan::{
    decide::{
        brakes::{Counted, Over},
        ownership::{Absence, Known, judge},
        situation::Wait,
    },
    scope::problems::{LIMIT, refused},
    tests::samples::{as_written, wish, with},
};

fn end() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn ours() -> Situation {
    let wish = wish(&with(""));
    let proof = judge(&wish.identity, &as_written(&wish).role, &Known::default(), end());
    Situation::Ours(proof.expect("it is as written"))
}

fn expired() -> Situation {
    match ours() {
        Situation::Ours(proof) => Situation::Expired(proof, end()),
        other => other,
    }
}

fn absent() -> Situation {
    Situation::Absent(Absence::believed())
}

fn not_ours() -> NotOurs {
    NotOurs::gone(&wish(&with("")).identity)
}

fn rival() -> ResourceKey {
    ResourceKey { namespace: "a".into(), name: "b".into() }
}

/// Three places, of which so many are taken.
fn room(ahead: usize) -> Room {
    Room { most: 3, ahead }
}

fn wave() -> Brake {
    Brake::Wave(Duration::from_secs(10))
}

fn over() -> Brake {
    Brake::Over(Counted::Removals, Over::Namespace)
}

fn problem() -> Finding {
    refused(LIMIT, "/spec", "is beyond the limits", "")
}

fn facts(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = Facts::default();
    change(&mut facts);
    facts
}

#[rstest]
#[case::nothing(facts(|_| {}), None)]
#[case::paused(facts(|f| f.paused = true), Some(Hold::Paused))]
#[case::paused_before_all_else(
    facts(|f| {
        (f.paused, f.deleting, f.retain) = (true, true, true);
        f.beyond = vec![problem()];
    }),
    Some(Hold::Paused)
)]
#[case::deleting(facts(|f| f.deleting = true), None)]
#[case::retained(facts(|f| (f.deleting, f.retain) = (true, true)), Some(Hold::Retained))]
#[case::retain_is_for_deletions(facts(|f| f.retain = true), None)]
#[case::unclear(
    facts(|f| {
        f.deleting = true;
        f.unclear = Some(problem());
    }),
    Some(Hold::Unclear(problem()))
)]
#[case::elsewhere(
    facts(|f| {
        f.deleting = true;
        f.elsewhere = Some("1".into());
    }),
    Some(Hold::Elsewhere("1".into()))
)]
#[case::what_is_retained_can_go_wherever_it_lives(
    facts(|f| {
        (f.deleting, f.retain) = (true, true);
        f.elsewhere = Some("1".into());
    }),
    Some(Hold::Retained)
)]
#[case::beyond(
    facts(|f| f.beyond = vec![problem()]),
    Some(Hold::BeyondLimits(vec![problem()]))
)]
#[case::beyond_and_not_over(
    facts(|f| {
        f.beyond = vec![problem()];
        f.has_role = true;
    }),
    Some(Hold::BeyondLimits(vec![problem()]))
)]
#[case::beyond_and_over_with_a_role(
    facts(|f| {
        f.beyond = vec![problem()];
        (f.has_role, f.over) = (true, Some(end()));
    }),
    None
)]
#[case::beyond_and_over_while_only_observed(
    facts(|f| {
        f.beyond = vec![problem()];
        (f.has_role, f.over, f.observe) = (true, Some(end()), true);
    }),
    Some(Hold::ObservingPastTheEnd(end()))
)]
#[case::beyond_and_over_while_the_clocks_are_apart(
    facts(|f| {
        f.beyond = vec![problem()];
        (f.has_role, f.over, f.clocks_apart) = (true, Some(end()), true);
    }),
    Some(Hold::ClocksApart(end()))
)]
#[case::beyond_and_over_without_a_role(
    facts(|f| {
        f.beyond = vec![problem()];
        f.over = Some(end());
    }),
    Some(Hold::BeyondLimits(vec![problem()]))
)]
#[case::beyond_and_said_to_be_over(
    facts(|f| {
        f.beyond = vec![problem()];
        (f.over, f.said_over) = (Some(end()), true);
    }),
    Some(Hold::Gone(Gone::Ended(end())))
)]
#[case::deleting_in_a_wave(
    facts(|f| (f.deleting, f.brake) = (true, Some(wave()))),
    Some(Hold::Braked(wave()))
)]
#[case::what_stays_waits_for_no_wave(
    facts(|f| (f.deleting, f.retain, f.brake) = (true, true, Some(wave()))),
    Some(Hold::Retained)
)]
#[case::a_pause_comes_before_the_wave(
    facts(|f| (f.deleting, f.paused, f.brake) = (true, true, Some(wave()))),
    Some(Hold::Paused)
)]
fn before_the_role_is_read(#[case] facts: Facts, #[case] hold: Option<Hold>) {
    assert_eq!(before_reading(&facts).err(), hold);
}

#[rstest]
#[case::ours(ours(), facts(|_| {}), None)]
#[case::expired(expired(), facts(|_| {}), None)]
#[case::absent(absent(), facts(|_| {}), None)]
#[case::ours_observed(ours(), facts(|f| f.observe = true), Some(Hold::Observing))]
#[case::absent_observed(absent(), facts(|f| f.observe = true), Some(Hold::Observing))]
#[case::expired_observed(
    expired(),
    facts(|f| f.observe = true),
    Some(Hold::ObservingPastTheEnd(end()))
)]
#[case::expired_while_the_clocks_are_apart(
    expired(),
    facts(|f| f.clocks_apart = true),
    Some(Hold::ClocksApart(end()))
)]
#[case::expired_observed_while_the_clocks_are_apart(
    expired(),
    facts(|f| (f.observe, f.clocks_apart) = (true, true)),
    Some(Hold::ObservingPastTheEnd(end()))
)]
#[case::ours_while_the_clocks_are_apart(ours(), facts(|f| f.clocks_apart = true), None)]
#[case::absent_while_the_clocks_are_apart(absent(), facts(|f| f.clocks_apart = true), None)]
#[case::rival(absent(), facts(|f| f.rival = Some(rival())), Some(Hold::Rival(rival())))]
#[case::who_has_the_role_has_no_rival(ours(), facts(|f| f.rival = Some(rival())), None)]
#[case::out_of_scope(
    absent(),
    facts(|f| (f.out_of_scope, f.rival) = (vec![problem()], Some(rival()))),
    Some(Hold::OutOfScope(vec![problem()]))
)]
#[case::out_of_scope_is_for_creation(ours(), facts(|f| f.out_of_scope = vec![problem()]), None)]
#[case::who_observes_has_no_rival(
    absent(),
    facts(|f| (f.observe, f.rival) = (true, Some(rival()))),
    Some(Hold::Observing)
)]
#[case::no_room(absent(), facts(|f| f.room = Some(room(3))), Some(Hold::NoRoom(room(3))))]
#[case::the_last_place(absent(), facts(|f| f.room = Some(room(2))), None)]
#[case::a_role_that_exists_needs_no_room(ours(), facts(|f| f.room = Some(room(9))), None)]
#[case::a_rival_comes_before_room(
    absent(),
    facts(|f| (f.rival, f.room) = (Some(rival()), Some(room(9)))),
    Some(Hold::Rival(rival()))
)]
#[case::foreign(Situation::Foreign(not_ours()), facts(|_| {}), Some(Hold::Foreign(not_ours())))]
#[case::foreign_observed(
    Situation::Foreign(not_ours()),
    facts(|f| f.observe = true),
    Some(Hold::Foreign(not_ours()))
)]
#[case::not_yet(
    Situation::NotYet(Wait::TakenUp),
    facts(|_| {}),
    Some(Hold::NotYet(Wait::TakenUp))
)]
#[case::gone(
    Situation::Gone(Gone::Ended(end())),
    facts(|f| f.observe = true),
    Some(Hold::Gone(Gone::Ended(end())))
)]
#[case::too_many(ours(), facts(|f| f.brake = Some(over())), Some(Hold::Braked(over())))]
#[case::too_many_expired(
    expired(),
    facts(|f| f.brake = Some(over())),
    Some(Hold::Braked(over()))
)]
#[case::what_is_only_observed_is_not_counted(
    ours(),
    facts(|f| (f.observe, f.brake) = (true, Some(over()))),
    Some(Hold::Observing)
)]
#[case::what_is_not_ours_is_not_counted(
    Situation::Foreign(not_ours()),
    facts(|f| f.brake = Some(over())),
    Some(Hold::Foreign(not_ours()))
)]
#[case::what_is_absent_is_made(absent(), facts(|f| f.brake = Some(over())), None)]
fn before_the_role_is_written(
    #[case] situation: Situation,
    #[case] facts: Facts,
    #[case] hold: Option<Hold>,
) {
    assert_eq!(before_writing(situation, &facts).err(), hold);
}

/// What comes out of the gate lets through just what it is for.
#[test]
fn the_grounds_to_create_do_not_change_a_role_and_the_other_way_round() {
    use crate::plan::steps::{diff, remove, step::Why};
    let wish = wish(&with(""));
    let create = &diff::create(&wish, &BTreeMap::new())[0];
    let delete = &remove::delete(&wish.identity.role(), Why::Deleted);
    let leave = |situation| before_writing(situation, &Facts::default()).expect("it may go");
    let to_create = leave(absent());
    assert!(to_create.allows(create, end()).is_some() && to_create.allows(delete, end()).is_none());
    let to_change = leave(ours());
    assert!(to_change.allows(delete, end()).is_some() && to_change.allows(create, end()).is_none());
    assert_eq!(wish.identity.name, RoleName::from("test-a_x"));
}

#[test]
fn a_proof_is_good_for_ten_seconds() {
    use crate::plan::steps::{remove, step::Why};
    let delete = remove::delete(&wish(&with("")).identity.role(), Why::Deleted);
    let leave = before_writing(ours(), &Facts::default()).expect("it may go");
    let after = |millis| end() + jiff::SignedDuration::from_millis(millis);
    assert!(leave.allows(&delete, after(10_000)).is_some());
    assert!(leave.allows(&delete, after(10_001)).is_none());
    // A clock that was set back makes no proof younger.
    assert!(leave.allows(&delete, after(-10_001)).is_none());
}
