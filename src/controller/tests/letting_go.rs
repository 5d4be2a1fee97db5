//! What lets a role go for ever rests on two reads, with the default windows. A resource that never
//! had a role goes at once.

use rstest::rstest;

use super::*;
use crate::{
    plan::failure::IamErrorClass,
    sim::{Fault, RoleState, Rule},
};
use iam::tag;

async fn ready() -> Rig {
    let mut rig = Rig::new();
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(200).await;
    assert!(rig.is_ready("x"), "{:?}", rig.status("x"));
    rig.clear();
    rig
}

fn exists(rig: &Rig) -> (bool, bool) {
    (rig.world.cluster.resource(&key("x")).is_some(), rig.world.iam.get(&role("x")).is_some())
}

/// What a read shows that broke off, or comes from a replica that lags behind.
#[rstest]
#[case::without_tags(|state: &mut RoleState| state.tags.clear())]
#[case::with_half_of_them(|state: &mut RoleState| { state.tags.remove(tag::RESOURCE); })]
#[case::of_another_installation(
    |state: &mut RoleState| { state.tags.insert(tag::INSTALLATION.into(), "other".into()); }
)]
#[case::on_another_path(|state: &mut RoleState| state.path = "/other/".into())]
#[case::with_another_uid(
    |state: &mut RoleState| { state.tags.insert(tag::UID.into(), "other".into()); }
)]
#[tokio::test(start_paused = true)]
async fn one_read_does_not_let_a_role_go_and_a_second_one_does(#[case] wrong: fn(&mut RoleState)) {
    // It was one wrong answer.
    let rig = ready().await;
    let right = rig.world.iam.get(&role("x")).unwrap();
    rig.world.iam.edit(&role("x"), wrong);
    rig.world.cluster.delete(&key("x"));
    rig.seconds(20).await;
    assert_eq!((exists(&rig), rig.writes()), ((true, true), vec![]));
    assert_eq!(rig.ready("x").0, "Deleting");
    rig.world.iam.edit(&role("x"), |state| *state = right);
    rig.seconds(60).await;
    assert_eq!(exists(&rig), (false, false));
    // It is so.
    let rig = ready().await;
    rig.world.iam.edit(&role("x"), wrong);
    rig.world.cluster.delete(&key("x"));
    rig.seconds(29).await;
    assert_eq!(exists(&rig), (true, true));
    rig.seconds(5).await;
    assert_eq!((exists(&rig), rig.writes()), ((false, true), vec![]));
}

/// A leader that knows nothing of the first read begins to wait anew.
#[tokio::test(start_paused = true)]
async fn a_restart_does_not_make_two_reads_of_one() {
    let mut rig = ready().await;
    rig.world.iam.untag(&role("x"), tag::RESOURCE);
    rig.world.cluster.delete(&key("x"));
    rig.seconds(25).await;
    rig.kill().await;
    rig.start();
    rig.seconds(25).await;
    assert_eq!(exists(&rig), (true, true));
    rig.world.iam.tag(&role("x"), tag::RESOURCE, "a/x");
    rig.seconds(30).await;
    assert_eq!(exists(&rig), (false, false));
}

#[rstest]
#[case::refused(|rig: &Rig| refuse(rig, IamErrorClass::Refused), "", "Refused")]
#[case::beyond_a_quota(|rig: &Rig| refuse(rig, IamErrorClass::LimitExceeded), "", "LimitExceeded")]
#[case::whose_role_was_removed_by_us(|_: &Rig| {}, r#""lifetime":{"ttl":"1m"}"#, "Expired")]
#[tokio::test(start_paused = true)]
async fn a_resource_that_has_no_role_goes_at_once(
    #[case] begin: fn(&Rig),
    #[case] more: &str,
    #[case] reason: &str,
) {
    let mut rig = Rig::new();
    begin(&rig);
    rig.start();
    rig.apply("x", &plain(more));
    rig.seconds(200).await;
    assert_eq!(rig.ready("x").0, reason, "{:?}", rig.ready("x"));
    rig.kill().await;
    assert!(rig.world.cluster.resource(&key("x")).unwrap().finalizer);
    rig.world.cluster.delete(&key("x"));
    rig.start();
    rig.seconds(2).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
}

/// Another one's role under our name is no reason to wait either.
#[tokio::test(start_paused = true)]
async fn a_resource_whose_name_somebody_took_goes_at_once() {
    let mut rig = Rig::new();
    refuse(&rig, IamErrorClass::Refused);
    rig.start();
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    rig.world.iam.put_role(RoleState::new(&role("x")));
    rig.world.cluster.delete(&key("x"));
    rig.seconds(2).await;
    assert_eq!(exists(&rig), (false, true));
}

fn refuse(rig: &Rig, class: IamErrorClass) {
    rig.world.iam.fault(Rule::new(Fault::Error(class)).on("CreateRole").always());
}

/// `CreateRole` was carried out, nobody heard of it, and reads do not show the role yet.
async fn lost(spec: &str) -> Rig {
    let mut rig = Rig::new();
    rig.start();
    let lost = Fault::AppliedThenError(IamErrorClass::Unreachable);
    rig.world.iam.fault(Rule::new(lost).on("CreateRole").times(1));
    rig.world.iam.read_lag(Duration::from_secs(20), Duration::from_secs(20));
    rig.apply("x", spec);
    tokio::time::sleep(Duration::from_millis(500)).await;
    rig.kill().await;
    assert_eq!((rig.status("x").role_id, rig.status("x").creating), (None, Some(true)));
    rig
}

#[tokio::test(start_paused = true)]
async fn a_role_that_nobody_knows_to_be_made_goes_with_its_resource() {
    let mut rig = lost(&plain("")).await;
    rig.world.cluster.delete(&key("x"));
    rig.start();
    rig.seconds(10).await;
    assert_eq!(exists(&rig), (true, true));
    rig.seconds(80).await;
    assert_eq!(exists(&rig), (false, false));
}

#[tokio::test(start_paused = true)]
async fn a_role_that_nobody_knows_to_be_made_goes_at_the_end_of_its_lifetime() {
    let mut rig = lost(&plain(r#""lifetime":{"ttl":"3s"}"#)).await;
    rig.seconds(3).await;
    rig.start();
    rig.seconds(10).await;
    assert_eq!((rig.ready("x").0.as_str(), exists(&rig).1), ("WaitingForAbsence", true));
    rig.seconds(80).await;
    assert_eq!((rig.ready("x").0.as_str(), exists(&rig).1), ("Expired", false));
}

/// Of a first call whose answer was lost, a second one that AWS refuses tells nothing.
#[tokio::test(start_paused = true)]
async fn a_refusal_after_a_lost_answer_does_not_make_the_first_call_undone() {
    let mut rig = lost(&plain("")).await;
    refuse(&rig, IamErrorClass::Refused);
    rig.start();
    rig.seconds(3).await;
    assert_eq!(rig.ready("x").0, "Refused");
    assert_eq!(rig.status("x").creating, Some(true));
}

#[tokio::test(start_paused = true)]
async fn creating_stands_with_the_pin_and_ends_with_the_role() {
    let mut rig = Rig::new();
    rig.start();
    rig.world.iam.deny("CreateRole");
    rig.apply("x", &plain(""));
    rig.seconds(100).await;
    let status = rig.status("x");
    assert_eq!((status.role_name, status.creating), (Some(role("x")), Some(true)));
    rig.world.iam.allow("CreateRole");
    rig.seconds(300).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.status("x").creating, None);
}

/// A role that is taken up is known before the finalizer holds its resource: a deletion looks
/// twice.
#[tokio::test(start_paused = true)]
async fn a_role_that_is_taken_up_is_known_before_anything_else_is_done() {
    let mut rig = ready().await;
    rig.stop().await;
    rig.world.cluster.rebuild();
    rig.apply("x", &whole());
    rig.clear();
    let panic = Rule::new(Fault::Panic).on("TagRole").always();
    rig.world.iam.fault(panic);
    rig.start();
    rig.seconds(5).await;
    assert_eq!(rig.status("x").role_id, rig.world.iam.get(&role("x")).map(|role| role.role_id));
    rig.kill().await;
    rig.world.iam.clear_faults();
    rig.world.iam.untag(&role("x"), tag::RESOURCE);
    rig.world.cluster.delete(&key("x"));
    rig.start();
    rig.seconds(10).await;
    assert_eq!(exists(&rig), (true, true));
}
