//! The main job on a real API server and a real AWS stand-in: a role is made, stays as written, and
//! goes.

use serde_json::json;

use harness::wait_until;
use harness::world::{SOON, World, lambda, whole};

#[tokio::test]
async fn a_role_is_made_complete_with_four_writes_and_one_read_and_goes_with_its_resource() {
    let world = World::new("create").await;
    // Several are attached: which of them denies is read once, for all new roles of ten minutes.
    world.apply("w", &whole());
    world.wait_ready("w");
    let mut reads = world.calls();
    reads.retain(|action| action.starts_with("GetPolicy"));
    reads.sort();
    assert_eq!(reads, ["GetPolicy", "GetPolicy", "GetPolicyVersion", "GetPolicyVersion"]);
    world.wait_sweeps(1);
    world.clear();
    world.apply("x", &whole());
    world.wait_ready("x");
    let mut calls = world.calls();
    calls.sort();
    assert_eq!(
        calls,
        ["AttachRolePolicy", "AttachRolePolicy", "CreateRole", "GetRole", "PutRolePolicy"]
    );
    let role = world.get_role(&world.role("x")).await.expect("the role");
    assert_eq!(role.description(), Some("d"));
    let boundary =
        role.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
    assert_eq!(
        boundary,
        Some(format!("arn:aws:iam::{}:policy/boundary", world.scope.account.id).as_str())
    );
    let resource = world.resource("x").expect("the resource");
    assert_eq!(resource["status"]["arn"], role.arn());
    assert_eq!(resource["status"]["roleId"], role.role_id());
    assert_eq!(resource["status"]["accountId"], world.scope.account.id.as_str());
    world.delete("x");
    world.wait_gone("x");
    assert!(world.get_role(&world.role("x")).await.is_none());
}

#[tokio::test]
async fn an_edited_value_of_a_tag_is_one_call() {
    let world = World::new("edit").await;
    world.apply("x", &whole());
    world.wait_ready("x");
    world.clear();
    let mut spec = whole();
    spec["tags"]["owner"] = json!("b");
    world.apply("x", &spec);
    world.wait_ready("x");
    assert_eq!(world.writes(), ["TagRole"]);
}

#[tokio::test]
async fn two_policies_that_are_put_in_one_pass_are_both_told() {
    let world = World::new("events").await;
    let policy = |name: &str| {
        let read = json!({"effect": "Allow", "actions": ["s3:GetObject"], "resources": ["*"]});
        json!({"name": name, "statements": [read]})
    };
    let spec = json!({"trust": [lambda()], "permissions": {"inlinePolicies": [policy("one"),
        policy("two")]}});
    world.apply("x", &spec);
    world.wait_ready("x");
    wait_until("an Event of both", SOON, || {
        let notes = world
            .scope
            .kubectl(&["get", "events.v1.events.k8s.io", "-o", "jsonpath={.items[*].note}"])
            .ok();
        let told =
            ["one", "two"].iter().all(|name| notes.contains(&format!("inline policy {name}")));
        if told { Ok(()) } else { Err(notes) }
    });
}

/// For the controller it is the same whether AWS's clock is an hour behind or its own is an hour
/// ahead.
#[tokio::test]
async fn a_clock_an_hour_ahead_of_aws_ends_no_lifetime_and_is_said() {
    let mut world = World::new("clock").await;
    let account = world.scope.account.clone();
    let standin = &world.scope.cluster.standin;
    standin.settings(&account, &json!({"skew_seconds": -3_600}));
    world.wait_sweeps(2);
    world.apply("x", &json!({"trust": [lambda()], "lifetime": {"ttl": "3s"}}));
    world.wait_ready("x");
    world.wait_sweeps(5);
    let ends = world.resource("x").expect("it")["status"]["expiresAt"].clone();
    wait_until("the end to have come by the clock here", SOON, || {
        let now = jiff::Timestamp::now().to_string();
        if ends.as_str() < Some(&*now) { Ok(()) } else { Err(now) }
    });
    world.wait_sweeps(2);
    assert!(world.get_role(&world.role("x")).await.is_some());
    world.wait_ready("x");
    let page = world.controller().get("/readyz").body;
    assert!(page.starts_with("ok, but the clock of this controller is 3"), "{page}");
    assert!(page.contains("s ahead of that of AWS account"), "{page}");
    let offset = format!("rolewright_clock_offset_seconds{{account=\"{}\"}} 3", account.id);
    let metrics = world.controller().get("/metrics").body;
    assert!(metrics.contains(&offset), "{metrics}");
    let standin = &world.scope.cluster.standin;
    standin.settings(&account, &json!({"skew_seconds": 0}));
    world.wait_reason("x", "Expired");
    assert!(world.get_role(&world.role("x")).await.is_none());
}

#[tokio::test]
async fn a_ttl_ends_the_role_and_keeps_the_resource() {
    let world = World::new("ttl").await;
    world.apply("x", &json!({"trust": [lambda()], "lifetime": {"ttl": "15s"}}));
    world.wait_ready("x");
    assert!(world.get_role(&world.role("x")).await.is_some());
    let message = world.wait_reason("x", "Expired");
    assert!(message.contains("the lifetime ended at"), "{message}");
    assert!(world.get_role(&world.role("x")).await.is_none());
    world.apply("x", &json!({"trust": [lambda()], "lifetime": {"ttl": "1h"}}));
    world.wait_ready("x");
    assert!(world.get_role(&world.role("x")).await.is_some());
}

#[tokio::test]
async fn a_deny_for_everyone_takes_away_and_is_allowed_at_admission_and_in_aws() {
    let world = World::new("deny").await;
    let deny = json!({
        "effect": "Deny",
        "principals": {"AWS": ["*"]},
        "actions": ["sts:AssumeRole"],
        "conditions": {"Bool": {"aws:SecureTransport": ["false"]}},
    });
    world.apply("x", &json!({"trust": [lambda(), {"name": "only-tls", "statement": deny}]}));
    world.wait_ready("x");
    let role = world.get_role(&world.role("x")).await.expect("the role");
    assert!(role.assume_role_policy_document().unwrap_or_default().contains("SecureTransport"));
}
