//! What AWS refuses in any policy is refused before a part of the role is made.

use serde_json::{Value, json};

use harness::world::{SOON, World, lambda};

fn guarded(action: &str, resource: &str, key: &str) -> Value {
    let work = json!({"effect": "Allow", "actions": ["s3:GetObject"], "resources":
        ["arn:aws:s3:::myorg-billing/*"]});
    let guard = json!({"effect": "Deny", "actions": [action], "resources": [resource],
        "conditions": {"StringEquals": {key: ["x"]}}});
    json!({"trust": [lambda()], "permissions": {"inlinePolicies": [
        {"name": "work", "statements": [work]}, {"name": "guard", "statements": [guard]}]}})
}

#[tokio::test]
async fn a_deny_that_aws_would_not_take_leaves_no_role_with_the_allow_alone() {
    let world = World::new("form").await;
    for (action, resource, key, field) in [
        ("s3:DeleteObject", "myorg-billing/*", "aws:a", "statements[0].resources: "),
        ("s3", "*", "aws:a", "statements[0].actions: "),
        ("s3:DeleteObject", "*", "SourceIp", "statements[0].conditions.StringEquals.SourceIp: "),
    ] {
        world.apply("x", &guarded(action, resource, key));
        harness::wait_until("the field is named", SOON, || {
            let said = world.condition("x", "Ready");
            let told = said["message"].to_string().contains(&format!("inlinePolicies[1].{field}"));
            if told && said["reason"] == "InvalidSpec" { Ok(()) } else { Err(said) }
        });
    }
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    world.apply("x", &guarded("s3:DeleteObject", "arn:aws:s3:::myorg-billing/*", "aws:a"));
    world.wait_ready("x");
}
