//! A slow AWS: the proof of ownership grows old while calls wait, and reads disagree with each
//! other.

use rstest::rstest;

use super::*;
use crate::sim::{Fault, Rule};
use iam::tag;

fn late(seconds: u64) -> Fault {
    Fault::DelayAnswer(Duration::from_secs(seconds))
}

#[tokio::test(start_paused = true)]
async fn reads_that_take_longer_than_a_proof_holds_do_not_keep_a_role_from_being_corrected() {
    let rig = Rig::with(&whole()).await;
    for read in ["ListAttachedRolePolicies", "ListRolePolicies", "GetRolePolicy"] {
        rig.world.iam.fault(Rule::new(late(6)).on(read).always());
    }
    rig.apply("x", &whole().replace(r#""description":"d""#, r#""description":"e""#));
    rig.seconds(60).await;
    assert_eq!(rig.writes(), ["UpdateRole"]);
    assert!(rig.is_ready("x"));
    assert!(rig.calls().len() < 10, "{:?}", rig.calls());
    rig.world.cluster.delete(&key("x"));
    rig.seconds(120).await;
    assert!(rig.world.iam.get(&role("x")).is_none());
}

#[rstest]
#[case::to_another_installation(tag::INSTALLATION, "NotOwned")]
#[case::to_another_cluster(tag::UID, "OwnershipContested")]
#[tokio::test(start_paused = true)]
async fn a_role_that_changes_hands_between_two_slow_steps_is_not_written_again(
    #[case] tag: &str,
    #[case] says: &str,
) {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.fault(Rule::new(late(11)).on("DeleteRolePolicy"));
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    let in_flight = ["DeleteRolePolicy", "DetachRolePolicy", "DetachRolePolicy"];
    assert_eq!(rig.writes(), in_flight);
    rig.world.iam.tag(&role("x"), tag, "other");
    rig.seconds(60).await;
    assert_eq!(rig.writes(), in_flight);
    assert_eq!(rig.ready("x").0, says);
}

#[tokio::test(start_paused = true)]
async fn a_role_replaced_between_two_slow_steps_of_its_removal_is_left() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.fault(Rule::new(late(11)).on("DetachRolePolicy"));
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    let mut copy = rig.world.iam.get(&role("x")).unwrap();
    rig.world.iam.remove(&role("x"));
    copy.role_id = "AROAANOTHERROLE123456".into();
    rig.world.iam.put_role(copy.clone());
    rig.seconds(60).await;
    assert_eq!(rig.writes(), ["DeleteRole", "DetachRolePolicy", "DetachRolePolicy"]);
    assert_eq!(rig.world.iam.get(&role("x")).unwrap().inline, copy.inline);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_vanishes_during_its_removal_is_looked_for_once_more_before_the_resource_goes()
{
    let mut rig = Rig::new();
    rig.start();
    rig.apply("x", &plain(""));
    rig.seconds(200).await;
    rig.world.iam.fault(Rule::new(late(2)).on("ListInstanceProfilesForRole"));
    let state = rig.world.iam.get(&role("x")).unwrap();
    rig.world.cluster.delete(&key("x"));
    rig.seconds(1).await;
    // One replica shows the role, the next one does not yet.
    rig.world.iam.remove(&role("x"));
    rig.seconds(10).await;
    assert!(
        rig.world.cluster.resource(&key("x")).is_some(),
        "two reads of one moment prove nothing"
    );
    rig.world.iam.put_role(state);
    rig.seconds(60).await;
    assert!(rig.world.iam.get(&role("x")).is_none());
    assert!(rig.world.cluster.resource(&key("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_denied_boundary_stops_before_anything_that_widens() {
    let rig = Rig::with(&plain("")).await;
    rig.world.iam.set_boundary(&role("x"), None);
    rig.world.iam.deny("PutRolePermissionsBoundary");
    rig.apply("x", &whole());
    rig.seconds(600).await;
    // What allows nothing is done all the same.
    let harmless = ["PutRolePermissionsBoundary", "UpdateRole", "TagRole"];
    assert!(rig.writes().iter().all(|action| harmless.contains(action)), "{:?}", rig.writes());
    let left = rig.world.iam.get(&role("x")).unwrap();
    assert!(left.attached.is_empty() && left.inline.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_new_role_that_a_write_does_not_find_yet_is_waited_for_in_words_that_fit() {
    let mut rig = Rig::new();
    rig.world.iam.fault(
        Rule::new(Fault::Error(crate::plan::failure::IamErrorClass::NotFound))
            .on("PutRolePolicy")
            .times(2),
    );
    rig.start();
    rig.apply("x", &whole());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "WaitingForAbsence");
    assert!(message.contains("PutRolePolicy"), "{message}");
    rig.seconds(10).await;
    assert!(rig.is_ready("x"));
}

#[rstest]
#[case::of_another_installation(tag::INSTALLATION)]
#[case::of_another_cluster(tag::UID)]
#[tokio::test(start_paused = true)]
async fn ownership_is_read_again_right_before_the_role_is_deleted(#[case] tag: &str) {
    let rig = Rig::with(&plain("")).await;
    rig.world.iam.fault(Rule::new(late(2)).on("ListRolePolicies"));
    rig.world.cluster.delete(&key("x"));
    rig.seconds(1).await;
    rig.world.iam.tag(&role("x"), tag, "other");
    rig.seconds(60).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert!(rig.world.cluster.resource(&key("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_crash_right_after_a_role_was_made_again_does_not_make_it_foreign() {
    let mut rig = Rig::with(&plain("")).await;
    rig.world.iam.remove(&role("x"));
    rig.world.iam.fault(Rule::new(Fault::Stop { after: true }).on("CreateRole"));
    rig.world.crash.crashed().await;
    rig.kill().await;
    rig.world.restart();
    rig.start();
    rig.seconds(10).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
    assert_eq!(rig.status("x").role_id, rig.world.iam.get(&role("x")).map(|role| role.role_id));
}
