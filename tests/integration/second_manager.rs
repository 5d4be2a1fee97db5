//! A second manager edits a resource that comes from Git: the spec is atomic, so the next forced
//! apply takes the whole of the edit back, and the controller takes it out of AWS.

use serde_json::{Value, json};

use harness::Output;
use harness::world::{AUDIT, READ_ONLY, World, lambda};

fn spec() -> Value {
    json!({"trust": [lambda()], "permissions": {"managedPolicies": [READ_ONLY]}})
}

/// As `kubectl apply --server-side` of a delivery tool.
fn sync(world: &World, flags: &[&str]) -> Output {
    let args = ["apply", "--server-side", "--field-manager=gitops"]
        .iter()
        .chain(flags)
        .chain(&["-f", "-"]);
    world.scope.kubectl_with(&args.copied().collect::<Vec<_>>(), &world.manifest("x", &spec()))
}

/// As `kubectl edit`: it sends what was changed as a patch, under its own manager.
fn edit(world: &World) {
    let ec2 =
        json!({"name": "ec2", "service": {"name": "ec2.amazonaws.com", "sourceAccount": "None"}});
    let patch = json!([
        {"op": "add", "path": "/spec/trust/-", "value": ec2},
        {"op": "add", "path": "/spec/permissions/managedPolicies/-", "value": AUDIT},
    ]);
    let patch = patch.to_string();
    world
        .scope
        .kubectl(&[
            "patch",
            "iamrole",
            "x",
            "--field-manager=kubectl-edit",
            "--type=json",
            "-p",
            &patch,
        ])
        .ok();
}

/// Whether the trust policy names EC2, and the attached policies.
async fn in_aws(world: &World) -> (bool, Vec<String>) {
    let role = world.get_role(&world.role("x")).await.expect("the role");
    let trust =
        role.assume_role_policy_document().expect("a trust policy").contains("ec2.amazonaws.com");
    let attached =
        world.scope.iam().list_attached_role_policies().role_name(world.role("x")).send().await;
    let attached = attached.expect("the attachments").attached_policies.unwrap_or_default();
    let mut arns: Vec<String> =
        attached.into_iter().filter_map(|policy| policy.policy_arn).collect();
    arns.sort();
    (trust, arns)
}

#[tokio::test]
async fn what_a_second_manager_adds_conflicts_and_goes_with_a_forced_apply() {
    let world = World::new("managers").await;
    sync(&world, &[]).ok();
    world.wait_ready("x");
    assert_eq!(in_aws(&world).await, (false, vec![READ_ONLY.to_owned()]));

    edit(&world);
    world.wait_ready("x");
    assert_eq!(in_aws(&world).await, (true, vec![READ_ONLY.to_owned(), AUDIT.to_owned()]));

    let conflict = sync(&world, &[]);
    assert!(!conflict.status.success(), "the edit is not overwritten in silence");
    for part in ["conflict", "\"kubectl-edit\"", ".spec"] {
        assert!(conflict.stderr.contains(part), "{part}: {}", conflict.stderr);
    }
    let edited = world.resource("x").expect("the resource");
    assert_eq!(
        edited["spec"]["trust"].as_array().map(Vec::len),
        Some(2),
        "a conflict changes nothing"
    );

    world.clear();
    sync(&world, &["--force-conflicts"]).ok();
    world.wait_ready("x");
    assert_eq!(
        world.resource("x").expect("the resource")["spec"],
        spec(),
        "both are gone from the resource"
    );
    assert_eq!(in_aws(&world).await, (false, vec![READ_ONLY.to_owned()]));
    let mut writes = world.writes();
    writes.sort();
    assert_eq!(writes, ["DetachRolePolicy", "UpdateAssumeRolePolicy"]);

    // The tool is the only manager of the spec again: applying once more needs no force and changes
    // nothing.
    let before = world.resource("x").expect("the resource");
    sync(&world, &[]).ok();
    let after = world.resource("x").expect("the resource");
    assert_eq!(after["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"]);
}
