use rstest::rstest;
use tokio::time::Instant;

use super::*;
use crate::{
    plan::failure::IamErrorClass,
    sim::{FakeIam, Fault, Rule},
};

pub(super) const OTHER_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const OTHER_POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

/// Each part, changed behind the controller's back, and exactly the calls that follow.
#[rstest]
#[case::trust(
    |iam: &FakeIam| iam.set_trust("test-a_x", OTHER_TRUST),
    &["GetRole", "UpdateAssumeRolePolicy"]
)]
#[case::inline_changed(
    |iam: &FakeIam| iam.put_inline("test-a_x", "read", OTHER_POLICY),
    &["GetRole", "ListRolePolicies", "GetRolePolicy", "PutRolePolicy"]
)]
#[case::inline_missing(
    |iam: &FakeIam| iam.delete_inline("test-a_x", "read"),
    &["GetRole", "ListRolePolicies", "PutRolePolicy"]
)]
#[case::inline_added(
    |iam: &FakeIam| iam.put_inline("test-a_x", "more", OTHER_POLICY),
    &["GetRole", "ListRolePolicies", "DeleteRolePolicy"]
)]
#[case::attachment_missing(
    |iam: &FakeIam| iam.detach("test-a_x", AUDIT),
    &["GetRole", "ListAttachedRolePolicies", "AttachRolePolicy"]
)]
#[case::attachment_added(
    |iam: &FakeIam| iam.attach("test-a_x", "arn:aws:iam::aws:policy/AdministratorAccess"),
    &["GetRole", "ListAttachedRolePolicies", "DetachRolePolicy"]
)]
#[case::boundary_removed(
    |iam: &FakeIam| iam.set_boundary("test-a_x", None),
    &["GetRole", "PutRolePermissionsBoundary"]
)]
#[case::boundary_changed(
    |iam: &FakeIam| iam.set_boundary("test-a_x", Some(AUDIT)),
    &["GetRole", "PutRolePermissionsBoundary"]
)]
#[case::description(
    |iam: &FakeIam| iam.set_description("test-a_x", Some("other")),
    &["GetRole", "UpdateRole"]
)]
#[case::session(|iam: &FakeIam| iam.set_max_session("test-a_x", 7200), &["GetRole", "UpdateRole"])]
#[case::tag_changed(
    |iam: &FakeIam| iam.tag("test-a_x", "owner", "mallory"),
    &["GetRole", "TagRole"]
)]
#[case::tag_missing(|iam: &FakeIam| iam.untag("test-a_x", "owner"), &["GetRole", "TagRole"])]
#[tokio::test(start_paused = true)]
async fn a_changed_part_is_read_again_and_corrected_and_nothing_else(
    #[case] change: fn(&FakeIam) -> bool,
    #[case] calls: &[&str],
) {
    let rig = Rig::with(&whole()).await;
    let before = rig.world.iam.get(&role("x")).unwrap();
    assert!(change(&rig.world.iam));
    rig.a_sweep().await;
    assert_eq!(rig.calls(), calls);
    let after = rig.world.iam.get(&role("x")).unwrap();
    assert_eq!(
        (after.trust, after.inline, after.attached),
        (before.trust, before.inline, before.attached)
    );
    assert_eq!(
        (after.boundary, after.description, after.tags),
        (before.boundary, before.description, before.tags)
    );
    assert!(rig.is_ready("x"));
    let drift = rig.status("x").drift.unwrap();
    assert_eq!(drift.count, 1);
    assert_eq!(rig.reasons(), ["DriftCorrected"]);
    // And then there is silence.
    rig.clear();
    rig.seconds(600).await;
    assert_eq!(rig.calls(), [""; 0]);
    assert_eq!(rig.world.cluster.counts().total(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_added_tag_goes_when_tags_are_exclusive_and_aws_own_tags_never() {
    let rig = Rig::with(&plain(r#""management":{"tags":"Exclusive"}"#)).await;
    rig.world.iam.tag(&role("x"), "stray", "1");
    rig.world.iam.edit(&role("x"), |role| {
        role.tags.insert("aws:cloudformation:stack-name".into(), "s".into())
    });
    rig.a_sweep().await;
    assert_eq!(rig.calls(), ["GetRole", "UntagRole"]);
    let tags = rig.world.iam.get(&role("x")).unwrap().tags;
    assert!(tags.contains_key("aws:cloudformation:stack-name") && !tags.contains_key("stray"));
}

#[tokio::test(start_paused = true)]
async fn an_added_tag_stays_when_tags_are_additive() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.tag(&role("x"), "stray", "1");
    rig.a_sweep().await;
    assert_eq!(rig.calls(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_was_deleted_is_made_again_with_a_new_id() {
    let rig = Rig::with(&whole()).await;
    let id = rig.status("x").role_id;
    rig.world.iam.remove(&role("x"));
    rig.a_sweep().await;
    assert!(rig.is_ready("x"));
    assert_ne!(rig.status("x").role_id, id);
    assert_eq!(
        rig.writes(),
        ["CreateRole", "AttachRolePolicy", "AttachRolePolicy", "PutRolePolicy"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_only_cosmetic_is_left_alone() {
    let rig = Rig::with(&whole()).await;
    let cosmetic = r#"{ "Statement": { "Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::b/*"], "Action": ["s3:GetObject"], "Effect": "Allow" }, "Version": "2012-10-17" }"#;
    rig.world.iam.put_inline(&role("x"), "read", cosmetic);
    rig.a_sweep().await;
    assert_eq!(rig.calls(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_trust_that_only_grows_goes_last_and_one_that_takes_away_goes_before_what_adds() {
    let rig = Rig::with(&plain("")).await;
    let ec2 = r#"{"name":"ec2","service":{"name":"ec2.amazonaws.com","sourceAccount":"None"}}"#;
    let permissions = format!(r#""permissions":{{"managedPolicies":["{AUDIT}"]}}"#);
    rig.apply("x", &format!(r#"{{"trust":[{LAMBDA},{ec2}],{permissions}}}"#));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["AttachRolePolicy", "UpdateAssumeRolePolicy"]);
    rig.clear();
    let more = format!(r#""permissions":{{"managedPolicies":["{AUDIT}","{READ_ONLY}"]}}"#);
    rig.apply("x", &format!(r#"{{"trust":[{ec2}],{more}}}"#));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["UpdateAssumeRolePolicy", "AttachRolePolicy"]);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_of_a_thousand_roles_at_page_100_costs_twenty_calls() {
    let rig = Rig::with(&plain("")).await;
    for number in 0..999 {
        rig.world.iam.put_role(crate::sim::RoleState::new(&format!("other-{number}")));
    }
    rig.world.iam.page_size(100);
    rig.clear();
    rig.seconds(60).await;
    let calls: Vec<_> = rig.world.iam.calls().iter().map(|call| call.action).collect();
    assert_eq!(calls.len(), 20);
}

/// What is recorded as ours is the same after a correction as before it: one write of the status
/// says what was corrected, and nothing in between.
#[rstest]
#[case::in_their_order(r#""tags":{"owner":"a","cost":"1"}"#)]
#[case::with_a_capital_letter(r#""tags":{"Team":"a","Zone":"1","owner":"b"}"#)]
#[tokio::test(start_paused = true)]
async fn a_correction_writes_the_status_once(#[case] tags: &str) {
    let rig = Rig::with(&plain(tags)).await;
    let saved = rig.status("x").applied.unwrap();
    assert!(rig.world.iam.set_description("test-a_x", Some("other")));
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["UpdateRole"]);
    assert_eq!(rig.world.cluster.counts().write_status, 1);
    assert_eq!(rig.status("x").applied.unwrap(), saved);
}

#[tokio::test(start_paused = true)]
async fn drift_that_nobody_sees_is_said_by_metric_and_readiness_and_where_a_resource_is_looked_at()
{
    let mut rig = Rig::with(&whole()).await;
    rig.apply("y", &plain(""));
    rig.seconds(100).await;
    let denied = Fault::Error(IamErrorClass::AccessDenied);
    rig.world.iam.fault(Rule::new(denied).on("ListRoles").always());
    let unseen = r#"drift_unseen{account="123456789012"}"#;
    let blind = |rig: &Rig| rig.health().blind_from.is_some_and(|from| from <= Instant::now());
    rig.seconds(120).await;
    rig.expect(&[(unseen, 0.0)]);
    assert!(!blind(&rig), "{:?}", rig.health());
    rig.clear();
    rig.seconds(60).await;
    rig.expect(&[(unseen, 1.0)]);
    assert!(blind(&rig), "{:?}", rig.health());
    assert!(rig.health().trouble.contains("ListRoles"));
    assert_eq!(rig.world.cluster.counts().total(), 0, "no resource is touched for that");
    // One that is looked at anyway says so, also after a restart, and once.
    rig.apply("x", &plain(""));
    rig.seconds(700).await;
    assert!(rig.is_ready("x"));
    assert_eq!((rig.ready("x").0, rig.ready("y").0), ("DriftUnseen".into(), "Reconciled".into()));
    let written = rig.world.cluster.counts().write_status;
    rig.seconds(7_200).await;
    assert_eq!(rig.world.cluster.counts().write_status, written);
    // It is taken back with the first complete sweep.
    rig.world.iam.clear_faults();
    rig.seconds(700).await;
    assert_eq!(rig.ready("x").0, "Reconciled");
    rig.expect(&[(unseen, 0.0)]);
    assert_eq!((rig.health().trouble, rig.health().blind_from), (String::new(), None));
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_letters_of_a_tag_key_are_written_once_for_each_change_of_the_resource() {
    let mut rig = Rig::with(&plain(r#""tags":{"Owner":"a"}"#)).await;
    rig.apply("x", &plain(r#""tags":{"owner":"a"}"#));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["TagRole"]);
    let has = |rig: &Rig, key: &str| rig.world.iam.get(&role("x")).unwrap().tags.contains_key(key);
    assert!(has(&rig, "owner") && rig.is_ready("x"));
    // Letters that AWS, or somebody, writes in another way are no drift.
    rig.world.iam.tag(&role("x"), "OWNER", "a");
    rig.clear();
    rig.a_sweep().await;
    rig.restart().await;
    rig.a_sweep().await;
    assert_eq!(rig.writes(), [""; 0]);
    assert!(has(&rig, "OWNER") && rig.is_ready("x"));
    rig.apply("x", &plain(r#""tags":{"owner":"a"},"description":"d""#));
    rig.seconds(5).await;
    assert!(has(&rig, "owner"), "{:?}", rig.writes());
}
