//! `--max-roles-per-namespace` on a real API server.

use serde_json::json;

use harness::world::{World, lambda};

#[tokio::test]
async fn a_role_over_the_bound_of_its_namespace_waits_until_there_is_room() {
    let mut world = World::quiet("room").await;
    let args = [&World::args()[..], &["--max-roles-per-namespace=1"]].concat();
    world.controller = Some(world.scope.controller(&args));
    world.apply("first", &json!({"trust": [lambda()]}));
    world.wait_ready("first");
    world.apply("second", &json!({"trust": [lambda()]}));
    let message = world.wait_reason("second", "NamespaceFull");
    assert!(message.contains("--max-roles-per-namespace"), "{message}");
    assert_eq!(world.condition("second", "Stalled")["status"], "True");
    assert!(world.get_role(&world.role("second")).await.is_none(), "nothing was made");
    world.delete("first");
    world.wait_gone("first");
    world.wait_ready("second");
    assert!(world.get_role(&world.role("second")).await.is_some());
}
