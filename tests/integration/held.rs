//! A role while its spec is refused: held as it was last written, on a real API server and an AWS
//! stand-in.

use serde_json::{Value, json};

use crate::pinned::patch;
use harness::world::{FAST, READ_ONLY, World, lambda, whole};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const EVERYBODY: &str = r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}"#;

/// A trust policy of these statements.
fn trust(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

/// `whole` with a grant that no controller takes, and that admission lets pass.
fn mistaken() -> Value {
    let mut spec = whole();
    let grant = json!({"owner": "o", "repository": "..", "refs": ["refs/heads/main"]});
    spec["trust"] = json!([lambda(), {"name": "ci", "githubActions": grant}]);
    spec
}

/// Somebody takes the boundary off, trusts everybody as well, and allows everything.
async fn by_hand(world: &World) {
    let (iam, role) = (world.scope.iam(), world.role("x"));
    iam.delete_role_permissions_boundary().role_name(&role).send().await.expect("boundary");
    let put = iam.put_role_policy().role_name(&role).policy_name("more").policy_document(ALL);
    put.send().await.expect("inline");
    let lambda = format!(
        r#"{{"Effect":"Allow","Principal":{{"Service":"lambda.amazonaws.com"}},"Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"aws:SourceAccount":"{}"}}}}}}"#,
        world.scope.account.id
    );
    let open = trust(&format!("{lambda},{EVERYBODY}"));
    let update = iam.update_assume_role_policy().role_name(&role).policy_document(open);
    update.send().await.expect("trust");
    iam.attach_role_policy().role_name(&role).policy_arn(ADMIN).send().await.expect("attached");
}

/// Waits until what was done by hand is taken back.
async fn wait_taken_back(world: &World) {
    let role = world.role("x");
    let mut seen = String::new();
    for _ in 0..240 {
        let now = world.get_role(&role).await.expect("the role");
        let boundary = now.permissions_boundary().and_then(|it| it.permissions_boundary_arn());
        let trust = now.assume_role_policy_document().unwrap_or_default().to_owned();
        let names = world.scope.iam().list_role_policies().role_name(&role).send().await;
        let names = names.expect("names").policy_names().to_vec();
        let list = world.scope.iam().list_attached_role_policies().role_name(&role).send().await;
        let attached = list.expect("a list").attached_policies.unwrap_or_default();
        let detached = attached.iter().all(|policy| policy.policy_arn() != Some(ADMIN));
        let closed = trust.contains("lambda.amazonaws.com") && !trust.contains("%2A%22");
        if boundary.is_some() && closed && names == ["read"] && detached {
            return;
        }
        seen = format!("{boundary:?} {trust} {names:?} {attached:?}");
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
    panic!("not taken back: {seen}");
}

async fn boundary_of(world: &World) -> String {
    let role = world.get_role(&world.role("x")).await.expect("the role");
    let boundary = role.permissions_boundary().and_then(|it| it.permissions_boundary_arn());
    boundary.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_boundary_that_became_mandatory_reaches_a_role_that_named_its_own() {
    let mut world = World::quiet("heldboundary").await;
    let mut args = vec!["--permissions-boundary", "none"];
    args.extend(FAST);
    let mut controller = world.scope.controller(&args);
    controller.wait_ready();
    // Its rights are those for the boundary that is mandatory later.
    controller.leave_unaudited();
    world.controller = Some(controller);
    let mut spec = whole();
    spec["permissionsBoundary"] = json!(READ_ONLY);
    world.apply("x", &spec);
    world.wait_ready("x");
    assert_eq!(boundary_of(&world).await, READ_ONLY);

    assert!(world.controller().terminate().success());
    world.clear();
    world.start();
    world.controller().leave_unaudited();
    let message = world.wait_reason("x", "InvalidSpec");
    let mandatory = format!("arn:aws:iam::{}:policy/boundary", world.scope.account.id);
    assert!(message.contains(&format!("must be {mandatory} here")), "{message}");
    assert!(message.contains("is held as it was last written"), "{message}");
    assert_eq!(boundary_of(&world).await, mandatory);
    assert_eq!(world.writes(), ["PutRolePermissionsBoundary"]);
}

#[tokio::test]
async fn what_is_changed_by_hand_is_taken_back_while_the_spec_is_refused() {
    let world = World::new("heldhand").await;
    world.apply("x", &whole());
    world.wait_ready("x");
    world.apply("x", &mistaken());
    world.wait_reason("x", "InvalidSpec");
    world.clear();
    by_hand(&world).await;
    wait_taken_back(&world).await;
    let message = world.wait_reason("x", "InvalidSpec");
    assert!(message.ends_with("what allows more is removed"), "{message}");
    world.wait_sweeps(1);
    world.clear();
    world.wait_sweeps(3);
    assert_eq!((world.writes(), world.calls()), (Vec::new(), Vec::new()), "then there is silence");
    world.apply("x", &whole());
    world.wait_ready("x");
    assert_eq!(world.writes(), [""; 0]);
}

#[tokio::test]
async fn a_role_of_a_version_that_did_not_save_it_is_held_as_aws_has_it() {
    let mut world = World::new("heldbefore").await;
    world.apply("x", &whole());
    world.wait_ready("x");
    let held = world.resource("x").expect("the resource")["status"]["held"].clone();
    assert!(held.as_str().is_some_and(|text| text.contains("s3:GetObject")), "{held}");
    assert!(world.controller().terminate().success());
    patch(&world, &world.scope.controller_user, &json!({"held": null})).ok();
    world.apply("x", &mistaken());
    world.start();
    world.wait_reason("x", "InvalidSpec");
    let status = world.resource("x").expect("the resource")["status"].clone();
    assert!(status["held"].is_string(), "{status}");
    by_hand(&world).await;
    wait_taken_back(&world).await;
}

#[tokio::test]
async fn a_forged_status_widens_no_role() {
    let mut world = World::new("heldforged").await;
    world.apply("x", &whole());
    world.wait_ready("x");
    world.apply("x", &mistaken());
    world.wait_reason("x", "InvalidSpec");
    let parsed = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let forged = json!({
        "trust": parsed(&trust(EVERYBODY)),
        "inline": {"read": parsed(ALL), "more": parsed(ALL)},
        "attached": [ADMIN, READ_ONLY, "arn:aws:iam::aws:policy/SecurityAudit"],
    });
    let held = json!({"held": forged.to_string()});
    let said = patch(&world, harness::ADMIN, &held).stderr;
    assert!(said.contains("status.held may be changed by the controller only"), "{said}");
    assert!(world.controller().terminate().success());
    patch(&world, &world.scope.controller_user, &held).ok();
    world.clear();
    world.start();
    world.wait_sweeps(2);
    // Trust in everybody is beyond the limits: nobody is trusted, and that is all.
    assert_eq!(world.writes(), ["UpdateAssumeRolePolicy"]);
    let role = world.get_role(&world.role("x")).await.expect("the role");
    let trust = role.assume_role_policy_document().unwrap_or_default();
    assert!(trust.contains("Deny") && !trust.contains("Allow"), "{trust}");
    world.apply("x", &whole());
    world.wait_ready("x");
    assert_eq!(world.writes(), ["UpdateAssumeRolePolicy"; 2]);
}
