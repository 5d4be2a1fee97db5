//! Only a leader writes: the engine stops with its leadership, in the middle of everything.

use tokio::time::Instant;

use super::*;
use crate::{
    election::leadership::Standing,
    sim::{Fault, Rule},
};

/// A leader with one resource that is ready, whose next call of `action` takes half a minute.
async fn leader(action: &'static str) -> (Rig, watch::Sender<Standing>) {
    let mut rig = Rig::without_windows();
    let (standing, leadership) = Leadership::contested();
    standing.send(Standing::Leading { until: Instant::now() + Duration::from_hours(1) }).unwrap();
    rig.start_as(rig.world.clone(), leadership);
    rig.apply("x", &whole());
    rig.seconds(5).await;
    assert!(rig.is_ready("x"), "{:?}", rig.status("x"));
    rig.clear();
    rig.world.iam.fault(Rule::new(Fault::DelayAnswer(Duration::from_secs(30))).on(action));
    rig.apply(
        "x",
        &whole()
            .replace(r#""description":"d""#, r#""description":"e""#)
            .replace(r#""owner":"a""#, r#""owner":"b""#),
    );
    rig.seconds(1).await;
    (rig, standing)
}

#[tokio::test(start_paused = true)]
async fn without_leadership_no_step_follows_the_one_in_flight_and_the_status_stays() {
    let (mut rig, standing) = leader("UpdateRole").await;
    let before = rig.status("x");
    assert_eq!(rig.writes(), ["UpdateRole"]);
    standing.send(Standing::Over).unwrap();
    rig.ended().await.unwrap();
    rig.seconds(60).await;
    assert_eq!(rig.writes(), ["UpdateRole"]);
    assert_eq!(rig.status("x"), before, "who leads now writes the status");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passed_without_a_word_stops_a_pass_that_was_reading() {
    let (mut rig, standing) = leader("GetRole").await;
    standing.send(Standing::Leading { until: Instant::now() + Duration::from_secs(10) }).unwrap();
    rig.seconds(60).await;
    rig.ended().await.unwrap();
    assert_eq!(rig.writes(), Vec::<&str>::new());
}

#[tokio::test(start_paused = true)]
async fn a_leadership_that_is_renewed_in_the_middle_of_a_step_goes_on() {
    let (rig, standing) = leader("UpdateRole").await;
    for _ in 0..40 {
        standing
            .send(Standing::Leading { until: Instant::now() + Duration::from_secs(10) })
            .unwrap();
        rig.seconds(2).await;
    }
    assert!(rig.is_ready("x"));
    assert_eq!(rig.writes().iter().filter(|action| **action == "UpdateRole").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn before_it_begins_a_replica_neither_reads_nor_writes() {
    let (_standing, leadership) = Leadership::contested();
    let mut rig = Rig::new();
    rig.apply("x", &whole());
    rig.start_as(rig.world.clone(), leadership);
    rig.ended().await.unwrap();
    assert!(rig.world.iam.calls().is_empty());
}
