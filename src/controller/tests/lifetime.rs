use rstest::rstest;

use super::*;
use crate::api::PAUSED;

#[tokio::test(start_paused = true)]
async fn a_role_goes_when_its_ttl_is_over_and_not_before_and_not_at_the_next_sweep() {
    let mut rig = Rig::without_windows();
    rig.config.sweep_interval = Duration::from_hours(1);
    rig.start();
    rig.apply("x", &whole().replacen('{', r#"{"lifetime":{"ttl":"10m"},"#, 1));
    rig.seconds(9 * 60 + 58).await;
    assert!(rig.is_ready("x"));
    assert!(rig.status("x").expires_at.is_some());
    rig.seconds(5).await;
    assert!(rig.world.iam.get(&role("x")).is_none());
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "Expired");
    assert!(message.contains("2026-01-01T00:10:00Z"), "{message}");
    assert!(rig.has("x", "Expired") && !rig.has("x", "Reconciling") && !rig.has("x", "Stalled"));
    // It stays so.
    rig.clear();
    rig.restart().await;
    rig.seconds(7_200).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.world.cluster.counts().total(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_moved_on_makes_the_role_again() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("x", &plain(r#""lifetime":{"expiresAt":"2026-01-01T00:05:00Z"}"#));
    rig.seconds(400).await;
    assert_eq!(rig.ready("x").0, "Expired");
    rig.apply("x", &plain(r#""lifetime":{"expiresAt":"2026-01-01T01:00:00Z"}"#));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    assert!(!rig.has("x", "Expired"));
    assert!(rig.world.iam.get(&role("x")).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_lifetime_that_was_over_from_the_start_makes_no_role() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("x", &plain(r#""lifetime":{"expiresAt":"2025-01-01T00:00:00Z"}"#));
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "Expired");
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_came_while_the_controller_was_down_is_kept_at_its_start() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("x", &plain(r#""lifetime":{"ttl":"10m"}"#));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    rig.kill().await;
    rig.seconds(3_600).await;
    rig.start();
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "Expired");
    assert!(rig.world.iam.get(&role("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_ttl_counts_from_the_roles_creation_after_a_rebuild_of_the_cluster() {
    let rig = Rig::with(&plain(r#""lifetime":{"ttl":"1h"}"#)).await;
    rig.seconds(50 * 60).await;
    rig.world.cluster.rebuild();
    rig.seconds(11 * 60).await;
    assert_eq!(rig.ready("x").0, "Expired");
    assert!(rig.world.iam.get(&role("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_role_beyond_a_bound_that_was_tightened_is_refused_and_still_ends_in_its_time() {
    let mut rig = Rig::with(&plain(r#""lifetime":{"ttl":"2h"}"#)).await;
    rig.stop().await;
    rig.limits.max_lifetime = Some(Duration::from_hours(1));
    rig.start();
    rig.world.cluster.annotate(&key("x"), crate::api::RECONCILE_REQUESTED_AT, Some("1"));
    rig.seconds(3_700).await;
    assert_eq!(rig.ready("x").0, "InvalidSpec");
    assert!(rig.world.iam.get(&role("x")).is_some());
    assert_eq!(rig.writes(), [""; 0]);
    rig.seconds(3_600).await;
    assert_eq!(rig.ready("x").0, "Expired");
    assert!(rig.world.iam.get(&role("x")).is_none());
    rig.clear();
    rig.seconds(7_200).await;
    assert_eq!((rig.writes(), rig.world.cluster.counts().total()), (Vec::new(), 0));
}

/// A grant that no controller takes.
const REFUSED: &str =
    r#"{"name":"ci","githubActions":{"owner":"o","repository":"..","refs":["refs/heads/main"]}}"#;

fn refused(more: &str) -> String {
    plain(more).replacen('[', &format!("[{REFUSED},"), 1)
}

fn nested() -> String {
    plain(&format!(r#""tags":{}"x"{}"#, r#"{"a":"#.repeat(90), "}".repeat(90)))
}

#[rstest]
#[case::with_the_same_end(refused(r#""lifetime":{"ttl":"10m"}"#), 600)]
#[case::with_a_later_end(refused(r#""lifetime":{"ttl":"99h"}"#), 600)]
#[case::without_an_end(refused(""), 600)]
#[case::with_an_end_that_is_none(refused(r#""lifetime":{"ttl":"soon"}"#), 600)]
#[case::with_an_earlier_end(refused(r#""lifetime":{"ttl":"5m"}"#), 300)]
#[case::with_an_earlier_moment(refused(r#""lifetime":{"expiresAt":"2026-01-01T00:05:00Z"}"#), 300)]
#[case::with_two_ends(
    refused(r#""lifetime":{"ttl":"99h","expiresAt":"2026-01-01T00:05:00Z"}"#),
    300
)]
#[case::that_cannot_be_read(nested(), 600)]
#[case::misspelt(plain(r#""lifetme":{"ttl":"10m"}"#), 600)]
#[tokio::test(start_paused = true)]
async fn a_role_ends_in_its_time_while_its_spec_is_refused(#[case] spec: String, #[case] end: u64) {
    let mut rig = Rig::with(&plain(r#""lifetime":{"ttl":"10m"}"#)).await;
    rig.apply("x", &spec);
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "InvalidSpec");
    rig.seconds(end - 15).await;
    assert!(rig.world.iam.get(&role("x")).is_some());
    assert_eq!(rig.writes(), [""; 0]);
    rig.seconds(10).await;
    assert_eq!(rig.ready("x").0, "Expired");
    assert!(rig.world.iam.get(&role("x")).is_none());
    // It stays so, also after a restart.
    rig.clear();
    rig.restart().await;
    rig.seconds(7_200).await;
    assert_eq!((rig.writes(), rig.world.cluster.counts().total()), (Vec::new(), 0));
}

#[tokio::test(start_paused = true)]
async fn only_a_spec_that_is_accepted_moves_the_end_later_or_takes_it_away() {
    for more in [r#""lifetime":{"ttl":"99h"}"#, ""] {
        let rig = Rig::with(&plain(r#""lifetime":{"ttl":"10m"}"#)).await;
        let saved = rig.status("x").expires_at;
        rig.apply("x", &refused(more));
        rig.seconds(60).await;
        assert_eq!(rig.status("x").expires_at, saved);
        rig.apply("x", &plain(more));
        rig.seconds(3_600).await;
        assert!(rig.is_ready("x"));
        assert_ne!(rig.status("x").expires_at, saved);
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_is_saved_when_it_is_first_known_and_outlives_crash_and_edit() {
    let mut rig = Rig::with(&plain("")).await;
    rig.apply("x", &refused(r#""lifetime":{"ttl":"10m"}"#));
    rig.seconds(5).await;
    assert_eq!(rig.status("x").expires_at.unwrap().0.to_string(), "2026-01-01T00:10:00Z");
    rig.apply("x", &refused(""));
    rig.seconds(5).await;
    rig.kill().await;
    rig.seconds(3_600).await;
    rig.start();
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "Expired");
    assert!(rig.world.iam.get(&role("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_keeps_a_role_past_its_end_is_counted_as_overdue() {
    for keeps in ["paused", "observed", "refused", "refused and observed"] {
        let rig = Rig::with(&plain(r#""lifetime":{"ttl":"2m"}"#)).await;
        let observe = r#""lifetime":{"ttl":"2m"},"driftPolicy":"Observe""#;
        match keeps {
            "paused" => {
                rig.world.cluster.annotate(&key("x"), PAUSED, Some("true"));
            }
            "observed" => rig.apply("x", &plain(observe)),
            "refused and observed" => rig.apply("x", &refused(observe)),
            _ => {
                rig.world.iam.add_instance_profile("p", &role("x"));
                rig.apply("x", &refused(""));
            }
        }
        rig.seconds(300).await;
        assert!(rig.world.iam.get(&role("x")).is_some(), "{keeps}");
        rig.expect(&[(r#"roles_expiring{within_seconds="0"}"#, 1.0)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_not_allowed_holds_up_nothing() {
    let mut rig = Rig::without_windows();
    rig.limits.allow_pause = false;
    rig.start();
    rig.apply("x", &plain(r#""lifetime":{"ttl":"10m"}"#));
    rig.world.cluster.annotate(&key("x"), PAUSED, Some("true"));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    rig.world.iam.set_description(&role("x"), Some("by hand"));
    rig.a_sweep().await;
    assert_eq!(rig.world.iam.get(&role("x")).unwrap().description, None);
    rig.seconds(600).await;
    assert_eq!(rig.ready("x").0, "Expired");
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
}

#[rstest]
#[case::observe(r#""driftPolicy":"Observe""#, "spec.driftPolicy: Observe is not allowed here")]
#[case::retain(r#""deletionPolicy":"Retain""#, "spec.deletionPolicy: Retain is not allowed here")]
#[tokio::test(start_paused = true)]
async fn what_is_not_allowed_to_stay_is_refused_and_ends_in_its_time(
    #[case] wish: &str,
    #[case] words: &str,
) {
    for deleted in [false, true] {
        let spec = plain(&format!(r#"{wish},"lifetime":{{"ttl":"10m"}}"#));
        let mut rig = Rig::with(&plain(r#""lifetime":{"ttl":"10m"}"#)).await;
        rig.apply("x", &spec);
        rig.seconds(5).await;
        assert!(rig.is_ready("x"));
        rig.stop().await;
        (rig.limits.allow_observe, rig.limits.allow_retain) = (false, false);
        rig.start();
        rig.seconds(5).await;
        assert_eq!(rig.ready("x").0, "InvalidSpec");
        assert!(rig.ready("x").1.contains(words), "{}", rig.ready("x").1);
        if deleted {
            // Neither kept nor removed: it says so, until the end.
            rig.world.cluster.delete(&key("x"));
            rig.seconds(60).await;
            assert_eq!(rig.ready("x").0, "DeletionBlocked");
            assert!(rig.ready("x").1.contains(words), "{}", rig.ready("x").1);
        }
        assert!(rig.world.iam.get(&role("x")).is_some());
        rig.seconds(900).await;
        assert!(rig.world.iam.get(&role("x")).is_none(), "{wish} {deleted}");
        assert_eq!(rig.world.cluster.resource(&key("x")).is_none(), deleted);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_second_of_the_calendar_is_a_time_and_means_never() {
    let mut rig = Rig::with(&plain(r#""lifetime":{"expiresAt":"9999-12-31T23:59:59Z"}"#)).await;
    assert!(rig.status("x").expires_at.unwrap().0.to_string().starts_with("9999-12-30T22:00:00"));
    rig.restart().await;
    rig.seconds(7_200).await;
    assert!(rig.is_ready("x"));
    assert!(rig.world.iam.get(&role("x")).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_ttl_whose_end_is_no_time_is_refused() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("x", &plain(r#""lifetime":{"ttl":"2999999d"}"#));
    rig.seconds(5).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "InvalidSpec");
    assert!(message.contains("spec.lifetime.ttl: ends after the year 9999"), "{message}");
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_was_never_made_is_not_said_to_be_deleted() {
    let mut rig = Rig::without_windows();
    rig.world.iam.deny("CreateRole");
    rig.start();
    rig.apply("past", &plain(r#""lifetime":{"expiresAt":"2001-01-01T00:00:00Z"}"#));
    rig.apply("denied", &plain(r#""lifetime":{"ttl":"2m"}"#));
    rig.seconds(300).await;
    for _ in 0..2 {
        for name in ["past", "denied"] {
            let (reason, message) = rig.ready(name);
            assert_eq!(reason, "Expired", "{name}");
            assert!(message.ends_with("and the role was never made"), "{name}: {message}");
            rig.world.cluster.annotate(
                &key(name),
                crate::api::RECONCILE_REQUESTED_AT,
                Some("again"),
            );
        }
        rig.seconds(5).await;
    }
    let rig = Rig::with(&plain(r#""lifetime":{"ttl":"2m"}"#)).await;
    rig.seconds(300).await;
    rig.world.cluster.annotate(&key("x"), crate::api::RECONCILE_REQUESTED_AT, Some("again"));
    rig.seconds(5).await;
    assert!(rig.ready("x").1.ends_with("and the role is deleted"), "{}", rig.ready("x").1);
}
