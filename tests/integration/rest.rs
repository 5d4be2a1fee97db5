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
    // The listings are read side by side, in pages of at most 100 of 250 roles: wherever a sweep
    // began, each six calls are three of either.
    let expected = [["GetAccountAuthorizationDetails"; 3], ["ListRoles"; 3]].concat();
    let whole = |begin: usize| {
        let mut sweeps = bulk[begin..].chunks_exact(6).map(|sweep| {
            let mut sweep = sweep.to_vec();
            sweep.sort_unstable();
            sweep == expected
        });
        sweeps.len() > 0 && sweeps.all(|whole| whole)
    };
    assert!((0..6).any(whole), "{bulk:?}");
}

/// A new role with three policies, and its removal: what the API server is asked to write.
#[tokio::test]
async fn a_new_role_costs_four_writes_to_kubernetes_and_a_removal_three() {
    let world = World::new("writes").await;
    let user = world.scope.controller_user.clone();
    let writes = || world.scope.cluster.control_plane.audit_writes(&user);
    let before = writes().len();
    world.apply("x", &whole());
    world.wait_ready("x");
    let made = writes().split_off(before);
    assert!((2..=4).contains(&made.len()), "{made:?}");
    let events = made.iter().filter(|write| write.resource == "events").count();
    assert_eq!(events, 1, "{made:?}");
    let notes = world
        .scope
        .kubectl(&["get", "events.v1.events.k8s.io", "-o", "jsonpath={.items[*].note}"])
        .ok();
    assert!(notes.contains("(1) + create role") && notes.contains("; (2) "), "{notes}");
    let before = before + made.len();
    world.delete("x");
    world.wait_gone("x");
    let removed = writes().split_off(before);
    assert!((2..=3).contains(&removed.len()), "{removed:?}");
}
