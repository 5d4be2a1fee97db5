//! A second manager edits a resource that comes from Git: the spec is atomic, so the next forced
//! apply takes the whole of the edit back, and the controller takes it out of AWS. The conditions
//! are a map: what another manager says there stays its own.

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

const AUDITED: &str = "example.org/Audited";

/// As another controller: a condition of its own, in front of ours.
fn audit(world: &World) {
    let condition = json!({"type": AUDITED, "status": "False", "reason": "Overdue", "message": "",
        "observedGeneration": 0, "lastTransitionTime": "2026-01-01T00:00:00Z"});
    let patch = json!([{"op": "add", "path": "/status/conditions/0", "value": condition}]);
    let patch = patch.to_string();
    let args = ["patch", "iamrole", "x", "--subresource=status", "--field-manager=auditor"];
    let args = args.iter().chain(&["--type=json", "-p", &patch]).copied().collect::<Vec<_>>();
    world.scope.kubectl(&args).ok();
}

/// Managers of the condition, as the API server keeps them.
fn managers(world: &World) -> Vec<String> {
    let args = ["get", "iamrole", "x", "-o", "json", "--show-managed-fields"];
    let resource: Value = serde_json::from_str(&world.scope.kubectl(&args).ok()).expect("JSON");
    let key = format!(r#"k:{{"type":"{AUDITED}"}}"#);
    let all = resource["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    all.into_iter()
        .filter(|entry| !entry["fieldsV1"]["f:status"]["f:conditions"][&key].is_null())
        .map(|entry| entry["manager"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn a_condition_of_another_manager_stays_where_it_is_and_stays_theirs() {
    let mut world = World::new("auditor").await;
    world.apply("x", &spec());
    world.wait_ready("x");
    audit(&world);
    let audited = world.condition("x", AUDITED);
    let stands = |world: &World, ours: &[&str]| {
        let resource = world.resource("x").expect("the resource");
        let conditions = resource["status"]["conditions"].as_array().expect("conditions");
        assert_eq!(conditions[0], audited);
        let types: Vec<&str> = conditions[1..].iter().filter_map(|c| c["type"].as_str()).collect();
        assert_eq!(types, ours);
        assert_eq!(managers(world), ["auditor"]);
    };
    stands(&world, &["Ready", "Synced"]);
    world.apply("x", &json!({"trust": [lambda()], "permissionsBoundary": READ_ONLY}));
    world.wait_reason("x", "InvalidSpec");
    stands(&world, &["Ready", "Synced", "Stalled"]);
    world.scope.kubectl(&["annotate", "iamrole", "x", "rolewright.dev/paused=true"]).ok();
    world.wait_reason("x", "Paused");
    stands(&world, &["Ready", "Synced"]);
    world.apply("x", &spec());
    world.scope.kubectl(&["annotate", "iamrole", "x", "rolewright.dev/paused-"]).ok();
    world.wait_ready("x");
    stands(&world, &["Ready", "Synced"]);

    // Where it stands is no news: at rest nothing is written.
    let user = world.scope.controller_user.clone();
    let written = |world: &World| world.scope.cluster.control_plane.audit_writes(&user).len();
    let before = written(&world);
    assert!(world.controller().terminate().success());
    world.start();
    world.wait_sweeps(2);
    assert_eq!(written(&world), before);
    stands(&world, &["Ready", "Synced"]);
}
