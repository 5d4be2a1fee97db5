//! An account whose pages do not show permissions boundaries, as some stand-ins for AWS.

use super::*;

/// Three roles with a boundary that no page shows; at rest.
async fn hidden() -> Rig {
    let mut rig = Rig::new();
    rig.world.iam.hide_boundaries(true);
    rig.start();
    for name in ["x", "y", "z"] {
        rig.apply(name, &plain(""));
    }
    rig.seconds(400).await;
    rig.clear();
    rig
}

#[tokio::test(start_paused = true)]
async fn a_boundary_that_no_page_shows_costs_a_call_a_sweep_and_no_more() {
    let mut rig = hidden().await;
    rig.seconds(620).await;
    let calls = rig.calls();
    assert!(calls.iter().all(|action| *action == "GetRole"), "{calls:?}");
    assert!((9..=11).contains(&calls.len()), "one of three roles a sweep: {}", calls.len());
    assert_eq!(rig.world.cluster.counts(), crate::sim::cluster::WriteCounts::default());
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_boundary_that_is_taken_off_is_put_back_though_no_page_shows_it() {
    let mut rig = hidden().await;
    rig.world.iam.set_boundary(&role("y"), None);
    // Three roles, one read a sweep.
    rig.seconds(4 * 75).await;
    let put = rig.world.iam.get(&role("y")).unwrap().boundary;
    assert_eq!(put.as_deref(), Some(rig.boundary.as_str()));
    assert_eq!(rig.writes(), ["PutRolePermissionsBoundary"]);
    // What pages do show is seen as ever.
    rig.clear();
    rig.world.iam.attach(&role("x"), READ_ONLY);
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["DetachRolePolicy"]);
    assert_eq!(rig.world.iam.get(&role("x")).unwrap().boundary, Some(rig.boundary.clone()));
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn where_pages_show_boundaries_nothing_is_read_role_by_role() {
    let mut rig = Rig::new();
    rig.start();
    rig.apply("x", &plain(""));
    rig.apply("y", &plain(""));
    rig.seconds(400).await;
    rig.clear();
    rig.world.iam.set_boundary(&role("x"), None);
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["PutRolePermissionsBoundary"]);
    rig.clear();
    rig.seconds(600).await;
    assert_eq!(rig.calls(), [""; 0]);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn pages_that_show_boundaries_again_are_believed_again() {
    let mut rig = hidden().await;
    rig.world.iam.hide_boundaries(false);
    rig.seconds(130).await;
    rig.clear();
    rig.seconds(600).await;
    assert_eq!(rig.calls(), [""; 0]);
    rig.world.iam.set_boundary(&role("x"), None);
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["PutRolePermissionsBoundary"]);
    rig.stop().await;
}
