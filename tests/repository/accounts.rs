//! One set of manifests, two accounts: each has its cluster and its controller, and everything is
//! applied wave by wave.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::render::{ACCOUNTS, account, name, one, waves};
use harness::{Account, ControlPlane, Controller, ControllerConfig, Standin, wait_until};

const SOON: Duration = Duration::from_mins(1);
const CONTROLLER: &str = "system:serviceaccount:rolewright-system:rolewright";
const MISSPELT: &str = r"{apiVersion: iam.rolewright.dev/v1alpha1, kind: IAMRole, metadata: {name: misspelt, namespace: default},
    spec: {permissionBoundary: x, trust: [{name: lambda, service: {name: lambda.amazonaws.com}}]}}";

/// A cluster with the controller of one account.
struct Site<'a> {
    id: String,
    plane: ControlPlane,
    standin: &'a Standin,
    account: Account,
    objects: Vec<Value>,
}

impl<'a> Site<'a> {
    /// An empty cluster, and an account with what the platform team has made in it.
    async fn new(name: &str, standin: &'a Standin) -> Site<'a> {
        let objects = account(name);
        let service_accounts = objects.iter().filter(|object| object["kind"] == "ServiceAccount");
        let arns: Vec<&str> = service_accounts
            .filter_map(|object| {
                object["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].as_str()
            })
            .collect();
        // Only the controller's own role is written down; the teams' are filled in by it.
        let [arn] = arns[..] else { panic!("{arns:?}") };
        let id = arn.split(':').nth(4).unwrap().to_owned();
        let account = Account {
            controller_key: format!("AKIACTRL{id}"),
            admin_key: format!("AKIAMAIN{id}"),
            id: id.clone(),
        };
        let boundary = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Action": "*", "Resource": "*"}]});
        let iam = standin.iam_client(&account);
        let made = iam
            .create_policy()
            .policy_name("rolewright-boundary")
            .policy_document(boundary.to_string());
        made.send().await.expect("the boundary");
        Site { id, plane: ControlPlane::start(), standin, account, objects }
    }

    /// What its Deployment would run: the settings of the `ConfigMap` it names, as the flags of the
    /// same names.
    fn controller(&self) -> Controller {
        let settings = one(&self.objects, "ConfigMap");
        let source = &one(&self.objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
            ["envFrom"];
        assert_eq!(source[0]["configMapRef"]["name"], settings["metadata"]["name"]);
        let flag = |(variable, value): (&String, &Value)| {
            let flag =
                variable.strip_prefix("ROLEWRIGHT_").unwrap().to_lowercase().replace('_', "-");
            format!("--{flag}={}", value.as_str().unwrap())
        };
        let mut args: Vec<String> =
            settings["data"].as_object().unwrap().iter().map(flag).collect();
        // What a pod knows by itself; and no long waits.
        args.extend(
            ["--lease-namespace=rolewright-system", "--sweep-interval=1s"].map(str::to_owned),
        );
        Controller::start(&ControllerConfig {
            program: crate::BIN.into(),
            kubeconfig: self.plane.kubeconfig(CONTROLLER),
            account: self.account.clone(),
            standin: self.standin.url(),
            args,
            env: Vec::new(),
        })
    }

    fn apply(&self, objects: &[Value]) {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
        self.plane
            .kubectl_with(&["apply", "--server-side", "--validate=strict", "-f", "-"], &list)
            .ok();
    }

    /// The version that the API server has of each object, by `kind namespace/name`.
    fn versions(&self) -> BTreeMap<String, String> {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": self.objects}).to_string();
        let live = self.plane.kubectl_with(&["get", "-o", "json", "-f", "-"], &list).json();
        let version =
            |object: &Value| object["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
        live["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|object| (name(object), version(object)))
            .collect()
    }

    fn roles(&self) -> Vec<Value> {
        let live = self.plane.kubectl(&["get", "iamroles", "-A", "-o", "json"]).json();
        live["items"].as_array().unwrap().clone()
    }

    /// Applies the waves in their order and waits after each for what Argo CD and Flux wait for.
    fn sync(&self) -> Controller {
        let mut controller = None;
        for (wave, objects) in waves(self.objects.clone()) {
            self.apply(&objects);
            match wave {
                0 => {
                    self.plane.wait_established(&["crd/iamroles.iam.rolewright.dev"]);
                    // No kubelet runs the Deployment.
                    controller.insert(self.controller()).wait_ready();
                }
                1 => self.wait_admission(),
                2 => {}
                _ => {
                    let wait = [
                        "wait",
                        "--for=condition=Ready",
                        "--timeout=60s",
                        "iamroles",
                        "-A",
                        "--all",
                    ];
                    self.plane.kubectl(&wait).ok();
                }
            }
        }
        controller.expect("a wave with the controller")
    }

    /// New admission policies are in force after a moment.
    fn wait_admission(&self) {
        wait_until("the admission policies to refuse a misspelt field", SOON, || {
            let tried =
                self.plane.kubectl_with(&["create", "--dry-run=server", "-f", "-"], MISSPELT);
            let refused =
                tried.stderr.contains("spec.permissionBoundary is not a field of an IAMRole");
            if refused { Ok(()) } else { Err(format!("{tried:?}")) }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_set_of_manifests_makes_the_roles_of_two_accounts_and_applied_again_changes_nothing() {
    let standin = Standin::start();
    let sites = [Site::new(ACCOUNTS[0], &standin).await, Site::new(ACCOUNTS[1], &standin).await];
    assert_ne!(sites[0].id, sites[1].id);
    let running = std::thread::scope(|scope| {
        let syncs = sites.each_ref().map(|site| scope.spawn(|| site.sync()));
        syncs.map(|sync| sync.join().expect("the waves are applied"))
    });

    for (site, account_name) in sites.iter().zip(ACCOUNTS) {
        let roles = site.roles();
        let written = site.objects.iter().filter(|object| object["kind"] == "IAMRole").count();
        assert_eq!(roles.len(), written);
        for role in &roles {
            let (namespace, resource) = (&role["metadata"]["namespace"], &role["metadata"]["name"]);
            let (namespace, resource) = (namespace.as_str().unwrap(), resource.as_str().unwrap());
            let arn =
                format!("arn:aws:iam::{}:role/rolewright/eks-{namespace}_{resource}", site.id);
            assert_eq!(role["status"]["arn"], arn);
            in_aws(site, account_name, &format!("eks-{namespace}_{resource}")).await;
        }
        // The ARN is where pods look for it, and nobody wrote it down.
        let annotated = site
            .plane
            .kubectl(&["get", "serviceaccount", "reports", "-n", "team-billing", "-o", "json"])
            .json();
        let arn = format!("arn:aws:iam::{}:role/rolewright/eks-team-billing_reports", site.id);
        assert_eq!(annotated["metadata"]["annotations"]["eks.amazonaws.com/role-arn"], arn);
    }

    for site in &sites {
        let before = site.versions();
        assert_eq!(before.len(), site.objects.len());
        site.standin.reset_calls(&site.account);
        for objects in waves(site.objects.clone()).into_values() {
            site.apply(&objects);
        }
        wait_until("two sweeps after the second apply", SOON, || {
            let calls = site.standin.calls(&site.account);
            let sweeps = calls.iter().filter(|call| call.action == "ListRoles").count();
            if sweeps > 2 { Ok(()) } else { Err(format!("{sweeps} sweeps")) }
        });
        assert_eq!(site.versions(), before);
        assert!(
            site.standin.writes(&site.account).is_empty(),
            "{:?}",
            site.standin.writes(&site.account)
        );
    }
    drop(running);
}

/// What the account has of a role: its own id in every ARN, and the installation in the tags.
async fn in_aws(site: &Site<'_>, installation: &str, role: &str) {
    let iam = site.standin.iam_client(&site.account);
    let found = iam.get_role().role_name(role).send().await.expect(role);
    let found = found.role().expect("a role");
    let tag = found
        .tags()
        .iter()
        .find(|tag| tag.key() == "rolewright.dev/installation")
        .map(aws_sdk_iam::types::Tag::value);
    assert_eq!(tag, Some(installation));
    let boundary =
        found.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
    assert_eq!(
        boundary,
        Some(format!("arn:aws:iam::{}:policy/rolewright-boundary", site.id).as_str())
    );
    let mut texts = vec![found.assume_role_policy_document().unwrap_or_default().to_owned()];
    for policy in iam.list_role_policies().role_name(role).send().await.expect(role).policy_names()
    {
        let policy =
            iam.get_role_policy().role_name(role).policy_name(policy).send().await.expect(role);
        texts.push(policy.policy_document().to_owned());
    }
    let text = texts.concat();
    let others: Vec<&str> = ["111111111111", "222222222222"]
        .into_iter()
        .filter(|id| *id != site.id && text.contains(id))
        .collect();
    assert!(
        others.is_empty() && text.contains(&site.id) && !text.contains("accountId"),
        "{role}: {text}"
    );
}
