//! Many roles that another version, or another setting, would change at once.

use super::{
    brakes::{confirmation, held, named, with},
    *,
};
use crate::{
    plan::{decide::brakes::confirm::Verb, failure::IamErrorClass},
    sim::{Fault, RoleState, Rule},
};

/// Another setting makes another role of every resource.
async fn with_another_boundary(spaces: &[(&str, usize)]) -> Rig {
    let mut rig = with(spaces).await;
    rig.stop().await;
    rig.world.iam.add_policy("other");
    rig.limits.boundary =
        BoundaryRule::Always("arn:{partition}:iam::{accountId}:policy/other".into());
    rig.start();
    rig
}

/// Each change takes some seconds.
fn slowly(rig: &Rig) {
    let slow = Fault::Delay(Duration::from_secs(3));
    rig.world.iam.fault(Rule::new(slow).on("PutRolePermissionsBoundary").always());
}

fn changed(rig: &Rig) -> usize {
    let boundary = |role: &RoleState| role.boundary.clone().unwrap_or_default();
    rig.world.iam.roles().iter().filter(|role| boundary(role).ends_with("/other")).count()
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_changes_few_roles_is_carried_out() {
    let rig = with_another_boundary(&[("a", 10)]).await;
    rig.seconds(75).await;
    assert_eq!((changed(&rig), held(&rig, "ChangeHeld").len()), (10, 0));
    let status = rig.world.cluster.resource(&named("a", 0)).unwrap().status;
    assert_eq!(status.applied_hash, None, "at rest it says nothing");
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_changes_many_roles_is_held_and_shown() {
    let mut rig = with_another_boundary(&[("a", 20)]).await;
    rig.seconds(120).await;
    assert_eq!((rig.writes(), held(&rig, "ChangeHeld").len()), (vec![], 20));
    let status = rig.world.cluster.resource(&named("a", 0)).unwrap().status;
    assert!(status.plan.unwrap()[0].contains("policy/other"));
    assert!(status.applied_hash.is_some_and(|applied| Some(applied) != status.desired_hash));
    // A restart does not take it for drift.
    rig.restart().await;
    rig.seconds(120).await;
    assert_eq!((rig.writes(), held(&rig, "ChangeHeld").len()), (vec![], 20));
    rig.clear();
    rig.seconds(120).await;
    assert_eq!(rig.world.cluster.counts().total(), 0, "it costs nothing");
    // What its people change goes, and so does what they ask for.
    rig.world.cluster.apply(&named("a", 0), &plain(r#""description":"d""#)).unwrap();
    rig.world.cluster.annotate(&named("a", 1), "rolewright.dev/reconcile-requested-at", Some("1"));
    rig.seconds(10).await;
    assert_eq!((changed(&rig), held(&rig, "ChangeHeld").len()), (2, 18));
    // The setting is taken back: nothing was changed, and all is as it was.
    rig.stop().await;
    rig.limits.boundary =
        BoundaryRule::Always("arn:{partition}:iam::{accountId}:policy/boundary".into());
    rig.clear();
    rig.start();
    rig.seconds(120).await;
    assert_eq!((changed(&rig), held(&rig, "ChangeHeld").len()), (0, 0));
    assert_eq!(rig.writes(), ["PutRolePermissionsBoundary"; 2]);
}

#[tokio::test(start_paused = true)]
async fn drift_is_never_held() {
    let rig = with(&[("a", 20)]).await;
    for number in 0..20 {
        rig.world.iam.set_description(&format!("test-a_x{number:03}"), Some("theirs"));
    }
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["UpdateRole"; 20]);
    assert!(held(&rig, "ChangeHeld").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_change_goes_one_then_ten_then_a_share_at_a_time() {
    let rig = with_another_boundary(&[("a", 35)]).await;
    rig.seconds(60).await;
    slowly(&rig);
    rig.world.cluster.confirm(&confirmation(&rig, Verb::Changes, None));
    let mut most = Vec::new();
    for _ in 0..200 {
        rig.seconds(1).await;
        let (done, begun) = (changed(&rig), rig.writes().len());
        // What has begun is never beyond the lot that what is done allows.
        let reach = [1, 11, 21, 31, 41].into_iter().find(|reach| done < *reach).unwrap();
        assert!(begun <= reach, "{begun} begun, {done} done");
        most.push(done);
    }
    assert!([1, 11, 21, 31, 35].iter().all(|stage| most.contains(stage)), "{most:?}");
    assert!(held(&rig, "ChangeHeld").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_failure_stops_the_roll_out_and_the_rest_says_so() {
    let rig = with_another_boundary(&[("a", 35)]).await;
    rig.seconds(60).await;
    rig.world.cluster.confirm(&confirmation(&rig, Verb::Changes, None));
    let broken = Rule::new(Fault::Error(IamErrorClass::Refused))
        .on("PutRolePermissionsBoundary")
        .role("test-a_x004")
        .always();
    rig.world.iam.fault(broken);
    rig.seconds(300).await;
    assert_eq!(changed(&rig), 10, "one, and nine of ten");
    let waiting = held(&rig, "ChangeHeld");
    assert_eq!(waiting.len(), 24);
    assert!(waiting[0].status.conditions[0].message.contains("step by step"));
    // It stays so, whoever asks.
    rig.seconds(600).await;
    assert_eq!(changed(&rig), 10);
    rig.world.iam.clear_faults();
    rig.seconds(4_000).await;
    assert_eq!(changed(&rig), 35);
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_change_covers_no_other_change() {
    let mut rig = with_another_boundary(&[("a", 35)]).await;
    rig.seconds(60).await;
    slowly(&rig);
    rig.world.cluster.confirm(&confirmation(&rig, Verb::Changes, None));
    rig.seconds(12).await;
    rig.stop().await;
    let done = changed(&rig);
    assert!((1..35).contains(&done), "{done}");
    rig.world.iam.add_policy("third");
    rig.limits.boundary =
        BoundaryRule::Always("arn:{partition}:iam::{accountId}:policy/third".into());
    rig.clear();
    rig.start();
    rig.seconds(120).await;
    assert_eq!((rig.writes(), held(&rig, "ChangeHeld").len()), (vec![], 35));
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_all_of_them_gets_a_share_and_the_rest_stays_held() {
    let rig = with_another_boundary(&[("a", 20)]).await;
    rig.seconds(60).await;
    assert_eq!(held(&rig, "ChangeHeld").len(), 20);
    let ask = |value: &str| {
        for number in 0..20 {
            let annotation = crate::api::RECONCILE_REQUESTED_AT;
            rig.world.cluster.annotate(&named("a", number), annotation, Some(value));
        }
    };
    ask("1");
    rig.seconds(60).await;
    assert_eq!((changed(&rig), held(&rig, "ChangeHeld").len()), (10, 10));
    // Whoever asks again within ten minutes gets no more.
    ask("2");
    rig.seconds(60).await;
    assert_eq!((changed(&rig), held(&rig, "ChangeHeld").len()), (10, 10));
    rig.world.cluster.confirm(&confirmation(&rig, Verb::Changes, None));
    rig.seconds(60).await;
    assert_eq!((changed(&rig), held(&rig, "ChangeHeld").len()), (20, 0));
}
