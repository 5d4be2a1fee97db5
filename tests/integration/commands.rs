//! `rolewright status`, `pause`, `resume`, `reconcile` and `version` on a running system.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use harness::world::{SOON, World, lambda};
use harness::{ADMIN, ControlPlane, wait_until};
use serde_json::{Value, json};

use crate::BIN;

/// Exit code, standard output and standard error.
fn ran(kubeconfig: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(BIN)
        .args(words)
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("the command runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_are_shown_paused_resumed_and_looked_at_again() {
    let mut world = World::quiet("commands").await;
    let kubeconfig = world.scope.cluster.control_plane.kubeconfig(ADMIN);
    let space = world.scope.namespace.clone();
    let own = |words: &[&str]| ran(&kubeconfig, &[words, &["-n", &space]].concat());
    let key = format!("IAMRole {space}/x");

    let (code, out, err) = own(&["status"]);
    assert_eq!((code, out.as_str()), (Some(0), ""));
    assert!(err.contains("there is no IAMRole in the namespace"), "{err}");
    let (code, _, err) = own(&["pause", "x"]);
    assert!(code == Some(2) && err.contains("there is no IAMRole x in the namespace"), "{err}");

    world.apply("x", &json!({"trust": [lambda()]}));
    let (code, out, _) = own(&["status"]);
    assert!(code == Some(1) && out.contains("Unknown"), "nobody has seen it: {out}");
    let (code, _, err) = own(&["reconcile", "x", "--wait", "--timeout", "1s"]);
    assert!(code == Some(2) && err.contains("was not served within --timeout"), "{err}");

    assert_eq!(own(&["pause", "x"]).1, format!("{key} paused\n"));
    world.start();
    world.wait_reason("x", "Paused");
    assert_eq!(own(&["pause", "iamrole/x"]).1, format!("{key} was paused already\n"));
    let (code, _, err) = own(&["reconcile", "x", "--wait"]);
    assert!(code == Some(1) && err.contains("is paused: resume it"), "{err}");
    assert_eq!(own(&["resume", "--all"]).1, format!("{key} resumed\n"));
    world.wait_reason("x", "Reconciled");

    let (code, out, err) = own(&["reconcile", "x", "--wait"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with(&format!("{key}: Ready=True Reconciled: ")), "{out}");
    let (code, out, _) = own(&["status", "x"]);
    let arn = format!("arn:aws:iam::{}:role/{}", world.scope.account.id, world.role("x"));
    assert!(code == Some(0) && out.contains(&arn), "{out}");
    let (_, out, _) = ran(&kubeconfig, &["status", "-A", "-o", "json"]);
    let all: Vec<Value> = serde_json::from_str(&out).expect("JSON");
    assert!(all.iter().any(|role| role["namespace"] == *space && role["ready"] == "True"));

    // From the role in AWS to its resource.
    let field = format!("--field-selector=status.roleName={}", world.role("x"));
    let found = wait_until("the API server to select", SOON, || {
        let out = world.scope.kubectl(&["get", "iamroles", &field, "-o", "name"]).ok();
        if out.contains("iamrole.iam") { Ok(out) } else { Err(out) }
    });
    assert_eq!(found.trim(), "iamrole.iam.rolewright.dev/x");
}

#[test]
fn the_versions_of_program_server_and_definitions_are_told() {
    let plane = ControlPlane::start();
    let kubeconfig = plane.kubeconfig(ADMIN);
    let (code, out, _) = ran(&kubeconfig, &["version"]);
    assert_eq!(code, Some(1), "{out}");
    let client = format!("client      {}\nAPI server  v1.", env!("CARGO_PKG_VERSION"));
    assert!(out.starts_with(&client), "{out}");
    assert!(out.contains("iamroles.iam.rolewright.dev missing: rolewright crds"), "{out}");

    let crd = harness::repository("crds/iam.rolewright.dev_iamroles.yaml");
    plane.kubectl(&["apply", "--server-side", "-f", crd.to_str().expect("a path")]).ok();
    plane.wait_established(&["-f", crd.to_str().expect("a path")]);
    let (code, out, err) = ran(&kubeconfig, &["version"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("v1alpha1, the one of this program"), "{out}");
    let shorter = r#"[{"op": "remove", "path": "/spec/versions/0/selectableFields/1"}]"#;
    let name = "crd/iamroles.iam.rolewright.dev";
    plane.kubectl(&["patch", name, "--type=json", "-p", shorter]).ok();
    let (code, out, _) = ran(&kubeconfig, &["version"]);
    assert!(code == Some(1) && out.contains("not that of this program"), "{out}");
    // Who may not read the definition is told what is served.
    let tenant = plane.kubeconfig("vera");
    let (code, out, err) = ran(&tenant, &["version"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("v1alpha1, and may not be compared by you"), "{out}");

    let alone = Command::new(BIN).args(["version", "--client"]).env_clear().output().expect("runs");
    assert!(alone.status.success(), "no cluster is asked");
    let (code, out, err) = ran(Path::new("/no/such/file"), &["version"]);
    assert_eq!((code, out.lines().count()), (Some(2), 1), "{out}");
    assert!(err.contains("there is no kubeconfig /no/such/file"), "{err}");
}
