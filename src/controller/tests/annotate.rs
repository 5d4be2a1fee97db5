//! `annotate: true`: the service account carries the role's ARN as long as there is a role and a
//! grant that says so.

use super::{Rig, key, plain, role};
use crate::api::condition;

const POD: &str = r#"{"trust":[{"name":"pods","serviceAccount":{"name":"pod","annotate":true}}]}"#;
const SILENT: &str = r#"{"trust":[{"name":"pods","serviceAccount":{"name":"pod"}}]}"#;

fn arn() -> String {
    format!("arn:aws:iam::{}:role/{}", crate::sim::world::ACCOUNT, role("x"))
}

fn rig() -> Rig {
    let mut rig = Rig::without_windows();
    rig.start();
    rig
}

#[tokio::test(start_paused = true)]
async fn a_service_account_gets_the_arn_and_loses_it_with_the_grant() {
    let rig = rig();
    rig.world.cluster.put_service_account(&key("pod"), None);
    rig.apply("x", POD);
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.world.cluster.role_of(&key("pod")), Some(arn()));
    assert_eq!(rig.status("x").applied.unwrap().service_accounts, ["pod"]);
    rig.clear();
    rig.a_sweep().await;
    assert_eq!(rig.world.cluster.counts().total(), 0, "at rest there is silence");

    rig.apply("x", SILENT);
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.world.cluster.role_of(&key("pod")), None);
    assert!(rig.status("x").applied.unwrap().service_accounts.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_service_account_that_comes_later_is_annotated_then() {
    let rig = rig();
    rig.apply("x", POD);
    rig.seconds(5).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "NotAnnotated");
    assert!(message.contains("service account pod does not exist: create it"), "{message}");
    assert!(rig.has("x", condition::SYNCED) && rig.world.iam.get(&role("x")).is_some());
    rig.world.cluster.put_service_account(&key("pod"), None);
    rig.seconds(300).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.world.cluster.role_of(&key("pod")), Some(arn()));
}

#[tokio::test(start_paused = true)]
async fn a_service_account_of_another_role_is_left_alone() {
    let rig = rig();
    let other = "arn:aws:iam::123456789012:role/other";
    rig.world.cluster.put_service_account(&key("pod"), Some(other));
    rig.apply("x", POD);
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "NotAnnotated");
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    assert_eq!(rig.world.cluster.role_of(&key("pod")).as_deref(), Some(other));
}

#[tokio::test(start_paused = true)]
async fn the_annotation_goes_with_the_role_and_stays_with_a_role_that_is_kept() {
    for (more, stays) in [("", false), (r#""deletionPolicy":"Retain","#, true)] {
        let rig = rig();
        rig.world.cluster.put_service_account(&key("pod"), None);
        rig.apply("x", &POD.replacen('{', &format!("{{{more}"), 1));
        rig.seconds(5).await;
        assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
        rig.world.cluster.delete(&key("x"));
        rig.seconds(5).await;
        assert!(rig.world.cluster.resource(&key("x")).is_none());
        assert_eq!(rig.world.cluster.role_of(&key("pod")).is_some(), stays, "{more}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_annotation_goes_when_the_lifetime_is_over() {
    let rig = rig();
    rig.world.cluster.put_service_account(&key("pod"), None);
    rig.apply("x", &POD.replacen('{', r#"{"lifetime":{"ttl":"1h"},"#, 1));
    rig.seconds(5).await;
    assert_eq!(rig.world.cluster.role_of(&key("pod")), Some(arn()));
    rig.seconds(3_700).await;
    assert_eq!(rig.ready("x").0, "Expired");
    assert_eq!(rig.world.cluster.role_of(&key("pod")), None);
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_missing_is_told_and_holds_up_no_deletion() {
    use crate::{
        plan::failure::ClusterError,
        sim::{Fault, Rule},
    };
    let rig = rig();
    rig.world.cluster.put_service_account(&key("pod"), None);
    let denied = ClusterError::Refused("serviceaccounts \"pod\" is forbidden".to_owned());
    rig.world.cluster.fault(Rule::new(Fault::Error(denied)).on("annotate").always());
    rig.apply("x", POD);
    rig.seconds(5).await;
    let (reason, message) = rig.ready("x");
    assert!(reason == "NotAnnotated" && message.contains("forbidden"), "{message}");
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn without_the_operators_leave_the_resource_is_refused() {
    let mut rig = Rig::without_windows();
    rig.limits.annotate = false;
    rig.start();
    rig.apply("x", POD);
    rig.apply("y", &plain(""));
    rig.seconds(5).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "InvalidSpec");
    assert!(message.contains(
        "spec.trust[0].serviceAccount.annotate: is not allowed here (--annotate-service-accounts)"
    ));
    assert!(rig.is_ready("y"));
}
