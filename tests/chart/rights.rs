//! Rights, proven both ways: with the token of the rendered service account the controller does its whole job, and every right that
//! it has was used for it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::arguments::arguments;
use crate::harness::{ADMIN, ControlPlane, Controller, ControllerConfig, Standin, wait_until};
use crate::helm::{objects, of_kind, with};
use crate::install::{NAMESPACE, install};

const USER: &str = "system:serviceaccount:rolewright-system:rolewright";
const TEAM: &str = "team-a";
const SOON: Duration = Duration::from_mins(1);
/// A sweep a second, windows and rates off.
const FAST: [&str; 7] = [
    "--sweep-interval=1s",
    "--settle-window=0s",
    "--confirm-delay=0s",
    "--absence-delay=0s",
    "--create-window=0s",
    "--aws-read-rate=0",
    "--aws-write-rate=0",
];

/// API group, resource with its subresource, and verb.
type Right = (String, String, String);

fn rights(role: &Value) -> BTreeSet<Right> {
    let words = |list: &Value| -> Vec<String> { serde_json::from_value(list.clone()).unwrap() };
    let mut found = BTreeSet::new();
    for rule in role["rules"].as_array().unwrap() {
        for (group, resource) in
            words(&rule["apiGroups"]).iter().flat_map(|g| words(&rule["resources"]).into_iter().map(move |r| (g, r)))
        {
            found.extend(words(&rule["verbs"]).into_iter().map(|verb| (group.clone(), resource.clone(), verb)));
        }
    }
    found
}

/// What a user asked the API server for, with the answers that refused it.
fn used(plane: &ControlPlane) -> (BTreeSet<Right>, Vec<Value>) {
    let log = std::fs::read_to_string(plane.folder().join("audit.log")).unwrap();
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let (mut found, mut refused) = (BTreeSet::new(), Vec::new());
    for event in events.filter(|event| event["user"]["username"] == USER && event["objectRef"]["resource"].is_string())
    {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let object = &event["objectRef"];
        let resource = match object["subresource"].as_str() {
            Some(subresource) => format!("{}/{subresource}", text(&object["resource"])),
            None => text(&object["resource"]),
        };
        found.insert((text(&object["apiGroup"]), resource, text(&event["verb"])));
        if event["responseStatus"]["code"] == 403 {
            refused.push(event);
        }
    }
    (found, refused)
}

/// A kubeconfig with a token of the service account.
fn with_token(plane: &ControlPlane) -> PathBuf {
    let token = plane.kubectl(&["-n", NAMESPACE, "create", "token", "rolewright"]).ok();
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(plane.kubeconfig(ADMIN)).unwrap()).unwrap();
    config["users"][0]["user"] = json!({"token": token.trim()});
    plane.folder().write("token.kubeconfig", &config.to_string())
}

struct Job {
    plane: ControlPlane,
    standin: Standin,
}

impl Job {
    fn resource(&self, name: &str) -> Value {
        let get = ["-n", TEAM, "get", "iamrole", name, "-o", "json", "--ignore-not-found"];
        serde_json::from_str(&self.plane.kubectl(&get).ok()).unwrap_or_default()
    }

    fn wait_reason(&self, name: &str, reason: &str) {
        wait_until(&format!("{name} to be {reason}"), SOON, || {
            let resource = self.resource(name);
            let conditions = resource["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let ready = conditions.iter().find(|condition| condition["type"] == "Ready").cloned().unwrap_or_default();
            let current = ready["observedGeneration"] == resource["metadata"]["generation"];
            if current && ready["reason"] == reason { Ok(()) } else { Err(resource["status"].to_string()) }
        });
    }

    fn events(&self, reason: &str) -> Vec<Value> {
        let select = format!("reason={reason}");
        let list = self.plane.kubectl(&[
            "-n",
            TEAM,
            "get",
            "events.v1.events.k8s.io",
            "--field-selector",
            &select,
            "-o",
            "json",
        ]);
        list.json()["items"].as_array().cloned().unwrap_or_default()
    }

    /// The role that the service account `pod` names, if there is one.
    fn role_of_pod(&self) -> String {
        let path = r"jsonpath={.metadata.annotations.eks\.amazonaws\.com/role-arn}";
        self.plane.kubectl(&["-n", TEAM, "get", "serviceaccount", "pod", "--ignore-not-found", "-o", path]).ok()
    }

    /// Create, drift that comes back, refusal, edit, removal.
    async fn run(&self, values: &Value) {
        let account = self.standin.account(1);
        let iam = self.standin.iam_client(&account);
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        iam.create_policy().policy_name("rolewright-boundary").policy_document(document).send().await.unwrap();
        let mut args = arguments(values);
        args.retain(|word| word != "controller" && !word.starts_with("--listen="));
        args.extend(FAST.map(str::to_owned));
        let config = ControllerConfig {
            kubeconfig: with_token(&self.plane),
            account,
            standin: self.standin.url(),
            args,
            env: Vec::new(),
        };
        let mut controller = Controller::start(&config);
        controller.wait_ready();

        let manifest = |spec: Value| {
            json!({"apiVersion": "iam.rolewright.dev/v1alpha1", "kind": "IAMRole", "metadata": {"name": "x", "namespace": TEAM}, "spec": spec})
                .to_string()
        };
        let apply = ["apply", "--server-side", "-f", "-"];
        let lambda = json!({"name": "lambda", "service": {"name": "lambda.amazonaws.com"}});
        self.plane.kubectl_with(&apply, &manifest(json!({"trust": [lambda], "description": "one"}))).ok();
        self.wait_reason("x", "Reconciled");
        let role = self.resource("x")["status"]["roleName"].as_str().unwrap().to_owned();
        // The same drift twice is one Event that is told again.
        for round in 1..=2 {
            iam.update_role().role_name(&role).description("drift").send().await.unwrap();
            wait_until("the drift to be corrected and told", SOON, || {
                let told = self.events("DriftCorrected");
                let count = told.iter().map(|event| event["series"]["count"].as_u64().unwrap_or(1)).sum::<u64>();
                if count >= round { Ok(()) } else { Err(format!("{told:?}\n{}", controller.log())) }
            });
        }
        self.plane.kubectl_with(&apply, &manifest(json!({"trust": [lambda], "description": "two"}))).ok();
        self.wait_reason("x", "Reconciled");
        if values["settings"]["annotateServiceAccounts"] == true {
            let pods = json!({"name": "pods", "serviceAccount": {"name": "pod", "annotate": true}});
            self.plane.kubectl(&["-n", TEAM, "create", "serviceaccount", "pod"]).ok();
            self.plane.kubectl_with(&apply, &manifest(json!({"trust": [lambda, pods]}))).ok();
            self.wait_reason("x", "Reconciled");
            assert_eq!(self.role_of_pod(), self.resource("x")["status"]["arn"].as_str().unwrap());
        }
        self.plane.kubectl(&["-n", TEAM, "delete", "iamrole", "x", "--timeout=60s"]).ok();
        assert!(iam.get_role().role_name(&role).send().await.is_err(), "the role is gone");
        assert!(controller.terminate().success());
        assert_eq!(self.role_of_pod(), "", "the annotation went with the role");
    }
}

/// Runs the job for a release with these values; the rights that were used.
async fn job(more: Value) -> (ControlPlane, Value, BTreeSet<Right>) {
    let (values, plane) = (with(&more), ControlPlane::start());
    plane.kubectl(&["create", "namespace", TEAM]).ok();
    install(&plane, &values);
    let job = Job { plane, standin: Standin::start() };
    job.run(&values).await;
    let (used, refused) = used(&job.plane);
    assert!(refused.is_empty(), "{refused:?}");
    (job.plane, values, used)
}

fn rendered(values: &Value, kinds: &[&str]) -> BTreeSet<Right> {
    let objects = objects(values);
    let roles = kinds.iter().flat_map(|kind| of_kind(&objects, kind));
    let own = roles.filter(|role| {
        let name = role["metadata"]["name"].as_str().unwrap();
        !name.ends_with("-view") && !name.ends_with("-edit")
    });
    own.flat_map(rights).collect()
}

#[tokio::test]
async fn the_controller_needs_every_right_of_the_chart_and_no_other() {
    let (plane, values, used) = job(json!({})).await;
    assert_eq!(used, rendered(&values, &["ClusterRole", "Role"]));
    let may = |verb: &str, what: &str| {
        plane.kubectl(&["auth", "can-i", verb, what, "-n", TEAM, "--as", USER]).stdout.trim() == "yes"
    };
    assert!(may("watch", "iamroles"));
    assert!(!may("get", "secrets") && !may("delete", "iamroles") && !may("create", "iamroles"));
}

#[tokio::test]
async fn in_some_namespaces_and_with_annotations_it_needs_its_rights_there_and_has_none_elsewhere() {
    let (plane, values, used) = job(json!({
        "watchNamespaces": [TEAM],
        "settings": {"annotateServiceAccounts": true, "oidcIssuer": ["https://oidc.example.org/id/1"]},
    }))
    .await;
    assert_eq!(used, rendered(&values, &["Role"]));
    let may = |namespace: &str| {
        plane.kubectl(&["auth", "can-i", "get", "iamroles", "-n", namespace, "--as", USER]).stdout.trim() == "yes"
    };
    assert!(may(TEAM) && !may("default"));
}
