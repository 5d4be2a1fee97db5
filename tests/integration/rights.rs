//! Rights in Kubernetes, both ways. Each scope looks back at its end and fails when its controllers
//! asked for more than `config/rbac` gives (`harness/rights.rs`); here one controller with every
//! option uses all of it. So what the whole suite asks for, with tokens of service accounts, is
//! what the rules give. `tests/chart/rights.rs` shows that the chart gives the same.

use serde_json::{Value, json};

use harness::world::{SOON, World, lambda};
use harness::{all_rules, rules, wait_until};

/// How often a correction of drift was told, by one Event that is told again.
fn told(world: &World) -> u64 {
    let reason = "--field-selector=reason=DriftCorrected";
    let list =
        world.scope.kubectl(&["get", "events.v1.events.k8s.io", reason, "-o", "json"]).json();
    let events = list["items"].as_array().cloned().unwrap_or_default();
    events.iter().map(|event| event["series"]["count"].as_u64().unwrap_or(1)).sum()
}

/// The role that the service account `pod` names, if there is one.
fn role_of_pod(world: &World) -> String {
    let path = r"jsonpath={.metadata.annotations.eks\.amazonaws\.com/role-arn}";
    world.scope.kubectl(&["get", "serviceaccount", "pod", "-o", path]).ok()
}

#[tokio::test]
async fn a_controller_with_every_option_uses_every_right_of_the_rules() {
    let world = World::quiet("rbac").await;
    let scope = &world.scope;
    scope.bind_in_namespace("rolewright-lease");
    scope.bind_in_namespace("rolewright-service-accounts");
    scope.kubectl(&["create", "serviceaccount", "pod"]).ok();
    let options =
        ["--annotate-service-accounts", "--leader-election", "--lease-namespace", &scope.namespace];
    let mut controller = scope.controller(&[&World::args()[..], &options].concat());
    controller.wait_ready();

    let pods = json!({"name": "pods", "serviceAccount": {"name": "pod", "annotate": true}});
    world.apply("x", &json!({"trust": [lambda(), pods], "description": "d"}));
    world.wait_ready("x");
    let arn: Value = world.resource("x").unwrap_or_default()["status"]["arn"].clone();
    assert_eq!(role_of_pod(&world), arn);
    for round in 1..=2 {
        scope
            .iam()
            .update_role()
            .role_name(world.role("x"))
            .description("drift")
            .send()
            .await
            .expect("changed");
        wait_until("the drift to be corrected and told", SOON, || match told(&world) {
            count if count >= round => Ok(()),
            count => Err(format!("told {count} times\n{}", controller.log())),
        });
    }
    world.delete("x");
    world.wait_gone("x");
    assert_eq!(role_of_pod(&world), "", "the annotation went with the role");
    assert!(controller.terminate().success());

    let mut used = scope.rights_used();
    // Used where the API server does not stream lists: before Kubernetes 1.34.
    used.insert((String::new(), "serviceaccounts".to_owned(), "list".to_owned()));
    assert_eq!(used, all_rules());
    let options = rules("rolewright-lease").len() + rules("rolewright-service-accounts").len();
    assert_eq!((rules("rolewright").len(), options), (7, 7), "the rules were read");
}

/// The proof itself: a right of no rule that is asked for with the token is told when the scope
/// ends.
#[test]
fn a_request_that_no_rule_allows_fails_the_test() {
    let scope = harness::Cluster::shared().scope("rbacmore");
    let asked = harness::Kubectl { kubeconfig: scope.kubeconfig(), home: std::env::temp_dir() };
    assert!(!asked.run(&["get", "secrets", "-n", &scope.namespace]).status.success());
    let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(scope)))
        .expect_err("it is told");
    let told = told.downcast_ref::<String>().expect("words");
    assert!(told.contains(r#"("", "secrets", "list")"#), "{told}");
}
