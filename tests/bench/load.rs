//! The built controller under load: the real API server on one side, the fake IAM of `iam.rs` on
//! the other.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use kube::{
    Api,
    api::{DeleteParams, PostParams},
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    iam::Server,
    process::{Memory, cpu},
    table::Table,
};
use harness::{ADMIN, Cluster, Controller, ControllerConfig, image_env, wait_until};

/// Lifted rates need more passes at one time than the default of 8, which suits the default rates.
pub const SETTINGS: &str = "--permissions-boundary none --aws-read-rate 0 --aws-write-rate 0 \
    --max-concurrent-reconciles 32 \
                            --sweep-interval 2s";
/// As many passes at one time as by default.
pub const EIGHT: &str = "--permissions-boundary none --aws-read-rate 0 --aws-write-rate 0 \
                         --removal-wave 0s --sweep-interval 2s";
const LONG: Duration = Duration::from_mins(15);
/// Between two looks at a controller that works.
const LOOK: Duration = Duration::from_millis(50);
/// What the controller keeps of its own writes is gone after this, the longest of its windows.
const WINDOW: Duration = Duration::from_secs(125);
/// Objects that are being created at one time, so that the client is faster than the controller.
const CLIENTS: usize = 16;
/// Goals of memory, in kB.
const IDLE: u64 = 15 * 1024;
const AT_REST: u64 = 40 * 1024;

/// An account, a namespace and what the controller of both starts with.
struct Place {
    iam: Server,
    namespace: String,
    user: String,
    config: ControllerConfig,
}

impl Place {
    fn new(cluster: &Cluster, name: &str, settings: &str) -> Self {
        let scope = cluster.scope(name);
        scope.bind_in_namespace("rolewright");
        let iam = Server::start();
        let args: Vec<&str> = settings.split(' ').filter(|arg| !arg.is_empty()).collect();
        let config =
            ControllerConfig { standin: iam.url(), env: image_env(), ..scope.config(&args) };
        Self {
            iam,
            namespace: scope.namespace.clone(),
            user: scope.controller_user.clone(),
            config,
        }
    }

    fn controller(&self) -> Controller {
        let mut controller = Controller::start(&self.config);
        controller.leave_unaudited();
        controller
    }

    /// The resources of the namespace.
    async fn resources(&self, cluster: &Cluster) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("iam.rolewright.dev", "v1alpha1", "IAMRole");
        let resource = ApiResource::from_gvk(&kind);
        let client = cluster.control_plane.client(ADMIN).await;
        Api::namespaced_with(client, &self.namespace, &resource)
    }

    /// Deletes the first resources by parallel clients.
    fn delete(&self, cluster: &Cluster, count: usize) {
        Runtime::new().unwrap().block_on(async {
            let api = self.resources(cluster).await;
            let delete = async |number: usize| {
                let name = format!("service-{number}");
                api.delete(&name, &DeleteParams::default()).await.unwrap();
            };
            stream::iter(0..count).for_each_concurrent(CLIENTS, delete).await;
        });
    }

    /// Creates resources `from..to` by parallel clients, and says how long that took.
    fn create(&self, cluster: &Cluster, from: usize, to: usize) -> Duration {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async {
            let api = self.resources(cluster).await;
            let begin = Instant::now();
            let create = async |number: usize| {
                let object = serde_json::from_value(manifest(number)).unwrap();
                api.create(&PostParams::default(), &object).await.unwrap();
            };
            stream::iter(from..to).for_each_concurrent(CLIENTS, create).await;
            begin.elapsed()
        })
    }

    /// Waits until so many sweeps have been seen from now on.
    fn wait_sweeps(&self, roles: usize, sweeps: usize) {
        let pages = roles.div_ceil(100).max(1);
        self.iam.reset();
        wait_until("the sweeps", LONG, || {
            std::thread::sleep(LOOK);
            let seen = self.iam.calls().get("ListRoles").copied().unwrap_or_default();
            if seen >= pages * sweeps { Ok(()) } else { Err(seen) }
        });
    }
}

/// A role as teams write them: four tags, two managed policies, an inline policy.
fn manifest(number: usize) -> Value {
    json!({
        "apiVersion": "iam.rolewright.dev/v1alpha1",
        "kind": "IAMRole",
        "metadata": {"name": format!("service-{number}")},
        "spec": {
            "description": "A role of the bench",
            "trust": [{"name": "lambda", "service": {"name": "lambda.amazonaws.com",
            "sourceAccount": "Own"}}],
            "permissions": {
                "managedPolicies": [
                    "arn:aws:iam::aws:policy/SecurityAudit",
                    "arn:aws:iam::aws:policy/ReadOnlyAccess",
                ],
                "inlinePolicies": [{"name": "read", "statements": [
                    {"effect": "Allow", "actions": ["s3:GetObject"],
                    "resources": ["arn:aws:s3:::bucket/*"]},
                ]}],
            },
            "tags": {"owner": "bench", "cost-centre": "1", "project": "bench", "stage": "test"},
        },
    })
}

/// Resources that are Ready, as the controller counts them.
fn ready(controller: &Controller) -> usize {
    sample(controller, r#"rolewright_resources{condition="Ready",status="True""#)
}

/// Sum of the samples that begin so.
fn sample(controller: &Controller, beginning: &str) -> usize {
    let text = controller.get("/metrics").body;
    let values = text
        .lines()
        .filter(|line| line.starts_with(beginning))
        .filter_map(|line| line.rsplit(' ').next());
    values.filter_map(|value| value.parse::<usize>().ok()).sum()
}

fn wait_ready(controller: &Controller, count: usize) {
    wait_until("all to be ready", LONG, || {
        std::thread::sleep(LOOK);
        let ready = ready(controller);
        if ready == count { Ok(()) } else { Err(ready) }
    });
}

/// Waits until no more than so many resources are there: those that go are not Ready long before.
fn wait_left(controller: &Controller, count: usize) {
    wait_until("the others to be gone", LONG, || {
        std::thread::sleep(LOOK);
        let left = sample(controller, r#"rolewright_resources{condition="Ready","#);
        if left == count { Ok(()) } else { Err(left) }
    });
}

/// Of the one account of the fake.
const SWEPT: &str = r#"rolewright_sweeps_total{account="123456789012",result="complete"}"#;

fn wait_swept(controller: &Controller) {
    wait_until("the first sweep", LONG, || {
        std::thread::sleep(LOOK);
        let sweeps = sample(controller, SWEPT);
        if sweeps > 0 { Ok(()) } else { Err(sweeps) }
    });
}

/// How often a user has asked for the whole list, as a watch that begins with it.
fn lists(cluster: &Cluster, user: &str) -> usize {
    let log = std::fs::read_to_string(cluster.control_plane.folder().join("audit.log"))
        .expect("the audit log");
    let of_user =
        |line: &&str| line.contains(user) && line.contains(r#""stage":"ResponseStarted""#);
    log.lines().filter(of_user).filter(|line| line.contains("sendInitialEvents=true")).count()
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

/// `count` new roles, each call to AWS answered `latency` later. The resources are created while
/// the controller is held still, so that the time is the controller's and not the client's.
pub fn new_roles(
    table: &mut Table,
    cluster: &Cluster,
    (count, settings): (usize, &str),
    latency: Duration,
    goal: f64,
) {
    let place = Place::new(cluster, "new", settings);
    let mut controller = place.controller();
    controller.wait_ready();
    std::thread::sleep(Duration::from_secs(3));
    place.iam.latency(latency);
    controller.pause();
    place.create(cluster, 0, count);
    let pid = controller.pid().expect("it runs");
    let spent = cpu(pid);
    place.iam.reset();
    controller.resume();
    let begin = Instant::now();
    wait_ready(&controller, count);
    let took = begin.elapsed();
    table.at_most(
        &format!("{count} new roles, each call {} ms", latency.as_millis()),
        took.as_secs_f64(),
        goal,
        "s",
    );
    table.tell("  CPU for them", seconds(cpu(pid).saturating_sub(spent)));
    table.tell("  AWS calls, sweeps among them", format!("{:?}", place.iam.calls()));
    assert_eq!(place.iam.roles(), count);
    controller.terminate();
}

/// `count` roles that go, out of so many that no brake holds them, each call to AWS answered
/// `latency` later.
pub fn removals(table: &mut Table, cluster: &Cluster, count: usize, latency: Duration, goal: f64) {
    let all = count * 12;
    let place = Place::new(cluster, "gone", EIGHT);
    let mut controller = place.controller();
    controller.wait_ready();
    place.create(cluster, 0, all);
    wait_ready(&controller, all);
    place.wait_sweeps(all, 2);
    place.iam.latency(latency);
    controller.pause();
    place.delete(cluster, count);
    let before = cluster.control_plane.audit_writes(&place.user).len();
    place.iam.reset();
    controller.resume();
    let begin = Instant::now();
    wait_left(&controller, all - count);
    let took = begin.elapsed();
    table.at_most(
        &format!("{count} removals, each call {} ms", latency.as_millis()),
        took.as_secs_f64(),
        goal,
        "s",
    );
    table.tell("  AWS calls, sweeps among them", format!("{:?}", place.iam.calls()));
    let written = cluster.control_plane.audit_writes(&place.user).len() - before;
    table.tell("  writes to Kubernetes", written.to_string());
    assert_eq!(place.iam.roles(), all - count);
    controller.terminate();
}

/// `count` resources from an idle controller to one at rest, over a watch that breaks, and to a new
/// process.
pub fn life(table: &mut Table, cluster: &mut Cluster, count: usize) {
    let place = Place::new(cluster, "life", SETTINGS);
    let mut controller = place.controller();
    let begin = Instant::now();
    controller.wait_ready();
    table.tell("start to ready, without a resource", seconds(begin.elapsed()));
    place.wait_sweeps(0, 3);
    let pid = controller.pid().expect("it runs");
    memory(table, "memory, idle", pid, Some(IDLE));

    let spent = cpu(pid);
    place.iam.reset();
    let begin = Instant::now();
    let client = place.create(cluster, 0, count);
    wait_ready(&controller, count);
    let took = begin.elapsed();
    table.tell(
        "all Ready",
        format!("{} (the client was busy creating for {})", seconds(took), seconds(client)),
    );
    table.tell("  CPU for them, sweeps among it", seconds(cpu(pid).saturating_sub(spent)));
    table.tell("  AWS calls for them, sweeps among it", format!("{:?}", place.iam.calls()));
    assert_eq!(place.iam.roles(), count);
    memory(table, "memory, after creation", pid, None);

    std::thread::sleep(WINDOW);
    rest(table, cluster, &place, &controller, count);

    let known = lists(cluster, &place.user);
    let spent = cpu(pid);
    cluster.control_plane.restart_apiserver();
    wait_until("the controller to list anew", LONG, || {
        let again = lists(cluster, &place.user) - known;
        if again > 0 { Ok(()) } else { Err(again) }
    });
    place.wait_sweeps(count, 2);
    table.tell("CPU of a new list, two sweeps among it", seconds(cpu(pid).saturating_sub(spent)));
    memory(table, "memory, after a new list", pid, Some(AT_REST));
    compared(table, cluster, &place, count, pid);
    assert_eq!(place.iam.writes(), 0);
    assert!(controller.terminate().success());

    let begin = Instant::now();
    let mut controller = place.controller();
    controller.wait_ready();
    table.tell("cold start: to the whole list", seconds(begin.elapsed()));
    wait_swept(&controller);
    table.tell("cold start: to the first complete sweep", seconds(begin.elapsed()));
    let pid = controller.pid().expect("it runs");
    table.tell("  CPU", seconds(cpu(pid)));
    memory(table, "memory, after the cold start", pid, Some(AT_REST));
    assert!(controller.terminate().success());
}

/// What the watch has told is compared with a list of metadata, as each hour: after the outage that
/// just was it comes at once.
fn compared(table: &mut Table, cluster: &Cluster, place: &Place, count: usize, pid: u32) {
    let spent = cpu(pid);
    let pages = count.div_ceil(500).max(1);
    wait_until("the comparison after the outage", LONG, || {
        std::thread::sleep(LOOK);
        let seen = metadata_pages(cluster, &place.user);
        if seen >= pages { Ok(()) } else { Err(seen) }
    });
    table.tell("pages of the comparison of each hour", pages.to_string());
    table.tell("  CPU, sweeps among it", seconds(cpu(pid).saturating_sub(spent)));
    memory(table, "memory, after the comparison", pid, Some(AT_REST));
}

/// Pages of metadata that a user has read, larger than those of one that only ask for the revision.
fn metadata_pages(cluster: &Cluster, user: &str) -> usize {
    let log = std::fs::read_to_string(cluster.control_plane.folder().join("audit.log"))
        .expect("the audit log");
    log.lines().filter(|line| line.contains(user) && line.contains("limit=500")).count()
}

/// Ten sweeps in which nothing differs.
fn rest(
    table: &mut Table,
    cluster: &Cluster,
    place: &Place,
    controller: &Controller,
    count: usize,
) {
    const SWEEPS: u32 = 10;
    let pid = controller.pid().expect("it runs");
    // From the end of one sweep, so that ten are whole.
    place.wait_sweeps(count, 1);
    let before = cluster.control_plane.audit_writes(&place.user).len();
    let spent = cpu(pid);
    place.wait_sweeps(count, SWEEPS as usize);
    let each = cpu(pid).saturating_sub(spent) / SWEEPS;
    let thousands = count as f64 / 1_000.0;
    table.at_most("CPU of a sweep, nothing changed", each.as_secs_f64(), 0.2 * thousands, "s");
    let calls = place.iam.calls();
    let sweep = calls.values().sum::<usize>() as f64 / f64::from(SWEEPS);
    table.at_most("AWS calls of a sweep, 100 roles a page", sweep, 20.0 * thousands, "calls");
    let written = cluster.control_plane.audit_writes(&place.user).len() - before;
    table.at_most("writes of ten sweeps, AWS", place.iam.writes() as f64, 0.0, "calls");
    table.at_most("writes of ten sweeps, Kubernetes", written as f64, 0.0, "requests");
    memory(table, "memory, after ten sweeps", pid, Some(AT_REST));
}

fn memory(table: &mut Table, what: &str, pid: u32, goal: Option<u64>) {
    let memory = Memory::of(pid);
    match goal {
        Some(goal) => table.compare(
            what,
            memory.to_string(),
            memory.resident <= goal,
            &format!("{} MB", goal / 1024),
        ),
        None => table.tell(what, memory.to_string()),
    }
}
