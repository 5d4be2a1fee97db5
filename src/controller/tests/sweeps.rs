//! A sweep reads its two listings side by side.

use rstest::rstest;

use super::*;
use crate::{
    pace::Rates,
    plan::failure::IamErrorClass,
    sim::{Fault, RoleState, Rule},
};

const LATENCY: Duration = Duration::from_millis(50);

/// One resource among foreign roles, in an account whose calls take a while.
async fn among(foreign: usize, page: usize, read: f64) -> Rig {
    let rig = Rig::with(&plain("")).await;
    for number in 0..foreign {
        rig.world.iam.put_role(RoleState::new(&format!("other-{number}")));
    }
    rig.world.iam.page_size(page);
    rig.world.iam.pace(Rates { read, write: 0.0 }, LATENCY);
    rig.clear();
    rig
}

/// From its first call to the last one.
fn took(rig: &Rig) -> Duration {
    let calls = rig.world.iam.calls();
    let (first, last) = (calls.first().unwrap().at, calls.last().unwrap().at);
    last.duration_since(first).try_into().unwrap()
}

fn pages(rig: &Rig) -> [usize; 2] {
    ["GetAccountAuthorizationDetails", "ListRoles"]
        .map(|action| rig.world.iam.calls().iter().filter(|call| call.action == action).count())
}

#[tokio::test(start_paused = true)]
async fn the_two_listings_of_a_sweep_are_read_side_by_side() {
    let rig = among(999, 100, 0.0).await;
    rig.a_sweep().await;
    assert_eq!(pages(&rig), [10, 10]);
    assert!(took(&rig) <= LATENCY * 10, "{:?}", took(&rig));
}

#[tokio::test(start_paused = true)]
async fn the_ceiling_of_reads_holds_for_both_listings_together() {
    let rig = among(999, 100, 2.0).await;
    rig.a_sweep().await;
    assert_eq!(pages(&rig), [10, 10]);
    assert!(took(&rig) >= Duration::from_secs(8), "{:?}", took(&rig));
}

#[rstest]
#[case("GetAccountAuthorizationDetails")]
#[case("ListRoles")]
#[tokio::test(start_paused = true)]
async fn a_listing_that_fails_ends_the_other_one_too(#[case] action: &str) {
    let mut rig = among(9, 1, 0.0).await;
    let rule = Rule::new(Fault::Error(IamErrorClass::ServerError)).on(action).nth(2);
    rig.world.iam.fault(rule);
    while pages(&rig).iter().sum::<usize>() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    let [details, summaries] = pages(&rig);
    assert!(details <= 2 && summaries <= 2, "{details} and {summaries} pages");
    assert!(rig.health().trouble.contains(action), "{:?}", rig.health());
    // It says nothing, and the next one is whole.
    rig.clear();
    rig.seconds(75).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.health().trouble, "");
    rig.stop().await;
}

/// Whoever looks closer has heard of both listings, in whatever order their pages came.
#[rstest]
#[case("GetAccountAuthorizationDetails")]
#[case("ListRoles")]
#[tokio::test(start_paused = true)]
async fn drift_that_both_listings_show_is_corrected_after_one_sweep(#[case] late: &str) {
    let rig = among(9, 1, 0.0).await;
    let rule = Rule::new(Fault::DelayAnswer(Duration::from_secs(1))).on(late).always();
    rig.world.iam.fault(rule);
    rig.world.iam.set_max_session(&role("x"), 7_200);
    rig.world.iam.attach(&role("x"), AUDIT);
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["DetachRolePolicy", "UpdateRole"]);
    assert_eq!(rig.status("x").drift.unwrap().count, 1);
}
