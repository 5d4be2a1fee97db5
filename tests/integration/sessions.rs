//! What a service, a caller or a `statement` may do with its sessions, in a running system.

use serde_json::json;

use harness::world::World;

#[tokio::test]
async fn roles_anywhere_gets_all_the_actions_that_it_needs_and_a_statement_may_name_each() {
    let world = World::new("sessions").await;
    let account = &world.scope.account.id;
    let anchor = "arn:{partition}:rolesanywhere:eu-west-2:{accountId}:trust-anchor/0a1b2c3d";
    let edge = json!({"name": "edge", "service": {"name": "rolesanywhere.amazonaws.com",
        "sourceArns": [anchor]}});
    let caller =
        json!({"name": "caller", "principals": {"accounts": [account], "tagSession": true}});
    let every = json!({"name": "every", "statement": {"effect": "Allow", "principals":
        {"Service": ["transfer.amazonaws.com"]}, "actions": ["sts:AssumeRole", "sts:SetContext",
        "sts:SetSourceIdentity", "sts:TagSession"]}});
    world.apply("x", &json!({"trust": [edge, caller, every]}));
    world.wait_ready("x");
    let role = world.get_role(&world.role("x")).await.expect("the role");
    let trust = role.assume_role_policy_document().expect("a trust policy").to_owned();
    let count = |action: &str| trust.matches(action).count();
    assert_eq!((count("SetContext"), count("SetSourceIdentity"), count("TagSession")), (1, 2, 3));
}
