//! Owned roles without a resource: counted and told, never touched.

use rstest::rstest;

use super::*;
use crate::{
    plan::failure::IamErrorClass,
    sim::{Fault, RoleState, Rule},
};
use iam::{name, tag};

/// A role with tags of ours, as a resource leaves it that is no more.
fn left(rig: &Rig, name: &str, installation: &str, resource: &str) {
    let mut state = RoleState::new(name);
    let tags = [(tag::INSTALLATION, installation), (tag::RESOURCE, resource)];
    state.tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    rig.world.iam.put_role(state);
}

#[track_caller]
fn counted(rig: &Rig, count: f64) {
    rig.expect(&[(r#"unclaimed_roles{account="123456789012"}"#, count)]);
}

#[tokio::test(start_paused = true)]
async fn a_role_whose_resource_vanished_is_counted_after_two_sweeps_and_left() {
    let rig = Rig::with(&whole()).await;
    let before = rig.world.iam.get(&role("x"));
    rig.world.cluster.vanish(&key("x"));
    rig.seconds(61).await;
    counted(&rig, 0.0);
    rig.seconds(61).await;
    counted(&rig, 1.0);
    rig.seconds(600).await;
    assert_eq!((rig.writes(), rig.world.iam.get(&role("x"))), (vec![], before));
    // The same resource takes it up again.
    rig.apply("x", &whole());
    rig.seconds(61).await;
    counted(&rig, 0.0);
}

#[rstest]
#[case::of_another_installation("test-a_y", "other", "a/y", 0.0)]
#[case::without_the_tag_of_a_resource("test-a_y", "test", "nothing", 0.0)]
#[case::of_a_resource_that_is_there("test-a_x", "test", "a/x", 0.0)]
#[case::of_a_resource_that_is_not("test-a_y", "test", "a/y", 1.0)]
#[case::of_a_resource_that_has_another_role("test-a_y", "test", "a/x", 1.0)]
#[case::under_anothers_name("test-a_x", "test", "a/y", 1.0)]
#[case::of_a_namespace_that_is_watched("test-b_y", "test", "b/y", 1.0)]
#[case::of_one_that_is_not("test-c_y", "test", "c/y", 0.0)]
#[tokio::test(start_paused = true)]
async fn what_counts_is_what_the_tags_name(
    #[case] name: &str,
    #[case] installation: &str,
    #[case] resource: &str,
    #[case] count: f64,
) {
    let mut rig = Rig::with(&plain("")).await;
    rig.stop().await;
    rig.namespaces = vec!["a".into(), "b".into()];
    rig.world.iam.remove(name);
    left(&rig, name, installation, resource);
    rig.start();
    rig.seconds(200).await;
    counted(&rig, count);
}

/// A resource that is paused has not looked under the former name yet.
#[tokio::test(start_paused = true)]
async fn a_role_under_the_former_name_of_a_resource_is_not_told() {
    let mut rig = Rig::without_windows();
    let long = key(&"x".repeat(70));
    let former = name::former_role_name("test-", "a", &long.name).unwrap();
    left(&rig, &former, "test", &long.to_string());
    rig.world.cluster.apply(&long, &plain("")).unwrap();
    rig.world.cluster.annotate(&long, crate::api::PAUSED, Some("true"));
    rig.start();
    rig.seconds(200).await;
    counted(&rig, 0.0);
    rig.world.cluster.vanish(&long);
    rig.seconds(200).await;
    counted(&rig, 1.0);
}

#[rstest]
#[case::the_first_pages("GetAccountAuthorizationDetails")]
#[case::the_last_pages("ListRoles")]
#[tokio::test(start_paused = true)]
async fn a_sweep_that_did_not_complete_says_nothing(#[case] action: &str) {
    let rig = Rig::with(&plain("")).await;
    rig.world.cluster.vanish(&key("x"));
    let failing = Fault::Error(IamErrorClass::ServerError);
    rig.world.iam.fault(Rule::new(failing).on(action).always());
    rig.seconds(600).await;
    counted(&rig, 0.0);
    rig.world.iam.clear_faults();
    rig.seconds(200).await;
    counted(&rig, 1.0);
}

/// Nothing but the tags in AWS would know of it otherwise.
#[tokio::test(start_paused = true)]
async fn a_role_that_was_made_is_known_also_when_its_proof_got_too_old() {
    let mut rig = Rig::new();
    rig.world.iam.read_lag(Duration::from_mins(1), Duration::from_mins(1));
    let slow = Fault::Delay(Duration::from_secs(11));
    rig.world.iam.fault(Rule::new(slow).on("PutRolePolicy").times(1));
    rig.start();
    // What is attached waits for the Deny.
    let guard = READ.replace(r#""effect":"Allow""#, r#""effect":"Deny""#);
    rig.apply("x", &whole().replace(READ, &guard));
    rig.seconds(12).await;
    assert_eq!(rig.writes(), ["CreateRole", "PutRolePolicy"]);
    let made = rig.world.iam.get(&role("x")).map(|role| role.role_id);
    assert_eq!((rig.status("x").role_id, rig.status("x").creating), (made, None));
    rig.seconds(120).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
}
