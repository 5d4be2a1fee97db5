//! The running system: control plane, AWS stand-in, the built controller.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::terminal;
use harness::{Account, CONTROLLER, Cluster, Controller, ControllerConfig};

/// The account that the samples write of.
pub const ACCOUNT: &str = "123456789012";
/// The installation that the samples write of.
pub const INSTALLATION: &str = "prod";
pub const BOUNDARY: &str = "arn:{partition}:iam::{accountId}:policy/rolewright-boundary";
pub const OIDC_ISSUER: &str = "https://oidc.example.org/id/demo";

/// Time from the end of one sweep to the next.
pub const SWEEP: Duration = Duration::from_secs(2);

/// Setting, value here, default, and what it is. In earnest the defaults are right: reads of AWS
/// lag behind writes.
const SHORTENED: [(&str, &str, &str, &str); 5] = [
    ("--sweep-interval", "2s", "60s", "how often all roles of the account are read"),
    ("--settle-window", "1s", "60s", "how long an own write counts more than what is read"),
    ("--confirm-delay", "1s", "5s", "between seeing drift and the read that confirms it"),
    ("--absence-delay", "1s", "30s", "between the two reads that prove an expected role absent"),
    ("--create-window", "2s", "120s", "how long a new role may be missing from reads"),
];

/// The order of the fields is the order of the ends.
pub struct System {
    pub controller: Controller,
    pub cluster: Arc<Cluster>,
    pub keys: Account,
}

impl System {
    /// Starts everything but the controller.
    pub fn cluster() -> Cluster {
        terminal::say(
            "Starting etcd, kube-apiserver and the AWS stand-in on free ports of 127.0.0.1 \
             (usually 10 seconds).",
        );
        let begin = Instant::now();
        let cluster = Cluster::start();
        let kubectl = |args: &[&str]| cluster.control_plane.kubectl(args).ok();
        let user = format!("--user={CONTROLLER}");
        kubectl(&["create", "clusterrolebinding", "rolewright", "--clusterrole=rolewright", &user]);
        let role = "--clusterrole=rolewright-lease";
        kubectl(&["create", "rolebinding", "rolewright-lease", role, &user]);
        terminal::item("Kubernetes", &cluster.control_plane.url());
        terminal::item("AWS", &format!("{}, account {ACCOUNT}", cluster.standin.url()));
        terminal::item("installed", "crds/, config/admission/, config/rbac/");
        terminal::item("ready", &format!("after {}", crate::table::seconds(begin.elapsed())));
        cluster
    }

    /// Access keys of the account: the stand-in reads its number in them.
    pub fn keys() -> Account {
        Account {
            controller_key: format!("AKIACTRL{ACCOUNT}"),
            admin_key: format!("AKIAMAIN{ACCOUNT}"),
            id: ACCOUNT.to_owned(),
        }
    }

    /// Starts the controller and waits until it is ready.
    pub fn start(cluster: Cluster, keys: Account) -> System {
        let mut args = vec!["--installation", INSTALLATION, "--permissions-boundary", BOUNDARY];
        args.extend(["--oidc-issuer", OIDC_ISSUER]);
        terminal::say(&format!("rolewright controller {}", args.join(" ")));
        terminal::say("Shortened for the demonstration:");
        for (flag, here, default, what) in SHORTENED {
            args.extend([flag, here]);
            terminal::line(&format!("    {flag:18}{here:>3} instead of {default:>4}   {what}"));
        }
        let mut controller = Controller::start(&ControllerConfig {
            program: crate::BIN.into(),
            kubeconfig: cluster.control_plane.kubeconfig(CONTROLLER),
            account: keys.clone(),
            standin: cluster.standin.url(),
            args: args.into_iter().map(str::to_owned).collect(),
            // Few resources, which are deleted one by one: there is no wave to wait for.
            env: vec![("ROLEWRIGHT_REMOVAL_WAVE".to_owned(), "0s".to_owned())],
        });
        controller.wait_ready();
        System { controller, cluster: Arc::new(cluster), keys }
    }

    /// The end of the controller's log.
    pub fn last_words(&self) -> String {
        let log = self.controller.log();
        let lines: Vec<&str> = log.lines().rev().take(40).collect();
        let lines: Vec<&str> = lines.into_iter().rev().collect();
        format!("  The end of the controller's log:\n{}", lines.join("\n"))
    }

    /// Ends everything and says how that went.
    ///
    /// # Errors
    /// What did not end as it should.
    pub fn stop(mut self) -> Result<String, String> {
        let mut pids = self.cluster.control_plane.pids();
        pids.push(self.cluster.standin.pid());
        pids.extend(self.controller.pid());
        let begin = Instant::now();
        let status = self.controller.terminate();
        let took = begin.elapsed().as_millis();
        // A kubectl that was interrupted still holds the cluster for a moment.
        while Arc::strong_count(&self.cluster) > 1 && begin.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(self);
        let left: Vec<u32> = pids.into_iter().filter(|&pid| runs(pid)).collect();
        if !left.is_empty() {
            return Err(format!("processes {left:?} are still running"));
        }
        if !status.success() {
            return Err(format!("the controller ended with {status} after SIGTERM"));
        }
        Ok(format!(
            "The controller ended {took} ms after SIGTERM with exit code 0. Nothing is left \
             running."
        ))
    }
}

/// Whether a process runs, as far as this system tells; a zombie does not.
fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
