//! Credentials that are of another account for a while: nothing is written, made again or let go.

use super::*;
use crate::{
    plan::failure::IamErrorClass,
    sim::{Fault, Rule},
};

#[tokio::test(start_paused = true)]
async fn with_credentials_of_another_account_nothing_is_made_removed_or_let_go() {
    let rig = Rig::with(&whole()).await;
    rig.apply("y", &plain(""));
    rig.seconds(5).await;
    let before = rig.world.iam.roles();
    rig.clear();
    rig.world.iam.fault(Rule::new(Fault::Error(IamErrorClass::OtherAccount)).always());
    rig.apply("x", &plain(""));
    rig.apply("z", &plain(""));
    rig.world.cluster.delete(&key("y"));
    rig.seconds(600).await;
    for name in ["x", "y", "z"] {
        assert_eq!(rig.ready(name).0, "OtherAccount", "{name}");
        assert!(rig.has(name, "Stalled"), "{name}");
    }
    assert_eq!((rig.writes(), rig.world.iam.roles()), (vec![], before));
    assert!(rig.is_running());
    rig.expect(&[(r#"resources{condition="Stalled",status="True",reason="OtherAccount"}"#, 3.0)]);
    // Back again, it goes on by itself.
    rig.world.iam.clear_faults();
    rig.seconds(61).await;
    assert!(rig.is_ready("x") && rig.is_ready("z"));
    assert!(rig.world.cluster.resource(&key("y")).is_none());
    assert!(rig.world.iam.get(&role("y")).is_none());
}

/// They change in the middle of a plan.
#[tokio::test(start_paused = true)]
async fn a_plan_stops_where_the_account_changes() {
    let mut rig = Rig::without_windows();
    rig.start();
    let other = || Rule::new(Fault::Error(IamErrorClass::OtherAccount));
    rig.world.iam.fault(other().on("AttachRolePolicy").always());
    rig.apply("x", &whole());
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "OtherAccount");
    rig.world.iam.clear_faults();
    rig.seconds(61).await;
    assert!(rig.is_ready("x"));
    // Before anything was sent the role was not made, and its resource goes at once.
    rig.world.iam.fault(other().on("CreateRole").always());
    rig.apply("z", &plain(""));
    rig.seconds(5).await;
    assert_eq!((rig.ready("z").0.as_str(), rig.status("z").creating), ("OtherAccount", None));
}
