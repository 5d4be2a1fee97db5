//! A role that lost its resource is told and left.

use std::process::Command;

use harness::world::{SOON, World, whole};
use harness::{SECRET, wait_until};

#[tokio::test]
async fn a_role_that_lost_its_resource_is_counted_named_once_listed_and_left() {
    let mut world = World::new("unclaimed").await;
    world.apply("x", &whole());
    world.apply("y", &whole());
    world.wait_ready("x");
    world.wait_ready("y");
    let role = world.role("x");
    let before = world.get_role(&role).await.expect("the role");
    world.controller().kill();
    let none = r#"{"metadata":{"finalizers":null}}"#;
    world.scope.kubectl(&["patch", "iamrole", "x", "--type=merge", "-p", none]).ok();
    world.scope.kubectl(&["delete", "iamrole", "x"]).ok();
    world.clear();
    world.start();
    let series = format!("rolewright_unclaimed_roles{{account=\"{}\"}} 1", world.scope.account.id);
    wait_until("the role to be counted", SOON, || {
        let page = world.controller.as_ref().expect("it runs").get("/metrics").body;
        if page.contains(&series) { Ok(()) } else { Err(page) }
    });
    world.wait_sweeps(2);
    let log = world.controller().log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("has no resource")).collect();
    assert!(told.len() == 1 && told[0].contains(&role), "{told:?}");

    let output = Command::new(crate::BIN)
        .args(["check", "--installation", &world.scope.installation])
        .args(["--watch-namespace", &world.scope.namespace])
        .env_clear()
        .env("KUBECONFIG", world.scope.kubeconfig())
        .envs([
            ("AWS_ENDPOINT_URL", world.scope.cluster.standin.url().as_str()),
            ("AWS_ACCESS_KEY_ID", &world.scope.account.controller_key),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ])
        .output()
        .expect("the command runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let notes: Vec<&str> = text.lines().filter(|line| !line.starts_with("ok ")).collect();
    let line =
        format!("NOTE  role {role}: names IAMRole {}/x, which is not", world.scope.namespace);
    assert!(notes.len() == 1 && notes[0].starts_with(&line), "{text}");
    assert_eq!(output.status.code(), Some(0), "{text}");

    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(world.get_role(&role).await, Some(before));
}
