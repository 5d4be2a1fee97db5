//! What the running controller says in each state, held against what is recorded in the testdata
//! for Argo CD.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Value, json};

use crate::states::STATES;
use crate::verdict::{CUSTOMIZATION, hold};
use harness::world::{SOON, World, lambda, whole};
use harness::{CONTROLLERS, Fault, FaultKind, Scope, wait_until};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
/// A point in time that is over.
const OVER: &str = "2026-01-01T00:00:00Z";
/// Longer than the tests take; a withheld answer is released by hand.
const WITHHELD: FaultKind = FaultKind::Withhold { seconds: 300 };

/// The object without what differs from run to run.
fn normal(object: &Value, scope: &Scope) -> String {
    let mut text = rolewright::yaml::to_string(object).unwrap();
    let namespace = &scope.namespace;
    for (from, to) in [
        (format!("{namespace}-{namespace}_"), "prod-team-a_"),
        (namespace.clone(), "team-a"),
        (scope.account.id.clone(), "123456789012"),
    ] {
        text = text.replace(&from, to);
    }
    for (pattern, to) in [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", OVER),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "7d9c5a4e-0000-4000-8000-000000000000"),
        (r#"resourceVersion: "?\d+"?"#, r#"resourceVersion: "1""#),
        (r"\b[0-9a-f]{64}\b", &"0123456789abcdef".repeat(4)),
        (r"\bAROA[0-9A-Z]+", "AROAEXAMPLEROLEID1234"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, to).into_owned();
    }
    text
}

/// The states that were seen.
struct Record<'a> {
    world: &'a World,
    seen: BTreeMap<String, Value>,
}

impl Record<'_> {
    fn take(&mut self, name: &str) {
        let object = self.world.resource(name).expect("the resource");
        self.seen.insert(name.to_owned(), object);
    }

    /// Waits until `Ready` has the reason, and the other condition is `True`.
    fn wait(&mut self, name: &str, reason: &str, other: Option<&str>) {
        self.wait_on(name, name, reason, other);
    }

    /// The same on the resource of another state.
    fn wait_on(&mut self, state: &str, resource: &str, reason: &str, other: Option<&str>) {
        let object = wait_until(&format!("{state} to be {reason}"), SOON, || {
            let object = self.world.resource(resource).unwrap_or_default();
            let none = Vec::new();
            let conditions = object["status"]["conditions"].as_array().unwrap_or(&none);
            let ready = conditions.iter().any(|c| c["type"] == "Ready" && c["reason"] == reason);
            let others = other.is_none_or(|type_| {
                conditions.iter().any(|c| c["type"] == type_ && c["status"] == "True")
            });
            if ready && others { Ok(object) } else { Err(object["status"].to_string()) }
        });
        self.seen.insert(state.to_owned(), object);
    }
}

/// `kubectl wait` for Ready; it ends at once where it can.
fn kubectl_waits(world: &World, name: &str) -> bool {
    let resource = format!("iamrole/{name}");
    !world
        .scope
        .kubectl(&["wait", "--for=condition=Ready", "--timeout=1s", &resource])
        .status
        .success()
}

fn faults(world: &World) {
    let role = |name: &str| world.role(name);
    let account = &world.scope.account;
    let key = &account.controller_key;
    let rules = [
        Fault::on("CreateRole", WITHHELD).role(&role("being-made")).times(1),
        Fault::on("DeleteRole", WITHHELD).role(&role("deleting")).times(1),
        Fault::on("AttachRolePolicy", FaultKind::AccessDenied).role(&role("waiting-for-aws")).says(
            "NoSuchEntity",
            &format!("The role with name {} cannot be found.", role("waiting-for-aws")),
        ),
        Fault::on("*", FaultKind::Throttle).role(&role("throttled")).only(key),
        Fault::on("CreateRole", FaultKind::AccessDenied).role(&role("denied")),
        Fault::on("PutRolePolicy", FaultKind::AccessDenied)
            .role(&role("refused-by-aws"))
            .says("MalformedPolicyDocument", "Syntax errors in policy."),
    ];
    world.scope.cluster.standin.faults(account, &rules);
}

/// Puts the role of a resource into an instance profile that is not ours.
async fn hold_role(world: &World, name: &str) {
    let iam = world.scope.iam();
    let profile = format!("their-{name}");
    iam.create_instance_profile().instance_profile_name(&profile).send().await.expect("a profile");
    let add = iam
        .add_role_to_instance_profile()
        .instance_profile_name(&profile)
        .role_name(world.role(name));
    add.send().await.expect("added");
}

/// Resources that are Ready before something happens to them.
const KEPT: [&str; 9] = [
    "change-held",
    "deletion-held",
    "generation-behind",
    "paused",
    "expired",
    "expired-and-held",
    "deleting",
    "deletion-blocked",
    "deletion-paused",
];

/// States that come by applying.
fn applied(record: &mut Record, plain: &Value) {
    let world = record.world;
    world.apply("denied", plain);
    record.wait_on("denied-at-first", "denied", "AccessDenied", Some("Reconciling"));
    for name in KEPT.iter().chain(&["being-made", "throttled", "not-owned"]) {
        world.apply(name, plain);
    }
    for name in ["healthy", "waiting-for-aws", "refused-by-aws"] {
        world.apply(name, &whole());
    }
    world.apply("observing", &json!({"trust": [lambda()], "driftPolicy": "Observe"}));
    let boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    world.apply("refused", &json!({"trust": [lambda()], "permissionsBoundary": boundary}));

    record.wait("being-made", "Progressing", Some("Reconciling"));
    record.wait("waiting-for-aws", "WaitingForAbsence", Some("Reconciling"));
    record.wait("throttled", "Throttled", Some("Reconciling"));
    record.wait("healthy", "Reconciled", None);
    record.wait("refused", "InvalidSpec", Some("Stalled"));
    record.wait("refused-by-aws", "Refused", Some("Stalled"));
    record.wait("not-owned", "NotOwned", Some("Stalled"));
    record.wait("observing", "WouldChange", None);
    assert!(!kubectl_waits(world, "healthy"));
    for name in KEPT {
        world.wait_ready(name);
    }
}

/// States of roles that were there before.
async fn happened(record: &mut Record<'_>) {
    let world = record.world;
    for name in ["paused", "deletion-paused"] {
        world.scope.kubectl(&["annotate", "iamrole", name, "rolewright.dev/paused=true"]).ok();
    }
    for name in ["expired-and-held", "deletion-blocked"] {
        hold_role(world, name).await;
    }
    for name in ["expired", "expired-and-held"] {
        world.apply(name, &json!({"trust": [lambda()], "lifetime": {"expiresAt": OVER}}));
    }
    for name in ["deleting", "deletion-blocked", "deletion-paused"] {
        world.delete(name);
    }
    record.take("deleting");
    record.wait("paused", "Paused", None);
    wait_until("the deletion to wait", SOON, || {
        let message = world.condition("deletion-paused", "Ready")["message"].to_string();
        if message.contains("deletion waits") { Ok(()) } else { Err(message) }
    });
    record.take("deletion-paused");
    record.wait("expired", "Expired", Some("Expired"));
    record.wait("expired-and-held", "DeletionBlocked", Some("Stalled"));
    record.wait("deletion-blocked", "DeletionBlocked", Some("Stalled"));
    // It is tried again after 10 and after 30 seconds.
    record.wait("denied", "AccessDenied", Some("Stalled"));
}

/// States of roles that are many. The Lease says that as many went already as may.
async fn many(record: &mut Record<'_>) {
    let world = record.world;
    let (account, namespace) = (&world.scope.account.id, &world.scope.namespace);
    let now = jiff::Timestamp::now();
    let done = ["removals", "changes"]
        .map(|counted| format!("{now} {account} {counted} {namespace} 100"))
        .join("\n");
    let lease = format!("rolewright-{}", world.scope.installation);
    let note = json!({"metadata": {"annotations": {"rolewright.dev/done": done}}}).to_string();
    let annotate = ["-n", CONTROLLERS, "patch", "lease", &lease, "--type=merge", "-p", &note];
    world.scope.cluster.control_plane.kubectl(&annotate).ok();
    // Longer than the controller takes what it has read for new.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    world.delete("deletion-held");
    // As if another version had made the role: what was carried out then had another hash.
    let hash = json!({"status": {"desiredHash": "0".repeat(64)}}).to_string();
    let patch =
        ["patch", "iamrole", "change-held", "--subresource=status", "--type=merge", "-p", &hash];
    // Nobody else may.
    let controller = &world.scope.controller_user;
    let kubectl = world.scope.cluster.control_plane.kubectl_as_administrator(controller);
    kubectl.run(&[&["-n", namespace], &patch[..]].concat()).ok();
    let role = world.role("change-held");
    let iam = world.scope.iam();
    iam.update_role().role_name(role).description("other").send().await.expect("changed");
    record.wait("deletion-held", "RemovalHeld", None);
    record.wait("change-held", "ChangeHeld", None);
}

#[tokio::test]
async fn what_the_controller_says_in_each_state_is_what_is_recorded() {
    let mut world = World::quiet("states").await;
    let plain = json!({"trust": [lambda()]});
    world.apply("not-seen", &plain);
    let not_seen = world.resource("not-seen").expect("the resource");
    assert!(kubectl_waits(&world, "not-seen"), "it took a status that nobody wrote for Ready");
    let theirs = world
        .scope
        .iam()
        .create_role()
        .role_name(world.role("not-owned"))
        .assume_role_policy_document(TRUST);
    theirs.send().await.expect("a role");
    faults(&world);
    world.start();

    let mut record =
        Record { world: &world, seen: BTreeMap::from([("not-seen".to_owned(), not_seen)]) };
    applied(&mut record, &plain);
    happened(&mut record).await;
    many(&mut record).await;
    let mut seen = record.seen;
    let standin = &world.scope.cluster.standin;
    standin.clear_faults(&world.scope.account);
    standin.release(&world.scope.account);
    world.wait_gone("deleting");

    // A controller that hangs has not seen the new generation.
    world.controller().pause();
    world.apply("generation-behind", &json!({"trust": [lambda()], "description": "changed"}));
    seen.insert(
        "generation-behind".to_owned(),
        world.resource("generation-behind").expect("the resource"),
    );
    let waits = kubectl_waits(&world, "generation-behind");
    world.controller().resume();
    assert!(waits, "Ready speaks of an older generation");

    assert_eq!(seen.len(), STATES.len());
    let wrong: Vec<String> = STATES
        .iter()
        .filter_map(|state| {
            let text = normal(&seen[state.name], &world.scope);
            hold(&format!("{CUSTOMIZATION}/testdata/{}.yaml", state.name), &text, "recorded").err()
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
