use rstest::rstest;

use super::*;
use crate::{
    api::RECONCILE_REQUESTED_AT,
    iam::tag,
    sim::{Crash, FakeCluster, RoleState},
};

fn foreign(tags: &[(&str, &str)]) -> RoleState {
    let mut state = RoleState::new(&role("x"));
    state.tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    state
}

#[rstest]
#[case::no_proof(&[], "none of rolewright's tags")]
#[case::half_a_proof(&[(tag::INSTALLATION, "test")], "only one of the tags")]
#[case::the_other_half(&[(tag::RESOURCE, "a/x")], "only one of the tags")]
#[case::another_installation(&[(tag::INSTALLATION, "other"), (tag::RESOURCE, "a/x")], "installation other")]
#[case::another_resource(&[(tag::INSTALLATION, "test"), (tag::RESOURCE, "b/x")], "IAMRole b/x")]
#[tokio::test(start_paused = true)]
async fn a_role_without_the_whole_proof_is_never_written(#[case] tags: &[(&str, &str)], #[case] says: &str) {
    let mut rig = Rig::without_windows();
    rig.world.iam.put_role(foreign(tags));
    let before = rig.world.iam.get(&role("x"));
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(600).await;
    // Edited, expired, deleted: it stays untouched.
    rig.apply("x", &plain(r#""lifetime":{"expiresAt":"2025-01-01T00:00:00Z"}"#));
    rig.seconds(60).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "NotOwned");
    assert!(message.contains(says), "{message}");
    rig.world.cluster.delete(&key("x"));
    rig.seconds(60).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.world.iam.get(&role("x")), before);
}

#[tokio::test(start_paused = true)]
async fn copied_tags_on_a_role_with_another_id_are_no_proof() {
    let rig = Rig::with(&whole()).await;
    let mut copy = rig.world.iam.get(&role("x")).unwrap();
    rig.world.iam.remove(&role("x"));
    copy.role_id = "AROAANOTHERROLE123456".into();
    copy.description = Some("not the one".into());
    rig.world.iam.put_role(copy);
    rig.a_sweep().await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "NotOwned");
    assert!(message.contains("somebody replaced it"), "{message}");
    rig.world.cluster.delete(&key("x"));
    rig.seconds(60).await;
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn of_two_resources_for_one_name_in_any_case_the_older_has_it_and_then_the_other() {
    let mut rig = Rig::without_windows();
    rig.start();
    let named = |name: &str| plain(&format!(r#""roleName":"{name}""#));
    rig.apply("first", &named("test-a_Same"));
    rig.seconds(5).await;
    rig.apply("second", &named("test-a_SAME"));
    rig.seconds(5).await;
    assert!(rig.is_ready("first"));
    let (reason, message) = rig.ready("second");
    assert_eq!(reason, "NotOwned");
    assert!(message.contains("a/first"), "{message}");
    assert_eq!(rig.writes(), ["CreateRole"]);
    rig.world.cluster.delete(&key("first"));
    rig.seconds(5).await;
    assert!(rig.is_ready("second"));
    assert_eq!(rig.world.iam.get("test-a_same").unwrap().tag(tag::RESOURCE), Some("a/second"));
}

#[tokio::test(start_paused = true)]
async fn of_two_new_resources_for_one_name_the_older_one_makes_the_role() {
    let mut rig = Rig::without_windows();
    let named = plain(r#""roleName":"test-a_same""#);
    rig.apply("z", &named);
    rig.seconds(2).await;
    rig.apply("b", &named);
    rig.start();
    rig.seconds(5).await;
    assert!(rig.is_ready("z"));
    assert!(!rig.is_ready("b"));
    assert_eq!(rig.writes(), ["CreateRole"]);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_rebuilt_from_git_takes_every_role_up_and_writes_nothing_else() {
    let mut rig = Rig::with(&whole()).await;
    for number in 0..20 {
        rig.apply(&format!("r{number}"), &whole());
    }
    rig.seconds(10).await;
    rig.stop().await;
    let ids: Vec<_> = rig.world.iam.roles().into_iter().map(|role| role.role_id).collect();
    rig.world.cluster.rebuild();
    rig.clear();
    rig.start();
    rig.seconds(120).await;
    assert_eq!(rig.writes(), ["TagRole"; 21]);
    assert_eq!(rig.world.iam.roles().into_iter().map(|role| role.role_id).collect::<Vec<_>>(), ids);
    assert!((0..20).all(|number| rig.is_ready(&format!("r{number}"))));
    assert_eq!(rig.reasons().iter().filter(|reason| **reason == "Reattached").count(), 21);
}

#[tokio::test(start_paused = true)]
async fn a_role_at_another_path_is_not_ours() {
    let rig = Rig::with(&plain("")).await;
    let mut moved = rig.world.iam.get(&role("x")).unwrap();
    rig.world.iam.remove(&role("x"));
    moved.path = "/elsewhere/".into();
    rig.world.iam.put_role(moved);
    rig.world.cluster.annotate(&key("x"), crate::api::RECONCILE_REQUESTED_AT, Some("1"));
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "NotOwned");
    assert_eq!(rig.writes(), [""; 0]);
}

/// A role that is ready in one cluster and was then taken up in a second one, whose controller is of the same installation.
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
    assert_eq!(reason, "OwnershipContested");
    assert!(message.contains("uid-2") && message.contains(RECONCILE_REQUESTED_AT), "{message}");
    assert!(one.has("x", "Stalled"));
    one.clear();
    [one, other]
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
    assert_eq!((one.writes(), uid(&one)), (vec!["TagRole"], one.world.cluster.resource(&key("x")).unwrap().uid));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_leaves_a_role_that_a_second_cluster_has_taken_up() {
    let [one, other] = two_clusters(&whole()).await;
    one.world.cluster.delete(&key("x"));
    one.seconds(60).await;
    assert!(one.world.cluster.resource(&key("x")).is_none());
    assert_eq!(one.writes(), [""; 0]);
    let told = one.world.cluster.notices().pop().unwrap().notice;
    assert!(told.reason == "OwnershipContested" && told.note.ends_with("it was left alone"), "{told:?}");
    // The other one takes it along.
    other.world.cluster.delete(&key("x"));
    other.seconds(60).await;
    assert!(other.world.iam.get(&role("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_lifetime_leaves_a_role_that_a_second_cluster_has_taken_up() {
    let [one, other] = two_clusters(&plain(r#""lifetime":{"expiresAt":"2026-01-01T01:00:00Z"}"#)).await;
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
