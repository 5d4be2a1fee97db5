use rstest::rstest;

use super::*;
use crate::sim::RoleState;
use iam::tag;

fn foreign(tags: &[(&str, &str)]) -> RoleState {
    let mut state = RoleState::new(&role("x"));
    state.tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    state
}

#[rstest]
#[case::no_proof(&[], "none of rolewright's tags")]
#[case::half_a_proof(&[(tag::INSTALLATION, "test")], "only one of the tags")]
#[case::the_other_half(&[(tag::RESOURCE, "a/x")], "only one of the tags")]
#[case::another_installation(
    &[(tag::INSTALLATION, "other"), (tag::RESOURCE, "a/x")],
    "installation other"
)]
#[case::another_resource(&[(tag::INSTALLATION, "test"), (tag::RESOURCE, "b/x")], "IAMRole b/x")]
#[tokio::test(start_paused = true)]
async fn a_role_without_the_whole_proof_is_never_written(
    #[case] tags: &[(&str, &str)],
    #[case] says: &str,
) {
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
