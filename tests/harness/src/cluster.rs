//! One control plane and one stand-in for all tests of a test binary; a namespace, an account and a
//! controller for each test.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, OnceLock};

use serde_json::json;

use super::controller::{Controller, ControllerConfig};
use super::controlplane::{CONTROLLER, ControlPlane};
use super::kube_controllers::KubeControllers;
use super::rights::{Right, Witness};
use super::setup;
use super::standin::{Account, Standin};

/// Namespace of the controllers' service accounts, each named as its scope: a scope's own namespace
/// may be deleted by a test.
pub const CONTROLLERS: &str = "controllers";

/// The order of the fields is the order of the ends.
pub struct Cluster {
    kube_controllers: Option<KubeControllers>,
    pub control_plane: ControlPlane,
    pub standin: Standin,
    numbers: AtomicU32,
}

impl Cluster {
    /// The environment that the tests of this process share. A static is never dropped: what it
    /// started ends because its pipes close with the process.
    pub fn shared() -> &'static Cluster {
        static SHARED: LazyLock<Cluster> = LazyLock::new(Cluster::start);
        &SHARED
    }

    /// An environment of one's own, for a test that stops the API server.
    pub fn start() -> Cluster {
        let standin = Standin::start();
        let control_plane = ControlPlane::start();
        let cluster =
            Cluster { kube_controllers: None, control_plane, standin, numbers: AtomicU32::new(1) };
        cluster.install();
        cluster
    }

    /// One more environment that the tests of this process share, for those that delete namespaces,
    /// or in the foreground: only here are these deletions finished.
    pub fn collecting() -> &'static Cluster {
        static SHARED: LazyLock<Cluster> = LazyLock::new(|| {
            let mut cluster = Cluster::start();
            cluster.kube_controllers = Some(KubeControllers::start(&cluster.control_plane));
            cluster
        });
        &SHARED
    }

    /// Applies the CRDs, the admission policies and the RBAC of the repository, as far as they are
    /// there, and makes room for the controllers.
    fn install(&self) {
        self.control_plane.kubectl(&["create", "namespace", CONTROLLERS]).ok();
        let crds = manifests("crds");
        for manifest in
            crds.iter().chain(&manifests("config/admission")).chain(&manifests("config/rbac"))
        {
            let path = manifest.display().to_string();
            self.control_plane.kubectl(&["apply", "--server-side", "-f", &path]).ok();
        }
        // The controllers of the tests are many users, all in one namespace.
        for manifest in manifests("config/protect") {
            let text = std::fs::read_to_string(&manifest).expect("a policy of the repository");
            let shipped = "request.userInfo.username in ['system:serviceaccount:\
                rolewright-system:rolewright']";
            assert!(text.contains(shipped), "{} names the controller", manifest.display());
            let ours = format!(
                "request.userInfo.username.startsWith('system:serviceaccount:{CONTROLLERS}:')"
            );
            let user = format!("({ours} || request.userInfo.username == '{CONTROLLER}')");
            let policy = text.replace(shipped, &user);
            self.control_plane.kubectl_with(&["apply", "--server-side", "-f", "-"], &policy).ok();
        }
        for crd in &crds {
            let path = crd.display().to_string();
            self.control_plane.wait_established(&["-f", &path]);
        }
    }

    /// A test's own part: `name` becomes part of its namespace.
    pub fn scope(&self, name: &str) -> Scope<'_> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("{name}-{number}");
        let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": namespace,
            "namespace": CONTROLLERS}},
            // The Lease is in the controllers' own namespace, whatever they have in the test's.
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": format!("{namespace}-lease"), "namespace": CONTROLLERS},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
            "name": "rolewright-lease"},
            "subjects": [{"kind": "ServiceAccount", "name": namespace,
            "namespace": CONTROLLERS}]},
        ]});
        self.control_plane.kubectl_with(&["create", "-f", "-"], &objects.to_string()).ok();
        let controller_user = format!("system:serviceaccount:{CONTROLLERS}:{namespace}");
        Scope {
            cluster: self,
            installation: namespace.clone(),
            witness: self.control_plane.witness(&controller_user),
            controller_user,
            account: self.standin.account(number),
            namespace,
            kubeconfig: OnceLock::new(),
        }
    }
}

fn manifests(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(setup::repository(folder)).into_iter().flatten();
    let mut found: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    found.sort();
    found
}

pub struct Scope<'a> {
    pub cluster: &'a Cluster,
    pub namespace: String,
    pub installation: String,
    pub account: Account,
    /// The controller's service account as a user of the API server, with no rights until `bind`
    /// gives it some.
    pub controller_user: String,
    kubeconfig: OnceLock<PathBuf>,
    /// Ends with the scope, and looks back.
    witness: Witness,
}

impl Scope<'_> {
    /// Gives the controller's user a `ClusterRole` in the whole cluster. No controller manager runs
    /// here, so the aggregated roles `view`, `edit` and `admin` are empty; `cluster-admin` and own
    /// ones work.
    pub fn bind(&self, cluster_role: &str) {
        let name = format!("{}-{cluster_role}", self.namespace);
        let role = format!("--clusterrole={cluster_role}");
        let binding = ["create", "clusterrolebinding", &name, &role, &self.subject()];
        self.cluster.control_plane.kubectl(&binding).ok();
    }

    /// Gives the controller's user a `ClusterRole` inside the test's namespace only.
    pub fn bind_in_namespace(&self, cluster_role: &str) {
        let role = format!("--clusterrole={cluster_role}");
        self.kubectl(&["create", "rolebinding", cluster_role, &role, &self.subject()]).ok();
    }

    fn subject(&self) -> String {
        format!("--serviceaccount={CONTROLLERS}:{}", self.namespace)
    }

    /// A kubeconfig with a token of the controller's service account.
    pub fn kubeconfig(&self) -> PathBuf {
        let make = || self.cluster.control_plane.service_account(CONTROLLERS, &self.namespace);
        self.kubeconfig.get_or_init(make).clone()
    }

    /// Every right that controllers of this scope have used so far.
    pub fn rights_used(&self) -> BTreeSet<Right> {
        self.witness.used()
    }

    /// kubectl as the administrator in the test's namespace.
    pub fn kubectl(&self, args: &[&str]) -> super::Output {
        self.kubectl_with(args, "")
    }

    pub fn kubectl_with(&self, args: &[&str], stdin: &str) -> super::Output {
        let arguments: Vec<&str> =
            ["-n", &self.namespace].into_iter().chain(args.iter().copied()).collect();
        self.cluster.control_plane.kubectl_with(&arguments, stdin)
    }

    /// What `controller` starts with, to be changed before `Controller::start`.
    pub fn config(&self, args: &[&str]) -> ControllerConfig {
        let own = ["--watch-namespace", &self.namespace, "--installation", &self.installation];
        ControllerConfig {
            program: setup::program(),
            kubeconfig: self.kubeconfig(),
            account: self.account.clone(),
            standin: self.cluster.standin.url(),
            args: own.iter().chain(args).map(|&argument| argument.to_owned()).collect(),
            env: vec![("ROLEWRIGHT_LEASE_NAMESPACE".to_owned(), CONTROLLERS.to_owned())],
        }
    }

    /// A controller for this namespace and account. It does not wait until it is ready.
    pub fn controller(&self, args: &[&str]) -> Controller {
        Controller::start(&self.config(args))
    }

    /// A client of the SDK as the second client of the account.
    pub fn iam(&self) -> aws_sdk_iam::Client {
        self.cluster.standin.iam_client(&self.account)
    }

    pub async fn kube(&self) -> kube::Client {
        self.cluster.control_plane.client(super::controlplane::ADMIN).await
    }
}
