//! Accidents that could take every role, on real parts: none goes that nobody asked for. A deleted
//! kind, a whole set that is deleted, another setting and another version are in `brakes.rs`, a
//! store that was set back in `restore.rs`, a namespace in `tests/gitops/namespace.rs`, an
//! uninstall in `tests/chart/install.rs`.

use aws_sdk_iam::types::Tag;

use crate::brakes::{apply, roles, wait_reasons};
use harness::world::{SOON, World, whole};
use harness::{Fault, FaultKind, wait_until};

/// More than may go, or change, without somebody being asked.
const COUNT: usize = 12;

fn names(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("x{number:02}")).collect()
}

/// Ready roles; what the controller calls from here on is what the accident made it call.
async fn ready(name: &str) -> World {
    let world = World::new(name).await;
    apply(&world, COUNT);
    wait_reasons(&world, "Reconciled", COUNT);
    world.clear();
    world
}

async fn nothing_happened(world: &World) {
    world.wait_sweeps(2);
    assert_eq!((world.writes(), roles(world).await), (vec![], COUNT));
}

/// Waits until the resources are gone.
fn wait_none(world: &World) {
    wait_until("the resources to be gone", SOON, || {
        let left = world.scope.kubectl(&["get", "iamroles", "-o", "name"]).ok();
        if left.is_empty() { Ok(()) } else { Err(left) }
    });
}

#[tokio::test]
async fn another_prefix_and_another_path_move_and_remove_no_role() {
    let mut world = ready("otherprefix").await;
    assert!(world.controller().terminate().success());
    let args =
        [World::args(), vec!["--role-name-prefix", "other-", "--path-prefix", "/other/"]].concat();
    let mut controller = world.scope.controller(&args);
    // Its policy is that of the other names.
    controller.leave_unaudited();
    controller.wait_ready();
    world.controller = Some(controller);
    let ask = ["annotate", "iamroles", "--all", "rolewright.dev/reconcile-requested-at=now"];
    world.scope.kubectl(&ask).ok();
    wait_until("each to be looked at", SOON, || {
        let seen = "jsonpath={.items[*].status.lastHandledReconcileAt}";
        let seen = world.scope.kubectl(&["get", "iamroles", "-o", seen]).ok();
        if seen.split_whitespace().count() == COUNT { Ok(()) } else { Err(seen) }
    });
    nothing_happened(&world).await;
}

#[tokio::test]
async fn an_empty_list_and_a_short_one_remove_no_role() {
    let mut world = ready("shortlist").await;
    for gone in [5, COUNT] {
        // Resources that vanish while nobody looks: the next list is without them.
        world.controller().kill();
        let free = r#"{"metadata":{"finalizers":null}}"#;
        for name in names(0..gone) {
            world.scope.kubectl(&["patch", "iamrole", &name, "--type=merge", "-p", free]).ok();
        }
        let gone_ones = names(0..gone);
        let delete = ["delete", "iamrole"].into_iter().chain(gone_ones.iter().map(String::as_str));
        world.scope.kubectl(&delete.collect::<Vec<_>>()).ok();
        world.clear();
        world.start();
        nothing_happened(&world).await;
        // Applied again, each has its role.
        apply(&world, COUNT);
        wait_reasons(&world, "Reconciled", COUNT);
        assert_eq!((world.writes(), roles(&world).await), (vec!["TagRole".into(); gone], COUNT));
    }
}

#[tokio::test]
async fn a_controller_that_may_not_delete_takes_nothing_from_a_role() {
    let world = ready("mayntdelete").await;
    for name in names(0..5) {
        world.apply(&name, &whole());
    }
    for name in names(0..5) {
        world.wait_ready(&name);
    }
    world.clear();
    let (standin, account) = (&world.scope.cluster.standin, &world.scope.account);
    let denied = Fault::on("DeleteRole", FaultKind::AccessDenied).only(&account.controller_key);
    standin.faults(account, &[denied]);
    for name in names(0..5) {
        world.delete(&name);
    }
    wait_reasons(&world, "DeletionBlocked", 5);
    assert_eq!(roles(&world).await, COUNT);
    assert!(world.writes().iter().all(|action| action == "DeleteRole"), "{:?}", world.writes());
}

#[tokio::test]
async fn the_old_cluster_of_two_is_taken_down_without_its_roles() {
    let world = ready("twoclusters").await;
    for name in names(0..COUNT) {
        // As a second cluster with the same installation takes it up.
        let uid = Tag::builder().key("rolewright.dev/uid").value(format!("there-{name}")).build();
        let role = world.scope.iam().tag_role().role_name(world.role(&name));
        role.tags(uid.expect("a tag")).send().await.expect("tagged");
    }
    world.clear();
    world.scope.kubectl(&["delete", "iamroles", "--all", "--wait=false"]).ok();
    wait_none(&world);
    nothing_happened(&world).await;
}
