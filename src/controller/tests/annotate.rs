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
    rig.world.iam.add_oidc_provider("oidc.example.org/id/1", &["sts.amazonaws.com"]);
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

/// Whose annotation it is, and how often it was written since the log was cleared.
fn kept(rig: &Rig) -> (bool, u64) {
    (rig.world.cluster.role_of(&key("pod")) == Some(arn()), rig.world.cluster.counts().annotate)
}

#[tokio::test(start_paused = true)]
async fn an_annotation_that_is_taken_off_comes_back_at_once_and_is_told() {
    let mut rig = rig();
    rig.world.cluster.put_service_account(&key("pod"), None);
    rig.apply("x", POD);
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    let own = rig.calls();
    rig.seconds(1).await;
    assert_eq!(rig.calls(), own, "our own writing is no news");
    rig.clear();
    rig.world.cluster.put_service_account(&key("pod"), None);
    rig.seconds(1).await;
    assert_eq!(kept(&rig), (true, 1));
    assert!(rig.is_ready("x"));
    assert_eq!((rig.reasons(), rig.writes()), (vec!["DriftCorrected"], vec![]));

    // Also what happens while no controller runs.
    rig.stop().await;
    rig.world.cluster.put_service_account(&key("pod"), None);
    rig.start();
    rig.seconds(5).await;
    assert_eq!(kept(&rig), (true, 2));
    rig.clear();
    rig.restart().await;
    rig.a_sweep().await;
    let asked = vec!["GetOpenIDConnectProvider"]; // known for an hour, but not over a restart
    assert_eq!((rig.world.cluster.counts().total(), rig.calls()), (0, asked), "silence");
}

#[tokio::test(start_paused = true)]
async fn a_service_account_that_is_made_again_is_annotated_again() {
    let rig = rig();
    rig.world.cluster.put_service_account(&key("pod"), None);
    rig.apply("x", POD);
    rig.seconds(5).await;
    rig.world.cluster.delete_service_account(&key("pod"));
    rig.seconds(1).await;
    let (reason, message) = rig.ready("x");
    assert!(reason == "NotAnnotated" && message.contains("create it"), "{message}");
    rig.clear();
    rig.world.cluster.put_service_account(&key("pod"), None);
    rig.seconds(1).await;
    assert_eq!(kept(&rig), (true, 1));
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn another_role_on_the_service_account_is_left_and_said_and_drift_is_corrected_meanwhile() {
    let rig = rig();
    rig.world.cluster.put_service_account(&key("pod"), None);
    rig.apply("x", POD);
    rig.seconds(5).await;
    rig.clear();
    rig.world.cluster.put_service_account(&key("pod"), Some("arn:aws:iam::123456789012:role/o"));
    rig.seconds(1).await;
    let (reason, message) = rig.ready("x");
    assert!(reason == "NotAnnotated" && message.contains("names arn:aws"), "{message}");
    assert_eq!(kept(&rig), (false, 0));
    rig.seconds(900).await;
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["UpdateRole"], "sweeps go on");
    // Who takes it off does not wait.
    rig.world.cluster.put_service_account(&key("pod"), None);
    rig.seconds(1).await;
    assert_eq!(kept(&rig), (true, 1));
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn who_takes_the_annotation_off_time_and_again_is_told_of_and_answered_ever_more_seldom() {
    let rig = rig();
    rig.world.cluster.put_service_account(&key("pod"), None);
    rig.apply("x", POD);
    rig.seconds(5).await;
    rig.clear();
    for _ in 0..3_600 {
        if kept(&rig).0 {
            rig.world.cluster.put_service_account(&key("pod"), None);
        }
        rig.seconds(1).await;
    }
    // Three at once, and then after 1, 2, 4, 8, 16 minutes.
    assert_eq!(kept(&rig), (false, 8));
    let (reason, message) = rig.ready("x");
    assert!(
        reason == "DriftContested" && message.contains("service account pod: it names no role"),
        "{message}"
    );
    assert!(rig.calls().len() < 100, "{} calls", rig.calls().len());
    // What happens in AWS meanwhile is seen as ever.
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["UpdateRole"]);
    rig.seconds(3_600).await;
    assert!(kept(&rig).0 && rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn service_accounts_that_no_grant_names_are_no_business_of_ours() {
    let rig = rig();
    rig.world.cluster.put_service_account(&key("pod"), None);
    rig.apply("x", POD);
    rig.apply("y", &plain(""));
    rig.seconds(5).await;
    rig.apply("x", SILENT);
    rig.seconds(5).await;
    rig.clear();
    for name in ["pod", "other"] {
        rig.world.cluster.put_service_account(&key(name), None);
        rig.world.cluster.delete_service_account(&key(name));
    }
    rig.seconds(5).await;
    assert_eq!((rig.world.cluster.counts().total(), rig.calls()), (0, vec![]));
}
