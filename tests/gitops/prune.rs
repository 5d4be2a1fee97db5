//! Pruning: resources deleted with every propagation policy that Argo CD's `PrunePropagationPolicy`
//! knows, one by one, as a whole application, or with what they belong to. The roles go, the
//! finalizers leave, nothing hangs. Times are printed, not asserted.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};

use harness::world::{SOON, World, lambda};
use harness::{Cluster, wait_until};

/// A controller with rights in the whole cluster: those inside a namespace go with it.
pub async fn world(name: &str) -> World {
    let mut world = quiet(name).await;
    start(&mut world, World::args());
    world
}

/// The same before its controller is there.
pub async fn quiet(name: &str) -> World {
    let scope = Cluster::collecting().scope(name);
    scope.bind("rolewright");
    scope.bind("rolewright-service-accounts");
    World::in_scope(scope).await
}

pub fn start(world: &mut World, mut arguments: Vec<&'static str>) {
    arguments.push("--annotate-service-accounts");
    let mut controller = world.scope.controller(&arguments);
    controller.wait_ready();
    world.controller = Some(controller);
}

/// Applies resources `<application>-0` and so on, with a label, and waits until they are Ready.
pub fn application(world: &World, application: &str, count: usize, owner: Option<&Value>) {
    let items: Vec<Value> = (0..count)
        .map(|number| {
            let name = format!("{application}-{number}");
            let mut object: Value =
                serde_json::from_str(&world.manifest(&name, &json!({"trust": [lambda()]})))
                    .unwrap();
            object["metadata"]["labels"] = json!({"application": application});
            if let Some(owner) = owner {
                object["metadata"]["ownerReferences"] = json!([owner]);
            }
            object
        })
        .collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    world
        .scope
        .kubectl_with(
            &["apply", "--server-side", "--field-manager=argocd-controller", "-f", "-"],
            &list,
        )
        .ok();
    let selector = selector(application);
    world
        .scope
        .kubectl(&["wait", "--for=condition=Ready", "iamroles", &selector, "--timeout=60s"])
        .ok();
}

fn selector(application: &str) -> String {
    format!("--selector=application={application}")
}

/// Names of the resources that are there.
pub fn resources(world: &World) -> Vec<String> {
    let output = world.scope.kubectl(&["get", "iamroles", "-o", "name"]).ok();
    output.lines().map(str::to_owned).collect()
}

/// Names of the roles of this installation in AWS.
pub async fn roles(world: &World) -> Vec<String> {
    let mut pages = world.scope.iam().list_roles().into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(role) = pages.next().await {
        found.push(role.expect("a page of roles").role_name);
    }
    found.retain(|name| name.starts_with(&world.scope.installation));
    found.sort(); // AWS promises no order, and the stand-in's is that of creation
    found
}

/// Waits until the namespace has no resource any more.
pub fn wait_resources_gone(world: &World) {
    wait_until("the resources to be gone", SOON, || {
        std::thread::sleep(Duration::from_millis(100)); // each look is a process
        let left = resources(world);
        if left.is_empty() { Ok(()) } else { Err(left.join(", ")) }
    });
}

/// A line of the matrix.
pub fn row(
    case: &str,
    count: usize,
    begin: Instant,
    resources_gone: Instant,
    all_gone: Option<Instant>,
) {
    let seconds = |end: Instant| (end - begin).as_secs_f64();
    let namespace =
        all_gone.map(|end| format!(", namespace after {:.1} s", seconds(end))).unwrap_or_default();
    println!(
        "prune | {case} | {count} resources | gone after {:.1} s{namespace}",
        seconds(resources_gone)
    );
}

/// One application after the other is removed at once, each resource by its own request, as Argo CD
/// does and Flux does.
#[tokio::test]
async fn each_propagation_policy_removes_an_application_and_its_roles() {
    let world = world("prune").await;
    for (policy, count) in [("foreground", 3), ("background", 3), ("orphan", 3)] {
        application(&world, policy, count, None);
        assert_eq!(roles(&world).await.len(), count);
        let begin = Instant::now();
        let cascade = format!("--cascade={policy}");
        world
            .scope
            .kubectl(&["delete", "iamroles", &selector(policy), &cascade, "--timeout=60s"])
            .ok();
        row(&format!("application, {policy}"), count, begin, Instant::now(), None);
        // The finalizer left last. `orphan` is about objects in Kubernetes that belong to the
        // resource: the role is none.
        assert_eq!(roles(&world).await, Vec::<String>::new(), "{policy}");
        assert_eq!(resources(&world), Vec::<String>::new(), "{policy}");
    }
}

/// What an application belongs to, with resources that belong to it.
fn owned(world: &World, application_name: &str) -> String {
    let owner = format!("owner-{application_name}");
    world.scope.kubectl(&["create", "configmap", &owner]).ok();
    let uid =
        world.scope.kubectl(&["get", "configmap", &owner, "-o", "jsonpath={.metadata.uid}"]).ok();
    let reference = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": uid,
        "blockOwnerDeletion": true});
    application(world, application_name, 3, Some(&reference));
    owner
}

fn exists(world: &World, configmap: &str) -> bool {
    !world
        .scope
        .kubectl(&["get", "configmap", configmap, "-o", "name", "--ignore-not-found"])
        .ok()
        .is_empty()
}

fn pause(world: &World, name: &str, paused: bool) {
    let change = if paused { "rolewright.dev/paused=true" } else { "rolewright.dev/paused-" };
    world.scope.kubectl(&["annotate", "iamrole", name, change]).ok();
}

/// Waits until a paused resource says that its deletion waits.
pub fn wait_held(world: &World, name: &str) {
    wait_until("the pause to tell of the deletion", SOON, || {
        let message = world.condition(name, "Ready")["message"].to_string();
        if message.contains("the deletion waits until it is removed") {
            Ok(())
        } else {
            Err(message)
        }
    });
}

#[rstest]
#[case::foreground("foreground", true)]
#[case::background("background", false)]
#[tokio::test]
async fn the_roles_of_an_owner_go_with_it(#[case] policy: &str, #[case] owner_waits: bool) {
    let world = world(&format!("owner-{policy}")).await;
    let owner = owned(&world, "app");
    pause(&world, "app-0", true);
    world.wait_reason("app-0", "Paused");
    let begin = Instant::now();
    world
        .scope
        .kubectl(&["delete", "configmap", &owner, &format!("--cascade={policy}"), "--wait=false"])
        .ok();
    for name in ["app-1", "app-2"] {
        world.wait_gone(name);
    }
    wait_held(&world, "app-0");
    assert_eq!(
        exists(&world, &owner),
        owner_waits,
        "in the foreground the owner waits for the last role"
    );
    assert_eq!(roles(&world).await, [world.role("app-0")]);
    pause(&world, "app-0", false);
    wait_resources_gone(&world);
    row(&format!("owner, {policy}, one paused meanwhile"), 3, begin, Instant::now(), None);
    assert_eq!(roles(&world).await, Vec::<String>::new());
    wait_until("the owner to be gone", SOON, || {
        if exists(&world, &owner) { Err("it is there") } else { Ok(()) }
    });
}

#[tokio::test]
async fn orphaned_resources_stay_with_their_roles_and_nothing_is_written() {
    let world = world("owner-orphan").await;
    let owner = owned(&world, "app");
    world.clear();
    world.scope.kubectl(&["delete", "configmap", &owner, "--cascade=orphan", "--timeout=60s"]).ok();
    let list = world.scope.kubectl(&["get", "iamroles", "-o", "json"]).json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    for item in items {
        assert_eq!(
            item["metadata"].get("ownerReferences"),
            None,
            "the garbage collector has let it go"
        );
        assert_eq!(item["metadata"].get("deletionTimestamp"), None);
    }
    world.wait_sweeps(1);
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(roles(&world).await.len(), 3);
}

/// An application that holds the controller too, and takes it away first.
#[tokio::test]
async fn resources_that_lose_their_controller_wait_and_go_when_it_is_back() {
    let mut world = world("orderless").await;
    application(&world, "app", 5, None);
    assert!(world.controller().terminate().success());
    world
        .scope
        .kubectl(&["delete", "iamroles", "--all", "--cascade=foreground", "--wait=false"])
        .ok();
    wait_until("the garbage collector to be done", SOON, || {
        let list = world.scope.kubectl(&["get", "iamroles", "-o", "json"]).json();
        let left: Vec<Value> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["metadata"]["finalizers"].clone())
            .collect();
        if left == vec![json!(["iam.rolewright.dev/role"]); 5] { Ok(()) } else { Err(json!(left)) }
    });
    assert_eq!(roles(&world).await.len(), 5);
    let begin = Instant::now();
    start(&mut world, World::args());
    wait_resources_gone(&world);
    row("controller gone first, from its return", 5, begin, Instant::now(), None);
    assert_eq!(roles(&world).await, Vec::<String>::new());
}
