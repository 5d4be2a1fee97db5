//! How long reads are not believed, on the virtual clock with the default lengths.

use super::*;
use crate::{
    plan::failure::IamErrorClass,
    sim::{Fault, Rule},
};

async fn with_windows(spec: &str) -> Rig {
    let mut rig = Rig::new();
    rig.start();
    rig.apply("x", spec);
    rig.seconds(200).await;
    assert!(rig.is_ready("x"), "{:?}", rig.status("x"));
    rig.clear();
    rig
}

#[tokio::test(start_paused = true)]
async fn drift_is_confirmed_five_seconds_after_the_sweep_that_saw_it() {
    let rig = with_windows(&whole()).await;
    rig.world.iam.set_description(&role("x"), Some("other"));
    let mut waited = 0;
    while rig.calls().is_empty() {
        rig.seconds(1).await;
        waited += 1;
        assert!(waited < 70);
        let swept = rig.world.iam.calls().iter().any(|call| call.action == "ListRoles");
        if swept && rig.calls().is_empty() {
            rig.seconds(3).await;
            assert_eq!(rig.calls(), [""; 0], "not before the delay is over");
            rig.seconds(2).await;
            break;
        }
    }
    assert_eq!(rig.calls(), ["GetRole", "UpdateRole"]);
}

#[tokio::test(start_paused = true)]
async fn drift_that_is_gone_when_it_is_confirmed_is_left() {
    let rig = with_windows(&whole()).await;
    rig.world.iam.set_description(&role("x"), Some("other"));
    while !rig.world.iam.calls().iter().any(|call| call.action == "ListRoles") {
        rig.seconds(1).await;
    }
    rig.world.iam.set_description(&role("x"), Some("d"));
    rig.seconds(30).await;
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_role_is_made_again_only_after_two_reads_thirty_seconds_apart() {
    let rig = with_windows(&whole()).await;
    rig.world.iam.remove(&role("x"));
    while !rig.calls().contains(&"GetRole") {
        rig.seconds(1).await;
    }
    assert_eq!(rig.ready("x").0, "WaitingForAbsence");
    rig.seconds(28).await;
    assert_eq!(rig.calls(), ["GetRole"]);
    rig.seconds(4).await;
    assert_eq!(rig.calls().get(..3), Some(["GetRole", "GetRole", "CreateRole"].as_slice()));
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn after_an_own_create_no_such_role_means_waiting() {
    let mut rig = Rig::new();
    rig.start();
    rig.world.iam.read_lag(Duration::from_mins(1), Duration::from_mins(1));
    rig.world
        .iam
        .fault(Rule::new(Fault::Error(IamErrorClass::ServerError)).on("PutRolePolicy").times(1));
    rig.apply("x", &whole());
    rig.seconds(30).await;
    assert_eq!(rig.ready("x").0, "WaitingForCreate");
    rig.seconds(90).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.writes().iter().filter(|action| **action == "CreateRole").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn reads_that_lag_a_minute_behind_cause_no_wrong_write() {
    let mut rig = Rig::new();
    rig.world.iam.read_lag(Duration::from_secs(55), Duration::from_secs(55));
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(300).await;
    assert!(rig.is_ready("x"));
    assert_eq!(
        rig.writes(),
        ["CreateRole", "AttachRolePolicy", "AttachRolePolicy", "PutRolePolicy"]
    );
    rig.clear();
    rig.apply("x", &whole().replace(r#""description":"d""#, r#""description":"e""#));
    rig.seconds(300).await;
    assert_eq!(rig.writes(), ["UpdateRole"]);
}

#[tokio::test(start_paused = true)]
async fn an_edit_right_after_a_write_is_planned_from_what_was_written() {
    let rig = with_windows(&whole()).await;
    rig.world.iam.read_lag(Duration::from_secs(50), Duration::from_secs(50));
    rig.apply("x", &whole().replace(r#""owner":"a""#, r#""owner":"b""#));
    rig.seconds(3).await;
    // Back at once: reads still show the old value, which is the wanted one, and AWS has the other.
    rig.apply("x", &whole());
    rig.seconds(200).await;
    assert_eq!(rig.writes(), ["TagRole", "TagRole"]);
    assert_eq!(rig.world.iam.get(&role("x")).unwrap().tag("owner"), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn a_write_of_unknown_outcome_is_written_again_whatever_a_stale_read_says() {
    let rig = with_windows(&whole()).await;
    rig.world.iam.read_lag(Duration::from_secs(50), Duration::from_secs(50));
    rig.world.iam.fault(
        Rule::new(Fault::AppliedThenError(IamErrorClass::Unreachable)).on("TagRole").times(1),
    );
    rig.apply("x", &whole().replace(r#""owner":"a""#, r#""owner":"b""#));
    // Before the retry comes, the edit is taken back; stale reads say that all is well.
    tokio::time::sleep(Duration::from_millis(300)).await;
    rig.apply("x", &whole());
    rig.seconds(200).await;
    assert_eq!(rig.world.iam.get(&role("x")).unwrap().tag("owner"), Some("a"));
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_needs_one_no_such_role_after_our_own_and_two_otherwise() {
    let rig = with_windows(&plain("")).await;
    rig.world.cluster.delete(&key("x"));
    rig.seconds(2).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    let rig = with_windows(&plain("")).await;
    rig.world.iam.remove(&role("x"));
    rig.world.cluster.delete(&key("x"));
    rig.seconds(20).await;
    assert!(rig.world.cluster.resource(&key("x")).is_some());
    rig.seconds(20).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
}
