//! Figures of the built controller on real parts: how soon, how many calls, how much memory. It asserts nothing about time.
//!
//! `make bench` builds for release. `RESOURCES=1000` is the default.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a bench")]

#[path = "../harness/mod.rs"]
mod harness;
mod policy;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    time::{Duration, Instant},
};

use harness::{Cluster, Controller, Scope, wait_until};
use serde_json::{Value, json};

/// The controller that is measured.
const BIN: &str = env!("CARGO_BIN_EXE_rolewright");
const LONG: Duration = Duration::from_mins(5);

fn main() {
    policy::print();
    let count: usize = std::env::var("RESOURCES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let scope = Cluster::shared().scope("bench");
    scope.bind_in_namespace("rolewright");
    scope.cluster.standin.settings(&scope.account, &json!({"roles_quota": 10_000}));
    let begin = Instant::now();
    let mut controller = scope.controller(&[
        "--permissions-boundary",
        "none",
        "--aws-read-rate",
        "0",
        "--aws-write-rate",
        "0",
        "--sweep-interval",
        "5s",
    ]);
    controller.leave_unaudited();
    controller.wait_ready();
    println!("start to ready:                    {:>8} ms", begin.elapsed().as_millis());
    std::thread::sleep(Duration::from_secs(2));
    println!("resident memory, idle:             {:>8} kB", resident(&controller));

    let begin = Instant::now();
    apply(&scope, &[manifest("first")]);
    wait_ready(&scope, 1);
    println!("apply to Ready, the first role:    {:>8} ms (kubectl twice among it)", begin.elapsed().as_millis());

    scope.cluster.standin.reset_calls(&scope.account);
    let begin = Instant::now();
    let manifests: Vec<Value> = (0..count).map(|number| manifest(&format!("r{number}"))).collect();
    apply(&scope, &manifests);
    wait_ready(&scope, count + 1);
    println!("apply to Ready, {count:>6} more:       {:>8} ms", begin.elapsed().as_millis());
    let calls = calls(&scope);
    println!("AWS calls for them:                {:>8} {calls:?}", calls.values().sum::<usize>());
    println!("resident memory, {count:>6} resources: {:>8} kB", resident(&controller));

    // From here everything is at rest.
    std::thread::sleep(Duration::from_secs(12));
    scope.cluster.standin.reset_calls(&scope.account);
    let kubernetes = scope.cluster.control_plane.audit_writes(&scope.controller_user).len();
    std::thread::sleep(Duration::from_secs(30));
    let rest = self::calls(&scope);
    println!("30 s at rest, sweeps every 5 s:             {rest:?}");
    println!("writes to AWS at rest:             {:>8}", scope.cluster.standin.writes(&scope.account).len());
    let later = scope.cluster.control_plane.audit_writes(&scope.controller_user).len();
    println!("writes to Kubernetes at rest:      {:>8}", later - kubernetes);
    println!("resident memory, after sweeps:     {:>8} kB", resident(&controller));
    let size = std::fs::metadata(BIN).expect("the binary").len();
    println!("size of the binary:                {:>8} kB", size / 1024);
    assert!(controller.terminate().success());
}

fn manifest(name: &str) -> Value {
    json!({
        "apiVersion": "iam.rolewright.dev/v1alpha1",
        "kind": "IAMRole",
        "metadata": {"name": name},
        "spec": {
            "description": "A role of the bench",
            "trust": [{"name": "lambda", "service": {"name": "lambda.amazonaws.com", "sourceAccount": "Own"}}],
            "permissions": {
                "managedPolicies": ["arn:aws:iam::aws:policy/SecurityAudit"],
                "inlinePolicies": [{"name": "read", "statements": [
                    {"effect": "Allow", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::bucket/*"]},
                ]}],
            },
            "tags": {"owner": "bench", "cost-centre": "1", "project": "bench"},
        },
    })
}

fn apply(scope: &Scope<'_>, manifests: &[Value]) {
    let mut text = String::new();
    for manifest in manifests {
        let _ = write!(text, "---\n{manifest}\n");
    }
    scope.kubectl_with(&["create", "-f", "-"], &text).ok();
}

fn wait_ready(scope: &Scope<'_>, count: usize) {
    let columns = r#"jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}"#;
    wait_until("all to be ready", LONG, || {
        let states = scope.kubectl(&["get", "iamroles", "-o", columns]).ok();
        let ready = states.lines().filter(|state| *state == "True").count();
        if ready == count { Ok(()) } else { Err(ready) }
    });
}

fn calls(scope: &Scope<'_>) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for call in scope.cluster.standin.calls(&scope.account) {
        if call.access_key == scope.account.controller_key {
            *calls.entry(call.action).or_default() += 1;
        }
    }
    calls
}

/// Resident memory in kB.
fn resident(controller: &Controller) -> u64 {
    let pid = controller.pid().expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a figure");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).expect("a number")
}
