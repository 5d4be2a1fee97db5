//! Who may have a name, and what a deletion may assume.

use rstest::rstest;

use super::*;
use crate::{
    plan::failure::IamErrorClass,
    sim::{Fault, Rule},
};

#[tokio::test(start_paused = true)]
async fn a_name_that_a_resource_may_not_have_is_not_kept_from_the_one_that_may() {
    let mut rig = Rig::without_windows();
    rig.start();
    // Another namespace asks first for a name that only namespace `a` may use.
    let squatter = ResourceKey { namespace: "b".into(), name: "s".into() };
    rig.world.cluster.apply(&squatter, &plain(r#""roleName":"test-a_x""#)).unwrap();
    rig.seconds(5).await;
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
}

#[tokio::test(start_paused = true)]
async fn an_older_claim_that_only_observes_counts_until_it_goes() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("first", &plain(r#""roleName":"test-a_Same","driftPolicy":"Observe""#));
    rig.seconds(5).await;
    rig.apply("second", &plain(r#""roleName":"test-a_same""#));
    rig.seconds(5).await;
    assert_eq!(rig.ready("second").0, "NameConflict");
    assert!(rig.ready("second").1.contains("a/first"));
    rig.world.cluster.delete(&key("first"));
    rig.seconds(5).await;
    assert!(rig.is_ready("second"));
}

#[rstest]
#[case::value(r#""driftPolicy":"observe""#, "spec.driftPolicy")]
#[case::field(r#""driftpolicy":"Observe""#, "spec.driftpolicy")]
#[case::deletion_field(r#""deletionPolcy":"Retain""#, "spec.deletionPolcy")]
#[tokio::test(start_paused = true)]
async fn a_misspelt_wish_to_keep_the_role_keeps_it_and_says_so(
    #[case] more: &str,
    #[case] field: &str,
) {
    let rig = Rig::with(&whole()).await;
    rig.apply("x", &plain(more));
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "InvalidSpec");
    rig.world.cluster.delete(&key("x"));
    rig.seconds(60).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.ready("x").0, "DeletionBlocked");
    assert!(rig.ready("x").1.contains(field), "{}", rig.ready("x").1);
    // Corrected, the deletion goes on.
    rig.apply("x", &plain(r#""deletionPolicy":"Retain""#));
    rig.seconds(5).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_retained_can_go_whatever_account_the_credentials_are_of() {
    let mut rig = Rig::with(&plain(r#""deletionPolicy":"Retain""#)).await;
    rig.stop().await;
    rig.limits.account.id = "999999999999".parse().unwrap();
    rig.start();
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn credentials_of_another_account_write_and_remove_nothing() {
    let mut rig = Rig::with(&plain("")).await;
    rig.stop().await;
    rig.limits.account.id = "999999999999".parse().unwrap();
    rig.start();
    rig.seconds(100).await;
    assert_eq!(rig.ready("x").0, "InvalidSpec");
    assert!(rig.ready("x").1.contains("123456789012"));
    rig.world.cluster.delete(&key("x"));
    rig.seconds(100).await;
    assert_eq!(rig.ready("x").0, "DeletionBlocked");
    assert_eq!(rig.writes(), [""; 0]);
}

const ADDITIVE: &str = r#""management":{"managedPolicies":"Additive","inlinePolicies":"Additive"}"#;

/// A write whose answer was lost may have been applied; what it added is taken back when it is no
/// longer wanted.
#[rstest]
#[case::attachment(
    "AttachRolePolicy",
    format!(r#""permissions":{{"managedPolicies":["{AUDIT}"]}}"#)
)]
#[case::inline("PutRolePolicy", format!(r#""permissions":{{"inlinePolicies":[{READ}]}}"#))]
#[case::tag("TagRole", r#""tags":{"owner":"a"}"#.to_owned())]
#[tokio::test(start_paused = true)]
async fn what_an_unanswered_write_added_is_taken_back(#[case] action: &str, #[case] more: String) {
    let mut rig = Rig::new();
    rig.start();
    rig.apply("x", &plain(ADDITIVE));
    rig.seconds(200).await;
    let before = rig.world.iam.get(&role("x"));
    rig.world.iam.settle();
    rig.world.iam.read_lag(Duration::from_secs(20), Duration::from_secs(20));
    rig.world.iam.fault(Rule::new(Fault::AppliedThenError(IamErrorClass::Unreachable)).on(action));
    rig.apply("x", &plain(&format!("{more},{ADDITIVE}")));
    tokio::time::sleep(Duration::from_millis(300)).await;
    rig.apply("x", &plain(ADDITIVE));
    rig.seconds(300).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.world.iam.get(&role("x")), before);
}

#[tokio::test(start_paused = true)]
async fn a_claimant_that_went_while_the_watch_was_broken_gives_the_name_free() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("first", &plain(r#""roleName":"test-a_same","driftPolicy":"Observe""#));
    rig.seconds(5).await;
    rig.apply("second", &plain(r#""roleName":"test-a_same""#));
    rig.seconds(5).await;
    rig.world.cluster.hold_watch(true);
    rig.world.cluster.vanish(&key("first"));
    rig.world.cluster.break_watch();
    rig.world.cluster.hold_watch(false);
    rig.seconds(2).await;
    assert!(rig.is_ready("second"), "{:?}", rig.ready("second"));
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_while_a_new_list_is_coming_in() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.seconds(1).await;
    rig.world.cluster.hold_watch(true);
    let named = plain(r#""roleName":"test-a_same""#);
    rig.apply("z", &named);
    rig.seconds(2).await;
    rig.apply("b", &named);
    // The list brings the younger claimant first, and the older one long after it.
    for number in 0..1_000 {
        rig.apply(&format!("c{number}"), "{}");
    }
    rig.world.cluster.break_watch();
    rig.world.cluster.hold_watch(false);
    rig.seconds(60).await;
    assert!(rig.is_ready("z") && !rig.is_ready("b"));
    assert_eq!(rig.writes(), ["CreateRole"]);
}

#[tokio::test(start_paused = true)]
async fn two_resources_for_one_name_in_any_letter_case_have_their_passes_one_after_the_other() {
    let mut rig = Rig::without_windows();
    rig.world.iam.fault(Rule::new(Fault::DelayAnswer(Duration::from_secs(5))).on("GetRole"));
    rig.apply("first", &plain(r#""roleName":"test-a_Same""#));
    rig.apply("second", &plain(r#""roleName":"test-a_same""#));
    rig.start();
    rig.seconds(3).await;
    assert_eq!(rig.calls(), ["GetRole"]);
    rig.seconds(10).await;
    assert_eq!(rig.writes(), ["CreateRole"]);
}
