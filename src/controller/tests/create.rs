use super::*;
use crate::sim::{Fault, Rule};
use iam::tag;

#[tokio::test(start_paused = true)]
async fn a_role_with_two_attachments_and_one_inline_policy_costs_one_read_and_four_writes() {
    let mut rig = Rig::new();
    rig.start();
    rig.seconds(1).await;
    rig.clear();
    // What its attached policies hold is read once for all new roles.
    rig.apply("w", &whole());
    rig.seconds(1).await;
    let reads: Vec<_> =
        rig.calls().into_iter().filter(|action| action.starts_with("GetPolicy")).collect();
    assert_eq!(reads, ["GetPolicy", "GetPolicyVersion", "GetPolicy", "GetPolicyVersion"]);
    rig.clear();
    rig.apply("x", &whole());
    rig.seconds(1).await;
    assert_eq!(
        rig.calls(),
        ["GetRole", "CreateRole", "AttachRolePolicy", "AttachRolePolicy", "PutRolePolicy"]
    );
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_takes_long_holds_up_no_write_and_names_all_steps() {
    let mut rig = Rig::new();
    rig.start();
    rig.world.cluster.fault(Rule::new(Fault::Delay(Duration::from_secs(15))).on("notify").always());
    rig.apply("x", &whole());
    rig.seconds(1).await;
    assert_eq!(
        rig.writes(),
        ["CreateRole", "AttachRolePolicy", "AttachRolePolicy", "PutRolePolicy"]
    );
    assert_eq!(rig.reasons(), [""; 0]);
    rig.seconds(15).await;
    assert!(rig.is_ready("x"));
    let told = rig.world.cluster.notices();
    let [published] = &told[..] else { panic!("{told:?}") };
    let note = &published.notice.note;
    assert!(
        ["create role", AUDIT, READ_ONLY, "policy read"].iter().all(|part| note.contains(part))
    );
}

#[tokio::test(start_paused = true)]
async fn trust_boundary_description_and_tags_travel_in_create_role() {
    let rig = Rig::with(&whole()).await;
    let made = rig.world.iam.get(&role("x")).unwrap();
    assert_eq!(made.boundary.as_deref(), Some(rig.boundary.as_str()));
    assert_eq!(made.description.as_deref(), Some("d"));
    assert_eq!(made.tag(tag::INSTALLATION), Some("test"));
    assert_eq!(made.tag(tag::RESOURCE), Some("a/x"));
    assert_eq!(
        made.tag(tag::UID),
        Some(rig.world.cluster.resource(&key("x")).unwrap().uid.as_str())
    );
    assert_eq!(made.tag("owner"), Some("a"));
    let status = rig.status("x");
    assert_eq!(status.role_name, Some(role("x")));
    assert!(status.arn.unwrap().ends_with(":role/test-a_x"));
    assert_eq!(status.role_id, Some(made.role_id));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_created_when_the_status_before_it_is_refused() {
    let mut rig = Rig::without_windows();
    rig.world.cluster.conflicts(1_000);
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(20).await;
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_edited_spec_changes_only_what_was_edited() {
    let rig = Rig::with(&whole()).await;
    rig.apply("x", &whole().replace(r#""owner":"a""#, r#""owner":"b""#));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["TagRole"]);
    rig.clear();
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    // Removals first, then what changes; the tag that is no longer wanted goes, too.
    assert_eq!(
        rig.writes(),
        ["DeleteRolePolicy", "DetachRolePolicy", "DetachRolePolicy", "UpdateRole", "UntagRole"]
    );
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn an_invalid_spec_writes_nothing_and_says_every_problem() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("x", r#"{"trsut":[],"description":7}"#);
    rig.seconds(5).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "InvalidSpec");
    assert!(message.contains("trust") && message.contains("spec.description"), "{message}");
    assert!(rig.has("x", "Stalled"));
    assert_eq!(rig.calls(), [""; 0]);
    // Corrected, it goes on.
    rig.apply("x", &whole());
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn a_denial_is_waited_out_for_twenty_seconds_and_then_stalled_until_it_ends() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.world.iam.deny("CreateRole");
    rig.apply("x", &plain(""));
    rig.seconds(15).await;
    assert_eq!(rig.ready("x").0, "AccessDenied");
    assert!(rig.has("x", "Reconciling") && !rig.has("x", "Stalled") && rig.writes().len() > 1);
    rig.seconds(20).await;
    assert!(rig.has("x", "Stalled") && !rig.has("x", "Reconciling"), "{:?}", rig.status("x"));
    // A restart does not begin to wait anew; another generation does.
    rig.clear();
    rig.restart().await;
    rig.seconds(1).await;
    assert!(rig.has("x", "Stalled") && rig.world.cluster.counts().total() == 0);
    rig.apply("x", &plain(r#""description":"d""#));
    rig.seconds(1).await;
    assert!(rig.has("x", "Reconciling") && !rig.has("x", "Stalled"), "{:?}", rig.status("x"));
    rig.world.iam.allow("CreateRole");
    rig.seconds(600).await;
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn a_boundary_of_the_operator_that_is_not_there_is_for_the_operator_to_mend() {
    let mut rig = Rig::without_windows();
    rig.world.iam.remove_policy("arn:aws:iam::123456789012:policy/boundary");
    rig.start();
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "NotFound");
    assert!(
        message.contains("ask the operator, whose setting --permissions-boundary"),
        "{message}"
    );
    rig.world.iam.add_policy("boundary");
    rig.seconds(700).await;
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_is_not_there_is_waited_for_ten_minutes_and_then_stalled_until_it_is() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply(
        "x",
        &plain(r#""permissions":{"managedPolicies":["arn:aws:iam::123456789012:policy/later"]}"#),
    );
    rig.seconds(590).await;
    assert_eq!(rig.ready("x").0, "NotFound");
    assert!(rig.has("x", "Reconciling") && !rig.has("x", "Stalled"));
    rig.seconds(700).await;
    assert!(rig.has("x", "Stalled") && !rig.has("x", "Reconciling"), "{:?}", rig.status("x"));
    rig.world.iam.add_policy("later");
    rig.seconds(700).await;
    assert!(rig.is_ready("x") && !rig.has("x", "Stalled"));
}

#[tokio::test(start_paused = true)]
async fn a_failing_step_stops_the_plan_and_the_next_pass_goes_on_from_what_is_there() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.world.iam.deny("PutRolePolicy");
    rig.apply("x", &whole());
    rig.seconds(2).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "AccessDenied");
    assert!(
        message.contains("PutRolePolicy") && message.contains("grant the controller"),
        "{message}"
    );
    assert_eq!(
        rig.writes(),
        ["CreateRole", "AttachRolePolicy", "AttachRolePolicy", "PutRolePolicy"]
    );
    assert_eq!(rig.reasons(), ["Created", "AccessDenied"]);
    rig.world.iam.allow("PutRolePolicy");
    rig.clear();
    rig.seconds(30).await;
    assert_eq!(rig.writes(), ["PutRolePolicy"]);
    assert!(rig.is_ready("x"));
}
