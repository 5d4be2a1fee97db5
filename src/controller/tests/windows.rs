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
async fn drift_in_what_was_not_written_lately_is_confirmed_at_once() {
    let rig = with_windows(&whole()).await;
    // At the worst moment: right after a sweep.
    swept(&rig).await;
    rig.clear();
    let begun = tokio::time::Instant::now();
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.world.iam.detach(&role("x"), AUDIT);
    while rig.writes().len() < 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let waited = begun.elapsed();
        assert!(waited <= Duration::from_secs(61), "{waited:?}: {:?}", rig.calls());
    }
    // The point read is the second witness, of what both listings show.
    assert_eq!(rig.calls().get(..2), Some(["GetRole", "ListAttachedRolePolicies"].as_slice()));
    let writes = rig.writes();
    assert!(["UpdateRole", "AttachRolePolicy"].iter().all(|write| writes.contains(write)));
    // Drift in another part right after an own write waits no longer.
    swept(&rig).await;
    rig.clear();
    let begun = tokio::time::Instant::now();
    rig.world.iam.tag(&role("x"), "owner", "mallory");
    while rig.writes().is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(begun.elapsed() <= Duration::from_secs(61), "{:?}", rig.calls());
    }
    assert_eq!(rig.writes(), ["TagRole"]);
}

/// Until a sweep has ended.
async fn swept(rig: &Rig) {
    rig.clear();
    let listed = |action| rig.world.iam.calls().iter().any(|call| call.action == action);
    while !(listed("ListRoles") && listed("GetAccountAuthorizationDetails")) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A page that was asked for while the settle window was open, and came after it, may be old: both
/// witnesses would speak of what was before the write.
#[tokio::test(start_paused = true)]
async fn what_a_page_shows_of_a_part_that_was_written_lately_is_confirmed_after_the_delay() {
    let rig = with_windows(&whole()).await;
    swept(&rig).await;
    rig.seconds(20).await;
    rig.clear();
    rig.apply("x", &whole().replace(r#""description":"d""#, r#""description":"e""#));
    rig.seconds(1).await;
    assert_eq!(rig.writes(), ["UpdateRole"]);
    rig.clear();
    // The sweep 40 s after the write waits a minute for its page; reads show the write after 103 s,
    // which is after the page and before the delay is over.
    let lag = Duration::from_secs(103);
    rig.world.iam.read_lag(lag, lag);
    let late = Rule::new(Fault::DelayAnswer(Duration::from_mins(1)));
    rig.world.iam.fault(late.on("ListRoles").times(1));
    rig.seconds(240).await;
    assert_eq!(rig.calls(), ["GetRole"], "the page was old, and somebody looked");
}

/// What was written before a restart nobody knows: reads of one moment are no two witnesses.
#[tokio::test(start_paused = true)]
async fn what_a_page_shows_right_after_a_restart_is_confirmed_after_the_delay() {
    let mut rig = with_windows(&whole()).await;
    rig.apply("x", &whole().replace(r#""description":"d""#, r#""description":"e""#));
    rig.seconds(1).await;
    assert_eq!(rig.writes(), ["UpdateRole"]);
    let lag = Duration::from_secs(4);
    rig.world.iam.read_lag(lag, lag);
    rig.restart().await;
    rig.clear();
    rig.seconds(240).await;
    assert_eq!(rig.calls(), ["GetRole"], "the page was old, and somebody looked");
    assert!(rig.status("x").drift.is_none());
}

#[tokio::test(start_paused = true)]
async fn drift_that_is_gone_when_it_is_confirmed_is_left() {
    let rig = with_windows(&whole()).await;
    // The next page tells of it, and the read of the role no more.
    rig.world.iam.read_lag(Duration::ZERO, Duration::from_secs(20));
    swept(&rig).await;
    rig.seconds(30).await;
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.seconds(15).await;
    rig.world.iam.set_description(&role("x"), Some("d"));
    rig.clear();
    rig.seconds(60).await;
    assert_eq!(rig.calls(), ["GetRole"]);
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
