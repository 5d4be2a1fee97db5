//! Conditions of other managers in the same list: none is lost, taken over, or taken for ours,
//! wherever it stands.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::*;
use crate::{
    api::PAUSED,
    sim::{Fault, Rule},
};

/// A condition that another manager writes: of an older generation, and of a reason of its own.
fn theirs() -> Condition {
    Condition {
        type_: "example.org/Audited".into(),
        status: "False".into(),
        reason: "Overdue".into(),
        message: "nobody has looked at it".into(),
        observed_generation: Some(0),
        last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
    }
}

fn found(rig: &Rig) -> Option<Condition> {
    let wanted = theirs().type_;
    rig.status("x").conditions.into_iter().find(|condition| condition.type_ == wanted)
}

#[tokio::test(start_paused = true)]
async fn a_condition_of_others_outlives_every_pass_and_is_never_taken_over() {
    let mut rig = Rig::with(&plain("")).await;
    rig.world.cluster.put_condition(&key("x"), &theirs());
    let ready = |rig: &Rig, reason: &str| {
        assert_eq!(rig.ready("x").0, reason);
        assert_eq!(found(rig), Some(theirs()), "{reason}");
        let applied = rig.world.cluster.applied_conditions(&key("x"));
        assert!(applied.contains("Ready") && !applied.contains(&theirs().type_), "{applied:?}");
    };
    rig.apply("x", &plain(r#""desciption":"misspelt""#));
    rig.seconds(5).await;
    ready(&rig, "InvalidSpec");
    rig.apply("x", &plain(r#""description":"d""#));
    rig.seconds(5).await;
    ready(&rig, "Reconciled");
    rig.world.cluster.annotate(&key("x"), PAUSED, Some("true"));
    rig.seconds(5).await;
    ready(&rig, "Paused");
    rig.world.cluster.annotate(&key("x"), PAUSED, None);
    rig.seconds(5).await;
    ready(&rig, "Reconciled");

    // Their place in the list is no news: at rest nothing is written.
    rig.clear();
    rig.restart().await;
    rig.seconds(600).await;
    assert_eq!(rig.world.cluster.counts().total(), 0);
    assert_eq!(found(&rig), Some(theirs()));
}

#[tokio::test(start_paused = true)]
async fn a_condition_of_others_put_first_is_not_counted_and_makes_no_news() {
    let mut rig = Rig::with(&plain("")).await;
    rig.world.cluster.put_condition(&key("x"), &theirs());
    rig.restart().await;
    rig.seconds(5).await;
    rig.expect(&[
        (r#"resources{condition="Ready",status="True",reason="Reconciled"}"#, 1.0),
        (r#"resources{condition="Synced",status="True",reason="Reconciled"}"#, 1.0),
        (r#"resources{condition="Ready",status="True",reason="InternalError"}"#, 0.0),
    ]);

    rig.world.iam.deny("UpdateRole");
    rig.apply("x", &plain(r#""description":"d""#));
    rig.seconds(60).await;
    assert_eq!(rig.reasons(), ["AccessDenied"]);
    rig.world.cluster.put_condition(&key("x"), &theirs());
    rig.seconds(3_600).await;
    assert_eq!(rig.reasons(), ["AccessDenied"], "the same refusal is told once");
    rig.expect(&[
        (r#"refusals_total{reason="AccessDenied"}"#, 1.0),
        (r#"resources{condition="Stalled",status="True",reason="AccessDenied"}"#, 1.0),
        (r#"resources{condition="Ready",status="False",reason="AccessDenied"}"#, 1.0),
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_condition_of_others_before_the_first_report_says_nothing_about_the_resource() {
    let mut rig = Rig::without_windows();
    rig.world.iam.fault(Rule::new(Fault::DelayAnswer(Duration::from_mins(1))).on("GetRole"));
    rig.apply("x", &plain(""));
    rig.world.cluster.put_condition(&key("x"), &theirs());
    rig.start();
    rig.seconds(1).await;
    rig.expect(&[
        (r#"resources{condition="Ready",status="Unknown",reason=""}"#, 1.0),
        (r#"resources{condition="Synced",status="Unknown",reason=""}"#, 1.0),
    ]);
    rig.seconds(120).await;
    assert!(rig.is_ready("x"));
    assert_eq!(found(&rig), Some(theirs()));
}
