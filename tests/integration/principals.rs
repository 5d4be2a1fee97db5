//! A principal of a trust policy that is deleted and made again under its name, on real parts.

use serde_json::{Value, json};

use harness::wait_until;
use harness::world::{SOON, World, lambda};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

async fn make(world: &World, role: &str) -> String {
    let made = world
        .scope
        .iam()
        .create_role()
        .role_name(role)
        .assume_role_policy_document(TRUST)
        .send()
        .await;
    made.expect("a role").role().expect("a role").arn().to_owned()
}

/// The trust policy of a role as the stand-in shows it, decoded.
async fn trust(world: &World, role: &str) -> String {
    let role = world.get_role(role).await.expect("the role");
    let text = role.assume_role_policy_document().expect("a trust policy").to_owned();
    text.replace("%22", "\"").replace("%3A", ":").replace("%2F", "/").replace("%5B", "[")
}

#[tokio::test]
async fn a_namesake_of_a_deleted_principal_is_trusted_when_somebody_asks_and_not_before() {
    let world = World::new("principals").await;
    let peer = make(&world, "peer").await;
    let spec: Value =
        json!({"trust": [lambda(), {"name": "peer", "principals": {"arns": [peer]}}]});
    world.apply("x", &spec);
    world.wait_ready("x");
    let role = world.role("x");
    let iam = world.scope.iam();
    iam.delete_role().role_name("peer").send().await.expect("deleted");
    make(&world, "peer").await;
    world.clear();
    let message = world.wait_reason("x", "PrincipalReplaced");
    assert!(message.contains(&peer), "{message}");
    let replaced =
        world.resource("x").expect("the resource")["status"]["replacedPrincipals"].clone();
    assert_eq!(replaced[0]["arn"], json!(peer), "{replaced}");
    assert!(replaced[0]["id"].as_str().is_some_and(|id| id.starts_with("AROA")), "{replaced}");
    world.wait_sweeps(3);
    assert!(world.writes().is_empty(), "{:?}", world.writes());

    // Drift beside it is corrected, and the namesake gains nothing by that.
    iam.update_assume_role_policy()
        .role_name(&role)
        .policy_document(TRUST)
        .send()
        .await
        .expect("trust");
    wait_until("the correction", SOON, || {
        if world.writes() == ["UpdateAssumeRolePolicy"] {
            Ok(())
        } else {
            Err(format!("{:?}", world.writes()))
        }
    });
    world.wait_sweeps(2);
    let now = trust(&world, &role).await;
    assert!(now.contains("lambda") && !now.contains("ec2") && !now.contains("peer"), "{now}");
    assert_eq!(world.condition("x", "Ready")["reason"], "PrincipalReplaced");

    let asked = "rolewright.dev/reconcile-requested-at=now";
    world.scope.kubectl(&["annotate", "iamrole", "x", asked]).ok();
    world.wait_ready("x");
    assert!(trust(&world, &role).await.contains("role/peer"));
}

#[tokio::test]
async fn a_principal_that_does_not_exist_is_named_and_found_when_it_comes() {
    let world = World::new("unknown-principal").await;
    make(&world, "peer").await;
    let account = &world.scope.account.id;
    let arn = |name: &str| format!("arn:aws:iam::{account}:role/{name}");
    world.apply(
        "x",
        &json!({"trust": [lambda(), {"name": "peer", "principals": {"arns": [arn("peer")]}}]}),
    );
    world.wait_ready("x");
    world.apply(
        "x",
        &json!({"trust": [{"name": "peer", "principals": {"arns": [arn("peer"), arn("none")]}}]}),
    );
    let message = world.wait_reason("x", "InvalidPrincipal");
    assert!(message.contains(&arn("none")) && !message.contains(&arn("peer")), "{message}");
    let now = trust(&world, &world.role("x")).await;
    assert!(now.contains("role/peer") && !now.contains("lambda"), "{now}");
    make(&world, "none").await;
    world.wait_ready("x");
    assert!(trust(&world, &world.role("x")).await.contains("role/none"));
}

#[tokio::test]
async fn roles_that_trust_themselves_or_each_other_come_to_life_and_again_after_they_were_removed()
{
    let world = World::new("self-trust").await;
    let (selfish, left, right) = (world.role("selfish"), world.role("left"), world.role("right"));
    let trusting = |role: &str| {
        let arn = format!("arn:{{partition}}:iam::{{accountId}}:role/{role}");
        json!({"name": "peer", "principals": {"arns": [arn]}})
    };
    // Alone in its trust policy, so that the stand-in takes one that lets nobody in.
    world.apply("selfish", &json!({"trust": [trusting(&selfish)]}));
    world.apply("left", &json!({"trust": [lambda(), trusting(&right)]}));
    world.apply("right", &json!({"trust": [lambda(), trusting(&left)]}));
    for name in ["selfish", "left", "right"] {
        world.wait_ready(name);
    }
    for (role, named) in [(&selfish, &selfish), (&left, &right), (&right, &left)] {
        let now = trust(&world, role).await;
        assert!(now.contains(named.as_str()) && !now.contains("Deny"), "{now}");
    }
    let before = world.get_role(&selfish).await.expect("the role").role_id().to_owned();
    world.scope.iam().delete_role().role_name(&selfish).send().await.expect("deleted");
    wait_until("the role again", SOON, || {
        let resource = world.resource("selfish").expect("the resource");
        let id = &resource["status"]["roleId"];
        if id.is_string() && *id != json!(before) { Ok(()) } else { Err(resource.to_string()) }
    });
    world.wait_ready("selfish");
    assert!(trust(&world, &selfish).await.contains(&selfish));
}
