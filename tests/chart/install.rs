//! Life of a release on a real API server: install, upgrade from an old CRD, uninstall. No kubelet
//! runs there, so the pod is checked as an object.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::helm::{chart, helm, objects, one, required, values_file, with};
use harness::{ADMIN, ControlPlane, Folder, repository};

pub const NAMESPACE: &str = "rolewright-system";

/// Runs `helm install` or `upgrade` of a chart; what it prints.
pub fn release(
    plane: &ControlPlane,
    verb: &str,
    chart: &Path,
    values: &Value,
    more: &[&str],
) -> String {
    let (kubeconfig, file) = (plane.kubeconfig(ADMIN), values_file(values));
    let mut args = vec![verb, "rolewright", chart.to_str().unwrap(), "--namespace", NAMESPACE];
    args.extend(["--values", file.path().to_str().unwrap()]);
    args.extend(more);
    helm(Some(&kubeconfig), &args).unwrap_or_else(|problem| panic!("helm {verb}: {problem}"))
}

pub fn install(plane: &ControlPlane, values: &Value) -> String {
    let said = release(plane, "install", &chart(), values, &["--create-namespace"]);
    plane.wait_established(&["crd/iamroles.iam.rolewright.dev"]);
    said
}

/// The chart with the CRDs of an old release, less a column: so that an upgrade has something to
/// bring.
fn old_chart(folder: &Folder, old: &Path) -> PathBuf {
    let copied =
        std::process::Command::new("cp").arg("-r").arg(chart()).arg(folder.path()).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let chart = folder.join("rolewright");
    let text = std::fs::read_to_string(old).unwrap();
    let mut crd = rolewright::yaml::documents::<Value>(&text).unwrap().remove(0);
    crd["spec"]["versions"][0]["additionalPrinterColumns"].as_array_mut().unwrap().pop();
    for entry in std::fs::read_dir(chart.join("files/crds")).unwrap() {
        std::fs::write(entry.unwrap().path(), rolewright::yaml::to_string(&crd).unwrap()).unwrap();
    }
    chart
}

fn sample() -> String {
    std::fs::read_to_string(repository("config/samples/2-lambda.yaml")).unwrap()
}

fn live(plane: &ControlPlane) -> Value {
    plane.kubectl(&["-n", "team-a", "get", "iamrole", "thumbnails", "-o", "json"]).json()
}

#[test]
fn an_upgrade_brings_the_new_crd_and_harms_no_object_and_an_uninstall_takes_neither() {
    let olds =
        std::fs::read_dir(repository("tests/upgrade")).unwrap().map(|entry| entry.unwrap().path());
    for old in olds {
        let (plane, folder) = (ControlPlane::start(), Folder::new("old-chart"));
        release(&plane, "install", &old_chart(&folder, &old), &required(), &["--create-namespace"]);
        let crd = "crd/iamroles.iam.rolewright.dev";
        plane.wait_established(&[crd]);
        plane.kubectl(&["create", "namespace", "team-a"]).ok();
        plane.kubectl_with(&["apply", "--server-side", "-f", "-"], &sample()).ok();
        let finalizer = r#"{"metadata":{"finalizers":["iam.rolewright.dev/role"]}}"#;
        plane
            .kubectl(&[
                "-n",
                "team-a",
                "patch",
                "iamrole",
                "thumbnails",
                "--type=merge",
                "-p",
                finalizer,
            ])
            .ok();
        let status = r#"{"status":{"roleId":"AROAEXAMPLE","observedGeneration":1}}"#;
        let patch = ["--subresource=status", "--type=merge", "-p", status];
        // The policy of the status lets nobody else.
        let controller = format!("system:serviceaccount:{NAMESPACE}:rolewright");
        plane
            .kubectl_as_administrator(&controller)
            .run(&[&["-n", "team-a", "patch", "iamrole", "thumbnails"][..], &patch].concat())
            .ok();
        let (before, old_crd) = (live(&plane), plane.kubectl(&["get", crd, "-o", "json"]).json());

        release(&plane, "upgrade", &chart(), &required(), &[]);
        let new_crd = plane.kubectl(&["get", crd, "-o", "json"]).json();
        let columns = |crd: &Value| {
            crd["spec"]["versions"][0]["additionalPrinterColumns"].as_array().unwrap().len()
        };
        assert_eq!(columns(&new_crd), columns(&old_crd) + 1);
        assert_eq!(new_crd["metadata"]["uid"], old_crd["metadata"]["uid"], "the CRD was replaced");
        let after = live(&plane);
        for part in ["spec", "status"] {
            assert_eq!(after[part], before[part], "{part}");
        }
        for field in ["uid", "generation", "finalizers", "resourceVersion"] {
            assert_eq!(after["metadata"][field], before["metadata"][field], "{field}");
        }

        let kubeconfig = plane.kubeconfig(ADMIN);
        let said = helm(Some(&kubeconfig), &["uninstall", "rolewright", "--namespace", NAMESPACE])
            .unwrap();
        assert!(said.contains("iamroles.iam.rolewright.dev"), "it tells what was kept: {said}");
        assert_eq!(live(&plane), after);
        let left =
            ["get", "deployments,validatingadmissionpolicies,clusterroles", "-A", "-o", "name"];
        let left = plane
            .kubectl(&[&left[..], &["-l", "app.kubernetes.io/part-of=rolewright"]].concat())
            .ok();
        assert_eq!(left.trim(), "");

        // The CRD that was kept is taken up again.
        release(&plane, "install", &chart(), &required(), &[]);
        assert_eq!(live(&plane), after);
    }
}

/// Values of every kind that a template takes, in the shapes that Kubernetes knows.
fn everything() -> Value {
    with(&json!({
        "watchNamespaces": ["team-a", "team-b"],
        "settings": {
            "pathPrefix": "/x/", "managedPolicies": ["arn:{partition}:iam::aws:policy/*",
            "!*/Admin*"], "maxLifetime": "720h", "maxSession": "4h",
        },
        "aws": {"region": "eu-west-2"},
        "image": {"registry": "registry.example.org", "digest": format!("sha256:{}",
        "a".repeat(64))},
        "imagePullSecrets": [{"name": "registry"}],
        "priorityClassName": "system-cluster-critical",
        "tolerations": [{"key": "system", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
            {"matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In",
            "values": ["amd64"]}]},
        ]}}},
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
        "extraEnvFrom": [{"configMapRef": {"name": "x", "optional": true}}],
        "extraVolumes": [{"name": "tmp", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        "podLabels": {"team": "platform"}, "podAnnotations": {"note": "x"},
        "deploymentAnnotations": {"note": "x"},
        "commonLabels": {"cost-centre": "1234"},
        "crds": {"annotations": {"note": "x"}},
        "serviceAccount": {"annotations": {"note": "x"}},
        "networkPolicy": {
            "enabled": true,
            "ingressFrom": [{"namespaceSelector": {
                "matchLabels": {"kubernetes.io/metadata.name": "monitoring"},
            }}],
            "extraEgress": [{"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}],
            "ports": [{"port": 3128, "protocol": "TCP"}]}],
        },
        "service": {"enabled": true, "annotations": {"note": "x"}},
        "extraObjects": [{"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "{{ .Release.Name }}-x"}, "data": {"k": "v"}}],
    }))
}

#[test]
fn the_api_server_takes_every_object_that_can_be_rendered_and_knows_every_field_of_it() {
    let plane = ControlPlane::start();
    for namespace in [NAMESPACE, "team-a", "team-b"] {
        plane.kubectl(&["create", "namespace", namespace]).ok();
    }
    for object in objects(&everything()) {
        let apply = [
            "-n",
            NAMESPACE,
            "apply",
            "--server-side",
            "--dry-run=server",
            "--validate=strict",
            "-f",
            "-",
        ];
        // An object outside of the release's namespace says so itself.
        let arguments =
            if object["metadata"]["namespace"].is_string() { &apply[2..] } else { &apply[..] };
        plane.kubectl_with(arguments, &object.to_string()).ok();
    }
}

#[test]
fn a_crd_that_was_applied_by_kubectl_is_taken_over() {
    let plane = ControlPlane::start();
    plane.kubectl(&["apply", "--server-side", "-f", repository("crds").to_str().unwrap()]).ok();
    release(&plane, "install", &chart(), &required(), &["--create-namespace", "--take-ownership"]);
    let annotations =
        ["get", "crd/iamroles.iam.rolewright.dev", "-o", "jsonpath={.metadata.annotations}"];
    assert!(plane.kubectl(&annotations).ok().contains("meta.helm.sh/release-name"));
}

#[test]
fn the_notes_say_the_next_two_steps_and_what_an_uninstall_leaves() {
    let plane = ControlPlane::start();
    let said = install(&plane, &required());
    for words in [
        "create-pod-identity-association",
        "--namespace rolewright-system --service-account rolewright",
        "rollout status deployment/rolewright",
        "create rolebinding iamroles --clusterrole=rolewright-edit",
        "helm test rolewright --namespace rolewright-system --logs",
        "No role in AWS is removed",
        "no CRD is removed",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let arn = "arn:aws:iam::123456789012:role/rolewright";
    let values = with(&json!({"serviceAccount": {"roleArn": arn}, "crds": {"keep": false}}));
    let said = release(&plane, "upgrade", &chart(), &values, &[]);
    for words in ["system:serviceaccount:rolewright-system:rolewright", "with\nit every IAMRole"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("pod-identity"), "{said}");
    assert!(!said.contains("settings.pathPrefix"), "the default is a fence: {said}");
    for path in [json!("/"), json!(null)] {
        let open = with(&json!({"settings": {"pathPrefix": path}, "helmTest": {"enabled": false}}));
        let said = release(&plane, "upgrade", &chart(), &open, &[]);
        assert!(
            said.contains("settings.pathPrefix is /: the policy") && !said.contains("helm test"),
            "{said}"
        );
    }

    // There is no kubelet: the pod that the Deployment would make is shown to a namespace that
    // enforces "restricted".
    let restricted =
        ["label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted"];
    plane.kubectl(&restricted).ok();
    let everything = objects(&values);
    let template = &one(&everything, "Deployment")["spec"]["template"];
    let pod = |spec: &Value| {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": NAMESPACE},
            "spec": spec,
        });
        plane.kubectl_with(&["create", "--dry-run=server", "-f", "-"], &pod.to_string())
    };
    pod(&template["spec"]).ok();
    for (place, looser) in [
        ("/containers/0/securityContext/allowPrivilegeEscalation", json!(true)),
        ("/containers/0/securityContext/capabilities/drop", json!([])),
        ("/securityContext/seccompProfile/type", json!("Unconfined")),
        ("/securityContext/runAsNonRoot", json!(false)),
    ] {
        let mut spec = template["spec"].clone();
        *spec.pointer_mut(place).unwrap() = looser;
        let refused = pod(&spec);
        assert!(refused.stderr.contains("violates PodSecurity"), "{place}: {refused:?}");
    }
}
