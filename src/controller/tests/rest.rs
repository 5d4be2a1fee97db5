use super::*;

#[tokio::test(start_paused = true)]
async fn at_rest_twenty_sweeps_and_three_restarts_write_nothing_anywhere() {
    let mut rig = Rig::with(&whole()).await;
    rig.apply("y", &plain(r#""driftPolicy":"Observe""#));
    rig.apply("z", r#"{"trust":7}"#);
    rig.seconds(100).await;
    rig.clear();
    for _ in 0..4 {
        rig.seconds(20 * 60).await;
        rig.restart().await;
    }
    rig.seconds(60).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.world.cluster.counts().total(), 0);
}

#[tokio::test(start_paused = true)]
async fn short_pages_and_shuffled_trust_are_no_drift() {
    let rig = Rig::with(&whole()).await;
    rig.world.iam.short_pages(true);
    rig.world.iam.shuffle_trust(true);
    rig.clear();
    rig.seconds(20 * 60).await;
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_resources_cost_no_more_than_five_thousand_calls() {
    let mut rig = Rig::new();
    rig.start();
    let spec = plain(&format!(
        r#""permissions":{{"managedPolicies":["{AUDIT}"],"inlinePolicies":[{READ}]}}"#
    ));
    for number in 0..1_000 {
        rig.apply(&format!("r{number}"), &spec);
    }
    rig.seconds(300).await;
    assert!((0..1_000).all(|number| rig.is_ready(&format!("r{number}"))));
    let calls = rig.world.iam.calls().len();
    assert!(calls <= 5_000, "{calls}");
}
