//! Nothing is overlooked: late or broken watches, changed settings, sweeps that fail, deadlines
//! behind a back-off.

use super::*;
use crate::{
    api::{PAUSED, RECONCILE_REQUESTED_AT},
    plan::failure::IamErrorClass,
    sim::{Fault, Rule},
};

#[tokio::test(start_paused = true)]
async fn status_events_that_come_late_do_not_hide_a_converged_resource_from_sweeps() {
    let rig = Rig::with(&whole()).await;
    rig.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("1"));
    rig.apply("x", &whole().replace(r#""owner":"a""#, r#""owner":"a","more":"b""#));
    // The pass begins, and the events of its own status writes (working, then ready) come after its
    // end.
    rig.world.cluster.hold_watch(true);
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    rig.world.cluster.hold_watch(false);
    rig.seconds(1).await;
    rig.clear();
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["UpdateRole"]);
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_new_settings_refuse_says_so_after_the_restart() {
    let mut rig = Rig::with(&whole()).await;
    rig.stop().await;
    rig.limits.managed_policies =
        ManagedPolicyRules::new(["arn:aws:iam::aws:policy/Nothing"]).unwrap();
    rig.start();
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "InvalidSpec");
    // What is allowed no longer goes where that only takes access away.
    assert_eq!(rig.writes(), ["DetachRolePolicy"; 2]);
    rig.clear();
    rig.stop().await;
    rig.limits.managed_policies = ManagedPolicyRules::new(MANAGED_POLICIES).unwrap();
    rig.start();
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.writes(), ["AttachRolePolicy"; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_panics_is_not_the_last_one() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.fault(Rule::new(Fault::Panic).on("GetAccountAuthorizationDetails"));
    rig.seconds(70).await;
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.seconds(180).await;
    assert_eq!(rig.writes(), ["UpdateRole"]);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_kept_while_a_retry_is_far_away() {
    let lifetime = r#""lifetime":{"expiresAt":"2026-01-01T00:10:00Z"}"#;
    let rig = Rig::with(&plain(lifetime)).await;
    rig.world.iam.fault(Rule::new(Fault::Error(IamErrorClass::Refused)).on("UpdateRole").always());
    rig.apply("x", &plain(&format!(r#""description":"d",{lifetime}"#)));
    rig.seconds(580).await;
    assert_eq!(rig.ready("x").0, "Refused");
    rig.seconds(20).await;
    assert_eq!(rig.ready("x").0, "Expired");
    assert!(rig.world.iam.get(&role("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_told_of_a_role_that_could_not_be_made() {
    let mut rig = Rig::without_windows();
    rig.world
        .iam
        .fault(Rule::new(Fault::Error(IamErrorClass::LimitExceeded)).on("CreateRole").always());
    rig.start();
    rig.apply("x", &plain(r#""lifetime":{"ttl":"2m"}"#));
    rig.seconds(125).await;
    assert_eq!(rig.ready("x").0, "Expired");
}

#[tokio::test(start_paused = true)]
async fn a_lifetime_does_not_make_the_closer_look_dearer() {
    let rig = Rig::with(&whole().replacen('{', r#"{"lifetime":{"ttl":"720h"},"#, 1)).await;
    rig.world.iam.tag(&role("x"), "owner", "mallory");
    rig.a_sweep().await;
    assert_eq!(rig.calls(), ["GetRole", "TagRole"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_create_is_retried_without_a_word() {
    let mut rig = Rig::without_windows();
    rig.world.iam.deny("CreateRole");
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(40).await;
    assert_eq!(rig.ready("x").0, "AccessDenied");
    assert!(rig.has("x", "Stalled"));
    rig.clear();
    rig.seconds(3_600).await;
    assert!(rig.writes().len() > 3);
    assert_eq!(rig.world.cluster.counts().total(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_parked_resource_is_not_written_again_at_each_restart() {
    let mut rig = Rig::without_windows();
    rig.world.iam.fault(Rule::new(Fault::Panic).on("GetRole").always());
    rig.start();
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "InternalError");
    rig.clear();
    rig.restart().await;
    rig.seconds(60).await;
    assert_eq!(rig.world.cluster.counts().total(), 0);
}

#[tokio::test(start_paused = true)]
async fn observe_tells_of_drift_that_a_stale_read_did_not_confirm() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    rig.apply("x", &plain(r#""driftPolicy":"Observe""#));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    rig.world.iam.settle();
    // Point reads lag behind the bulk read: the first closer look sees nothing.
    rig.world.iam.read_lag(Duration::from_secs(100), Duration::ZERO);
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.a_sweep().await;
    assert!(rig.is_ready("x"));
    rig.seconds(120).await;
    assert_eq!(rig.ready("x").0, "WouldChange");
    // And the other way round.
    rig.world.iam.set_description(&role("x"), None);
    rig.a_sweep().await;
    assert_eq!(rig.ready("x").0, "WouldChange");
    rig.seconds(120).await;
    assert!(rig.is_ready("x"));
    // At rest it is not looked at again.
    rig.clear();
    rig.seconds(600).await;
    assert_eq!(rig.calls(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn observe_that_differs_in_one_stream_only_is_at_rest() {
    let rig = Rig::with(&plain("")).await;
    rig.apply("x", &plain(r#""driftPolicy":"Observe""#));
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.seconds(200).await;
    assert_eq!(rig.ready("x").0, "WouldChange");
    rig.clear();
    rig.seconds(1_200).await;
    assert_eq!(rig.calls(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_set_while_a_pass_runs_is_told_and_a_spec_edited_meanwhile_is_done() {
    let rig = Rig::with(&plain("")).await;
    rig.world.iam.fault(Rule::new(Fault::DelayAnswer(Duration::from_secs(3))).on("UpdateRole"));
    rig.apply("x", &plain(r#""description":"one""#));
    rig.seconds(1).await;
    rig.apply("x", &plain(r#""description":"two""#));
    rig.seconds(10).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.world.iam.get(&role("x")).unwrap().description.as_deref(), Some("two"));
    rig.world.iam.fault(Rule::new(Fault::DelayAnswer(Duration::from_secs(3))).on("UpdateRole"));
    rig.apply("x", &plain(r#""description":"three""#));
    rig.seconds(1).await;
    rig.world.cluster.annotate(&key("x"), crate::api::PAUSED, Some("true"));
    rig.seconds(10).await;
    assert_eq!(rig.ready("x").0, "Paused");
}

#[tokio::test(start_paused = true)]
async fn a_requested_reconcile_does_not_wait_for_the_back_off() {
    let rig = Rig::with(&plain("")).await;
    rig.world.iam.deny("UpdateRole");
    rig.apply("x", &plain(r#""description":"d""#));
    rig.seconds(2_000).await;
    rig.world.iam.allow("UpdateRole");
    rig.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("now"));
    rig.seconds(1).await;
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn an_end_that_comes_while_paused_is_kept_when_the_pause_ends() {
    let rig = Rig::with(&plain(r#""lifetime":{"ttl":"10m"}"#)).await;
    rig.world.cluster.annotate(&key("x"), crate::api::PAUSED, Some("true"));
    rig.seconds(1_200).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.ready("x").0, "Paused");
    rig.world.cluster.annotate(&key("x"), crate::api::PAUSED, None);
    rig.seconds(2).await;
    assert_eq!(rig.ready("x").0, "Expired");
}

#[tokio::test(start_paused = true)]
async fn a_spec_that_becomes_invalid_leaves_the_role_as_it_is_and_a_valid_one_goes_on() {
    let rig = Rig::with(&whole()).await;
    let before = rig.world.iam.get(&role("x"));
    rig.apply("x", r#"{"trsut":1}"#);
    rig.seconds(600).await;
    assert_eq!(rig.ready("x").0, "InvalidSpec");
    assert_eq!((rig.writes(), rig.world.iam.get(&role("x"))), (vec![], before));
    rig.apply("x", &whole());
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn observe_keeps_the_differences_that_a_later_look_at_another_part_does_not_see() {
    let rig = Rig::with(&whole()).await;
    rig.apply("x", &whole().replacen('{', r#"{"driftPolicy":"Observe","#, 1));
    rig.world.iam.detach(&role("x"), AUDIT);
    rig.a_sweep().await;
    assert_eq!(rig.status("x").plan.unwrap().len(), 1);
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.a_sweep().await;
    assert_eq!(rig.status("x").plan.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_may_surprise_is_told_once_for_each_generation() {
    let warned = |note: &str| {
        format!(
            r#"{{"description":"{note}","trust":[{{"name":"ci","githubActions":{{"owner":"o","repository":"r","refs":["refs/heads/main"]}}}}]}}"#
        )
    };
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("x", &warned("one"));
    rig.seconds(5).await;
    let told = |rig: &Rig| rig.reasons().iter().filter(|reason| **reason == "TrustWarning").count();
    assert_eq!((rig.is_ready("x"), told(&rig)), (true, 1));
    rig.world.iam.set_description(&role("x"), Some("drift"));
    rig.a_sweep().await;
    rig.restart().await;
    rig.seconds(5).await;
    assert_eq!(told(&rig), 1, "neither drift nor a restart is news");
    rig.apply("x", &warned("two"));
    rig.seconds(5).await;
    assert_eq!(told(&rig), 2);
}

#[tokio::test(start_paused = true)]
async fn what_may_surprise_is_told_when_settings_refuse_the_spec_no_longer() {
    let mut rig = Rig::without_windows();
    rig.limits.max_lifetime = Some(Duration::from_hours(1));
    rig.start();
    let trust = r#""trust":[{"name":"s","service":{"name":"x.amazonaws.com"}}]"#;
    rig.apply("x", &format!(r#"{{"lifetime":{{"ttl":"2h"}},{trust}}}"#));
    rig.seconds(5).await;
    let told = |rig: &Rig| rig.reasons().iter().filter(|reason| **reason == "TrustWarning").count();
    assert_eq!((rig.ready("x").0.as_str(), told(&rig)), ("InvalidSpec", 0));
    rig.stop().await;
    rig.limits.max_lifetime = None;
    rig.start();
    rig.seconds(5).await;
    assert_eq!((rig.is_ready("x"), told(&rig)), (true, 1));
    // Other settings make another role of it, and no other spec.
    rig.stop().await;
    rig.limits.boundary = BoundaryRule::Free;
    rig.start();
    rig.seconds(5).await;
    assert_eq!((rig.is_ready("x"), told(&rig)), (true, 1));
}

#[tokio::test(start_paused = true)]
async fn what_may_surprise_is_told_when_a_pause_ends() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    rig.world.cluster.annotate(&key("x"), PAUSED, Some("true"));
    rig.seconds(1).await;
    rig.apply("x", r#"{"trust":[{"name":"s","service":{"name":"x.amazonaws.com"}}]}"#);
    rig.seconds(5).await;
    assert!(!rig.reasons().contains(&"TrustWarning"));
    rig.world.cluster.annotate(&key("x"), PAUSED, None);
    rig.seconds(5).await;
    assert!(rig.reasons().contains(&"TrustWarning"));
}
