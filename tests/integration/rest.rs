//! At rest there is silence: no write to AWS, none to the API server, whatever the number of sweeps
//! and restarts.

use serde_json::json;

use harness::world::{World, lambda, whole};

#[tokio::test]
async fn twenty_sweeps_and_three_restarts_write_nothing_to_aws_or_kubernetes() {
    let mut world = World::new("rest").await;
    world.apply("x", &whole());
    world.apply("y", &json!({"trust": [lambda()], "driftPolicy": "Observe"}));
    world.apply(
        "z",
        &json!({"trust": [lambda()], "lifetime": {"ttl": "720h"}, "deletionPolicy": "Retain"}),
    );
    world.wait_ready("x");
    world.wait_reason("y", "WouldChange");
    world.wait_ready("z");
    world.wait_sweeps(2);
    let user = world.scope.controller_user.clone();
    let written = |world: &World| world.scope.cluster.control_plane.audit_writes(&user).len();
    let before = written(&world);
    assert!(before > 0, "the audit log counts the controller's writes");
    world.clear();
    for _ in 0..3 {
        world.wait_sweeps(7);
        let status = world.controller().terminate();
        assert!(status.success(), "{status}");
        world.start();
    }
    world.wait_sweeps(2);
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert_eq!(
        written(&world),
        before,
        "{:?}",
        world.scope.cluster.control_plane.audit_writes(&user)
    );
}

#[tokio::test]
async fn a_sweep_costs_two_calls_a_page_however_many_roles_there_are() {
    let world = World::new("pages").await;
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let iam = world.scope.iam();
    for number in 0..250 {
        let name = format!("other-{number}");
        iam.create_role()
            .role_name(name)
            .assume_role_policy_document(trust)
            .send()
            .await
            .expect("a role");
    }
    world.clear();
    // Pages are counted here, three of them make a sweep.
    world.wait_sweeps(9);
    let calls = world.scope.cluster.standin.calls(&world.scope.account);
    let bulk: Vec<&str> = calls
        .iter()
        .filter(|call| call.access_key == world.scope.account.controller_key)
        .map(|call| call.action.as_str())
        .filter(|action| ["GetAccountAuthorizationDetails", "ListRoles"].contains(action))
        .collect();
    // A whole sweep, from where one listing follows the other of the sweep before: pages of at most
    // 100 of 250 roles.
    let turn = bulk
        .windows(2)
        .position(|pair| pair == ["ListRoles", "GetAccountAuthorizationDetails"])
        .expect("sweeps");
    let whole = &bulk[turn + 1..turn + 7];
    let expected = [["GetAccountAuthorizationDetails"; 3], ["ListRoles"; 3]].concat();
    assert_eq!(whole, expected, "{bulk:?}");
    assert_eq!(
        bulk.get(turn + 7).copied().unwrap_or("GetAccountAuthorizationDetails"),
        "GetAccountAuthorizationDetails"
    );
}
