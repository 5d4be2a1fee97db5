use super::*;

#[tokio::test(start_paused = true)]
async fn observe_shows_the_plan_and_writes_nothing_to_aws() {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("x", &plain(r#""driftPolicy":"Observe""#));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.ready("x").0, "WouldChange");
    let plan = rig.status("x").plan.unwrap();
    assert!(plan[0].starts_with("+ create role test-a_x"), "{plan:?}");
    assert!(plan[0].contains("Allow sts:AssumeRole to lambda.amazonaws.com"), "{plan:?}");
    assert_eq!(rig.reasons(), ["WouldChange"]);
    // Deletion leaves AWS as it is, and nothing holds the resource.
    assert!(rig.world.cluster.delete(&key("x")));
    rig.seconds(5).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn observe_follows_what_happens_in_aws_and_is_ready_when_equal() {
    let rig = Rig::with(&plain("")).await;
    rig.apply("x", &plain(r#""driftPolicy":"Observe""#));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.a_sweep().await;
    assert_eq!(rig.ready("x").0, "WouldChange");
    rig.world.iam.attach(&role("x"), AUDIT);
    rig.a_sweep().await;
    assert_eq!(rig.status("x").plan.unwrap().len(), 2);
    rig.world.iam.set_description(&role("x"), None);
    rig.world.iam.detach(&role("x"), AUDIT);
    rig.a_sweep().await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.status("x").plan, None);
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn of_a_foreign_role_observe_shows_the_plan_and_that_it_is_not_ours() {
    let mut rig = Rig::without_windows();
    rig.world.iam.put_role(crate::sim::RoleState::new(&role("x")));
    rig.start();
    rig.apply("x", &plain(r#""driftPolicy":"Observe""#));
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "NotOwned");
    assert!(!rig.status("x").plan.unwrap().is_empty());
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_paused_resource_is_not_written_and_its_deletion_waits() {
    let rig = Rig::with(&plain("")).await;
    rig.world.cluster.annotate(&key("x"), crate::api::PAUSED, Some("true"));
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.a_sweep().await;
    assert_eq!(rig.ready("x").0, "Paused");
    assert_eq!(rig.writes(), [""; 0]);
    rig.world.cluster.delete(&key("x"));
    rig.a_sweep().await;
    assert!(rig.ready("x").1.contains("the deletion waits"));
    assert_eq!(rig.writes(), [""; 0]);
    rig.world.cluster.annotate(&key("x"), crate::api::PAUSED, None);
    rig.seconds(5).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    assert!(rig.world.iam.get(&role("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_neither_true_nor_false_counts_as_one_and_is_said() {
    let mut rig = Rig::with(&plain("")).await;
    let pause = |rig: &Rig, value| rig.world.cluster.annotate(&key("x"), crate::api::PAUSED, value);
    pause(&rig, Some("yes"));
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.a_sweep().await;
    let told = |rig: &Rig, value: &str| {
        let (reason, message) = rig.ready("x");
        assert_eq!(reason, "Paused");
        let words = format!("rolewright.dev/paused is {value}: nothing is written");
        assert!(message.contains(&words), "{message}");
    };
    told(&rig, r#""yes", neither true nor false, and counts as true"#);
    // What is told is what stands there now, and told once.
    pause(&rig, Some("True"));
    rig.seconds(5).await;
    told(&rig, r#""True", neither true nor false, and counts as true"#);
    rig.clear();
    rig.restart().await;
    rig.a_sweep().await;
    assert_eq!(rig.world.cluster.counts().total(), 0);
    pause(&rig, Some("true"));
    rig.seconds(5).await;
    told(&rig, "true");
    assert_eq!(rig.writes(), [""; 0]);
    pause(&rig, Some("false"));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["UpdateRole"]);
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn where_no_pause_is_allowed_none_counts_however_it_is_written() {
    for value in ["true", "yes"] {
        let mut rig = Rig::without_windows();
        rig.limits.allow_pause = false;
        rig.start();
        rig.apply("x", &plain(""));
        rig.world.cluster.annotate(&key("x"), crate::api::PAUSED, Some(value));
        rig.seconds(5).await;
        assert!(rig.is_ready("x"), "{value}: {:?}", rig.status("x"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_requested_reconcile_corrects_at_once_and_is_noted() {
    let rig = Rig::with(&plain("")).await;
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.world.cluster.annotate(&key("x"), crate::api::RECONCILE_REQUESTED_AT, Some("now"));
    rig.seconds(1).await;
    assert_eq!(rig.writes(), ["UpdateRole"]);
    assert_eq!(rig.status("x").last_handled_reconcile_at.as_deref(), Some("now"));
}
