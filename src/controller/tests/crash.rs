//! The controller is stopped before and after each single write, to AWS and to the API server
//! alike, and started with empty memory; where several are in flight, with any of them carried out.
//! The stop points are the writes that an undisturbed run makes, not a list.

use super::*;
use crate::sim::RoleState;

/// What must be the same however often the controller was stopped.
#[derive(Debug, PartialEq)]
struct End {
    roles: Vec<RoleState>,
    ready: Option<(bool, String)>,
    /// The role that the service account `pod` names.
    pod: Option<String>,
}

fn end(rig: &Rig) -> End {
    let mut roles = rig.world.iam.roles();
    for role in &mut roles {
        // A role that was made again has another id and time of creation.
        role.role_id.clear();
        role.created = jiff::Timestamp::UNIX_EPOCH;
    }
    let ready = rig.world.cluster.resource(&key("x")).map(|resource| {
        (conditions::is_ready(&resource.status, resource.generation), rig.ready("x").0)
    });
    End { roles, ready, pod: rig.world.cluster.role_of(&key("pod")) }
}

async fn prepared(begin: &[&str]) -> Rig {
    let mut rig = Rig::without_windows();
    rig.world.cluster.put_service_account(&key("pod"), None);
    rig.start();
    rig.seconds(1).await;
    for spec in begin {
        rig.apply("x", spec);
        rig.seconds(5).await;
    }
    rig
}

/// Runs `change` undisturbed, then once for each stop point. Returns the number of stop points.
async fn every_stop(begin: &[&str], change: impl Fn(&Rig)) -> u64 {
    let rig = prepared(begin).await;
    let before = rig.world.crash.writes();
    change(&rig);
    rig.seconds(200).await;
    let (expected, writes) = (end(&rig), rig.world.crash.writes() - before);
    assert!(expected.ready.as_ref().is_none_or(|(ready, _)| *ready), "{expected:?}");
    let mut points = 0;
    for write in 1..=writes {
        // Of the calls that are in flight at this write any may be carried out, or none.
        let (mut applied, mut in_flight) = (0, 1);
        while applied < 1_u32 << in_flight {
            let mut rig = prepared(begin).await;
            rig.world.crash.stop_in_flight(write, applied);
            change(&rig);
            tokio::time::timeout(Duration::from_mins(5), rig.world.crash.crashed())
                .await
                .expect("the stop point is reached");
            rig.kill().await;
            in_flight = rig.world.crash.writes() - before - write + 1;
            rig.world.restart();
            rig.start();
            rig.seconds(200).await;
            let stop = format!("stopped at write {write} of {in_flight}, carried out {applied:b}");
            assert_eq!(end(&rig), expected, "{stop}");
            // And it stays.
            rig.clear();
            rig.seconds(200).await;
            let later = (rig.writes(), rig.world.cluster.calls());
            assert!(
                later.0.is_empty() && rig.world.cluster.counts().total() == 0,
                "no silence, {stop}: {later:#?}"
            );
            points += 1;
            applied += 1;
        }
    }
    points
}

#[tokio::test(start_paused = true)]
async fn creating_survives_a_stop_at_every_write() {
    let points = every_stop(&[], |rig| rig.apply("x", &whole())).await;
    // Finalizer, status, CreateRole, any of three policies, final status and Events.
    assert!(points >= 20, "{points}");
    println!("stop points of creating: {points}");
}

#[tokio::test(start_paused = true)]
async fn changing_survives_a_stop_at_every_write() {
    let ec2 = r#"{"name":"ec2","service":{"name":"ec2.amazonaws.com","sourceAccount":"None"}}"#;
    let other = format!(
        r#"{{"maxSessionDuration":"2h","trust":[{ec2}],"permissions":{{"managedPolicies":["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]}},"tags":{{"project":"p"}}}}"#
    );
    let points = every_stop(&[&whole()], |rig| rig.apply("x", &other)).await;
    assert!(points >= 16, "{points}");
    println!("stop points of changing: {points}");
}

#[tokio::test(start_paused = true)]
async fn deleting_survives_a_stop_at_every_write() {
    let points = every_stop(&[&whole()], |rig| assert!(rig.world.cluster.delete(&key("x")))).await;
    assert!(points >= 12, "{points}");
    println!("stop points of deleting: {points}");
}

#[tokio::test(start_paused = true)]
async fn annotating_a_service_account_and_letting_it_go_survive_a_stop_at_every_write() {
    let annotated =
        r#"{"trust":[{"name":"pods","serviceAccount":{"name":"pod","annotate":true}}]}"#;
    let begun = every_stop(&[], |rig| rig.apply("x", annotated)).await;
    let dropped = every_stop(&[annotated], |rig| rig.apply("x", &plain(""))).await;
    let deleted =
        every_stop(&[annotated], |rig| assert!(rig.world.cluster.delete(&key("x")))).await;
    assert!(
        begun > 3 && dropped > 3 && deleted > 2,
        "{begun}, {dropped} and {deleted} stop points"
    );
}
