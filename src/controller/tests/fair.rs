//! One namespace with much to do, and its neighbours: at the rates that are the default, and 50 ms
//! for each call to AWS.

use super::*;
use crate::{pace::Rates, ports::Tenant};

const LATENCY: Duration = Duration::from_millis(50);
const RATES: Rates = Rates { read: 50.0, write: 20.0 };
/// What a busy namespace may cost a neighbour.
const MORE: Duration = Duration::from_secs(2);

fn of(namespace: &str, name: &str) -> ResourceKey {
    ResourceKey { namespace: namespace.into(), name: name.into() }
}

fn role_of(namespace: &str, name: &str) -> String {
    format!("test-{namespace}_{name}")
}

/// Default windows, rates and concurrency; nothing is done yet.
fn paced() -> Rig {
    let mut rig = Rig::new();
    rig.world.iam.pace(RATES, LATENCY);
    rig.world.iam.quotas(crate::sim::Quotas { roles: 10_000, ..Default::default() });
    rig.start();
    rig
}

impl Rig {
    fn apply_all(&self, namespace: &str, count: usize) {
        let spec = plain(&format!(r#""permissions":{{"managedPolicies":["{READ_ONLY}"]}}"#));
        for number in 0..count {
            let key = of(namespace, &format!("r{number}"));
            self.world.cluster.apply(&key, &spec).unwrap();
        }
    }

    fn all_ready(&self, namespace: &str, count: usize) -> bool {
        (0..count).all(|number| self.ready_in(namespace, &format!("r{number}")))
    }

    fn ready_in(&self, namespace: &str, name: &str) -> bool {
        let resource = self.world.cluster.resource(&of(namespace, name)).unwrap();
        conditions::is_ready(&resource.status, resource.generation)
    }

    /// How long a new role takes until its resource is ready.
    async fn new_role(&self, namespace: &str, name: &str) -> Duration {
        self.world.cluster.apply(&of(namespace, name), &whole()).unwrap();
        self.until(|rig| rig.ready_in(namespace, name)).await
    }

    /// Lets time pass until all of a namespace are as written.
    async fn rest(&self, namespace: &str, count: usize) {
        while !self.all_ready(namespace, count) {
            self.seconds(5).await;
        }
        self.seconds(100).await;
    }

    /// Time until something holds.
    async fn until(&self, holds: impl Fn(&Self) -> bool) -> Duration {
        let begun = tokio::time::Instant::now();
        while !holds(self) {
            assert!(begun.elapsed() < Duration::from_mins(10), "it never holds");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        begun.elapsed()
    }

    /// Right after a sweep somebody opens a role; `later` happens 50 s after. How long until it is
    /// closed.
    async fn closed_drift(&self, namespace: &str, name: &str, later: impl FnOnce()) -> Duration {
        let sweeps = || {
            let text = self.metrics.text();
            let line = text.lines().find(|line| {
                line.starts_with("rolewright_sweeps_total") && line.contains("complete")
            });
            line.map(str::to_owned)
        };
        let before = sweeps();
        while sweeps() == before {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let role = role_of(namespace, name);
        let begun = tokio::time::Instant::now();
        self.world.iam.attach(&role, "arn:aws:iam::aws:policy/AdministratorAccess");
        let attached = self.world.iam.get(&role).unwrap().attached.len();
        self.seconds(50).await;
        later();
        self.until(|rig| rig.world.iam.get(&role).unwrap().attached.len() < attached).await;
        begun.elapsed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_namespace_costs_a_neighbour_two_seconds_at_most() {
    const BUSY: usize = 2_000;
    let mut rig = paced();
    rig.seconds(60).await;
    let alone = rig.new_role("quiet", "first").await;
    // At once, in the middle and near the end of the work of its neighbour.
    rig.apply_all("busy", BUSY);
    for (number, pause) in [0, 10, 20].into_iter().enumerate() {
        rig.seconds(pause).await;
        let beside = rig.new_role("quiet", &format!("made{number}")).await;
        assert!(!rig.all_ready("busy", BUSY), "nobody was busy after {pause} s");
        assert!(beside <= alone + MORE, "{beside:?} beside a busy namespace, {alone:?} alone");
    }
    let drifted = rig.closed_drift("quiet", "first", || {}).await;
    assert!(!rig.all_ready("busy", BUSY));
    rig.rest("busy", BUSY).await;
    let rested = rig.closed_drift("quiet", "first", || {}).await;
    assert!(drifted <= rested + MORE, "{drifted:?} beside a busy namespace, {rested:?} alone");

    for number in 0..BUSY {
        rig.world.cluster.delete(&of("busy", &format!("r{number}")));
    }
    for (number, pause) in [0, 20].into_iter().enumerate() {
        rig.seconds(pause).await;
        let beside = rig.new_role("quiet", &format!("later{number}")).await;
        assert!(beside <= alone + MORE, "{beside:?} beside deletions, {alone:?} alone");
    }
    let drifted = rig.closed_drift("quiet", "first", || {}).await;
    let left = (0..BUSY)
        .filter(|number| rig.world.cluster.resource(&of("busy", &format!("r{number}"))).is_some());
    assert!(left.count() > 0, "the deletions were over too soon");
    assert!(drifted <= rested + MORE, "{drifted:?} beside deletions, {rested:?} alone");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn of_several_busy_namespaces_each_has_every_nth_turn() {
    let mut rig = paced();
    let busy = ["b1", "b2", "b3", "b4"];
    rig.seconds(60).await;
    for namespace in busy {
        rig.apply_all(namespace, 300);
    }
    rig.seconds(5).await;
    rig.clear();
    let begun = rig.world.clock.elapsed();
    let took = rig.new_role("quiet", "x").await;
    let own = Tenant::Namespace("quiet".into());
    let calls = rig.world.iam.calls();
    for write in [true, false] {
        let turns: Vec<_> = calls.iter().filter(|call| call.write == write).collect();
        let mut others = 0;
        for call in turns {
            if call.tenant == own {
                // One of each other namespace, the sweep, and the calls that are under way already.
                assert!(others <= busy.len() + 1 + 2, "{others} calls before {}", call.action);
                others = 0;
            } else {
                others += 1;
            }
        }
    }
    assert!(took < Duration::from_secs(8), "{took:?} from {begun:?} on");
    // And among the busy ones: nobody is ahead of the others.
    rig.seconds(60).await;
    let counts = busy.map(|namespace| {
        (0..300).filter(|number| rig.ready_in(namespace, &format!("r{number}"))).count()
    });
    let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
    assert!(most - least <= rig.config.max_concurrent, "{counts:?}");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn opened_access_goes_first_within_a_busy_namespace() {
    let mut rig = paced();
    rig.seconds(60).await;
    rig.new_role("busy", "first").await;
    rig.seconds(200).await;
    let rested = rig.closed_drift("busy", "first", || {}).await;
    let drifted = rig.closed_drift("busy", "first", || rig.apply_all("busy", 700)).await;
    assert!(!rig.all_ready("busy", 700));
    // Until a pass of the namespace ends, and then before all others of it.
    let most = rested + Duration::from_secs(5);
    assert!(drifted <= most, "{drifted:?} in a busy namespace, {rested:?} at rest");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn each_call_is_made_on_somebodys_behalf() {
    let mut rig = paced();
    rig.seconds(70).await;
    rig.new_role("quiet", "x").await;
    rig.world.iam.attach(&role_of("quiet", "x"), "arn:aws:iam::aws:policy/AdministratorAccess");
    rig.seconds(150).await;
    rig.world.cluster.delete(&of("quiet", "x"));
    rig.seconds(150).await;
    assert!(rig.world.iam.get(&role_of("quiet", "x")).is_none());
    for call in rig.world.iam.calls() {
        let sweep = ["GetAccountAuthorizationDetails", "ListRoles"].contains(&call.action);
        let expected = if sweep { Tenant::Sweeps } else { Tenant::Namespace("quiet".into()) };
        assert_eq!(call.tenant, expected, "{}", call.action);
    }
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_account_does_not_take_the_turns_of_another() {
    let mut rig = Rig::new();
    let id = "210987654321";
    let away = rig.world.iam.another(id);
    away.add_policy("boundary");
    // Nobody waits long in the one, everybody in the other.
    rig.world.iam.pace(Rates { read: 2.0, write: 1.0 }, LATENCY);
    away.pace(RATES, LATENCY);
    rig.others.push((Account::new(id, PARTITION).unwrap(), away.clone()));
    rig.start();
    rig.apply_all("busy", 200);
    rig.seconds(30).await;
    let key = of("busy", "away");
    rig.world.cluster.hold_watch(true);
    rig.world.cluster.apply(&key, &whole()).unwrap();
    let pinned = RoleStatus { account_id: Some(id.into()), ..RoleStatus::default() };
    assert!(rig.world.cluster.put_status(&key, &pinned));
    rig.world.cluster.hold_watch(false);
    let took = rig.until(|rig| rig.ready_in("busy", "away")).await;
    assert!(took < MORE, "{took:?}");
    assert!(away.get(&role_of("busy", "away")).is_some());
    rig.kill().await;
}
