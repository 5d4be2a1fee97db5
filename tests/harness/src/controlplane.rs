//! etcd and kube-apiserver, with RBAC, an audit log and verified TLS.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::audit::{self, AuditWrite};
use super::kubectl::{Kubectl, Output};
use super::process::{Folder, Supervised, free_ports};
use super::rights::Witness;
use super::setup;
use super::wait::wait_until;

/// The user with every right (group `system:masters`).
pub const ADMIN: &str = "admin";
/// The user of a controller that is not bound to one test; RBAC may name it as a service account.
pub const CONTROLLER: &str = "system:serviceaccount:rolewright-system:rolewright-controller";

const AUDIT_POLICY: &str = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: \
    [RequestReceived]\nrules: [{level: Metadata}]\n";
const START: Duration = Duration::from_mins(1);

// Signing keys of service-account tokens: one EC key, private and public.
const KEYS: &str = "
import sys
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec
key = ec.generate_private_key(ec.SECP256R1())
open(sys.argv[1], 'wb').write(key.private_bytes(s.Encoding.PEM, \
s.PrivateFormat.TraditionalOpenSSL, s.NoEncryption()))
open(sys.argv[2], 'wb').write(key.public_key().public_bytes(s.Encoding.PEM, \
s.PublicFormat.SubjectPublicKeyInfo))
";

/// The order of the fields is the order of the ends: API server, etcd, then the folder.
pub struct ControlPlane {
    apiserver: Option<Supervised>,
    etcd: Option<Supervised>,
    port: u16,
    etcd_port: u16,
    peer_port: u16,
    folder: Folder,
}

impl ControlPlane {
    /// Starts a control plane of its own and waits until it is ready.
    ///
    /// # Panics
    /// When it is not ready after three attempts (a free port may be taken by somebody else in
    /// between).
    pub fn start() -> ControlPlane {
        let mut problems = String::new();
        for _ in 0..3 {
            match ControlPlane::attempt() {
                Ok(started) => return started,
                Err(problem) => {
                    let _ = writeln!(problems, "{problem}");
                }
            }
        }
        panic!("the control plane does not start:\n{problems}");
    }

    fn attempt() -> Result<ControlPlane, String> {
        let folder = Folder::new("controlplane");
        let [port, etcd_port, peer_port] = free_ports();
        folder.write("audit-policy.yaml", AUDIT_POLICY);
        folder.write(
            "tokens.csv",
            &format!(
                "token-admin,{ADMIN},{ADMIN},system:masters\n\
                 token-controller,{CONTROLLER},controller,\"system:serviceaccounts,\
                 system:serviceaccounts:rolewright-system\"\n"
            ),
        );
        let keys = Command::new(setup::python())
            .args(["-I", "-c", KEYS])
            .args([folder.join("sa.key"), folder.join("sa.pub")])
            .status();
        assert!(keys.is_ok_and(|status| status.success()), "the stand-in's Python makes no keys");
        let mut plane =
            ControlPlane { apiserver: None, etcd: None, port, etcd_port, peer_port, folder };
        plane.launch_etcd();
        plane.launch_apiserver();
        plane.ready()?;
        Ok(plane)
    }

    fn launch_etcd(&mut self) {
        let client_url = format!("http://127.0.0.1:{}", self.etcd_port);
        let peer_url = format!("http://127.0.0.1:{}", self.peer_port);
        let args = [
            "--data-dir".to_owned(),
            self.folder.join("etcd").display().to_string(),
            format!("--listen-client-urls={client_url}"),
            format!("--advertise-client-urls={client_url}"),
            format!("--listen-peer-urls={peer_url}"),
            format!("--initial-advertise-peer-urls={peer_url}"),
            format!("--initial-cluster=default={peer_url}"),
            "--unsafe-no-fsync".to_owned(),
            "--log-level=warn".to_owned(),
        ];
        let etcd =
            Supervised::start(&self.folder, "etcd", &setup::assets().join("etcd"), args, &[]);
        self.etcd = Some(etcd);
    }

    fn launch_apiserver(&mut self) {
        let file = |name: &str| self.folder.join(name).display().to_string();
        let (binary, more) = setup::kube_apiserver();
        let args = [
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd_port),
            "--bind-address=127.0.0.1".to_owned(),
            "--advertise-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", self.port),
            // the API server makes its own certificate here, once
            format!("--cert-dir={}", file("certificates")),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--service-account-signing-key-file={}", file("sa.key")),
            format!("--service-account-key-file={}", file("sa.pub")),
            "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            // 127.0.0.1 is no valid endpoint of the Service `kubernetes`
            "--endpoint-reconciler-type=none".to_owned(),
            "--authorization-mode=RBAC".to_owned(),
            format!("--token-auth-file={}", file("tokens.csv")),
            "--disable-admission-plugins=ServiceAccount".to_owned(), // needs the controller manager
            format!("--audit-policy-file={}", file("audit-policy.yaml")),
            format!("--audit-log-path={}", file("audit.log")),
            "--audit-log-format=json".to_owned(),
            "--shutdown-delay-duration=0s".to_owned(),
            "--v=1".to_owned(),
        ];
        let args = args.into_iter().chain(more);
        self.apiserver =
            Some(Supervised::start(&self.folder, "kube-apiserver", &binary, args, &[]));
    }

    fn ready(&mut self) -> Result<(), String> {
        wait_until("the API server", START, || {
            let etcd = self.etcd.as_mut().expect("etcd was started");
            if let Some(status) = etcd.status() {
                return Ok(Err(format!("etcd ended with {status}\n{}", etcd.last_words())));
            }
            let apiserver = self.apiserver.as_mut().expect("the API server was started");
            if let Some(status) = apiserver.status() {
                return Ok(Err(format!(
                    "kube-apiserver ended with {status}\n{}",
                    apiserver.last_words()
                )));
            }
            if !self.folder.join("certificates/apiserver.crt").exists() {
                return Err("no certificate yet".to_owned());
            }
            let words = apiserver.last_words();
            let answer = self.kubectl(&["get", "--raw", "/readyz"]);
            if answer.status.success() {
                Ok(Ok(()))
            } else {
                Err(format!("{}\n{words}", answer.stderr))
            }
        })
    }

    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// A kubeconfig for a user: `ADMIN` and `CONTROLLER` have tokens, everybody else is
    /// impersonated by the administrator. A user named `system:serviceaccount:NAMESPACE:NAME` is in
    /// the groups of a service account.
    pub fn kubeconfig(&self, user: &str) -> PathBuf {
        self.kubeconfig_in_groups(user, &[])
    }

    /// The same with more groups, for users that are impersonated.
    pub fn kubeconfig_in_groups(&self, user: &str, groups: &[&str]) -> PathBuf {
        let credentials = match user {
            ADMIN => json!({"token": "token-admin"}),
            CONTROLLER => json!({"token": "token-controller"}),
            other => json!({"token": "token-admin", "as": other, "as-groups": groups}),
        };
        self.kubeconfig_of(&format!("{user}{}", groups.concat()), &credentials)
    }

    /// A kubeconfig with a token of a service account, as its pods have one.
    pub fn service_account(&self, namespace: &str, name: &str) -> PathBuf {
        let token =
            self.kubectl(&["-n", namespace, "create", "token", name, "--duration=24h"]).ok();
        self.kubeconfig_of(&format!("token-{namespace}-{name}"), &json!({"token": token.trim()}))
    }

    fn kubeconfig_of(&self, name: &str, credentials: &Value) -> PathBuf {
        let certificate = std::fs::read(self.folder.join("certificates/apiserver.crt"))
            .expect("the API server's certificate");
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {
                "server": self.url(),
                // `ByteString` writes base64.
                "certificate-authority-data": k8s_openapi::ByteString(certificate),
            }}],
            "users": [{"name": "test", "user": credentials}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        });
        let name: String =
            name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect();
        let path = self.folder.join(&format!("{name}.kubeconfig"));
        // Written beside and moved, because another test may be reading the same user's file.
        let partial = tempfile::NamedTempFile::new_in(self.folder.path())
            .expect("a file in the temporary folder");
        std::fs::write(partial.path(), config.to_string())
            .expect("a kubeconfig in the temporary folder");
        partial.persist(&path).expect("the kubeconfig is moved into place");
        path
    }

    /// A client of kube for a user. Make one in each test: its connections belong to the test's
    /// runtime.
    pub async fn client(&self, user: &str) -> kube::Client {
        // an error means that it is installed
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let kubeconfig =
            kube::config::Kubeconfig::read_from(self.kubeconfig(user)).expect("an own kubeconfig");
        let config = kube::Config::from_custom_kubeconfig(
            kubeconfig,
            &kube::config::KubeConfigOptions::default(),
        )
        .await;
        kube::Client::try_from(config.expect("an own kubeconfig"))
            .expect("a client from an own kubeconfig")
    }

    /// Waits until the API server serves the CRDs that the arguments of kubectl name: `-f` and a
    /// path, or `crd/NAME`.
    pub fn wait_established(&self, crds: &[&str]) {
        let wait = [&["wait", "--for=condition=Established", "--timeout=60s"], crds].concat();
        // kubectl gives up on a CRD that has no conditions at all yet.
        wait_until("the CRDs are served", Duration::from_mins(1), || {
            let waited = self.kubectl(&wait);
            if waited.status.success() { Ok(()) } else { Err(waited.stderr) }
        });
    }

    /// kubectl as the administrator.
    pub fn kubectl(&self, args: &[&str]) -> Output {
        self.kubectl_as(ADMIN).run(args)
    }

    /// kubectl as the administrator; `stdin` is what `-f -` reads.
    pub fn kubectl_with(&self, args: &[&str], stdin: &str) -> Output {
        self.kubectl_as(ADMIN).run_with(args, stdin)
    }

    pub fn kubectl_as(&self, user: &str) -> Kubectl {
        Kubectl { kubeconfig: self.kubeconfig(user), home: self.folder.path().to_owned() }
    }

    /// kubectl as somebody with every right: what refuses them looks at the name.
    pub fn kubectl_as_administrator(&self, name: &str) -> Kubectl {
        let kubeconfig = self.kubeconfig_in_groups(name, &["system:masters"]);
        Kubectl { kubeconfig, home: self.folder.path().to_owned() }
    }

    /// Every write of a user that the API server has answered, oldest first.
    pub fn audit_writes(&self, user: &str) -> Vec<AuditWrite> {
        audit::writes(&self.audit_log(), user)
    }

    /// Who looks back at the rights that a user has used.
    pub fn witness(&self, user: &str) -> Witness {
        Witness { log: self.audit_log(), user: user.to_owned() }
    }

    fn audit_log(&self) -> PathBuf {
        self.folder.join("audit.log")
    }

    /// Ends the API server as a crash would. Only for a control plane that the test started itself.
    pub fn stop_apiserver(&mut self) {
        if let Some(mut apiserver) = self.apiserver.take() {
            apiserver.kill();
        }
    }

    /// Starts it again on the same port, with the same certificate and data.
    ///
    /// # Panics
    /// When it is not ready in time.
    pub fn start_apiserver(&mut self) {
        self.launch_apiserver();
        self.ready()
            .unwrap_or_else(|problem| panic!("the API server does not start again: {problem}"));
    }

    pub fn restart_apiserver(&mut self) {
        self.stop_apiserver();
        self.start_apiserver();
    }

    /// Keeps what etcd has now, for `restore`. Everything stands still for that. Only for a control
    /// plane that the test started itself.
    pub fn back_up(&mut self) {
        self.stop_all();
        copy(&self.folder.join("etcd"), &self.folder.join("backup"));
        self.start_all();
    }

    /// Sets etcd back to what `back_up` kept, as operators do it: the API server is stopped
    /// meanwhile. Revisions go on from the older one.
    pub fn restore(&mut self) {
        self.stop_all();
        let etcd = self.folder.join("etcd");
        std::fs::remove_dir_all(&etcd).expect("the data of etcd");
        copy(&self.folder.join("backup"), &etcd);
        self.start_all();
    }

    fn stop_all(&mut self) {
        self.stop_apiserver();
        if let Some(mut etcd) = self.etcd.take() {
            etcd.kill();
        }
    }

    fn start_all(&mut self) {
        self.launch_etcd();
        self.start_apiserver();
    }

    /// The process ids of etcd and of the API server.
    pub fn pids(&self) -> Vec<u32> {
        [self.etcd.as_ref(), self.apiserver.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(Supervised::pid)
            .collect()
    }

    pub fn folder(&self) -> &Folder {
        &self.folder
    }
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(status.is_ok_and(|status| status.success()), "the data of etcd is copied");
}
