use super::*;

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
