//! The finalizer is set without a read before it: on exactly the object that the pass has seen, or
//! nowhere.

use rolewright::{
    api::{ResourceKey, resource::Resource},
    cluster::KubeCluster,
    plan::failure::ClusterError,
    ports::Objects as _,
};
use serde_json::{Value, json};

use harness::world::{SOON, World, lambda};
use harness::{ADMIN, wait_until};

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

#[tokio::test]
async fn the_finalizer_is_taken_off_by_the_controller_or_by_who_may_release() {
    let mut world = World::new("release").await;
    apply(&world);
    world.wait_ready("x");
    let plane = &world.scope.cluster.control_plane;
    let (namespace, user) = (world.scope.namespace.clone(), "tenant");
    let grant = |name: &str, verbs: &str| {
        let role = format!("{namespace}-{name}");
        let verb = format!("--verb={verbs}");
        let namespace = namespace.as_str();
        let of = ["-n", namespace, "create", "role", &role, &verb];
        plane.kubectl(&[&of[..], &["--resource=iamroles.iam.rolewright.dev"]].concat()).ok();
        let (of, to) = (format!("--role={role}"), format!("--user={user}"));
        plane.kubectl(&["-n", namespace, "create", "rolebinding", &role, &of, &to]).ok();
    };
    let take_off = || {
        plane.kubectl_as(user).run(&[
            "-n",
            &namespace,
            "patch",
            "iamrole",
            "x",
            "--type=merge",
            "-p",
            r#"{"metadata":{"finalizers":null}}"#,
        ])
    };
    grant("edit", "get,patch,update");
    harness::wait_until("the tenant's rights", harness::world::SOON, || {
        let said = take_off().stderr;
        let refused = said.contains("only the controller takes the finalizer");
        if refused { Ok(()) } else { Err(said) }
    });
    assert_eq!(finalizers(&world), json!(["iam.rolewright.dev/role"]));
    // What does not touch it passes, and the controller takes it off.
    plane.kubectl_as(user).run(&["-n", &namespace, "label", "iamrole", "x", "a=b"]).ok();
    world.delete("x");
    world.wait_gone("x");
    apply(&world);
    world.wait_ready("x");
    assert!(world.controller().terminate().success());
    grant("release", "release");
    harness::wait_until("the tenant's verb", harness::world::SOON, || {
        let answer = take_off();
        if answer.status.success() { Ok(()) } else { Err(answer.stderr) }
    });
    assert_eq!(finalizers(&world), Value::Null);
}

#[tokio::test]
async fn a_resource_that_only_others_hold_says_what_became_of_its_role() {
    let world = World::new("held-by-others").await;
    for (name, more) in [("x", "Delete"), ("kept", "Retain")] {
        world.apply(name, &json!({"trust": [lambda()], "deletionPolicy": more}));
        world.wait_ready(name);
        let others =
            r#"[{"op":"add","path":"/metadata/finalizers/-","value":"example.org/theirs"}]"#;
        world.scope.kubectl(&["patch", "iamrole", name, "--type=json", "-p", others]).ok();
        world.delete(name);
    }
    for (name, there) in [("x", false), ("kept", true)] {
        let role = world.role(name);
        let said = if there {
            format!("role {role} is left in AWS as it is; ")
        } else {
            format!("there is no role {role} in AWS; ")
        } + "only finalizers of others still hold the resource";
        wait_until("what became of the role", SOON, || {
            let found = world.wait_reason(name, "Deleting");
            if found == said { Ok(()) } else { Err(found) }
        });
        assert_eq!(world.get_role(&role).await.is_some(), there);
        let none = r#"{"metadata":{"finalizers":null}}"#;
        world.scope.kubectl(&["patch", "iamrole", name, "--type=merge", "-p", none]).ok();
        world.wait_gone(name);
    }
}
