//! Grants that differ in subjects alone share a statement, and a role of a release that wrote one
//! for each is equal, on real parts. What pins without a whole name is let in by the schema and the
//! admission policies, and written.

use serde_json::{Value, json};

use harness::world::World;
use iam::policy::decode::decode;

fn spec(count: usize) -> Value {
    let grant = |n| {
        json!({"name": format!("g{n}"), "oidc": {"issuer": "https://oidc.example.org",
            "audiences": ["sts.amazonaws.com"], "subjects": [format!("app:team-a:job-{n}")]}})
    };
    json!({"trust": (0..count).map(grant).collect::<Vec<_>>()})
}

async fn statements(world: &World, role: &str) -> Vec<Value> {
    let role = world.get_role(role).await.expect("the role");
    let text = decode(role.assume_role_policy_document().expect("a trust policy")).expect("text");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    document["Statement"].as_array().expect("statements").clone()
}

#[tokio::test]
async fn grants_share_a_statement_and_what_was_written_apart_is_left_as_it_is() {
    let world = World::new("subjects").await;
    world.provide("https://oidc.example.org").await;
    world.apply("x", &spec(12));
    world.wait_ready("x");
    let role = world.role("x");
    let made = statements(&world, &role).await;
    assert_eq!(made.len(), 1, "{made:?}");

    // As a former release wrote it: a statement for each.
    let key = "oidc.example.org:sub";
    let subjects = made[0]["Condition"]["StringEquals"][key].as_array().expect("a list").clone();
    assert_eq!(subjects.len(), 12);
    let apart: Vec<Value> = subjects
        .iter()
        .map(|subject| {
            let mut one = made[0].clone();
            one["Condition"]["StringEquals"][key] = subject.clone();
            one
        })
        .collect();
    let document = json!({"Version": "2012-10-17", "Statement": apart[..3]}).to_string();
    world.apply("x", &spec(3));
    world.wait_ready("x");
    let iam = world.scope.iam();
    let update = iam.update_assume_role_policy().role_name(&role).policy_document(document);
    update.send().await.expect("written");
    world.clear();
    world.wait_sweeps(3);
    let mut described = spec(3);
    described["description"] = json!("looked at");
    world.apply("x", &described);
    world.wait_ready("x");
    assert_eq!(world.writes(), ["UpdateRole"]);
    assert_eq!(statements(&world, &role).await.len(), 3);

    // With something to write, it is one.
    world.apply("x", &spec(4));
    world.wait_ready("x");
    assert_eq!(statements(&world, &role).await.len(), 1);
}

#[tokio::test]
async fn names_with_an_open_end_are_admitted_and_written() {
    let world = World::new("open-ends").await;
    let account = &world.scope.account.id;
    let set = "role/aws-reserved/sso.amazonaws.com/eu-west-2/AWSReservedSSO_Admin_*";
    let github = "https://token.actions.githubusercontent.com";
    world.provide(github).await;
    let by_ids = "repository_owner_id:12:repository_id:34:environment:Production";
    world.apply(
        "x",
        &json!({"trust": [
            {"name": "people",
                "principals": {"arns": [format!("arn:{{partition}}:iam::{{accountId}}:{set}")]}},
            {"name": "pods", "serviceAccount": {"name": "provider-aws-*"}},
            {"name": "eks", "podIdentity": {"serviceAccounts": ["billing", "provider-aws-*"]}},
            {"name": "any", "githubActions": {"owner": "myorg", "repository": "billing",
                "subjectFormat": "Classic", "environments": ["*"]}},
            {"name": "ids", "oidc": {"issuer": github, "audiences": ["sts.amazonaws.com"],
                "subjects": [by_ids]}},
        ]}),
    );
    world.wait_ready("x");
    let made = statements(&world, &world.role("x")).await;
    let has = |pointer: &str, value: &Value| {
        made.iter().any(|statement| statement["Condition"].pointer(pointer) == Some(value))
    };
    let root = json!({"AWS": format!("arn:aws:iam::{account}:root")});
    assert!(made.iter().any(|statement| statement["Principal"] == root), "{made:?}");
    let tag = "/StringLike/aws:RequestTag~1kubernetes-service-account";
    for (pointer, value) in [
        ("/ArnLike/aws:PrincipalArn", json!(format!("arn:aws:iam::{account}:{set}"))),
        (tag, json!(["billing", "provider-aws-*"])),
    ] {
        assert!(has(pointer, &value), "{pointer}: {made:?}");
    }
    let namespace = &world.scope.namespace;
    let text = json!(made).to_string();
    for subject in [
        &format!("system:serviceaccount:{namespace}:provider-aws-*"),
        "repo:myorg/billing:environment:*",
        by_ids,
    ] {
        assert!(text.contains(&format!("\"{subject}\"")), "{subject}: {text}");
    }
}
