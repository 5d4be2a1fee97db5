//! Placeholders in values of conditions and in pasted documents, and what is refused beside them.

use serde_json::{Value, json};

use harness::world::{World, lambda};

fn guard(account: &str) -> Value {
    let condition = json!({"StringNotEquals": {"aws:ResourceAccount": account}});
    let statement =
        json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": condition});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    json!({"trust": [lambda()], "permissions": {"inlinePolicies": [{"name": "guard", "document":
        document}]}})
}

#[tokio::test]
async fn a_placeholder_in_a_pasted_condition_is_replaced_and_what_is_none_makes_no_role() {
    let world = World::new("braces").await;
    world.apply("x", &guard("{accountid}"));
    let said = world.wait_reason("x", "InvalidSpec");
    assert!(said.contains("write {accountId}; {{accountid}} stands for braces"), "{said}");
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    world.apply("x", &guard("{accountId}"));
    world.wait_ready("x");
    let iam = world.scope.iam();
    let policy = iam.get_role_policy().role_name(world.role("x")).policy_name("guard").send().await;
    let document = policy.expect("the policy").policy_document().to_owned();
    assert!(document.contains(&world.scope.account.id), "{document}");
    assert!(!document.contains("accountId"), "{document}");
}
