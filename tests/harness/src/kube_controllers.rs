//! kube-controller-manager with the two controllers that finish deletions: one empties a deleted
//! namespace, the other lets go of objects that were deleted in the foreground, and deletes what
//! belonged to them.

use std::time::Duration;

use super::controlplane::{ADMIN, ControlPlane};
use super::process::{Folder, Supervised};
use super::setup;
use super::wait::wait_until;

/// The order of the fields is the order of the ends.
pub struct KubeControllers {
    process: Supervised,
    _folder: Folder,
}

/// What the garbage collector logs once it knows every kind; what is deleted in the foreground
/// before that waits for it.
const COLLECTS: &str = "all resource monitors have synced";

impl KubeControllers {
    /// Starts them against a control plane whose kinds are installed, and waits until they work: a
    /// kind that comes later is noticed half a minute later.
    ///
    /// # Panics
    /// When they end, or do not work in time.
    pub fn start(plane: &ControlPlane) -> KubeControllers {
        let folder = Folder::new("kube-controllers");
        let args = [
            format!("--kubeconfig={}", plane.kubeconfig(ADMIN).display()),
            "--controllers=namespace-controller,garbage-collector-controller".to_owned(),
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(), // serves nothing, so that it needs no port
            // Tests delete many things at once; the defaults are made for a cluster's whole day.
            "--kube-api-qps=500".to_owned(),
            "--kube-api-burst=1000".to_owned(),
            "--v=2".to_owned(),
        ];
        let program = setup::kube_controller_manager();
        let process = Supervised::start(&folder, "kube-controller-manager", &program, args, &[]);
        let mut started = KubeControllers { process, _folder: folder };
        wait_until("the garbage collector", Duration::from_mins(1), || {
            if let Some(status) = started.process.status() {
                panic!(
                    "kube-controller-manager ended with {status}\n{}",
                    started.process.last_words()
                );
            }
            if started.process.log().contains(COLLECTS) {
                Ok(())
            } else {
                Err(started.process.last_words())
            }
        });
        started
    }

    /// The end of its log, for messages.
    pub fn last_words(&self) -> String {
        self.process.last_words()
    }
}
