//! What a plan can do and what it can't, of a role that AWS does not let be as written.

use serde_json::json;

use harness::world::{SOON, World, whole};
use harness::{Fault, FaultKind, wait_until};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

#[tokio::test]
async fn access_that_nobody_wants_goes_although_aws_refuses_another_part() {
    let world = World::new("steps").await;
    world.apply("x", &whole());
    world.wait_ready("x");
    let (standin, account) = (&world.scope.cluster.standin, world.scope.account.clone());
    let refusal = Fault::on("PutRolePolicy", FaultKind::AccessDenied)
        .says("MalformedPolicyDocument", "Syntax errors in policy.")
        .only(&account.controller_key);
    standin.faults(&account, &[refusal]);
    let mut spec = whole();
    spec["permissions"]["inlinePolicies"][0]["statements"][0]["actions"] = json!(["s3:*"]);
    world.apply("x", &spec);
    let message = world.wait_reason("x", "Refused");
    assert!(message.contains("not done: ~ replace inline policy read"), "{message}");
    // The next try is minutes away; the sweep sees what is new in a second.
    world.wait_sweeps(2);
    world.clear();
    let role = world.role("x");
    let iam = world.scope.iam();
    iam.attach_role_policy().role_name(&role).policy_arn(ADMIN).send().await.expect("attached");
    wait_until("the attachment to go", SOON, || {
        let writes = world.writes();
        if writes.iter().any(|action| action == "DetachRolePolicy") {
            Ok(())
        } else {
            Err(format!("{writes:?}"))
        }
    });
    world.wait_sweeps(3);
    let mut writes = world.writes();
    writes.sort();
    assert_eq!(writes, ["DetachRolePolicy", "PutRolePolicy"], "and then its back-off goes on");
    standin.clear_faults(&account);
}

/// The policy is read: it only allows, so the Deny that AWS refuses is no reason to keep it.
#[tokio::test]
async fn access_that_nobody_wants_goes_although_aws_refuses_a_deny() {
    let world = World::new("guard").await;
    world.apply("x", &whole());
    world.wait_ready("x");
    let (standin, account) = (&world.scope.cluster.standin, world.scope.account.clone());
    let refusal = Fault::on("PutRolePolicy", FaultKind::AccessDenied)
        .says("MalformedPolicyDocument", "Resource arn:aws:s3::: is invalid.")
        .only(&account.controller_key);
    standin.faults(&account, &[refusal]);
    let mut spec = whole();
    let deny =
        json!({"effect": "Deny", "actions": ["s3:*"], "resources": ["arn:aws:s3:::audit/*"]});
    let guard = json!({"name": "guard", "statements": [deny]});
    spec["permissions"]["inlinePolicies"].as_array_mut().expect("a list").push(guard);
    world.apply("x", &spec);
    let message = world.wait_reason("x", "Refused");
    assert!(message.contains("not done: + put inline policy guard"), "{message}");
    world.wait_sweeps(2);
    let (role, iam) = (world.role("x"), world.scope.iam());
    iam.attach_role_policy().role_name(&role).policy_arn(ADMIN).send().await.expect("attached");
    wait_until("the attachment to go", SOON, || {
        let writes = world.writes();
        let gone = writes.iter().any(|action| action == "DetachRolePolicy");
        if gone { Ok(()) } else { Err(format!("{writes:?}")) }
    });
    let attached = iam.list_attached_role_policies().role_name(&role).send().await;
    let attached = attached.expect("a list").attached_policies.unwrap_or_default();
    assert!(attached.iter().all(|policy| policy.policy_arn() != Some(ADMIN)), "{attached:?}");
    standin.clear_faults(&account);
}

#[tokio::test]
async fn what_is_changed_again_each_time_waits_and_access_is_taken_back_all_the_same() {
    let world = World::new("contested").await;
    world.apply("x", &whole());
    world.wait_ready("x");
    let (role, iam) = (world.role("x"), world.scope.iam());
    for corrections in 1..=4 {
        world.clear();
        iam.update_role().role_name(&role).description("other").send().await.expect("updated");
        if corrections < 4 {
            wait_until("the correction", SOON, || match world.writes() {
                writes if writes.is_empty() => Err(format!("{writes:?}")),
                _ => Ok(()),
            });
        }
    }
    let message = world.wait_reason("x", "DriftContested");
    assert!(message.contains("attributes: AWS has 3600 s, \"other\""), "{message}");
    world.wait_sweeps(2);
    world.clear();
    iam.attach_role_policy().role_name(&role).policy_arn(ADMIN).send().await.expect("attached");
    wait_until("the attachment to go", SOON, || {
        let writes = world.writes();
        let gone = writes.iter().any(|action| action == "DetachRolePolicy");
        if gone { Ok(()) } else { Err(format!("{writes:?}")) }
    });
}

/// 6.5 kB of Denies under another name: more than IAM's 10,240 characters if they stood twice.
#[tokio::test]
async fn a_large_policy_is_renamed_within_the_quota() {
    let world = World::new("rename").await;
    let spec = |name: &str| {
        let mut spec = whole();
        let statements: Vec<_> = (0..4)
            .map(|number| {
                let resource = format!("arn:aws:s3:::{}", "x".repeat(1_500));
                let actions = [format!("s3:A{number}")];
                json!({"effect": "Deny", "actions": actions, "resources": [resource]})
            })
            .collect();
        spec["permissions"]["inlinePolicies"] = json!([{"name": name, "statements": statements}]);
        spec
    };
    world.apply("x", &spec("guard"));
    world.wait_ready("x");
    world.clear();
    world.apply("x", &spec("fence"));
    world.wait_ready("x");
    let names = world.scope.iam().list_role_policies().role_name(world.role("x")).send().await;
    assert_eq!(names.expect("names").policy_names(), ["fence"]);
    let writes = world.writes();
    assert!(writes.len() > 2, "{writes:?}");
}
