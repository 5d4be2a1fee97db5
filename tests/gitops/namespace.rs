//! A namespace removed at once, with the real namespace controller: its roles go, or it says why
//! they stay, and it never hangs longer than its cause.

use std::time::Instant;

use serde_json::{Value, json};

use crate::prune::{
    application, quiet, resources, roles, row, start, wait_held, wait_resources_gone, world,
};
use harness::world::{SOON, World, lambda, whole, with_a_wave};
use harness::{Cluster, Fault, FaultKind, wait_until};

fn delete(world: &World) -> Instant {
    let begin = Instant::now();
    kubectl(world, &["delete", "namespace", &world.scope.namespace, "--wait=false"]);
    begin
}

fn kubectl(world: &World, args: &[&str]) -> String {
    world.scope.cluster.control_plane.kubectl(args).ok()
}

/// Waits for the end of a deletion.
fn wait_gone(world: &World, case: &str, count: usize, begin: Instant) {
    wait_resources_gone(world);
    let resources_gone = Instant::now();
    kubectl(
        world,
        &["delete", "namespace", &world.scope.namespace, "--ignore-not-found", "--timeout=60s"],
    );
    row(case, count, begin, resources_gone, Some(Instant::now()));
}

/// What the namespace says of the finalizers that keep it.
fn wait_kept(world: &World, instances: usize) {
    wait_until("the namespace to say what keeps it", SOON, || {
        let namespace = kubectl(world, &["get", "namespace", &world.scope.namespace, "-o", "json"]);
        let namespace: Value = serde_json::from_str(&namespace).unwrap();
        let conditions = namespace["status"]["conditions"].to_string();
        let said = conditions
            .contains(&format!("iam.rolewright.dev/role in {instances} resource instances"));
        if said { Ok(()) } else { Err(conditions) }
    });
}

/// Waits until a resource that is being deleted says why it is still there.
fn wait_said(world: &World, name: &str, reason: &str) -> String {
    wait_until(&format!("{name} to say {reason}"), SOON, || {
        let ready = world.condition(name, "Ready");
        if ready["reason"] == reason { Ok(ready["message"].to_string()) } else { Err(ready) }
    })
}

#[tokio::test]
async fn a_namespace_takes_its_twenty_roles_along() {
    let mut world = quiet("whole").await;
    start(&mut world, with_a_wave(World::args()));
    application(&world, "app", 18, None);
    world.apply("whole", &whole());
    // Its service account is removed at the same time.
    world.scope.kubectl(&["create", "serviceaccount", "pods"]).ok();
    let pods = json!({"name": "pods", "serviceAccount": {"name": "pods", "annotate": true}});
    world.apply("annotated", &json!({"trust": [pods]}));
    world.wait_ready("whole");
    world.wait_ready("annotated");
    assert_eq!(roles(&world).await.len(), 20);
    let begin = delete(&world);
    // A namespace of 20 is not one of a few: an operator is asked.
    wait_until("all 20 to be held", SOON, || {
        let held = resources(&world)
            .iter()
            .filter_map(|name| name.split('/').next_back())
            .filter(|name| world.condition(name, "Ready")["reason"] == "RemovalHeld")
            .count();
        if held == 20 { Ok(()) } else { Err(held) }
    });
    println!(
        "prune | namespace, not confirmed | held after {:.1} s",
        begin.elapsed().as_secs_f64()
    );
    assert_eq!(roles(&world).await.len(), 20);
    let begin = Instant::now();
    let (code, said) = world.confirm(&["removals", "--yes", "20"]);
    assert_eq!(code, Some(0), "{said}");
    wait_gone(&world, "namespace, from its confirmation", 20, begin);
    assert_eq!(roles(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_namespace_of_ten_is_gone_without_being_asked_for() {
    let world = world("ten").await;
    application(&world, "app", 10, None);
    let begin = delete(&world);
    wait_gone(&world, "namespace", 10, begin);
    assert_eq!(roles(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_expired_role_does_not_keep_its_namespace() {
    let world = world("expired").await;
    world.apply("over", &json!({"trust": [lambda()], "lifetime": {"ttl": "1s"}}));
    application(&world, "app", 2, None);
    world.wait_reason("over", "Expired");
    let begin = delete(&world);
    wait_gone(&world, "namespace, one role expired", 3, begin);
    assert_eq!(roles(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_paused_role_keeps_its_namespace_until_it_goes_on() {
    let world = world("paused").await;
    application(&world, "app", 3, None);
    world.scope.kubectl(&["annotate", "iamrole", "app-0", "rolewright.dev/paused=true"]).ok();
    world.wait_reason("app-0", "Paused");
    delete(&world);
    for name in ["app-1", "app-2"] {
        world.wait_gone(name);
    }
    wait_held(&world, "app-0");
    wait_kept(&world, 1);
    assert_eq!(
        roles(&world).await,
        [world.role("app-0")],
        "the others are gone, this one is as it was"
    );
    let begin = Instant::now();
    world.scope.kubectl(&["annotate", "iamrole", "app-0", "rolewright.dev/paused-"]).ok();
    wait_gone(&world, "namespace, one role paused, from its release", 1, begin);
    assert_eq!(roles(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_retained_role_outlives_its_namespace_and_is_taken_up_again() {
    let world = world("retained").await;
    let retained = json!({"trust": [lambda()], "deletionPolicy": "Retain"});
    world.apply("kept", &retained);
    application(&world, "app", 2, None);
    world.wait_ready("kept");
    let name = world.role("kept");
    let before = world.get_role(&name).await.expect("the role");
    let begin = delete(&world);
    wait_gone(&world, "namespace, one role retained", 3, begin);
    assert_eq!(roles(&world).await, std::slice::from_ref(&name));
    assert_eq!(world.get_role(&name).await, Some(before.clone()), "untouched");

    kubectl(&world, &["create", "namespace", &world.scope.namespace]);
    world.apply("kept", &retained);
    world.wait_ready("kept");
    let again = world.get_role(&name).await.expect("the role");
    assert_eq!(again.role_id(), before.role_id(), "the same role");
}

#[tokio::test]
async fn a_throttled_account_delays_a_namespace_and_no_more() {
    let world = world("throttled").await;
    application(&world, "app", 5, None);
    let (standin, account) = (&world.scope.cluster.standin, &world.scope.account);
    standin.faults(account, &[Fault::on("*", FaultKind::Throttle).only(&account.controller_key)]);
    let begin = delete(&world);
    for number in 0..5 {
        wait_said(&world, &format!("app-{number}"), "Throttled");
    }
    assert_eq!(roles(&world).await.len(), 5);
    standin.clear_faults(account);
    wait_gone(&world, "namespace, AWS throttles meanwhile", 5, begin);
    assert_eq!(roles(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_role_that_aws_does_not_let_go_says_why_and_goes_when_it_may() {
    let world = world("blocked").await;
    application(&world, "app", 3, None);
    let (role, left, iam) = (world.role("app-0"), world.role("app-1"), world.scope.iam());
    for (profile, role) in [("theirs", &role), ("others", &left)] {
        iam.create_instance_profile()
            .instance_profile_name(profile)
            .send()
            .await
            .expect("a profile");
        iam.add_role_to_instance_profile()
            .instance_profile_name(profile)
            .role_name(role)
            .send()
            .await
            .expect("added");
    }
    delete(&world);
    for (name, profile) in [("app-0", "theirs"), ("app-1", "others")] {
        let message = wait_said(&world, name, "DeletionBlocked");
        assert!(message.contains(profile), "{message}");
    }
    world.wait_gone("app-2");
    wait_kept(&world, 2);
    assert_eq!(roles(&world).await, [role.clone(), left.clone()]);
    // Who can't or won't remove what holds it leaves the role.
    let retain = r#"{"spec":{"deletionPolicy":"Retain"}}"#;
    world.scope.kubectl(&["patch", "iamrole", "app-1", "--type=merge", "-p", retain]).ok();
    world.wait_gone("app-1");
    let removal =
        iam.remove_role_from_instance_profile().instance_profile_name("theirs").role_name(&role);
    removal.send().await.expect("removed");
    let begin = Instant::now();
    // The next sweep shows that nothing holds it any more. Also in a namespace that is going.
    wait_gone(&world, "namespace, one role held by AWS, from its release", 1, begin);
    assert_eq!(roles(&world).await, [left]);
}

/// Rights that a namespace holds go with it, in no certain order: a controller with no others can't
/// let its resources go.
#[tokio::test]
async fn a_controller_whose_rights_went_with_the_namespace_goes_on_once_it_has_others() {
    let scope = Cluster::collecting().scope("rights");
    scope.bind_in_namespace("rolewright");
    let mut world = World::in_scope(scope).await;
    world.start();
    application(&world, "app", 2, None);
    world.controller().pause(); // so that it does not come first
    delete(&world);
    wait_until("the rights to be gone", SOON, || {
        let bindings = world.scope.kubectl(&["get", "rolebindings", "-o", "name"]).ok();
        if bindings.is_empty() { Ok(()) } else { Err(bindings) }
    });
    world.controller().resume();
    wait_until("the controller to find itself without rights", SOON, || {
        let log = world.controller().log();
        if log.contains("the resource can't be read") { Ok(()) } else { Err("not yet") }
    });
    wait_kept(&world, 2);
    assert_eq!((resources(&world).len(), roles(&world).await.len()), (2, 2));
    let begin = Instant::now();
    world.scope.bind("rolewright");
    wait_gone(&world, "namespace that held the rights, from others given", 2, begin);
    assert_eq!(roles(&world).await, Vec::<String>::new());
}
