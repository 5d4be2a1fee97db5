//! What is counted, and Events for refusals: each once, however often it is met.

use super::*;
use crate::{
    plan::failure::IamErrorClass,
    sim::{Fault, Rule},
};

impl Rig {
    /// The value of a series, by its name and labels as in the text.
    fn metric(&self, series: &str) -> f64 {
        let text = self.metrics.text();
        let line = text.lines().find(|line| line.split(' ').next() == Some(series));
        line.and_then(|line| line.split(' ').nth(1)).map_or(0.0, |value| value.parse().unwrap())
    }

    #[track_caller]
    pub fn expect(&self, values: &[(&str, f64)]) {
        for (series, value) in values {
            let series = format!("rolewright_{series}");
            assert!(
                (self.metric(&series) - value).abs() < 1e-6,
                "{series}: {}",
                self.metrics.text()
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn drift_and_corrections_are_counted_by_part_and_a_change_of_the_resource_is_neither() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.tag(&role("x"), "owner", "mallory");
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.a_sweep().await;
    rig.apply("x", &whole().replace(r#""description":"d""#, r#""description":"e""#));
    rig.seconds(5).await;
    rig.expect(&[
        (r#"drift_total{part="tag"}"#, 1.0),
        (r#"drift_total{part="attributes"}"#, 1.0),
        (r#"drift_total{part="trust"}"#, 0.0),
        (r#"corrections_total{part="tag"}"#, 1.0),
        (r#"corrections_total{part="attributes"}"#, 1.0),
    ]);
}

#[tokio::test(start_paused = true)]
async fn drift_that_is_only_observed_is_counted_once_and_corrected_never() {
    let rig = Rig::with(&plain(r#""driftPolicy":"Observe""#).replace("Observe", "Correct")).await;
    rig.apply("x", &plain(r#""driftPolicy":"Observe""#));
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.seconds(600).await;
    rig.expect(&[
        (r#"drift_total{part="attributes"}"#, 1.0),
        (r#"corrections_total{part="attributes"}"#, 0.0),
        (r#"resources{condition="Ready",status="False",reason="WouldChange"}"#, 1.0),
    ]);
}

#[tokio::test(start_paused = true)]
async fn what_was_never_as_written_does_not_drift() {
    let observing = plain(r#""driftPolicy":"Observe""#);
    let mut rig = Rig::without_windows();
    rig.start();
    // A role that is not there, one that is and differs, and a change of the resource.
    let names: Vec<String> = (0..12).map(|number| format!("new-{number}")).collect();
    for name in &names {
        rig.apply(name, &observing);
    }
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    rig.apply("x", &plain(r#""driftPolicy":"Observe","description":"d""#));
    rig.seconds(600).await;
    rig.restart().await;
    rig.seconds(600).await;
    for name in names.iter().map(String::as_str).chain(["x"]) {
        assert_eq!(rig.ready(name).0, "WouldChange");
    }
    for part in ["role", "attributes"] {
        rig.expect(&[(&format!(r#"drift_total{{part="{part}"}}"#), 0.0)]);
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_plan_that_grows_only_what_is_new_has_drifted() {
    let rig = Rig::with(&plain("")).await;
    rig.apply("x", &plain(r#""driftPolicy":"Observe""#));
    rig.seconds(5).await;
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.a_sweep().await;
    rig.world.iam.attach(&role("x"), AUDIT);
    rig.a_sweep().await;
    assert_eq!(rig.status("x").plan.unwrap().len(), 2);
    rig.expect(&[
        (r#"drift_total{part="attributes"}"#, 1.0),
        (r#"drift_total{part="attachment"}"#, 1.0),
    ]);
    rig.world.iam.remove(&role("x"));
    rig.a_sweep().await;
    rig.expect(&[(r#"drift_total{part="role"}"#, 1.0)]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_and_counted_once_for_each_generation_and_not_for_each_try() {
    let mut rig = Rig::without_windows();
    rig.world.iam.deny("CreateRole");
    rig.start();
    rig.apply("x", &plain(""));
    rig.seconds(3_600).await;
    assert_eq!(rig.reasons(), ["AccessDenied"]);
    rig.apply("x", &plain(r#""description":"d""#));
    rig.seconds(3_600).await;
    assert_eq!(rig.reasons(), ["AccessDenied"; 2]);
    assert!(
        rig.metric(r#"rolewright_retries_total{reason="AccessDenied"}"#) > 5.0,
        "{}",
        rig.metrics.text()
    );
    rig.expect(&[
        (r#"refusals_total{reason="AccessDenied"}"#, 2.0),
        (r#"resources{condition="Ready",status="False",reason="AccessDenied"}"#, 1.0),
        (r#"resources{condition="Stalled",status="True",reason="AccessDenied"}"#, 1.0),
    ]);
}

#[tokio::test(start_paused = true)]
async fn another_mistake_in_the_spec_is_another_event() {
    let mut rig = Rig::without_windows();
    rig.start();
    for mistake in [r#""desciption":"d""#, r#""maxSessionDuration":"13h""#] {
        rig.apply("x", &plain(mistake));
        rig.seconds(300).await;
    }
    let notes: Vec<String> =
        rig.world.cluster.notices().into_iter().map(|published| published.notice.note).collect();
    assert!(
        notes.len() == 2
            && notes[0].contains("desciption")
            && notes[1].contains("maxSessionDuration"),
        "{notes:?}"
    );
    rig.expect(&[
        (r#"refusals_total{reason="InvalidSpec"}"#, 2.0),
        (r#"resources{condition="Stalled",status="True",reason="InvalidSpec"}"#, 1.0),
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_told_on_its_resource() {
    let mut rig = Rig::without_windows();
    rig.world.iam.fault(Rule::new(Fault::Panic).on("GetRole"));
    rig.start();
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    assert_eq!(rig.reasons(), ["InternalError"]);
    rig.expect(&[
        (r#"refusals_total{reason="InternalError"}"#, 1.0),
        (r#"reconcile_duration_seconds_count{result="panicked"}"#, 1.0),
    ]);
}

#[tokio::test(start_paused = true)]
async fn every_change_in_aws_has_its_event_and_removals_are_counted_by_cause() {
    let rig = Rig::with(&whole()).await;
    let created = rig.reasons();
    assert_eq!(created, [""; 0], "the log was cleared");
    rig.apply("y", &plain(r#""lifetime":{"ttl":"2m"}"#));
    rig.seconds(5).await;
    rig.expect(&[
        (r#"roles_expiring{within_seconds="3600"}"#, 1.0),
        (r#"roles_expiring{within_seconds="0"}"#, 0.0),
    ]);
    rig.seconds(200).await;
    assert_eq!(rig.ready("y").0, "Expired");
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    let writes = rig
        .world
        .iam
        .writes()
        .iter()
        .filter(|call| call.outcome == crate::sim::Outcome::Done)
        .count();
    let notices = rig.world.cluster.notices();
    let of_changes: Vec<_> = notices
        .iter()
        .map(|told| &told.notice)
        .filter(|told| ["Created", "Expired", "Deleted"].contains(&told.reason))
        .filter(|told| told.note.contains("role test-a_"))
        .collect();
    let told: usize = of_changes.iter().map(|told| told.note.split("; (").count()).sum();
    assert_eq!(of_changes.len(), 3, "one a pass: {of_changes:?}");
    assert_eq!(told, writes);
    rig.expect(&[
        (r#"removals_total{cause="expired"}"#, 1.0),
        (r#"removals_total{cause="deleted"}"#, 1.0),
        (r#"roles_expiring{within_seconds="+Inf"}"#, 0.0),
        (r#"resources{condition="Expired",status="True",reason="Expired"}"#, 1.0),
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_outlives_its_lifetime_is_counted_as_overdue() {
    let rig = Rig::with(&plain(r#""lifetime":{"ttl":"2m"}"#)).await;
    rig.world
        .iam
        .fault(Rule::new(Fault::Error(IamErrorClass::AccessDenied)).on("DeleteRole").always());
    rig.seconds(300).await;
    rig.expect(&[(r#"roles_expiring{within_seconds="0"}"#, 1.0)]);
}

#[tokio::test(start_paused = true)]
async fn sweeps_are_counted_by_result_and_only_a_complete_one_moves_the_time() {
    let rig = Rig::with(&plain("")).await;
    let begun =
        rig.metric(r#"rolewright_sweep_last_success_timestamp_seconds{account="123456789012"}"#);
    assert!(begun > 1e9);
    rig.world.iam.fault(Rule::new(Fault::Error(IamErrorClass::Throttled)).on("ListRoles").always());
    rig.seconds(600).await;
    rig.expect(&[
        (r#"sweep_last_success_timestamp_seconds{account="123456789012"}"#, begun),
        (r#"sweep_roles{account="123456789012"}"#, 0.0),
        (r#"sweep_duration_seconds_count{account="123456789012"}"#, 1.0),
        (r#"sweeps_total{account="123456789012",result="complete"}"#, 1.0),
    ]);
    assert!(rig.metric(r#"rolewright_sweeps_total{account="123456789012",result="failed"}"#) > 3.0);
}
