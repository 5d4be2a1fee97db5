//! The finalizer is set without a read before it: on exactly the object that the pass has seen, or
//! nowhere.

use rolewright::{
    api::{ResourceKey, resource::Resource},
    cluster::KubeCluster,
    plan::failure::ClusterError,
    ports::Objects as _,
};
use serde_json::{Value, json};

use harness::ADMIN;
use harness::world::{World, lambda};

fn finalizers(world: &World) -> Value {
    world.resource("x").map_or(Value::Null, |resource| resource["metadata"]["finalizers"].clone())
}

fn apply(world: &World) {
    world.apply("x", &json!({"trust": [lambda()]}));
}

#[tokio::test]
async fn the_finalizer_goes_to_the_object_that_was_seen_and_to_no_other() {
    let world = World::quiet("finalizer").await;
    let client = world.scope.cluster.control_plane.client(ADMIN).await;
    let cluster = KubeCluster::new(client, Vec::new());
    let key = ResourceKey { namespace: world.scope.namespace.clone(), name: "x".into() };
    let see =
        async || -> Resource { cluster.get(&key).await.expect("an answer").expect("the resource") };

    apply(&world);
    let others = r#"{"metadata":{"finalizers":["example.org/theirs"]}}"#;
    world.scope.kubectl(&["patch", "iamrole", "x", "--type=merge", "-p", others]).ok();
    let seen = see().await;
    for _ in 0..2 {
        cluster.add_finalizer(&seen).await.expect("set");
        assert_eq!(finalizers(&world), json!(["example.org/theirs", "iam.rolewright.dev/role"]));
    }
    cluster.remove_finalizer(&seen).await.expect("taken off");
    assert_eq!(finalizers(&world), json!(["example.org/theirs"]));

    // Gone, and gone and made again, since it was seen.
    world
        .scope
        .kubectl(&[
            "patch",
            "iamrole",
            "x",
            "--type=merge",
            "-p",
            r#"{"metadata":{"finalizers":null}}"#,
        ])
        .ok();
    world.scope.kubectl(&["delete", "iamrole", "x"]).ok();
    let refused = cluster.add_finalizer(&seen).await;
    assert!(matches!(refused, Err(ClusterError::Conflict(_))), "{refused:?}");
    assert!(world.resource("x").is_none(), "nothing is made by it");
    apply(&world);
    let refused = cluster.add_finalizer(&seen).await;
    assert!(matches!(refused, Err(ClusterError::Conflict(_))), "{refused:?}");
    assert_eq!(finalizers(&world), Value::Null);
    assert_eq!(
        cluster.remove_finalizer(&seen).await,
        Ok(()),
        "the one that was seen is gone: done"
    );
}
