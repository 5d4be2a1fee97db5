use rstest::rstest;

use super::*;
use crate::{
    plan::failure::{ClusterError, IamErrorClass},
    sim::{Fault, Rule},
};

#[rstest]
#[case(IamErrorClass::Unreachable, "Unreachable")]
#[case(IamErrorClass::Throttled, "Throttled")]
#[case(IamErrorClass::ServerError, "ServerError")]
#[case(IamErrorClass::Busy, "Busy")]
#[tokio::test(start_paused = true)]
async fn aws_failing_is_said_waited_out_and_never_taken_for_absence(
    #[case] class: IamErrorClass,
    #[case] reason: &str,
) {
    let rig = Rig::with(&whole()).await;
    let id = rig.status("x").role_id;
    rig.world.iam.fault(Rule::new(Fault::Error(class)).always());
    rig.apply("x", &whole().replace(r#""owner":"a""#, r#""owner":"b""#));
    rig.seconds(400).await;
    assert_eq!(rig.ready("x").0, reason);
    assert!(rig.has("x", "Reconciling"));
    rig.world.iam.clear_faults();
    rig.clear();
    rig.seconds(150).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.writes(), ["TagRole"]);
    assert_eq!(rig.status("x").role_id, id);
}

#[tokio::test(start_paused = true)]
async fn aws_unreachable_at_the_start_is_waited_for() {
    let mut rig = Rig::without_windows();
    rig.world.iam.fault(Rule::new(Fault::Error(IamErrorClass::Unreachable)).always());
    rig.apply("x", &whole());
    rig.start();
    rig.seconds(60).await;
    assert_eq!(rig.ready("x").0, "Unreachable");
    rig.world.iam.clear_faults();
    rig.seconds(90).await;
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_breaks_off_says_nothing_about_absence() {
    let mut rig = Rig::with(&whole()).await;
    rig.world.iam.page_size(1);
    for number in 0..5 {
        rig.apply(&format!("r{number}"), &plain(""));
    }
    rig.seconds(10).await;
    rig.clear();
    rig.world
        .iam
        .fault(Rule::new(Fault::Error(IamErrorClass::ServerError)).on("ListRoles").always());
    rig.seconds(600).await;
    assert_eq!(rig.calls(), [""; 0]);
    assert_eq!(rig.writes(), [""; 0]);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_bulk_read_that_is_denied_from_the_start_stops_the_controller_with_the_remedy() {
    let mut rig = Rig::without_windows();
    rig.world.iam.deny("GetAccountAuthorizationDetails");
    rig.start();
    let error = rig.ended().await.unwrap_err().to_string();
    assert!(error.contains("iam:GetAccountAuthorizationDetails"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_bulk_read_that_is_denied_later_is_waited_out() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.deny("ListRoles");
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.seconds(300).await;
    rig.world.iam.allow("ListRoles");
    rig.seconds(900).await;
    assert_eq!(rig.writes(), ["UpdateRole"]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_watch_and_a_restarted_api_server_lose_nothing() {
    let rig = Rig::with(&whole()).await;
    rig.world.cluster.unavailable(true);
    rig.world.cluster.break_watch();
    rig.seconds(60).await;
    rig.world.cluster.unavailable(false);
    rig.apply("y", &plain(""));
    rig.seconds(60).await;
    assert!(rig.is_ready("x") && rig.is_ready("y"));
    assert_eq!(rig.writes(), ["CreateRole"]);
}

#[tokio::test(start_paused = true)]
async fn a_resource_deleted_while_the_watch_was_broken_is_forgotten_and_its_role_left() {
    let rig = Rig::with(&whole()).await;
    rig.world.cluster.hold_watch(true);
    rig.world.cluster.vanish(&key("x"));
    rig.world.cluster.break_watch();
    rig.world.cluster.hold_watch(false);
    rig.seconds(300).await;
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn conflicts_on_status_are_tried_again() {
    let mut rig = Rig::without_windows();
    rig.world.cluster.conflicts(3);
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(30).await;
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn events_that_cannot_be_published_stop_nothing() {
    let mut rig = Rig::without_windows();
    rig.world.cluster.fault(
        Rule::new(Fault::Error(ClusterError::Refused("namespace is being terminated".into())))
            .on("notify")
            .always(),
    );
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    assert!(rig.world.iam.get(&role("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_one_resource_parks_that_resource_only() {
    let mut rig = Rig::without_windows();
    rig.world.iam.fault(Rule::new(Fault::Panic).on("GetRole").role(&role("bad")).always());
    rig.start();
    rig.apply("bad", &plain(""));
    rig.apply("good", &plain(""));
    rig.seconds(5).await;
    assert!(rig.is_ready("good"));
    assert_eq!(rig.ready("bad").0, "InternalError");
    assert!(rig.has("bad", "Stalled"));
    // Parked: not tried until it changes.
    rig.clear();
    rig.seconds(600).await;
    assert_eq!(rig.calls(), [""; 0]);
    rig.world.iam.clear_faults();
    rig.apply("bad", &plain(r#""description":"changed""#));
    rig.seconds(5).await;
    assert!(rig.is_ready("bad"));
}

#[tokio::test(start_paused = true)]
async fn after_sigterm_the_step_in_flight_ends_and_no_new_one_begins() {
    let mut rig = Rig::without_windows();
    rig.world.iam.fault(Rule::new(Fault::DelayAnswer(Duration::from_secs(3))).on("CreateRole"));
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(1).await;
    rig.stop().await;
    assert_eq!(rig.writes(), ["CreateRole"]);
    let made = rig.world.iam.get(&role("x")).map(|role| role.role_id);
    assert_eq!(rig.status("x").role_id, made, "it is known without its tags");
    rig.start();
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_was_lost_is_carried_on_with_one_role() {
    let mut rig = Rig::new();
    rig.world.iam.fault(
        Rule::new(Fault::AppliedThenError(IamErrorClass::Unreachable)).on("CreateRole").times(1),
    );
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(30).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.world.iam.roles().len(), 1);
    assert_eq!(
        rig.writes(),
        ["CreateRole", "AttachRolePolicy", "AttachRolePolicy", "PutRolePolicy"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_goes_in_a_circle_ends_the_sweep_with_an_error() {
    let rig = Rig::with(&plain("")).await;
    rig.world.iam.page_size(1);
    for number in 0..4 {
        rig.apply(&format!("r{number}"), &plain(""));
    }
    rig.seconds(70).await;
    rig.world.iam.list_in_a_circle(true);
    rig.clear();
    rig.seconds(120).await;
    let pages = rig.world.iam.calls().len();
    assert!(pages < 200, "{pages} calls: it goes round and round");
    assert!(rig.metrics.text().contains(r#"result="failed"} "#), "{}", rig.metrics.text());
    assert_eq!(rig.writes(), [""; 0], "a sweep that broke off says nothing about absence");
    rig.world.iam.list_in_a_circle(false);
    rig.world.iam.remove(&role("r2"));
    rig.seconds(150).await;
    assert_eq!(rig.writes(), ["CreateRole"]);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_lasts_for_hours_ends_after_one() {
    let rig = Rig::with(&plain("")).await;
    rig.world.iam.fault(Rule::new(Fault::Delay(Duration::from_hours(100))).on("ListRoles"));
    rig.seconds(3_600 + 200).await;
    rig.world.iam.set_trust(&role("x"), r#"{"Version":"2012-10-17","Statement":[]}"#);
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["UpdateAssumeRolePolicy"]);
}
