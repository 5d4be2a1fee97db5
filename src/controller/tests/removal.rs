use super::*;

/// A changed setting is a change that somebody asked for, and no drift.
#[tokio::test(start_paused = true)]
async fn defaults_of_the_operator_reach_living_roles_and_keep_them_when_their_resource_goes() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    rig.stop().await;
    rig.clear();
    rig.limits.default_tags = [("cost".into(), "1".into())].into();
    rig.limits.default_deletion = crate::api::kinds::iam_role::DeletionPolicy::Retain;
    rig.start();
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["TagRole"]);
    assert!(rig.status("x").drift.is_none(), "{:?}", rig.status("x"));
    rig.clear();
    rig.world.cluster.delete(&key("x"));
    rig.seconds(60).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    assert!(rig.world.iam.get(&role("x")).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_deleted_resource_takes_its_role_with_it_foreign_policies_too() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.attach(&role("x"), "arn:aws:iam::aws:policy/ViewOnlyAccess");
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    assert!(rig.world.iam.get(&role("x")).is_none());
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    let writes = rig.writes();
    // Asked first, because a denial must come before anything is taken away; the boundary is never
    // touched.
    assert_eq!(writes.first(), Some(&"DeleteRole"));
    assert_eq!(writes.last(), Some(&"DeleteRole"));
    assert_eq!(writes.iter().filter(|action| **action == "DetachRolePolicy").count(), 3);
    assert!(!writes.contains(&"DeleteRolePermissionsBoundary"));
}

#[tokio::test(start_paused = true)]
async fn a_role_without_policies_costs_one_write_to_remove() {
    let rig = Rig::with(&plain("")).await;
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["DeleteRole"]);
    assert!(rig.world.cluster.resource(&key("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn an_instance_profile_of_others_blocks_and_nothing_is_stripped() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.add_instance_profile("their-profile", &role("x"));
    rig.world.cluster.delete(&key("x"));
    rig.seconds(3_600).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "DeletionBlocked");
    assert!(message.contains("their-profile"), "{message}");
    assert!(rig.has("x", "Stalled") && !rig.has("x", "Reconciling"), "somebody has to act");
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.world.iam.get(&role("x")).unwrap().attached.len(), 2);
    // One try in five minutes.
    let tries =
        rig.calls().iter().filter(|action| **action == "ListInstanceProfilesForRole").count();
    assert!((12..=17).contains(&tries), "{tries}");
    rig.world.iam.remove_instance_profile("their-profile", &role("x"));
    // The next sweep sees it.
    rig.a_sweep().await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn an_expired_role_that_an_instance_profile_lets_go_is_removed_after_the_next_sweep() {
    let rig = Rig::with(&plain(r#""lifetime":{"ttl":"60s"}"#)).await;
    rig.world.iam.add_instance_profile("one", &role("x"));
    rig.world.iam.add_instance_profile("two", &role("x"));
    rig.seconds(100).await;
    assert_eq!(rig.ready("x").0, "DeletionBlocked");
    rig.world.iam.remove_instance_profile("one", &role("x"));
    rig.clear();
    rig.a_sweep().await;
    assert_eq!(rig.calls(), [""; 0], "one of them still holds it");
    rig.world.iam.remove_instance_profile("two", &role("x"));
    rig.a_sweep().await;
    assert_eq!(rig.ready("x").0, "Expired");
    assert!(rig.world.iam.get(&role("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_denied_deletion_blocks_before_anything_is_stripped() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.deny("DeleteRole");
    rig.world.cluster.delete(&key("x"));
    rig.seconds(60).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "DeletionBlocked");
    assert!(message.contains("iam:DeleteRole"), "{message}");
    let left = rig.world.iam.get(&role("x")).unwrap();
    assert_eq!((left.attached.len(), left.inline.len()), (2, 1));
    rig.world.iam.allow("DeleteRole");
    rig.seconds(301).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn retain_changes_nothing_in_aws_and_lets_the_resource_go() {
    let rig = Rig::with(&whole().replacen('{', r#"{"deletionPolicy":"Retain","#, 1)).await;
    let before = rig.world.iam.get(&role("x"));
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.world.iam.get(&role("x")), before);
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    assert_eq!(rig.reasons(), ["Retained"]);
    // The same key applied again takes the role up.
    rig.apply("x", &whole());
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["TagRole"]);
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_vanishes_without_its_finalizer_never_takes_its_role() {
    let rig = Rig::with(&whole()).await;
    rig.world.cluster.vanish(&key("x"));
    rig.seconds(600).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert!(rig.world.iam.get(&role("x")).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_no_longer_ours_is_left_alone_when_its_resource_goes() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.tag(&role("x"), iam::tag::INSTALLATION, "other");
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    assert_eq!(rig.reasons(), ["NotOwned"]);
}

#[tokio::test(start_paused = true)]
async fn a_resource_with_a_mistake_in_its_spec_can_still_be_deleted() {
    let rig = Rig::with(&whole()).await;
    rig.apply("x", r#"{"trsut":1}"#);
    rig.seconds(5).await;
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    assert!(rig.world.iam.get(&role("x")).is_none());
    assert!(rig.world.cluster.resource(&key("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_deletion_policy_that_cannot_be_read_keeps_the_role_and_says_so() {
    let rig = Rig::with(&whole()).await;
    rig.apply("x", &plain(r#""deletionPolicy":"retain""#));
    rig.seconds(5).await;
    rig.world.cluster.delete(&key("x"));
    rig.seconds(60).await;
    assert_eq!(rig.ready("x").0, "DeletionBlocked");
    assert!(rig.ready("x").1.contains("spec.deletionPolicy"));
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_only_others_hold_says_that_it_goes_and_what_became_of_its_role() {
    for (more, role, there) in [
        ("", "there is no role test-a_x in AWS", false),
        (r#""deletionPolicy":"Retain""#, "role test-a_x is left in AWS as it is", true),
        (r#""driftPolicy":"Observe""#, "there is no role test-a_x in AWS", false),
    ] {
        let mut rig = Rig::without_windows();
        rig.start();
        rig.apply("x", &plain(more));
        rig.seconds(5).await;
        rig.world.cluster.hold(&key("x"), true);
        rig.world.cluster.delete(&key("x"));
        rig.seconds(5).await;
        let (reason, message) = rig.ready("x");
        assert_eq!(reason, "Deleting");
        assert_eq!(message, format!("{role}; only finalizers of others still hold the resource"));
        assert_eq!((rig.status("x").arn.is_some(), rig.status("x").plan), (there, None), "{more}");
        rig.world.cluster.hold(&key("x"), false);
        assert!(rig.world.cluster.resource(&key("x")).is_none());
    }
}
