//! The policy that `rolewright policy controller` prints is enough for every action that it names.
//! (Of every other test's calls `harness/grants.rs` proves the same when its controller ends.)

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use harness::world::{AUDIT, FAST, READ_ONLY, SOON, World, lambda, whole};
use harness::{Grants, wait_until};

const BOUNDARY: &str = "arn:{partition}:iam::{accountId}:policy/boundary";

/// The actions that the printed policy of the writer allows.
fn printed(world: &World, path: &str, boundary: &str) -> BTreeSet<String> {
    let scope = &world.scope;
    let output = Command::new(crate::BIN)
        .args([
            "policy",
            "controller",
            "--account",
            &scope.account.id,
            "--path-prefix",
            path,
            "--part",
            "writer",
        ])
        .args(["--permissions-boundary", boundary, "--installation", &scope.installation])
        .env_clear()
        .output()
        .expect("the command runs");
    let policy: Value = serde_json::from_slice(&output.stdout).expect("a policy");
    let allowed = policy["Statement"]
        .as_array()
        .expect("statements")
        .iter()
        .filter(|s| s["Effect"] == "Allow");
    allowed
        .flat_map(|statement| match &statement["Action"] {
            Value::Array(actions) => actions.clone(),
            single => vec![single.clone()],
        })
        .map(|action| action.as_str().expect("an action").to_owned())
        .collect()
}

async fn start(name: &str, path: &str, boundary: &str) -> World {
    let mut world = World::quiet(name).await;
    let mut args = vec!["--permissions-boundary", boundary, "--path-prefix", path];
    args.extend(FAST);
    let mut controller = world.scope.controller(&args);
    controller.wait_ready();
    world.controller = Some(controller);
    world
}

/// Makes the controller take every kind of step, and ends it.
async fn live(world: &World) {
    world.apply("x", &whole());
    world.wait_ready("x");
    // Drift of every part, the boundary among it.
    let (role, iam) = (world.role("x"), world.scope.iam());
    iam.delete_role_permissions_boundary().role_name(&role).send().await.expect("changed");
    for policy in ["theirs", "read"] {
        let put =
            iam.put_role_policy().role_name(&role).policy_name(policy).policy_document(DOCUMENT);
        put.send().await.expect("changed");
    }
    let tag = aws_sdk_iam::types::Tag::builder().key("theirs").value("x").build().expect("a tag");
    iam.tag_role().role_name(&role).tags(tag).send().await.expect("changed");
    world.wait_sweeps(3);
    let mut spec = whole();
    spec["description"] = json!("edited");
    spec["trust"] = json!([lambda(), {"name": "ec2", "service": {"name": "ec2.amazonaws.com",
        "sourceAccount": "None"}}]);
    spec["permissions"]["managedPolicies"] = json!([READ_ONLY]);
    spec["permissions"]["inlinePolicies"] = json!([]);
    spec["tags"] = json!({"team": "b"});
    world.apply("x", &spec);
    world.wait_ready("x");
    let attached =
        iam.list_attached_role_policies().role_name(&role).send().await.expect("the attachments");
    assert!(!attached.attached_policies().iter().any(|policy| policy.policy_arn() == Some(AUDIT)));
    world.delete("x");
    world.wait_gone("x");
    // Who comes from elsewhere: the providers are looked for.
    let job = json!({"name": "ci", "githubActions": {"owner": "o", "ownerId": "1",
        "repository": "r", "repositoryId": "2", "refs": ["refs/heads/main"]}});
    let people = json!({"name": "sso", "saml": {
        "providerArn": "arn:{partition}:iam::{accountId}:saml-provider/people",
        "attributes": {"sub": ["alice@example.org"]}}});
    world.apply("y", &json!({"trust": [job, people]}));
    world.wait_reason("y", "ProviderUnusable");
}

const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}]}"#;

#[tokio::test]
async fn every_action_of_the_printed_policy_is_called_and_allowed() {
    let mut world = start("grants", "/suite/", BOUNDARY).await;
    live(&world).await;
    // What was called before a reset counts too.
    world.clear();
    let called: BTreeSet<String> =
        world.controller().grants().expect("settings").verify().into_keys().collect();
    assert_eq!(called, printed(&world, "/suite/", BOUNDARY));
}

/// The proof itself: held against the policy of other settings, the same calls are told one by one.
#[tokio::test]
async fn a_call_that_the_printed_policy_does_not_allow_fails_the_test() {
    let world = start("grantsother", "/suite/", BOUNDARY).await;
    world.apply("x", &whole());
    world.wait_ready("x");
    for (flag, value, action) in [
        ("--path-prefix", "/other/", "iam:CreateRole"),
        ("--permissions-boundary", "arn:aws:iam::{accountId}:policy/other", "iam:PutRolePolicy"),
        ("--installation", "other", "iam:TagRole"),
        ("--managed-policies", "arn:aws:iam::aws:policy/Other", "iam:AttachRolePolicy"),
    ] {
        let mut config =
            world.scope.config(&["--permissions-boundary", BOUNDARY, "--path-prefix", "/suite/"]);
        match config.args.iter().position(|argument| argument == flag) {
            Some(at) => value.clone_into(&mut config.args[at + 1]),
            None => config.args.extend([flag.to_owned(), value.to_owned()]),
        }
        let other = Grants::of(&config).expect("settings");
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| other.verify()))
            .expect_err("a denied call");
        let told = told.downcast_ref::<String>().expect("words");
        assert!(told.contains("does not allow") && told.contains(action), "{flag}: {told}");
    }
}

#[tokio::test]
async fn without_a_boundary_the_printed_policy_allows_to_set_and_remove_one() {
    let mut world = start("grantsfree", "/suite/", "none").await;
    let mut spec = json!({"trust": [lambda()], "permissions": {"managedPolicies": [READ_ONLY]}});
    spec["permissionsBoundary"] = json!(BOUNDARY);
    world.apply("x", &spec);
    world.wait_ready("x");
    spec.as_object_mut().expect("an object").remove("permissionsBoundary");
    world.apply("x", &spec);
    wait_until("the boundary to be removed", SOON, || {
        let writes = world.writes();
        if writes.iter().any(|action| action == "DeleteRolePermissionsBoundary") {
            Ok(())
        } else {
            Err(format!("{writes:?}"))
        }
    });
    spec["permissionsBoundary"] = json!(BOUNDARY);
    world.apply("x", &spec);
    world.wait_ready("x");
    let called = world.controller().grants().expect("settings").verify();
    for action in
        ["iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary", "iam:TagRole"]
    {
        assert!(called.contains_key(action), "{called:?}");
    }
}
