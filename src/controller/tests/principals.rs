//! Principals of trust policies that are deleted, replaced or not there yet.

use rstest::rstest;

use super::*;
use crate::{
    api::{RECONCILE_REQUESTED_AT, reason},
    sim::RoleState,
};

const AUDITOR: &str = "arn:aws:iam::123456789012:role/auditor";
const READER: &str = "arn:aws:iam::123456789012:role/reader";

fn grant(name: &str, arns: &[&str]) -> String {
    format!(r#"{{"name":"{name}","principals":{{"arns":["{}"]}}}}"#, arns.join(r#"",""#))
}

fn trusting(grants: &[String]) -> String {
    format!(r#"{{"trust":[{}]}}"#, grants.join(","))
}

/// Lambda and the auditor.
fn spec() -> String {
    trusting(&[LAMBDA.to_owned(), grant("auditors", &[AUDITOR])])
}

/// A resource that trusts roles which exist, ready.
async fn rig(spec: &str) -> Rig {
    let mut rig = Rig::without_windows();
    rig.world.iam.put_role(RoleState::new("auditor"));
    rig.world.iam.put_role(RoleState::new("reader"));
    rig.start();
    rig.apply("x", spec);
    rig.seconds(5).await;
    assert!(rig.is_ready("x"), "{:?}", rig.status("x"));
    rig.clear();
    rig
}

fn recreate(rig: &Rig, name: &str) {
    assert!(rig.world.iam.remove(name));
    rig.world.iam.put_role(RoleState::new(name));
}

fn trust(rig: &Rig) -> String {
    rig.world.iam.get(&role("x")).unwrap().trust
}

#[tokio::test(start_paused = true)]
async fn a_principal_that_was_replaced_is_reported_and_never_healed_by_sweeps() {
    let mut rig = rig(&spec()).await;
    let id = rig.world.iam.get("auditor").unwrap().role_id;
    recreate(&rig, "auditor");
    rig.a_sweep().await;
    assert_eq!(rig.writes(), [""; 0]);
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, reason::PRINCIPAL_REPLACED);
    assert!(message.contains(AUDITOR) && message.contains("AWS shows its bare id"), "{message}");
    assert!(rig.has("x", "Stalled"));
    let replaced = rig.status("x").replaced_principals;
    assert_eq!(
        (replaced.len(), replaced[0].arn.as_str(), replaced[0].id.as_ref()),
        (1, AUDITOR, Some(&id))
    );
    assert_eq!(rig.reasons(), [reason::PRINCIPAL_REPLACED]);
    // Said once, and then there is silence, also after a restart.
    rig.clear();
    rig.seconds(600).await;
    assert_eq!(rig.calls(), [""; 0]);
    rig.restart().await;
    rig.seconds(600).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.world.cluster.counts().total(), 0);
    assert!(trust(&rig).contains(&id));
}

#[tokio::test(start_paused = true)]
async fn all_else_in_that_trust_is_still_corrected_and_the_namesake_is_not_trusted_by_it() {
    let rig = rig(&spec()).await;
    recreate(&rig, "auditor");
    rig.a_sweep().await;
    rig.clear();
    let stray = trust(&rig).replace("lambda.amazonaws.com", "ec2.amazonaws.com");
    rig.world.iam.set_trust(&role("x"), &stray);
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["UpdateAssumeRolePolicy"]);
    let now = trust(&rig);
    assert!(now.contains("lambda.amazonaws.com") && !now.contains("ec2"), "{now}");
    assert!(!now.contains("AROA") && !now.contains("auditor"), "{now}");
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, reason::PRINCIPAL_REPLACED);
    assert!(message.contains("written without it"), "{message}");
    assert_eq!(rig.status("x").drift.unwrap().parts, ["trust"]);
    // It stays so, also when another part drifts, the controller starts anew, or the role itself is
    // made again.
    rig.clear();
    rig.seconds(600).await;
    assert_eq!(rig.calls(), [""; 0]);
    rig.world.iam.remove(&role("x"));
    rig.seconds(150).await;
    assert_eq!(rig.writes(), ["CreateRole"]);
    assert!(!trust(&rig).contains("auditor"));
    assert_eq!(rig.ready("x").0, reason::PRINCIPAL_REPLACED);
}

#[tokio::test(start_paused = true)]
async fn drift_and_a_replaced_principal_that_are_seen_at_once_are_told_apart() {
    let rig = rig(&trusting(&[LAMBDA.to_owned(), grant("all", &[AUDITOR, READER])])).await;
    recreate(&rig, "auditor");
    rig.world
        .iam
        .set_trust(&role("x"), &trust(&rig).replace("lambda.amazonaws.com", "ec2.amazonaws.com"));
    rig.a_sweep().await;
    let now = trust(&rig);
    assert!(
        now.contains("lambda.amazonaws.com") && now.contains("reader") && !now.contains("auditor"),
        "{now}"
    );
    assert_eq!(rig.status("x").replaced_principals[0].arn, AUDITOR);
}

#[tokio::test(start_paused = true)]
async fn when_it_cannot_be_told_who_is_gone_nobody_it_could_be_is_trusted_anew() {
    let rig =
        rig(&trusting(&[LAMBDA.to_owned(), grant("one", &[AUDITOR]), grant("two", &[READER])]))
            .await;
    recreate(&rig, "auditor");
    // The reader's statement is taken away by hand; what is left could be either's.
    let mut left: serde_json::Value = serde_json::from_str(&trust(&rig)).unwrap();
    left["Statement"]
        .as_array_mut()
        .unwrap()
        .retain(|statement| !statement.to_string().contains("reader"));
    rig.world.iam.set_trust(&role("x"), &left.to_string());
    rig.a_sweep().await;
    let names: Vec<_> =
        rig.status("x").replaced_principals.into_iter().map(|principal| principal.arn).collect();
    assert_eq!(names, [AUDITOR, READER]);
    assert!(!trust(&rig).contains("reader") && !trust(&rig).contains("auditor"));
}

#[tokio::test(start_paused = true)]
async fn a_new_generation_or_a_request_trusts_the_namesake() {
    let rig = rig(&spec()).await;
    recreate(&rig, "auditor");
    rig.a_sweep().await;
    rig.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("now"));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["UpdateAssumeRolePolicy"]);
    assert!(rig.is_ready("x") && trust(&rig).contains("auditor"));
    assert!(rig.status("x").replaced_principals.is_empty());

    recreate(&rig, "auditor");
    rig.a_sweep().await;
    assert_eq!(rig.ready("x").0, reason::PRINCIPAL_REPLACED);
    rig.clear();
    rig.apply("x", &spec().replacen('{', r#"{"description":"new","#, 1));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["UpdateRole", "UpdateAssumeRolePolicy"]);
    assert!(rig.is_ready("x") && trust(&rig).contains("auditor"));
    rig.clear();
    rig.seconds(600).await;
    assert_eq!(rig.calls(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_write_fails_is_not_forgotten() {
    let rig = rig(&spec()).await;
    recreate(&rig, "auditor");
    rig.a_sweep().await;
    rig.world.iam.deny("UpdateAssumeRolePolicy");
    rig.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("now"));
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, reason::ACCESS_DENIED);
    rig.world.iam.allow("UpdateAssumeRolePolicy");
    rig.seconds(60).await;
    assert!(rig.is_ready("x") && trust(&rig).contains("auditor"));
}

#[tokio::test(start_paused = true)]
async fn a_role_that_we_made_again_is_trusted_again_and_one_of_others_in_its_place_is_not() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("peer", &plain(""));
    rig.seconds(5).await;
    let peer = rig.status("peer").arn.unwrap();
    rig.apply("x", &trusting(&[grant("peer", &[&peer])]));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    rig.world.iam.remove(&role("peer"));
    rig.seconds(240).await;
    assert!(rig.is_ready("peer") && rig.is_ready("x"), "{:?}", rig.status("x"));
    assert!(trust(&rig).contains(&peer));
    // Somebody else puts a role in its place.
    rig.world.iam.remove(&role("peer"));
    rig.world.iam.put_role(RoleState::new(&role("peer")));
    rig.clear();
    rig.seconds(240).await;
    assert_eq!(rig.ready("peer").0, reason::NOT_OWNED);
    assert_eq!(rig.ready("x").0, reason::PRINCIPAL_REPLACED);
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_trust_that_trusted_only_the_replaced_principal_is_closed_when_it_has_to_be_written() {
    let rig = rig(&trusting(&[grant("auditors", &[AUDITOR])])).await;
    recreate(&rig, "auditor");
    let mut drifted: serde_json::Value = serde_json::from_str(&trust(&rig)).unwrap();
    let stray: serde_json::Value = serde_json::from_str(drift::OTHER_TRUST).unwrap();
    drifted["Statement"].as_array_mut().unwrap().push(stray["Statement"][0].clone());
    rig.world.iam.set_trust(&role("x"), &drifted.to_string());
    rig.a_sweep().await;
    let now = trust(&rig);
    assert!(now.contains("Deny") && !now.contains("Allow"), "{now}");
    assert_eq!(rig.ready("x").0, reason::PRINCIPAL_REPLACED);
    rig.clear();
    rig.seconds(600).await;
    assert_eq!(rig.calls(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_update_with_an_unknown_principal_is_made_without_it_when_that_trusts_nobody_new() {
    let rig = rig(&spec()).await;
    let none = "arn:aws:iam::123456789012:role/none";
    let more = r#""permissions":{"managedPolicies":["arn:aws:iam::aws:policy/SecurityAudit"]}"#;
    let next =
        trusting(&[grant("auditors", &[AUDITOR, none])]).replacen('{', &format!("{{{more},"), 1);
    rig.apply("x", &next);
    rig.seconds(5).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, reason::INVALID_PRINCIPAL);
    assert!(message.contains(none) && !message.contains(AUDITOR), "{message}");
    assert!(rig.has("x", "Reconciling"));
    let now = rig.world.iam.get(&role("x")).unwrap();
    assert!(now.trust.contains("auditor") && !now.trust.contains("lambda"), "{}", now.trust);
    assert!(now.attached.contains(AUDIT), "what has nothing to do with it is done");
    rig.clear();
    rig.world.iam.put_role(RoleState::new("none"));
    rig.seconds(630).await;
    assert!(rig.is_ready("x") && trust(&rig).contains("none"), "{:?}", rig.status("x"));
}

#[tokio::test(start_paused = true)]
async fn an_update_with_an_unknown_principal_that_would_trust_somebody_new_stops() {
    let rig = rig(&spec()).await;
    let before = trust(&rig);
    rig.apply(
        "x",
        &trusting(&[
            LAMBDA.to_owned(),
            grant("all", &[AUDITOR, READER, "arn:aws:iam::123456789012:role/none"]),
        ]),
    );
    rig.seconds(60).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, reason::INVALID_PRINCIPAL);
    assert!(message.contains("role/none"), "{message}");
    assert_eq!(trust(&rig), before);
}

#[tokio::test(start_paused = true)]
async fn a_principal_that_vanished_with_its_role_is_not_trusted_when_the_name_comes_back() {
    let rig = rig(&spec()).await;
    rig.world.iam.set_trust(&role("x"), &trust(&rig).replace(AUDITOR, READER));
    rig.world.iam.remove("auditor");
    rig.a_sweep().await;
    assert_eq!(rig.ready("x").0, reason::PRINCIPAL_REPLACED);
    assert!(!trust(&rig).contains("reader"), "{}", trust(&rig));
    rig.world.iam.put_role(RoleState::new("auditor"));
    rig.seconds(600).await;
    assert!(!trust(&rig).contains("auditor"));
}

#[tokio::test(start_paused = true)]
async fn a_role_is_made_without_a_principal_that_does_not_exist_and_stalls_after_ten_minutes() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("x", &spec());
    rig.seconds(500).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, reason::INVALID_PRINCIPAL);
    assert!(message.contains(AUDITOR), "{message}");
    assert!(trust(&rig).contains("lambda") && !trust(&rig).contains("auditor"));
    let writes = rig.writes();
    assert!(rig.has("x", "Reconciling") && writes.len() > 3, "{writes:?}");
    assert!(writes[2..].iter().all(|call| *call == "UpdateAssumeRolePolicy"), "{writes:?}");
    rig.seconds(800).await;
    assert!(rig.has("x", "Stalled") && !rig.has("x", "Reconciling"), "{:?}", rig.status("x"));
    assert_eq!(rig.ready("x").0, reason::INVALID_PRINCIPAL);
    // A restart does not begin to wait anew, and a principal that comes is found.
    rig.clear();
    rig.restart().await;
    rig.seconds(60).await;
    assert!(rig.has("x", "Stalled"));
    assert_eq!(rig.world.cluster.counts().total(), 0);
    rig.world.iam.put_role(RoleState::new("auditor"));
    rig.seconds(700).await;
    assert!(rig.is_ready("x") && trust(&rig).contains("auditor"));
}

fn arn(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{}", role(name))
}

fn trust_of(rig: &Rig, name: &str) -> String {
    rig.world.iam.get(&role(name)).unwrap().trust
}

#[rstest]
#[case::beside_others(&[LAMBDA.to_owned(), grant("me", &[&arn("x")])])]
#[case::alone(&[grant("me", &[&arn("x")])])]
#[case::in_one_grant_with_another_role(&[grant("all", &[&arn("x"), AUDITOR])])]
#[tokio::test(start_paused = true)]
async fn a_role_that_trusts_itself_comes_to_life_and_again_after_it_was_removed(
    #[case] grants: &[String],
) {
    let mut rig = Rig::without_windows();
    rig.world.iam.put_role(RoleState::new("auditor"));
    rig.start();
    rig.apply("x", &trusting(grants));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"), "{:?}", rig.status("x"));
    assert_eq!(rig.writes(), ["CreateRole", "UpdateAssumeRolePolicy"]);
    assert!(trust(&rig).contains(&arn("x")) && !trust(&rig).contains("Deny"));
    rig.clear();
    rig.seconds(600).await;
    assert_eq!(rig.writes(), [""; 0]);
    rig.world.iam.remove(&role("x"));
    rig.seconds(150).await;
    assert!(rig.is_ready("x"), "{:?}", rig.status("x"));
    assert_eq!(rig.writes(), ["CreateRole", "UpdateAssumeRolePolicy"]);
    assert!(trust(&rig).contains(&arn("x")) && rig.status("x").replaced_principals.is_empty());
    assert!(!rig.reasons().contains(&reason::PRINCIPAL_REPLACED));
}

#[tokio::test(start_paused = true)]
async fn a_role_that_trusts_only_itself_lets_nobody_in_until_aws_knows_it() {
    let mut rig = Rig::without_windows();
    rig.world.iam.deny("UpdateAssumeRolePolicy");
    rig.start();
    rig.apply("x", &trusting(&[grant("me", &[&arn("x")])]));
    rig.seconds(5).await;
    let now = trust(&rig);
    assert!(now.contains("Deny") && !now.contains("Allow"), "{now}");
}

#[rstest]
#[case::one_is_removed(&["left"])]
#[case::both_are_removed(&["left", "right"])]
#[tokio::test(start_paused = true)]
async fn two_roles_that_trust_each_other_come_to_life_and_again(#[case] removed: &[&str]) {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("left", &trusting(&[LAMBDA.to_owned(), grant("other", &[&arn("right")])]));
    rig.apply("right", &trusting(&[grant("other", &[&arn("left")])]));
    rig.seconds(30).await;
    let both = |rig: &Rig| {
        for (name, other) in [("left", "right"), ("right", "left")] {
            assert!(rig.is_ready(name), "{:?}", rig.status(name));
            assert!(trust_of(rig, name).contains(&arn(other)), "{}", trust_of(rig, name));
        }
    };
    both(&rig);
    for name in removed {
        assert!(rig.world.iam.remove(&role(name)));
    }
    rig.seconds(400).await;
    both(&rig);
    rig.clear();
    rig.seconds(600).await;
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_made_again_without_a_principal_that_went_does_not_trust_its_namesake() {
    let rig = rig(&trusting(&[LAMBDA.to_owned(), grant("all", &[&arn("x"), AUDITOR])])).await;
    rig.world.iam.remove("auditor");
    rig.world.iam.remove(&role("x"));
    rig.seconds(150).await;
    assert_eq!(rig.ready("x").0, reason::PRINCIPAL_REPLACED);
    let replaced = rig.status("x").replaced_principals;
    assert_eq!((replaced.len(), replaced[0].arn.as_str()), (1, AUDITOR));
    rig.world.iam.put_role(RoleState::new("auditor"));
    rig.seconds(600).await;
    let now = trust(&rig);
    assert!(now.contains(&arn("x")) && !now.contains("auditor"), "{now}");
}
