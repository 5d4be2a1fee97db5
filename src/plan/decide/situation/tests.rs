//! What reads mean, with all that is known besides.

use jiff::SignedDuration;
use rstest::rstest;

use super::*;
use crate::plan::{
    form::desired::Desired,
    tests::samples::{as_written, wish, with},
};
use iam::tag;

const START: Timestamp = Timestamp::UNIX_EPOCH;
const WINDOW: Duration = Duration::from_secs(30);

fn after(seconds: i64) -> Timestamp {
    START + SignedDuration::from_secs(seconds)
}

/// A first read, of a role that status does not know, long after anything was written.
fn facts(wish: &Desired) -> ReadContext<'_> {
    ReadContext {
        identity: &wish.identity,
        known: Known::default(),
        aim: Aim::Keep { lifetime: Lifetime::Forever, created: START },
        lately: RecentWrites::default(),
        unseen_since: None,
        now: after(1_000),
        clocks: Clocks { local: after(1_000), aws: Some(after(1_000)) },
        windows: Windows { settle: WINDOW, confirm: WINDOW, absence: WINDOW, create: WINDOW },
    }
}

/// The name of the variant, and of what is in it.
fn called(situation: &Situation) -> &'static str {
    match situation {
        Situation::Absent(_) => "absent",
        Situation::NotYet(Wait::Unseen(..)) => "unseen",
        Situation::NotYet(Wait::JustCreated(_)) => "just created",
        Situation::NotYet(Wait::NotOurs(..)) => "not ours",
        Situation::NotYet(Wait::TakenUp) => "taken up",
        Situation::Foreign(_) => "foreign",
        Situation::Ours(_) => "ours",
        Situation::Expired(..) => "expired",
        Situation::Gone(Gone::Removed) => "removed",
        Situation::Gone(Gone::Ended(_)) => "ended",
        Situation::Gone(Gone::TakenUp(_)) => "gone with another",
    }
}

type Change = fn(&mut ReadContext<'_>);

fn until(end: Timestamp) -> Aim {
    Aim::Keep { lifetime: Lifetime::Until(end), created: START }
}

fn nothing(_: &mut ReadContext<'_>) {}

fn as_it_is(_: &mut RoleRecord) {}

fn creating(facts: &mut ReadContext<'_>) {
    facts.known.creating = true;
}

fn known(facts: &mut ReadContext<'_>) {
    facts.known.id = Some("AROA1".into());
}

#[rstest]
#[case::never_had_one(nothing, "absent")]
#[case::expected(known, "unseen")]
#[case::expected_within_the_window(
    |f: &mut ReadContext<'_>| {
        known(f);
        f.unseen_since = Some(after(971));
    },
    "unseen"
)]
#[case::expected_and_looked_for_twice(
    |f: &mut ReadContext<'_>| {
        known(f);
        f.unseen_since = Some(after(970));
    },
    "absent"
)]
#[case::without_a_window(
    |f: &mut ReadContext<'_>| {
        known(f);
        f.windows.absence = Duration::ZERO;
    },
    "absent"
)]
#[case::just_created(|f: &mut ReadContext<'_>| f.lately.created = true, "just created")]
#[case::deleted_by_us(
    |f: &mut ReadContext<'_>| {
        known(f);
        f.lately = RecentWrites { deleted: true, ..f.lately };
    },
    "absent"
)]
#[case::over(
    |f: &mut ReadContext<'_>| f.aim = until(after(1_000)),
    "ended"
)]
#[case::not_over(
    |f: &mut ReadContext<'_>| f.aim = until(after(1_001)),
    "absent"
)]
#[case::over_by_our_own_clock_only(
    |f: &mut ReadContext<'_>| {
        f.aim = until(after(1_001));
        f.clocks.local = after(9_000);
    },
    "absent"
)]
#[case::another_had_it(
    |f: &mut ReadContext<'_>| f.known.uid = Some("uid-0"),
    "gone with another"
)]
#[case::we_had_it(|f: &mut ReadContext<'_>| f.known.uid = Some("uid-1"), "absent")]
#[case::making_it_again_after_a_lost_answer(creating, "absent")]
#[case::over_after_a_lost_answer(
    |f: &mut ReadContext<'_>| {
        creating(f);
        f.aim = until(after(1_000));
    },
    "unseen"
)]
#[case::over_after_a_lost_answer_and_looked_for_twice(
    |f: &mut ReadContext<'_>| {
        creating(f);
        (f.aim, f.unseen_since) = (until(after(1_000)), Some(after(970)));
    },
    "ended"
)]
#[case::removal_of_one_that_never_was(
    |f: &mut ReadContext<'_>| f.aim = Aim::Remove,
    "removed"
)]
#[case::removal_of_one_that_may_have_been_made(
    |f: &mut ReadContext<'_>| {
        creating(f);
        f.aim = Aim::Remove;
    },
    "unseen"
)]
#[case::removal(
    |f: &mut ReadContext<'_>| {
        known(f);
        f.aim = Aim::Remove;
    },
    "unseen"
)]
#[case::removal_looked_for_twice(
    |f: &mut ReadContext<'_>| {
        known(f);
        (f.aim, f.unseen_since) = (Aim::Remove, Some(after(970)));
    },
    "removed"
)]
#[case::removal_after_our_own_delete(
    |f: &mut ReadContext<'_>| {
        known(f);
        f.aim = Aim::Remove;
        f.lately.deleted = true;
    },
    "removed"
)]
#[case::removal_of_one_just_created(
    |f: &mut ReadContext<'_>| {
        f.aim = Aim::Remove;
        f.lately.created = true;
    },
    "just created"
)]
fn a_role_that_a_read_does_not_show(#[case] change: Change, #[case] expected: &str) {
    let wish = wish(&with(""));
    let mut facts = facts(&wish);
    change(&mut facts);
    assert_eq!(called(&situation(None, &facts)), expected);
}

#[rstest]
#[case::as_written(as_it_is, nothing, "ours")]
#[case::without_tags(|role: &mut RoleRecord| role.tags.clear(), nothing, "foreign")]
#[case::over(
    as_it_is,
    |f: &mut ReadContext<'_>| f.aim = until(after(1_000)),
    "expired"
)]
#[case::over_by_our_own_clock_only(
    as_it_is,
    |f: &mut ReadContext<'_>| {
        f.aim = until(after(1_001));
        f.clocks.local = after(9_000);
    },
    "ours"
)]
#[case::over_by_the_clock_of_aws_only(
    as_it_is,
    |f: &mut ReadContext<'_>| {
        f.aim = until(after(1_000));
        f.clocks.local = after(999);
    },
    "ours"
)]
#[case::over_before_aws_has_told_its_time(
    as_it_is,
    |f: &mut ReadContext<'_>| {
        f.aim = until(START);
        f.clocks.aws = None;
    },
    "ours"
)]
#[case::over_and_to_be_removed(as_it_is, |f: &mut ReadContext<'_>| f.aim = Aim::Remove, "ours")]
#[case::foreign_and_over(
    |role: &mut RoleRecord| role.tags.clear(),
    |f: &mut ReadContext<'_>| f.aim = until(START),
    "foreign"
)]
#[case::contested(other_uid, |f: &mut ReadContext<'_>| f.known.uid = Some("uid-1"), "foreign")]
#[case::contested_and_taken_up_by_us(
    other_uid,
    |f: &mut ReadContext<'_>| {
        f.known.uid = Some("uid-1");
        f.lately.took_up = true;
    },
    "taken up"
)]
#[case::contested_removal(
    other_uid,
    |f: &mut ReadContext<'_>| {
        f.known.uid = Some("uid-1");
        f.aim = Aim::Remove;
    },
    "not ours"
)]
#[case::contested_removal_read_twice(
    other_uid,
    |f: &mut ReadContext<'_>| {
        f.known.uid = Some("uid-1");
        (f.aim, f.unseen_since) = (Aim::Remove, Some(after(970)));
    },
    "foreign"
)]
#[case::removal_without_tags(
    |role: &mut RoleRecord| role.tags.clear(),
    |f: &mut ReadContext<'_>| {
        known(f);
        f.aim = Aim::Remove;
    },
    "not ours"
)]
#[case::removal_of_another_id(
    |role: &mut RoleRecord| role.role_id = "AROA2".into(),
    |f: &mut ReadContext<'_>| {
        known(f);
        f.aim = Aim::Remove;
    },
    "not ours"
)]
#[case::removal_without_tags_read_twice(
    |role: &mut RoleRecord| role.tags.clear(),
    |f: &mut ReadContext<'_>| {
        known(f);
        (f.aim, f.unseen_since) = (Aim::Remove, Some(after(970)));
    },
    "foreign"
)]
#[case::removal_without_tags_within_the_window(
    |role: &mut RoleRecord| role.tags.clear(),
    |f: &mut ReadContext<'_>| {
        known(f);
        (f.aim, f.unseen_since) = (Aim::Remove, Some(after(971)));
    },
    "not ours"
)]
#[case::removal_of_one_that_may_have_been_made_without_tags(
    |role: &mut RoleRecord| role.tags.clear(),
    |f: &mut ReadContext<'_>| {
        creating(f);
        f.aim = Aim::Remove;
    },
    "not ours"
)]
#[case::removal_where_none_ever_was(
    |role: &mut RoleRecord| role.tags.clear(),
    |f: &mut ReadContext<'_>| f.aim = Aim::Remove,
    "foreign"
)]
#[case::removal_where_the_window_is_off(
    |role: &mut RoleRecord| role.tags.clear(),
    |f: &mut ReadContext<'_>| {
        known(f);
        (f.aim, f.windows.absence) = (Aim::Remove, Duration::ZERO);
    },
    "foreign"
)]
fn a_role_that_a_read_shows(
    #[case] role: fn(&mut RoleRecord),
    #[case] change: Change,
    #[case] expected: &str,
) {
    let wish = wish(&with(""));
    let (mut shown, mut facts) = (as_written(&wish).role, facts(&wish));
    role(&mut shown);
    change(&mut facts);
    assert_eq!(called(&situation(Some(&shown), &facts)), expected);
}

fn other_uid(role: &mut RoleRecord) {
    role.tags.insert(tag::UID.into(), "uid-0".into());
}

/// A second proof is no weaker than the first: it asks for the same id, and for the uid.
#[rstest]
#[case::same(as_it_is, true)]
#[case::another_id(|role: &mut RoleRecord| role.role_id = "AROA2".into(), false)]
#[case::another_uid(other_uid, false)]
#[case::without_tags(|role: &mut RoleRecord| role.tags.clear(), false)]
fn a_second_proof_asks_for_id_and_uid(#[case] change: fn(&mut RoleRecord), #[case] ours: bool) {
    let wish = wish(&with(""));
    let mut role = as_written(&wish).role;
    let Situation::Ours(proof) = situation(Some(&role), &facts(&wish)) else {
        panic!("it is as written")
    };
    change(&mut role);
    assert_eq!(proof.again(&wish.identity, &role, after(1_005)).is_ok(), ours);
}
