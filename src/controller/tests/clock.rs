//! The clock of the controller is wrong: too early or too late, or set while it runs.

use jiff::SignedDuration;

use super::*;

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// A role that ends half an hour after the start, under a clock that is wrong by so many minutes.
async fn brief(wrong_by: i64) -> Rig {
    let mut rig = Rig::without_windows();
    rig.world.clock.set(SignedDuration::from_mins(wrong_by));
    rig.start();
    rig.apply("x", &plain(r#""lifetime":{"ttl":"30m"}"#));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"), "{:?}", rig.status("x"));
    rig
}

fn exists(rig: &Rig) -> bool {
    rig.world.iam.get(&role("x")).is_some()
}

const OFFSET: &str = r#"clock_offset_seconds{account="123456789012"}"#;

#[tokio::test(start_paused = true)]
async fn an_hour_ahead_ends_no_lifetime_too_early_and_none_before_the_clock_is_right() {
    let rig = brief(60).await;
    rig.seconds(25 * 60).await;
    assert!(exists(&rig) && rig.is_ready("x"), "AWS says that it is not over");
    assert!(rig.health().clocks.contains("3600 s ahead of"), "{:?}", rig.health());
    rig.expect(&[(OFFSET, 3_600.0)]);
    rig.seconds(3_600).await;
    assert!(exists(&rig));
    assert_eq!(rig.ready("x").0, "ClocksApart");
    // Said once.
    rig.clear();
    rig.seconds(7_200).await;
    assert_eq!((rig.writes(), rig.world.cluster.counts().total()), (Vec::new(), 0));
    // Noticed with the next sweep at the latest.
    rig.world.clock.set(SignedDuration::ZERO);
    rig.seconds(65).await;
    assert!(!exists(&rig));
    assert_eq!(rig.ready("x").0, "Expired");
    assert_eq!(rig.health().clocks, "");
    rig.expect(&[(OFFSET, 0.0)]);
}

#[tokio::test(start_paused = true)]
async fn an_hour_behind_keeps_a_role_that_is_over_and_says_so() {
    let rig = brief(-60).await;
    rig.seconds(31 * 60).await;
    assert!(exists(&rig));
    rig.seconds(3_600).await;
    assert_eq!((rig.ready("x").0.as_str(), exists(&rig)), ("ClocksApart", true));
    assert!(rig.health().clocks.contains("3600 s behind"), "{:?}", rig.health());
    rig.world.clock.set(SignedDuration::ZERO);
    rig.seconds(65).await;
    assert!(!exists(&rig));
}

#[tokio::test(start_paused = true)]
async fn within_five_minutes_the_later_clock_decides() {
    for minutes in [-4, 4] {
        let rig = brief(minutes).await;
        let late = if minutes < 0 { 4 * 60 } else { 0 };
        rig.seconds(30 * 60 + late - 10).await;
        assert!(exists(&rig) && rig.is_ready("x"), "{minutes}");
        rig.seconds(15).await;
        assert_eq!((rig.ready("x").0.as_str(), exists(&rig)), ("Expired", false), "{minutes}");
        assert_eq!(rig.health().clocks, "");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_or_on_stops_neither_sweeps_nor_back_off() {
    for hours_off in [-5, 5] {
        let mut rig = Rig::new();
        rig.start();
        rig.apply("x", &whole());
        rig.seconds(200).await;
        assert!(rig.is_ready("x"));
        rig.world.clock.set(hours(hours_off));
        rig.world.iam.tag(&role("x"), "owner", "mallory");
        rig.seconds(75).await;
        let tags = rig.world.iam.get(&role("x")).unwrap().tags;
        assert_eq!(tags.get("owner").map(String::as_str), Some("a"), "{hours_off}");
        // A write that failed is tried again at its usual pace.
        rig.world.iam.deny("TagRole");
        rig.seconds(200).await;
        rig.apply("x", &whole().replace(r#""owner":"a""#, r#""owner":"b""#));
        rig.seconds(1).await;
        rig.world.clock.set(hours(-hours_off));
        rig.world.iam.allow("TagRole");
        rig.seconds(15).await;
        assert!(rig.is_ready("x"), "{hours_off}: {:?}", rig.ready("x"));
        // A role that is gone is made again after the absence delay, no later and no sooner.
        rig.world.iam.remove(&role("x"));
        rig.seconds(80).await;
        rig.world.clock.set(hours(hours_off));
        rig.seconds(60).await;
        assert!(exists(&rig), "{hours_off}");
        rig.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn before_aws_has_told_its_time_nothing_ends() {
    let rig = brief(0).await;
    rig.world.iam.dated(false);
    rig.seconds(3_600).await;
    assert!(exists(&rig) && rig.is_ready("x"));
    rig.world.iam.dated(true);
    rig.seconds(65).await;
    assert!(!exists(&rig));
    assert_eq!(rig.ready("x").0, "Expired");
}

#[tokio::test(start_paused = true)]
async fn the_read_that_tells_the_time_at_aws_first_is_not_too_late_to_hold_the_role() {
    let rig = brief(60).await;
    rig.world.iam.dated(false);
    rig.seconds(3_600).await;
    assert!(exists(&rig) && rig.is_ready("x"));
    rig.world.iam.dated(true);
    rig.seconds(65).await;
    assert_eq!((rig.ready("x").0.as_str(), exists(&rig)), ("ClocksApart", true));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_does_not_wait_for_the_clock() {
    let rig = brief(60).await;
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    assert!(!exists(&rig));
}

#[tokio::test(start_paused = true)]
async fn a_role_beyond_the_limits_does_not_end_by_a_wrong_clock_either() {
    let mut rig = brief(0).await;
    rig.stop().await;
    rig.limits.max_lifetime = Some(Duration::from_mins(10));
    rig.world.clock.set(hours(1));
    rig.start();
    rig.world.cluster.annotate(&key("x"), crate::api::RECONCILE_REQUESTED_AT, Some("1"));
    rig.seconds(60).await;
    assert_eq!((rig.ready("x").0.as_str(), exists(&rig)), ("InvalidSpec", true));
    rig.seconds(30 * 60).await;
    assert_eq!((rig.ready("x").0.as_str(), exists(&rig)), ("ClocksApart", true));
    rig.world.clock.set(SignedDuration::ZERO);
    rig.seconds(65).await;
    assert_eq!((rig.ready("x").0.as_str(), exists(&rig)), ("Expired", false));
}
