//! Corrections that do not last.

use super::*;

/// Somebody sets the description anew after each correction, for so many minutes.
async fn fought_over(rig: &Rig, minutes: u64) {
    for _ in 0..minutes {
        rig.seconds(60).await;
        rig.world.iam.set_description(&role("x"), Some("other"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_correction_that_does_not_last_is_made_ever_more_seldom_and_named() {
    let rig = Rig::with(&whole()).await;
    fought_over(&rig, 12).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "DriftContested");
    let values = r#"attributes: AWS has 3600 s, "other", and the resource asks for 3600 s, "d""#;
    assert!(message.contains(values), "{message}");
    assert!(rig.has("x", "Stalled") && rig.reasons().contains(&"DriftContested"));
    fought_over(&rig, 300).await;
    let writes = rig.writes().len();
    assert!((8..16).contains(&writes), "{writes} corrections in five hours");
    // The calls and the status go with them.
    assert!(rig.world.cluster.counts().total() < 80);
}

#[tokio::test(start_paused = true)]
async fn what_widens_is_taken_back_at_once_however_often() {
    let rig = Rig::with(&whole()).await;
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    for _ in 0..8 {
        rig.world.iam.attach(&role("x"), admin);
        rig.world.iam.set_max_session(&role("x"), 7_200);
        rig.a_sweep().await;
        let now = rig.world.iam.get(&role("x")).unwrap();
        assert!(!now.attached.contains(admin) && now.max_session == 3_600);
    }
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn other_parts_are_corrected_meanwhile_and_a_change_of_the_resource_begins_anew() {
    let rig = Rig::with(&whole()).await;
    fought_over(&rig, 12).await;
    assert_eq!(rig.ready("x").0, "DriftContested");
    rig.clear();
    rig.world.iam.set_boundary(&role("x"), None);
    rig.a_sweep().await;
    assert_eq!(rig.writes()[0], "PutRolePermissionsBoundary");
    rig.apply("x", &whole().replace(r#""description":"d""#, r#""description":"e""#));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn a_tag_waits_but_for_one_that_a_document_of_the_role_asks_for() {
    let by_tag = r#"{"name":"by-tag","document":{"Version":"2012-10-17","Statement":[{
        "Effect":"Allow","Action":"s3:GetObject","Resource":"*",
        "Condition":{"StringEquals":{"s3:prefix":"${aws:principaltag/team}"}}}]}}"#;
    let rig = Rig::with(&plain(&format!(
        r#""tags":{{"owner":"a","Team":"a"}},"permissions":{{"inlinePolicies":[{by_tag}]}}"#
    )))
    .await;
    for _ in 0..12 {
        rig.world.iam.tag(&role("x"), "owner", "b");
        rig.a_sweep().await;
    }
    assert_eq!(rig.ready("x").0, "DriftContested");
    for _ in 0..8 {
        rig.world.iam.tag(&role("x"), "Team", "b");
        rig.a_sweep().await;
        assert_eq!(rig.world.iam.get(&role("x")).unwrap().tags["Team"], "a");
    }
}
