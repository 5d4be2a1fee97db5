//! No diff loop: what is applied stays as it was applied. The controller writes status and its
//! finalizer and nothing else, and applying the same again changes nothing, in Kubernetes and in
//! AWS.

use rstest::rstest;
use serde_json::{Value, json};

use harness::world::{FAST, SOON, World, lambda};
use harness::{Cluster, Output, repository, wait_until};

/// Who applies, and how.
#[derive(Clone, Copy)]
struct Tool {
    arguments: &'static [&'static str],
    /// Its name in `metadata.managedFields`.
    manager: &'static str,
    /// Argo CD marks what belongs to an application.
    tracked: bool,
}

const CLIENT_SIDE: Tool =
    Tool { arguments: &["apply", "-f", "-"], manager: "kubectl-client-side-apply", tracked: false };
const SERVER_SIDE: Tool =
    Tool { arguments: &["apply", "--server-side", "-f", "-"], manager: "kubectl", tracked: false };
/// With the sync option `ServerSideApply=true`.
const ARGO_CD: Tool = Tool {
    arguments: &[
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=argocd-controller",
        "-f",
        "-",
    ],
    manager: "argocd-controller",
    tracked: true,
};
const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const REQUESTED: &str = "rolewright.dev/reconcile-requested-at";

/// The objects of `config/samples` in the namespace of a test, without the namespaces.
fn samples(world: &World) -> Vec<Value> {
    let namespace = &world.scope.namespace;
    let mut files: Vec<_> = std::fs::read_dir(repository("config/samples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut objects = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.replace("namespace: team-a", &format!("namespace: {namespace}"));
        let text = text.replace("namespace: team-b", &format!("namespace: {namespace}"));
        let before = objects.len();
        objects.extend(rolewright::yaml::documents::<Value>(&text).unwrap());
        assert!(objects.len() > before, "{}", file.display());
    }
    objects.retain(|object| object["kind"] != "Namespace");
    objects
}

fn roles(objects: &[Value]) -> impl Iterator<Item = &Value> {
    objects.iter().filter(|object| object["kind"] == "IAMRole")
}

/// A world whose account has what the samples name.
async fn world_of_samples(name: &str) -> World {
    let mut world = World::quiet(name).await;
    let iam = world.scope.iam();
    let anything =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    for policy in ["rolewright-boundary", "ledger"] {
        iam.create_policy()
            .policy_name(policy)
            .policy_document(anything)
            .send()
            .await
            .expect("a policy");
    }
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    for role in ["auditors", "on-call"] {
        iam.create_role()
            .role_name(role)
            .assume_role_policy_document(trust)
            .send()
            .await
            .expect("a role");
    }
    let mut arguments =
        vec!["--permissions-boundary", "none", "--oidc-issuer", "https://oidc.example.org/id/1"];
    arguments.extend(FAST);
    let mut controller = world.scope.controller(&arguments);
    controller.wait_ready();
    world.controller = Some(controller);
    world
}

impl Tool {
    /// The objects as the tool sends them.
    fn render(self, objects: &[Value]) -> Vec<Value> {
        let mut objects = objects.to_vec();
        if self.tracked {
            for object in &mut objects {
                let (group, kind) =
                    (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
                let group = group.split_once('/').map_or("", |(group, _)| group);
                let metadata = &object["metadata"];
                let (namespace, name) =
                    (metadata["namespace"].as_str().unwrap(), metadata["name"].as_str().unwrap());
                let id = format!("roles:{group}/{kind}:{namespace}/{name}");
                object["metadata"]["annotations"][TRACKING_ID] = json!(id);
            }
        }
        objects
    }

    fn apply(self, world: &World, objects: &[Value]) -> Output {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        world.scope.kubectl_with(self.arguments, &list.to_string())
    }
}

/// The resources as the API server has them, with the owners of their fields, in the order of their
/// names.
fn live(world: &World) -> Vec<Value> {
    let list =
        world.scope.kubectl(&["get", "iamroles", "-o", "json", "--show-managed-fields"]).json();
    list["items"].as_array().unwrap().clone()
}

/// Waits until each of `count` resources says what it has to say in the end.
fn settled(world: &World, count: usize) {
    wait_until("all resources to be settled", SOON, || {
        let live = live(world);
        let open: Vec<&Value> = live
            .iter()
            .filter(|role| {
                let requested = role["metadata"]["annotations"].get(REQUESTED);
                let ready = &role["status"]["conditions"][0];
                // The account has no providers for those who come from elsewhere.
                !["Reconciled", "ProviderUnusable", "WouldChange"]
                    .contains(&ready["reason"].as_str().unwrap_or_default())
                    || role["status"]["observedGeneration"] != role["metadata"]["generation"]
                    || role["status"].get("lastHandledReconcileAt") != requested
            })
            .map(|role| &role["status"])
            .collect();
        if live.len() == count && open.is_empty() {
            Ok(())
        } else {
            Err(format!("{} {open:?}", live.len()))
        }
    });
    world.wait_sweeps(1);
}

/// Applies five times, with a sweep after each, and sees that nothing moves anywhere.
fn five_times_nothing(world: &World, tool: Tool, objects: &[Value]) {
    let user = &world.scope.controller_user;
    let (before, written) =
        (live(world), world.scope.cluster.control_plane.audit_writes(user).len());
    assert!(written > 0, "the audit log counts the controller's writes");
    world.clear();
    for turn in 0..5 {
        tool.apply(world, objects).ok();
        world.wait_sweeps(0); // the last one may have begun before
        assert_eq!(live(world), before, "turn {turn}");
    }
    world.wait_sweeps(1);
    assert_eq!(live(world), before);
    assert_eq!(world.writes(), Vec::<String>::new(), "to AWS");
    assert_eq!(world.calls(), Vec::<String>::new(), "beyond the sweeps");
    assert_eq!(
        world.scope.cluster.control_plane.audit_writes(user).len(),
        written,
        "to Kubernetes"
    );
}

#[rstest]
#[case::client_side(CLIENT_SIDE, "apply-client")]
#[case::server_side(SERVER_SIDE, "apply-server")]
#[case::as_argo_cd_does(ARGO_CD, "apply-argo")]
#[tokio::test]
async fn each_sample_applied_ten_times_stays_as_applied(#[case] tool: Tool, #[case] name: &str) {
    let world = world_of_samples(name).await;
    let objects = tool.render(&samples(&world));
    let count = roles(&objects).count();
    assert!(count >= 11, "{count} samples");
    tool.apply(&world, &objects).ok();
    settled(&world, count);
    five_times_nothing(&world, tool, &objects);

    // In between each role is looked at in full, and one is corrected.
    let thumbnails = world.role("thumbnails");
    world
        .scope
        .iam()
        .update_role()
        .role_name(thumbnails)
        .description("by hand")
        .send()
        .await
        .expect("drift");
    wait_until("the drift to be corrected", SOON, || {
        let drift = world.resource("thumbnails").unwrap()["status"]["drift"].clone();
        if drift["count"] == 1 { Ok(()) } else { Err(drift) }
    });
    world.scope.kubectl(&["annotate", "iamroles", "--all", &format!("{REQUESTED}=1")]).ok();
    settled(&world, count);
    five_times_nothing(&world, tool, &objects);

    for role in live(&world) {
        let name = &role["metadata"]["name"];
        let applied =
            roles(&objects).find(|applied| applied["metadata"]["name"] == *name).expect("applied");
        assert_eq!(role["spec"].to_string(), applied["spec"].to_string(), "{name}: byte for byte");
        assert_eq!(role["metadata"]["generation"], 1, "{name}");
        assert_eq!(role["metadata"].get("labels"), None, "{name}");
        let mut annotations = role["metadata"]["annotations"].as_object().unwrap().clone();
        annotations.remove(LAST_APPLIED);
        assert_eq!(
            annotations.remove(REQUESTED),
            Some(json!("1")),
            "{name}: somebody else's, left alone"
        );
        let given = applied["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
        assert_eq!(annotations, given, "{name}");
        only_status_and_finalizer_are_ours(&role, tool);
    }
}

fn only_status_and_finalizer_are_ours(role: &Value, tool: Tool) {
    let name = &role["metadata"]["name"];
    let mut ours = Vec::new();
    for entry in role["metadata"]["managedFields"].as_array().unwrap() {
        let manager = entry["manager"].as_str().unwrap();
        if manager == "rolewright" {
            ours.push((entry["subresource"].as_str(), entry["fieldsV1"].clone()));
        } else {
            // kubectl annotate is the reconcile request of this test.
            assert!([tool.manager, "kubectl-annotate"].contains(&manager), "{name}: {entry}");
            assert_eq!(entry.get("subresource"), None, "{name}: {entry}");
        }
    }
    ours.sort_by_key(|(part, _)| *part);
    let (status, rest) = ours.split_last().expect("the controller owns something");
    assert_eq!(status.0, Some("status"), "{name}");
    assert_eq!(status.1.as_object().unwrap().keys().collect::<Vec<_>>(), ["f:status"], "{name}");
    let finalizer = json!({"f:metadata": {"f:finalizers": {"v:\"iam.rolewright.dev/role\"": {}}}});
    // A role that is only looked at needs no finalizer.
    let expected: &[_] =
        if role["spec"]["driftPolicy"] == "Observe" { &[] } else { &[(None, finalizer)] };
    assert_eq!(rest, expected, "{name}");
}

#[tokio::test]
async fn what_a_second_manager_changes_or_adds_conflicts_and_goes_when_argo_cd_applies_again() {
    let world = World::new("second").await;
    let spec = json!({
        "description": "as in Git",
        "trust": [lambda()],
        "tags": {"owner": "a"},
    });
    let objects = ARGO_CD.render(&[serde_json::from_str(&world.manifest("x", &spec)).unwrap()]);
    ARGO_CD.apply(&world, &objects).ok();
    world.wait_ready("x");
    for (what, change) in [
        ("a value", json!({"description": "by hand"})),
        ("a key of a map", json!({"tags": {"cost-centre": "1"}})),
        // What Git does not mention is not given away either.
        (
            "a field",
            json!({"permissions": {"managedPolicies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}}),
        ),
    ] {
        let patch = json!({"spec": change}).to_string();
        world
            .scope
            .kubectl(&[
                "patch",
                "iamrole",
                "x",
                "--field-manager=kubectl-edit",
                "--type=merge",
                "-p",
                &patch,
            ])
            .ok();
        world.wait_ready("x");
        let without_force = Tool {
            arguments: &["apply", "--server-side", "--field-manager=argocd-controller", "-f", "-"],
            ..ARGO_CD
        };
        let conflict = without_force.apply(&world, &objects);
        assert!(
            !conflict.status.success(),
            "{what} is overwritten in silence: {}",
            conflict.stdout
        );
        assert!(conflict.stderr.contains("\"kubectl-edit\""), "{what}: {}", conflict.stderr);
        ARGO_CD.apply(&world, &objects).ok();
        world.wait_ready("x");
        assert_eq!(world.resource("x").unwrap()["spec"], spec, "{what}");
    }
    let role = world.get_role(&world.role("x")).await.expect("the role");
    assert_eq!(role.description(), Some("as in Git"));
    let attached = world
        .scope
        .iam()
        .list_attached_role_policies()
        .role_name(world.role("x"))
        .send()
        .await
        .unwrap();
    assert!(attached.attached_policies().is_empty());
}

/// `Replace=true` sends whole objects, and so takes the finalizer off.
#[tokio::test]
async fn a_resource_that_is_replaced_gets_its_finalizer_back_and_its_role_is_not_touched() {
    let world = World::new("replaced").await;
    let manifest = world.manifest("x", &json!({"trust": [lambda()]}));
    world.scope.kubectl_with(&["create", "-f", "-"], &manifest).ok();
    world.wait_ready("x");
    world.clear();
    for _ in 0..3 {
        world.scope.kubectl_with(&["replace", "-f", "-"], &manifest).ok();
        wait_until("the finalizer", SOON, || {
            let metadata = world.resource("x").unwrap()["metadata"].clone();
            if metadata["finalizers"] == json!(["iam.rolewright.dev/role"]) {
                Ok(())
            } else {
                Err(metadata)
            }
        });
    }
    world.wait_sweeps(1);
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(world.resource("x").unwrap()["metadata"]["generation"], 1);
}

/// A default below `spec` would make every resource of every user differ from Git on the day of the
/// upgrade.
#[test]
fn the_installed_kind_has_no_default_below_spec() {
    let name = "iamroles.iam.rolewright.dev";
    let crd = Cluster::shared()
        .control_plane
        .kubectl(&["get", "customresourcedefinition", name, "-o", "json"])
        .json();
    let mut seen = 0;
    for version in crd["spec"]["versions"].as_array().unwrap() {
        let spec = &version["schema"]["openAPIV3Schema"]["properties"]["spec"];
        no_default("spec", spec, &mut seen);
    }
    assert!(seen > 100, "{seen} schemas were read");
}

fn no_default(path: &str, schema: &Value, seen: &mut usize) {
    *seen += 1;
    assert_eq!(schema.get("default"), None, "{path}");
    for (name, child) in schema["properties"].as_object().into_iter().flatten() {
        no_default(&format!("{path}.{name}"), child, seen);
    }
    for below in ["items", "additionalProperties"] {
        if schema[below].is_object() {
            no_default(&format!("{path}[]"), &schema[below], seen);
        }
    }
}
