//! While a spec is refused the role is held as it was last written, and nothing widens it.

use rstest::rstest;

use super::*;
use crate::{
    api::{PAUSED, RECONCILE_REQUESTED_AT},
    plan::failure::IamErrorClass,
    sim::{Fault, Rule},
};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const OPEN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;

/// `whole` with a mistake.
fn mistaken(more: &str) -> String {
    whole().replacen('{', &format!(r#"{{"desciption":"d",{more}"#), 1)
}

/// A role whose spec was right and is refused now; call logs are empty.
async fn refused() -> Rig {
    let rig = Rig::with(&whole()).await;
    rig.apply("x", &mistaken(""));
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "InvalidSpec");
    rig.clear();
    rig
}

/// Somebody takes the boundary off, and allows and trusts everything.
fn by_hand(rig: &Rig) {
    rig.world.iam.set_boundary(&role("x"), None);
    rig.world.iam.put_inline(&role("x"), "more", ALL);
    rig.world.iam.put_inline(&role("x"), "read", ALL);
    rig.world.iam.set_trust(&role("x"), OPEN);
    rig.world.iam.attach(&role("x"), ADMIN);
}

#[tokio::test(start_paused = true)]
async fn a_boundary_that_became_mandatory_reaches_a_role_that_named_its_own() {
    let mut rig = Rig::without_windows();
    let own = rig.world.iam.add_policy("own");
    rig.limits.boundary = BoundaryRule::Free;
    rig.start();
    rig.apply("x", &plain(&format!(r#""permissionsBoundary":"{own}""#)));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    rig.stop().await;
    rig.limits.boundary = BoundaryRule::Always(rig.boundary.clone());
    rig.clear();
    rig.start();
    rig.seconds(5).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "InvalidSpec");
    assert!(message.contains("as the operator decided"), "{message}");
    assert!(message.contains("until then role test-a_x is held as it was last written"));
    assert_eq!(rig.writes(), ["PutRolePermissionsBoundary"]);
    assert_eq!(rig.world.iam.get(&role("x")).unwrap().boundary, Some(rig.boundary.clone()));
    // A limit that has changed is no drift.
    assert_eq!((rig.reasons(), rig.status("x").drift), (vec!["Updated", "InvalidSpec"], None));
    // And whoever takes it off again gets it back.
    rig.clear();
    rig.world.iam.set_boundary(&role("x"), Some(&own));
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["PutRolePermissionsBoundary"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_changed_by_hand_is_taken_back_while_the_spec_is_refused() {
    let mut rig = refused().await;
    let before = rig.world.iam.get(&role("x")).unwrap();
    by_hand(&rig);
    rig.a_sweep().await;
    let after = rig.world.iam.get(&role("x")).unwrap();
    assert_eq!((&after.boundary, &after.inline), (&before.boundary, &before.inline));
    assert_eq!((&after.trust, &after.attached), (&before.trust, &before.attached));
    assert_eq!(rig.ready("x").0, "InvalidSpec");
    assert_eq!(rig.reasons(), ["DriftCorrected"]);
    let drift = rig.status("x").drift.unwrap();
    assert_eq!(
        (drift.count, drift.parts),
        (
            1,
            [
                "attachment arn:aws:iam::aws:policy/AdministratorAccess",
                "inline policy more",
                "inline policy read",
                "permissionsBoundary",
                "trust"
            ]
            .map(String::from)
            .to_vec()
        )
    );
    rig.expect(&[
        (r#"drift_total{part="inline"}"#, 2.0),
        (r#"corrections_total{part="trust"}"#, 1.0),
    ]);
    // Then there is silence, also after a restart.
    rig.clear();
    rig.seconds(600).await;
    rig.restart().await;
    rig.seconds(600).await;
    assert_eq!((rig.writes(), rig.world.cluster.counts().total()), (Vec::new(), 0));
    by_hand(&rig);
    rig.a_sweep().await;
    assert_eq!(rig.world.iam.get(&role("x")).unwrap().inline, before.inline);
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_and_what_may_deny_is_said_and_left() {
    let rig = refused().await;
    let mixed = rig.world.iam.add_policy("mixed");
    let deny = r#"{"Effect":"Deny","Action":"s3:Get*","Resource":"*"}"#;
    rig.world.iam.policy_holds(&mixed, &ALL.replace(']', &format!(",{deny}]")));
    rig.world.iam.attach(&role("x"), &mixed);
    rig.world.iam.detach(&role("x"), AUDIT);
    rig.world.iam.delete_inline(&role("x"), "read");
    rig.world.iam.set_description(&role("x"), Some("by hand"));
    rig.a_sweep().await;
    assert_eq!(rig.writes(), [""; 0]);
    let message = rig.ready("x").1;
    for part in [
        format!("; what allows less is not restored: inline policy read and attachment {AUDIT}"),
        format!("might allow more without it: attachment {mixed}"),
    ] {
        assert!(message.contains(&part), "{message}");
    }
    // All of it is as written as soon as the spec is right.
    rig.apply("x", &whole());
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    let role = rig.world.iam.get(&role("x")).unwrap();
    assert!(role.attached.contains(AUDIT) && !role.attached.contains(&mixed));
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_only_allows_is_detached_as_soon_as_it_can_be_read() {
    let rig = refused().await;
    rig.world.iam.deny("GetPolicy");
    rig.world.iam.attach(&role("x"), ADMIN);
    rig.a_sweep().await;
    assert_eq!(rig.writes(), [""; 0]);
    assert!(rig.ready("x").1.contains(&format!("without it: attachment {ADMIN}")));
    rig.world.iam.allow("GetPolicy");
    rig.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("1"));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["DetachRolePolicy"]);
    assert!(!rig.world.iam.get(&role("x")).unwrap().attached.contains(ADMIN));
}

#[tokio::test(start_paused = true)]
async fn what_was_last_written_is_saved_with_ready_in_one_write() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(5).await;
    let held = rig.status("x").held.expect("it is held");
    assert!(held.starts_with(r#"{"trust":{"Version""#) && held.contains(AUDIT), "{held}");
    // One before the role is made, one with Ready.
    assert_eq!(rig.world.cluster.counts().write_status, 2);
    rig.clear();
    rig.apply("x", &mistaken(""));
    rig.seconds(300).await;
    assert_eq!(rig.world.cluster.counts().write_status, 1);
    assert_eq!(rig.status("x").held.as_ref(), Some(&held));
    // What is refused is not what was last written.
    rig.clear();
    rig.apply("x", &whole().replace("s3:GetObject", "s3:*"));
    rig.seconds(300).await;
    assert_eq!(rig.world.cluster.counts().write_status, 1);
    assert!(rig.status("x").held.unwrap().contains("s3:*"));
    rig.clear();
    rig.world.iam.remove(&role("x"));
    rig.a_sweep().await;
    assert!(rig.status("x").held.is_some() && rig.is_ready("x"));
}

#[rstest]
#[case::observe(|rig: &Rig| rig.apply("x", &mistaken(r#""driftPolicy":"Observe","#)))]
#[case::misspelt_observe(|rig: &Rig| rig.apply("x", &mistaken(r#""driftPolicy":"observe","#)))]
#[case::paused(|rig: &Rig| assert!(rig.world.cluster.annotate(&key("x"), PAUSED, Some("true"))))]
#[tokio::test(start_paused = true)]
async fn who_asks_that_nothing_be_written_is_heard_while_the_spec_is_refused(
    #[case] ask: fn(&Rig),
) {
    let rig = refused().await;
    ask(&rig);
    rig.seconds(5).await;
    by_hand(&rig);
    rig.seconds(600).await;
    rig.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("1"));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn observe_that_is_not_allowed_keeps_nothing_from_being_taken_back() {
    let mut rig = Rig::without_windows();
    rig.limits.allow_observe = false;
    rig.start();
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    rig.apply("x", &plain(r#""driftPolicy":"Observe""#));
    rig.seconds(5).await;
    rig.clear();
    rig.world.iam.set_boundary(&role("x"), None);
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["PutRolePermissionsBoundary"]);
}

/// Takes what is held out of the status, as a version that knew nothing of it left it.
async fn of_before(rig: &mut Rig, status: impl FnOnce(RoleStatus) -> RoleStatus) {
    rig.stop().await;
    let before = status(rig.status("x"));
    rig.world.cluster.put_status(&key("x"), &before);
    rig.clear();
    rig.start();
    rig.seconds(5).await;
}

#[tokio::test(start_paused = true)]
async fn a_role_of_an_earlier_version_is_held_as_aws_has_it_where_that_is_what_was_written() {
    let mut rig = Rig::with(&whole()).await;
    let held = rig.status("x").held;
    of_before(&mut rig, |status| RoleStatus { held: None, ..status }).await;
    assert_eq!(rig.world.cluster.counts().total(), 0, "at rest nothing is written");
    rig.apply("x", &mistaken(""));
    rig.seconds(5).await;
    assert_eq!(rig.status("x").held, held);
    assert_eq!(rig.world.cluster.counts().write_status, 1);
    by_hand(&rig);
    rig.a_sweep().await;
    assert_eq!(rig.writes().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_knows_what_was_last_written_only_the_operators_boundary_is_put() {
    let mut rig = refused().await;
    rig.stop().await;
    by_hand(&rig);
    let before = RoleStatus { held: None, ..rig.status("x") };
    rig.world.cluster.put_status(&key("x"), &before);
    rig.clear();
    rig.start();
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["PutRolePermissionsBoundary"]);
    assert_eq!(rig.status("x").held, None);
    let message = rig.ready("x").1;
    assert!(message.contains("there is no record of how it was last written"), "{message}");
    rig.clear();
    rig.seconds(600).await;
    assert_eq!((rig.writes(), rig.world.cluster.counts().total()), (Vec::new(), 0));
}

#[tokio::test(start_paused = true)]
async fn a_forged_status_widens_nothing() {
    let mut rig = refused().await;
    let role_before = rig.world.iam.get(&role("x")).unwrap();
    let wide = format!(
        r#"{{"trust":{OPEN},"inline":{{"read":{ALL},"more":{ALL}}},"attached":["{ADMIN}","{READ_ONLY}","{AUDIT}"]}}"#
    );
    for forged in [wide, "{".into(), r#"{"trust":"0"}"#.into()] {
        of_before(&mut rig, |status| RoleStatus { held: Some(forged.clone()), ..status }).await;
        rig.seconds(300).await;
        let widens = ["AttachRolePolicy", "DeleteRolePermissionsBoundary", "TagRole", "UpdateRole"];
        assert!(rig.writes().iter().all(|action| !widens.contains(action)), "{:?}", rig.writes());
        let now = rig.world.iam.get(&role("x")).unwrap();
        assert!(
            !now.trust.contains(r#"Principal":"*""#) && !now.inline.contains_key("more"),
            "{forged}"
        );
        assert!(now.attached.is_subset(&role_before.attached), "{:?}", now.attached);
        assert_eq!(now.boundary.as_deref(), Some(&*rig.boundary));
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_not_ours_any_more_is_not_touched() {
    let rig = refused().await;
    by_hand(&rig);
    rig.world.iam.untag(&role("x"), iam::tag::INSTALLATION);
    rig.seconds(600).await;
    assert_eq!((rig.writes(), rig.ready("x").0.as_str()), (Vec::new(), "InvalidSpec"));
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_taken_back_is_said_beside_the_refusal_and_tried_again() {
    let rig = refused().await;
    rig.world.iam.deny("DeleteRolePolicy");
    by_hand(&rig);
    rig.a_sweep().await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "InvalidSpec");
    assert!(message.contains("not done: - delete inline policy more"), "{message}");
    let now = rig.world.iam.get(&role("x")).unwrap();
    assert_eq!(now.boundary.as_deref(), Some(&*rig.boundary), "the rest is done");
    rig.world.iam.allow("DeleteRolePolicy");
    rig.seconds(600).await;
    assert!(!rig.world.iam.get(&role("x")).unwrap().inline.contains_key("more"));
    assert!(rig.ready("x").1.ends_with("what allows more is removed"), "{}", rig.ready("x").1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_also_when_aws_can_not_be_reached() {
    let rig = Rig::with(&whole()).await;
    let fault = Rule::new(Fault::Error(IamErrorClass::Unreachable)).on("GetRole").times(3);
    rig.world.iam.fault(fault);
    rig.apply("x", &mistaken(""));
    rig.seconds(2).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "InvalidSpec");
    assert!(message.contains("and that failed: GetRole"), "{message}");
    rig.seconds(300).await;
    assert!(!rig.ready("x").1.contains("failed"), "{}", rig.ready("x").1);
    by_hand(&rig);
    rig.a_sweep().await;
    assert!(!rig.world.iam.get(&role("x")).unwrap().inline.contains_key("more"));
}

#[tokio::test(start_paused = true)]
async fn a_trust_policy_is_taken_back_without_a_principal_that_aws_does_not_know_any_more() {
    let mut rig = Rig::without_windows();
    let user = rig.world.iam.add_user("someone");
    rig.start();
    let grant = format!(r#"{{"name":"p","principals":{{"arns":["{user}"]}}}}"#);
    let spec = plain("").replacen('[', &format!("[{grant},"), 1);
    rig.apply("x", &spec);
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    rig.apply("x", &spec.replacen('{', r#"{"desciption":"d","#, 1));
    rig.seconds(5).await;
    rig.world.iam.remove_principal(&user);
    by_hand(&rig);
    rig.a_sweep().await;
    let trust = rig.world.iam.get(&role("x")).unwrap().trust;
    assert!(trust.contains("lambda.amazonaws.com") && !trust.contains('*'), "{trust}");
    assert!(!trust.contains("someone"), "{trust}");
}
