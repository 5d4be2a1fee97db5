//! Many at once, on a real API server: what is held stays as it is, and goes when an operator says
//! so.

use serde_json::json;

use harness::world::{SOON, World, lambda, with_a_wave};
use harness::{Cluster, wait_until};

pub fn apply(world: &World, count: usize) {
    let spec = json!({"trust": [lambda()]});
    let items: Vec<serde_json::Value> = (0..count)
        .map(|number| {
            let manifest = world.manifest(&format!("x{number:02}"), &spec);
            serde_json::from_str(&manifest).unwrap()
        })
        .collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    world.scope.kubectl_with(&["apply", "--server-side", "-f", "-"], &list).ok();
}

/// Waits until so many resources have this reason.
pub fn wait_reasons(world: &World, reason: &str, count: usize) {
    wait_until(&format!("{count} resources to be {reason}"), SOON, || {
        let list = world.scope.kubectl(&["get", "iamroles", "-o", "json"]).json();
        let ready = |item: &serde_json::Value| {
            let conditions = item["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let mut of = conditions.into_iter().filter(|condition| condition["type"] == "Ready");
            of.next().unwrap_or_default()["reason"].clone()
        };
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let reasons: Vec<serde_json::Value> = items.iter().map(ready).collect();
        let found = reasons.iter().filter(|found| **found == reason).count();
        if found == count { Ok(()) } else { Err(format!("{reasons:?}")) }
    });
}

pub fn start(world: &mut World) {
    let mut controller = world.scope.controller(&with_a_wave(World::args()));
    controller.wait_ready();
    world.controller = Some(controller);
}

pub async fn roles(world: &World) -> usize {
    world.scope.iam().list_roles().send().await.expect("roles").roles().len()
}

#[tokio::test]
async fn a_whole_set_that_is_deleted_is_held_over_a_restart_and_goes_when_it_is_confirmed() {
    let mut world = World::quiet("massdelete").await;
    start(&mut world);
    apply(&world, 20);
    wait_reasons(&world, "Reconciled", 20);
    world.clear();
    world.scope.kubectl(&["delete", "iamroles", "--all", "--wait=false"]).ok();
    wait_reasons(&world, "RemovalHeld", 20);
    world.controller().kill();
    start(&mut world);
    world.wait_sweeps(2);
    assert_eq!((world.writes(), roles(&world).await), (vec![], 20));

    // The command looks, and confirms only what its caller has counted.
    let (code, said) = world.confirm(&[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("removals: 20 roles would be removed"), "{said}");
    assert!(said.contains("changes: nothing is held"), "{said}");
    let (code, said) = world.confirm(&["removals", "--yes", "19"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("20 are held, not 19"), "{said}");
    let (code, said) = world.confirm(&["removals", "--yes", "20"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("confirmed: removals 20 "), "{said}");
    for number in 0..20 {
        world.wait_gone(&format!("x{number:02}"));
    }
    assert_eq!(roles(&world).await, 0);
    let (code, said) = world.confirm(&["removals"]);
    assert_eq!((code, said.as_str()), (Some(0), "removals: nothing is held\n"));
}

#[tokio::test]
async fn deleting_the_crd_removes_no_role_and_the_resources_can_go_without_theirs() {
    let cluster = Cluster::start();
    let scope = cluster.scope("crddelete");
    scope.bind("rolewright");
    let iam = scope.iam();
    let args = [&["--permissions-boundary", "none"][..], &harness::world::FAST[..]].concat();
    let mut controller = scope.controller(&with_a_wave(args));
    controller.wait_ready();
    let items: Vec<serde_json::Value> = (0..12)
        .map(|number| {
            json!({"apiVersion": "iam.rolewright.dev/v1alpha1", "kind": "IAMRole",
                "metadata": {"name": format!("x{number:02}"), "namespace": scope.namespace},
                "spec": {"trust": [lambda()]}})
        })
        .collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    scope.kubectl_with(&["apply", "--server-side", "-f", "-"], &list).ok();
    let ready = ["wait", "--for=condition=Ready", "--timeout=60s", "iamroles", "--all"];
    scope.kubectl(&ready).ok();
    let crd = "iamroles.iam.rolewright.dev";
    scope.kubectl(&["delete", "crd", crd, "--wait=false"]).ok();
    let held = r#"--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=RemovalHeld"#;
    scope.kubectl(&["wait", held, "--timeout=60s", "iamroles", "--all"]).ok();
    let count = async || iam.list_roles().send().await.expect("roles").roles().len();
    assert_eq!(count().await, 12);

    let kubeconfig = cluster.control_plane.kubeconfig(harness::ADMIN);
    let output = std::process::Command::new(crate::BIN)
        .env_clear()
        .env("KUBECONFIG", kubeconfig)
        .args(["confirm", "removals", "--keep", "--yes", "12"])
        .args(["--installation", &scope.installation, "--lease-namespace", harness::CONTROLLERS])
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{output:?}");
    scope.kubectl(&["wait", "--for=delete", "--timeout=60s", "crd", crd]).ok();
    assert_eq!(count().await, 12, "the resources are gone, and their roles stay");
}

#[tokio::test]
async fn another_setting_changes_many_roles_only_step_by_step_after_a_confirmation() {
    let mut world = World::new("masschange").await;
    apply(&world, 14);
    wait_reasons(&world, "Reconciled", 14);
    assert!(world.controller().terminate().success());
    world.clear();
    let other = ["--permissions-boundary", "arn:{partition}:iam::aws:policy/ReadOnlyAccess"];
    let mut args = World::args();
    args.splice(0..2, other);
    let mut controller = world.scope.controller(&args);
    controller.wait_ready();
    // The calls of the one before are not what its policy allows.
    controller.leave_unaudited();
    world.controller = Some(controller);
    wait_reasons(&world, "ChangeHeld", 14);
    assert_eq!(world.writes(), [""; 0]);
    let (code, said) = world.confirm(&["changes", "--yes", "14"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("in sum:\n      14  "), "{said}");
    wait_reasons(&world, "Reconciled", 14);
    assert_eq!(world.writes(), ["PutRolePermissionsBoundary"; 14]);
}

/// As after an upgrade: what the status remembers is another form than the one that is desired, and
/// the role is as the former version wrote it.
#[tokio::test]
async fn a_version_that_renders_differently_changes_nothing_before_it_is_confirmed() {
    let mut world = World::new("rendering").await;
    apply(&world, 12);
    wait_reasons(&world, "Reconciled", 12);
    assert!(world.controller().terminate().success());
    let namespace = world.scope.namespace.clone();
    let user = &world.scope.controller_user;
    let kubectl = world.scope.cluster.control_plane.kubectl_as_administrator(user);
    let former = json!({"status": {"desiredHash": "0".repeat(64)}}).to_string();
    for number in 0..12 {
        let name = format!("x{number:02}");
        let patch = ["patch", "iamrole", &name, "--subresource=status", "--type=merge", "-p"];
        kubectl.run(&[&["-n", &namespace], &patch[..], &[&former]].concat()).ok();
        let role = world.scope.iam().update_role().role_name(world.role(&name));
        role.description("as it was rendered before").send().await.expect("changed");
    }
    world.clear();
    world.start();
    wait_reasons(&world, "ChangeHeld", 12);
    world.wait_sweeps(2);
    assert_eq!((world.writes(), roles(&world).await), (vec![], 12));
    // Whoever asks for one gets that one.
    let ask = ["annotate", "iamrole", "x00", "rolewright.dev/reconcile-requested-at=now"];
    world.scope.kubectl(&ask).ok();
    wait_reasons(&world, "Reconciled", 1);
    assert_eq!(world.writes(), ["UpdateRole"]);
}
