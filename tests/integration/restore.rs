//! The store behind the API server is set back to a backup, as after a disaster, and the CRD is
//! deleted: a controller that runs on sees it.

use std::time::Duration;

use serde_json::{Value, json};

use harness::world::{FAST, SOON, lambda, whole};
use harness::{Cluster, Controller, wait_until};

/// A restored store is noticed within two minutes.
const HEALED: Duration = Duration::from_mins(2);

fn manifest(name: &str, spec: &Value) -> String {
    json!({
        "apiVersion": "iam.rolewright.dev/v1alpha1",
        "kind": "IAMRole",
        "metadata": {"name": name},
        "spec": spec,
    })
    .to_string()
}

struct Place {
    cluster: Cluster,
    namespace: String,
    iam: aws_sdk_iam::Client,
    controller: Controller,
}

impl Place {
    fn start() -> Self {
        let cluster = Cluster::start();
        let scope = cluster.scope("restored");
        scope.bind_in_namespace("rolewright");
        let mut args = vec!["--permissions-boundary", "none"];
        args.extend(FAST);
        let mut controller = scope.controller(&args);
        // The audit log begins anew with the API server.
        controller.leave_unaudited();
        controller.wait_ready();
        let (namespace, iam) = (scope.namespace.clone(), scope.iam());
        drop(scope);
        Self { cluster, namespace, iam, controller }
    }

    fn kubectl(&self, args: &[&str], stdin: &str) -> harness::Output {
        let args = [&["-n", &self.namespace], args].concat();
        self.cluster.control_plane.kubectl_with(&args, stdin)
    }

    fn apply(&self, name: &str, description: &str) {
        let mut spec = json!({"trust": [lambda()]});
        if description == "whole" {
            spec = whole();
        }
        spec["description"] = json!(description);
        self.kubectl(&["apply", "-f", "-"], &manifest(name, &spec)).ok();
    }

    /// Waits until the role has a description, which is as its resource says.
    async fn wait_described(&self, name: &str, description: &str, limit: Duration) {
        let role = format!("{0}-{0}_{name}", self.namespace);
        let end = std::time::Instant::now() + limit;
        loop {
            let found = self.iam.get_role().role_name(&role).send().await.ok();
            let found =
                found.and_then(|found| found.role?.description).unwrap_or_else(|| "absent".into());
            if found == description {
                return;
            }
            assert!(std::time::Instant::now() < end, "{name}: {found}\n{}", self.controller.log());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

#[tokio::test]
async fn a_restored_store_and_a_deleted_kind_are_seen_by_a_controller_that_runs_on() {
    let mut place = Place::start();
    place.apply("x", "one");
    place.wait_described("x", "one", SOON).await;
    place.cluster.control_plane.back_up();
    // Work that the backup does not know, with revisions well above those of the first minutes
    // after the restore.
    place.apply("lost", "whole");
    place.wait_described("lost", "whole", SOON).await;
    for number in 0..15 {
        place.apply("x", &format!("later {number}"));
    }
    place.wait_described("x", "later 14", SOON).await;

    place.cluster.control_plane.restore();
    place.apply("new", "made after the restore");
    place.wait_described("new", "made after the restore", HEALED).await;
    place.wait_described("x", "one", HEALED).await;
    place.apply("x", "edited after the restore");
    place.wait_described("x", "edited after the restore", SOON).await;
    place.wait_described("lost", "whole", SOON).await; // nobody asked for its removal
    let metrics = place.controller.get("/metrics").body;
    let relists: u32 = metrics
        .lines()
        .filter(|line| line.starts_with("rolewright_relists_total{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok())
        .sum();
    assert!(relists > 0, "{metrics}");
    assert_eq!(place.controller.status(), None, "it was not started again");
    place.controller.wait_ready();

    // The deletion of a kind takes its resources with it, and with them their roles.
    let deleted = ["delete", "crd", "iamroles.iam.rolewright.dev", "--timeout=60s"];
    place.kubectl(&deleted, "").ok();
    place.wait_described("x", "absent", SOON).await;
    wait_until("readiness to say so", SOON, || {
        let page = place.controller.get("/readyz");
        if page.status == 503 && page.body.contains("the kind IAMRole is not installed") {
            Ok(())
        } else {
            Err(page.body)
        }
    });
}
