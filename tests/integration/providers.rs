//! Identity providers that a trust policy names and the account does not have: AWS takes such a
//! policy, so the resource says it.

use std::time::Duration;

use serde_json::json;

use harness::wait_until;
use harness::world::{SOON, World};

/// Reasons of the Events about a resource.
fn reasons(world: &World, name: &str) -> Vec<String> {
    let list = world.scope.kubectl(&["get", "events.v1.events.k8s.io", "-o", "json"]).json();
    let events = list["items"].as_array().cloned().unwrap_or_default();
    let about = events.iter().filter(|event| event["regarding"]["name"] == name);
    about.map(|event| event["reason"].as_str().unwrap_or_default().to_owned()).collect()
}

fn asked(world: &World) -> usize {
    world
        .calls_with_providers()
        .iter()
        .filter(|action| *action == "GetOpenIDConnectProvider")
        .count()
}

#[tokio::test]
async fn a_provider_that_is_not_in_the_account_is_told_until_it_is_made() {
    let world = World::new("providers").await;
    let job = json!({"name": "ci", "githubActions": {"owner": "o", "ownerId": "1",
        "repository": "r", "repositoryId": "2", "refs": ["refs/heads/main"]}});
    let people = json!({"name": "sso", "saml": {
        "providerArn": "arn:{partition}:iam::{accountId}:saml-provider/people",
        "attributes": {"sub": ["alice@example.org"]}}});
    for (name, grant) in [("a", &job), ("b", &job), ("sso", &people)] {
        world.apply(name, &json!({"trust": [grant]}));
    }
    for (name, says) in [("a", "no OIDC provider"), ("b", "no OIDC"), ("sso", "no SAML provider")] {
        let message = world.wait_reason(name, "ProviderUnusable");
        assert!(message.contains(says), "{message}");
        assert_eq!(world.condition(name, "Ready")["status"], "True");
        assert!(world.get_role(&world.role(name)).await.is_some());
        wait_until("the Event", SOON, || {
            let told = reasons(&world, name);
            let count = told.iter().filter(|reason| *reason == "ProviderUnusable").count();
            if count == 1 { Ok(()) } else { Err(format!("{told:?}")) }
        });
    }
    world.wait_sweeps(2);
    assert_eq!(asked(&world), 1, "two resources and some sweeps are one question");

    world.provide("https://token.actions.githubusercontent.com").await;
    let metadata = "<EntityDescriptor/>".repeat(60);
    let create = world.scope.iam().create_saml_provider().name("people");
    create.saml_metadata_document(metadata).send().await.expect("a provider");
    // Longer than an answer lasts for those who ask.
    tokio::time::sleep(Duration::from_secs(6)).await;
    for name in ["a", "b", "sso"] {
        let request = "rolewright.dev/reconcile-requested-at=now";
        world.scope.kubectl(&["annotate", "iamrole", name, request]).ok();
        world.wait_ready(name);
    }
    assert_eq!(asked(&world), 2);
    wait_until("the Event", SOON, || {
        let told = reasons(&world, "a");
        if told.iter().any(|reason| reason == "Reconciled") { Ok(()) } else { Err(told.join(" ")) }
    });
}
