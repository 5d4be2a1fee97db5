//! A delivery tool applies everything it has, again and again: that asks AWS for nothing.

use futures::StreamExt;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

use harness::world::{SOON, World, lambda};
use harness::{Call, wait_until};

/// Roles on a page of the stand-in.
const PAGE: usize = 100;

/// `ROLEWRIGHT_SYNCED=1000` for a large installation; by default enough for two pages.
fn resources() -> usize {
    std::env::var("ROLEWRIGHT_SYNCED").ok().and_then(|text| text.parse().ok()).unwrap_or(PAGE + 20)
}

/// Applies all of them as Argo CD does with `ServerSideApply=true`.
async fn sync(world: &World, revision: &str, description: impl Fn(usize) -> String) {
    let kind =
        ApiResource::from_gvk(&GroupVersionKind::gvk("iam.rolewright.dev", "v1alpha1", "IAMRole"));
    let namespace = &world.scope.namespace;
    let api: Api<DynamicObject> = Api::namespaced_with(world.scope.kube().await, namespace, &kind);
    let params = PatchParams::apply("argocd-controller").force();
    let (api, params) = (&api, &params);
    let sent = (0..resources()).map(|number| {
        let name = format!("r{number}");
        let tracking = format!("roles:iam.rolewright.dev/IAMRole:{namespace}/{name}");
        let body = json!({
            "apiVersion": "iam.rolewright.dev/v1alpha1",
            "kind": "IAMRole",
            "metadata": {
                "name": name,
                "annotations": {"argocd.argoproj.io/tracking-id": tracking},
                "labels": {"app.kubernetes.io/version": revision},
            },
            "spec": {"trust": [lambda()], "description": description(number)},
        });
        async move { api.patch(&name, params, &Patch::Apply(&body)).await.map(drop) }
    });
    let results: Vec<_> = futures::stream::iter(sent).buffer_unordered(16).collect().await;
    for result in results {
        result.expect("applied");
    }
}

/// The resources are Ready for their newest generation, and as many as there should be.
fn settled(world: &World) {
    wait_until("all resources to be Ready", SOON * 4, || {
        let list = world.scope.kubectl(&["get", "iamroles", "-o", "json", "--chunk-size=0"]).json();
        let ready = |role: &Value| {
            role["status"]["conditions"][0]["status"] == "True"
                && role["status"]["observedGeneration"] == role["metadata"]["generation"]
        };
        let count = list["items"].as_array().unwrap().iter().filter(|role| ready(role)).count();
        if count == resources() { Ok(()) } else { Err(count) }
    });
}

#[tokio::test]
async fn every_resource_synced_over_and_over_costs_no_aws_call_beyond_the_sweeps() {
    let mut world = World::quiet("synced").await;
    world.scope.cluster.standin.settings(&world.scope.account, &json!({"roles_quota": 10_000}));
    world.start();
    if resources() > 2 * PAGE {
        world.controller().leave_unaudited();
    }
    let first = |_| "first".to_owned();
    sync(&world, "1", first).await;
    settled(&world);
    world.wait_sweeps(1);
    let user = world.scope.controller_user.clone();
    let written = world.scope.cluster.control_plane.audit_writes(&user).len();
    world.clear();

    // The same again, and then with a new revision on each: that is a change of every object, and
    // none of its spec.
    for revision in ["1", "1", "1", "2", "3", "4"] {
        sync(&world, revision, first).await;
    }
    assert_eq!(world.scope.cluster.control_plane.audit_writes(&user).len(), written);
    // A change of one spec comes through the same watch and the same queue, behind all of that.
    sync(&world, "4", |number| if number == 0 { "last".to_owned() } else { "first".to_owned() })
        .await;
    wait_until("the last change", SOON, || {
        let role = world.resource("r0").unwrap();
        if role["status"]["observedGeneration"] == 2 { Ok(()) } else { Err(role["status"].clone()) }
    });
    world.wait_sweeps(1);

    let changed = world.role("r0");
    let mut calls: Vec<Call> = world.scope.cluster.standin.calls(&world.scope.account);
    calls.retain(|call| call.access_key == world.scope.account.controller_key);
    let (of_the_change, rest): (Vec<Call>, Vec<Call>) =
        calls.into_iter().partition(|call| call.role.as_ref() == Some(&changed));
    assert!(of_the_change.iter().any(|call| call.action == "UpdateRole"), "{of_the_change:?}");
    let rest: Vec<&str> = rest.iter().map(|call| call.action.as_str()).collect();
    let pages = resources().div_ceil(PAGE);
    let times = |action: &str| rest.iter().filter(|call| **call == action).count();
    let (details, roles) = (times("GetAccountAuthorizationDetails"), times("ListRoles"));
    assert_eq!(details + roles, rest.len(), "{rest:?}");
    // Whole sweeps, which read both side by side, but for the first and the last.
    assert!(rest.len() > 2 * pages && details.abs_diff(roles) <= 2 * pages, "{rest:?}");
    println!(
        "apply | {} resources, 7 syncs | AWS calls: {} of {} sweeps, {} of the one change",
        resources(),
        rest.len(),
        rest.len() / (2 * pages),
        of_the_change.len()
    );
}
