//! Two processes and one lease: one writes, the other carries on when it is gone. Each has an
//! access key of its own, so the log of AWS tells who wrote what.

use std::time::Duration;

use serde_json::{Value, json};

use harness::world::{SOON, World, whole};
use harness::{Call, Cluster, Controller, Fault, FaultKind, wait_until};

/// How long a takeover may take, the lease of these tests being six seconds.
const TAKEOVER: Duration = Duration::from_secs(20);
const SHORT: [&str; 6] =
    ["--lease-duration", "6s", "--lease-renew-deadline", "4s", "--lease-retry-period", "1s"];

/// A namespace, an account, and replicas of one installation.
struct Replicas {
    world: World,
}

struct Replica {
    controller: Controller,
    key: String,
}

impl Replicas {
    async fn new(name: &str) -> Self {
        let world = World::quiet(name).await;
        world.scope.bind_in_namespace("rolewright-lease");
        Self { world }
    }

    /// Starts one whose access key has these four letters, and waits until it is ready.
    fn start(&self, letters: &str, lease: &[&str]) -> Replica {
        let scope = &self.world.scope;
        let mut config = scope.config(&World::args());
        config.args.extend(
            ["--leader-election", "--lease-namespace", &scope.namespace].map(str::to_owned),
        );
        config.args.extend(lease.iter().map(|&argument| argument.to_owned()));
        let key = format!("AKIA{letters}{}", scope.account.id);
        config.env.push(("AWS_ACCESS_KEY_ID".into(), key.clone()));
        config.env.push(("HOSTNAME".into(), letters.to_lowercase()));
        let mut controller = Controller::start(&config);
        controller.wait_ready();
        Replica { controller, key }
    }

    fn lease(&self) -> Value {
        let name = format!("rolewright-{}", self.world.scope.installation);
        self.world.scope.kubectl(&["get", "lease", &name, "-o", "json"]).json()["spec"].clone()
    }

    fn wait_leads(&self, replica: &Replica) {
        let host = replica.key[4..8].to_lowercase();
        wait_until("the lease to change hands", TAKEOVER, || {
            let lease = self.lease();
            if lease["holderIdentity"].as_str().is_some_and(|holder| holder.starts_with(&host)) {
                Ok(())
            } else {
                Err(lease)
            }
        });
    }

    fn calls(&self, replica: &Replica) -> Vec<Call> {
        let mut calls = self.world.scope.cluster.standin.calls(&self.world.scope.account);
        calls.retain(|call| call.access_key == replica.key && call.service == "iam");
        calls
    }

    fn writes(&self, replica: &Replica) -> Vec<String> {
        self.calls(replica).into_iter().filter(|call| call.write).map(|call| call.action).collect()
    }

    /// Writes of all replicas, each with everything that it says: the same one twice is a double
    /// write.
    fn all_writes(&self) -> Vec<String> {
        let mut calls = self.world.scope.cluster.standin.calls(&self.world.scope.account);
        calls.retain(|call| call.write && call.access_key != self.world.scope.account.admin_key);
        calls.into_iter().map(|call| format!("{} {:?}", call.action, call.params)).collect()
    }

    fn assert_no_double_write(&self) {
        let mut writes = self.all_writes();
        let count = writes.len();
        writes.sort();
        writes.dedup();
        assert_eq!(writes.len(), count, "{:?}", self.all_writes());
    }
}

fn owned_by(owner: &str) -> Value {
    let mut spec = whole();
    spec["tags"]["owner"] = json!(owner);
    spec
}

#[tokio::test]
async fn a_leader_that_is_killed_is_followed_by_the_one_that_stood_by_and_nothing_is_written_twice()
{
    let replicas = Replicas::new("ha-kill").await;
    let mut first = replicas.start("ONEA", &SHORT);
    let second = replicas.start("TWOB", &SHORT);
    replicas.world.apply("x", &whole());
    replicas.world.wait_ready("x");
    let mut writes = replicas.writes(&first);
    writes.sort(); // side by side
    assert_eq!(writes, ["AttachRolePolicy", "AttachRolePolicy", "CreateRole", "PutRolePolicy"]);
    assert_eq!(replicas.calls(&second).len(), 0, "who stands by leaves AWS alone");
    let page = second.controller.get("/readyz");
    assert!(page.body.starts_with("ok, standing by: onea_"), "{}", page.body);

    first.controller.kill();
    replicas.world.apply("x", &owned_by("b"));
    replicas.wait_leads(&second);
    replicas.world.wait_ready("x");
    assert_eq!(replicas.writes(&second), ["TagRole"]);
    assert_eq!(replicas.lease()["leaseTransitions"], 1);
    let third = replicas.start("THRC", &SHORT);
    assert_eq!(third.controller.get("/readyz").status, 200);
    assert_eq!(replicas.calls(&third).len(), 0);
    replicas.assert_no_double_write();
}

#[tokio::test]
async fn a_leader_killed_between_two_writes_leaves_the_rest_to_the_next_and_one_role() {
    let replicas = Replicas::new("ha-half").await;
    let mut first = replicas.start("ONEA", &SHORT);
    let second = replicas.start("TWOB", &SHORT);
    let (standin, account) =
        (&replicas.world.scope.cluster.standin, replicas.world.scope.account.clone());
    standin.faults(
        &account,
        &[Fault::on("PutRolePolicy", FaultKind::Withhold { seconds: 60 }).only(&first.key)],
    );
    // What denies is written before what allows is sent.
    let mut spec = whole();
    spec["permissions"]["inlinePolicies"][0]["statements"][0]["effect"] = json!("Deny");
    replicas.world.apply("x", &spec);
    wait_until("the leader to be in the middle", SOON, || {
        let writes = replicas.writes(&first);
        if writes == ["CreateRole", "PutRolePolicy"] { Ok(()) } else { Err(format!("{writes:?}")) }
    });
    first.controller.kill();
    standin.clear_faults(&account);
    replicas.wait_leads(&second);
    replicas.world.wait_ready("x");
    assert_eq!(replicas.writes(&second), ["AttachRolePolicy", "AttachRolePolicy"]);
    replicas.assert_no_double_write();
}

#[tokio::test]
async fn a_leader_that_was_held_still_past_its_lease_writes_nothing_when_it_wakes() {
    let replicas = Replicas::new("ha-sleep").await;
    let mut first = replicas.start("ONEA", &SHORT);
    let second = replicas.start("TWOB", &SHORT);
    replicas.world.apply("x", &whole());
    replicas.world.wait_ready("x");
    replicas.world.clear();
    // It has read the old role, so what it plans is to write what the other will have written by
    // then.
    let (standin, account) =
        (&replicas.world.scope.cluster.standin, replicas.world.scope.account.clone());
    let rule = Fault::on("GetRole", FaultKind::Withhold { seconds: 60 }).only(&first.key).times(1);
    standin.faults(&account, &[rule]);
    replicas.world.apply("x", &owned_by("b"));
    wait_until("the leader to read", SOON, || {
        if standin.faults_met(&account) == [1] { Ok(()) } else { Err("no read") }
    });
    first.controller.pause();
    standin.release(&account);
    replicas.wait_leads(&second);
    replicas.world.wait_ready("x");
    assert_eq!(replicas.writes(&second), ["TagRole"]);

    first.controller.resume();
    let ended =
        wait_until("the one that woke to end", SOON, || first.controller.status().ok_or("it runs"));
    assert!(!ended.success(), "{ended}");
    let log = first.controller.log();
    assert!(log.contains("the lease is lost"), "{log}");
    assert_eq!(replicas.writes(&first), Vec::<String>::new(), "{log}");
    replicas.world.wait_ready("x");
    assert_eq!(replicas.all_writes().len(), 1);
}

#[tokio::test]
async fn a_leader_that_is_asked_to_stop_hands_over_without_waiting_for_the_lease() {
    let replicas = Replicas::new("ha-term").await;
    let long =
        ["--lease-duration", "1h", "--lease-renew-deadline", "30m", "--lease-retry-period", "1s"];
    let mut first = replicas.start("ONEA", &long);
    let second = replicas.start("TWOB", &long);
    replicas.wait_leads(&first);
    replicas.world.apply("x", &whole());
    replicas.world.wait_ready("x");
    let status = first.controller.terminate();
    assert!(status.success(), "{status}\n{}", first.controller.log());
    replicas.wait_leads(&second);
    replicas.world.apply("x", &owned_by("b"));
    replicas.world.wait_ready("x");
    assert_eq!(replicas.writes(&second), ["TagRole"]);
    replicas.assert_no_double_write();
}

#[tokio::test]
async fn a_replica_without_the_right_to_the_lease_says_so_and_waits() {
    let world = World::quiet("ha-rights").await;
    let scope = &world.scope;
    let controller = scope.controller(
        &[&World::args()[..], &["--leader-election", "--lease-namespace", &scope.namespace]]
            .concat(),
    );
    wait_body(&controller, "leases.coordination.k8s.io");
    scope.bind_in_namespace("rolewright-lease");
    let mut controller = controller;
    controller.wait_ready();
}

#[tokio::test]
async fn a_controller_waits_for_its_kind_and_says_so() {
    let cluster = Cluster::start();
    let scope = cluster.scope("late-crd");
    scope.bind_in_namespace("rolewright");
    let crd = harness::repository("crds");
    let crd = crd.to_str().expect("a path in UTF-8");
    cluster.control_plane.kubectl(&["delete", "-f", crd]).ok();
    let mut controller = scope.controller(&World::args());
    wait_body(&controller, "the kind IAMRole is not installed");
    assert_eq!(controller.get("/healthz").status, 200);
    assert!(controller.status().is_none(), "it waits");
    assert!(controller.log().contains("the kind IAMRole is not installed"), "{}", controller.log());
    cluster.control_plane.kubectl(&["apply", "--server-side", "-f", crd]).ok();
    controller.wait_ready();
}

/// Waits until the readiness page says why it is not ready.
fn wait_body(controller: &Controller, words: &str) {
    wait_until("the controller to say what it waits for", SOON, || {
        let answer =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| controller.get("/readyz")));
        match answer {
            Ok(answer) if answer.status == 503 && answer.body.contains(words) => Ok(()),
            Ok(answer) => Err(format!("{} {}", answer.status, answer.body)),
            Err(_) => Err("no answer".to_owned()),
        }
    });
}
