//! Who can write a status: neither people nor their tools change with it under which name a role is
//! created.

use serde_json::json;

use harness::world::{World, lambda};

/// Patches the status as a user.
pub(crate) fn patch(world: &World, user: &str, status: &serde_json::Value) -> harness::Output {
    let patch = json!({"status": status}).to_string();
    let namespace = &world.scope.namespace;
    world.scope.cluster.control_plane.kubectl_as_administrator(user).run(&[
        "-n",
        namespace,
        "patch",
        "iamrole",
        "x",
        "--subresource=status",
        "--type=merge",
        "-p",
        &patch,
    ])
}

#[tokio::test]
async fn a_status_that_names_another_role_is_refused_and_no_role_is_created_under_it() {
    let world = World::new("pinned").await;
    let manifest = world.manifest("x", &json!({"trust": [lambda()]}));
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).expect("a manifest");
    manifest["metadata"]["annotations"] = json!({"rolewright.dev/paused": "true"});
    world.scope.kubectl_with(&["create", "-f", "-"], &manifest.to_string()).ok();
    world.wait_reason("x", "Paused");

    let admin = json!({"roleName": "OrganizationAccountAccess", "path": "/admin/"});
    for (field, status) in [
        ("path", admin.clone()),
        ("accountId", json!({"accountId": "210987654321"})),
        ("expiresAt", json!({"expiresAt": "2099-01-01T00:00:00Z"})),
        ("observedGeneration", json!({"observedGeneration": null})),
        ("applied", json!({"applied": {"managedPolicies": ["arn:aws:iam::aws:policy/x"]}})),
    ] {
        let said = patch(&world, harness::ADMIN, &status).stderr;
        let words = format!("status.{field} may be changed by the controller only");
        assert!(said.contains(&words), "{said}");
    }
    // The controller does not lean on that.
    patch(&world, &world.scope.controller_user, &admin).ok();
    world.scope.kubectl(&["annotate", "iamrole", "x", "rolewright.dev/paused-"]).ok();
    let said = world.wait_reason("x", "BeyondLimits");
    assert!(
        said.contains("status.roleName: OrganizationAccountAccess is pinned")
            && said.contains("delete this IAMRole and apply it again"),
        "{said}"
    );
    assert!(world.get_role("OrganizationAccountAccess").await.is_none());
    assert!(world.writes().is_empty(), "{:?}", world.writes());

    world.delete("x");
    world.wait_gone("x");
    world.apply("x", &json!({"trust": [lambda()]}));
    world.wait_ready("x");
    assert!(world.get_role(&world.role("x")).await.is_some());
}
