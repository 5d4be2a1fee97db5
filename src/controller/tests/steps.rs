//! A step that can't be done holds up only those that need it, and the role stays in the sweep.

use super::*;
use crate::{
    plan::{failure::IamErrorClass, steps::step::Call},
    sim::{Fault, Rule},
};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const EC2: &str = r#"{"name":"ec2","service":{"name":"ec2.amazonaws.com","sourceAccount":"None"}}"#;

/// `whole` with an inline policy that allows more and another tag.
fn wider() -> String {
    whole().replace("s3:GetObject", "s3:*").replace(r#""owner":"a""#, r#""owner":"b""#)
}

fn refuse(rig: &Rig, action: &str, class: IamErrorClass) {
    rig.world.iam.fault(Rule::new(Fault::Error(class)).on(action).always());
}

/// A role of which AWS refuses the inline policy, long ago: its next try is far away.
async fn refused() -> Rig {
    let rig = Rig::with(&whole()).await;
    refuse(&rig, "PutRolePolicy", IamErrorClass::Refused);
    rig.apply("x", &wider());
    rig.seconds(5_000).await;
    rig.clear();
    rig
}

#[tokio::test(start_paused = true)]
async fn what_aws_refuses_holds_up_no_step_that_does_not_need_it_and_is_named() {
    let rig = Rig::with(&whole()).await;
    refuse(&rig, "PutRolePolicy", IamErrorClass::Refused);
    rig.world.iam.attach(&role("x"), ADMIN);
    rig.apply("x", &wider());
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["PutRolePolicy", "DetachRolePolicy", "TagRole"]);
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "Refused");
    assert!(message.contains("correct the resource; not done: ~ replace inline policy read"));
    assert!(rig.has("x", "Stalled"));
}

#[tokio::test(start_paused = true)]
async fn every_step_that_fails_and_every_step_that_waits_for_one_is_named() {
    let rig = Rig::with(&plain("")).await;
    refuse(&rig, "PutRolePermissionsBoundary", IamErrorClass::AccessDenied);
    refuse(&rig, "TagRole", IamErrorClass::Refused);
    rig.world.iam.set_boundary(&role("x"), None);
    rig.apply("x", &format!(r#"{{"trust":[{LAMBDA},{EC2}],"tags":{{"owner":"b"}}}}"#));
    rig.seconds(5).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "Refused", "somebody has to act upon this one");
    for part in
        ["not done: ~ set boundary", "not done: ~ tag", "waits for that: ~ replace the trust"]
    {
        assert!(message.contains(part), "{part}: {message}");
    }
    // A denial passes sooner than a refusal: its pace counts.
    rig.world.iam.clear_faults();
    rig.seconds(30).await;
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn access_that_nobody_wants_goes_from_a_role_of_which_another_part_is_denied() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.deny("PutRolePolicy");
    rig.world.iam.edit(&role("x"), |role| role.inline.clear());
    rig.world.iam.attach(&role("x"), ADMIN);
    rig.world.iam.set_boundary(&role("x"), None);
    rig.a_sweep().await;
    let now = rig.world.iam.get(&role("x")).unwrap();
    assert!(!now.attached.contains(ADMIN));
    assert_eq!(now.boundary.as_deref(), Some(&*rig.boundary));
    let parts = rig.status("x").drift.unwrap().parts;
    assert_eq!(parts, [format!("attachment {ADMIN}"), "permissionsBoundary".into()]);
}

/// A role whose Deny AWS refuses.
async fn without_guard() -> Rig {
    let rig = Rig::with(&plain("")).await;
    refuse(&rig, "PutRolePolicy", IamErrorClass::Refused);
    let guard = READ.replace(r#""effect":"Allow""#, r#""effect":"Deny""#);
    let permissions = format!(r#""permissions":{{"inlinePolicies":[{guard}]}}"#);
    rig.apply("x", &format!(r#"{{"trust":[{LAMBDA}],{permissions}}}"#));
    rig.seconds(5).await;
    rig.clear();
    rig
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

fn reads_of_policies(rig: &Rig) -> Vec<&'static str> {
    rig.calls().into_iter().filter(|action| action.starts_with("GetPolicy")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_only_allows_goes_although_a_deny_is_refused() {
    let rig = without_guard().await;
    for reads in [&["GetPolicy", "GetPolicyVersion"][..], &["GetPolicy"]] {
        rig.world.iam.attach(&role("x"), ADMIN);
        rig.a_sweep().await;
        assert!(!rig.world.iam.get(&role("x")).unwrap().attached.contains(ADMIN));
        assert_eq!(reads_of_policies(&rig), reads, "a text is read once for each version");
        rig.clear();
    }
    let other = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    rig.world.iam.policy_holds(ADMIN, &document(other));
    rig.world.iam.attach(&role("x"), ADMIN);
    rig.a_sweep().await;
    assert_eq!(reads_of_policies(&rig), ["GetPolicy", "GetPolicyVersion"], "another version");
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_can_not_be_read_or_holds_a_deny_too_waits_for_the_deny_that_is_refused() {
    for denied in [Some("GetPolicy"), Some("GetPolicyVersion"), None] {
        let rig = without_guard().await;
        let mixed = concat!(
            r#"{"Effect":"Allow","Action":"*","Resource":"*"},"#,
            r#"{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}"#
        );
        match denied {
            Some(action) => rig.world.iam.deny(action),
            None => rig.world.iam.policy_holds(ADMIN, &document(mixed)),
        }
        rig.world.iam.attach(&role("x"), ADMIN);
        rig.a_sweep().await;
        assert!(rig.world.iam.get(&role("x")).unwrap().attached.contains(ADMIN), "{denied:?}");
        let message = rig.ready("x").1;
        assert!(message.contains("waits for that: - detach"), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_the_policies_of_a_new_role_that_which_denies_is_attached_first() {
    let mut rig = Rig::without_windows();
    let deny = "arn:aws:iam::aws:policy/AWSDenyAll";
    // By ARN it would be the first.
    let allow = rig.world.iam.add_policy("allow");
    rig.start();
    let permissions = format!(r#""permissions":{{"managedPolicies":["{allow}","{deny}"]}}"#);
    rig.apply("x", &format!(r#"{{"trust":[{LAMBDA}],{permissions}}}"#));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
    let attached: Vec<String> = rig
        .world
        .iam
        .writes()
        .into_iter()
        .filter_map(|call| match call.step?.call {
            Call::Attach { arn } => Some(arn),
            _ => None,
        })
        .collect();
    assert_eq!(attached, [deny.to_owned(), allow]);
    assert_eq!(reads_of_policies(&rig).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_policy_goes_before_the_one_that_denies_what_it_allows() {
    let rig = Rig::with(&plain("")).await;
    let allow = rig.world.iam.add_policy("of-somebody");
    rig.world.iam.attach(&role("x"), "arn:aws:iam::aws:policy/AWSDenyAll");
    rig.world.iam.attach(&role("x"), &allow);
    refuse(&rig, "DetachRolePolicy", IamErrorClass::Refused);
    rig.a_sweep().await;
    let message = rig.ready("x").1;
    assert!(message.contains("waits for that: - detach arn:aws:iam::aws:policy/AWSDenyAll"));
}

#[tokio::test(start_paused = true)]
async fn no_policy_is_read_where_its_contents_decide_nothing() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.attach(&role("x"), ADMIN);
    rig.seconds(600).await;
    assert!(rig.is_ready("x") && rig.writes().contains(&"DetachRolePolicy"));
    assert_eq!(reads_of_policies(&rig), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_not_as_written_stays_in_the_sweep() {
    let rig = refused().await;
    rig.world.iam.attach(&role("x"), ADMIN);
    rig.a_sweep().await;
    assert!(!rig.world.iam.get(&role("x")).unwrap().attached.contains(ADMIN));
    rig.clear();
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["PutRolePolicy", "UpdateRole"]);
    rig.clear();
    rig.world.iam.remove(&role("x"));
    rig.seconds(120).await;
    assert!(rig.writes().starts_with(&["CreateRole"]), "{:?}", rig.writes());
}

#[tokio::test(start_paused = true)]
async fn what_a_pass_left_is_no_difference_and_its_back_off_goes_on() {
    let rig = refused().await;
    rig.seconds(1_800).await;
    assert!(rig.writes().len() <= 1, "{:?}", rig.writes());
    // When the reason has gone, a difference is the occasion to go on with all of it.
    rig.world.iam.clear_faults();
    rig.world.iam.tag(&role("x"), "owner", "mallory");
    rig.a_sweep().await;
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn a_new_role_gets_all_that_does_not_need_what_failed() {
    let mut rig = Rig::without_windows();
    refuse(&rig, "AttachRolePolicy", IamErrorClass::NotFound);
    rig.start();
    let inline = READ.replace(r#""effect":"Allow""#, r#""effect":"Deny""#);
    rig.apply("x", &whole().replace(READ, &inline));
    rig.seconds(5).await;
    assert_eq!(
        rig.writes(),
        ["CreateRole", "PutRolePolicy", "AttachRolePolicy", "AttachRolePolicy"]
    );
    // It is in the sweep from then on.
    rig.seconds(300).await;
    rig.clear();
    rig.world.iam.attach(&role("x"), ADMIN);
    rig.a_sweep().await;
    assert!(rig.writes().contains(&"DetachRolePolicy"), "{:?}", rig.writes());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_failure_of_a_step_ends_the_pass() {
    for class in [IamErrorClass::Throttled, IamErrorClass::Unreachable, IamErrorClass::Protected] {
        let rig = Rig::with(&whole()).await;
        refuse(&rig, "PutRolePolicy", class);
        rig.apply("x", &wider());
        rig.seconds(1).await;
        assert!(rig.writes().iter().all(|action| *action == "PutRolePolicy"), "{class:?}");
        assert!(rig.ready("x").1.contains("; stopped at: ~ replace inline policy read"));
    }
}
