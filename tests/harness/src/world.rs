//! What the tests of the main job share: a scope with its own namespace, account and controller,
//! and short ways to look.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::CONTROLLERS;
use crate::{ADMIN, Cluster, Controller, Scope, setup, wait_until};

/// Long enough for a slow machine; nothing waits that long when all is well.
pub const SOON: Duration = Duration::from_mins(1);
pub const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
pub const AUDIT: &str = "arn:aws:iam::aws:policy/SecurityAudit";

/// Who makes the tokens of the cluster's service accounts.
const ISSUER: &str = "https://oidc.example.org/id/1";

/// The suite's settings: a sweep a second, windows, rates and the wait for a wave off.
pub const FAST: [&str; 16] = [
    "--removal-wave",
    "0s",
    "--sweep-interval",
    "1s",
    "--settle-window",
    "0s",
    "--confirm-delay",
    "0s",
    "--absence-delay",
    "0s",
    "--create-window",
    "0s",
    "--aws-read-rate",
    "0",
    "--aws-write-rate",
    "0",
];

/// The controller ends before its scope looks back at what it did.
pub struct World {
    pub controller: Option<Controller>,
    pub scope: Scope<'static>,
}

impl World {
    /// A scope with rights and without a controller; the account has the policy `boundary`, and an
    /// OIDC provider for the cluster.
    pub async fn quiet(name: &str) -> Self {
        let scope = Cluster::shared().scope(name);
        scope.bind_in_namespace("rolewright");
        Self::in_scope(scope).await
    }

    /// The same in a scope that has its rights already.
    pub async fn in_scope(scope: Scope<'static>) -> Self {
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        scope
            .iam()
            .create_policy()
            .policy_name("boundary")
            .policy_document(document)
            .send()
            .await
            .expect("a policy");
        let world = Self { scope, controller: None };
        world.provide(ISSUER).await;
        world
    }

    /// Makes an OIDC provider in the account, for tokens that are made for AWS.
    pub async fn provide(&self, url: &str) {
        let iam = self.scope.iam();
        let create = iam.create_open_id_connect_provider().url(url);
        create.client_id_list("sts.amazonaws.com").send().await.expect("a provider");
    }

    /// The same with a controller that is ready.
    pub async fn new(name: &str) -> Self {
        let mut world = Self::quiet(name).await;
        world.start();
        world
    }

    pub fn args() -> Vec<&'static str> {
        let boundary = "arn:{partition}:iam::{accountId}:policy/boundary";
        let mut args = vec!["--permissions-boundary", boundary, "--oidc-issuer", ISSUER];
        args.extend(FAST);
        args
    }

    pub fn start(&mut self) {
        let mut controller = self.scope.controller(&Self::args());
        controller.wait_ready();
        self.controller = Some(controller);
    }

    /// `rolewright confirm` by an operator: exit code, and all that it says.
    pub fn confirm(&self, args: &[&str]) -> (Option<i32>, String) {
        let kubeconfig = self.scope.cluster.control_plane.kubeconfig(ADMIN);
        let output = std::process::Command::new(setup::program())
            .env_clear()
            .env("KUBECONFIG", kubeconfig)
            .args(["confirm", "--installation", &self.scope.installation])
            .args(["--lease-namespace", CONTROLLERS, "--watch-namespace", &self.scope.namespace])
            .args(args)
            .stdin(std::process::Stdio::null())
            .output()
            .expect("the command line starts");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }

    pub fn controller(&mut self) -> &mut Controller {
        self.controller.as_mut().expect("the controller was started")
    }

    /// Name of the role of a resource.
    pub fn role(&self, name: &str) -> String {
        let namespace = &self.scope.namespace;
        format!("{}-{namespace}_{name}", self.scope.installation)
    }

    pub fn manifest(&self, name: &str, spec: &Value) -> String {
        json!({
            "apiVersion": "iam.rolewright.dev/v1alpha1",
            "kind": "IAMRole",
            "metadata": {"name": name, "namespace": self.scope.namespace},
            "spec": spec,
        })
        .to_string()
    }

    pub fn apply(&self, name: &str, spec: &Value) {
        self.scope
            .kubectl_with(&["apply", "--server-side", "-f", "-"], &self.manifest(name, spec))
            .ok();
    }

    pub fn delete(&self, name: &str) {
        self.scope.kubectl(&["delete", "iamrole", name, "--wait=false"]).ok();
    }

    pub fn resource(&self, name: &str) -> Option<Value> {
        let output =
            self.scope.kubectl(&["get", "iamrole", name, "-o", "json", "--ignore-not-found"]).ok();
        serde_json::from_str(&output).ok()
    }

    /// The condition of a type, or null.
    pub fn condition(&self, name: &str, type_: &str) -> Value {
        let resource = self.resource(name).unwrap_or_default();
        let conditions = resource["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.into_iter().find(|condition| condition["type"] == type_).unwrap_or_default()
    }

    /// Waits until Ready has this reason for the newest generation; returns its message.
    pub fn wait_reason(&self, name: &str, reason: &str) -> String {
        wait_until(&format!("{name} to be {reason}"), SOON, || {
            let resource = self.resource(name).unwrap_or_default();
            let ready = self.condition(name, "Ready");
            let current =
                resource["status"]["observedGeneration"] == resource["metadata"]["generation"];
            if current && ready["reason"] == reason {
                Ok(ready["message"].as_str().unwrap_or_default().to_owned())
            } else {
                Err(format!("{}", resource["status"]))
            }
        })
    }

    pub fn wait_ready(&self, name: &str) {
        self.wait_reason(name, "Reconciled");
    }

    pub fn wait_gone(&self, name: &str) {
        wait_until(&format!("{name} to be gone"), SOON, || match self.resource(name) {
            None => Ok(()),
            Some(resource) => Err(resource["status"].to_string()),
        });
    }

    /// The role in AWS, as a second client sees it.
    pub async fn get_role(&self, name: &str) -> Option<aws_sdk_iam::types::Role> {
        let answer = self.scope.iam().get_role().role_name(name).send().await;
        answer.ok().and_then(|answer| answer.role)
    }

    /// Actions that the controller called on IAM. Left out is what goes by the clock: bulk reads of
    /// sweeps, and what they ask about identity providers.
    pub fn calls(&self) -> Vec<String> {
        let mut calls = self.calls_with_providers();
        calls.retain(|call| !["GetOpenIDConnectProvider", "GetSAMLProvider"].contains(&&**call));
        calls
    }

    /// Actions that the controller called on IAM, bulk reads of sweeps left out.
    pub fn calls_with_providers(&self) -> Vec<String> {
        let calls = self.scope.cluster.standin.calls(&self.scope.account);
        let bulk = ["GetAccountAuthorizationDetails", "ListRoles"];
        calls
            .into_iter()
            .filter(|call| {
                call.access_key == self.scope.account.controller_key && call.service == "iam"
            })
            .map(|call| call.action)
            .filter(|action| !bulk.contains(&action.as_str()))
            .collect()
    }

    /// Sweeps so far.
    pub fn sweeps(&self) -> usize {
        let calls = self.scope.cluster.standin.calls(&self.scope.account);
        calls
            .iter()
            .filter(|call| {
                call.action == "ListRoles" && call.access_key == self.scope.account.controller_key
            })
            .count()
    }

    /// Waits until `count` more sweeps have begun and ended.
    pub fn wait_sweeps(&self, count: usize) {
        let until = self.sweeps() + count + 1;
        wait_until("sweeps", SOON, || {
            if self.sweeps() >= until { Ok(()) } else { Err(self.sweeps()) }
        });
    }

    /// Writes of the controller to IAM, refused ones among them.
    pub fn writes(&self) -> Vec<String> {
        let writes = self.scope.cluster.standin.writes(&self.scope.account);
        writes
            .into_iter()
            .filter(|call| call.access_key == self.scope.account.controller_key)
            .map(|call| call.action)
            .collect()
    }

    pub fn clear(&self) {
        self.scope.cluster.standin.reset_calls(&self.scope.account);
    }
}

/// The suite's settings, but for the wait for a wave: what is deleted at once comes one by one.
pub fn with_a_wave(mut args: Vec<&'static str>) -> Vec<&'static str> {
    let wave = args.iter().position(|arg| *arg == "--removal-wave").expect("it is switched off");
    args[wave + 1] = "3s";
    args
}

/// A grant to AWS Lambda.
pub fn lambda() -> Value {
    json!({"name": "lambda", "service": {"name": "lambda.amazonaws.com", "sourceAccount": "Own"}})
}

/// A role with two attachments and one inline policy.
pub fn whole() -> Value {
    json!({
        "description": "d",
        "trust": [lambda()],
        "permissions": {
            "managedPolicies": [READ_ONLY, AUDIT],
            "inlinePolicies": [{
                "name": "read",
                "statements": [{"effect": "Allow", "actions": ["s3:GetObject"],
                "resources": ["arn:aws:s3:::b/*"]}],
            }],
        },
        "tags": {"owner": "a"},
    })
}
