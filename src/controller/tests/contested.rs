//! Two clusters with one installation name: the one that comes second has the role, and the first
//! one stands back until somebody asks.

use super::*;
use crate::{
    api::{PAUSED, RECONCILE_REQUESTED_AT},
    plan::failure::IamErrorClass,
    sim::{Crash, FakeCluster, Fault, RoleState, Rule},
};
use iam::tag;

/// A role that is ready in one cluster and was then taken up in a second one, whose controller is
/// of the same installation.
async fn two_clusters(spec: &str) -> [Rig; 2] {
    let one = Rig::with(spec).await;
    let (clock, crash) = (one.world.clock.clone(), Crash::new());
    let cluster = FakeCluster::new(clock.clone(), crash.clone());
    let mut other = Rig::without_windows();
    other.world = World { iam: one.world.iam.clone(), cluster, clock, crash };
    other.apply("first", &plain(r#""driftPolicy":"Observe""#)); // so that the other x is no namesake in its uid as well
    other.apply("x", spec);
    other.start();
    other.seconds(1).await;
    assert!(other.is_ready("x") && other.reasons().contains(&"Reattached"));
    assert_eq!(one.writes(), ["TagRole"]);
    one.seconds(600).await;
    let (reason, message) = one.ready("x");
    assert_eq!(reason, "OwnershipContested", "{message}");
    assert!(message.contains("uid-2") && message.contains(RECONCILE_REQUESTED_AT), "{message}");
    assert!(one.has("x", "Stalled"));
    one.clear();
    [one, other]
}

impl Rig {
    /// From now on the plan begins, and does not come to its end.
    fn stopped_by_a_policy_that_is_not_there(&self) {
        self.apply(
            "x",
            &plain(
                r#""permissions":{"managedPolicies":["arn:aws:iam::123456789012:policy/none"]}"#,
            ),
        );
    }
}

fn uid(rig: &Rig) -> String {
    rig.world.iam.get(&role("x")).unwrap().tag(tag::UID).unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn two_clusters_of_one_installation_do_not_fight_for_a_role() {
    let [one, other] = two_clusters(&whole()).await;
    one.world.iam.set_description(&role("x"), Some("by hand"));
    one.seconds(300).await;
    assert_eq!(one.writes(), ["UpdateRole"], "the other cluster corrects it, once");
    one.clear();
    // Who asks for it has it, also when that takes more than one pass.
    one.world.iam.deny("TagRole");
    one.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("1"));
    one.seconds(5).await;
    assert_eq!(one.ready("x").0, "AccessDenied");
    one.world.iam.allow("TagRole");
    one.clear();
    one.seconds(600).await;
    assert!(one.is_ready("x"));
    assert_eq!(other.ready("x").0, "OwnershipContested");
    assert_eq!(
        (one.writes(), uid(&one)),
        (vec!["TagRole"], one.world.cluster.resource(&key("x")).unwrap().uid)
    );
}

#[tokio::test(start_paused = true)]
async fn a_deletion_leaves_a_role_that_a_second_cluster_has_taken_up() {
    let [one, other] = two_clusters(&whole()).await;
    one.world.cluster.delete(&key("x"));
    one.seconds(60).await;
    assert!(one.world.cluster.resource(&key("x")).is_none());
    assert_eq!(one.writes(), [""; 0]);
    let told = one.world.cluster.notices().pop().unwrap().notice;
    assert!(
        told.reason == "OwnershipContested" && told.note.ends_with("it was left alone"),
        "{told:?}"
    );
    // The other one takes it along.
    other.world.cluster.delete(&key("x"));
    other.seconds(60).await;
    assert!(other.world.iam.get(&role("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_lifetime_leaves_a_role_that_a_second_cluster_has_taken_up() {
    let [one, other] =
        two_clusters(&plain(r#""lifetime":{"expiresAt":"2026-01-01T01:00:00Z"}"#)).await;
    other.apply("x", &plain(""));
    other.seconds(4_000).await;
    assert_eq!(one.ready("x").0, "OwnershipContested");
    assert!(other.is_ready("x") && other.world.iam.get(&role("x")).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_role_that_was_only_looked_at_after_a_rebuild_is_taken_up_when_it_is_corrected() {
    let mut rig = Rig::with(&whole()).await;
    rig.stop().await;
    rig.world.cluster.rebuild();
    let observed = whole().replacen('{', r#"{"driftPolicy":"Observe","#, 1);
    rig.apply("x", &observed);
    rig.clear();
    rig.start();
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "WouldChange");
    rig.apply("x", &whole());
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.writes(), ["TagRole"]);
}

#[tokio::test(start_paused = true)]
async fn taking_the_request_away_asks_for_nothing() {
    let [one, other] = two_clusters(&whole()).await;
    one.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("1"));
    one.seconds(60).await;
    other.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("1"));
    other.seconds(600).await;
    assert_eq!((one.ready("x").0.as_str(), other.is_ready("x")), ("OwnershipContested", true));
    one.clear();
    one.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, None);
    one.seconds(600).await;
    assert_eq!((one.writes(), one.ready("x").0.as_str()), (vec![], "OwnershipContested"));
}

#[tokio::test(start_paused = true)]
async fn a_role_that_went_with_the_second_cluster_is_not_made_again_before_somebody_asks() {
    let [one, other] = two_clusters(&whole()).await;
    other.world.cluster.delete(&key("x"));
    other.seconds(1_000).await;
    let (reason, message) = one.ready("x");
    assert!(
        reason == "OwnershipContested" && message.contains("is deleted"),
        "{reason}: {message}"
    );
    assert!(one.world.iam.get(&role("x")).is_none());
    one.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("1"));
    one.seconds(5).await;
    assert!(one.is_ready("x") && one.world.iam.get(&role("x")).is_some());
}

#[tokio::test(start_paused = true)]
async fn whose_the_role_is_outlasts_what_else_is_to_say() {
    let [one, other] = two_clusters(&whole()).await;
    one.world.cluster.annotate(&key("x"), PAUSED, Some("true"));
    one.seconds(5).await;
    assert_eq!(one.ready("x").0, "Paused");
    // The other one makes the role anew meanwhile, and again, and then has it no more.
    one.world.iam.remove(&role("x"));
    other.seconds(200).await;
    one.world.cluster.annotate(&key("x"), PAUSED, None);
    one.seconds(60).await;
    assert!(other.is_ready("x"));
    assert_eq!(one.ready("x").0, "OwnershipContested");
    one.world.cluster.annotate(&key("x"), PAUSED, Some("true"));
    other.world.cluster.delete(&key("x"));
    other.seconds(60).await;
    one.world.cluster.annotate(&key("x"), PAUSED, None);
    one.seconds(600).await;
    assert_eq!(one.ready("x").0, "OwnershipContested");
    assert!(one.world.iam.get(&role("x")).is_none());
    let status = one.status("x");
    assert_eq!(
        (status.arn, status.role_id, status.role_uid.as_deref()),
        (None, None, Some("uid-2"))
    );
}

#[tokio::test(start_paused = true)]
async fn plans_that_get_stuck_half_way_do_not_change_a_role_in_turn() {
    let [one, other] = two_clusters(&whole()).await;
    one.stopped_by_a_policy_that_is_not_there();
    one.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("1"));
    one.seconds(600).await;
    assert_eq!(
        (one.ready("x").0.as_str(), other.ready("x").0.as_str()),
        ("NotFound", "OwnershipContested")
    );
    assert_eq!(one.writes()[0], "TagRole", "the uid first");
    one.clear();
    other.stopped_by_a_policy_that_is_not_there();
    other.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("1"));
    other.seconds(1_200).await;
    assert_eq!(
        (one.ready("x").0.as_str(), other.ready("x").0.as_str()),
        ("OwnershipContested", "NotFound")
    );
    assert_eq!(
        one.writes().iter().filter(|action| **action == "TagRole").count(),
        1,
        "{:?}",
        one.writes()
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_is_served_when_aws_answers_again() {
    let [one, other] = two_clusters(&whole()).await;
    one.world.iam.fault(Rule::new(Fault::Error(IamErrorClass::Unreachable)).on("GetRole").times(3));
    one.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("1"));
    one.seconds(600).await;
    assert!(one.is_ready("x"), "{:?}", one.ready("x"));
    assert_eq!(other.ready("x").0, "OwnershipContested");
}

#[tokio::test(start_paused = true)]
async fn a_resource_whose_role_expired_leaves_the_one_that_a_second_cluster_has_made_since() {
    let mut rig = Rig::without_windows();
    rig.world.iam.deny("AttachRolePolicy"); // so that it never was as written
    rig.start();
    rig.apply("x", &whole().replacen('{', r#"{"lifetime":{"ttl":"1m"},"#, 1));
    rig.seconds(120).await;
    assert_eq!(rig.ready("x").0, "Expired");
    rig.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("1"));
    rig.seconds(5).await;
    rig.world.iam.allow("AttachRolePolicy");
    rig.world.iam.put_role(RoleState::new(&role("x")));
    for (key, value) in
        [(tag::INSTALLATION, "test"), (tag::RESOURCE, "a/x"), (tag::UID, "of-another-cluster")]
    {
        rig.world.iam.tag(&role("x"), key, value);
    }
    rig.clear();
    rig.restart().await;
    rig.seconds(600).await;
    rig.world.cluster.delete(&key("x"));
    rig.seconds(60).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    assert_eq!((rig.writes(), rig.world.iam.get(&role("x")).is_some()), (vec![], true));
}

#[tokio::test(start_paused = true)]
async fn a_role_whose_time_ended_while_its_cluster_was_rebuilt_goes_and_a_later_one_stays() {
    let lifetime = plain(r#""lifetime":{"ttl":"10m"}"#);
    let mut rig = Rig::with(&lifetime).await;
    rig.stop().await;
    rig.world.cluster.rebuild();
    rig.seconds(700).await;
    rig.start();
    rig.seconds(5).await;
    assert_eq!((rig.ready("x").0.as_str(), rig.world.iam.get(&role("x"))), ("Expired", None));
    rig.world.iam.put_role(RoleState::new(&role("x")));
    for (key, value) in
        [(tag::INSTALLATION, "test"), (tag::RESOURCE, "a/x"), (tag::UID, "of-another-cluster")]
    {
        rig.world.iam.tag(&role("x"), key, value);
    }
    rig.clear();
    rig.restart().await;
    rig.seconds(60).await;
    assert_eq!((rig.ready("x").0.as_str(), rig.writes()), ("OwnershipContested", vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_request_also_takes_a_role_that_the_second_cluster_has_made_anew() {
    let [one, other] = two_clusters(&whole()).await;
    one.world.iam.remove(&role("x"));
    other.seconds(200).await;
    assert!(other.is_ready("x"));
    one.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("1"));
    one.seconds(60).await;
    assert!(one.is_ready("x"), "{:?}", one.ready("x"));
    assert_eq!(one.status("x").role_id, one.world.iam.get(&role("x")).map(|role| role.role_id));
}

#[tokio::test(start_paused = true)]
async fn beyond_the_limits_the_end_of_a_lifetime_leaves_a_role_that_a_second_cluster_has() {
    let lifetime = r#""lifetime":{"expiresAt":"2026-01-01T01:00:00Z"}"#;
    let [mut one, other] = two_clusters(&plain(lifetime)).await;
    other.apply("x", &plain(""));
    one.stop().await;
    one.limits.max_lifetime = Some(Duration::from_mins(1));
    one.start();
    one.seconds(4_000).await;
    assert!(other.is_ready("x") && other.world.iam.get(&role("x")).is_some());
}

#[tokio::test(start_paused = true)]
async fn reads_that_lag_behind_the_taking_up_do_not_make_a_role_contested() {
    let mut rig = Rig::new();
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(200).await;
    rig.stop().await;
    rig.world.cluster.rebuild();
    rig.clear();
    rig.world.iam.read_lag(Duration::from_secs(25), Duration::from_secs(25));
    rig.start();
    rig.seconds(10).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
    rig.apply("x", &whole().replace(r#""description":"d""#, r#""description":"e""#));
    rig.seconds(5).await;
    assert_ne!(rig.ready("x").0, "OwnershipContested");
    rig.seconds(60).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
    rig.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("1"));
    rig.seconds(60).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
}

#[tokio::test(start_paused = true)]
async fn a_new_leader_does_not_leave_a_role_for_one_late_read() {
    let mut rig = Rig::new();
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(200).await;
    rig.stop().await;
    rig.world.cluster.rebuild();
    rig.world.iam.read_lag(Duration::from_secs(20), Duration::from_secs(20));
    rig.start();
    rig.seconds(3).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
    // It knows nothing of the uid that was written three seconds ago.
    rig.kill().await;
    rig.start();
    rig.world.cluster.delete(&key("x"));
    rig.seconds(120).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    assert!(rig.world.iam.get(&role("x")).is_none());
}
