//! `annotate: true` on a real API server: what somebody takes off comes back.

use serde_json::{Value, json};

use harness::wait_until;
use harness::world::{SOON, World};

const ANNOTATION: &str = "eks.amazonaws.com/role-arn";

#[tokio::test]
async fn a_service_account_keeps_the_arn_whatever_becomes_of_it() {
    let mut world = World::quiet("annotated").await;
    world.scope.bind_in_namespace("rolewright-service-accounts");
    let mut arguments = World::args();
    arguments.push("--annotate-service-accounts");
    let mut controller = world.scope.controller(&arguments);
    controller.wait_ready();
    world.controller = Some(controller);
    let create = |world: &World| {
        world.scope.kubectl(&["create", "serviceaccount", "pod"]).ok();
    };
    create(&world);
    let pods = json!({"name": "pods", "serviceAccount": {"name": "pod", "annotate": true}});
    world.apply("x", &json!({"trust": [pods]}));
    world.wait_ready("x");
    let annotated = |world: &World, what: &str| {
        wait_until(what, SOON, || {
            let found = world.scope.kubectl(&["get", "serviceaccount", "pod", "-o", "json"]);
            let found: Value = found.json();
            match found["metadata"]["annotations"][ANNOTATION].as_str() {
                Some(arn) if arn.ends_with(&world.role("x")) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
    };
    annotated(&world, "the annotation");
    let off = format!("{ANNOTATION}-");
    world.scope.kubectl(&["annotate", "serviceaccount", "pod", &off]).ok();
    annotated(&world, "the annotation that was taken off");
    world.scope.kubectl(&["delete", "serviceaccount", "pod"]).ok();
    world.wait_reason("x", "NotAnnotated");
    create(&world);
    annotated(&world, "the annotation of the new service account");
    world.wait_ready("x");
    // Another role is left, and said.
    let other = format!("{ANNOTATION}=arn:aws:iam::123456789012:role/other");
    world.scope.kubectl(&["annotate", "--overwrite", "serviceaccount", "pod", &other]).ok();
    world.wait_reason("x", "NotAnnotated");
    world.scope.kubectl(&["annotate", "serviceaccount", "pod", &off]).ok();
    annotated(&world, "the annotation after the other role's");
    world.wait_ready("x");
}
