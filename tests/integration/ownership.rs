//! What is not ours is never written, and what is ours is found again.

use aws_sdk_iam::types::Tag;
use serde_json::json;

use harness::wait_until;
use harness::world::{SOON, World, lambda, whole};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

#[tokio::test]
async fn a_foreign_role_of_the_same_name_is_refused_and_untouched() {
    let world = World::new("foreign").await;
    let role = world.role("x");
    let create =
        world.scope.iam().create_role().role_name(&role).assume_role_policy_document(TRUST);
    create.description("theirs").send().await.expect("a role");
    let before = world.get_role(&role).await;
    world.clear();
    world.apply("x", &whole());
    let message = world.wait_reason("x", "NotOwned");
    assert!(message.contains("choose another roleName"), "{message}");
    world.delete("x");
    world.wait_gone("x");
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert_eq!(world.get_role(&role).await, before);
}

#[tokio::test]
async fn of_two_resources_for_one_name_the_other_takes_its_turn() {
    let world = World::new("names").await;
    let name = format!("{}-{}_Same", world.scope.installation, world.scope.namespace);
    world.apply("first", &json!({"roleName": name, "trust": [lambda()]}));
    world.wait_ready("first");
    world.apply("second", &json!({"roleName": name.to_lowercase(), "trust": [lambda()]}));
    let message = world.wait_reason("second", "NotOwned");
    assert!(message.contains("/first"), "{message}");
    world.delete("first");
    world.wait_gone("first");
    world.wait_ready("second");
}

#[tokio::test]
async fn a_cluster_rebuilt_from_git_takes_every_role_up_and_writes_nothing_else() {
    let mut world = World::new("rebuilt").await;
    world.apply("x", &whole());
    world.apply("y", &whole());
    world.wait_ready("x");
    world.wait_ready("y");
    let id = world.get_role(&world.role("x")).await.expect("the role").role_id().to_owned();
    world.controller().kill();
    for name in ["x", "y"] {
        // Without controller and finalizer: as if etcd had been lost.
        world
            .scope
            .kubectl(&[
                "patch",
                "iamrole",
                name,
                "--type=merge",
                "-p",
                r#"{"metadata":{"finalizers":null}}"#,
            ])
            .ok();
        world.scope.kubectl(&["delete", "iamrole", name]).ok();
        world.apply(name, &whole());
    }
    world.clear();
    world.start();
    world.wait_ready("x");
    world.wait_ready("y");
    assert_eq!(world.writes(), ["TagRole", "TagRole"]);
    assert_eq!(world.get_role(&world.role("x")).await.expect("the role").role_id(), id);
}

#[tokio::test]
async fn a_role_that_another_cluster_has_taken_up_is_left_until_somebody_asks_for_it() {
    let world = World::new("contested").await;
    world.apply("x", &whole());
    world.wait_ready("x");
    let (role, iam) = (world.role("x"), world.scope.iam());
    let overtake = async || {
        let uid = Tag::builder()
            .key("rolewright.dev/uid")
            .value("of-another-cluster")
            .build()
            .expect("a tag");
        iam.tag_role().role_name(&role).tags(uid).send().await.expect("tagged");
        world.clear();
        let message = world.wait_reason("x", "OwnershipContested");
        assert!(message.contains("uid of-another-cluster"), "{message}");
        world.wait_sweeps(2);
        assert_eq!(world.writes(), Vec::<String>::new());
    };
    overtake().await;
    world
        .scope
        .kubectl(&["annotate", "iamrole", "x", "rolewright.dev/reconcile-requested-at=now"])
        .ok();
    world.wait_ready("x");
    assert_eq!(world.writes(), ["TagRole"]);
    overtake().await;
    let before = world.get_role(&role).await;
    world.delete("x");
    world.wait_gone("x");
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(world.get_role(&role).await, before);
}

#[tokio::test]
async fn a_foreign_instance_profile_blocks_the_deletion_and_nothing_is_stripped() {
    let world = World::new("profile").await;
    world.apply("x", &whole());
    world.wait_ready("x");
    let (role, iam) = (world.role("x"), world.scope.iam());
    iam.create_instance_profile().instance_profile_name("theirs").send().await.expect("a profile");
    iam.add_role_to_instance_profile()
        .instance_profile_name("theirs")
        .role_name(&role)
        .send()
        .await
        .expect("added");
    world.clear();
    world.delete("x");
    let message = wait_until("the blocker to be named", SOON, || {
        let ready = world.condition("x", "Ready");
        if ready["reason"] == "DeletionBlocked" {
            Ok(ready["message"].to_string())
        } else {
            Err(ready)
        }
    });
    assert!(message.contains("theirs"), "{message}");
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    iam.remove_role_from_instance_profile()
        .instance_profile_name("theirs")
        .role_name(&role)
        .send()
        .await
        .expect("gone");
    // The next sweep sees that nothing holds it any more.
    world.wait_gone("x");
    assert!(world.get_role(&role).await.is_none());
}

#[tokio::test]
async fn one_answer_without_our_tags_does_not_let_a_role_go() {
    let mut world = World::quiet("one-answer").await;
    let mut args = World::args();
    let delay = args.iter().position(|argument| *argument == "--absence-delay").expect("a flag");
    args[delay + 1] = "4s";
    let mut controller = world.scope.controller(&args);
    controller.wait_ready();
    world.controller = Some(controller);
    world.apply("x", &whole());
    world.wait_ready("x");
    let (role, iam) = (world.role("x"), world.scope.iam());
    // As an answer that was cut off shows it.
    let key = "rolewright.dev/resource";
    iam.untag_role().role_name(&role).tag_keys(key).send().await.expect("untagged");
    world.delete("x");
    wait_until("the first read", SOON, || {
        let ready = world.condition("x", "Ready");
        let message = ready["message"].as_str().unwrap_or_default();
        if message.contains("reads it once more") { Ok(()) } else { Err(ready) }
    });
    let name = format!("{}/x", world.scope.namespace);
    let tag = Tag::builder().key(key).value(name).build().expect("a tag");
    iam.tag_role().role_name(&role).tags(tag).send().await.expect("tagged");
    world.wait_gone("x");
    assert!(world.get_role(&role).await.is_none());
}

#[tokio::test]
async fn retain_leaves_the_role_as_it_is() {
    let world = World::new("retain").await;
    let mut spec = whole();
    spec["deletionPolicy"] = json!("Retain");
    world.apply("x", &spec);
    world.wait_ready("x");
    let before = world.get_role(&world.role("x")).await;
    world.clear();
    world.delete("x");
    world.wait_gone("x");
    assert!(world.writes().is_empty());
    assert_eq!(world.get_role(&world.role("x")).await, before);
}
