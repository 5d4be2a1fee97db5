//! What went wrong in comparable controllers, each as a test of this one. The table stands in
//! `docs/explanation/ownership-and-deletion.md`.

use iam::tag;

use super::*;
use crate::{
    plan::failure::IamErrorClass,
    sim::{Fault, RoleState, Rule},
};

fn untagged(name: &str) -> RoleState {
    let mut state = RoleState::new(name);
    state.tags = [("owner".to_owned(), "somebody".to_owned())].into();
    state
}

/// C1: there, a resource whose name clashed with a foreign role was renamed, and the foreign role
/// deleted.
#[tokio::test(start_paused = true)]
async fn c1_a_rename_after_a_clash_leaves_the_foreign_role_alone() {
    let mut rig = Rig::without_windows();
    rig.world.iam.put_role(untagged("test-a_theirs"));
    let before = rig.world.iam.get("test-a_theirs");
    rig.start();
    rig.apply("x", &plain(r#""roleName":"test-a_theirs""#));
    rig.seconds(60).await;
    assert_eq!(rig.ready("x").0, "NotOwned");
    let renamed = rig.world.cluster.apply(&key("x"), &plain(r#""roleName":"test-a_ours""#));
    rig.seconds(700).await;
    assert!(renamed.is_err() || rig.is_ready("x"));
    rig.world.cluster.delete(&key("x"));
    rig.seconds(700).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    assert_eq!(rig.world.iam.get("test-a_theirs"), before);
}

/// C2: there, a role that the controller had just made was refused as somebody else's.
#[tokio::test(start_paused = true)]
async fn c2_a_role_that_was_just_made_is_our_own_after_a_crash() {
    let mut rig = Rig::without_windows();
    rig.world.iam.fault(Rule::new(Fault::Stop { after: true }).on("CreateRole"));
    rig.start();
    rig.apply("x", &whole());
    rig.world.crash.crashed().await;
    rig.kill().await;
    rig.world.restart();
    rig.start();
    rig.seconds(60).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
    assert_eq!(rig.writes().iter().filter(|action| **action == "CreateRole").count(), 1);
}

/// C3: there, a rename left the old role behind.
#[tokio::test(start_paused = true)]
async fn c3_a_rename_is_refused_and_leaks_nothing() {
    let rig = Rig::with(&whole()).await;
    let other = whole().replacen('{', r#"{"roleName":"test-a_other","#, 1);
    assert!(rig.world.cluster.apply(&key("x"), &other).is_err(), "by the API server");
    rig.a_sweep().await;
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.world.iam.roles().len(), 1);
}

/// C4: there, differences of text were written again and again.
#[tokio::test(start_paused = true)]
async fn c4_another_spelling_of_the_same_document_is_never_written() {
    let rig = Rig::with(&whole()).await;
    let spelled = r#"{"Statement":{"Action":["s3:getobject"],"Resource":["arn:aws:s3:::b/*"],
        "Effect":"Allow"},"Version":"2012-10-17"}"#;
    assert!(rig.world.iam.put_inline(&role("x"), "read", spelled));
    for _ in 0..10 {
        rig.a_sweep().await;
    }
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.world.cluster.counts().total(), 0);
}

/// C5: there, a deletion was stuck at inline policies.
#[tokio::test(start_paused = true)]
async fn c5_inline_policies_of_others_do_not_keep_a_role() {
    let rig = Rig::with(&whole()).await;
    let document = r#"{"Version":"2012-10-17","Statement":[]}"#;
    assert!(rig.world.iam.put_inline(&role("x"), "theirs", document));
    rig.world.cluster.delete(&key("x"));
    rig.seconds(60).await;
    assert!(rig.world.iam.get(&role("x")).is_none());
    assert!(rig.world.cluster.resource(&key("x")).is_none());
}

/// C6: there, a role that somebody had put into an instance profile was stuck for ever.
#[tokio::test(start_paused = true)]
async fn c6_an_instance_profile_is_named_and_its_end_noticed() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.add_instance_profile("theirs", &role("x"));
    rig.world.cluster.delete(&key("x"));
    rig.seconds(600).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "DeletionBlocked");
    assert!(message.contains("theirs"), "{message}");
    rig.world.iam.remove_instance_profile("theirs", &role("x"));
    rig.seconds(301).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
}

/// C7: there, a lost answer of `CreateRole` leaked the role.
#[tokio::test(start_paused = true)]
async fn c7_a_lost_answer_of_create_role_leaks_nothing() {
    let mut rig = Rig::without_windows();
    let lost = Fault::AppliedThenError(IamErrorClass::Unreachable);
    rig.world.iam.fault(Rule::new(lost).on("CreateRole"));
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(120).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
    assert_eq!(rig.world.iam.roles().len(), 1);
    let resource = rig.world.cluster.resource(&key("x")).unwrap();
    assert!(resource.finalizer, "it holds the role all the time");
}

/// C8: there, the role was deleted although another finalizer still held the resource. Here too:
/// a deletion can't be taken back, and the resource waits for its other holder without its role. A
/// pause holds both.
#[tokio::test(start_paused = true)]
async fn c8_a_finalizer_of_others_holds_the_resource_and_a_pause_holds_the_role() {
    let rig = Rig::with(&whole()).await;
    rig.world.cluster.hold(&key("x"), true);
    rig.world.cluster.annotate(&key("x"), crate::api::PAUSED, Some("true"));
    rig.world.cluster.delete(&key("x"));
    rig.seconds(60).await;
    assert!(rig.world.iam.get(&role("x")).is_some());
    rig.world.cluster.annotate(&key("x"), crate::api::PAUSED, None);
    rig.seconds(60).await;
    assert!(rig.world.iam.get(&role("x")).is_none());
    let waits = rig.world.cluster.resource(&key("x")).expect("its other holder keeps it");
    assert!(waits.deleting && !waits.finalizer);
    rig.clear();
    rig.seconds(600).await;
    assert_eq!((rig.writes(), rig.world.cluster.counts().total()), (vec![], 0));
}

/// C9: there, throttling at the beginning wedged a resource for good.
#[tokio::test(start_paused = true)]
async fn c9_throttling_at_the_beginning_wedges_nothing() {
    let mut rig = Rig::without_windows();
    rig.world.iam.fault(Rule::new(Fault::Error(IamErrorClass::Throttled)).writes().times(12));
    rig.start();
    for name in ["x", "y", "z"] {
        rig.apply(name, &whole());
    }
    rig.seconds(900).await;
    for name in ["x", "y", "z"] {
        assert!(rig.is_ready(name), "{:?}", rig.ready(name));
    }
}

/// C10: there, denied calls were repeated without end.
#[tokio::test(start_paused = true)]
async fn c10_a_denied_create_is_not_hammered() {
    let mut rig = Rig::without_windows();
    rig.world.iam.deny("CreateRole");
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(3_600).await;
    let tries = rig.writes().len();
    assert!((3..=15).contains(&tries), "{tries} in an hour");
    assert_eq!(rig.ready("x").0, "AccessDenied");
    assert!(rig.has("x", "Stalled"));
}

/// C11: there, a role was taken over because its name was equal.
#[tokio::test(start_paused = true)]
async fn c11_an_equal_name_takes_nothing_over() {
    for policy in ["Correct", "Observe"] {
        let mut rig = Rig::without_windows();
        rig.world.iam.put_role(untagged(&role("x")));
        rig.start();
        rig.apply("x", &plain(&format!(r#""driftPolicy":"{policy}""#)));
        rig.seconds(600).await;
        assert_eq!((rig.ready("x").0.as_str(), rig.writes()), ("NotOwned", vec![]), "{policy}");
    }
}

/// C12: there, deleting a second resource that never became ready deleted the first one's role.
#[tokio::test(start_paused = true)]
async fn c12_a_second_resource_for_one_name_takes_nothing_with_it() {
    let mut rig = Rig::without_windows();
    rig.start();
    let named = plain(r#""roleName":"test-a_shared""#);
    rig.apply("first", &named);
    rig.seconds(5).await;
    rig.apply("second", &named);
    rig.seconds(60).await;
    assert_eq!(rig.ready("second").0, "NotOwned");
    rig.clear();
    rig.world.cluster.delete(&key("second"));
    rig.seconds(600).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert!(rig.is_ready("first") && rig.world.iam.get("test-a_shared").is_some());
}

/// C13: there, an untagged role passed the check of tags, and was deleted by the name in the
/// status.
#[tokio::test(start_paused = true)]
async fn c13_a_status_proves_nothing() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.put_role(untagged("test-a_victim"));
    let before = rig.world.iam.get("test-a_victim");
    let mut status = rig.status("x");
    status.role_name = Some("test-a_victim".into());
    status.role_id = before.as_ref().map(|victim| victim.role_id.clone());
    rig.world.cluster.put_status(&key("x"), &status);
    rig.seconds(300).await;
    rig.world.cluster.delete(&key("x"));
    rig.seconds(300).await;
    assert_eq!(rig.world.iam.get("test-a_victim"), before);
    assert!(!before.unwrap().tags.contains_key(tag::INSTALLATION));
}

/// C14: there, watches missed changes for hours after etcd was put back.
#[tokio::test(start_paused = true)]
async fn c14_an_etcd_that_was_put_back_removes_no_role() {
    let rig = Rig::with(&whole()).await;
    let backup = rig.world.cluster.backup();
    rig.apply("y", &whole());
    rig.apply("x", &plain(r#""description":"newer""#));
    rig.seconds(10).await;
    assert!(rig.is_ready("x") && rig.is_ready("y"));
    rig.clear();
    rig.world.cluster.restore(&backup);
    rig.seconds(600).await;
    assert!(rig.is_ready("x"), "as the resource says that came back");
    assert!(rig.world.iam.get(&role("y")).is_some(), "its resource vanished, and was not deleted");
    assert!(!rig.writes().contains(&"DeleteRole"));
}
