//! A store that was set back: the watch is silent and looks well.

use super::*;
use crate::{
    plan::failure::ClusterError,
    sim::{Fault, Rule},
};

/// `x` and `y`, of which only `x` is in the backup that the store is set back to, as it was before
/// an edit.
async fn set_back() -> Rig {
    let mut rig = Rig::with(&plain(r#""description":"before""#)).await;
    rig.config.sweep_interval = Duration::from_hours(10);
    rig.restart().await;
    rig.seconds(40).await;
    let backup = rig.world.cluster.backup();
    rig.apply("x", &plain(r#""description":"after""#));
    rig.apply("y", &whole());
    rig.seconds(40).await;
    assert!(rig.is_ready("x") && rig.is_ready("y"));
    assert_eq!(description(&rig), "after");
    rig.world.cluster.rewind(&backup);
    rig.clear();
    rig
}

fn description(rig: &Rig) -> String {
    rig.world.iam.get(&role("x")).unwrap().description.unwrap_or_default()
}

fn relists(rig: &Rig, cause: &str) -> bool {
    let line = format!("rolewright_relists_total{{cause=\"{cause}\"}} 1");
    rig.metrics.text().contains(&line)
}

/// Changes that bring the revision above the one that it was set back from.
fn catch_up(rig: &Rig) {
    for number in 0..40 {
        let request = number.to_string();
        rig.world.cluster.annotate(&key("x"), "other", None);
        rig.world.cluster.annotate(&key("z"), crate::api::PAUSED, Some("true"));
        rig.world.cluster.annotate(&key("z"), crate::api::RECONCILE_REQUESTED_AT, Some(&request));
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_set_back_is_noticed_within_two_minutes_and_said() {
    let rig = set_back().await;
    rig.apply("z", &plain(""));
    rig.seconds(5).await;
    assert!(rig.world.iam.get(&role("z")).is_none(), "the watch is silent");
    rig.seconds(35).await;
    assert!(rig.is_ready("z") && rig.is_ready("x"));
    assert_eq!(description(&rig), "before");
    assert!(rig.world.iam.get(&role("y")).is_some(), "what vanished is no reason for a removal");
    assert!(relists(&rig, "revision"));
    assert_eq!(rig.health().watch, "", "healed");
    // Once, and then at rest.
    rig.clear();
    rig.seconds(20_000).await;
    assert!(relists(&rig, "revision") && rig.is_running());
    assert_eq!((rig.writes(), rig.world.cluster.counts().total()), (Vec::new(), 0));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_older_than_it_was_written_makes_the_leader_list_anew_at_once() {
    let rig = set_back().await;
    rig.set_back.tell();
    rig.seconds(2).await;
    assert_eq!(description(&rig), "before");
    assert!(relists(&rig, "lease"));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_has_caught_up_is_noticed_by_the_comparison_of_each_hour() {
    let rig = set_back().await;
    rig.apply("z", &plain(""));
    catch_up(&rig);
    rig.seconds(120).await;
    assert_eq!(description(&rig), "after", "nothing has shown it yet");
    rig.seconds(3_700).await;
    assert_eq!(description(&rig), "before");
    assert!(relists(&rig, "comparison"));
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_the_comparison_does_not_wait() {
    let rig = set_back().await;
    rig.apply("z", &plain(""));
    catch_up(&rig);
    let down = ClusterError::Unavailable("down".into());
    rig.world.cluster.fault(Rule::new(Fault::Error(down)).on("revision"));
    rig.seconds(60).await;
    assert_eq!(description(&rig), "before");
    assert!(relists(&rig, "comparison"));
}

#[tokio::test(start_paused = true)]
async fn what_the_watch_tells_late_is_no_reason_to_list_anew() {
    let rig = Rig::with(&whole()).await;
    for number in 0..600_u64 {
        rig.apply("x", &plain(&format!(r#""description":"{number}""#)));
        rig.world.cluster.hold_watch(true);
        rig.seconds(4).await;
        rig.world.cluster.hold_watch(false);
        rig.seconds(number % 7).await;
    }
    for cause in ["revision", "lease", "comparison"] {
        assert!(!relists(&rig, cause), "{cause}");
    }
    let compared = rig.world.cluster.calls().iter().any(|call| call.action == "outlines");
    assert!(compared);
}

#[tokio::test(start_paused = true)]
async fn readiness_says_that_the_kind_is_gone_and_that_it_is_back() {
    let rig = Rig::with(&whole()).await;
    rig.world.cluster.fault(Rule::new(Fault::Error(ClusterError::Gone)).on("revision").always());
    rig.seconds(31).await;
    assert!(rig.health().watch.contains("the kind IAMRole is not installed"), "{:?}", rig.health());
    rig.world.cluster.clear_faults();
    rig.seconds(6).await;
    assert_eq!(rig.health().watch, "");
}
