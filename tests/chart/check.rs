//! `helm test`: its pod is like the controller's, what it runs finds nothing missing with the
//! rights of the release, and Helm tells how it ended. No kubelet runs here: the command is run
//! beside the cluster, with the pod's arguments and a token of the pod's service account.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::helm::{chart, helm, objects, of_kind, one, with};
use crate::install::{NAMESPACE, install, release};
use harness::{ADMIN, ControlPlane, SECRET, Standin, wait_until};

const TEST: [&str; 6] = ["test", "rolewright", "--namespace", NAMESPACE, "--timeout", "60s"];

fn pod(values: &Value) -> Value {
    one(&objects(values), "Pod").clone()
}

/// What the pod would print, and whether it would succeed.
fn run(plane: &ControlPlane, standin: &Standin, values: &Value) -> (bool, String) {
    let args: Vec<String> =
        serde_json::from_value(pod(values)["spec"]["containers"][0]["args"].clone()).unwrap();
    let output = Command::new(crate::BIN)
        .args(args)
        .env_clear()
        .env("KUBECONFIG", plane.service_account(NAMESPACE, "rolewright"))
        .env("AWS_ENDPOINT_URL", standin.url())
        .env("AWS_ACCESS_KEY_ID", standin.account(1).controller_key)
        .envs([
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ])
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

fn some_namespaces() -> Value {
    with(&json!({
        "watchNamespaces": ["team-a"],
        "settings": {"annotateServiceAccounts": true,
        "oidcIssuer": ["https://oidc.example.org/id/1"]},
    }))
}

#[test]
fn what_the_pod_runs_finds_every_right_of_the_release_and_misses_one_that_is_gone() {
    let (plane, standin) = (ControlPlane::start(), Standin::start());
    plane.kubectl(&["create", "namespace", "team-a"]).ok();
    install(&plane, &some_namespaces());
    let (fine, said) = run(&plane, &standin, &some_namespaces());
    assert!(fine && said.lines().all(|line| line.starts_with("ok ")), "{said}");
    for right in [
        "watch iamroles.iam.rolewright.dev in namespace team-a",
        "patch serviceaccounts in namespace team-a",
        "update leases.coordination.k8s.io in namespace rolewright-system",
    ] {
        assert!(said.contains(&format!("RBAC {right}: allowed")), "{right}: {said}");
    }

    release(&plane, "upgrade", &chart(), &with(&json!({})), &[]);
    let (fine, said) = run(&plane, &standin, &with(&json!({})));
    assert!(
        fine && said.contains("watch iamroles.iam.rolewright.dev in all namespaces: allowed"),
        "{said}"
    );
    plane.kubectl(&["-n", NAMESPACE, "delete", "rolebinding", "rolewright-lease"]).ok();
    let (fine, said) = run(&plane, &standin, &with(&json!({})));
    assert!(
        !fine && said.contains("MISS  RBAC update leases.coordination.k8s.io in namespace"),
        "{said}"
    );
}

#[test]
fn helm_test_makes_the_pod_in_a_restricted_namespace_and_tells_how_it_ended() {
    let plane = ControlPlane::start();
    install(&plane, &with(&json!({})));
    plane
        .kubectl(&[
            "label",
            "namespace",
            NAMESPACE,
            "pod-security.kubernetes.io/enforce=restricted",
        ])
        .ok();
    let kubeconfig = plane.kubeconfig(ADMIN);
    let mut last = String::new();
    // Twice the same: the pod of the test before is in nobody's way.
    for (phase, succeeds) in [("Failed", false), ("Succeeded", true), ("Succeeded", true)] {
        let told = std::thread::scope(|scope| {
            let told = scope.spawn(|| helm(Some(&kubeconfig), &TEST));
            // What a kubelet does when the container has ended.
            last = wait_until("the pod of the test", Duration::from_mins(1), || {
                let get = [
                    "-n",
                    NAMESPACE,
                    "get",
                    "pod",
                    "rolewright-check",
                    "-o",
                    "jsonpath={.metadata.uid}",
                ];
                let found = plane.kubectl(&get);
                let fresh = found.status.success() && found.stdout != last;
                if fresh { Ok(found.stdout) } else { Err(found.stderr) }
            });
            let ended = json!({"status": {"phase": phase}}).to_string();
            let patch = [
                "patch",
                "pod",
                "rolewright-check",
                "--subresource=status",
                "--type=merge",
                "-p",
                &ended,
            ];
            plane.kubectl(&[&["-n", NAMESPACE][..], &patch].concat()).ok();
            told.join().unwrap()
        });
        assert_eq!(told.is_ok(), succeeds, "{phase}: {told:?}");
    }
}

#[test]
fn the_pod_of_helm_test_is_like_those_of_the_controller_and_counted_as_none_of_them() {
    let values = with(&json!({
        "aws": {"region": "eu-west-2"}, "extraEnv": [{"name": "HTTPS_PROXY",
        "value": "http://proxy:3128"}],
        "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
        "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ssl/certs"}],
        "tolerations": [{"key": "system", "operator": "Exists"}],
        "networkPolicy": {"enabled": true},
        "imagePullSecrets": [{"name": "registry"}],
    }));
    let objects = objects(&values);
    let (pod, deployment) = (one(&objects, "Pod"), one(&objects, "Deployment"));
    let template = &deployment["spec"]["template"];
    for field in [
        "serviceAccountName",
        "securityContext",
        "volumes",
        "tolerations",
        "nodeSelector",
        "imagePullSecrets",
    ] {
        assert!(!template["spec"][field].is_null(), "{field}");
        assert_eq!(pod["spec"][field], template["spec"][field], "{field}");
    }
    for field in ["image", "env", "resources", "securityContext", "volumeMounts"] {
        let of = |spec: &Value| spec["containers"][0][field].clone();
        assert!(!of(&template["spec"]).is_null(), "{field}");
        assert_eq!(of(&pod["spec"]), of(&template["spec"]), "{field}");
    }
    let labels = &pod["metadata"]["labels"];
    let selected = |selector: &Value| {
        let mut labelled = selector["matchLabels"].as_object().into_iter().flatten();
        let listed =
            selector["matchExpressions"].as_array().into_iter().flatten().all(|expression| {
                let values = expression["values"].as_array().unwrap();
                values.contains(&labels[expression["key"].as_str().unwrap()])
            });
        labelled.all(|(label, value)| labels[label] == *value) && listed
    };
    assert!(!selected(&deployment["spec"]["selector"]));
    assert!(!selected(&one(&objects, "PodDisruptionBudget")["spec"]["selector"]));
    assert!(
        selected(&one(&objects, "NetworkPolicy")["spec"]["podSelector"]),
        "it tries the same network"
    );
    let off = crate::helm::objects(&with(&json!({"helmTest": {"enabled": false}})));
    assert!(of_kind(&off, "Pod").is_empty());
}
